"""The marts over the listening history: a partition a year, each made from the plays of that year and nothing else.

A year is that of `ts`, UTC, as the partitions of `plays` are; hours and weekdays are the listener's, in the time zone
of the settings. The SQL is in `sql/`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pyspotify_assets.daily.fingerprints import fingerprint
from pyspotify_assets.daily.mart import write_checked
from pyspotify_assets.daily.notes import Notes
from pyspotify_assets.lake import Lake
from pyspotify_assets.marts import as_declared
from pyspotify_assets.names import DATABASES
from pyspotify_assets.plays.take import REFINED
from pyspotify_assets.sql import sql_text, sql_tree
from pyspotify_assets.tables import LISTENING_HOURS, PLAYS, Table
from pyspotify_assets.warehouse import Partition, SqlEngine

if TYPE_CHECKING:
    import pyarrow as pa

VERSION = "1"
"""Part of every year's fingerprint: raise it when the same SQL over the same plays would come out differently."""


def crawled_years(lake: Lake, sql: SqlEngine) -> dict[str, str]:
    """The years of plays that the catalog knows, ascending, each with the version of its content."""
    versions = {}
    for partition in sql.partitions(DATABASES["refined"], PLAYS.name):
        info = lake.place(REFINED, partition.day).info()
        if info is not None:  # The catalog may still know what has been deleted since the last crawl.
            notes = Notes.from_texts(info.notes)
            versions[partition.day] = notes.version if notes else info.identity
    return versions


def listening_fingerprint(mart: Table, year: str, version: str, timezone: str) -> str:
    """What the rows of one year depend on: plays, SQL, declaration, and the time zone where the mart knows of it."""
    zone = timezone if mart is LISTENING_HOURS else ""
    return fingerprint(VERSION, year, mart.shape, sql_text(mart.name), version, zone)


def listening_sql(mart: Table, year: str, timezone: str) -> str:
    """The complete Athena SELECT of one mart and year."""
    return as_declared(sql_tree(mart.name, year=year, timezone=timezone), mart)


def stale_years(sql: SqlEngine, mart: Table, years: Mapping[str, str], timezone: str) -> list[str]:
    """The years of a mart that are not there, or were made from something else than what is there now."""
    made = {
        partition.day: Notes.from_texts(partition.notes) for partition in sql.partitions(DATABASES["marts"], mart.name)
    }

    def is_current(year: str, version: str) -> bool:
        notes = made.get(year)
        return notes is not None and notes.fingerprint == listening_fingerprint(mart, year, version, timezone)

    return [year for year, version in years.items() if not is_current(year, version)]


def make_listening_year(
    sql: SqlEngine, mart: Table, year: str, run: str, version: str, timezone: str
) -> tuple[Partition, Notes, pa.Table]:
    """Write, check and point to one year of a mart. Gives its partition, notes and rows.

    Raises CheckFailedError, QueryError, LakeError.
    """
    made_from = listening_fingerprint(mart, year, version, timezone)
    return write_checked(sql, mart, year, run, listening_sql(mart, year, timezone), (year, year), made_from, {})
