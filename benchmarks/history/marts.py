"""A contender: all marts of today, in the working directory's lake: `python -m benchmarks.history.marts`"""

import json
import time

from benchmarks.history.grown import LAKE, days
from pyspotify_assets.daily.mart import SnapshotWindows, make_mart_day
from pyspotify_assets.feeds import DEFAULT_FEEDS
from pyspotify_assets.lake import Lake
from pyspotify_assets.marts import window_of
from pyspotify_assets.tables import MARTS
from pyspotify_assets.warehouse.local_engine import LocalEngine

LOOKBACK = 28


def main() -> None:
    import duckdb  # noqa: F401 - loaded before the clock starts
    import sqlglot  # noqa: F401

    [day] = days(1)
    lake = Lake.at(LAKE)
    sql = LocalEngine(lake)
    started = time.perf_counter()
    with sql.metered() as taken:
        for mart in MARTS:
            windows = SnapshotWindows(lake, sql, DEFAULT_FEEDS, window_of(day, LOOKBACK)[0], day)
            make_mart_day(sql, mart, day, "benchmark", LOOKBACK, windows.of(day, LOOKBACK))
    seconds = time.perf_counter() - started
    print(json.dumps({"seconds": seconds, "bytes": taken["bytes_scanned"]}))  # noqa: T201


if __name__ == "__main__":
    main()
