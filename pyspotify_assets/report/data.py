"""What a report is made from: plain values and Arrow tables, gathered by whoever asks for the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Check:
    """What one check found. `severity` ("error" or "warning") is what a failure of it means."""

    asset: str
    name: str
    passed: bool
    severity: str = "error"
    summary: str = ""


@dataclass(frozen=True)
class ReportData:
    """One day of all feeds. The tables have the columns of `tables.py`; rows of other feeds than `feeds` are ignored.

    A feed in `feeds` without a row in `movement` on `day` is reported as missing; an empty table is never an error.
    """

    day: str
    """The snapshot's day, YYYY-MM-DD."""

    sample: bool
    """Whether the data are made up: the report then says so at its top."""

    feeds: Sequence[str]
    """Names of the declared feeds, in the order of the report."""

    movement: pa.Table
    """`chart_movement` of the whole look-back window up to and including `day`, plus the column `snapshot_date`."""

    exits: pa.Table
    """`chart_exits` of the day."""

    artists: pa.Table
    """`top_artists` of the day."""

    years: pa.Table
    """`release_profile` of the day."""

    tracks: pa.Table
    """Refined rows of the day: feed, rank, track_name, artist_name, duration_ms, popularity, explicit, released_on."""

    generated_at: datetime
    """When the report was made, aware; shown in UTC."""

    checks: Sequence[Check] = ()
    """What the checks of the day found, in the order in which they ran."""

    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Per feed the number of rows: `raw`, `refined`, `duplicates`, `quarantined`. A feed may be missing."""
