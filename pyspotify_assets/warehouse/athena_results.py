"""The result of a query of Amazon Athena as an Arrow table, its columns typed as Athena says they are.

Athena leaves a result as CSV on S3, every value quoted and null unquoted, which knows no types, and beside it, in
GetQueryResults, the columns' names and types. That answer's rows come a thousand at a time: only its head is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from pyspotify_assets.aws.refusals import explained
from pyspotify_assets.aws.session import client
from pyspotify_assets.errors import QueryError
from pyspotify_assets.stores.s3 import S3Options, S3Store

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

_BLOCK = 32 << 20
"""Bytes that are parsed at a time. A row has to fit: Athena allows a row of 32 MB."""

_WITH_ZONE = "timestamp with time zone"


def read_result(execution: Mapping[str, Any]) -> pa.Table:
    """The rows of a SELECT that has succeeded, from what GetQueryExecution says of it.

    Arrays, maps and rows stay the text that Athena makes of them. Two columns may have one name. QueryError, LakeError.
    """
    query_id = execution["QueryExecutionId"]
    with explained(QueryError, f"The result of the query {query_id}"):
        head = client("athena").get_query_results(QueryExecutionId=query_id, MaxResults=1)
    columns = head["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
    bucket, _, key = execution["ResultConfiguration"]["OutputLocation"].removeprefix("s3://").partition("/")
    with S3Store(bucket, options=S3Options(owner="{account}")).local(key) as file:
        try:
            return _typed(file, columns)
        except ValueError as error:  # ArrowInvalid is one.
            raise QueryError(f"The result of the query {query_id} cannot be read: {error}") from error


def _typed(file: Path, columns: Sequence[Mapping[str, Any]]) -> pa.Table:
    import pyarrow as pa
    import pyarrow.csv as csv

    places = [str(place) for place in range(len(columns))]  # Names may occur twice.
    types = dict(zip(places, map(_arrow_type, columns), strict=True))
    if file.stat().st_size == 0:
        table = pa.schema(types.items()).empty_table()
    else:
        table = csv.read_csv(
            file,
            csv.ReadOptions(column_names=places, skip_rows_after_names=1, block_size=_BLOCK),
            # One column that is null is an empty line.
            csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
            csv.ConvertOptions(
                column_types=types, null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=False
            ),
        )
    for place, column in enumerate(columns):
        if column["Type"] == _WITH_ZONE:
            instants = [None if text is None else _instant(text) for text in table[place].to_pylist()]
            table = table.set_column(place, places[place], pa.array(instants, pa.timestamp("us", tz="UTC")))
    return table.rename_columns([column["Name"] for column in columns])


def _arrow_type(column: Mapping[str, Any]) -> pa.DataType:
    import pyarrow as pa

    name = column["Type"]
    if name == "decimal" and column.get("Precision"):
        return pa.decimal128(column["Precision"], column.get("Scale", 0))
    types = {
        "boolean": pa.bool_(),
        "tinyint": pa.int8(),
        "smallint": pa.int16(),
        "integer": pa.int32(),
        "bigint": pa.int64(),
        "real": pa.float32(),
        "float": pa.float32(),
        "double": pa.float64(),
        "date": pa.date32(),
        "timestamp": pa.timestamp("us"),
    }
    return types.get(name, pa.string())


def _instant(text: str) -> datetime:
    """An instant such as 2026-11-22 12:00:00.000 America/Sao_Paulo, or with UTC or +03:00."""
    local, zone = text.rsplit(" ", 1)
    offset = re.fullmatch(r"[+-]\d\d:\d\d", zone)
    zone_info = datetime.fromisoformat(f"2000-01-01T00:00{zone}").tzinfo if offset else ZoneInfo(zone)
    return datetime.fromisoformat(local).replace(tzinfo=zone_info).astimezone(UTC)
