"""What is counted and picked from a day's tables, per feed: plain Python values for the facts, charts and sections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any

from pyspotify_assets.report.data import ReportData

if TYPE_CHECKING:
    import pyarrow as pa

Row = Mapping[str, Any]

TOP = 15
"""Tracks in the movement chart: as many as can be told apart, and labelled, on a phone."""


@dataclass(frozen=True)
class Totals:
    """Headline numbers of one feed and day. None is "cannot be known": no earlier snapshot, or popularity not given."""

    tracks: int
    artists: int
    newcomers: int | None = None
    exits: int | None = None
    popularity: float | None = None


@dataclass(frozen=True)
class Feed:
    """One feed on the day of the report, rows ordered by rank. Without `rows` there is no snapshot of that day."""

    name: str
    rows: Sequence[Row] = ()
    days: Sequence[str] = ()
    """Days of the window that have a snapshot, oldest first, the report's day last."""

    previous: str | None = None
    """Day of the previous snapshot; None on a first day."""

    history: Sequence[Row] = ()
    """`snapshot_date`, `track_key`, `rank` of the day's first TOP tracks on all `days`, by day and rank."""

    leaders: Mapping[str, Row] | None = None
    """Day → the row of its best rank."""

    exits: Sequence[Row] = ()
    artists: Sequence[Row] = ()
    """Rows of `top_artists` that name an artist, most tracks first."""

    years: Sequence[Row] = ()
    """Rows of `release_profile`, by year, the unknown year last."""

    tracks: Sequence[Row] = ()
    totals: Totals | None = None
    change: Totals | None = None
    """Difference to the previous snapshot, each number as far as the window shows it (`tracks` 0 where it is not)."""

    @property
    def top(self) -> Sequence[Row]:
        """The rows of the movement chart."""
        return self.rows[:TOP]

    @property
    def climbers(self) -> list[Row]:
        """Rows that rose, longest climb first, then best rank."""
        return sorted((r for r in self.rows if (r["movement"] or 0) > 0), key=lambda r: (-r["movement"], r["rank"]))

    @property
    def fallers(self) -> list[Row]:
        """Rows that fell, deepest fall first, then best rank."""
        return sorted((r for r in self.rows if (r["movement"] or 0) < 0), key=lambda r: (r["movement"], r["rank"]))

    @property
    def entries(self) -> list[Row]:
        """Rows that were not in the previous snapshot, new or returning, by rank."""
        return [row for row in self.rows if row["is_new"] or row["is_returning"]]

    @property
    def durations(self) -> list[int]:
        """Lengths in milliseconds of the tracks that have one, shortest first."""
        return sorted(row["duration_ms"] for row in self.tracks if row["duration_ms"])


def figures(data: ReportData) -> list[Feed]:
    """The figures of every declared feed, in their order, missing ones included (they have a name and nothing else)."""
    exits, artists, years, tracks = (
        _by_feed(table, data.feeds) for table in (data.exits, data.artists, data.years, data.tracks)
    )
    return [
        _feed(
            name,
            data,
            _where(data.movement, feed=[name]),
            exits=sorted(exits[name], key=lambda row: (row["last_rank"], row["track_key"])),
            artists=sorted(
                (row for row in artists[name] if row["artist_name"]),
                key=lambda row: (-row["tracks"], row["best_rank"], row["artist_key"]),
            ),
            years=sorted(years[name], key=lambda row: (row["release_year"] is None, row["release_year"])),
            tracks=sorted(tracks[name], key=lambda row: row["rank"]),
        )
        for name in data.feeds
    ]


def _feed(name: str, data: ReportData, window: pa.Table, **parts: Any) -> Feed:
    rows = sorted(_where(window, snapshot_date=[data.day]).to_pylist(), key=lambda row: (row["rank"], row["track_key"]))
    if not rows:
        return Feed(name)
    previous = next((row["previous_date"] for row in rows if row["previous_date"]), None)
    best = window.group_by("snapshot_date").aggregate([("rank", "min")]).to_pylist()
    keys = ["snapshot_date", "track_key", "rank"]
    history = _where(window.select(keys), track_key=[row["track_key"] for row in rows[:TOP]]).to_pylist()
    leading = _where(window, rank=sorted({row["rank_min"] for row in best})).to_pylist()
    leading.sort(key=lambda row: (row["snapshot_date"], -row["rank"]))
    totals, change = _totals(rows, window, previous, len(parts["exits"]))
    return Feed(
        name,
        rows=rows,
        days=sorted(row["snapshot_date"] for row in best),
        previous=previous,
        history=sorted(history, key=lambda row: (row["snapshot_date"], row["rank"])),
        leaders={row["snapshot_date"]: row for row in leading},
        totals=totals,
        change=change,
        **parts,
    )


def _totals(rows: Sequence[Row], window: pa.Table, previous: str | None, exits: int) -> tuple[Totals, Totals | None]:
    """The day's totals and their change, which the window shows only if it has the previous snapshot's rows."""
    today = _count(rows, exits if previous else None)
    columns = ["track_key", "artist_name", "popularity", "is_new", "previous_date"]
    earlier = _where(window, snapshot_date=[previous]).select(columns).to_pylist() if previous else []
    if not earlier:
        return today, None
    before_that = next((row["previous_date"] for row in earlier if row["previous_date"]), None)
    gone = None
    if before_that:
        keys = set(_where(window, snapshot_date=[before_that]).column("track_key").to_pylist())
        gone = len(keys - {row["track_key"] for row in earlier}) if keys else None
    before = _count(earlier, gone)
    return today, Totals(
        today.tracks - before.tracks,
        today.artists - before.artists,
        _difference(today.newcomers, before.newcomers),
        _difference(today.exits, before.exits),
        _difference(today.popularity, before.popularity),
    )


def _count(rows: Sequence[Row], exits: int | None) -> Totals:
    popularity = [row["popularity"] for row in rows if row["popularity"] is not None]
    known = any(row["is_new"] is not None for row in rows)
    return Totals(
        len(rows),
        len({row["artist_name"] for row in rows if row["artist_name"]}),
        sum(bool(row["is_new"]) for row in rows) if known else None,
        exits,
        fmean(popularity) if popularity else None,
    )


def _difference(today: Any, before: Any) -> Any:
    return None if today is None or before is None else today - before


def _by_feed(table: pa.Table, feeds: Sequence[str]) -> dict[str, list[Row]]:
    rows: dict[str, list[Row]] = {name: [] for name in feeds}
    for row in table.to_pylist():
        rows.get(row["feed"], []).append(row)
    return rows


def _where(table: pa.Table, **wanted: Sequence[object]) -> pa.Table:
    """The rows whose column has one of the wanted values."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for column, values in wanted.items():
        table = table.filter(
            pc.is_in(table.column(column), value_set=pa.array(values, table.schema.field(column).type))
        )
    return table
