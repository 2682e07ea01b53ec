"""What `pyspotify sql` does: one query, and its rows as a table or as JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal

from pyspotify_assets.errors import QueryError
from pyspotify_assets.settings import load_settings
from pyspotify_assets.terminal.document import one_document
from pyspotify_assets.terminal.grid import show_table
from pyspotify_assets.terminal.screen import console, say
from pyspotify_assets.warehouse.engines import sql_engine

TABLE_ROWS = 50
"""Rows that a table shows unless asked for more; JSON has all, since a script would not notice what is missing."""


def print_query(query: str, limit: int | None, as_json: bool = False) -> None:
    """Run one query and print its rows, at most `limit` of them."""
    with one_document(as_json) as document:
        result = sql_engine(load_settings()).query(query)
        names = result.column_names
        shown = result.slice(0, limit or (result.num_rows if as_json else TABLE_ROWS))
        rows = list(zip(*(column.to_pylist() for column in shown.columns), strict=True))
        if as_json:
            document |= {"columns": names, "rows": _objects(names, rows), "row_count": result.num_rows}
            return
        figures = {name for name, column in zip(names, shown.columns, strict=True) if _are_figures(column.to_pylist())}
        show_table(console, names, [tuple(map(_text, row)) for row in rows], figures=figures)
        of = f" of {result.num_rows}" if len(rows) < result.num_rows else ""
        say(f"{len(rows)}{of} row{'' if result.num_rows == 1 else 's'}")


def _objects(names: Sequence[str], rows: Sequence[Sequence[object]]) -> list[dict[str, object]]:
    twice = [name for name, number in Counter(names).items() if number > 1]
    if twice:
        raise QueryError(f"Two columns of the result are called {twice[0]}", "Name them with AS, each by its own name.")
    return [dict(zip(names, row, strict=True)) for row in rows]


def _are_figures(column: Sequence[object]) -> bool:
    there = [value for value in column if value is not None]
    return bool(there) and all(isinstance(value, int | float | Decimal) for value in there)


def _text(value: object) -> str:
    """A value as people read it: nothing for null, a list without brackets."""
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(map(_text, value))
    if isinstance(value, date | datetime | time):
        return str(value)
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, dict) else str(value)
