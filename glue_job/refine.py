"""The script that AWS Glue runs: one day's raw CSV becomes one typed Parquet file, on Spark instead of one machine.

The same rows as `pyspotify_assets/refine.py`, value by value: `test_glue_job.py` compares the two. Glue 5.0 has Spark
3.5 and Python 3.11; beside them this needs only boto3, which Glue has, and dagster_pipes, which deploy puts beside it
(see `package.py`). Nothing of pyspotify_assets is imported: the declaration of the columns comes with each run, through
Dagster Pipes, so that it is written once. No value passes through Python: all of it is Spark SQL.

Nothing is published here. The run leaves `refined/` and, if there are bad rows, `quarantine/` under its staging
address, and reports what it counted; the pipeline judges, and puts in place.

    --raw       s3://… of the raw CSV
    --staging   s3://… under which to write
"""

from __future__ import annotations

import argparse
import csv
import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as F

VERSION = "2"
"""Of the rules below. The pipeline says which one it expects (`pyspotify_assets.refine.VERSION`): others would mix."""

SETTINGS = {
    "spark.sql.ansi.enabled": "false",  # An impossible day is null and no failure.
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",  # Spark's own choice is the INT96 of old.
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",  # Days before 1582 as every other reader counts them.
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "mapreduce.fileoutputcommitter.marksuccessfuljobs": "false",
}

TYPES = {
    "string": "string",
    "list<string>": "array<string>",
    "bool": "boolean",
    "int16": "smallint",
    "int32": "int",
    "int64": "bigint",
    "date32": "date",
    "timestamp": "timestamp",
}
"""Type of the declarations → type in Spark."""

QUOTES_REMEDY = 'A value with a quote, comma or line break in it stands in quotes, its own quotes doubled: "a ""b"" c".'

# Java's regular expressions; possessive, since what they give back would be given back on the stack.
_VALUE = r'(?:"[^"\r\n]*+(?:""[^"\r\n]*+)*+"|[^",\r\n]*+)'
_CONTROL_CHARACTERS = "[\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029]+"
_INSTANT = (
    r"\A[12][0-9]{3}-[0-9]{2}-[0-9]{2}[T ](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
    r"(?:\.[0-9]{1,6})?(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])\z"
)
_PLAIN_TEXT = r'"[^"\\\x00-\x1f]*+"'
_PLAIN_LIST = rf"\A\[{_PLAIN_TEXT}(?:, {_PLAIN_TEXT})*+\]\z"
_JSON_TEXT = r'"[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*+"'
_JSON_LIST = rf"\A[ \t\n\r]*+\[[ \t\n\r]*+(?:{_JSON_TEXT}[ \t\n\r]*+(?:,[ \t\n\r]*+{_JSON_TEXT}[ \t\n\r]*+)*+)?\]" + (
    r"[ \t\n\r]*+\z"
)
_NO_ID_KEY = ("track_name", "artist_name", "album_name")


