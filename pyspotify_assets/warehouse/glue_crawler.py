"""The crawler of the aws environment: AWS Glue crawls, and what it has found is read back from the catalog.

Crawlers and tables are the stack's. Schema changes are only logged by these crawlers, never made: the catalog's
columns, and those of the files of new partitions, are compared with the declaration here, and a difference is drift.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pyspotify_assets.aws.waiting import Pauses
from pyspotify_assets.contract import catalog_differences, reported
from pyspotify_assets.errors import CrawlError, LakeError
from pyspotify_assets.feeds import Feed
from pyspotify_assets.lake import Lake
from pyspotify_assets.names import AwsNames
from pyspotify_assets.warehouse import CrawledTable, DeclaredTable, declared_tables
from pyspotify_assets.warehouse.file_schemas import differences
from pyspotify_assets.warehouse.glue_catalog import GlueCatalog
from pyspotify_assets.warehouse.glue_crawl import GlueCrawl

COMPARED_FILES = 31
"""Files of a table that a crawl opens at most, the newest of those that are new: a first crawl may find years."""

PAUSES = Pauses(1, 15)
"""A crawl takes a minute or more, most of it in starting."""


class GlueCrawler:
    """Keeps the tables of `spotify_raw` and `spotify_refined` of one stage. `timeout`: seconds one crawl may take."""

    def __init__(self, lake: Lake, names: AwsNames, timeout: float, pauses: Pauses = PAUSES) -> None:
        self._lake, self._names, self._timeout, self._pauses = lake, names, timeout, pauses
        self._catalog = GlueCatalog(names, CrawlError)

    def crawl(self, area: str, feeds: Sequence[Feed]) -> list[CrawledTable]:
        tables = declared_tables(area, feeds)
        crawl = GlueCrawl(self._names.crawler(area), self._timeout, self._pauses)
        crawl.require()
        before = {}
        for table in tables:  # Before the crawl: what is missing is said before anything is paid for.
            self._catalog.table(table.database, table.name)
            before[table.name] = self._days(table)
        crawl.run()
        return [self._crawled(table, before[table.name]) for table in tables]

    def forget(self, area: str, table: str, before: str = "") -> None:
        """Nothing is to be done: see the protocol."""

    def _crawled(self, table: DeclaredTable, before: Sequence[str]) -> CrawledTable:
        drift = self._catalog_drift(table, self._catalog.table(table.database, table.name))
        after = self._days(table)
        known = set(before)
        added = [day for day in after if day not in known]
        for day in added[-COMPARED_FILES:]:
            drift += [f"{day}: {difference}" for difference in self._file_differences(table, day)]
        # A day whose object is gone stays in the catalog: Glue only logs it.
        return CrawledTable(table, len(after), added, drift=drift)

    def _days(self, table: DeclaredTable) -> list[str]:
        partitions = self._catalog.partitions(table.database, table.name)
        if partitions is None:
            raise CrawlError(f"The table {table.database}.{table.name} is gone", "`make deploy` makes it.")
        return [partition.day for partition in partitions]

    def _file_differences(self, table: DeclaredTable, day: str) -> list[str]:
        try:
            place = self._lake.place((table.area, table.name), day)
        except LakeError as error:  # The crawler makes a partition of any folder.
            return [str(error.args[0])]
        return differences(place, table.area)

    def _catalog_drift(self, table: DeclaredTable, found: Mapping[str, Any]) -> list[str]:
        """How the table in the catalog differs from the declared one, and from where the lake has its files."""
        storage = found["StorageDescriptor"]
        columns = {column["Name"]: column["Type"] for column in storage["Columns"]}
        words = reported(catalog_differences(columns, table.catalog_columns, ordered=table.area == "raw"))
        keys = [(key["Name"], key["Type"]) for key in found.get("PartitionKeys") or ()]
        if keys != [(table.partition, "string")]:
            found_keys = ", ".join(f"{name} {key_type}" for name, key_type in keys) or "nothing"
            words.append(f"partitioned by {found_keys}, declared {table.partition} string")
        declared_root = self._lake.root((table.area, table.name))
        if storage.get("Location", "").rstrip("/") != declared_root.rstrip("/"):
            words.append(f"lies at {storage.get('Location')}, the lake's files at {declared_root}")
        return [f"catalog: {difference}" for difference in words]
