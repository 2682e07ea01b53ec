"""How one day's report comes to be: what `report_data` gathers in, one HTML page out, if anything has changed.

What gathers and renders is imported where that is done: definitions load without it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pyspotify_assets.daily.fingerprints import content_version, fingerprint
from pyspotify_assets.daily.notes import Notes
from pyspotify_assets.errors import MissingPartitionError
from pyspotify_assets.feeds import Feed
from pyspotify_assets.lake import Lake
from pyspotify_assets.marts import window_of
from pyspotify_assets.names import DATABASES
from pyspotify_assets.stores import ObjectInfo
from pyspotify_assets.tables import MARTS
from pyspotify_assets.warehouse import SqlEngine

if TYPE_CHECKING:
    from pyspotify_assets.report import ReportData

VERSION = "4"
"""Part of every report's fingerprint: raise it when the same data would come out as another page."""

LATEST = "latest.html"


def report_fingerprint(
    lake: Lake, sql: SqlEngine, feeds: Sequence[Feed], day: str, lookback_days: int, language: str
) -> str | None:
    """What a day's report is made from; None where the day has no marts."""
    from pyspotify_assets.daily.report_data import feed_notes, listening_years

    first, _ = window_of(day, lookback_days)
    versions = {
        mart.name: {
            partition.day: partition.notes.get("version", "")
            for partition in sql.partitions(DATABASES["marts"], mart.name, first, day)
        }
        for mart in MARTS
    }
    if any(day not in days for days in versions.values()):
        return None
    notes = {feed.name: [notes.fingerprint for notes in feed_notes(lake, feed, day).values()] for feed in feeds}
    return fingerprint(VERSION, versions, notes, language, listening_years(sql, day))


def has_outlived(lake: Lake, day: str, kept: Mapping[str, str]) -> bool:
    """Whether a snapshot of the day was forgotten, so that its page, made again, would show less.

    `kept`: feed → first day that is kept.
    """
    return any(day < first and lake.place(("refined", feed), day).info() is None for feed, first in kept.items())


def make_report_day(
    lake: Lake, made_from: str | None, data: ReportData, language: str
) -> tuple[Notes, ObjectInfo, list[str]]:
    """Render and publish one day's report, and `latest.html` if no later day has one. Gives the three facts too."""
    from pyspotify_assets.report import render, texts_in, three_facts

    if made_from is None:
        raise MissingPartitionError(
            f"report/daily of {data.day} cannot be made: the day has no marts",
            "Materialize spotify_marts of that day first (the sensor marts_when_crawled does).",
        )
    texts, place = texts_in(language), lake.place(("report", "daily"), data.day)
    with place.staged() as staged:
        staged.write_text(render(data, texts), encoding="utf-8")
        counts = {"checks": len(data.checks), "checks_failed": sum(not check.passed for check in data.checks)}
        notes = Notes.of(made_from, content_version(staged), data.movement.num_rows, counts, [])
        # The day's own page last: while it is not in place, the next run makes both.
        latest = place.store.info(LATEST)
        if latest is None or latest.notes.get("day", "") <= data.day:
            with place.store.staging(LATEST) as copy:
                copy.write_bytes(staged.read_bytes())
                place.store.publish(copy, LATEST, {"day": data.day})
        info = place.publish(staged, notes.to_texts())
    return notes, info, three_facts(data, texts)
