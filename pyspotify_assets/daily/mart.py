"""How one day of a mart comes to be: windows of all feeds in, rows checked, then pointed to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pyspotify_assets.checks import MART_CHECKS, Check, Finding, mart_findings, require
from pyspotify_assets.daily.fingerprints import fingerprint
from pyspotify_assets.daily.notes import Notes
from pyspotify_assets.errors import CheckFailedError, MissingPartitionError
from pyspotify_assets.feeds import Feed
from pyspotify_assets.health.judgement import judge
from pyspotify_assets.health.rules import HEALTH_CHECKS
from pyspotify_assets.lake import Lake
from pyspotify_assets.marts import FeedWindow, feed_window, mart_fingerprint, mart_sql, window_of
from pyspotify_assets.names import DATABASES
from pyspotify_assets.tables import PIPELINE_HEALTH, Table
from pyspotify_assets.warehouse import Partition, SqlEngine

if TYPE_CHECKING:
    import pyarrow as pa

BYTES_SCANNED, MICRODOLLARS = "bytes_scanned", "cost_microdollars"
"""Counts in a mart's notes: what the query of the day read and, on Athena, cost in millionths of a dollar."""

_POPULARITY = ("popularity", "mean_popularity")


class SnapshotWindows:
    """The crawled refined snapshots of all feeds between two days, with their content versions, looked up once."""

    def __init__(self, lake: Lake, sql: SqlEngine, feeds: Sequence[Feed], first_day: str, last_day: str) -> None:
        self._lake, self._sql, self._feeds = lake, sql, feeds
        self._first_day, self._last_day = first_day, last_day

    def of(self, day: str, lookback_days: int) -> list[FeedWindow]:
        """Each feed's part in the day's marts; feeds without a snapshot on the day are left out."""
        first, _ = window_of(day, lookback_days)
        windows = []
        for feed, snapshots in self._snapshots.items():
            inside = {other: snapshot for other, snapshot in snapshots.items() if first <= other <= day}
            versions = {other: version for other, (version, _) in inside.items()}
            counts = {other: counted for other, (_, counted) in inside.items()}
            window = feed_window(feed, day, versions, counts)
            if window is not None:
                windows.append(window)
        return windows

    @cached_property
    def _snapshots(self) -> dict[str, dict[str, tuple[str, Mapping[str, int]]]]:
        return {feed.name: self._snapshots_of(feed.name) for feed in self._feeds}

    def _snapshots_of(self, feed: str) -> dict[str, tuple[str, Mapping[str, int]]]:
        """Day → its content version, and what refining it counted."""
        snapshots = {}
        for partition in self._sql.partitions(DATABASES["refined"], feed, self._first_day, self._last_day):
            info = self._lake.place(("refined", feed), partition.day).info()
            if info is not None:  # The catalog may still know what has been deleted since the last crawl.
                notes = Notes.from_texts(info.notes)
                snapshots[partition.day] = (notes.version, notes.counts) if notes else (info.identity, {})
        return snapshots


def checks_of(mart: Table) -> Sequence[Check]:
    """The checks of a mart: those of all, and the checks with memory of the mart that they go by."""
    return (*MART_CHECKS, *HEALTH_CHECKS) if mart is PIPELINE_HEALTH else MART_CHECKS


def judged(mart: Table, rows: pa.Table) -> Sequence[Finding]:
    """What the checks with memory find in the rows of a day; nothing of another mart."""
    return judge(rows.to_pylist()) if mart is PIPELINE_HEALTH else ()


def has_outlived(
    notes: Notes, day: str, lookback_days: int, parts: Sequence[FeedWindow], kept: Mapping[str, str]
) -> bool:
    """Whether a mart's day was made from more snapshots than are left, since some were forgotten: made again, it would
    know less. `kept`: feed → first day that is kept."""
    first, _ = window_of(day, lookback_days)
    return any(first < other for other in kept.values()) and notes.counts.get("snapshots", 0) > _snapshots(parts)


def _snapshots(parts: Sequence[FeedWindow]) -> int:
    return sum(len(part.versions) for part in parts)


def make_mart_day(
    sql: SqlEngine, mart: Table, day: str, run: str, lookback_days: int, windows: Sequence[FeedWindow]
) -> tuple[Partition, Notes, pa.Table]:
    """Write, check and point to one day of a mart. Gives its partition, notes and rows.

    Raises MissingPartitionError where no feed has a snapshot on the day, CheckFailedError, QueryError, LakeError.
    """
    if not windows:
        raise MissingPartitionError(
            f"spotify_marts/{mart.name} of {day} cannot be made: no feed has a crawled snapshot on that day",
            "Materialize raw and refined of that day, then crawl (the sensors do, or the job crawl_refined).",
        )
    made_from = mart_fingerprint(mart, day, windows)
    counts = {
        "feeds": len(windows),
        "days_in_window": max(len(window.versions) for window in windows),
        "snapshots": _snapshots(windows),
    }
    select = mart_sql(mart, day, lookback_days, windows)
    return write_checked(sql, mart, day, run, select, window_of(day, lookback_days), made_from, counts)


def write_checked(
    sql: SqlEngine,
    mart: Table,
    day: str,
    run: str,
    select: str,
    window: tuple[str, str],
    made_from: str,
    counts: Mapping[str, int],
) -> tuple[Partition, Notes, pa.Table]:
    """Write what `select` gives, check it, and point to it. Raises as `make_mart_day`, a missing snapshot apart."""
    with sql.metered() as taken:
        rows = sql.write_partition(select, mart, day, run, window)
    try:
        findings = [*require(mart_findings(rows, mart)), *judged(mart, rows)]
    except CheckFailedError:
        sql.discard(mart, day, run)
        raise
    given = [rows[name].null_count < rows.num_rows for name in _POPULARITY if name in rows.column_names]
    if given and rows.num_rows:  # Where it is not, the mart goes by position.
        counts = {**counts, "popularity_given": int(any(given))}
    counts = {**counts, **_scanned(taken)}
    # The rows follow from what they were made from: that is their version, whatever engine wrote the bytes.
    notes = Notes.of(made_from, made_from, rows.num_rows, counts, findings, rows_checksum(rows))
    return sql.point(mart, day, run, notes.to_texts()), notes, rows


def rows_checksum(rows: pa.Table) -> str:
    """The checksum of a mart's rows in their order, whatever engine wrote them into whatever bytes."""
    return fingerprint(rows.column_names, rows.to_pylist())


def _scanned(taken: Mapping[str, Any]) -> dict[str, int]:
    """What the day's query took, for the report: the figures of `SqlEngine.metered` as notes keep them, whole numbers.

    A dollar's millionth is exact: Athena bills five of them per megabyte.
    """
    found = {BYTES_SCANNED: int(taken["bytes_scanned"])} if "bytes_scanned" in taken else {}
    return found | ({MICRODOLLARS: round(taken["cost_usd"] * 1e6)} if "cost_usd" in taken else {})
