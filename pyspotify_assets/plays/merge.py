"""Plays of several exports as one table: each play once, in order of `ts`, whatever came first.

A play is its key (`tables.PLAYS`). Where exports differ in what they say of one play (older ones have null in
`skipped`), the version kept is the least in the order of its values, null last: the same, however exports are split
and in whatever order they are imported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspotify_assets.tables import PLAYS

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa


def merged(*tables: pa.Table) -> pa.Table:
    """The plays of all tables, each once, ordered by `ts`, then by the rest of the key."""
    import numpy as np
    import pyarrow as pa

    order = (*PLAYS.key, *(name for name in PLAYS.column_names if name not in PLAYS.key))
    ordered = pa.concat_tables(tables).sort_by([(name, "ascending") for name in order])
    if ordered.num_rows < 2:
        return ordered
    same = np.ones(ordered.num_rows - 1, bool)
    for name in PLAYS.key:
        if same.any():  # Few share their `ts` with another.
            same &= _equals_the_next(ordered[name])
    return ordered.filter(pa.array(np.concatenate([[True], ~same]))) if same.any() else ordered


def _equals_the_next(column: pa.ChunkedArray) -> np.ndarray:
    """For every value but the last whether the one behind it is the same; null is the same as null."""
    import pyarrow.compute as pc

    one, other = column.slice(0, len(column) - 1), column.slice(1)
    equal = pc.fill_null(pc.equal(one, other), False)
    return pc.or_(equal, pc.and_(one.is_null(), other.is_null())).to_numpy()