class Fault(Exception):
    """The input is not the raw format: message, and what to do about it."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message, remedy)
        self.message, self.remedy = message, remedy

    def __str__(self) -> str:
        return f"{self.message} ({self.remedy})"


def refine(
    spark: SparkSession,
    raw: str,
    staging: str,
    columns: Sequence[Mapping[str, Any]],
    raw_columns: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """Refine the raw CSV at the address `raw` into `staging`; gives what was counted.

    `columns` and `raw_columns`: those of the refined table and of the raw CSV, in their order, as `rules` and
    `raw_rules` of `pyspotify_assets.typed_rows` give them. Fault, with nothing written, if `raw` is not the raw format.
    """
    for name, value in SETTINGS.items():
        spark.conf.set(name, value)
    names = [column["name"] for column in raw_columns]
    text = read_raw(spark, raw, raw_columns)
    typed = type_rows(text, columns)
    # Counted here and not after the best are picked, so that the one can be held against the other.
    per_key = typed.groupBy("reason", *_key("typed.")).count()
    counted = per_key.groupBy("reason").agg(F.sum("count").alias("rows"), F.count("*").alias("keys")).collect()
    typed_rows, keys = next(((row["rows"], row["keys"]) for row in counted if row["reason"] is None), (0, 0))
    reasons = {row["reason"]: row["rows"] for row in counted if row["reason"] is not None}
    quarantined = sum(reasons.values())
    if quarantined:
        write_quarantine(typed.where("reason is not null"), names, f"{staging}/quarantine")
    best = best_ranked(typed.where("reason is null"))
    # One task writes: one object per feed and day. What does not fit into its memory it sorts on its disk.
    ordered = best.repartition(1).sortWithinPartitions("typed.rank", "position")
    declared = [_declared(column) for column in columns]
    ordered.select(*declared).write.option("compression", "zstd").parquet(f"{staging}/refined")
    return {
        "raw_rows": typed_rows + quarantined,
        "duplicates": typed_rows - keys,
        "quarantined": quarantined,
        "reasons": dict(sorted(reasons.items())),
        **look_again(spark, f"{staging}/refined"),
    }


def read_raw(spark: SparkSession, raw: str, columns: Sequence[Mapping[str, Any]]) -> DataFrame:
    """The raw CSV as text: `position`, which row it is, from 1; and `text`, a struct of `columns`.

    Null and empty text stay apart, which Spark's own CSV reader does not grant. A file from before a migration of the
    columns is understood, see `pyspotify_assets/contract.py`. Fault names the first wrong line.
    """
    lines = (
        spark.read.option("lineSep", "\n")
        .text(raw)
        .select(
            "value", F.col("_metadata.file_block_start").alias("block"), F.monotonically_increasing_id().alias("id")
        )
    )
    first_line = lines.where("block = 0").head(1)
    if not first_line:
        raise Fault(f"{raw} is empty: zero bytes", "Take the snapshot or export the file again.")
    header = header_of(first_line[0]["value"], raw)
    found = known_columns(header, columns, raw)
    width = len(header)
    shape = rf"\A{_VALUE}(?:,{_VALUE}){{{width - 1}}}+\r?\z"
    raw_bytes = F.col("value").cast("binary")
    is_utf8 = F.decode(raw_bytes, "UTF-8").cast("binary") == raw_bytes
    broken = ~(is_utf8 & F.col("value").rlike(shape))
    # Spark splits the file at will; in each block the ids count the lines.
    blocks = (
        lines.groupBy("block")
        .agg(
            F.count("*").alias("lines"),
            F.min("id").alias("first"),
            F.min(F.when(broken, F.col("id"))).alias("broken"),
        )
        .orderBy("block")
        .collect()
    )
    starts, line = [], 1
    for block in blocks:
        if block["broken"] is not None:
            where = (F.col("block") == block["block"]) & (F.col("id") == block["broken"])
            content = bytes(lines.where(where).select(raw_bytes).head(1)[0][0])
            raise fault_of(content, line + block["broken"] - block["first"], width, raw)
        # The header is line 1, and so row 0.
        starts.append(f"({block['block']}L, {line - block['first'] - 1}L)")
        line += block["lines"]
    starting = spark.sql(f"select * from values {', '.join(starts)} as starts (block, start)")
    rows = lines.join(F.broadcast(starting), "block").select((F.col("id") + F.col("start")).alias("position"), "value")
    # A comma before the line, so that no match is empty: of an empty one, the next would begin too late.
    line_text = F.concat(F.lit(","), F.regexp_replace("value", r"\r\z", ""))
    values = rows.where("position > 0").select(
        "position", F.regexp_extract_all(line_text, F.lit(f",({_VALUE})"), 1).alias("values")
    )
    parts = [
        (_unquoted(F.col("values")[found.index(name)]) if name in found else F.lit(None).cast("string")).alias(name)
        for name in (column["name"] for column in columns)
    ]
    return values.select("position", F.struct(*parts).alias("text"))


def type_rows(text: DataFrame, columns: Sequence[Mapping[str, Any]]) -> DataFrame:
    """`text` and beside it the struct `typed`, and `reason`: why the row cannot be typed, null if it was."""
    values, reasons = [], []
    for column in columns:
        name = column["name"]
        given, cast = F.col(f"text.{name}"), F.col(f"typed.{name}")
        if column["derived"]:
            values.append(_first_day(F.col("text.release_date")).alias(name))
            continue
        if column["nullable"]:
            # Empty text is null here, and so is no reason.
            wrong = (given != "") & cast.isNull()
            given = F.when(given != "", given)
        else:
            wrong = given.isNotNull() & cast.isNull()
            reasons.append(F.when(given.isNull(), F.lit(f"{name} is missing")))
        if column["meaning"]:
            reasons.append(F.when(wrong, F.lit(f"{name} is not {column['meaning']}")))
        values.append(_cast(given, column).alias(name))
    typed = text.select("position", "text", F.struct(*values).alias("typed"))
    # Never true, but not deterministic either: so Spark does not move filters on the reason to below the casts, which
    # would bring all of them along, once for each mention: twenty times as slow (measured).
    never = F.when(F.monotonically_increasing_id() < 0, F.lit(""))
    return typed.withColumn("reason", F.coalesce(never, *reasons))


def best_ranked(typed: DataFrame) -> DataFrame:
    """Only the best-ranked row of each track; of equal ranks the first in the file."""
    place = F.row_number().over(Window.partitionBy(*_key("typed.")).orderBy("typed.rank", "position"))
    return typed.withColumn("place", place).where("place = 1")


def write_quarantine(refused: DataFrame, names: Sequence[str], address: str) -> None:
    """Rows that have a reason, as one file in the raw format with the columns `row_number` and `reason` more."""
    texts = [F.regexp_replace(F.col(f"text.{name}"), _CONTROL_CHARACTERS, " ") for name in names]
    texts += [F.col("position").cast("string"), F.col("reason")]
    quoted = [
        F.coalesce(F.concat(F.lit('"'), F.replace(text, F.lit('"'), F.lit('""')), F.lit('"')), F.lit(""))
        for text in texts
    ]
    header = ",".join(f'"{name}"' for name in (*names, "row_number", "reason"))
    lines = refused.select("position", F.concat_ws(",", *quoted).alias("line"))
    first = refused.sparkSession.range(1).select(F.col("id").alias("position"), F.lit(header).alias("line"))
    lines.union(first).repartition(1).sortWithinPartitions("position").select("line").write.text(address)


def look_again(spark: SparkSession, address: str) -> dict[str, Any]:
    """What the written file holds, read again, so that the writer does not judge itself."""
    rows = spark.read.parquet(address)
    keys = rows.groupBy(*_key()).count().count()  # Counting distinct ones would leave out those with a null.
    [counted] = rows.agg(
        F.count("*").alias("rows"),
        F.count("popularity").alias("popularity_given"),
        F.min("popularity").alias("popularity_min"),
        F.max("popularity").alias("popularity_max"),
    ).collect()
    return {**counted.asDict(), "repeated": counted["rows"] - keys}


def header_of(line: str, name: str) -> list[str]:
    """The column names in the first line."""
    try:
        return next(csv.reader([line.removeprefix("\ufeff").rstrip("\r\n")], strict=True), [])
    except csv.Error as error:
        raise Fault(f"{name}, line 1: the header cannot be read: {error}", QUOTES_REMEDY) from None


def known_columns(header: Sequence[str], columns: Sequence[Mapping[str, Any]], name: str) -> list[str]:
    """The columns of a header by the names that they have now. Fault if they are not those of the raw format, which the
    file may have under a name of before (`formerly`) or, if they are `optional`, may lack.
    """
    former = {old: column["name"] for column in columns for old in column["formerly"]}
    found = [former.get(one, one) for one in header]
    required = [column["name"] for column in columns if not column["optional"] or column["name"] in found]
    if sorted(found) != sorted(required):
        names = ", ".join(column["name"] for column in columns)
        raise Fault(f"{name} is not the raw format: {_difference(found, required)}", f"Its columns are: {names}.")
    return found


def fault_of(line: bytes, number: int, width: int, name: str) -> Fault:
    """What is wrong with a line that was refused, in the words of `pyspotify_assets/csv_structure.py`."""
    where = f"{name}, line {number}"
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        byte = f"byte 0x{line[error.start]:02x} at byte {error.start + 1} of the line"
        return Fault(f"{where}: not UTF-8: {byte}", "Save the file as UTF-8 (in Excel: CSV UTF-8).")
    if "\r" in text.removesuffix("\r"):
        return Fault(f"{where}: a carriage return within the line", "End lines with \\n or \\r\\n.")
    if not re.fullmatch(rf"{_VALUE}(?:,{_VALUE})*+\r?", text):
        return Fault(f"{where}: a broken quote, or quotes around a line break", QUOTES_REMEDY)
    values = 1 + sum(part.count(",") for part in text.split('"')[::2])
    return Fault(
        f"{where}: {values} values where the header has {width} columns",
        "Every line has one value per column; an empty one is null.",
    )


def _difference(found: Sequence[str], names: Sequence[str]) -> str:
    parts = {
        "missing": [name for name in names if name not in found],
        "unknown": [name[:60] for name in found if name not in names],
        "more than once": [name for name in dict.fromkeys(found) if found.count(name) > 1],
    }
    return "; ".join(f"{what}: {', '.join(some)}" for what, some in parts.items() if some)


def _unquoted(value: Column) -> Column:
    """A value as it stands in the line: null if it is nothing at all, without its quotes if it has any."""
    inner = F.replace(value.substr(F.lit(2), F.length(value) - 2), F.lit('""'), F.lit('"'))
    return F.when(value == "", None).when(value.startswith('"'), inner).otherwise(value)


def _cast(value: Column, column: Mapping[str, Any]) -> Column:
    """The text as its column's type; null where it means nothing. See `pyspotify_assets/casting.py`."""
    if column["type"] in ("int16", "int32", "int64"):
        digits = F.regexp_extract(value, r"\A(-?[0-9]+)(?:\.0*)?\z", 1)
        # 18 digits always fit into 64 bits.
        number = F.when((digits != "") & (F.length(digits) <= 18), digits).cast("bigint")
        return F.when(number.between(column["low"], column["high"]), number).cast(TYPES[column["type"]])
    if column["type"] == "bool":
        return F.when(value == "true", True).when(value == "false", False)
    if column["type"] == "timestamp":
        return _instant(value)
    if column["type"] == "list<string>":
        inner = value.substr(F.lit(3), F.length(value) - 4)
        # What is no plain list may be one with escapes; from_json is lenient, so the form is looked at before.
        return F.when(value.rlike(_PLAIN_LIST), F.split(inner, '", "', -1)).when(
            value.rlike(_JSON_LIST), F.from_json(value, "array<string>")
        )
    return value


