"""How one day's raw object comes to be: from Spotify, or from a file that was put into landing.

A file in landing wins: somebody put it there on purpose. What has been taken leaves landing; what cannot be read goes
to quarantine together with the reason. A live snapshot is of the day on which it was completed.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from zoneinfo import ZoneInfo

from pyspotify_assets import landing
from pyspotify_assets.checks import (
    LOGIN_FRESH,
    SPOTIFY_ANSWERS,
    Finding,
    fields_findings,
    missed_days_finding,
    raw_findings,
    require,
)
from pyspotify_assets.clock import Clock
from pyspotify_assets.daily.fingerprints import content_version, fingerprint
from pyspotify_assets.daily.notes import Notes
from pyspotify_assets.day_ranges import days_between, ranges
from pyspotify_assets.errors import CheckFailedError, MissingPartitionError, PastDayError, RawFormatError
from pyspotify_assets.feeds import Feed
from pyspotify_assets.lake import Lake, Place
from pyspotify_assets.raw_csv import open_raw_csv, write_raw_csv
from pyspotify_assets.spotify.gate import OPEN, Gate
from pyspotify_assets.spotify.login_age import in_words, login_due
from pyspotify_assets.spotify.snapshot import Snapshot, take_snapshot
from pyspotify_assets.stores import ObjectInfo
from pyspotify_assets.tables import SNAPSHOT

if TYPE_CHECKING:
    from pyspotify_assets.spotify.client import SpotifyClient
    from pyspotify_assets.spotify.token_store import Login

VERSION = "1"
"""Part of every raw fingerprint: raise it when the same answers of Spotify would come out as another CSV."""

_LOOKED_BACK = timedelta(days=31)
"""How far back a snapshot before this one is looked for, to say which days were missed since."""

REASON_BESIDE = ".reason.txt"
"""What is appended to the name of a file in quarantine, for the one that says why it lies there."""

SUPERSEDED = "Superseded: "
"""How the reason begins of a file that a later one was taken instead of."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Taken:
    """What came of an extraction: the day that the snapshot is of, the notes that it was published with, what the
    checks found. Notes None: not kept, since that day is another than the one asked for and has its own already."""

    day: str
    notes: Notes | None
    findings: Sequence[Finding] = ()


class SpotifySource(Protocol):
    """Where snapshots come from. `knows_the_past`: it can serve any day (the sample), not only now (Spotify)."""

    knows_the_past: bool
    identity: str

    def client(self, day: str, gate: Gate = OPEN) -> AbstractContextManager[SpotifyClient]:
        """A client for the snapshot of one day; `gate` is asked before each of its requests."""

    def login(self) -> Login | None:
        """The login of a user that the client signs with; None if nobody has logged in."""


def raw_fingerprint(feed: Feed, source: SpotifySource) -> str:
    """What a day's raw object of a feed depends on, the day itself and the clock apart."""
    return fingerprint(VERSION, feed.declaration(), source.identity, SNAPSHOT.raw_columns)


def asked_spotify(notes: Notes) -> bool:
    """Whether a raw object with these notes came from Spotify, and not from landing."""
    return "page_requests" in notes.counts


def landed(lake: Lake, feed: Feed, day: str) -> list[ObjectInfo]:
    """The files that wait in landing for this feed and day, the latest last."""
    waiting = lake.stores["landing"].objects(f"{feed.name}/{day}/")
    return sorted(waiting, key=lambda info: (info.modified, info.key))


