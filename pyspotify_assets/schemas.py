"""What is derived from the declarations in `tables.py`: Arrow, Athena, DuckDB and Dagster schemas, and SQL types.

Heavy libraries are imported inside the functions that need them, so that loading definitions stays light.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from pyspotify_assets.contract import staged_differences
from pyspotify_assets.tables import PARTITION_COLUMN, PLAY_YEAR, Column, Table

if TYPE_CHECKING:
    import dagster as dg
    import pyarrow as pa

ATHENA_TYPES = {
    "string": "string",
    "list<string>": "array<string>",
    "bool": "boolean",
    "int16": "smallint",
    "int32": "int",
    "int64": "bigint",
    "double": "double",
    "date32": "date",
    "timestamp": "timestamp",
}
"""Type of the declarations → type in the Glue catalog (and so in Athena DDL)."""

_TRINO_CASTS = {"string": "varchar", "list<string>": "array(varchar)", "int": "integer"}


def athena_columns(table: Table) -> dict[str, str]:
    """Column name → Athena type, without the partition."""
    return {column.name: ATHENA_TYPES[column.type] for column in table.columns}


def raw_athena_columns(table: Table) -> dict[str, str]:
    """Column name → Athena type of the raw CSV: all strings, since the CSV reader of Athena knows no empty numbers."""
    return dict.fromkeys(table.raw_columns, "string")


def cast_type(column: Column) -> str:
    """The type to CAST to in Athena's query language (Trino's names, not those of its DDL)."""
    athena = ATHENA_TYPES[column.type]
    return _TRINO_CASTS.get(column.type, _TRINO_CASTS.get(athena, athena))


@cache
def arrow_schema(table: Table) -> pa.Schema:
    """The Arrow schema of the refined or mart Parquet files, without the partition."""
    import pyarrow as pa

    types = _arrow_types()
    return pa.schema([pa.field(column.name, types[column.type], nullable=column.nullable) for column in table.columns])


def declared_types(schema: pa.Schema) -> dict[str, str]:
    """Column name → type, as the declarations name it; a type that they do not know by Arrow's own name."""
    names = [(type_, name) for name, type_ in _arrow_types().items()]
    return {
        field.name: next((name for type_, name in names if type_ == field.type), str(field.type)) for field in schema
    }


def _arrow_types() -> dict[str, pa.DataType]:
    import pyarrow as pa

    return {
        "string": pa.string(),
        "list<string>": pa.list_(pa.string()),
        "bool": pa.bool_(),
        "int16": pa.int16(),
        "int32": pa.int32(),
        "int64": pa.int64(),
        "double": pa.float64(),
        "date32": pa.date32(),
        "timestamp": pa.timestamp("us", tz="UTC"),
    }


def raw_arrow_schema(table: Table) -> pa.Schema:
    """The Arrow schema of the raw CSV as text: every column a string."""
    import pyarrow as pa

    return pa.schema([pa.field(name, pa.string()) for name in table.raw_columns])


def dagster_schema(table: Table, raw: bool = False) -> dg.TableSchema:
    """The column schema that Dagster's UI shows, descriptions and partition included."""
    import dagster as dg

    means = {PARTITION_COLUMN: "Day of the snapshot, YYYY-MM-DD", PLAY_YEAR: "Year of the play (UTC), YYYY"}
    partition = dg.TableColumn(table.partition, "string", f"{means[table.partition]}: the partition")
    columns = [
        dg.TableColumn(
            column.name,
            "string" if raw else ATHENA_TYPES[column.type],
            column.description.replace("<", "&lt;"),  # It is shown as Markdown.
            dg.TableColumnConstraints(nullable=column.nullable),
        )
        for column in table.columns
        if not (raw and column.refined_only)
    ]
    return dg.TableSchema(columns=[*columns, partition])


def schema_differences(found: pa.Schema, declared: pa.Schema) -> list[str]:
    """How the schema of a file that is to be published differs from the declared one, in words."""
    if found.equals(declared):
        return []
    return [str(one) for one in staged_differences(declared_types(found), declared_types(declared))]
