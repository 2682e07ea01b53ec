"""The catalog of the local environment: text files that a person, and a `duckdb` shell, can read.

`catalog/<database>/<table>/table.json` says what a table is; `…/partitions/<YYYY-MM>.json` where its days lie, a file
a month, so that what one day costs does not grow with history; `catalog/catalog.sql` makes views of all of it:

    duckdb -init lake/sample/catalog/catalog.sql

No process holds any of it open: each file is replaced whole, under a lock while it is read, changed and written back.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pyspotify_assets.errors import CrawlError, MissingPartitionError
from pyspotify_assets.lake import Lake, is_partition
from pyspotify_assets.names import DATABASES
from pyspotify_assets.schemas import ATHENA_TYPES
from pyspotify_assets.stores.names import check_key
from pyspotify_assets.warehouse import DeclaredTable

_NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")


@dataclass(frozen=True)
class Entry:
    """Where one day of a table lies: key in the table's area, size in bytes, notes, and the key it had before."""

    key: str
    size: int
    notes: Mapping[str, str]
    before: str = ""


class LocalCatalog:
    """The catalog of one lake."""

    def __init__(self, lake: Lake) -> None:
        self.lake, self._store = lake, lake.stores["catalog"]

    def table(self, database: str, name: str) -> DeclaredTable | None:
        """The table as it was last declared; None if the catalog has no such table."""
        if not _NAME.fullmatch(database) or not _NAME.fullmatch(name):
            return None
        document = self._load(f"{database}/{name}/table.json")
        if document is None:
            return None
        try:
            return _declared(document, database, name)
        except (KeyError, TypeError, ValueError) as error:
            raise self._damaged(f"{database}/{name}/table.json", f"declares no table ({_words(error)})") from None

    def tables(self) -> list[DeclaredTable]:
        """All tables, in order of database and name."""
        found = []
        for info in self._store.objects(""):
            if info.key.endswith("/table.json"):
                database, _, name = info.key.removesuffix("/table.json").partition("/")
                table = self.table(database, name)
                if table is not None:
                    found.append(table)
        return found

    def declare(self, table: DeclaredTable) -> None:
        """Make the catalog's table what is declared; nothing is written when it already is."""
        document = {
            "database": table.database,
            "table": table.name,
            "description": table.description,
            "area": table.area,
            "format": "csv" if table.area == "raw" else "parquet",
            "partitioned_by": table.partition,
            "columns": [
                {"name": name, "type": athena_type}
                | ({"formerly": list(table.formerly[name])} if name in table.formerly else {})
                for name, athena_type in table.columns.items()
            ],
        }
        key = f"{table.database}/{table.name}/table.json"
        if self._load(key) != document:
            self._save(key, document)

    def days(self, table: DeclaredTable, first_day: str = "", last_day: str = "9999-12-31") -> dict[str, Entry]:
        """Day → where it lies, ascending, between the two days (both included)."""
        prefix = f"{table.database}/{table.name}/partitions/"
        start = f"{prefix}{first_day[:7]}" if first_day else ""
        days: dict[str, Entry] = {}
        for info in self._store.objects(prefix, start_after=start):
            if info.key > f"{prefix}{last_day[:7]}.json":
                break
            document = self._load(info.key) or {}
            try:
                days |= {
                    _partition(table, day): _entry(entry)
                    for day, entry in document.items()
                    if first_day <= day <= last_day
                }
            except (AttributeError, KeyError, TypeError, ValueError) as error:
                raise self._damaged(info.key, f"lists no days ({_words(error)})") from None
        return days

    @contextmanager
    def changing(self, table: DeclaredTable) -> Iterator[dict[str, Entry | None]]:
        """Collect changes (day → entry, or None to drop it) and write them at the end, under the table's lock."""
        changes: dict[str, Entry | None] = {}
        with self.lake.lock(f"catalog-{table.database}-{table.name}"):
            yield changes
            months: dict[str, dict[str, Entry | None]] = {}
            for day, entry in changes.items():
                months.setdefault(day[:7], {})[day] = entry
            for month, entries in months.items():
                self._change_month(f"{table.database}/{table.name}/partitions/{month}.json", entries)

    def write_views(self) -> None:
        """Rewrite `catalog.sql`: one view per table, over the addresses of all its days."""
        from pyspotify_assets.warehouse.local_engine import view_statements

        self._save_text("catalog.sql", "\n".join(view_statements(self)))

    def _change_month(self, key: str, entries: Mapping[str, Entry | None]) -> None:
        document = self._load(key) or {}
        for day, entry in entries.items():
            if entry is None:
                document.pop(day, None)
            else:
                document[day] = {
                    "key": entry.key,
                    "size": entry.size,
                    "notes": dict(entry.notes),
                    "before": entry.before,
                }
        if document:
            self._save(key, dict(sorted(document.items())))
        else:
            self._store.delete(key)

    def _load(self, key: str) -> dict | None:
        try:
            document = json.loads(self._store.read(key))
        except MissingPartitionError:
            return None
        except (ValueError, RecursionError) as error:
            raise self._damaged(key, f"is not JSON: {error}") from error
        if not isinstance(document, dict):
            raise self._damaged(key, "is no JSON object")
        return document

    def _damaged(self, key: str, what: str) -> CrawlError:
        remedy = "Delete that file and run again: a crawl rebuilds the catalog of raw and refined."
        return CrawlError(f"{self._store.uri(key)} {what}", remedy)

    def _save(self, key: str, document: object) -> None:
        self._save_text(key, json.dumps(document, indent=1, ensure_ascii=False) + "\n")

    def _save_text(self, key: str, text: str) -> None:
        with self._store.staging(key.rpartition("/")[2]) as staged:
            staged.write_text(text, encoding="utf-8")
            self._store.publish(staged, key)


def _declared(document: Mapping[str, Any], database: str, name: str) -> DeclaredTable:
    """The table that a file declares. KeyError, TypeError, ValueError for what is none: names get into SQL."""
    columns = {column["name"]: column["type"] for column in document["columns"]}
    formerly = {column["name"]: column["formerly"] for column in document["columns"] if "formerly" in column}
    area, partition = document["area"], document["partitioned_by"]
    names = [name, partition, *columns, *(former for each in formerly.values() for former in each)]
    if not all(isinstance(text, str) for text in (area, document["description"], *names, *columns.values())):
        raise TypeError("a name that is no text")
    if DATABASES.get(area) != database or not all(_NAME.fullmatch(each) for each in names):
        raise ValueError("a name that no table has")
    if unknown := set(columns.values()).difference(ATHENA_TYPES.values()):
        raise ValueError(f"the type {min(unknown)[:60]!r}")
    return DeclaredTable(area, name, document["description"], columns, partition, formerly)


def _partition(table: DeclaredTable, written: str) -> str:
    if not is_partition(table.partition, written):
        raise ValueError(f"{written!r} is no {table.partition}")
    return written


def _entry(entry: Mapping[str, Any]) -> Entry:
    key, size, before, notes = entry["key"], entry["size"], entry["before"], entry["notes"]
    if not isinstance(key, str) or not isinstance(before, str) or type(size) is not int:
        raise TypeError("an entry that is none")
    if any(len(part.encode()) > 255 for part in check_key(key)):  # ValueError too, where it is not UTF-8
        raise ValueError("a key that no file system has")
    return Entry(key, size, {str(name): str(text) for name, text in notes.items()}, before)


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error)[:200]}"
