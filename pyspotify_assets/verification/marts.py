"""Marts: every day that has snapshots has its marts, made from those that lie there now, and their rows are whole.

A run writes a mart's object first and points to it after. One that was killed between the two leaves an object that
nobody points to; it is told from that of a run in progress by its age.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from functools import partial

from pyspotify_assets.daily.mart import SnapshotWindows, has_outlived, rows_checksum
from pyspotify_assets.daily.notes import Notes
from pyspotify_assets.lake import Lake
from pyspotify_assets.marts import FeedWindow, mart_fingerprint, mart_sql, window_of
from pyspotify_assets.names import DATABASES
from pyspotify_assets.retention import kept_from
from pyspotify_assets.schemas import arrow_schema
from pyspotify_assets.tables import LISTENING, MARTS, Table
from pyspotify_assets.verification.fault import Fault, Look, Scope
from pyspotify_assets.warehouse import Partition

LEFT_AFTER = timedelta(hours=2)
"""From then on nobody will point to an object any more: between writing and pointing lies one query, of at most half
an hour (Settings.query_timeout), and the checks."""

_SWEEP = "pyspotify verify --repair removes it."


def mart_looks(scope: Scope) -> Iterator[Look]:
    """One look for every mart of every day that has a snapshot, or that has the mart."""
    first, _ = window_of(scope.first, scope.lookback_days)
    windows = SnapshotWindows(scope.lake, scope.sql, scope.feeds, first, scope.last)
    days = {
        partition.day
        for feed in scope.feeds
        for partition in scope.sql.partitions(DATABASES["refined"], feed.name, scope.first, scope.last)
    }
    for mart in MARTS:
        present = {one.day: one for one in scope.sql.partitions(DATABASES["marts"], mart.name, scope.first, scope.last)}
        for day in sorted(days | set(present)):
            look = partial(mart_faults, scope, mart, day, present.get(day), windows)
            yield Look(f"{DATABASES['marts']}/{mart.name}", day, look)


def mart_faults(
    scope: Scope, mart: Table, day: str, partition: Partition | None, windows: SnapshotWindows
) -> Iterator[Fault]:
    """What is wrong with one day of a mart. One whose snapshots are gone, forgotten for one, is left as it is."""
    asset, parts = f"{DATABASES['marts']}/{mart.name}", windows.of(day, scope.lookback_days)
    if partition is None:
        if parts:
            yield Fault("missing", asset, day, "the day has snapshots and no mart")
        return
    notes = Notes.from_texts(partition.notes)
    damage = _damage(scope, mart, partition, notes)
    if damage:
        yield Fault("damaged", asset, day, damage, partition.uri)
    elif notes is not None and has_outlived(notes, day, scope.lookback_days, parts, kept_from(scope.lake)):
        return
    elif parts and (notes is None or notes.fingerprint != mart_fingerprint(mart, day, parts)):
        seen = "was made from other snapshots than those that it looks back at now, or by an earlier version"
        yield Fault("stale", asset, day, seen, partition.uri)
    elif parts and scope.deep and not _derives(scope, mart, partition, parts):
        yield Fault("stale", asset, day, "its rows are not what its SQL gives over the snapshots", partition.uri)


def leftover_looks(scope: Scope) -> Iterator[Look]:
    """One look for every mart: for objects that nobody points to."""
    for mart in (*MARTS, *LISTENING):
        yield Look(f"leftovers/{mart.name}", "", partial(leftover_faults, scope, mart))


def leftover_faults(scope: Scope, mart: Table) -> Iterator[Fault]:
    """Objects of the mart's days in the scope that no partition points to, nor pointed to just before."""
    store, by_year = scope.lake.stores["marts"], mart in LISTENING
    first, last = (scope.first[:4], scope.last[:4]) if by_year else (scope.first, scope.last)
    # Listed before the catalog is asked: what is pointed to meanwhile is known then.
    found = []
    for info in store.objects(f"{mart.name}/"):
        day = next((part.rpartition("=")[2] for part in info.key.split("/") if part.startswith(mart.partition)), "")
        if first <= day <= last and scope.now - info.modified > LEFT_AFTER:
            found.append((day, info))
    if not found:
        return
    partitions = scope.sql.partitions(DATABASES["marts"], mart.name, first, last)
    used = {uri for one in partitions for uri in (one.uri, one.before) if uri}
    for day, info in found:
        uri = store.uri(info.key)
        if uri not in used and f"{uri.rpartition('/')[0]}/" not in used:
            seen = f"{info.size:,} bytes that no partition points to, left by a run that was killed"
            yield Fault("leftover", f"{DATABASES['marts']}/{mart.name}", day, seen, uri, _SWEEP)


def remove_leftovers(lake: Lake, faults: Iterable[Fault]) -> list[str]:
    """Remove the objects of these faults that nobody points to; gives their addresses."""
    removed = [fault.uri for fault in faults if fault.kind == "leftover"]
    for uri in removed:
        lake.stores["marts"].delete(_key(lake, uri))
    return removed


def read_rows(lake: Lake, mart: Table, uri: str):
    """The rows of a partition's objects, as the mart's declared columns; None if there is no object."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    store, key = lake.stores["marts"], _key(lake, uri)
    keys = [info.key for info in store.objects(key)] if key.endswith("/") else [key] if store.info(key) else []
    parts = []
    for one in keys:
        with store.local(one) as file:
            parts.append(pq.read_table(file, partitioning=None).cast(arrow_schema(mart)))
    return pa.concat_tables(parts) if parts else None


def _damage(scope: Scope, mart: Table, partition: Partition, notes: Notes | None) -> str:
    try:
        rows = read_rows(scope.lake, mart, partition.uri)
    except (OSError, ValueError) as error:  # ArrowInvalid is one.
        return f"cannot be read: {error}"
    if rows is None:
        return "its partition points to nothing"
    if notes is not None and rows.num_rows != notes.rows:
        return f"has {rows.num_rows} rows, published {notes.rows}"
    if notes is not None and notes.checksum and rows_checksum(rows) != notes.checksum:
        return "its rows are not those that were published"
    return ""


def _derives(scope: Scope, mart: Table, partition: Partition, parts: Sequence[FeedWindow]) -> bool:
    select = mart_sql(mart, partition.day, scope.lookback_days, parts)
    again = scope.sql.query(select, *window_of(partition.day, scope.lookback_days)).cast(arrow_schema(mart))
    rows = read_rows(scope.lake, mart, partition.uri)
    # Of rows that tie, the SQL leaves the order open.
    return rows is not None and sorted(map(repr, rows.to_pylist())) == sorted(map(repr, again.to_pylist()))


def _key(lake: Lake, uri: str) -> str:
    """The key of an address in the area of marts; a folder's ends with a slash."""
    return uri.removeprefix(lake.stores["marts"].uri("x")[:-1])
