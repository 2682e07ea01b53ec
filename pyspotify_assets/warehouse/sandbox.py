"""DuckDB for one query: a database in memory that sees the tables it is given, and neither files nor network.

DuckDB itself is started once a process: that takes ten times as long as a small query.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

_SETTINGS = (
    "SET GLOBAL integer_division = true",  # as Athena divides
    "SET GLOBAL TimeZone = 'UTC'",
    "SET GLOBAL python_enable_replacements = false",  # a name that is no table's could be a variable of ours
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
    "SET enable_external_access = false",  # neither files nor network
    "SET lock_configuration = true",  # whatever follows, no query can undo this
)
"""What a query may do: see what it is given and nothing else. DuckDB takes four fifths of the memory at most."""

_numbers = itertools.count(1)
_starting = threading.Lock()


@contextmanager
def sandbox() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with an empty database of its own, which is gone afterwards. Threads may have one each."""
    with _starting:
        started = _started()
    connection, name = started.cursor(), f"query_{next(_numbers)}"
    try:
        connection.execute(f"ATTACH ':memory:' AS {name}")
        connection.execute(f"USE {name}")
        try:
            yield connection
        finally:
            connection.execute("USE memory")
            connection.execute(f"DETACH {name}")
    finally:
        connection.close()


@cache
def _started() -> duckdb.DuckDBPyConnection:
    import duckdb

    connection = duckdb.connect(":memory:")
    for setting in _SETTINGS:
        connection.execute(setting)
    return connection
