"""A raw CSV of any size for the benchmark, made up: `python -m benchmarks.refining.made_up ROWS FILE`.

As real ones are: nearly all in order of rank and clean; commas, quotes and letters beyond ASCII in names; one track in
200 comes again further down, one in 1,000 is a local file without an id, one in 5,000 cannot be typed. The same number
of rows gives the same bytes.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

_CHUNK = 250_000
_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_WORDS = (
    *("Midnight", "Coração", "River", "Größe", "夜空", "Señal", "Glass", "Été", "Stone", "Ночь", "Signal", "Żal"),
    *("Paper", "São João", "Echo", "Velvet", "Brightest", "Ember", "Low Tide", "Açaí", "Northern", "Ōkami"),
)
_ENDINGS = ("", "", "", " (Ao Vivo)", ", Pt. 2", ' "Edit"', " - Remastered", " & Friends", " 🎵")
_DATES = ("2025", "2024-11", "0000", "2023-02-29")


def make(rows: int, path: Path) -> None:
    """Write a raw CSV of so many rows to `path`."""
    from pyarrow import csv

    from pyspotify_assets.schemas import raw_arrow_schema
    from pyspotify_assets.tables import SNAPSHOT

    options = csv.WriteOptions(quoting_style="all_valid")
    with csv.CSVWriter(path, raw_arrow_schema(SNAPSHOT), write_options=options) as writer:
        for start in range(0, rows, _CHUNK):
            writer.write_batch(_batch(start, min(_CHUNK, rows - start)))


def _batch(start: int, rows: int) -> pa.RecordBatch:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    from pyspotify_assets.tables import SNAPSHOT

    chance = np.random.default_rng(start)
    # A track that comes again is one of the same batch.
    number = start + np.arange(rows)
    again = np.flatnonzero(chance.random(rows) < 1 / 200)
    number[again] = start + chance.integers(0, np.maximum(again, 1))
    artist, album = number * 7919 % max(rows // 8, 1), number // 9

    def some(choices: tuple[str | None, ...], by: np.ndarray) -> pa.Array:
        return pa.array(choices, pa.string()).take(pa.array(by % len(choices)))

    def joined(*parts: pa.Array | str, by: str = "") -> pa.Array:
        return pc.binary_join_element_wise(*parts, by)

    def digits(values: np.ndarray) -> pa.Array:
        return pa.array(values).cast(pa.string())

    days = np.datetime64("1960-01-01") + chance.integers(0, 24_000, rows)
    artist_name = joined(some(_WORDS, artist), " ", some(_WORDS, artist // 22), " ", digits(artist))
    guest = joined(some(_WORDS, number // 3), " ", some(_WORDS, number // 5))
    both = joined('["', artist_name, '", "', guest, '"]')
    alone = joined('["', artist_name, '"]')
    local = pa.array(number % 1_000 == 999)
    columns = {
        "rank": digits(start + np.arange(1, rows + 1)),
        "track_id": pc.if_else(local, None, _ids(number, 1)),
        "track_name": joined(some(_WORDS, number), " ", some(_WORDS, number // 22), some(_ENDINGS, number // 7)),
        "artist_name": artist_name,
        "artist_id": _ids(artist, 2),
        "artist_names": pc.if_else(pa.array(number % 4 == 0), both, alone),
        "popularity": digits(chance.integers(0, 101, rows)),
        "duration_ms": digits(chance.integers(60_000, 600_000, rows)),
        "explicit": some(("true", "false", "false"), number),
        "isrc": joined("BRX", digits(10_000_000 + number % 90_000_000)),
        "album_id": _ids(album, 3),
        "album_name": joined(some(_WORDS, album), " ", some(_WORDS, album // 22)),
        "album_type": some(("album", "single", "album", "compilation"), album),
        "release_date": pc.if_else(
            pa.array(number % 50 == 0), some(_DATES, number // 50), pa.array(days).cast("string")
        ),
        "release_date_precision": pc.if_else(pa.array(number % 50 == 0), "year", "day"),
        "added_at": joined(pa.array(days).cast("string"), "T10:00:00Z"),
        "snapshot_at": some(("2026-11-25T06:00:00.000000Z",), number),
        "source": some(("search:made up",), number),
    }
    wrong = pa.array(chance.random(rows) < 1 / 5_000)
    columns["popularity"] = pc.if_else(wrong, "101", columns["popularity"])
    return pa.RecordBatch.from_arrays([columns[name] for name in SNAPSHOT.raw_columns], list(SNAPSHOT.raw_columns))


def _ids(numbers: np.ndarray, kind: int) -> pa.Array:
    """For every number an id as Spotify's are: 22 letters and digits, alike for equal numbers."""
    import numpy as np
    import pyarrow as pa

    letters = np.frombuffer(_LETTERS.encode(), np.uint8)
    state = numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(kind)
    text = np.empty((len(numbers), 22), np.uint8)
    for place in range(22):
        state ^= state >> np.uint64(29)
        state *= np.uint64(0xBF58476D1CE4E5B9)
        text[:, place] = letters[(state >> np.uint64(33)) % np.uint64(62)]
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(22), len(numbers), [None, pa.py_buffer(text)]).cast("string")


if __name__ == "__main__":
    make(int(sys.argv[1]), Path(sys.argv[2]))
