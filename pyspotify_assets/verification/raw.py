"""Raw: every snapshot can be read to its end and has the content that was published. It alone cannot be made again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import partial
from pathlib import Path

from pyspotify_assets.daily.fingerprints import content_version
from pyspotify_assets.daily.notes import Notes
from pyspotify_assets.day_ranges import days_between
from pyspotify_assets.errors import RawFormatError
from pyspotify_assets.feeds import Feed
from pyspotify_assets.lake import Place
from pyspotify_assets.raw_csv import open_raw_csv
from pyspotify_assets.verification.fault import Fault, Look, Scope

BRING_BACK = (
    "pyspotify verify --repair brings it back from what is kept of it, or of the sample takes it anew; otherwise only "
    "a backup can: pyspotify import FILE --feed {feed} --date {day}"
)
_KEEP = (
    "If it is right, pyspotify import of a copy of it, --feed {feed} --date {day}, makes it proven; docs/recovery.md "
    "says how to bring back what lay there before."
)


def raw_looks(scope: Scope) -> Iterator[Look]:
    """One look for every day that has a raw snapshot, or must have had one."""
    for feed in scope.feeds:
        for day in sorted(set(_days(scope, feed)) | set(_vanished(scope, feed))):
            yield Look(f"raw/{feed.name}", day, partial(raw_faults, scope, feed.name, day))


def gaps(scope: Scope) -> dict[str, list[str]]:
    """Feed → days between its first and last snapshot in the scope on which none was taken."""
    found = {}
    for feed in scope.feeds:
        days = _days(scope, feed)
        if days:
            first, last = date.fromisoformat(days[0]), date.fromisoformat(days[-1])
            found[feed.name] = sorted(set(days_between(first, last)) - set(days))
    return {feed: days for feed, days in found.items() if days}


def raw_faults(scope: Scope, feed: str, day: str) -> Iterator[Fault]:
    """What is wrong with one raw day."""
    place, asset = scope.lake.place(("raw", feed), day), f"raw/{feed}"
    bring_back = BRING_BACK.format(feed=feed, day=day)
    info = place.info()
    if info is None:
        yield Fault("missing", asset, day, "is gone", place.uri, bring_back)
        return
    with place.store.local(place.key) as file:
        unreadable, version = _unreadable(file), content_version(file)
    noted = published(place)
    if unreadable:
        yield Fault("damaged", asset, day, f"cannot be read: {unreadable}", place.uri, bring_back)
    elif noted is None:
        seen = "was put there by something else, and nothing says whether it is whole"
        yield Fault("unproven", asset, day, seen, place.uri, _KEEP.format(feed=feed, day=day))
    elif noted.version != version:
        seen = "its content is not what was published"
        yield Fault("damaged", asset, day, seen, place.uri, bring_back)


def published(place: Place) -> Notes | None:
    """The notes of what was last published at the place, though the object may be another by now."""
    return Notes.from_texts(place.store.last_notes(place.key))


def _unreadable(file: Path) -> str:
    try:
        for _ in open_raw_csv(file):
            pass
    except RawFormatError as error:
        return str(error.args[0]).replace(f"{file} ", "").replace(f"{file}, ", "")
    return ""


def _days(scope: Scope, feed: Feed) -> list[str]:
    return scope.lake.days(("raw", feed.name), scope.first, scope.last)


def _vanished(scope: Scope, feed: Feed) -> Iterator[str]:
    """Days that had a raw snapshot: notes of it are left, or what was refined from it."""
    yield from scope.lake.days(("refined", feed.name), scope.first, scope.last)
    for key in scope.lake.stores["raw"].lost(f"{feed.name}/"):
        day = key.split("/")[1].rpartition("=")[2]
        if scope.first <= day <= scope.last and scope.lake.place(("raw", feed.name), day).key == key:
            yield day
