"""How one day's refined object comes to be: raw in, refined and quarantine out, checked before it is in place.

Here by this process; `glue_refine.py` has the same done by a Glue job, and shares what surrounds it.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from pyspotify_assets import refine
from pyspotify_assets.checks import refined_findings, require
from pyspotify_assets.daily.fingerprints import content_version, fingerprint
from pyspotify_assets.daily.notes import Notes
from pyspotify_assets.errors import MissingPartitionError
from pyspotify_assets.lake import Lake, Place
from pyspotify_assets.stores import ObjectInfo, Store
from pyspotify_assets.tables import PARTITION_COLUMN, SNAPSHOT

if TYPE_CHECKING:
    import pyarrow as pa

REASON = "quarantined: "
"""Counts in a refined day's notes that begin so are rows in quarantine for one reason, which follows."""


_LARGE = 64 * 2**20
_LARGE_ONE = threading.Lock()
"""A day of more bytes than that is not refined beside another such day, since each takes hundreds of MB of memory."""


class Made(NamedTuple):
    """A refined day that is in place: its notes, what it is in the lake, and its first rows, where this process has
    seen them and there are any."""

    notes: Notes
    info: ObjectInfo
    first_rows: pa.Table | None = None


@dataclass(frozen=True)
class RefinedDay:
    """One day to be refined: from where, to where, and what it is made from; see `refined_day`."""

    raw: Place
    raw_size: int
    place: Place
    quarantine: Store
    quarantine_key: str
    made_from: str


def raw_version(raw: Place, info: ObjectInfo) -> str:
    """The version of a raw object's content: from its notes, or read where something else put it there."""
    notes = Notes.from_texts(info.notes)
    if notes is not None:
        return notes.version
    with raw.store.local(raw.key) as file:
        return content_version(file)


def refined_fingerprint(raw: Place, info: ObjectInfo | None = None) -> str:
    """What a refined day depends on: the raw content, the declaration and the version of the code.

    `info`: what lies there, if it is known. MissingPartitionError if nothing does.
    """
    return fingerprint(refine.VERSION, raw_version(raw, info or raw.require()), SNAPSHOT.shape)


def waits_to_be_refined(lake: Lake, feed: str, day: str) -> bool:
    """Whether there is a raw day from which the refined one has not been made."""
    raw = lake.place(("raw", feed), day)
    info = raw.info()
    if info is None:
        return False
    notes = Notes.kept_with(lake.place(("refined", feed), day).info())
    return notes is None or notes.fingerprint != refined_fingerprint(raw, info)


def quarantine_key(feed: str, day: str) -> str:
    """Where the rows of a day that could not be typed lie in the area of quarantine."""
    return f"refined/{feed}/{PARTITION_COLUMN}={day}/{feed}.csv"


def refined_day(lake: Lake, feed: str, day: str) -> RefinedDay:
    """The day to be refined of one feed. MissingPartitionError where there is no raw one."""
    raw, place = lake.place(("raw", feed), day), lake.place(("refined", feed), day)
    info = raw.info()
    if info is None:
        raise MissingPartitionError(
            f"refined/{feed} of {day} cannot be made: {raw.uri} is not there",
            f"Materialize raw/{feed} of that day, or import a file: pyspotify import FILE --feed {feed} --date {day}",
        )
    key, made_from = quarantine_key(feed, day), refined_fingerprint(raw, info)
    return RefinedDay(raw, info.size, place, lake.stores["quarantine"], key, made_from)


def refine_day(lake: Lake, feed: str, day: str) -> Made:
    """Make and publish the refined object of one feed and day, and its quarantine.

    Raises MissingPartitionError where the raw day is not there, RawFormatError, CheckFailedError, LakeError.
    """
    task = refined_day(lake, feed, day)
    with (
        _turn(task.raw_size),
        task.raw.store.local(task.raw.key) as file,
        task.place.staged() as staged,
        task.quarantine.staging(f"{feed}.csv") as set_aside,
    ):
        result = refine.refine(file, staged, set_aside)
        findings = require(
            refined_findings(staged, result.raw_rows, result.duplicates, result.quarantined, result.reasons)
        )
        counts = counts_of(
            result.raw_rows, result.duplicates, result.quarantined, result.popularity_given, result.reasons
        )
        notes = Notes.of(task.made_from, content_version(staged), result.rows, counts, findings)
        # Quarantine first: a kill between the two leaves a row in both places rather than in neither.
        if result.quarantined:
            task.quarantine.publish(set_aside, task.quarantine_key)
        else:
            task.quarantine.delete(task.quarantine_key)
        return Made(notes, task.place.publish(staged, notes.to_texts()), result.first_rows)


def _turn(size: int) -> AbstractContextManager[object]:
    return _LARGE_ONE if size > _LARGE else nullcontext()


def counts_of(
    raw_rows: int, duplicates: int, quarantined: int, popularity_given: int, reasons: Mapping[str, int]
) -> dict[str, int]:
    """The named figures of a refined day's notes."""
    return {
        "raw_rows": raw_rows,
        "duplicates": duplicates,
        "quarantined": quarantined,
        "popularity_given": int(popularity_given),
    } | {f"{REASON}{reason}": number for reason, number in _commonest(reasons)}


def _commonest(reasons: Mapping[str, int]) -> list[tuple[str, int]]:
    """The five commonest reasons: notes are short, and the quarantine file has them all."""
    return sorted(reasons.items(), key=lambda reason: -reason[1])[:5]