def extract(
    lake: Lake, source: SpotifySource, feed: Feed, day: str, clock: Clock, timezone: str, gate: Gate = OPEN
) -> Taken:
    """Make and publish the raw object of one feed and day. A live snapshot that is completed after midnight becomes
    the new day's, unless that day has one already; the day that was asked for then has none.

    Raises PastDayError where Spotify would be asked for a day that is not today, RawFormatError for a landed file
    that cannot be read (it is in quarantine then), CheckFailedError, SpotifyError, LakeError; RefusedError where
    Spotify or the budget refuses until some time.
    """
    waiting = landed(lake, feed, day)
    if waiting:
        return _take_landed(lake, feed, day, waiting, timezone)
    _refuse_other_days(source, feed, day, clock, timezone)
    with source.client(day, gate) as client:
        snapshot = take_snapshot(
            client, feed, date.fromisoformat(day), _sample_clock(source, day, clock, timezone), source.knows_the_past
        )
    completed = day if source.knows_the_past else _day_of(snapshot.snapshot_at, timezone)
    if completed < day:  # The clock was put back.
        _refuse_other_days(source, feed, day, lambda: snapshot.snapshot_at, timezone)
    place = lake.place(("raw", feed.name), completed)
    if completed != day and (_source(feed, completed) != _source(feed, day) or place.info() is not None):
        return Taken(completed, None)
    live = [] if source.knows_the_past else _live_findings(lake, source, feed, day, snapshot, timezone)
    with place.staged() as staged:
        with open(staged, "wb") as file:
            written = write_raw_csv(snapshot.rows, file)
        counts = {
            "entries_received": snapshot.received,
            "page_requests": snapshot.page_requests,
            "metadata_requests": snapshot.metadata_requests,
            "page_size": snapshot.page_size,
            "values_with_control_characters": written.replaced,
        }
        counts |= {f"skipped: {reason}": number for reason, number in snapshot.skipped.items()}
        counts |= {f"unknown field: {name}": tracks for name, tracks in _most(snapshot.fields.unknown)}
        return _publish(place, staged, raw_fingerprint(feed, source), counts, snapshot, live)


def _live_findings(
    lake: Lake, source: SpotifySource, feed: Feed, asked: str, snapshot: Snapshot, timezone: str
) -> list[Finding]:
    """What holds of a snapshot as a live one: it is there, the days before it are, and the login will be."""
    requests = snapshot.page_requests + snapshot.metadata_requests
    found = [SPOTIFY_ANSWERS.finding(True, f"{requests} requests answered", requests=requests)]
    found.append(missed_days_finding(ranges(_missed_days(lake, feed, asked, _day_of(snapshot.snapshot_at, timezone)))))
    login = source.login() if feed.needs_user or feed.kind == "playlist" else None
    if login is not None:
        due = login_due(login.authorised_at, snapshot.snapshot_at)
        found.append(LOGIN_FRESH.finding(due is None, in_words(login.authorised_at, snapshot.snapshot_at)))
    return found


def _most(unknown: Mapping[str, int]) -> list[tuple[str, int]]:
    """The three commonest: notes are short, and the check names all."""
    return list(unknown.items())[:3]


def _missed_days(lake: Lake, feed: Feed, asked: str, taken: str) -> list[str]:
    """The days without a snapshot between `taken` and the one before it that Spotify gave; and from the day `asked` for
    on, if that is over."""
    earliest = (date.fromisoformat(taken) - _LOOKED_BACK).isoformat()
    there = [day for day in lake.days(("raw", feed.name), earliest, taken) if day < taken]
    # A day that was put into landing since then does not hide those before it.
    of_spotify = (day for day in reversed(there) if _is_of_spotify(lake.place(("raw", feed.name), day)))
    before = next(of_spotify, max(there, default=None))
    begin = date.fromisoformat(before) + timedelta(days=1) if before else date.fromisoformat(asked)
    return [day for day in days_between(begin, date.fromisoformat(taken)) if day not in (*there, taken)]


def _is_of_spotify(place: Place) -> bool:
    info = place.info()
    notes = Notes.kept_with(info)
    return notes is not None and asked_spotify(notes)


def _publish(
    place: Place,
    staged: Path,
    made_from: str,
    counts: dict[str, int],
    snapshot: Snapshot | None,
    more: Sequence[Finding] = (),
) -> Taken:
    ranks: list[int | None] = []
    popularity = False
    for batch in open_raw_csv(staged):
        ranks += [int(text) if text and text.isdecimal() else None for text in batch.column("rank").to_pylist()]
        popularity = popularity or batch.column("popularity").null_count < batch.num_rows
    received, expected, skipped = len(ranks), None, 0
    absent: Sequence[str] = ()
    if snapshot is not None:
        received, expected, skipped = snapshot.received, snapshot.expected, sum(snapshot.skipped.values())
        absent = snapshot.absent
    findings = raw_findings(ranks, received, expected, skipped, popularity, absent)
    if snapshot is not None:
        findings += fields_findings(snapshot.fields)
    findings = [*require(findings), *more]
    counts |= {"popularity_given": int(popularity)}
    notes = Notes.of(made_from, content_version(staged), len(ranks), counts, findings)
    place.publish(staged, notes.to_texts())
    return Taken(place.day, notes, findings)


