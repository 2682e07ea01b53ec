"""The crawler of the local environment: what a Glue crawler does, done in the process.

It lists the days that lie in an area, adds to the catalog those that are new, drops those that are gone, and compares
the columns of the new files with the declaration. It never changes a declaration: a difference is reported as drift.
"""

from __future__ import annotations

from collections.abc import Sequence

from pyspotify_assets.errors import PySpotifyError
from pyspotify_assets.feeds import Feed
from pyspotify_assets.lake import Lake, Place
from pyspotify_assets.schemas import arrow_schema, schema_differences
from pyspotify_assets.tables import SNAPSHOT
from pyspotify_assets.warehouse import CrawledTable, DeclaredTable, declared_tables
from pyspotify_assets.warehouse.local_catalog import Entry, LocalCatalog


class LocalCrawler:
    """Keeps the tables of `spotify_raw` and `spotify_refined` of one lake."""

    def __init__(self, lake: Lake) -> None:
        self._lake, self._catalog = lake, LocalCatalog(lake)

    def crawl(self, area: str, feeds: Sequence[Feed]) -> list[CrawledTable]:
        crawled = [self._crawl_table(table) for table in declared_tables(area, feeds)]
        self._catalog.write_views()
        return crawled

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


def differences(place: Place, area: str) -> list[str]:
    """How one file's columns differ from the declaration, in words; an unreadable file is one difference."""
    try:
        return _raw_differences(place) if area == "raw" else _parquet_differences(place)
    except (PySpotifyError, OSError, ValueError) as error:
        return [f"cannot be read: {error}"]


def _raw_differences(place: Place) -> list[str]:
    header = place.store.read(place.key).partition(b"\n")[0].decode("utf-8", "replace").strip()
    declared = ",".join(f'"{name}"' for name in SNAPSHOT.raw_columns)
    return [] if header == declared else [f"header {header}, declared {declared}"]


def _parquet_differences(place: Place) -> list[str]:
    import pyarrow.parquet as pq

    filesystem, root = place.store.arrow()
    return schema_differences(pq.read_schema(root + place.key, filesystem=filesystem), arrow_schema(SNAPSHOT))
