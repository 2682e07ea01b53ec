"""The SQL engine of the aws environment: Amazon Athena over the Glue catalog.

A mart's day is written by UNLOAD to a folder of its own, read back and checked by the caller, and only then pointed to:
one change in the catalog, after which every new query reads the new day and none has seen half of it.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from pyspotify_assets.aws.waiting import Pauses
from pyspotify_assets.errors import LakeError, QueryError
from pyspotify_assets.lake import Lake
from pyspotify_assets.names import DATABASES, AwsNames
from pyspotify_assets.schemas import arrow_schema
from pyspotify_assets.tables import Table
from pyspotify_assets.warehouse import DeclaredTable, Partition, declared_table
from pyspotify_assets.warehouse.athena_cost import figures
from pyspotify_assets.warehouse.athena_queries import AthenaQueries
from pyspotify_assets.warehouse.athena_results import read_result
from pyspotify_assets.warehouse.glue_catalog import LAST_DAY, CatalogPartition, GlueCatalog
from pyspotify_assets.warehouse.meter import Meter
from pyspotify_assets.warehouse.statements import in_databases

if TYPE_CHECKING:
    import pyarrow as pa

PAUSES = Pauses(0.2, 5)
"""Most of our queries end within two seconds."""

_SIZE, _BEFORE = "size", "before"
"""Parameters of a mart's partition beside its notes: bytes of its objects, and the location that it had before."""


