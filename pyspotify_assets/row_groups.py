"""The row groups of a Parquet file that is written piece by piece, and read back so: a few of them are in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyspotify_assets.ahead import ahead

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

ROW_GROUP = 1 << 17
"""Rows per row group: from 122,880 on, larger ones are no faster to scan."""

UNLIKE = ("rank", "track_id", "isrc", "duration_ms")
"""Columns in which hardly any value comes twice: a dictionary of them takes time and space, and saves nothing."""

ENCODINGS = {"rank": "DELTA_BINARY_PACKED"}
"""Instead of the plain values: ranks that follow one another take no space at all."""

SORTED_AT_ONCE = 1 << 20
"""Rows of a file without order that are sorted in memory at a time; each time the file is read once."""


def write_row_groups(tables: Iterable[pa.Table], schema: pa.Schema, path: Path) -> None:
    """Write `tables` to the Parquet file `path`, a row group each; while one is written, the next is made."""
    from pyarrow import parquet

    with parquet.ParquetWriter(path, schema, **layout(schema)) as writer:

        def write(table: pa.Table) -> None:
            writer.write_table(table, row_group_size=max(table.num_rows, 1))

        for _ in ahead(write, tables, waiting=2, worth=lambda first: first.num_rows >= ROW_GROUP):
            pass


def layout(schema: pa.Schema) -> dict[str, Any]:
    """How the columns of `schema` are written, as pyarrow's writer is told; chosen by `benchmarks/layout`."""
    from pyarrow import types

    # Of a list, the column that is stored is that of its elements.
    paths = {field.name: f"{field.name}.list.element" if types.is_list(field.type) else field.name for field in schema}
    return {
        "compression": "zstd",
        "compression_level": 1,
        "use_dictionary": [path for name, path in paths.items() if name not in UNLIKE],
        "column_encoding": ENCODINGS,
    }


def read_row_groups(path: Path, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """The row groups of a Parquet file, one after the other."""
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            yield file.read_row_group(group, columns=None if columns is None else list(columns))


def of_size(tables: Iterable[pa.Table], schema: pa.Schema, rows: int = ROW_GROUP) -> Iterator[pa.Table]:
    """The rows of `tables`, so many at a time; at the end as many as are left, which may be none if it is all."""
    import pyarrow as pa

    waiting, held, none = [], 0, True
    for table in tables:
        waiting.append(table)
        held += table.num_rows
        while held >= rows:
            whole = pa.concat_tables(waiting)
            yield whole.slice(0, rows)
            waiting, held, none = [whole.slice(rows)], held - rows, False
    if held or none:
        yield pa.concat_tables(waiting) if waiting else pa.Table.from_batches([], schema)


def ranges(path: Path, column: str) -> Iterator[pa.Table]:
    """The rows of a Parquet file by ranges of `column`, whole numbers without nulls: each range above the one before.

    Within a range rows stay in the order of the file. About SORTED_AT_ONCE rows each, more where the same number comes
    more often. The file is read once for each range.
    """
    import numpy as np
    import pyarrow as pa

    from pyspotify_assets import literals

    def numbers(table: pa.Table) -> np.ndarray:
        return literals.to_numpy(table[column].combine_chunks())

    everything = np.sort(np.concatenate([numbers(table) for table in read_row_groups(path, [column])]))
    starts = np.unique(everything[::SORTED_AT_ONCE]).tolist()
    for low, above in pairwise([*starts, int(everything[-1]) + 1]):
        parts = []
        for table in read_row_groups(path):
            found = numbers(table)
            parts.append(table.take(literals.from_numpy(np.flatnonzero((found >= low) & (found < above)))))
        yield pa.concat_tables(parts)
