"""What a run has left: per table its days, rows, bytes and place, and the facts of the newest report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pyspotify_assets.clock import system_clock
from pyspotify_assets.daily.notes import Notes
from pyspotify_assets.daily.report import LATEST
from pyspotify_assets.daily.report_data import report_data
from pyspotify_assets.feeds import Feed
from pyspotify_assets.lake import Lake
from pyspotify_assets.names import DATABASES
from pyspotify_assets.report import texts_in, three_facts
from pyspotify_assets.settings import Settings
from pyspotify_assets.tables import MARTS
from pyspotify_assets.warehouse import SqlEngine


@dataclass(frozen=True)
class TableSummary:
    """One table, or the reports, between two days. `bytes` are those of the files; `place` is where they lie."""

    table: str
    days: int
    rows: int | None
    bytes: int
    place: str


@dataclass(frozen=True)
class NewestReport:
    """The newest report: its day, three facts of it, and where the page lies."""

    day: str
    facts: Sequence[str]
    place: str


def summarize(lake: Lake, sql: SqlEngine, feeds: Sequence[Feed], first: str, last: str) -> list[TableSummary]:
    """All tables of the catalog, raw first, with what they have between the two days (both included)."""
    summaries = [
        _summary_of_files(lake, sql, area, feed.name, first, last) for area in ("raw", "refined") for feed in feeds
    ]
    for mart in MARTS:
        partitions = sql.partitions(DATABASES["marts"], mart.name, first, last)
        noted = [Notes.from_texts(partition.notes) for partition in partitions]
        rows = sum(notes.rows for notes in noted if notes)
        size = sum(partition.size for partition in partitions)
        place = lake.stores["marts"].uri(mart.name)
        summaries.append(TableSummary(f"{DATABASES['marts']}.{mart.name}", len(partitions), rows, size, place))
    reports = [info for info in lake.stores["report"].objects("", first) if first <= info.key[:10] <= last]
    size = sum(info.size for info in reports)
    return [*summaries, TableSummary("report/daily", len(reports), None, size, lake.root(("report", "daily")))]


def _summary_of_files(lake: Lake, sql: SqlEngine, area: str, feed: str, first: str, last: str) -> TableSummary:
    days = rows = size = 0
    for partition in sql.partitions(DATABASES[area], feed, first, last):
        info = lake.place((area, feed), partition.day).info()
        if info is not None:
            notes = Notes.from_texts(info.notes)
            days, rows, size = days + 1, rows + (notes.rows if notes else 0), size + info.size
    return TableSummary(f"{DATABASES[area]}.{feed}", days, rows, size, lake.root((area, feed)))


def newest_facts(lake: Lake, sql: SqlEngine, feeds: Sequence[Feed], settings: Settings) -> NewestReport | None:
    """The newest report and its three facts; None if there is no report yet."""
    store = lake.stores["report"]
    info = store.info(LATEST)
    if info is None or "day" not in info.notes:
        return None
    day = info.notes["day"]
    return NewestReport(day, facts_of(lake, sql, feeds, settings, day), store.uri(LATEST))


def facts_of(lake: Lake, sql: SqlEngine, feeds: Sequence[Feed], settings: Settings, day: str) -> Sequence[str]:
    """The three facts of one day, from its marts and those of the window before it."""
    sample = settings.resolved_source() == "sample"
    data = report_data(lake, sql, feeds, day, settings.lookback_days, sample, settings.timezone, system_clock)
    return three_facts(data, texts_in(settings.report_language))