def _instant(value: Column) -> Column:
    """By hand: Spark knows no offset beyond 18 hours."""

    def number(start: int, length: int) -> Column:
        return value.substr(start, length).cast("int")

    minutes = number(-5, 2) * 60 + number(-2, 2)
    sign = value.substr(-6, 1)
    offset = F.when(sign == "+", minutes).when(sign == "-", -minutes).otherwise(0)
    seconds = number(12, 2) * 3600 + number(15, 2) * 60 + number(18, 2) - offset * 60
    fraction = F.rpad(F.regexp_extract(value, r"\.([0-9]+)", 1), 6, "0").cast("int")
    day = F.unix_date(F.make_date(number(1, 4), number(6, 2), number(9, 2))).cast("bigint")
    return F.when(value.rlike(_INSTANT), F.timestamp_micros((day * 86400 + seconds) * 1_000_000 + fraction))


def _first_day(value: Column) -> Column:
    """The first day of the period that 2022, 2022-03 or 2022-03-31 names; null for anything else."""
    form = r"\A([0-9]{4})(?:-([0-9]{2}))?(?:-([0-9]{2}))?\z"
    year, month, day = (F.regexp_extract(value, form, number) for number in (1, 2, 3))
    first = F.make_date(
        year.cast("int"),
        F.when(month == "", 1).otherwise(month.cast("int")),
        F.when(day == "", 1).otherwise(day.cast("int")),
    )
    return F.when(year.cast("int") >= 1, first)  # ISO 8601 and Java have a year 0, Python and the others do not.


