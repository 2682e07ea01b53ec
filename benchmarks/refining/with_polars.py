"""The same job in Polars' expressions."""

from __future__ import annotations

import os
from pathlib import Path

os.environ.setdefault("POLARS_MAX_THREADS", "2")

import polars as pl

_INSTANT = r"^[12]\d{3}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:\d{2})$"
_PLAIN_LIST = r'^\["[^"\\]*"(, "[^"\\]*")*\]$'
_TEXTS = (
    *("track_id", "artist_name", "artist_id", "isrc", "album_id", "album_name", "album_type"),
    *("release_date", "release_date_precision"),
)
_REQUIRED = ("rank", "track_name", "snapshot_at", "source")
_CAST = ("rank", "artist_names", "popularity", "duration_ms", "explicit", "added_at", "snapshot_at")
_ORDER = (
    *("rank", "track_id", "track_name", "artist_name", "artist_id", "artist_names", "popularity", "duration_ms"),
    *("explicit", "isrc", "album_id", "album_name", "album_type", "release_date", "release_date_precision"),
    *("released_on", "added_at", "snapshot_at", "source"),
)


def refine(raw: Path, folder: Path, memory: str) -> None:
    """Refine `raw` into `folder`; `memory` cannot be told to Polars."""
    text = pl.read_csv(raw, infer_schema=False)
    # A list is split where all are plain, which is quicker than reading JSON.
    plain = text.select(
        (pl.col("artist_names").str.contains(_PLAIN_LIST) | pl.col("artist_names").is_null()).all()
    ).item()
    lists = pl.col("artist_names")
    lists = (
        lists.str.strip_prefix('["').str.strip_suffix('"]').str.split('", "')
        if plain
        else lists.str.json_decode(pl.List(pl.String))
    )
    release = pl.col("release_date")
    length = release.str.len_bytes()
    padded = pl.when(length == 4).then(release + "-01-01").when(length == 7).then(release + "-01").otherwise(release)
    first_day = pl.when(release >= "0001").then(padded.str.to_date("%Y-%m-%d", strict=False)).alias("released_on")
    typed = text.select(
        _whole("rank", pl.Int32, 1, 2**31 - 1),
        *(pl.when(pl.col(name) != "").then(pl.col(name)).alias(name) for name in _TEXTS),
        lists.alias("artist_names"),
        _whole("popularity", pl.Int16, 0, 100),
        _whole("duration_ms", pl.Int32, -(2**31), 2**31 - 1),
        pl.col("explicit").replace_strict({"true": True, "false": False}, default=None, return_dtype=pl.Boolean),
        first_day,
        _instant("added_at"),
        _instant("snapshot_at"),
        "track_name",
        "source",
    )
    both = pl.concat([typed, text.rename({name: f"raw {name}" for name in text.columns})], how="horizontal")
    reasons = [pl.when(pl.col(f"raw {name}").is_null()).then(pl.lit(f"{name} is missing")) for name in _REQUIRED]
    reasons += [
        pl.when((pl.col(f"raw {name}") != "") & pl.col(name).is_null()).then(pl.lit(f"{name} is wrong"))
        for name in _CAST
    ]
    reason = both.select(pl.coalesce(reasons).alias("reason"))["reason"]
    text.with_columns(reason).filter(reason.is_not_null()).write_csv(folder / "quarantine.csv", quote_style="always")
    key = pl.coalesce(
        "track_id",
        pl.concat_str("track_name", "artist_name", "album_name", separator="\x00", ignore_nulls=True),
    )
    typed.filter(reason.is_null()).sort("rank", maintain_order=True).with_columns(key.alias("key")).unique(
        "key", keep="first", maintain_order=True
    ).select(_ORDER).write_parquet(
        folder / "refined.parquet", compression="zstd", compression_level=1, row_group_size=131_072
    )


def _whole(name: str, type_: type[pl.DataType], low: int, high: int) -> pl.Expr:
    number = pl.col(name).str.strip_suffix(".0").cast(pl.Int64, strict=False)
    return pl.when(number.is_between(low, high)).then(number).cast(type_).alias(name)


def _instant(name: str) -> pl.Expr:
    shaped = pl.when(pl.col(name).str.contains(_INSTANT)).then(pl.col(name))
    return shaped.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%#z", time_unit="us", time_zone="UTC", strict=False).alias(name)
