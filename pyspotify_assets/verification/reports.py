"""Reports: every day that has marts has its page, made from those; `latest.html` is the newest of them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from pyspotify_assets.daily.fingerprints import content_version
from pyspotify_assets.daily.notes import Notes
from pyspotify_assets.daily.report import LATEST, has_outlived, report_fingerprint
from pyspotify_assets.names import DATABASES
from pyspotify_assets.retention import kept_from
from pyspotify_assets.tables import CHART_MOVEMENT
from pyspotify_assets.verification.fault import Fault, Look, Scope

REPORT, LATEST_REPORT = "report/daily", "report/latest"


def report_looks(scope: Scope) -> Iterator[Look]:
    """One look for every day that has a mart or a page, and one at the latest."""
    marts = scope.sql.partitions(DATABASES["marts"], CHART_MOVEMENT.name, scope.first, scope.last)
    days = {partition.day for partition in marts} | set(_pages(scope, scope.first, scope.last))
    for day in sorted(days):
        yield Look(REPORT, day, partial(report_faults, scope, day))
    yield Look(LATEST_REPORT, "", partial(latest_faults, scope))


def report_faults(scope: Scope, day: str) -> Iterator[Fault]:
    """What is wrong with one day's page. One whose marts are gone, or its snapshots forgotten, is left as it is."""
    made_from = report_fingerprint(scope.lake, scope.sql, scope.feeds, day, scope.lookback_days, scope.language)
    place = scope.lake.place(("report", "daily"), day)
    info = place.info()
    notes = Notes.kept_with(info)
    if info is None:
        if made_from is not None:
            yield Fault("missing", REPORT, day, "is not there, the day's marts are", place.uri)
        return
    with place.store.local(place.key) as file:
        version = content_version(file)
    if notes is not None and notes.version != version:
        yield Fault("damaged", REPORT, day, "its content is not what was published", place.uri)
    elif has_outlived(scope.lake, day, kept_from(scope.lake)):
        return
    elif made_from is not None and (notes is None or notes.fingerprint != made_from):
        seen = "was made from other marts or checks than lie there now, or by an earlier version"
        yield Fault("stale", REPORT, day, seen, place.uri)


def latest_faults(scope: Scope) -> Iterator[Fault]:
    """Whether `latest.html` is the page of the newest day."""
    store = scope.lake.stores["report"]
    info = store.info(LATEST)
    day = info.notes.get("day", "") if info else ""
    newest = max(_pages(scope, day or scope.first, "9999-12-31"), default="")
    if not newest:
        return
    if info is None or day != newest:
        what = f"shows {day or 'an unknown day'}" if info else "is not there"
        yield Fault("stale", LATEST_REPORT, newest, f"{what}, the newest page is of {newest}", store.uri(LATEST))
        return
    with store.local(LATEST) as latest, store.local(f"{day}.html") as page:
        if content_version(latest) != content_version(page):
            yield Fault("stale", LATEST_REPORT, day, f"is not the page of {day}", store.uri(LATEST))


def _pages(scope: Scope, first: str, last: str) -> list[str]:
    """The days from `first` to `last` that have a page."""
    days = []
    for info in scope.lake.stores["report"].objects("2", start_after=first[:10]):
        day = info.key.removesuffix(".html")
        if day > last:
            break
        if len(day) == len("2026-11-22"):
            days.append(day)
    return days
