"""The raw CSV: the only module that knows how a snapshot is written as text, and how that text is read.

UTF-8, header, every value quoted, `\\n` line ends, null as an empty unquoted field, empty text as `""`. Control
characters inside a value become one space, since neither Athena nor Glue can read line breaks in CSV. The same rows
give the same bytes.

Reading is strict where something could get lost and lenient where not: a value without quotes, `\\r\\n` line ends, a
BOM, a missing last line end and columns in another order are understood, and so is a file from before a migration that
the declaration tells of (see `contract.py`); a broken quote, at whatever place, is not.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeVar

from pyspotify_assets.ahead import ahead
from pyspotify_assets.contract import described, header_differences, listed, present_names
from pyspotify_assets.csv_structure import BLOCK, blocks, first_fault, header_of, name_of, well_formed
from pyspotify_assets.errors import RawFormatError
from pyspotify_assets.tables import SNAPSHOT, Table

if TYPE_CHECKING:
    import pyarrow as pa

Done = TypeVar("Done")

CONTROL_CHARACTERS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
"""C0 and C1 controls and Unicode's line and paragraph separators: line breaks to one CSV reader or another."""


@dataclass(frozen=True)
class Written:
    """What `write_raw_csv` found out: rows written, and values in which control characters were replaced."""

    rows: int
    replaced: int


def write_raw_csv(
    rows: Iterable[Mapping[str, object]], file: BinaryIO, table: Table = SNAPSHOT, header: bool = True
) -> Written:
    """Write `rows` (column name → value, absent is null) to `file`; without `header` to one that has begun.

    Values are str, int, float, bool, list of str, aware datetime or None; see `to_text`.
    """
    columns = table.raw_columns
    if header:
        file.write((",".join(f'"{name}"' for name in columns) + "\n").encode())
    written = replaced = 0
    for row in rows:
        fields = []
        for name in columns:
            value = row.get(name)
            if isinstance(value, list):
                # JSON escapes control characters: cleaned only as text, they would be back after parsing.
                items = [CONTROL_CHARACTERS.sub(" ", item) for item in value]
                replaced += items != value
                value = items
            text = to_text(value)
            if text is None:
                fields.append("")
                continue
            clean, changes = CONTROL_CHARACTERS.subn(" ", text)
            replaced += bool(changes)
            fields.append('"' + clean.replace('"', '""') + '"')
        # A lone surrogate cannot be written in UTF-8; Spotify's JSON can carry one as an escape.
        file.write((",".join(fields) + "\n").encode("utf-8", "replace"))
        written += 1
    return Written(written, replaced)


def to_text(value: object) -> str | None:
    """One value as the raw CSV has it: true or false, ISO instants in UTC, lists as JSON; null is None."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def open_raw_csv(raw: Path | BinaryIO, table: Table = SNAPSHOT, block: int = BLOCK) -> pa.RecordBatchReader:
    """A reader of the raw CSV `raw` as text: batches of `table`'s raw columns, in its order, all strings.

    Null and empty text stay apart. A path is opened when the first batch is asked for and closed after the last; an
    open file is read from where it stands and left open. `block` is the bytes read at once, about those of a batch.

    Raises RawFormatError, naming file and line: at once for a file of zero bytes or one whose columns are not those
    that `table` has or once had, while reading for what is not UTF-8, a broken quote, or a line with too many or too
    few values. No line is ever left out.
    """
    import pyarrow as pa

    from pyspotify_assets.schemas import raw_arrow_schema

    schema = raw_arrow_schema(table)
    batches = map_raw_csv(lambda batch: batch, raw, table, block)
    if isinstance(raw, Path):
        with open(raw, "rb") as file:
            _columns(file, str(raw), table)
        return pa.RecordBatchReader.from_batches(schema, batches)
    # Asked for here, so that a wrong header is refused here.
    first = list(islice(batches, 1))
    return pa.RecordBatchReader.from_batches(schema, chain(first, batches))


def map_raw_csv(
    work: Callable[[pa.RecordBatch], Done],
    raw: Path | BinaryIO,
    table: Table = SNAPSHOT,
    block: int = BLOCK,
    threads: int = 1,
) -> Iterator[Done]:
    """What `work` gives for each batch of `open_raw_csv`, in their order; done where the batch is read, in `threads`.

    Nothing is read, and nothing refused, before the first is asked for.
    """
    name = str(raw) if isinstance(raw, Path) else name_of(raw)
    with open(raw, "rb") if isinstance(raw, Path) else nullcontext(raw) as file:
        columns = _columns(file, name, table)

        def read(piece: bytes) -> tuple[int, Done]:
            batch = _completed(_parse(columns, piece), table)
            return batch.num_rows, work(batch)

        line = 2
        try:
            pieces = blocks(file, block, at_start=False)
            for rows, done in ahead(read, pieces, threads, worth=lambda first: len(first) >= block):
                yield done
                line += rows
        except _Unreadable as problem:
            fault = first_fault(problem.block, line, len(columns), name)
            raise fault or RawFormatError(f"{name}, from line {line} on: {problem}") from None


def _columns(file: BinaryIO, name: str, table: Table) -> list[str]:
    """The columns that the first line of `file` says it has, by the names that they have now."""
    columns = header_of(file.readline(BLOCK), name)
    difference = described(header_differences(columns, table))
    if difference:
        raise RawFormatError(
            f"{name} is not the raw format: {difference}", f"Its columns are: {listed(table.raw_columns)}."
        )
    return present_names(columns, table)


def _completed(batch: pa.RecordBatch, table: Table) -> pa.RecordBatch:
    """The batch with all columns of `table` in their order; one that the file does not have yet is null."""
    import pyarrow as pa

    names = table.raw_columns
    if all(name in batch.schema.names for name in names):
        return batch.select(names)
    there = {name: batch.column(name) for name in batch.schema.names}
    absent = pa.nulls(batch.num_rows, pa.string())
    return pa.RecordBatch.from_arrays([there.get(name, absent) for name in names], names=list(names))


class _Unreadable(Exception):
    """A block that is not well-formed; the message is what the reader has to say."""

    def __init__(self, block: bytes, problem: str) -> None:
        super().__init__(problem)
        self.block = block


def _parse(columns: list[str], block: bytes) -> pa.RecordBatch:
    """The rows of `block`, which is whole lines."""
    import numpy as np
    import pyarrow as pa
    from pyarrow import csv

    lines = np.count_nonzero(np.frombuffer(block, np.uint8) == ord("\n")) + (not block.endswith(b"\n"))
    try:
        found = csv.read_csv(
            pa.BufferReader(block),
            csv.ReadOptions(column_names=columns, block_size=len(block) + 1, use_threads=False),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(columns, pa.string()),
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid as error:
        raise _Unreadable(block, str(error)) from None
    # The reader leaves empty lines out, and is lenient about quotes.
    if found.num_rows != lines or not well_formed(block):
        raise _Unreadable(block, "lines that cannot be told apart")
    batches = found.to_batches()
    # More than one where lines are short; combining copies, of one as well.
    return batches[0] if len(batches) == 1 else found.combine_chunks().to_batches()[0]
