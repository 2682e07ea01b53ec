"""Between Python, numpy and Arrow without pandas.

pyarrow loads pandas, if it is installed, at the first Python value or numpy array that it is given or gives: a third of
a second, longer than it takes to refine a day. Made of buffers, the same arrays come without.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa


@cache
def text(value: str) -> pa.StringScalar:
    """A string for Arrow's functions."""
    return texts([value])[0]


@cache
def whole(value: int) -> pa.Int64Scalar:
    """A whole number of 64 bits, likewise."""
    import numpy as np

    return from_numpy(np.array([value], np.int64))[0]


@cache
def no(type: pa.DataType) -> pa.Scalar:
    """The null of a type."""
    import pyarrow as pa

    return pa.nulls(1, type)[0]


def false(length: int) -> pa.BooleanArray:
    """So many times false."""
    import pyarrow as pa

    return pa.Array.from_buffers(pa.bool_(), length, [None, pa.py_buffer(bytes((length + 7) // 8))])


def truths(values: np.ndarray) -> pa.BooleanArray:
    """Truths of numpy as Arrow has them."""
    import numpy as np
    import pyarrow as pa

    return pa.Array.from_buffers(pa.bool_(), len(values), [None, pa.py_buffer(np.packbits(values, bitorder="little"))])


def texts(values: list[str]) -> pa.StringArray:
    """Strings, none of them null."""
    import numpy as np
    import pyarrow as pa

    encoded = [value.encode() for value in values]
    ends = np.cumsum([0, *map(len, encoded)], dtype=np.int32)
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(b"".join(encoded))]
    return pa.Array.from_buffers(pa.string(), len(values), buffers)


def text_lists(values: list[list[str] | None]) -> pa.ListArray:
    """Lists of strings; None is null."""
    import numpy as np
    import pyarrow as pa

    ends = np.cumsum([0, *(len(value or ()) for value in values)], dtype=np.int32)
    valid = np.packbits([value is not None for value in values], bitorder="little")
    children = [texts([text for value in values for text in value or ()])]
    buffers = [pa.py_buffer(valid), pa.py_buffer(ends)]
    return pa.Array.from_buffers(pa.list_(pa.string()), len(values), buffers, children=children)


def from_numpy(values: np.ndarray, valid: np.ndarray | None = None) -> pa.Array:
    """Numbers as Arrow has them, not copied; null where `valid` is false."""
    import numpy as np
    import pyarrow as pa

    values = np.ascontiguousarray(values)
    bits = None if valid is None else pa.py_buffer(np.packbits(valid, bitorder="little"))
    return pa.Array.from_buffers(getattr(pa, values.dtype.name)(), len(values), [bits, pa.py_buffer(values)])


def to_numpy(array: pa.Array) -> np.ndarray:
    """Numbers or truths, none of them null, as numpy has them."""
    import numpy as np
    import pyarrow as pa

    if pa.types.is_boolean(array.type):
        return to_numpy(array.cast(pa.uint8())).view(np.bool_)
    return np.from_dlpack(array)
