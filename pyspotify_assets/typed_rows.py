"""From rows of text to rows of types, as the declaration of a snapshot says: what is right, and of what is not, why.

How one column is cast is in `casting.py`; what becomes of the rows, in `refine.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from pyspotify_assets import casting, literals
from pyspotify_assets.tables import SNAPSHOT, Column

if TYPE_CHECKING:
    import pyarrow as pa

_LIMITS = {"rank": (1, 2**31 - 1), "popularity": (0, 100)}
_WIDTHS = {"int16": (-(2**15), 2**15 - 1), "int32": (-(2**31), 2**31 - 1), "int64": (-(10**18) + 1, 10**18 - 1)}
_MEANINGS = {
    "bool": "true or false",
    "timestamp": "an ISO 8601 instant with a time zone",
    "list<string>": "a JSON array of texts",
}


def rules() -> list[dict[str, object]]:
    """The columns of a refined day, in order, as an engine elsewhere is told them: JSON can write it.

    Each has `name`, `type`, `nullable`, `derived` (not in the raw CSV); `meaning`, what its text should be ("": any),
    as reasons say it; and for whole numbers `low` and `high`.
    """
    return [
        {
            "name": column.name,
            "type": column.type,
            "nullable": column.nullable,
            "derived": column.refined_only,
            "meaning": _meaning(column),
        }
        | (dict(zip(("low", "high"), _limits(column), strict=True)) if column.type in _WIDTHS else {})
        for column in SNAPSHOT.columns
    ]


def raw_rules() -> list[dict[str, object]]:
    """The columns of the raw CSV, in order, likewise.

    Each has `name`; `formerly`, names of before; and `optional`: whether files from before a migration may lack it.
    """
    columns = {column.name: column for column in SNAPSHOT.columns}
    return [
        {
            "name": name,
            "formerly": list(columns[name].formerly) if name in columns else [],
            "optional": name not in columns or bool(columns[name].since),
        }
        for name in SNAPSHOT.raw_columns
    ]


def type_rows(text: pa.RecordBatch) -> tuple[pa.RecordBatch, pa.StringArray]:
    """Raw rows of text as typed rows, and for every raw row why it cannot be typed: null if it was."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    from pyspotify_assets.schemas import arrow_schema

    schema = arrow_schema(SNAPSHOT)
    reasons = ["fine"]
    reason_of_row = np.zeros(text.num_rows, np.int32)

    def refuse(rows: pa.BooleanArray, reason: str) -> None:
        if rows.true_count:
            reason_of_row[(reason_of_row == 0) & literals.to_numpy(rows)] = len(reasons)
            reasons.append(reason)

    columns = []
    for column in SNAPSHOT.columns:
        if column.refined_only:
            columns.append(_derive(column, text))
            continue
        values = text[column.name]
        if column.nullable:
            empty = pc.equal(values, literals.text(""))
            values = pc.if_else(empty, literals.no(values.type), values) if empty.true_count else values
        else:
            refuse(values.is_null(), f"{column.name} is missing")
        cast = _cast(column, schema.field(column.name).type)
        if cast is not None:
            values, bad = cast(values)
            refuse(bad, f"{column.name} is not {_meaning(column)}")
        columns.append(values)
    named = literals.texts(reasons).take(literals.from_numpy(reason_of_row, reason_of_row > 0))
    if named.null_count < len(named):
        fine = named.is_null()
        columns = [values.filter(fine) for values in columns]
    return pa.RecordBatch.from_arrays(columns, schema=schema), named


def _cast(column: Column, type: pa.DataType) -> Callable[[pa.StringArray], casting.Cast] | None:
    """How to cast the column's text; None: it stays text."""
    if column.type in _WIDTHS:
        low, high = _limits(column)
        return partial(casting.whole_numbers, type=type, low=low, high=high)
    if column.type == "timestamp":
        return casting.instants
    return {"bool": casting.truths, "list<string>": casting.text_lists}.get(column.type)


def _limits(column: Column) -> tuple[int, int]:
    return _LIMITS.get(column.name, _WIDTHS[column.type])


def _meaning(column: Column) -> str:
    """What the column's text should be, for the reason; empty if anything will do."""
    if column.type in _WIDTHS:
        low, high = _limits(column)
        return f"a whole number from {low} to {high}" if column.name in _LIMITS else f"a whole number ({column.type})"
    return _MEANINGS.get(column.type, "")


def _derive(column: Column, text: pa.RecordBatch) -> pa.Array:
    if column.name != "released_on":
        raise ValueError(f"refining does not know how to derive {column.name}")
    return casting.first_days(text["release_date"])
