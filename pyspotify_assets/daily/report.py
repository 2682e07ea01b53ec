"""How one day's report comes to be: rows of the marts and of the day's snapshots in, one HTML page out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pyspotify_assets.clock import Clock
from pyspotify_assets.daily.fingerprints import content_version, fingerprint
from pyspotify_assets.daily.notes import Notes
from pyspotify_assets.errors import MissingPartitionError
from pyspotify_assets.feeds import Feed
from pyspotify_assets.lake import Lake
from pyspotify_assets.marts import window_of
from pyspotify_assets.names import DATABASES
from pyspotify_assets.report import Check, ReportData, render, texts_in, three_facts
from pyspotify_assets.sql import athena_text, over_table, sql_tree
from pyspotify_assets.stores import ObjectInfo
from pyspotify_assets.tables import MARTS
from pyspotify_assets.warehouse import SqlEngine

if TYPE_CHECKING:
    import pyarrow as pa

VERSION = "2"
"""Part of every report's fingerprint: raise it when the same data would come out as another page."""

LATEST = "latest.html"


def report_fingerprint(
    lake: Lake, sql: SqlEngine, feeds: Sequence[Feed], day: str, lookback_days: int, language: str
) -> str | None:
    """What a day's report is made from; None where the day has no marts."""
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
    notes = {feed.name: [notes.fingerprint for notes in _notes(lake, feed, day).values()] for feed in feeds}
    return fingerprint(VERSION, versions, notes, language)


def report_data(
    lake: Lake, sql: SqlEngine, feeds: Sequence[Feed], day: str, lookback_days: int, sample: bool, clock: Clock
) -> ReportData:
    """Everything that the report of one day shows, by SQL from the marts and the day's refined snapshots."""
    first, _ = window_of(day, lookback_days)
    checks, counts = [], {}
    for feed in feeds:
        notes = _notes(lake, feed, day)
        for area, noted in notes.items():
            checks += [
                Check(
                    f"{area}/{feed.name}",
                    found.name,
                    found.passed,
                    "error" if found.blocking else "warning",
                    found.summary,
                )
                for found in noted.findings
            ]
        if "refined" in notes:
            refined = notes["refined"]
            counts[feed.name] = {
                "raw": refined.counts.get("raw_rows", 0),
                "refined": refined.rows,
                "duplicates": refined.counts.get("duplicates", 0),
                "quarantined": refined.counts.get("quarantined", 0),
            }
    for mart in MARTS:
        for partition in sql.partitions(DATABASES["marts"], mart.name, day, day):
            written = Notes.from_texts(partition.notes)
            for found in written.findings if written else ():
                severity = "error" if found.blocking else "warning"
                checks.append(
                    Check(f"{DATABASES['marts']}/{mart.name}", found.name, found.passed, severity, found.summary)
                )
    return ReportData(
        day=day,
        sample=sample,
        feeds=[feed.name for feed in feeds],
        movement=_rows(sql, "report_movement", "chart_movement", first, day),
        exits=_rows(sql, "report_day", "chart_exits", day, day),
        artists=_rows(sql, "report_day", "top_artists", day, day),
        years=_rows(sql, "report_day", "release_profile", day, day),
        tracks=_tracks(sql, list(counts), day),
        generated_at=clock(),
        checks=checks,
        counts=counts,
    )


def make_report_day(
    lake: Lake, made_from: str | None, data: ReportData, language: str
) -> tuple[Notes, ObjectInfo, list[str]]:
    """Render and publish one day's report, and `latest.html` if no later day has one. Gives the three facts too."""
    if made_from is None:
        raise MissingPartitionError(
            f"report/daily of {data.day} cannot be made: the day has no marts",
            "Materialize spotify_marts of that day first (the sensor marts_and_report does).",
        )
    texts, place = texts_in(language), lake.place(("report", "daily"), data.day)
    with place.staged() as staged:
        staged.write_text(render(data, texts), encoding="utf-8")
        counts = {"checks": len(data.checks), "checks_failed": sum(not check.passed for check in data.checks)}
        notes = Notes.of(made_from, content_version(staged), data.movement.num_rows, counts, [])
        info = place.publish(staged, notes.to_texts())
    latest = place.store.info(LATEST)
    if latest is None or latest.notes.get("day", "") <= data.day:
        with place.store.local(place.key) as page, place.store.staging(LATEST) as staged:
            staged.write_bytes(page.read_bytes())
            place.store.publish(staged, LATEST, {"day": data.day})
    return notes, info, three_facts(data, texts)


def _notes(lake: Lake, feed: Feed, day: str) -> dict[str, Notes]:
    found = {}
    for area in ("raw", "refined"):
        info = lake.place((area, feed.name), day).info()
        notes = Notes.from_texts(info.notes) if info else None
        if notes is not None:
            found[area] = notes
    return found


def _rows(sql: SqlEngine, query: str, mart: str, first: str, last: str) -> pa.Table:
    tree = over_table(sql_tree(query, first_day=first, day=last), DATABASES["marts"], mart)
    return sql.query(athena_text(tree), first, last)


def _tracks(sql: SqlEngine, feeds: Sequence[str], day: str) -> pa.Table:
    import pyarrow as pa

    parts = [
        sql.query(
            athena_text(over_table(sql_tree("report_tracks", feed=feed, day=day), DATABASES["refined"], feed)), day, day
        )
        for feed in feeds
    ]
    return pa.concat_tables(parts)
