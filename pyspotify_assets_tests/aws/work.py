"""All that the pipeline does on AWS in its role, small: what the test of its permissions takes them away from."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg

from pyspotify_assets.aws import session
from pyspotify_assets.aws.refusals import DENIED
from pyspotify_assets.aws.waiting import Pauses
from pyspotify_assets.clock import system_clock
from pyspotify_assets.errors import CrawlError, PySpotifyError, QueryError
from pyspotify_assets.feeds import load_feeds
from pyspotify_assets.raw_csv import write_raw_csv
from pyspotify_assets.refiners import GlueRefiner
from pyspotify_assets.spotify.simulator import Simulator
from pyspotify_assets.warehouse.athena_engine import AthenaEngine
from pyspotify_assets.warehouse.glue_crawler import GlueCrawler
from pyspotify_assets_tests.aws.stacks import Stack
from pyspotify_assets_tests.builders import track
from pyspotify_assets_tests.pipelines import Pipeline

ONE_FEED = """
[[feed]]
name = "top_played"
kind = "playlist"
playlist = "2YRe7HRKNRvXdJBp9nXFza"
maximum = 20
"""
FEED, DAY = "top_played", "2024-03-01"


@contextmanager
def denied_calls() -> Iterator[list[str]]:
    """The calls that AWS denies within the block, by boto3's clients that are made in it: also those nobody reports."""
    denied: list[str] = []

    def look(parsed: dict[str, Any], model: Any, **_: object) -> None:
        if str(parsed.get("Error", {}).get("Code", "")) in DENIED:
            denied.append(f"{model.service_model.service_name}:{model.name}")

    events = session.session().events
    events.register("after-call.*", look)
    try:
        yield denied
    finally:
        events.unregister("after-call.*", look)


class Work:
    """One feed's pipeline on a deployed stack; every method is a part of the work and raises if it fails."""

    def __init__(self, made: Stack, folder: Path, simulator: Simulator) -> None:
        self.made = made
        self.pipeline = Pipeline(
            folder, feeds=ONE_FEED, env="aws", stage=made.stage, source="auto", spotify_url=simulator.base_url
        )

    def take_todays_snapshot(self) -> None:
        self._run("daily_snapshot", system_clock().date().isoformat(), system_clock().date().isoformat())

    def bring_a_landed_day_to_the_report(self, *names: str) -> None:
        self._land(*names)
        self._run("full_refresh", DAY, DAY)

    def quarantine_what_cannot_be_read(self) -> None:
        self._put_into_landing(b"this is no CSV of ours\n")
        try:
            self._run("daily_snapshot", DAY, DAY)
        except PySpotifyError as error:
            if "cannot become the raw partition" not in str(error):
                raise
        else:
            raise AssertionError("it was read")

    def stop_what_takes_too_long(self) -> None:
        lake, names = self.pipeline.lake, self.pipeline.settings.names
        feeds, at_once = load_feeds(self.pipeline.settings.feeds), Pauses(0.01, 0.01)
        try:
            GlueCrawler(lake, names, 0.02, at_once).crawl("raw", feeds)
        except CrawlError as error:
            if "told to stop" not in str(error) and "busy" not in str(error):
                raise
        try:
            AthenaEngine(lake, names, 0.0, at_once).query("SELECT count(*) AS n FROM spotify_raw.top_played")
        except QueryError as error:
            if "stopped" not in str(error) and "waited" not in str(error):
                raise
        GlueCrawler(lake, names, 60).crawl("raw", feeds)

    def refine_by_the_glue_job(self) -> None:
        self._land("A", "B")
        self._run("daily_snapshot", DAY, DAY, refiner=GlueRefiner(job=self.pipeline.settings.names.glue_job))

    def _run(self, job: str, first: str, last: str, **overrides: object) -> None:
        self.pipeline.overrides = overrides
        with dg.DagsterInstance.ephemeral() as instance:
            run = self.pipeline.run(instance, first, last, job=job)
            if not run.success or run.failed_checks():
                raise PySpotifyError(f"{run.failures()} {run.failed_checks()}")

    def _land(self, *names: str) -> None:
        buffer = io.BytesIO()
        write_raw_csv([track(rank, name) for rank, name in enumerate(names, 1)], buffer)
        self._put_into_landing(buffer.getvalue())

    def _put_into_landing(self, content: bytes) -> None:
        store = self.pipeline.lake.stores["landing"]
        with store.staging("landed.csv") as staged:
            staged.write_bytes(content)
            store.publish(staged, f"{FEED}/{DAY}/landed.csv")
