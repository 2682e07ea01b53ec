"""Refining: one day's raw CSV becomes one typed Parquet file. No Dagster, no lake: paths in, paths out.

Every raw row ends in one of three places: refined, left out as the duplicate of a better-ranked row of the same track,
or in quarantine because it cannot be typed. Nothing else happens to a row, and one bad row never changes another.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from pyspotify_assets import casting
from pyspotify_assets.raw_csv import open_raw_csv, write_raw_csv
from pyspotify_assets.tables import SNAPSHOT, Column

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

VERSION = "1"
"""Part of the fingerprint of every refined partition: raise it when the same raw CSV would come out differently."""

_LAST = max(column.since for column in SNAPSHOT.columns)
"""What is said of a row stands behind all of the row."""

QUARANTINE = replace(
    SNAPSHOT,
    name="quarantine",
    description="Raw rows that could not be refined: the text as it was, and why.",
    columns=(
        *(replace(column, type="string", nullable=True) for column in SNAPSHOT.columns if not column.refined_only),
        Column("row_number", "int64", "Which row of the raw CSV it is, from 1, the header not counted", since=_LAST),
        Column("reason", "string", "Why it could not be refined: the first column that is wrong", since=_LAST),
    ),
)
"""The shape of a quarantine file, written like a raw CSV."""

ROW_GROUP = 1 << 17
"""Rows per row group: from 122,880 on, larger ones are no faster to scan."""

_LIMITS = {"rank": (1, 2**31 - 1), "popularity": (0, 100)}
_WIDTHS = {"int16": (-(2**15), 2**15 - 1), "int32": (-(2**31), 2**31 - 1), "int64": (-(10**18) + 1, 10**18 - 1)}
_MEANINGS = {
    "bool": "true or false",
    "timestamp": "an ISO 8601 instant with a time zone",
    "list<string>": "a JSON array of texts",
}
_NO_ID_KEY = ("track_name", "artist_name", "album_name")


@dataclass(frozen=True)
class Refined:
    """What became of the rows: `raw_rows` = `rows` + `duplicates` + `quarantined`."""

    raw_rows: int
    rows: int
    duplicates: int
    quarantined: int
    reasons: dict[str, int] = field(default_factory=dict)
    """Reason → rows in quarantine for it; they add up to `quarantined`."""
    popularity_given: int = 0
    """Refined rows that have a popularity."""


def refine(raw: Path | BinaryIO, refined: Path, quarantine: Path) -> Refined:
    """Write the raw CSV `raw`, typed, deduplicated and ordered by rank, to the Parquet file `refined`.

    Rows that cannot be typed are written to the CSV `quarantine` (shape: QUARANTINE); without such rows it is not
    touched. Equal input gives equal bytes. RawFormatError, with nothing written, if `raw` is not the raw format.
    """
    import pyarrow as pa

    from pyspotify_assets.schemas import arrow_schema

    kept, refused = [], []
    raw_rows = 0
    for batch in open_raw_csv(raw):
        typed, reasons = type_rows(batch)
        if reasons.null_count < len(reasons):
            refused.append(_refused(batch, reasons, raw_rows + 1))
        kept.append(typed)
        raw_rows += batch.num_rows
    table = pa.Table.from_batches(kept, arrow_schema(SNAPSHOT))
    typed_rows = table.num_rows
    table = best_ranked(table)
    reasons_counted = Counter(reason for part in refused for reason in part["reason"].to_pylist())

    _write_parquet(table, refined)
    if refused:
        with open(quarantine, "wb") as file:
            write_raw_csv((row for part in refused for row in part.to_pylist()), file, QUARANTINE)
    return Refined(
        raw_rows=raw_rows,
        rows=table.num_rows,
        duplicates=typed_rows - table.num_rows,
        quarantined=raw_rows - typed_rows,
        reasons=dict(sorted(reasons_counted.items())),
        popularity_given=table.num_rows - table["popularity"].null_count,
    )


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
            reason_of_row[(reason_of_row == 0) & rows.to_numpy(zero_copy_only=False)] = len(reasons)
            reasons.append(reason)

    columns = []
    for column in SNAPSHOT.columns:
        if column.refined_only:
            columns.append(_derive(column, text))
            continue
        values = text[column.name]
        if column.nullable:
            empty = pc.equal(values, "")
            values = pc.if_else(empty, None, values) if empty.true_count else values
        else:
            refuse(values.is_null(), f"{column.name} is missing")
        cast = _cast(column, schema.field(column.name).type)
        if cast is not None:
            values, bad = cast(values)
            refuse(bad, f"{column.name} is not {_meaning(column)}")
        columns.append(values)
    named = pa.array([None, *reasons[1:]], pa.string()).take(pa.array(reason_of_row))
    if named.null_count < len(named):
        columns = [values.filter(named.is_null()) for values in columns]
    return pa.RecordBatch.from_arrays(columns, schema=schema), named


def best_ranked(table: pa.Table) -> pa.Table:
    """`table` ordered by rank, with only the best-ranked row of each track; of equal ranks the first.

    A track is its id; rows without one are the same track if title, artist and album are the same.
    """
    import numpy as np

    order = np.argsort(table["rank"].to_numpy(), kind="stable")
    ordered = order[_first_of_each(table.select(["track_id", *_NO_ID_KEY]).take(order))]
    # Nearly always raw is in order and without duplicates: then there is nothing to move.
    return table if np.array_equal(ordered, np.arange(table.num_rows)) else table.take(ordered)


def _first_of_each(keys: pa.Table) -> np.ndarray:
    """The positions, ascending, of the rows that are the first with their key."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    keys = keys.append_column("position", pa.array(np.arange(keys.num_rows)))
    no_id = pc.is_null(keys["track_id"])
    parts = ((pc.invert(no_id), ["track_id"]), (no_id, list(_NO_ID_KEY)))
    firsts = [
        keys.filter(rows).group_by(names).aggregate([("position", "min")])["position_min"].to_numpy()
        for rows, names in parts
    ]
    return np.sort(np.concatenate(firsts))


def _cast(column: Column, type: pa.DataType) -> Callable[[pa.StringArray], casting.Cast] | None:
    """How to cast the column's text; None: it stays text."""
    if column.type in _WIDTHS:
        low, high = _limits(column)
        return partial(casting.whole_numbers, type=type, low=low, high=high)
    if column.type == "timestamp":
        return partial(casting.per_distinct, casting.instants)
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
    encoded = text["release_date"].dictionary_encode()
    return casting.first_days(encoded.dictionary).take(encoded.indices)


def _refused(batch: pa.RecordBatch, reasons: pa.StringArray, first_row: int) -> pa.RecordBatch:
    """The rows of `batch` that have a reason, in the shape of QUARANTINE."""
    import numpy as np
    import pyarrow as pa

    numbers = pa.array(np.arange(first_row, first_row + batch.num_rows))
    arrays = [*batch.columns, numbers, reasons]
    return pa.RecordBatch.from_arrays(arrays, names=list(QUARANTINE.raw_columns)).filter(reasons.is_valid())


def _write_parquet(table: pa.Table, path: Path) -> None:
    from pyarrow import parquet

    parquet.write_table(table, path, compression="zstd", compression_level=3, row_group_size=ROW_GROUP)
