"""What is counted and picked from a day's tables, per feed: plain Python values for the facts, charts and sections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pyspotify_assets.report.churn import Turn, turns
from pyspotify_assets.report.data import PLACES, ReportData

if TYPE_CHECKING:
    import pyarrow as pa

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Totals:
    """Headline numbers of one feed and day. None is "cannot be known": no earlier snapshot, or popularity not given."""

    tracks: int
    artists: int
    newcomers: int | None = None
    returns: int | None = None
    exits: int | None = None
    popularity: float | None = None


@dataclass(frozen=True)
class Feed:
    """One feed on the day of the report, rows ordered by rank. Without `rows` there is no snapshot of that day."""

    name: str
    rows: Sequence[Row] = ()
    days: Sequence[str] = ()
    """Days of the window that have a snapshot, oldest first; the report's day last, if it has one."""

    turns: Sequence[Turn] = ()
    """What changed on each of `days`."""

    previous: str | None = None
    """Day of the previous snapshot; None on a first day."""

    history: Sequence[Row] = ()
    """`snapshot_date`, `track_key`, `rank` of the day's first PLACES tracks on all `days`, by day and rank."""

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
        return self.rows[:PLACES]

    @property
    def climbers(self) -> list[Row]:
        """Rows that rose, longest climb first, then best rank."""
        return sorted((r for r in self.rows if (r["movement"] or 0) > 0), key=lambda r: (-r["movement"], r["rank"]))

    @property
    def fallers(self) -> list[Row]:
        """Rows that fell, deepest fall first, then best rank."""
        return sorted((r for r in self.rows if (r["movement"] or 0) < 0), key=lambda r: (r["movement"], r["rank"]))

    @property
    def newcomers(self) -> list[Row]:
        """Rows that were in no earlier snapshot of the window, by rank."""
        return [row for row in self.rows if row["is_new"]]

    @property
    def returning(self) -> list[Row]:
        """Rows that were not in the previous snapshot but in an earlier one, by rank."""
        return [row for row in self.rows if row["is_returning"]]

    @property
    def reign(self) -> int:
        """Snapshots that the number one has been it without a break, the day's included."""
        leaders = [(self.leaders or {})[day]["track_key"] for day in self.days]
        return next((n for n, key in enumerate(reversed(leaders)) if key != leaders[-1]), len(leaders))

    @property
    def durations(self) -> list[int]:
        """Lengths in milliseconds of the tracks that have one, shortest first."""
        return sorted(row["duration_ms"] for row in self.tracks if row["duration_ms"])

    @property
    def taken_at(self) -> datetime | None:
        """The instant of the snapshot."""
        return next((row["snapshot_at"] for row in self.tracks if row.get("snapshot_at")), None)


def figures(data: ReportData) -> list[Feed]:
    """The figures of every declared feed, in their order; those without a snapshot of the day have name and `days`."""
    tables = {
        name: _by_feed(getattr(data, name), data.feeds)
        for name in ("movement", "snapshots", "history", "exits", "artists", "years", "tracks")
    }
    return [_feed(name, {part: rows[name] for part, rows in tables.items()}) for name in data.feeds]


def _feed(name: str, tables: Mapping[str, Sequence[Row]]) -> Feed:
    snapshots = sorted(tables["snapshots"], key=lambda row: row["snapshot_date"])
    days, changes = [row["snapshot_date"] for row in snapshots], turns(snapshots)
    rows = sorted(tables["movement"], key=lambda row: (row["rank"], row["track_key"]))
    if not rows:
        return Feed(name, days=days, turns=changes)
    top = {row["track_key"] for row in rows[:PLACES]}
    history = sorted(tables["history"], key=lambda row: (row["snapshot_date"], row["rank"], row["track_key"]))
    totals, change = _totals(snapshots, changes)
    return Feed(
        name,
        rows=rows,
        days=days,
        turns=changes,
        previous=next((row["previous_date"] for row in rows if row["previous_date"]), None),
        history=[row for row in history if row["track_key"] in top],
        leaders={row["snapshot_date"]: row for row in reversed(history)},
        exits=sorted(tables["exits"], key=lambda row: (row["last_rank"], row["track_key"])),
        artists=sorted(
            (row for row in tables["artists"] if row["artist_name"]),
            key=lambda row: (-row["tracks"], row["best_rank"], row["artist_key"]),
        ),
        years=sorted(tables["years"], key=lambda row: (row["release_year"] is None, row["release_year"])),
        tracks=sorted(tables["tracks"], key=lambda row: row["rank"]),
        totals=totals,
        change=change,
    )


def _totals(snapshots: Sequence[Row], changes: Sequence[Turn]) -> tuple[Totals, Totals | None]:
    """The day's totals and their change, which the window shows only if it has the previous snapshot."""
    known = [_total(*each) for each in zip(snapshots, changes, strict=True)]
    today, before = known[-1], known[-2] if len(known) > 1 else None
    if before is None or snapshots[-1]["previous_date"] != snapshots[-2]["snapshot_date"]:
        return today, None
    return today, Totals(
        today.tracks - before.tracks,
        today.artists - before.artists,
        _difference(today.newcomers, before.newcomers),
        _difference(today.returns, before.returns),
        _difference(today.exits, before.exits),
        _difference(today.popularity, before.popularity),
    )


def _total(snapshot: Row, turn: Turn) -> Totals:
    compared = snapshot["previous_date"] is not None
    return Totals(
        snapshot["tracks"],
        snapshot["artists"],
        snapshot["newcomers"] if compared else None,
        snapshot["returns"] if compared else None,
        turn.exits,
        snapshot["mean_popularity"],
    )


def _difference(today: Any, before: Any) -> Any:
    return None if today is None or before is None else today - before


def _by_feed(table: pa.Table, feeds: Sequence[str]) -> dict[str, list[Row]]:
    rows: dict[str, list[Row]] = {name: [] for name in feeds}
    for row in table.to_pylist():
        rows.get(row["feed"], []).append(row)
    return rows
