"""The sandbox of a query: its own tables, nobody else's, and nothing of it is left."""

from __future__ import annotations

import threading

import duckdb
import pyarrow as pa
import pytest

from pyspotify_assets.warehouse.sandbox import sandbox

DATABASES = "SELECT database_name FROM duckdb_databases() WHERE NOT internal"


def test_queries_at_once_that_name_their_tables_alike_see_their_own():
    both_are_there, seen = threading.Barrier(2, timeout=10), {}

    def query(value: int) -> None:
        with sandbox() as connection:
            connection.register("rows", pa.table({"value": [value]}))
            connection.execute("CREATE SCHEMA refined")
            connection.execute("CREATE VIEW refined.songs AS SELECT * FROM rows")
            both_are_there.wait()
            seen[value] = connection.sql("SELECT value FROM refined.songs").fetchall()
            both_are_there.wait()

    threads = [threading.Thread(target=query, args=(value,)) for value in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert seen == {1: [(1,)], 2: [(2,)]}


def test_nothing_is_left_of_a_query_that_fails():
    with pytest.raises(duckdb.CatalogException), sandbox() as connection:
        connection.execute("CREATE TABLE songs AS SELECT 1 AS rank")
        connection.sql("SELECT * FROM charts")

    with sandbox() as connection:
        assert len(connection.sql(DATABASES).fetchall()) == 2  # DuckDB's own and this one's.
        with pytest.raises(duckdb.CatalogException):
            connection.sql("SELECT * FROM songs")


@pytest.mark.parametrize(
    "statement",
    ["SELECT * FROM '/etc/passwd'", "SELECT * FROM read_text('/etc/passwd')", "ATTACH '/tmp/somewhere.duckdb' AS more"],
)
def test_no_file_can_be_opened_and_that_cannot_be_undone(statement):
    with sandbox() as connection:
        with pytest.raises(duckdb.Error):
            connection.execute(statement)
        with pytest.raises(duckdb.InvalidInputException, match="locked"):
            connection.execute("SET enable_external_access = true")
