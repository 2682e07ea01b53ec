"""A contender: one run of Dagster that refines all days, forced: `python -m benchmarks.rebuilding.ours DAYS`.

Settings and dagster.yaml are those of the working directory. Every day is checked, published and reported for itself.
"""

import json
import sys
import time

import dagster as dg

from benchmarks.rebuilding.lake import days
from pyspotify_assets.feeds import DEFAULT_FEEDS
from pyspotify_assets.terminal import runs


def main(number: int) -> None:
    assets = [dg.AssetKey(["refined", feed.name]) for feed in DEFAULT_FEEDS]
    first, *_, last = days(number)
    started = time.perf_counter()
    with runs.dagster_instance() as instance:
        failures = runs.execute(instance, "daily_snapshot", first, last, assets=assets, forced=True)
        made = sum(len(instance.get_materialized_partitions(key)) for key in assets)
    assert not failures, failures
    print(json.dumps({"seconds": time.perf_counter() - started, "days reported": made}))  # noqa: T201


if __name__ == "__main__":
    main(int(sys.argv[1]))
