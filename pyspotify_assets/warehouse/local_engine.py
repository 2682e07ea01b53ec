"""The SQL engine of the local environment: Athena SQL, translated by sqlglot, run by DuckDB over the lake's files.

Only SELECT is understood. Tables are `database.table`; they are read through pyarrow, so a folder and S3 are alike, and
only the days that a query asks for are opened.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

from pyspotify_assets.errors import LakeError, QueryError
from pyspotify_assets.lake import Lake
from pyspotify_assets.schemas import arrow_schema
from pyspotify_assets.tables import Table
from pyspotify_assets.warehouse import DeclaredTable, Partition, declared_mart
from pyspotify_assets.warehouse.local_catalog import Entry, LocalCatalog
from pyspotify_assets.warehouse.meter import Meter
from pyspotify_assets.warehouse.sandbox import sandbox
from pyspotify_assets.warehouse.statements import parse_select, selected, under_present_names

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa
    from sqlglot import exp


_LONGEST = 2000
"""Characters of what DuckDB says of a query: it quotes from it."""


class LocalEngine:
    """Answers Athena SQL over the local catalog of one lake. `timeout`: seconds that one query may take."""

    def __init__(self, lake: Lake, timeout: float = 600) -> None:
        self._lake, self._catalog, self._timeout = lake, LocalCatalog(lake), timeout
        self._meter = Meter(_figures)

    def metered(self) -> AbstractContextManager[dict[str, object]]:
        return self._meter.metered()

    def query(self, sql: str, first_day: str = "", last_day: str = "9999-12-31") -> pa.Table:
        import duckdb

        statement = parse_select(sql)
        tables = {(reference.db, reference.name): self._table(reference) for reference in _references(statement)}
        under_present_names(statement, lambda database, name: tables.get((database, name)))
        began, size = time.perf_counter(), 0
        try:
            with sandbox() as connection:
                for table in tables.values():
                    entries = self._catalog.days(table, first_day, last_day)
                    size += sum(entry.size for entry in entries.values())
                    self._attach(connection, table, entries)
                with self._in_time(connection):
                    return connection.sql(statement.sql(dialect="duckdb")).to_arrow_table()
        except duckdb.InterruptException:
            raise QueryError(
                f"The query took longer than {self._timeout:g} s and was ended",
                "Ask for fewer days, or raise PYSPOTIFY_QUERY_TIMEOUT.",
            ) from None
        except duckdb.Error as error:
            words = str(error)[:_LONGEST]
            raise QueryError(f"The query failed: {words}", "Columns and their types are in the catalog.") from error
        except RecursionError:
            raise QueryError("The query is nested too deeply", "Write it with fewer levels.") from None
        finally:
            self._meter.add((size, time.perf_counter() - began))

    def write_partition(self, select: str, mart: Table, day: str, run: str, window: tuple[str, str]) -> pa.Table:
        import pyarrow.parquet as pq

        result = self.query(select, *window).cast(arrow_schema(mart))
        store = self._lake.stores["marts"]
        with store.staging(f"{mart.name}.parquet") as staged:
            pq.write_table(result, staged, compression="zstd")
            store.publish(staged, _mart_key(mart, day, run))
        return result

    def discard(self, mart: Table, day: str, run: str) -> None:
        self._lake.stores["marts"].delete(_mart_key(mart, day, run))

    def point(self, mart: Table, day: str, run: str, notes: Mapping[str, str]) -> Partition:
        table, store = declared_mart(mart), self._lake.stores["marts"]
        key = _mart_key(mart, day, run)
        info = store.info(key)
        if info is None:
            raise LakeError(f"{store.uri(key)} has vanished before it was pointed to", "Run the partition again.")
        self._catalog.declare(table)
        with self._catalog.changing(table) as changes:
            current = self._catalog.days(table, day, day).get(day)
            before = current.key if current and current.key != key else ""
            changes[day] = Entry(key, info.size, notes, before)
        # Readers that began with the object before may still be reading it; the one before that is read by nobody.
        if current and current.before and current.before != key:
            store.delete(current.before)
        return Partition(day, store.uri(key), info.size, notes, store.uri(before) if before else "")

    def partitions(
        self, database: str, table: str, first_day: str = "", last_day: str = "9999-12-31"
    ) -> list[Partition]:
        declared = self._catalog.table(database, table)
        if declared is None:
            return []
        store = self._lake.stores[declared.area]
        return [
            Partition(
                day, store.uri(entry.key), entry.size, entry.notes, store.uri(entry.before) if entry.before else ""
            )
            for day, entry in self._catalog.days(declared, first_day, last_day).items()
        ]

    @contextmanager
    def _in_time(self, connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
        """Interrupt whatever the connection is at when the time is over."""
        over = threading.Timer(self._timeout, connection.interrupt)
        over.daemon = True
        over.start()
        try:
            yield
        finally:
            over.cancel()
            over.join()  # Else it could interrupt a connection that is closed.

    def _table(self, reference: exp.Table) -> DeclaredTable:
        table = self._catalog.table(reference.db, reference.name) if reference.db else None
        if table is None:
            known = ", ".join(f"{table.database}.{table.name}" for table in self._catalog.tables()) or "none yet"
            name = f"{reference.db}.{reference.name}" if reference.db else reference.name
            raise QueryError(f"There is no table {name}", f"Tables are written database.table; there are: {known}.")
        return table

    def _attach(
        self, connection: duckdb.DuckDBPyConnection, table: DeclaredTable, entries: Mapping[str, Entry]
    ) -> None:
        name = f"{table.database}__{table.name}"
        connection.register(name, self._dataset(table, entries))
        connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{table.database}"')
        connection.execute(f'CREATE VIEW "{table.database}"."{table.name}" AS SELECT * FROM "{name}"')

    def _dataset(self, table: DeclaredTable, entries: Mapping[str, Entry]):
        import pyarrow as pa
        import pyarrow.dataset as ds

        filesystem, root = self._lake.stores[table.area].arrow()
        schema = _arrow_columns(table).append(pa.field(table.partition, pa.string()))
        return ds.FileSystemDataset.from_paths(
            [root + entry.key for entry in entries.values()],
            schema=schema,
            format=_csv_format(schema) if table.area == "raw" else ds.ParquetFileFormat(),
            filesystem=filesystem,
            partitions=[ds.field(table.partition) == day for day in entries],
        )


def view_statements(catalog: LocalCatalog) -> list[str]:
    """DuckDB statements that make a view of every table of the catalog, for a shell or a notebook."""
    statements = ["-- Views of every table of this lake, written at each crawl. duckdb -init <this file>"]
    for table in catalog.tables():
        store = catalog.lake.stores[table.area]
        paths = [store.uri(entry.key) for entry in catalog.days(table).values()]
        if not paths:
            continue
        files = ", ".join("'" + path.replace("'", "''") + "'" for path in paths)
        reader = "read_csv" if table.area == "raw" else "read_parquet"
        options = ", all_varchar = true, header = true, quote = '\"', escape = '\"'" if table.area == "raw" else ""
        types = f"hive_types = {{'{table.partition}': VARCHAR}}"
        statements.append(f'CREATE SCHEMA IF NOT EXISTS "{table.database}";')
        # Beside the files a table without rows, which has every column: older files may lack some.
        statements.append(
            f'CREATE OR REPLACE VIEW "{table.database}"."{table.name}" AS SELECT {selected(table)} FROM (\n'
            f"  SELECT {_nothing(table)} WHERE false UNION ALL BY NAME SELECT * FROM\n"
            f"  {reader}([{files}], union_by_name = true, hive_partitioning = true, {types}{options})\n);"
        )
    return [*statements, ""]


def _figures(taken: list[tuple[int, float]]) -> dict[str, object]:
    return {"bytes_scanned": sum(size for size, _ in taken), "query_seconds": sum(seconds for _, seconds in taken)}


def _nothing(table: DeclaredTable) -> str:
    """A null of its type for every column that the files of a table may have."""
    types = {"string": "varchar", "array<string>": "varchar[]", "timestamp": "timestamptz"}
    columns = {**table.file_columns, table.partition: "string"}
    return ", ".join(f'CAST(NULL AS {types.get(type_, type_)}) AS "{name}"' for name, type_ in columns.items())


def _references(statement: exp.Expr) -> list[exp.Table]:
    from sqlglot import exp

    ctes = {cte.alias for cte in statement.find_all(exp.CTE)}
    return [table for table in statement.find_all(exp.Table) if table.name and (table.db or table.name not in ctes)]


def _mart_key(mart: Table, day: str, run: str) -> str:
    return f"{mart.name}/{run}/{mart.partition}={day}/{mart.name}.parquet"


def _arrow_columns(table: DeclaredTable) -> pa.Schema:
    import pyarrow as pa

    types = {
        "string": pa.string(),
        "array<string>": pa.list_(pa.string()),
        "boolean": pa.bool_(),
        "smallint": pa.int16(),
        "int": pa.int32(),
        "bigint": pa.int64(),
        "double": pa.float64(),
        "date": pa.date32(),
        "timestamp": pa.timestamp("us", tz="UTC"),
    }
    return pa.schema([pa.field(name, types[athena_type]) for name, athena_type in table.file_columns.items()])


def _csv_format(schema: pa.Schema):
    import pyarrow.csv as csv
    import pyarrow.dataset as ds

    convert = csv.ConvertOptions(
        column_types=schema, strings_can_be_null=True, null_values=[""], quoted_strings_can_be_null=False
    )
    return ds.CsvFileFormat(convert_options=convert)