def _take_landed(lake: Lake, feed: Feed, day: str, waiting: list[ObjectInfo], timezone: str) -> Taken:
    store, taken = lake.stores["landing"], waiting[-1]
    place = lake.place(("raw", feed.name), day)
    try:
        result = _from_landed(lake, feed, place, taken, timezone)
    except (MissingPartitionError, FileNotFoundError):
        if store.info(taken.key) is not None:
            raise
        info = place.info()  # Another run was faster, and has taken the file from under this one.
        notes = Notes.kept_with(info)
        if notes is None:
            raise
        return Taken(day, notes)
    for info in waiting[:-1]:
        with suppress(MissingPartitionError):  # The other run has moved it.
            to_quarantine(lake, info, f"{SUPERSEDED}{taken.key} was put into landing later.")
    leave_landing(lake, taken)
    leave_quarantine(lake, taken.key)
    log.info("raw/%s of %s taken from %s", feed.name, day, taken.key)
    return result


def _from_landed(lake: Lake, feed: Feed, place: Place, taken: ObjectInfo, timezone: str) -> Taken:
    """Publish what was landed; what cannot be read goes to quarantine."""
    store = lake.stores["landing"]
    midnight = datetime.combine(date.fromisoformat(place.day), time(), ZoneInfo(timezone))
    with store.local(taken.key) as file, place.staged() as staged:
        try:
            form = landing.recognise(file)
            with open(staged, "wb") as target:
                written = write_raw_csv(landing.rows_of(file, form, midnight, Path(taken.key).name), target)
            counts = {"entries_received": written.rows, "values_with_control_characters": written.replaced}
            return _publish(place, staged, fingerprint(VERSION, "landed", taken.key, taken.identity), counts, None)
        except (RawFormatError, CheckFailedError) as error:
            kept = to_quarantine(lake, taken, str(error))
            raise RawFormatError(
                f"{store.uri(taken.key)} cannot become the raw partition {feed.name} of {place.day}: {error}",
                f"The file and the reason are kept in {kept}; mend it and import it again.",
            ) from error


def to_quarantine(lake: Lake, info: ObjectInfo, reason: str) -> str:
    """Move a landed file to quarantine, the reason beside it; gives its new address."""
    address = set_aside(lake, "landing", info.key, reason)
    leave_landing(lake, info)
    return address


def set_aside(lake: Lake, area: str, key: str, reason: str) -> str:
    """Copy an object of any area to quarantine, the reason beside it; gives the copy's address."""
    store, quarantine, kept = lake.stores[area], lake.stores["quarantine"], f"{area}/{key}"
    with store.local(key) as file, quarantine.staging(Path(key).name) as staged:
        shutil.copyfile(file, staged)
        quarantine.publish(staged, kept)
    with quarantine.staging("reason.txt") as staged:
        staged.write_text(reason + "\n", encoding="utf-8")
        quarantine.publish(staged, f"{kept}{REASON_BESIDE}")
    return quarantine.uri(kept)


def leave_landing(lake: Lake, info: ObjectInfo) -> None:
    """Remove what was taken, unless something else has been put in its place meanwhile."""
    store = lake.stores["landing"]
    current = store.info(info.key)
    if current is not None and current.identity == info.identity:
        store.delete(info.key)


def leave_quarantine(lake: Lake, landing_key: str) -> None:
    """Remove what was refused under this name in landing before: a file of that name has been taken now."""
    for name in (landing_key, f"{landing_key}{REASON_BESIDE}"):
        lake.stores["quarantine"].delete(f"landing/{name}")


def _refuse_other_days(source: SpotifySource, feed: Feed, day: str, clock: Clock, timezone: str) -> None:
    today = _day_of(clock(), timezone)
    if source.knows_the_past and day <= today:
        return
    if day != today:
        raise PastDayError(
            f"raw/{feed.name} of {day} cannot be taken from Spotify: today is {today} ({timezone}), "
            "and Spotify only knows now",
            "Take today's partition, or import a file for that day: pyspotify import FILE --feed "
            f"{feed.name} --date {day}",
        )


def _source(feed: Feed, day: str) -> str:
    return feed.source_on(date.fromisoformat(day))


def _day_of(instant: datetime, timezone: str) -> str:
    return instant.astimezone(ZoneInfo(timezone)).date().isoformat()


def _sample_clock(source: SpotifySource, day: str, clock: Clock, timezone: str) -> Clock:
    """The sample's past was taken at six in the morning of its day; today is taken now."""
    if not source.knows_the_past or _day_of(clock(), timezone) == day:
        return clock
    then = datetime.combine(date.fromisoformat(day), time(6), ZoneInfo(timezone))
    return lambda: then
