"""What one day's report shows, gathered: by SQL from the marts and the refined snapshots, and from the notes of all.

Every query asks for the day, the window, or a few years of listening: nothing grows with history.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pyspotify_assets.clock import Clock
from pyspotify_assets.daily.mart import BYTES_SCANNED, MICRODOLLARS
from pyspotify_assets.daily.notes import Notes
from pyspotify_assets.daily.refined import REASON, quarantine_key
from pyspotify_assets.feeds import Feed
from pyspotify_assets.lake import Lake
from pyspotify_assets.lineage import column_lineage, table_edges
from pyspotify_assets.marts import window_of
from pyspotify_assets.names import DATABASES
from pyspotify_assets.report.data import Check, Lineage, Quarantine, Query, ReportData
from pyspotify_assets.sql import athena_text, over_table, sql_tree
from pyspotify_assets.tables import LISTENING_HOURS, MARTS
from pyspotify_assets.warehouse import SqlEngine

if TYPE_CHECKING:
    import pyarrow as pa

LISTENING_YEARS = 3
"""Years of listening that a report shows: the newest ones up to its day."""


def report_data(
    lake: Lake,
    sql: SqlEngine,
    feeds: Sequence[Feed],
    day: str,
    lookback_days: int,
    sample: bool,
    timezone: str,
    clock: Clock,
) -> ReportData:
    """Everything that the report of one day shows. `timezone` is that of the listening history's hours."""
    first, _ = window_of(day, lookback_days)
    notes = {feed.name: feed_notes(lake, feed, day) for feed in feeds}
    refined = {feed: noted["refined"] for feed, noted in notes.items() if "refined" in noted}
    mart_notes = _mart_notes(sql, day)
    window = {"first_day": first, "day": day}
    with sql.metered() as taken:
        tables = {
            "movement": _of_mart(sql, "report_day", "chart_movement", day, day, first_day=day, day=day),
            "snapshots": _of_mart(sql, "report_snapshots", "chart_movement", first, day, **window),
            "history": _of_mart(sql, "report_history", "chart_movement", first, day, **window),
            "exits": _of_mart(sql, "report_day", "chart_exits", day, day, first_day=day, day=day),
            "artists": _of_mart(sql, "report_day", "top_artists", day, day, first_day=day, day=day),
            "years": _of_mart(sql, "report_day", "release_profile", day, day, first_day=day, day=day),
            "tracks": _tracks(sql, list(refined), day),
        }
        hours = _hours(sql, day)
    return ReportData(
        day=day,
        sample=sample,
        feeds=[feed.name for feed in feeds],
        **tables,
        generated_at=clock(),
        checks=[*_feed_checks(notes), *_checks(mart_notes)],
        counts={feed: _counts(found) for feed, found in refined.items()},
        quarantine=[_quarantine(lake, feed, day, found) for feed, found in refined.items() if _quarantined(found)],
        queries=[*_queries(mart_notes), *_own_queries(taken)],
        hours=hours,
        timezone=timezone,
        lineage=_lineage(feeds),
    )


def feed_notes(lake: Lake, feed: Feed, day: str) -> dict[str, Notes]:
    """Area (raw, refined) → the notes of the feed's day there, as far as it is there."""
    found = {}
    for area in ("raw", "refined"):
        info = lake.place((area, feed.name), day).info()
        notes = Notes.kept_with(info)
        if notes is not None:
            found[area] = notes
    return found


def listening_years(sql: SqlEngine, day: str) -> dict[str, str]:
    """The years of listening that the report of a day shows, ascending, each with the version of its hours."""
    known = [part for part in sql.partitions(DATABASES["marts"], LISTENING_HOURS.name) if part.day <= day[:4]]
    return {partition.day: partition.notes.get("version", "") for partition in known[-LISTENING_YEARS:]}


def _mart_notes(sql: SqlEngine, day: str) -> dict[str, Notes]:
    found = {}
    for mart in MARTS:
        for partition in sql.partitions(DATABASES["marts"], mart.name, day, day):
            notes = Notes.from_texts(partition.notes)
            if notes is not None:
                found[f"{DATABASES['marts']}/{mart.name}"] = notes
    return found


def _feed_checks(notes: Mapping[str, Mapping[str, Notes]]) -> Iterator[Check]:
    for feed, noted in notes.items():
        yield from _checks({f"{area}/{feed}": found for area, found in noted.items()})


def _checks(notes: Mapping[str, Notes]) -> Iterator[Check]:
    for asset, noted in notes.items():
        for found in noted.findings:
            yield Check(asset, found.name, found.passed, found.severity, found.summary)


def _counts(refined: Notes) -> dict[str, int]:
    return {
        "raw": refined.counts.get("raw_rows", 0),
        "refined": refined.rows,
        "duplicates": refined.counts.get("duplicates", 0),
        "quarantined": _quarantined(refined),
    }


def _quarantined(refined: Notes) -> int:
    return refined.counts.get("quarantined", 0)


def _quarantine(lake: Lake, feed: str, day: str, refined: Notes) -> Quarantine:
    reasons = {name.removeprefix(REASON): n for name, n in refined.counts.items() if name.startswith(REASON)}
    return Quarantine(feed, reasons, lake.stores["quarantine"].uri(quarantine_key(feed, day)))


def _queries(notes: Mapping[str, Notes]) -> Iterator[Query]:
    for asset, noted in notes.items():
        if BYTES_SCANNED in noted.counts:
            cost = noted.counts.get(MICRODOLLARS)
            yield Query(asset, noted.counts[BYTES_SCANNED], None if cost is None else cost / 1e6)


def _own_queries(taken: Mapping[str, Any]) -> Iterator[Query]:
    """The report's own queries, from the figures of `SqlEngine.metered`."""
    if "bytes_scanned" in taken:
        yield Query("report/daily", int(taken["bytes_scanned"]), taken.get("cost_usd"))


def _of_mart(sql: SqlEngine, query: str, mart: str, first: str, last: str, **literals: str) -> pa.Table:
    tree = over_table(sql_tree(query, **literals), DATABASES["marts"], mart)
    return sql.query(athena_text(tree), first, last)


def _tracks(sql: SqlEngine, feeds: Sequence[str], day: str) -> pa.Table:
    """The day's refined rows; without any feed there is nothing to ask, and the columns do not matter."""
    import pyarrow as pa

    parts = [
        sql.query(
            athena_text(over_table(sql_tree("report_tracks", feed=feed, day=day), DATABASES["refined"], feed)), day, day
        )
        for feed in feeds
    ]
    return pa.concat_tables(parts) if parts else pa.table({})


def _lineage(feeds: Sequence[Feed]) -> Lineage:
    columns = {
        table: {column: [(origin.table, origin.column) for origin in origins] for column, origins in found.items()}
        for table, found in column_lineage(feeds).items()
    }
    return Lineage(table_edges(feeds), columns)


def _hours(sql: SqlEngine, day: str) -> list[dict[str, Any]]:
    years = list(listening_years(sql, day))
    if not years:
        return []
    first, last = years[0], years[-1]
    return _of_mart(
        sql, "report_hours", LISTENING_HOURS.name, first, last, first_year=first, last_year=last
    ).to_pylist()
