"""A JSON array that may be larger than memory: its elements one by one, out of a buffer of a few blocks."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from typing import IO, Any

LONGEST = 1 << 14
"""Characters of one element: a play has less than two thousand."""

_BLOCK = 1 << 20
_BEHIND = tuple(" \t\r\n,]")
_SPACE = re.compile(r"[ \t\r\n]*")


def elements(stream: IO[bytes], where: str) -> Iterator[Any]:
    """The elements of the array in `stream`. ValueError, naming `where` and the element, once it is none.

    UTF-8, with or without a mark at its beginning. Elements of more than `LONGEST` characters are refused.
    """
    buffer = _Buffer(stream, where)
    if buffer.next_character() != "[":
        raise ValueError(f"{where} is no JSON array")
    buffer.at += 1
    if buffer.next_character() == "]":
        buffer.at += 1
    else:
        while True:
            yield buffer.element()
            character = buffer.next_character()
            buffer.at += 1
            if character == "]":
                break
            if character != ",":
                raise buffer.broken(
                    "no comma and no end of the array behind it" if character else "the file ends there"
                )
            buffer.next_character()
    if buffer.next_character():
        raise buffer.broken("something follows the end of the array")


class _Buffer:
    """What has been read of the stream and not yet been used: `text` from `at` on."""

    def __init__(self, stream: IO[bytes], where: str) -> None:
        self._stream, self._where = stream, where
        self._decode = codecs.getincrementaldecoder("utf-8-sig")().decode
        self._scan = json.JSONDecoder().raw_decode
        self._number, self._more = 0, True
        self.text, self.at = "", 0

    def next_character(self) -> str:
        """The first character behind white space, with its place in `at`; empty at the end of the stream."""
        while True:
            self.at = _SPACE.match(self.text, self.at).end()  # type: ignore[union-attr]
            if self.at < len(self.text) or not self._more:
                return self.text[self.at : self.at + 1]
            self._read()

    def element(self) -> Any:
        """The element that begins at `at`."""
        self._number += 1
        while True:
            try:
                found, end = self._scan(self.text, self.at)
                # A number can go on in the next block: 1, 1. and 1.5e are all beginnings of 1.5e3.
                if self.text[end : end + 1] in _BEHIND or not self._more:
                    if end - self.at > LONGEST:
                        break
                    self.at = end
                    return found
            except RecursionError:
                raise self.broken("nested too deeply") from None
            except ValueError as error:
                if not self._more:
                    raise self.broken(getattr(error, "msg", str(error))) from None
            if len(self.text) - self.at > LONGEST:
                break
            self._read()
        raise self.broken("longer than any play, or broken")

    def broken(self, what: str) -> ValueError:
        return ValueError(f"{self._where}, record {self._number}: {what}")

    def _read(self) -> None:
        block = self._stream.read(_BLOCK)
        try:
            text = self._decode(block, final=not block)
        except UnicodeDecodeError as error:
            raise self.broken(f"not UTF-8: byte 0x{error.object[error.start]:02x}") from None
        self.text, self.at, self._more = self.text[self.at :] + text, 0, bool(block)
