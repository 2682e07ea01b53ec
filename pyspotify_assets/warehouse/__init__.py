"""The warehouse: what keeps tables over the lake's files, and what answers SQL over them.

Two protocols that assets ask for, a `Crawler` and a `SqlEngine`; `local_*.py` implement them in the process, on
files, `glue_*.py` and `athena_*.py` on AWS.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from pyspotify_assets.feeds import Feed
from pyspotify_assets.names import DATABASES
from pyspotify_assets.schemas import athena_columns, raw_athena_columns
from pyspotify_assets.tables import LISTENING, MARTS, PARTITION_COLUMN, PLAYS, SNAPSHOT, Table

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class DeclaredTable:
    """One table of the catalog as declared: name, Athena types of its columns, area, description, and partition."""

    area: str
    name: str
    description: str
    columns: Mapping[str, str]
    partition: str = PARTITION_COLUMN
    formerly: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Column → names that it had before, where it had any: older files have it under one of them."""

    @property
    def database(self) -> str:
        return DATABASES[self.area]

    @property
    def file_columns(self) -> Mapping[str, str]:
        """The columns that its files may have: the declared ones, and then their former names."""
        former = {name: self.columns[column] for column, names in self.formerly.items() for name in names}
        return {**self.columns, **former}

    @property
    def catalog_columns(self) -> Mapping[str, str]:
        """The columns that the table has in Glue.

        Athena reads Parquet by name, so that there have to be former names to get at what older files have under them.
        CSV it reads by position.
        """
        return self.columns if self.area == "raw" else self.file_columns


def declared_tables(area: str, feeds: Sequence[Feed]) -> list[DeclaredTable]:
    """The tables of one area: one per feed in raw and refined, one per mart in marts, and the listening history's."""
    if area == "marts":
        return [declared_mart(mart) for mart in (*MARTS, *LISTENING)]
    of_feeds = [_declared(area, SNAPSHOT, feed.name) for feed in feeds]
    return of_feeds if area == "raw" else [*of_feeds, _declared("refined", PLAYS)]


def declared_table(database: str, name: str) -> DeclaredTable | None:
    """The table of that name, if it is one of ours; of raw and refined any name but `plays` is taken for a feed's."""
    for mart in (*MARTS, *LISTENING) if database == DATABASES["marts"] else ():
        if mart.name == name:
            return declared_mart(mart)
    for area in ("raw", "refined"):
        if database == DATABASES[area]:
            return _declared(area, PLAYS if name == PLAYS.name else SNAPSHOT, name)
    return None


def declared_mart(mart: Table) -> DeclaredTable:
    return _declared("marts", mart)


def _declared(area: str, table: Table, name: str = "") -> DeclaredTable:
    columns = raw_athena_columns(table) if area == "raw" else athena_columns(table)
    formerly = {column.name: column.formerly for column in table.columns if column.formerly and column.name in columns}
    return DeclaredTable(area, name or table.name, table.description, columns, table.partition, formerly)


@dataclass(frozen=True)
class CrawledTable:
    """What a crawl found out about one table. `drift`: differences between files and declaration, in words."""

    table: DeclaredTable
    partitions: int
    added: Sequence[str]
    removed: Sequence[str] = ()
    drift: Sequence[str] = ()


class Crawler(Protocol):
    """Keeps the tables of raw and refined: finds new partitions and compares their files with the declaration."""

    def crawl(self, area: str, feeds: Sequence[Feed]) -> list[CrawledTable]:
        """Crawl all tables of one area. CrawlError where it could not be done; nothing half known remains."""

    def forget(self, area: str, table: str, before: str = "") -> None:
        """Take the days before that day, or all, out of a table, since their objects are about to go.

        Glue keeps them, and queries find nothing there: a crawler of new folders only would never add a day again.
        """


@dataclass(frozen=True)
class Partition:
    """One day of one table: address of its object, and the notes that were left with it when it was written.

    `before`: the address that it had before, which readers may still be reading.
    """

    day: str
    uri: str
    size: int
    notes: Mapping[str, str] = field(default_factory=dict)
    before: str = ""


class SqlEngine(Protocol):
    """Answers Athena SQL over the catalog."""

    def metered(self) -> AbstractContextManager[dict[str, object]]:
        """A dictionary that at the end of the block holds what its queries took, as figures of a materialization.

        `bytes_scanned` and `query_seconds`; on Athena `query_ids` and `cost_usd` too. Empty where there was no query.
        Locally the bytes are those of all files that a query was given: DuckDB need not have read every column.
        """

    def query(self, sql: str, first_day: str = "", last_day: str = "9999-12-31") -> pa.Table:
        """The result of one SELECT. `first_day` and `last_day`: the caller knows that no other day is read.

        QueryError with what the engine said.
        """

    def write_partition(self, select: str, mart: Table, day: str, run: str, window: tuple[str, str]) -> pa.Table:
        """Run `select` and write its result to a place of its own; nobody sees it before `point`. Gives the rows."""

    def discard(self, mart: Table, day: str, run: str) -> None:
        """Remove what `write_partition` wrote in this run: it shall not be pointed to."""

    def point(self, mart: Table, day: str, run: str, notes: Mapping[str, str]) -> Partition:
        """Make what `write_partition` wrote in this run the day's partition of the mart."""

    def partitions(
        self, database: str, table: str, first_day: str = "", last_day: str = "9999-12-31"
    ) -> list[Partition]:
        """The partitions of a table that the catalog knows, in order of day; none if there is no such table."""
