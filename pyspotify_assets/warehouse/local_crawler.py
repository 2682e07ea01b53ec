"""The crawler of the local environment: what a Glue crawler does, done in the process.

It lists the days that lie in an area, adds to the catalog those that are new, drops those that are gone, and compares
the columns of the new files with the declaration. It never changes a declaration: a difference is reported as drift.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyspotify_assets.feeds import Feed
from pyspotify_assets.lake import Lake
from pyspotify_assets.names import DATABASES
from pyspotify_assets.tables import PLAYS
from pyspotify_assets.warehouse import CrawledTable, DeclaredTable, declared_tables
from pyspotify_assets.warehouse.file_schemas import differences
from pyspotify_assets.warehouse.local_catalog import Entry, LocalCatalog


class LocalCrawler:
    """Keeps the tables of `spotify_raw` and `spotify_refined` of one lake."""

    def __init__(self, lake: Lake) -> None:
        self._lake, self._catalog = lake, LocalCatalog(lake)

    def crawl(self, area: str, feeds: Sequence[Feed]) -> list[CrawledTable]:
        crawled = [self._crawl_table(table) for table in declared_tables(area, feeds) if self._is_used(table)]
        self._catalog.write_views()
        return crawled

    def forget(self, area: str, table: str, before: str = "") -> None:
        declared = self._catalog.table(DATABASES[area], table)
        if declared is None:
            return
        with self._catalog.changing(declared) as changes:
            changes.update(dict.fromkeys(day for day in self._catalog.days(declared) if not before or day < before))
        self._catalog.write_views()

    def _is_used(self, table: DeclaredTable) -> bool:
        """Without an import there is no listening history, and so no table of it to be seen."""
        known = table.name != PLAYS.name or self._catalog.table(table.database, table.name) is not None
        return known or bool(self._lake.days((table.area, table.name)))

    def _crawl_table(self, table: DeclaredTable) -> CrawledTable:
        asset = (table.area, table.name)
        self._catalog.declare(table)
        drift = []
        with self._catalog.changing(table) as changes:
            known = self._catalog.days(table)
            there = self._lake.days(asset)
            added = [day for day in there if day not in known]
            removed = sorted(set(known) - set(there))
            changes.update(dict.fromkeys(removed))
            for day in added:
                place = self._lake.place(asset, day)
                info = place.info()
                if info is None:  # Gone since it was listed: the next crawl sees to it.
                    continue
                changes[day] = Entry(place.key, info.size, {})
                drift += [f"{day}: {difference}" for difference in differences(place, table.area)]
        return CrawledTable(table, len(there), added, removed, drift)
