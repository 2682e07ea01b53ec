"""Whether refined files hold the same rows in the same order: `python -m benchmarks.refining.compare FILE FILE…`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS = 100_000


def difference(one: Path, other: Path) -> str:
    """The first row in which the two differ, in words; empty if there is none. Types may be wider, not values."""
    row = 0
    for left, right in zip_longest(_pieces(one), _pieces(other)):
        rows = [0 if piece is None else piece.num_rows for piece in (left, right)]
        if rows[0] != rows[1]:
            return f"{one.parent.name} has {row + rows[0]} rows or more, {other.parent.name} {row + rows[1]}"
        for name in left.schema.names:
            ours, theirs = left[name].combine_chunks(), right[name].combine_chunks()
            if not ours.equals(theirs):
                pairs = zip(ours.to_pylist(), theirs.to_pylist(), strict=False)
                place, (our, their) = next((n, pair) for n, pair in enumerate(pairs) if pair[0] != pair[1])
                return f"row {row + place}, {name}: {our!r} in {one.parent.name}, {their!r} in {other.parent.name}"
        row += left.num_rows
    return ""


def _pieces(path: Path) -> Iterator[pa.Table]:
    import pyarrow as pa
    from pyarrow import parquet

    from pyspotify_assets.schemas import arrow_schema
    from pyspotify_assets.tables import SNAPSHOT

    # Every column nullable: not all engines write what is never null.
    schema = pa.schema([field.with_nullable(True) for field in arrow_schema(SNAPSHOT)])
    with parquet.ParquetFile(path) as file:
        waiting = schema.empty_table()
        for group in range(file.num_row_groups):
            waiting = pa.concat_tables([waiting, file.read_row_group(group).select(schema.names).cast(schema)])
            while waiting.num_rows >= _ROWS:
                yield waiting.slice(0, _ROWS)
                waiting = waiting.slice(_ROWS)
        if waiting.num_rows:
            yield waiting


if __name__ == "__main__":
    first, *others = map(Path, sys.argv[1:])
    differences = [words for words in (difference(first, other) for other in others) if words]
    sys.exit("\n".join(differences) or 0)
