"""Refined: every raw day is refined, from the raw that lies there now; content, rows and quarantine are in step."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from pyspotify_assets import refine
from pyspotify_assets.daily.fingerprints import content_version
from pyspotify_assets.daily.notes import Notes
from pyspotify_assets.daily.refined import quarantine_key, refined_fingerprint
from pyspotify_assets.errors import RawFormatError
from pyspotify_assets.lake import Place
from pyspotify_assets.raw_csv import open_raw_csv
from pyspotify_assets.verification.fault import Fault, Kind, Look, Scope

_NO_RAW = "Nothing can make it again as long as its raw day is missing."


def refined_looks(scope: Scope) -> Iterator[Look]:
    """One look for every day that is raw or refined."""
    for feed in scope.feeds:
        days = {
            day for area in ("raw", "refined") for day in scope.lake.days((area, feed.name), scope.first, scope.last)
        }
        for day in sorted(days):
            yield Look(f"refined/{feed.name}", day, partial(refined_faults, scope, feed.name, day))


def refined_faults(scope: Scope, feed: str, day: str) -> Iterator[Fault]:
    """What is wrong with one refined day; the worst only, since making it again mends all."""
    raw, place = (scope.lake.place((area, feed), day) for area in ("raw", "refined"))
    asset, info = f"refined/{feed}", place.info()
    has_raw = raw.info() is not None
    if info is None:
        if has_raw:
            yield Fault("missing", asset, day, "is not there, its raw day is", place.uri)
        return
    notes = Notes.from_texts(info.notes)
    damage = _damage(place, notes)
    if damage:
        yield _fault("damaged", asset, day, damage, has_raw, place)
    elif notes is None:
        yield _fault("stale", asset, day, "nothing says what it was made from", has_raw, place)
    elif has_raw and notes.fingerprint != refined_fingerprint(raw):
        seen = "was made from another raw content than lies there now, or by an earlier version"
        yield Fault("stale", asset, day, seen, place.uri)
    else:
        out_of_step = _quarantine_out_of_step(scope, feed, day, notes)
        if out_of_step:
            yield _fault("stale", asset, day, out_of_step, has_raw, place)
        elif scope.deep and has_raw:
            yield from _derived_again(raw, place, asset)


def _fault(kind: Kind, asset: str, day: str, seen: str, has_raw: bool, place: Place) -> Fault:
    return Fault(kind, asset, day, seen, place.uri) if has_raw else Fault(kind, asset, day, seen, place.uri, _NO_RAW)


def _damage(place: Place, notes: Notes | None) -> str:
    """Why the object is not what was published, or cannot be read to its end; empty if it is whole."""
    import pyarrow.parquet as pq

    with place.store.local(place.key) as file:
        version = content_version(file)
        if notes is not None and version != notes.version:
            return "its content is not what was published"
        try:
            with pq.ParquetFile(file) as parquet:
                rows = sum(batch.num_rows for batch in parquet.iter_batches())
        except (OSError, ValueError) as error:  # ArrowInvalid is one.
            return f"cannot be read: {error}"
    return f"has {rows} rows, published {notes.rows}" if notes and rows != notes.rows else ""


def _quarantine_out_of_step(scope: Scope, feed: str, day: str, notes: Notes) -> str:
    store, key = scope.lake.stores["quarantine"], quarantine_key(feed, day)
    expected, info = notes.counts.get("quarantined", 0), store.info(key)
    if info is None:
        return f"its quarantine is not there, {expected} rows should be" if expected else ""
    try:
        with store.local(key) as file:
            rows = sum(batch.num_rows for batch in open_raw_csv(file, refine.QUARANTINE))
    except RawFormatError as error:
        return f"its quarantine cannot be read: {error.args[0]}"
    return "" if rows == expected else f"its quarantine has {rows} rows, {expected} should be there"


def _derived_again(raw: Place, place: Place, asset: str) -> Iterator[Fault]:
    """Refine once more beside the lake, and compare the rows: other engines write them in other bytes."""
    import pyarrow.parquet as pq

    with (
        tempfile.TemporaryDirectory(prefix="pyspotify-verify-") as folder,
        raw.store.local(raw.key) as source,
        place.store.local(place.key) as file,
    ):
        again, refused = Path(folder, "again.parquet"), Path(folder, "refused.csv")
        try:
            refine.refine(source, again, refused)
        except RawFormatError:  # Said of raw.
            return
        same = content_version(again) == content_version(file) or pq.read_table(again).equals(
            pq.read_table(file, partitioning=None)
        )
    if not same:
        yield Fault("stale", asset, place.day, "is not what its raw day refines to", place.uri)
