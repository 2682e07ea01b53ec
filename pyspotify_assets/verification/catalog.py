"""The catalog: tables and lake know the same days. What is in the files, the looks at raw and refined say."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from pyspotify_assets.names import DATABASES
from pyspotify_assets.verification.fault import Fault, Look, Scope

_POINTS_TO_NOTHING = (
    "pyspotify verify --repair crawls, and in the local environment that drops it; Glue's crawler only logs it: "
    "aws glue delete-partition removes it, and until then it reads as a day without rows."
)


def catalog_looks(scope: Scope) -> Iterator[Look]:
    """One look for every crawled table."""
    for area in ("raw", "refined"):
        for feed in scope.feeds:
            yield Look(f"{DATABASES[area]}/{feed.name}", "", partial(catalog_faults, scope, area, feed.name))


def catalog_faults(scope: Scope, area: str, feed: str) -> Iterator[Fault]:
    """Days that only the lake knows, and days that only the catalog does."""
    table = f"{DATABASES[area]}/{feed}"
    partitions = scope.sql.partitions(DATABASES[area], feed, scope.first, scope.last)
    known = {partition.day: partition.uri for partition in partitions}
    there = set(scope.lake.days((area, feed), scope.first, scope.last))
    for day in sorted(there - set(known)):
        yield Fault("missing", table, day, f"the table does not know the day, which lies in {area}/{feed}")
    for day in sorted(set(known) - there):
        yield Fault("stale", table, day, "its partition points to nothing", known[day], _POINTS_TO_NOTHING)
