"""Writes a refined file anew in another layout: `python -m benchmarks.layout.run REFINED LAYOUT TARGET`."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from pyspotify_assets import row_groups
from pyspotify_assets.schemas import arrow_schema
from pyspotify_assets.tables import SNAPSHOT

LAYOUTS: Mapping[str, Mapping[str, Any]] = {
    "as it is": {},
    "row groups of 8,192": {"row_group_size": 8_192},
    "row groups of 32,768": {"row_group_size": 32_768},
    "row groups of 524,288": {"row_group_size": 524_288},
    "dictionaries everywhere": {"use_dictionary": True, "column_encoding": None},
    "no dictionaries": {"use_dictionary": False, "column_encoding": None},
    "ranks plain": {"column_encoding": None},
    "zstd 3": {"compression_level": 3},
    "zstd 9": {"compression_level": 9},
}

READ_BY_MARTS = (
    *("rank", "track_id", "track_name", "artist_name", "artist_id", "album_name", "popularity", "duration_ms"),
    *("released_on", "snapshot_at", "source"),
)
"""The columns in `sql/all_feeds.sql`."""


def main(refined: Path, layout: str, target: Path) -> dict[str, float]:
    """Write `refined` to `target` in the layout of that name; gives the figures."""
    table = parquet.read_table(refined, partitioning=None).cast(arrow_schema(SNAPSHOT))
    options = {"row_group_size": row_groups.ROW_GROUP, **row_groups.layout(table.schema), **LAYOUTS[layout]}
    started = time.perf_counter()
    parquet.write_table(table, target, **options)
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "bytes": target.stat().st_size, "KiB scanned": scanned(target) / 1024}


def scanned(path: Path) -> float:
    """Bytes of the columns that the marts read."""
    metadata = parquet.read_metadata(path)
    return sum(
        metadata.row_group(group).column(column).total_compressed_size
        for group in range(metadata.num_row_groups)
        for column in range(metadata.num_columns)
        if metadata.row_group(group).column(column).path_in_schema.partition(".")[0] in READ_BY_MARTS
    )


if __name__ == "__main__":
    pa.set_cpu_count(1)
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))) + "\n")
