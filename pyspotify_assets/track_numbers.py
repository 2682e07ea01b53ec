"""Which track a row is of, and the number of 64 bits that is remembered of a track: of each row, vectorised.

A track is its id; rows without one are the same track if title, artist and album are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from itertools import count, pairwise
from typing import TYPE_CHECKING

from pyspotify_assets import literals

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

KEY = ("track_id", "track_name", "artist_name", "album_name")
"""The columns that say which track a row is of; the names count only where there is no id."""

Numbers = Callable[["pa.Table"], "np.ndarray"]
"""From rows with the columns KEY to the number of each: the same for the same track, hardly ever for two."""

_ID = [("letters 1 to 8", "<u8"), ("9 to 16", "<u8"), ("17 to 20", "<u4"), ("21 and 22", "<u2")]
"""The 22 letters of Spotify's ids, as numbers."""

_ODD = 0x9E3779B97F4A7C15
"""A number without pattern. Multiplying by an odd one loses nothing: ids that differ in one part alone stay apart."""


def hashed(rows: pa.Table) -> np.ndarray:
    """Numbers that two tracks share about once in 2^64 pairs. Alike within a process only.

    Python hashes one id after the other, and nothing else of Python runs meanwhile; numpy lets other threads work.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    ids = rows["track_id"].combine_chunks()
    length = np.dtype(_ID).itemsize
    of_length = pc.equal(pc.binary_length(ids), literals.whole(length)).fill_null(literals.false(1)[0])
    fixed = ids.filter(of_length).cast(pa.binary(length))
    parts = np.frombuffer(fixed.buffers()[1] or b"", _ID, len(fixed))
    mixed = np.zeros(len(parts), np.uint64)
    for name, _ in _ID:
        mixed = (mixed ^ parts[name]) * np.uint64(_ODD)
        mixed ^= mixed >> np.uint64(32)
    numbers = np.empty(len(ids), np.int64)
    vectorised = literals.to_numpy(of_length)
    numbers[vectorised] = mixed.view(np.int64)
    others = tracks(rows.select(KEY).filter(literals.truths(~vectorised)))
    numbers[~vectorised] = np.fromiter(map(hash, others), np.int64, len(others))
    return numbers


def numbered() -> Numbers:
    """Numbers that no two tracks share, at the price of remembering the tracks themselves."""
    known: defaultdict[object, int] = defaultdict(count().__next__)

    def numbers(rows: pa.Table) -> np.ndarray:
        import numpy as np

        return np.fromiter(map(known.__getitem__, tracks(rows)), np.int64, rows.num_rows)

    return numbers


def tracks(rows: pa.Table) -> list[object]:
    """The track of each row: its id as bytes; without one, title, artist and album."""
    import numpy as np
    import pyarrow.compute as pc

    ids = rows["track_id"].combine_chunks()
    buffers = ids.buffers()
    ends = np.frombuffer(buffers[1], np.int32, len(ids) + 1, 4 * ids.offset).tolist()
    # Python's own bytes, cut out of one piece, take a fifth of the time that Arrow's values take.
    text = buffers[2].to_pybytes() if buffers[2] else b""
    found: list[object] = [text[start:end] for start, end in pairwise(ends)]
    if ids.null_count:
        without = pc.indices_nonzero(pc.is_null(ids))
        names = [rows[name].take(without).to_pylist() for name in KEY[1:]]
        for place, *track in zip(without.to_pylist(), *names, strict=True):
            found[place] = tuple(track)
    return found
