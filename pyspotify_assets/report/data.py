"""What a report is made from: plain values and Arrow tables, gathered by whoever asks for the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

PLACES = 15
"""Tracks whose ranks are followed over the window: as many as can be told apart, and labelled, on a phone."""


@dataclass(frozen=True)
class Check:
    """What one check found. `severity` ("error" or "warning") is what a failure of it means."""

    asset: str
    name: str
    passed: bool
    severity: str = "error"
    summary: str = ""


@dataclass(frozen=True)
class Quarantine:
    """Rows of one feed's day that could not be typed: why, as far as it is known, and the address where they lie."""

    feed: str
    reasons: Mapping[str, int]
    place: str


@dataclass(frozen=True)
class Query:
    """What making one table of the day took: bytes read, and dollars where the engine asks for some."""

    table: str
    bytes_scanned: int
    cost_usd: float | None = None


@dataclass(frozen=True)
class Lineage:
    """Where tables and their columns come from. A table is named by its asset key, `spotify_marts/chart_movement`."""

    edges: Sequence[tuple[str, str]] = ()
    """(from, to): every table and what it is made from."""

    columns: Mapping[str, Mapping[str, Sequence[tuple[str, str]]]] = field(default_factory=dict)
    """Table → column → the (table, column) pairs that it is made from."""


@dataclass(frozen=True)
class ReportData:
    """One day of all feeds. The tables have the columns of `tables.py`; rows of other feeds than `feeds` are ignored.

    A feed in `feeds` without a row in `movement` is reported as missing; an empty table is never an error.
    """

    day: str
    """The snapshot's day, YYYY-MM-DD."""

    sample: bool
    """Whether the data are made up: the report then says so at its top."""

    feeds: Sequence[str]
    """Names of the declared feeds, in the order of the report."""

    movement: pa.Table
    """`chart_movement` of the day."""

    snapshots: pa.Table
    """A row per feed and snapshot of the look-back window, the day's included: feed, snapshot_date, previous_date,
    tracks, artists, newcomers, returns, mean_popularity."""

    history: pa.Table
    """Ranks over the window of each feed's first PLACES tracks of the day, and every snapshot's number one: feed,
    snapshot_date, track_key, track_name, artist_name, rank, place (ranks without holes)."""

    exits: pa.Table
    """`chart_exits` of the day."""

    artists: pa.Table
    """`top_artists` of the day."""

    years: pa.Table
    """`release_profile` of the day."""

    tracks: pa.Table
    """Refined rows of the day: feed, rank, track_name, artist_name, duration_ms, popularity, explicit, released_on,
    snapshot_at, source."""

    generated_at: datetime
    """When the report was made, aware; shown in UTC."""

    checks: Sequence[Check] = ()
    """What the checks of the day found, in the order in which they ran."""

    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Per feed the number of rows: `raw`, `refined`, `duplicates`, `quarantined`. A feed may be missing."""

    quarantine: Sequence[Quarantine] = ()
    """Where rows of the day are in quarantine; feeds without any are left out."""

    queries: Sequence[Query] = ()
    """What the day's tables took to make, as far as it was noted."""

    hours: Sequence[Mapping[str, Any]] = ()
    """`listening_hours` of the newest years, with `play_year`; none where no play has been imported."""

    timezone: str = "UTC"
    """On whose clock `hours` are."""

    lineage: Lineage = Lineage()
