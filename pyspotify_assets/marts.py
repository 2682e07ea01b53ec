"""The marts' SQL, made complete: `sql/<mart>.sql` with the feeds' tables and the day's literals put in.

The SQL itself lives in `sql/`; here is only what cannot be written there, since feeds are declared and days pass: which
feeds have the day, each feed's previous snapshot, the window. Days are literals so that Athena reads only those days.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

from pyspotify_assets import health
from pyspotify_assets.daily.fingerprints import fingerprint
from pyspotify_assets.names import DATABASES
from pyspotify_assets.schemas import cast_type
from pyspotify_assets.sql import athena_text, over_table, sql_text, sql_tree
from pyspotify_assets.tables import Table

if TYPE_CHECKING:
    from sqlglot import exp

VERSION = "1"
"""Part of every mart's fingerprint: raise it when the same SQL over the same rows would come out differently."""

_SNAPSHOTS = "all_snapshots"

COUNTED = ("raw_rows", "duplicates", "quarantined")
"""What refining counts of a day and its rows do not say: columns of `all_snapshots`, after feed and day."""


@dataclass(frozen=True)
class FeedWindow:
    """One feed's snapshots that a day's marts are made from. `versions`: day → content version, all of the window.

    `counts`: day → what refining counted, as far as it was noted; see COUNTED.
    """

    feed: str
    previous: str | None
    versions: Mapping[str, str]
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


def window_of(day: str, lookback_days: int) -> tuple[str, str]:
    """First and last day of the window that ends with `day`: `lookback_days` days before it, and itself."""
    return (date.fromisoformat(day) - timedelta(days=lookback_days)).isoformat(), day


def feed_window(
    feed: str, day: str, versions: Mapping[str, str], counts: Mapping[str, Mapping[str, int]]
) -> FeedWindow | None:
    """The feed's part in a day's marts, from its days in the window; None when it has no snapshot on the day."""
    if day not in versions:
        return None
    previous = max((other for other in versions if other < day), default=None)
    return FeedWindow(feed, previous, dict(sorted(versions.items())), counts)


def mart_fingerprint(mart: Table, day: str, windows: Sequence[FeedWindow]) -> str:
    """What the day's rows depend on: the SQL, the declaration, and the content of every snapshot in the window."""
    inputs: list[object] = [(window.feed, window.previous, window.versions) for window in windows]
    if _SNAPSHOTS in sql_text(mart.name):
        inputs += [health.VERSION, *_counted(windows)]
    return fingerprint(VERSION, day, mart.shape, sql_text(mart.name), sql_text("all_feeds"), inputs)


def mart_sql(mart: Table, day: str, lookback_days: int, windows: Sequence[FeedWindow]) -> str:
    """The complete Athena SELECT of one mart on one day, its columns cast to the declared types."""
    from sqlglot import exp

    first_day, _ = window_of(day, lookback_days)
    parts = [
        over_table(
            sql_tree("all_feeds", feed=window.feed, previous_date=window.previous, first_day=first_day, day=day),
            DATABASES["refined"],
            window.feed,
        )
        for window in windows
    ]
    every_feed = exp.union(*parts, distinct=False) if len(parts) > 1 else parts[0]
    body = sql_tree(mart.name, day=day)
    for table in list(body.find_all(exp.Table)):
        if table.name == "all_feeds":
            table.replace(exp.Subquery(this=every_feed.copy(), alias=exp.to_identifier("all_feeds")))
        elif table.name == _SNAPSHOTS:
            columns = ("feed", "snapshot_date", *COUNTED)
            table.replace(exp.values(_counted(windows), alias=_SNAPSHOTS, columns=columns))
    return as_declared(body, mart)


def _counted(windows: Sequence[FeedWindow]) -> list[tuple[str | int | None, ...]]:
    """The rows of `all_snapshots`: every day of every feed's window."""
    return [
        (window.feed, day, *(window.counts.get(day, {}).get(name) for name in COUNTED))
        for window in windows
        for day in window.versions
    ]


def as_declared(body: exp.Expr, mart: Table) -> str:
    """The SELECT as Athena SQL whose columns have the declared types."""
    order = body.args.pop("order")  # An ORDER BY means something only outermost.
    columns = ",\n  ".join(f"CAST({column.name} AS {cast_type(column)}) AS {column.name}" for column in mart.columns)
    return f"SELECT\n  {columns}\nFROM (\n{athena_text(body)}\n) AS {mart.name}\n{athena_text(order).strip()}"


def counts_sql(database: str, feed: str, first_day: str, last_day: str) -> str:
    """Rows per day of one feed's table, between two days: the query behind the check that raw and refined agree."""
    return athena_text(over_table(sql_tree("counts", first_day=first_day, last_day=last_day), database, feed))
