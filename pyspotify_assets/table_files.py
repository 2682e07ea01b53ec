"""Tables in files: how CSV and Parquet are written, and how objects of a store are read. Knows no Dagster.

The format goes by the name. `.csv` is the raw format (see `raw_csv`), all text. `.parquet` has the declared schema
where its columns are those of a declared table. Whatever the size, no more than some tens of megabytes are held at a
time: a row group of Parquet, a block of CSV.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyspotify_assets.contract import present_names
from pyspotify_assets.errors import LakeError, MissingPartitionError, RawFormatError
from pyspotify_assets.tables import Column, Table, partition_of
from pyspotify_assets.tabular import as_now, conform, declared_schema, stored_schema, table_of, with_day

if TYPE_CHECKING:
    import pyarrow as pa

    from pyspotify_assets.lake import Place
    from pyspotify_assets.stores import ObjectInfo

    Part = tuple[Place, ObjectInfo]

GROUP_ROWS, GROUP_BYTES = 122_880, 48 << 20
"""A row group is written once it has so many rows (fewer cost three times the space) or bytes (more cost memory)."""

WHOLE = 8 << 20
"""Bytes up to which an object is fetched at once: one request, and never half of it from before a replacement."""

_READ_AT_ONCE = 8


def write_file(reader: pa.RecordBatchReader, path: Path, what: str) -> int:
    """Write all that `reader` gives to `path`, CSV or Parquet by its suffix; gives the number of rows.

    `what` names it in a LakeError. What the reader itself raises comes through.
    """
    return _write_csv(reader, path, what) if path.suffix == ".csv" else _write_parquet(reader, path, what)


def _write_parquet(reader: pa.RecordBatchReader, path: Path, what: str) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = stored_schema(reader.schema)
    rows = held = size = 0
    waiting: list[pa.Table] = []
    with pq.ParquetWriter(path, schema, compression="zstd", compression_level=3) as writer:
        for table in conform(reader, schema, what):
            # A large batch is cut, so that its row groups are of one size with the others'.
            for start in range(0, table.num_rows, GROUP_ROWS):
                part = table.slice(start, GROUP_ROWS)
                waiting.append(part)
                rows, held, size = rows + part.num_rows, held + part.num_rows, size + part.nbytes
                if held >= GROUP_ROWS or size >= GROUP_BYTES:
                    writer.write_table(pa.concat_tables(waiting), row_group_size=held)
                    held = size = 0
                    waiting.clear()
        if waiting:
            writer.write_table(pa.concat_tables(waiting), row_group_size=held)
    return rows


def _write_csv(reader: pa.RecordBatchReader, path: Path, what: str) -> int:
    import pyarrow as pa

    from pyspotify_assets.raw_csv import write_raw_csv

    def written(field: pa.Field) -> pa.Field:
        text = pa.types.is_string(field.type) or pa.types.is_large_string(field.type)
        if declared is not None and not text:  # Of pandas, whose integers are floats where there is a null.
            return declared.field(field.name).with_nullable(True)
        if pa.types.is_timestamp(field.type):  # Without a zone it is UTC, as everywhere here, and not this machine's.
            return field.with_type(pa.timestamp("us", "UTC"))
        return field.remove_metadata()

    if len(reader.schema.names) < 2:  # Null would be an empty line, which readers skip or refuse.
        raise LakeError(
            f"{what}: one column alone cannot be kept as CSV", "Add a column, or use an area other than raw."
        )
    declared = declared_schema(reader.schema.names, raw=True)
    names = declared.names if declared is not None else reader.schema.names
    schema = pa.schema([written(reader.schema.field(name)) for name in names])
    rows = (row for table in conform(reader, schema, what) for row in table.to_pylist())
    with open(path, "wb") as file:
        return write_raw_csv(rows, file, _text_table(names)).rows


def read_reader(parts: Iterable[Part], columns: Sequence[str] | None, days: bool) -> pa.RecordBatchReader:
    """The parts one after the other, each opened when its turn comes; `days` appends the partition column.

    All have the schema of the first. LakeError naming the part that has other columns or cannot be read.
    """
    import pyarrow as pa

    remaining = iter(parts)
    place, info = next(remaining)
    wanted = _stored(columns, days, place)
    stream = _stream(place, info, wanted)
    schema = next(stream)

    def tables() -> Iterator[pa.Table]:
        yield from (_finished(table, place, columns, days) for table in conform(stream, schema, place.uri))
        for part in remaining:
            yield from (_finished(table, part[0], columns, days) for table in _conforming(part, wanted, schema, place))

    empty = _finished(schema.empty_table(), place, columns, days)
    batches = (batch for table in tables() for batch in table.to_batches())
    return pa.RecordBatchReader.from_batches(empty.schema, batches)


def read_table(parts: Iterable[Part], columns: Sequence[str] | None, days: bool) -> pa.Table:
    """As `read_reader`, all at once: several parts are fetched at a time."""
    from concurrent.futures import ThreadPoolExecutor

    import pyarrow as pa

    first, *others = parts
    wanted = _stored(columns, days, first[0])
    stream = _stream(*first, wanted)
    schema = next(stream)
    tables = [schema.empty_table(), *conform(stream, schema, first[0].uri)]
    found = [_finished(table, first[0], columns, days) for table in tables]

    def read(part: Part) -> list[pa.Table]:
        tables = _conforming(part, wanted, schema, first[0])
        return [_finished(table, part[0], columns, days) for table in tables]

    if others:
        with ThreadPoolExecutor(_READ_AT_ONCE) as pool:
            found += [table for tables in pool.map(read, others) for table in tables]
    return pa.concat_tables(found)


def _stored(columns: Sequence[str] | None, days: bool, place: Place) -> list[str] | None:
    """The columns to be read from files, in which the partition column is not."""
    return None if columns is None else [name for name in columns if not (days and name == _partition(place))]


def _partition(place: Place) -> str:
    return partition_of(place.key.partition("/")[0])


def _finished(table: pa.Table, place: Place, columns: Sequence[str] | None, days: bool) -> pa.Table:
    if not days:
        return table
    column = _partition(place)
    table = with_day(table, place.day, column)
    return table.select(columns) if columns is not None and column in columns else table


def _conforming(part: Part, columns: list[str] | None, schema: pa.Schema, first: Place) -> Iterator[pa.Table]:
    stream = _stream(*part, columns)
    found = next(stream).names
    if sorted(found) != sorted(schema.names):
        different = ", ".join(sorted(set(found) ^ set(schema.names)))
        raise LakeError(
            f"{part[0].uri} has other columns than {first.uri}: {different}", "Ask for the columns that both have."
        )
    return conform(stream, schema, part[0].uri)


def _stream(place: Place, info: ObjectInfo, columns: list[str] | None) -> Iterator[Any]:
    """First the schema of an object, then its batches."""
    return _csv_stream(place, columns) if place.key.endswith(".csv") else _parquet_stream(place, info, columns)


def _csv_stream(place: Place, columns: list[str] | None) -> Iterator[Any]:
    import pyarrow as pa

    from pyspotify_assets.csv_structure import BLOCK, header_of
    from pyspotify_assets.raw_csv import open_raw_csv
    from pyspotify_assets.schemas import raw_arrow_schema

    with place.store.local(place.key) as path, open(path, "rb") as file:
        try:
            names = header_of(file.readline(BLOCK), str(path))
            file.seek(0)
            table = table_of(names, raw=True) or _text_table(list(dict.fromkeys(names)))
            wanted = _known(columns, table.raw_columns, place)
            reader = open_raw_csv(file, table)
            yield pa.schema([raw_arrow_schema(table).field(name) for name in wanted])
            for batch in reader:
                yield batch.select(wanted)
        except RawFormatError as error:  # On S3 the file is a passing copy: name what it is a copy of.
            raise RawFormatError(str(error.args[0]).replace(str(path), place.uri), error.remedy) from None


def _parquet_stream(place: Place, info: ObjectInfo, columns: list[str] | None) -> Iterator[Any]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from pyspotify_assets.schemas import arrow_schema

    with _named(place), _opened(place, info) as source, pq.ParquetFile(source, pre_buffer=True) as file:
        found = file.schema_arrow.remove_metadata()
        table = table_of(found.names)
        schema = arrow_schema(table) if table else found
        wanted = _known(columns, schema.names, place)
        schema = pa.schema([schema.field(name) for name in wanted])
        yield schema
        present = present_names(found.names, table) if table else found.names
        stored = [name for name, now in zip(found.names, present, strict=True) if now in wanted]
        # Group by group: asked for all of them, pyarrow fetches all of them beforehand and holds the whole file.
        for group in range(file.num_row_groups):
            for batch in file.iter_batches(row_groups=[group], columns=stored):
                yield as_now(batch, table, schema) if table else batch.replace_schema_metadata(None)


@contextmanager
def _opened(place: Place, info: ObjectInfo) -> Iterator[Any]:
    """The object, open for pyarrow. LakeError, at the end at the latest, if it is replaced while it is being read."""
    import pyarrow as pa

    if info.size <= WHOLE:
        yield pa.BufferReader(place.store.read(place.key))
        return
    filesystem, root = place.store.arrow()
    try:
        with filesystem.open_input_file(f"{root}{place.key}") as file:
            yield file
    except (OSError, pa.ArrowInvalid):  # Pieces of two objects make none.
        _check_unchanged(place, info)
        raise
    if filesystem.type_name != "local":  # There an open file stays what it was.
        _check_unchanged(place, info)


def _check_unchanged(place: Place, info: ObjectInfo) -> None:
    now = place.info()
    if now is None or now.identity != info.identity:
        raise LakeError(f"{place.uri} was replaced while it was being read", "Read it again.")


@contextmanager
def _named(place: Place) -> Iterator[None]:
    import pyarrow as pa

    try:
        yield
    except FileNotFoundError:
        raise MissingPartitionError(f"{place.uri} is not there", "Materialize that partition first.") from None
    except (OSError, UnicodeDecodeError, pa.ArrowException) as error:  # What damage does, by where in the file it is.
        raise LakeError(f"{place.uri} cannot be read: {error}", "Materialize that partition again.") from error


def _known(columns: list[str] | None, there: Sequence[str], place: Place) -> list[str]:
    unknown = [name for name in columns or () if name not in there]
    if unknown:
        raise LakeError(f"{place.uri} has no column {', '.join(unknown)}", f"Its columns are: {', '.join(there)}.")
    return list(there if columns is None else columns)


def _text_table(names: Sequence[str]) -> Table:
    """A declaration for a raw table that is not declared: text, whatever its columns."""
    return Table("", "", tuple(Column(name, "string", "") for name in names), ())