def _key(of: str = "") -> list[Column]:
    """What makes a track: its id; rows without one are the same track if title, artist and album are the same."""
    no_id = F.col(f"{of}track_id").isNull()
    return [
        F.col(f"{of}track_id").alias("id"),
        *(F.when(no_id, F.col(f"{of}{name}")).alias(name) for name in _NO_ID_KEY),
    ]


def _declared(column: Mapping[str, Any]) -> Column:
    """A column of the result. One that must not be null is none by now; coalescing tells Spark so, and the file."""
    value = F.col(f"typed.{column['name']}")
    if not column["nullable"]:
        nothing = F.timestamp_micros(F.lit(0)) if column["type"] == "timestamp" else F.lit("0")
        value = F.coalesce(value, nothing.cast(TYPES[column["type"]]))
    return value.alias(column["name"])


def main(arguments: Sequence[str]) -> None:
    """Run as Glue runs it."""
    import boto3
    from dagster_pipes import (
        PipesCliArgsParamsLoader,
        PipesS3ContextLoader,
        PipesS3MessageWriter,
        open_dagster_pipes,
    )

    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--raw", required=True)
    parser.add_argument("--staging", required=True)
    given, _ = parser.parse_known_args(arguments)  # Glue adds arguments of its own.
    pipes = PipesCliArgsParamsLoader()
    if not pipes.is_dagster_pipes_process():
        sys.exit("This job is started by the pipeline, which tells it the columns: PYSPOTIFY_REFINE_ENGINE=glue")
    s3 = boto3.client("s3")
    with open_dagster_pipes(
        params_loader=pipes, context_loader=PipesS3ContextLoader(s3), message_writer=PipesS3MessageWriter(s3)
    ) as run:
        expected = run.get_extra("version")
        if expected != VERSION:
            raise RuntimeError(f"This script has version {VERSION} of the rules, the pipeline {expected}: make deploy")
        spark = SparkSession.builder.getOrCreate()
        try:
            figures = refine(
                spark, given.raw, given.staging.rstrip("/"), run.get_extra("columns"), run.get_extra("raw_columns")
            )
        except Fault as fault:
            run.report_custom_message({"fault": fault.message, "remedy": fault.remedy})
            raise
        run.log.info(f"{figures['rows']} rows of {figures['raw_rows']}")
        run.report_custom_message({"refined": figures})


if __name__ == "__main__":
    main(sys.argv[1:])
