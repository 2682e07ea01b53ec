"""The same job in DuckDB's SQL."""

from __future__ import annotations

from pathlib import Path

import duckdb

NAME = "DuckDB"

_INSTANT = r"[12]\d{3}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:\d{2})"
_LIST = r'\[("([^"\\]|\\.)*"(, *"([^"\\]|\\.)*")*)?\]'
_DATE = r"\d{4}(-\d{2}){0,2}"
_WHOLE = r"-?\d+(\.0*)?"


def _whole(name: str, type_: str, low: int, high: int) -> str:
    number = f"CASE WHEN regexp_full_match({name}, '{_WHOLE}') THEN try_cast({name} AS BIGINT) END"
    return f"CAST(CASE WHEN {number} BETWEEN {low} AND {high} THEN {number} END AS {type_})"


def _text(name: str) -> str:
    return f"nullif({name}, '')"


def _instant(name: str) -> str:
    return f"CASE WHEN regexp_full_match({name}, '{_INSTANT}') THEN try_cast({name} AS TIMESTAMPTZ) END"


_PADDED = "release_date || CASE length(release_date) WHEN 4 THEN '-01-01' WHEN 7 THEN '-01' ELSE '' END"
_COLUMNS = {
    "rank": _whole("rank", "INTEGER", 1, 2**31 - 1),
    "track_id": _text("track_id"),
    "track_name": "track_name",
    "artist_name": _text("artist_name"),
    "artist_id": _text("artist_id"),
    "artist_names": f"CASE WHEN regexp_full_match(artist_names, '{_LIST}') "
    "THEN from_json(artist_names, '[\"VARCHAR\"]') END",
    "popularity": _whole("popularity", "SMALLINT", 0, 100),
    "duration_ms": _whole("duration_ms", "INTEGER", -(2**31), 2**31 - 1),
    "explicit": "CASE explicit WHEN 'true' THEN true WHEN 'false' THEN false END",
    **{name: _text(name) for name in ("isrc", "album_id", "album_name", "album_type")},
    **{name: _text(name) for name in ("release_date", "release_date_precision")},
    "released_on": f"CASE WHEN regexp_full_match(release_date, '{_DATE}') AND release_date >= '0001' "
    f"THEN try_cast({_PADDED} AS DATE) END",
    "added_at": _instant("added_at"),
    "snapshot_at": _instant("snapshot_at"),
    "source": "source",
}
_REQUIRED = ("rank", "track_name", "snapshot_at", "source")
_CAST = ("rank", "artist_names", "popularity", "duration_ms", "explicit", "added_at", "snapshot_at")
_KEY = "coalesce(track_id, concat_ws(chr(0), track_name, coalesce(artist_name, chr(1)), coalesce(album_name, chr(1))))"


def refine(raw: Path, folder: Path, memory: str) -> None:
    """Refine `raw` into `folder` with two threads and `memory` (such as `1GiB`; empty: as much as there is)."""
    settings: dict[str, str | bool | int | float | list[str]] = {"threads": 2, "temp_directory": str(folder / "spill")}
    if memory:
        # As its guide to large workloads advises: order is made in the end, whatever it was before.
        settings |= {"memory_limit": memory, "preserve_insertion_order": False}
    # What does not fit lies in the file of a database; tables of one in memory run out of it.
    with duckdb.connect(folder / "work.duckdb" if memory else ":memory:", config=settings) as connection:
        typed = ", ".join(f"{expression} AS {name}" for name, expression in _COLUMNS.items())
        wrong = [f"WHEN raw.{name} IS NULL THEN '{name} is missing'" for name in _REQUIRED]
        wrong += [f"WHEN raw.{name} <> '' AND {name} IS NULL THEN '{name} is wrong'" for name in _CAST]
        source = """read_csv(?, header = true, all_varchar = true, delim = ',', quote = '"', escape = '"',
            nullstr = '', allow_quoted_nulls = false) AS raw"""
        connection.execute(
            f"""
            CREATE OR REPLACE TABLE judged AS
            SELECT * EXCLUDE (raw), CASE WHEN reason IS NOT NULL THEN raw END AS raw
            FROM (SELECT *, CASE {" ".join(wrong)} END AS reason FROM (SELECT {typed}, raw FROM {source}))
            """,
            [str(raw)],
        )
        connection.execute(
            f"COPY (SELECT raw.*, reason FROM judged WHERE reason IS NOT NULL) TO '{folder}/quarantine.csv' (HEADER)"
        )
        # By itself: together with the sorting it does not fit into a GiB.
        connection.execute(
            f"""
            CREATE OR REPLACE TABLE best AS
            SELECT arg_min(rowid, rank) AS place FROM judged WHERE reason IS NULL GROUP BY {_KEY}
            """
        )
        connection.execute(
            f"""
            COPY (
                SELECT {", ".join(_COLUMNS)} FROM judged WHERE rowid IN (SELECT place FROM best)
                ORDER BY rank
            ) TO '{folder}/refined.parquet'
            (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE 131072)
            """
        )
