"""How one day's raw object comes to be: from Spotify, or from a file that was put into landing.

A file in landing wins: somebody put it there on purpose. What has been taken leaves landing; what cannot be read goes
to quarantine together with the reason.
"""

from __future__ import annotations

import logging
from contextlib import AbstractContextManager
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from zoneinfo import ZoneInfo

from pyspotify_assets import landing
from pyspotify_assets.checks import raw_findings, require
from pyspotify_assets.clock import Clock
from pyspotify_assets.daily.fingerprints import content_version, fingerprint
from pyspotify_assets.daily.notes import Notes
from pyspotify_assets.errors import CheckFailedError, PastDayError, RawFormatError
from pyspotify_assets.feeds import Feed
from pyspotify_assets.lake import Lake, Place
from pyspotify_assets.raw_csv import open_raw_csv, write_raw_csv
from pyspotify_assets.spotify.snapshot import Snapshot, take_snapshot
from pyspotify_assets.stores import ObjectInfo
from pyspotify_assets.tables import SNAPSHOT

if TYPE_CHECKING:
    from pyspotify_assets.spotify.client import SpotifyClient

VERSION = "1"
"""Part of every raw fingerprint: raise it when the same answers of Spotify would come out as another CSV."""

log = logging.getLogger(__name__)


class SpotifySource(Protocol):
    """Where snapshots come from. `knows_the_past`: it can serve any day (the sample), not only now (Spotify)."""

    knows_the_past: bool
    identity: str

    def client(self, day: str) -> AbstractContextManager[SpotifyClient]:
        """A client for the snapshot of one day."""


def raw_fingerprint(feed: Feed, source: SpotifySource) -> str:
    """What a day's raw object of a feed depends on, the day itself and the clock apart."""
    return fingerprint(VERSION, feed.declaration(), source.identity, SNAPSHOT.raw_columns)


def landed(lake: Lake, feed: Feed, day: str) -> list[ObjectInfo]:
    """The files that wait in landing for this feed and day, the latest last."""
    waiting = lake.stores["landing"].objects(f"{feed.name}/{day}/")
    return sorted(waiting, key=lambda info: (info.modified, info.key))


def extract(lake: Lake, source: SpotifySource, feed: Feed, day: str, clock: Clock, timezone: str) -> Notes:
    """Make and publish the raw object of one feed and day. Gives the notes that it was published with.

    Raises PastDayError where Spotify would be asked for a day that is not today, RawFormatError for a landed file
    that cannot be read (it is in quarantine then), CheckFailedError, SpotifyError, LakeError.
    """
    waiting = landed(lake, feed, day)
    if waiting:
        return _take_landed(lake, feed, day, waiting, timezone)
    _refuse_other_days(source, feed, day, clock, timezone)
    with source.client(day) as client:
        snapshot = take_snapshot(
            client, feed, date.fromisoformat(day), _sample_clock(source, day, clock, timezone), source.knows_the_past
        )
    _refuse_other_days(source, feed, day, lambda: snapshot.snapshot_at, timezone)
    place = lake.place(("raw", feed.name), day)
    with place.staged() as staged:
        with open(staged, "wb") as file:
            written = write_raw_csv(snapshot.rows, file)
        counts = {
            "entries_received": snapshot.received,
            "page_requests": snapshot.page_requests,
            "values_with_control_characters": written.replaced,
        } | {f"skipped: {reason}": number for reason, number in snapshot.skipped.items()}
        return _publish(place, staged, raw_fingerprint(feed, source), counts, snapshot)


def _publish(place: Place, staged: Path, made_from: str, counts: dict[str, int], snapshot: Snapshot | None) -> Notes:
    ranks: list[int | None] = []
    popularity = False
    for batch in open_raw_csv(staged):
        ranks += [int(text) if text and text.isdecimal() else None for text in batch.column("rank").to_pylist()]
        popularity = popularity or batch.column("popularity").null_count < batch.num_rows
    received, expected, skipped = len(ranks), None, 0
    if snapshot is not None:
        received, expected, skipped = snapshot.received, snapshot.expected, sum(snapshot.skipped.values())
    findings = require(raw_findings(ranks, received, expected, skipped, popularity))
    counts |= {"popularity_given": int(popularity)}
    notes = Notes.of(made_from, content_version(staged), len(ranks), counts, findings)
    place.publish(staged, notes.to_texts())
    return notes


def _take_landed(lake: Lake, feed: Feed, day: str, waiting: list[ObjectInfo], timezone: str) -> Notes:
    store, taken = lake.stores["landing"], waiting[-1]
    place = lake.place(("raw", feed.name), day)
    midnight = datetime.combine(date.fromisoformat(day), time(), ZoneInfo(timezone))
    with store.local(taken.key) as file, place.staged() as staged:
        try:
            form = landing.recognise(file)
            with open(staged, "wb") as target:
                written = write_raw_csv(landing.rows_of(file, form, midnight, Path(taken.key).name), target)
            counts = {"entries_received": written.rows, "values_with_control_characters": written.replaced}
            notes = _publish(place, staged, fingerprint(VERSION, "landed", taken.key, taken.identity), counts, None)
        except (RawFormatError, CheckFailedError) as error:
            kept = _to_quarantine(lake, taken, str(error))
            raise RawFormatError(
                f"{store.uri(taken.key)} cannot become the raw partition {feed.name} of {day}: {error}",
                f"The file and the reason are kept in {kept}; mend it and import it again.",
            ) from error
    for info in waiting[:-1]:
        _to_quarantine(lake, info, f"Superseded: {taken.key} was put into landing later.")
    _leave_landing(lake, taken)
    log.info("raw/%s of %s taken from %s", feed.name, day, taken.key)
    return notes


def _to_quarantine(lake: Lake, info: ObjectInfo, reason: str) -> str:
    """Move a landed file to quarantine, the reason beside it; gives its new address."""
    landing_store, quarantine = lake.stores["landing"], lake.stores["quarantine"]
    key = f"landing/{info.key}"
    with landing_store.local(info.key) as file, quarantine.staging(Path(info.key).name) as staged:
        staged.write_bytes(file.read_bytes())
        quarantine.publish(staged, key)
    with quarantine.staging("reason.txt") as staged:
        staged.write_text(reason + "\n", encoding="utf-8")
        quarantine.publish(staged, f"{key}.reason.txt")
    _leave_landing(lake, info)
    return quarantine.uri(key)


def _leave_landing(lake: Lake, info: ObjectInfo) -> None:
    """Remove what was taken, unless something else has been put in its place meanwhile."""
    store = lake.stores["landing"]
    current = store.info(info.key)
    if current is not None and current.identity == info.identity:
        store.delete(info.key)


def _refuse_other_days(source: SpotifySource, feed: Feed, day: str, clock: Clock, timezone: str) -> None:
    today = clock().astimezone(ZoneInfo(timezone)).date().isoformat()
    if source.knows_the_past and day <= today:
        return
    if day != today:
        raise PastDayError(
            f"raw/{feed.name} of {day} cannot be taken from Spotify: today is {today} ({timezone}), "
            "and Spotify only knows now",
            "Take today's partition, or import a file for that day: pyspotify import FILE --feed "
            f"{feed.name} --date {day}",
        )


def _sample_clock(source: SpotifySource, day: str, clock: Clock, timezone: str) -> Clock:
    """The sample's past was taken at six in the morning of its day; today is taken now."""
    if not source.knows_the_past or clock().astimezone(ZoneInfo(timezone)).date().isoformat() == day:
        return clock
    then = datetime.combine(date.fromisoformat(day), time(6), ZoneInfo(timezone))
    return lambda: then
