"""Whether bytes are well-formed CSV: UTF-8, whole lines, every quote in its place. Knows nothing of any column.

A value is plain, and then has no quote in it, or quoted, and then its own quotes are doubled. CSV readers are lenient
about the rest: a stray quote can swallow the lines that follow it, silently. So the bytes are looked at before a reader
is believed; vectorised, since every byte of every snapshot comes past here.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from pyspotify_assets.errors import RawFormatError

BLOCK = 8 << 20
"""Bytes that are read at once. With half of it refining a million rows takes a twelfth longer."""

LONGEST_LINE = 64 << 20
"""A line beyond this is no line of a snapshot: not CSV, or another kind of line end."""

_VALUE = r'(?:"(?:[^"\r\n]|"")*"|[^",\r\n]*)'
_LINE = rf"{_VALUE}(?:,{_VALUE})*"
# Python's own way back through a line can be long: there nothing that is matched is given back.
_ONE_LINE = re.compile(_LINE.replace("*", "*+").encode() + rb"\r?")
_LINES = rf"\A(?:{_LINE}\r?\n)*(?:{_LINE})?\z"


def name_of(file: BinaryIO) -> str:
    """What to call an open file in an error."""
    return str(getattr(file, "name", "the CSV"))


def blocks(file: BinaryIO, size: int = BLOCK, at_start: bool = True) -> Iterator[bytes]:
    """What follows in the file, in pieces of about `size` bytes that end with a line end, except perhaps the last.

    A BOM is dropped if that is `at_start` of the file. RawFormatError for a line that is longer than LONGEST_LINE.
    """
    while piece := file.read(size):
        if not piece.endswith(b"\n"):
            end = file.readline(LONGEST_LINE)
            if len(end) == LONGEST_LINE:
                raise RawFormatError(
                    f"{name_of(file)} has a line of more than {LONGEST_LINE} bytes", "Is it a CSV at all?"
                )
            piece += end
        yield piece.removeprefix(codecs.BOM_UTF8) if at_start else piece
        at_start = False


def header_of(line: bytes, name: str) -> list[str]:
    """The column names in a file's first line, which may begin with a BOM.

    RawFormatError if it is empty or cannot be read; `name` is the file.
    """
    line = line.removeprefix(codecs.BOM_UTF8)
    if not line:
        raise RawFormatError(f"{name} is empty: zero bytes", "Take the snapshot or export the file again.")
    try:
        return next(csv.reader([line.decode().rstrip("\r\n")], strict=True), [])
    except UnicodeDecodeError as error:
        raise RawFormatError(*not_utf8(name, 1, error)) from None
    except csv.Error as error:
        raise RawFormatError(f"{name}, line 1: the header cannot be read: {error}", QUOTES_REMEDY) from None


QUOTES_REMEDY = 'A value with a quote, comma or line break in it stands in quotes, its own quotes doubled: "a ""b"" c".'


def not_utf8(name: str, line: int, error: UnicodeDecodeError) -> tuple[str, str]:
    """Message and remedy for bytes that are not UTF-8; `error` is of that line alone."""
    byte = error.object[error.start]
    return (
        f"{name}, line {line}: not UTF-8: byte 0x{byte:02x} at byte {error.start + 1} of the line",
        "Save the file as UTF-8 (in Excel: CSV UTF-8).",
    )


class Quotes(NamedTuple):
    """What `look_at_quotes` saw: where the first misplaced quote lies, and whether the block ends inside of quotes."""

    misplaced: int | None
    inside: bool


def look_at_quotes(block: bytes, inside: bool = False) -> Quotes:
    """Look for quotes in `block` that neither open nor close a value nor are doubled.

    `block` begins at the start of a line; `inside` says that this line goes on with a value quoted in an earlier block.
    Counting from there, every other quote opens, and so follows a comma, a line's start or the quote that it doubles;
    the ones between close, and so come before a comma, a line's end or the quote that doubles them.
    """
    import numpy as np

    # A line end on either side spares looking beyond the edges.
    data = np.frombuffer(b"\n" + block + b"\n", np.uint8)
    quotes = np.flatnonzero(data == ord('"'))
    opening, closing = quotes[int(inside) :: 2], quotes[1 - int(inside) :: 2]
    before, after = np.zeros(256, np.bool_), np.zeros(256, np.bool_)
    before[list(b',\n"')] = True
    after[list(b',\r\n"')] = True
    stray = [opening[~before[data[opening - 1]]], closing[~after[data[closing + 1]]]]
    first = min((int(positions[0]) for positions in stray if len(positions)), default=None)
    return Quotes(None if first is None else first - 1, inside ^ bool(len(quotes) % 2))


def well_formed(block: bytes) -> bool:
    """Whether `block`, which is whole lines, has its quotes in their places and no line end within a value.

    The same as asking `first_fault` of every line, but for UTF-8 and the number of values, in half a nanosecond a byte.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    ends = np.array([0, len(block)], np.int32)
    # As binary, of which the regular expression sees bytes: faster, and what is no UTF-8 is another question.
    value = pa.Array.from_buffers(pa.binary(), 1, [None, pa.py_buffer(ends), pa.py_buffer(block)])
    return pc.match_substring_regex(value, _LINES).true_count == 1


def first_fault(block: bytes, first_line: int, width: int, name: str) -> RawFormatError | None:
    """The error for the first line of `block` that is not UTF-8, has a misplaced quote, or not `width` values.

    Line by line and slow: for a file that has been refused already, to say where and why. `first_line` is the number
    that the block's first line has in the file, from 1. Values that go over several lines count as faults.
    """
    for number, line in enumerate(block.removesuffix(b"\n").split(b"\n"), first_line):
        try:
            text = line.decode()
        except UnicodeDecodeError as error:
            return RawFormatError(*not_utf8(name, number, error))
        if b"\r" in line.removesuffix(b"\r"):
            return RawFormatError(
                f"{name}, line {number}: a carriage return within the line", "End lines with \\n or \\r\\n."
            )
        if not _ONE_LINE.fullmatch(line):
            return RawFormatError(
                f"{name}, line {number}: a broken quote, or quotes around a line break", QUOTES_REMEDY
            )
        values = 1 + sum(part.count(",") for part in text.split('"')[::2])
        if values != width:
            return RawFormatError(
                f"{name}, line {number}: {values} values where the header has {width} columns",
                "Every line has one value per column; an empty one is null.",
            )
    return None
