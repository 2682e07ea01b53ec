"""A lake, its catalog and Dagster's history as they are after so many days: `python -m benchmarks.history.grown DAYS`

Made in the working directory, of five days of the sample: whose objects and notes they are is a matter of links.
"""

import os
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg

from pyspotify_assets.clock import system_clock
from pyspotify_assets.daily.raw import SpotifySource, extract
from pyspotify_assets.daily.refined import refine_day
from pyspotify_assets.feeds import DEFAULT_FEEDS
from pyspotify_assets.history import CRAWL_STARTED
from pyspotify_assets.lake import Lake
from pyspotify_assets.names import DATABASES
from pyspotify_assets.resources import SampleSpotify
from pyspotify_assets.terminal.runs import dagster_instance
from pyspotify_assets.warehouse.local_crawler import LocalCrawler

TAKEN = 5
LAKE = "lake/sample"


def days(number: int) -> list[str]:
    """The days up to today, ascending."""
    today = datetime.now(UTC).date()
    return [(today - timedelta(days=number - 1 - place)).isoformat() for place in range(number)]


def main(number: int) -> None:
    lake, spotify = Lake.at(LAKE), SampleSpotify()
    taken, others = days(number)[-TAKEN:], days(number)[:-TAKEN]
    for feed in DEFAULT_FEEDS:
        for day in taken:
            extract(lake, _as_source(spotify), feed, day, system_clock, "UTC")
            refine_day(lake, feed.name, day)
        for place, day in enumerate(others):
            for area in ("raw", "refined"):
                source = lake.place((area, feed.name), taken[place % TAKEN]).key
                for root in (Path(LAKE, area), Path(LAKE, "state", "notes", area)):
                    suffix = "" if root.parent.name == "sample" else ".json"
                    _link(root / f"{source}{suffix}", root / f"{lake.place((area, feed.name), day).key}{suffix}")
    for area in ("raw", "refined"):
        LocalCrawler(lake).crawl(area, DEFAULT_FEEDS)
    with dagster_instance() as instance:
        _remember(instance, days(number))


def _remember(instance: dg.DagsterInstance, all_days: list[str]) -> None:
    keys = [[area, feed.name] for area in ("raw", "refined") for feed in DEFAULT_FEEDS]
    for day in all_days:
        for key in [*keys, ["report", "daily"]]:
            instance.report_runless_asset_event(dg.AssetMaterialization(key, partition=day))
    crawled = {CRAWL_STARTED: dg.MetadataValue.timestamp(time.time())}
    for database in (DATABASES["raw"], DATABASES["refined"]):
        for feed in DEFAULT_FEEDS:
            instance.report_runless_asset_event(dg.AssetMaterialization([database, feed.name], metadata=crawled))


def _link(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    os.link(source, target)


def _as_source(spotify: SampleSpotify) -> SpotifySource:
    return spotify  # type: ignore[return-value]  # A resource's properties cannot be set, which the protocol allows.


if __name__ == "__main__":
    main(int(sys.argv[1]))