class AthenaEngine:
    """Answers Athena SQL in the workgroup of one stage. `timeout`: seconds one query may take."""

    def __init__(self, lake: Lake, names: AwsNames, timeout: float, pauses: Pauses = PAUSES) -> None:
        self._lake, self._meter = lake, Meter(figures)
        self._catalog = GlueCatalog(names, QueryError)
        self._queries = AthenaQueries(names.workgroup, timeout, self._meter, pauses)
        self._folders: dict[tuple[str, str, str], str] = {}

    def metered(self) -> AbstractContextManager[dict[str, object]]:
        return self._meter.metered()

    def query(self, sql: str, first_day: str = "", last_day: str = LAST_DAY) -> pa.Table:
        """The days are in the SQL: Athena prunes by itself."""
        return read_result(self._queries.run(self._as_asked(sql)))

    def write_partition(self, select: str, mart: Table, day: str, run: str, window: tuple[str, str]) -> pa.Table:
        self._choose_folder(mart, day, run)
        # UNLOAD refuses a folder that has objects: those of an earlier attempt of this run.
        self.discard(mart, day, run)
        statement = self._as_asked(select)
        self._queries.run(
            f"UNLOAD (\n{statement}\n)\nTO '{self._location(mart, day, run)}'\n"
            "WITH (format = 'PARQUET', compression = 'ZSTD')"
        )
        return self._read_back(mart, day, run)

    def discard(self, mart: Table, day: str, run: str) -> None:
        self._delete(self._folder(mart, day, run))

    def point(self, mart: Table, day: str, run: str, notes: Mapping[str, str]) -> Partition:
        database, folder = DATABASES["marts"], self._folder(mart, day, run)
        objects = list(self._lake.stores["marts"].objects(folder))
        location = self._location(mart, day, run)
        if not objects:
            raise LakeError(f"{location} has vanished before it was pointed to", "Run the partition again.")
        size = sum(info.size for info in objects)
        current = self._catalog.partition(database, mart.name, day)
        parameters = dict(notes) | {_SIZE: str(size)}
        before = ""
        if current:
            before = current.location if current.location != location else current.parameters.get(_BEFORE, "")
        if before:
            parameters[_BEFORE] = before
        if current is None or (current.location, dict(current.parameters)) != (location, parameters):
            partition = CatalogPartition(day, location, parameters)
            self._catalog.put_partition(database, mart.name, partition, replace=current is not None)
        # Readers that began with the folder before may still be reading it; the one before that is read by nobody.
        outlived = current.parameters.get(_BEFORE, "") if current else ""
        if outlived not in ("", location, before):
            self._delete_outlived(mart, day, outlived)
        return Partition(day, location, size, notes, before)

    def partitions(self, database: str, table: str, first_day: str = "", last_day: str = LAST_DAY) -> list[Partition]:
        found = self._catalog.partitions(database, table, first_day, last_day) or []
        return [
            Partition(one.day, one.location, *_size_and_notes(one.parameters), one.parameters.get(_BEFORE, ""))
            if database == DATABASES["marts"]
            else Partition(one.day, one.location, 0)
            for one in found
        ]

    def _as_asked(self, sql: str) -> str:
        return in_databases(sql, self._catalog.databases, _parquet_table)

    def _read_back(self, mart: Table, day: str, run: str) -> pa.Table:
        import pyarrow as pa
        import pyarrow.parquet as pq

        store, schema, folder = self._lake.stores["marts"], arrow_schema(mart), self._folder(mart, day, run)
        parts = []
        try:
            for info in store.objects(folder):
                with store.local(info.key) as file:
                    parts.append(pq.read_table(file, partitioning=None).cast(schema))
        except ValueError as error:  # ArrowInvalid is one.
            self.discard(mart, day, run)
            raise QueryError(
                f"The rows of {mart.name} on {day} are not what tables.py declares: {error}",
                f"Compare sql/{mart.name}.sql with the declaration.",
            ) from error
        if parts:
            return pa.concat_tables(parts)
        # Athena writes nothing where there is no row. A day without rows has an object all the same: without one it
        # could not be told from a day that has vanished.
        with store.staging(f"{mart.name}.parquet") as staged:
            pq.write_table(schema.empty_table(), staged, compression="zstd")
            store.publish(staged, f"{folder}{mart.name}.parquet")
        return schema.empty_table()

    def _location(self, mart: Table, day: str, run: str) -> str:
        return self._address(self._folder(mart, day, run))

    def _address(self, folder: str) -> str:
        return f"{self._lake.stores['marts'].uri(folder.rstrip('/'))}/"

    def _folder(self, mart: Table, day: str, run: str) -> str:
        return self._folders.get((mart.name, day, run)) or _folder(mart, day, run)

    def _choose_folder(self, mart: Table, day: str, run: str) -> None:
        """The run's own folder, or another where readers are in it: a step that is retried has its run's name."""
        current = self._catalog.partition(DATABASES["marts"], mart.name, day)
        if current and self._location(mart, day, run) in (current.location, current.parameters.get(_BEFORE)):
            self._folders[mart.name, day, run] = _folder(mart, day, f"{run}-{uuid.uuid4().hex[:8]}")

    def _delete(self, folder: str) -> None:
        store = self._lake.stores["marts"]
        for info in list(store.objects(folder)):
            store.delete(info.key)

    def _delete_outlived(self, mart: Table, day: str, location: str) -> None:
        """Only what this engine has written is deleted, whatever somebody has put into the catalog."""
        root = self._lake.stores["marts"].uri(mart.name)
        folder = location.removeprefix(f"{root}/").rstrip("/")
        run, _, rest = folder.partition("/")
        if location.startswith(f"{root}/") and run and rest == f"{mart.partition}={day}":
            self._delete(_folder(mart, day, run))


def _parquet_table(database: str, name: str) -> DeclaredTable | None:
    """Of the raw CSV, which is read by position, renamed columns need no care."""
    table = declared_table(database, name)
    return None if table is None or table.area == "raw" else table


def _folder(mart: Table, day: str, run: str) -> str:
    return f"{mart.name}/{run}/{mart.partition}={day}/"


def _size_and_notes(parameters: Mapping[str, str]) -> tuple[int, dict[str, str]]:
    notes = {name: text for name, text in parameters.items() if name not in (_SIZE, _BEFORE)}
    size = parameters.get(_SIZE, "")
    return int(size) if size.isdecimal() else 0, notes
