"""How one day's refined object comes to be: raw in, refined and quarantine out, checked before it is in place."""

from __future__ import annotations

from collections.abc import Mapping

from pyspotify_assets import refine
from pyspotify_assets.checks import refined_findings, require
from pyspotify_assets.daily.fingerprints import content_version, fingerprint
from pyspotify_assets.daily.notes import Notes
from pyspotify_assets.errors import MissingPartitionError
from pyspotify_assets.lake import Lake, Place
from pyspotify_assets.stores import ObjectInfo
from pyspotify_assets.tables import PARTITION_COLUMN, SNAPSHOT


def raw_version(raw: Place) -> str:
    """The version of a raw object's content: from its notes, or read where something else put it there."""
    notes = Notes.from_texts(raw.require().notes)
    if notes is not None:
        return notes.version
    with raw.store.local(raw.key) as file:
        return content_version(file)


def refined_fingerprint(raw: Place) -> str:
    """What a refined day depends on: the raw content, the declaration and the version of the code."""
    return fingerprint(refine.VERSION, raw_version(raw), SNAPSHOT.shape)


def refine_day(lake: Lake, feed: str, day: str) -> tuple[Notes, ObjectInfo]:
    """Make and publish the refined object of one feed and day, and its quarantine. Gives its notes and info.

    Raises MissingPartitionError where the raw day is not there, RawFormatError, CheckFailedError, LakeError.
    """
    raw, place = lake.place(("raw", feed), day), lake.place(("refined", feed), day)
    if raw.info() is None:
        raise MissingPartitionError(
            f"refined/{feed} of {day} cannot be made: {raw.uri} is not there",
            f"Materialize raw/{feed} of that day, or import a file: pyspotify import FILE --feed {feed} --date {day}",
        )
    made_from = refined_fingerprint(raw)
    quarantine = lake.stores["quarantine"]
    quarantine_key = f"refined/{feed}/{PARTITION_COLUMN}={day}/{feed}.csv"
    with (
        raw.store.local(raw.key) as file,
        place.staged() as staged,
        quarantine.staging(f"{feed}.csv") as set_aside,
    ):
        result = refine.refine(file, staged, set_aside)
        findings = require(refined_findings(staged, result.raw_rows, result.duplicates, result.quarantined))
        counts = {
            "raw_rows": result.raw_rows,
            "duplicates": result.duplicates,
            "quarantined": result.quarantined,
            "popularity_given": int(result.popularity_given),
        } | {f"quarantined: {reason}": number for reason, number in _commonest(result.reasons)}
        notes = Notes.of(made_from, content_version(staged), result.rows, counts, findings)
        # Quarantine first: a kill between the two leaves a row in both places rather than in neither.
        if result.quarantined:
            quarantine.publish(set_aside, quarantine_key)
        else:
            quarantine.delete(quarantine_key)
        return notes, place.publish(staged, notes.to_texts())


def _commonest(reasons: Mapping[str, int]) -> list[tuple[str, int]]:
    """The five commonest reasons: notes are short, and the quarantine file has them all."""
    return sorted(reasons.items(), key=lambda reason: -reason[1])[:5]
