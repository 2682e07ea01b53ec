"""Refining: one day's raw CSV becomes one typed Parquet file. No Dagster, no lake: paths in, paths out.

Every raw row ends in one of three places: refined, left out as the duplicate of a better-ranked row of the same track,
or in quarantine because it cannot be typed. Nothing else happens to a row, and one bad row never changes another.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from pyspotify_assets import literals
from pyspotify_assets.best_ranks import BestRanked
from pyspotify_assets.raw_csv import map_raw_csv, write_raw_csv
from pyspotify_assets.row_groups import of_size, ranges, read_row_groups, write_row_groups
from pyspotify_assets.tables import SNAPSHOT, Column
from pyspotify_assets.track_numbers import Numbers, hashed, numbered
from pyspotify_assets.typed_rows import type_rows

if TYPE_CHECKING:
    import pyarrow as pa

VERSION = "2"
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

FIRST_ROWS = 5
THREADS = 2
"""Pieces of raw that are read and typed at once, beside the writing: more only wait for one another."""

REMEMBERED = 1 << 20
"""Raw of up to so many bytes: the tracks themselves are remembered, which is quicker than to read back what has stayed.
Of more, 64 bits of each: see `best_ranks`."""


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
    first_rows: pa.Table | None = field(default=None, compare=False)
    """The best-ranked FIRST_ROWS rows, for a look at them; None if there is no row."""


def refine(raw: Path | BinaryIO, refined: Path, quarantine: Path) -> Refined:
    """Write the raw CSV `raw`, typed, deduplicated and ordered by rank, to the Parquet file `refined`.

    Rows that cannot be typed are written to the CSV `quarantine` (shape: QUARANTINE); without such rows it is not
    touched. Equal input gives equal bytes. RawFormatError, with nothing written, if `raw` is not the raw format.
    """
    begin = 0 if isinstance(raw, Path) else raw.tell()
    with _in_the_end(refined, quarantine) as (rows, refused):
        outcome = _refine(raw, rows, refused, hashed) if _size(raw) > REMEMBERED else None
        if outcome is None:
            if not isinstance(raw, Path):
                raw.seek(begin)
            refused.unlink(missing_ok=True)
            outcome = _refine(raw, rows, refused, numbered())
    assert outcome is not None  # Numbers that are never shared mistake no track for another.
    return outcome


def _size(raw: Path | BinaryIO) -> int:
    """Bytes that are to be read."""
    if isinstance(raw, Path):
        return raw.stat().st_size
    begin = raw.tell()
    end = raw.seek(0, os.SEEK_END)
    raw.seek(begin)
    return end - begin


def _refine(raw: Path | BinaryIO, refined: Path, quarantine: Path, numbers: Numbers) -> Refined | None:
    """Refine, telling tracks apart by `numbers`; None if that has failed, see `best_ranks`."""
    import numpy as np

    from pyspotify_assets.schemas import arrow_schema

    schema = arrow_schema(SNAPSHOT)
    reasons: Counter[str] = Counter()
    raw_rows = rows = given = 0
    first_rows: pa.Table | None = None

    def typed() -> Iterator[pa.Table]:
        nonlocal raw_rows
        for piece_rows, table, refused in map_raw_csv(_typed, raw, threads=THREADS):
            if refused is not None:
                found = [{**row, "row_number": raw_rows + row["row_number"]} for row in refused.to_pylist()]
                with open(quarantine, "ab") as file:
                    write_raw_csv(found, file, QUARANTINE, header=not reasons)
                reasons.update(row["reason"] for row in found)
            raw_rows += piece_rows
            yield table

    def counted(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
        nonlocal rows, given, first_rows
        rows, given, first_rows = 0, 0, None
        for table in tables:
            if first_rows is None and table.num_rows:
                # Taken, not sliced: a slice would hold the memory of the whole piece.
                first_rows = table.take(literals.from_numpy(np.arange(min(FIRST_ROWS, table.num_rows))))
            rows += table.num_rows
            given += table.num_rows - table["popularity"].null_count
            yield table

    def write(pieces: Iterable[pa.Table]) -> BestRanked:
        best = BestRanked(numbers)
        write_row_groups(counted(of_size(map(best.keep, pieces), schema)), schema, refined)
        return best

    best = write(typed())
    if not best.in_order:
        unordered = refined.replace(refined.with_name(f"{refined.name}.unordered"))
        try:
            best = write(ranges(unordered, "rank"))
        finally:
            unordered.unlink()
    if numbers is hashed and not best.was_right(partial(read_row_groups, refined)):
        return None
    quarantined = sum(reasons.values())
    return Refined(
        raw_rows=raw_rows,
        rows=rows,
        duplicates=raw_rows - quarantined - rows,
        quarantined=quarantined,
        reasons=dict(sorted(reasons.items())),
        popularity_given=given,
        first_rows=first_rows,
    )


@contextmanager
def _in_the_end(*paths: Path) -> Iterator[list[Path]]:
    """Paths beside `paths`, whose files take their place in the end; not if it ends in an error."""
    parts = [path.with_name(f"{path.name}.part") for path in paths]
    try:
        yield parts
        for part, path in zip(parts, paths, strict=True):
            if part.exists():
                part.replace(path)
    finally:
        for part in parts:
            part.unlink(missing_ok=True)


def _typed(text: pa.RecordBatch) -> tuple[int, pa.Table, pa.RecordBatch | None]:
    """How many raw rows there are; those that could be typed; and, if any, those that could not, see `_refused`."""
    import pyarrow as pa

    rows, reasons = type_rows(text)
    table = pa.Table.from_batches([rows])
    return len(reasons), table, _refused(text, reasons) if reasons.null_count < len(reasons) else None


def _refused(batch: pa.RecordBatch, reasons: pa.StringArray) -> pa.RecordBatch:
    """The rows of `batch` that have a reason, in the shape of QUARANTINE; numbered within the batch, from 1."""
    import numpy as np
    import pyarrow as pa

    numbers = literals.from_numpy(np.arange(1, batch.num_rows + 1))
    arrays = [*batch.columns, numbers, reasons]
    return pa.RecordBatch.from_arrays(arrays, names=list(QUARANTINE.raw_columns)).filter(reasons.is_valid())
