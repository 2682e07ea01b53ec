"""One table in three guises: pandas DataFrame, pyarrow Table, pyarrow RecordBatchReader. Knows no files and no Dagster.

A DataFrame that is read has Arrow types (`pd.ArrowDtype`): pandas' own would turn integers with a null among them into
floats, and null into NaN. Which guise is meant is told by name, so that neither library is imported for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from pyspotify_assets.contract import is_of, present_names
from pyspotify_assets.errors import LakeError
from pyspotify_assets.tables import LISTENING, MARTS, PARTITION_COLUMN, PLAYS, SNAPSHOT, Table

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    Tabular: TypeAlias = pd.DataFrame | pa.Table | pa.RecordBatchReader

GUISES = {("pandas", "DataFrame"): "frame", ("pyarrow", "Table"): "table", ("pyarrow", "RecordBatchReader"): "reader"}
"""Top package and name of a type → what this module calls it."""

BATCH_ROWS = 1 << 17
"""Rows of a table that are handed on at once."""


def guise_of(kind: type) -> str:
    """`frame`, `table` or `reader`; empty for any other type."""
    classes = getattr(kind, "__mro__", ())
    found = (GUISES.get((cls.__module__.partition(".")[0], cls.__qualname__)) for cls in classes)
    return next((guise for guise in found if guise), "")


def to_reader(data: Tabular) -> pa.RecordBatchReader:
    """The data as a reader, without copying a Table; the index of a DataFrame is not part of the table."""
    import pyarrow as pa

    guise = guise_of(type(data))
    if guise == "reader":
        return data
    table: Any = pa.Table.from_pandas(data, preserve_index=False) if guise == "frame" else data
    if not guise:
        raise LakeError(
            f"A {type(data).__qualname__} cannot be stored",
            "Give a pandas DataFrame, a pyarrow Table or RecordBatchReader.",
        )
    return table.to_reader(max_chunksize=BATCH_ROWS)


def from_table(table: pa.Table, guise: str) -> Any:
    """The table in the guise asked for."""
    if guise == "table":
        return table
    if guise == "reader":
        return table.to_reader(max_chunksize=BATCH_ROWS)
    import pandas as pd

    return table.to_pandas(types_mapper=pd.ArrowDtype)


def declared_schema(names: Sequence[str], raw: bool = False) -> pa.Schema | None:
    """The schema declared in `tables.py` for a table of exactly these columns, in whatever order; None if none is."""
    import pyarrow as pa

    from pyspotify_assets.schemas import arrow_schema

    for table in (SNAPSHOT, *MARTS, PLAYS, *LISTENING):
        if sorted(names) == sorted(table.raw_columns if raw else table.column_names):
            schema = arrow_schema(table)
            return pa.schema([schema.field(name) for name in table.raw_columns]) if raw else schema
    return None


def table_of(names: Sequence[str], raw: bool = False) -> Table | None:
    """The declared table that a file with these columns is of, as it is or once was; None if it is of none."""
    tables = (SNAPSHOT, *MARTS, PLAYS, *LISTENING)
    exact = [table for table in tables if sorted(names) == sorted(table.raw_columns if raw else table.column_names)]
    return next((table for table in (*exact, *tables) if is_of(names, table, raw)), None)


def as_now(batch: pa.RecordBatch, table: Table, schema: pa.Schema) -> pa.RecordBatch:
    """A batch of a file of `table`, which may be an older one, with the columns of `schema`: null where it has none."""
    import pyarrow as pa

    if batch.schema.names == schema.names:  # As nearly always; and of no columns at all, only the batch knows the rows.
        return batch.replace_schema_metadata(None)
    present = dict(zip(present_names(batch.schema.names, table), batch.columns, strict=True))
    arrays = [present.get(field.name, pa.nulls(batch.num_rows, field.type)) for field in schema]
    return pa.RecordBatch.from_arrays(arrays, names=schema.names)


def stored_schema(schema: pa.Schema) -> pa.Schema:
    """The schema with which a table goes into Parquet: the declared one, or its own in types that Athena reads too."""
    import pyarrow as pa

    # A column without a single value has no type in pandas; Parquet's readers need one. pandas 3 keeps text as large.
    plain = {pa.null(): pa.string(), pa.large_string(): pa.string(), pa.large_binary(): pa.binary()}
    fields = [field.with_type(plain.get(field.type, field.type)).remove_metadata() for field in schema]
    return declared_schema(schema.names) or pa.schema(fields)


def conform(batches: Iterable[pa.RecordBatch], schema: pa.Schema, what: str) -> Iterator[pa.Table]:
    """Each batch as a table of that schema. LakeError saying `what` it was if a value does not go into its column."""
    import pyarrow as pa

    for batch in batches:
        table = pa.Table.from_batches([batch]).select(schema.names)
        if not table.schema.equals(schema, check_metadata=True):
            try:
                table = table.cast(schema)
            except (pa.ArrowInvalid, pa.ArrowNotImplementedError, ValueError) as error:  # Arrow's: no such cast.
                raise LakeError(f"{what}: {error}", f"Its columns are to be:\n{schema.to_string()}") from error
        yield table


def without_day(reader: pa.RecordBatchReader, day: str) -> pa.RecordBatchReader:
    """The reader without the partition column: the path says the day, and a reader would find it twice.

    LakeError if a row says another day.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if PARTITION_COLUMN not in reader.schema.names:
        return reader
    position = reader.schema.get_field_index(PARTITION_COLUMN)

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in reader:
            found = pc.unique(batch.column(position).cast(pa.string())).to_pylist()
            if found not in ([], [day]):
                raise LakeError(
                    f"The rows of the partition {day} say {PARTITION_COLUMN} = {', '.join(map(str, found))}",
                    "Give each day's rows to its own partition.",
                )
            yield batch.remove_column(position)

    return pa.RecordBatchReader.from_batches(reader.schema.remove(position), batches())


def with_day(table: pa.Table, day: str, column: str = PARTITION_COLUMN) -> pa.Table:
    """The table with the partition column, text, as its last."""
    import pyarrow as pa

    days = pa.nulls(table.num_rows, pa.string()).fill_null(day)
    return table.append_column(pa.field(column, pa.string()), days)
