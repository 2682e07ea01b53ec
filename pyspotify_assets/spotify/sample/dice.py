"""Chance that repeats itself: the same words give the same numbers in every process and version of Python.

Made from SHA-512 alone: `hash()` differs between processes, and of `random` only one method is promised to stay.
"""

import hashlib
import struct
from collections.abc import Sequence
from typing import TypeVar

_Choice = TypeVar("_Choice")
_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


class Dice:
    """A row of numbers that follows from `words`; each call takes the next one."""

    def __init__(self, *words: object) -> None:
        self._words = "/".join(map(str, words))
        self._throws = 0
        self._numbers: tuple[int, ...] = ()

    def fraction(self) -> float:
        """A number from 0 up to, and without, 1."""
        position = self._throws % 8
        if position == 0:
            self._numbers = struct.unpack(">8Q", hashlib.sha512(f"{self._words}#{self._throws}".encode()).digest())
        self._throws += 1
        return (self._numbers[position] >> 11) * 2.0**-53

    def between(self, low: float, high: float) -> float:
        """A number from `low` up to `high`."""
        return low + (high - low) * self.fraction()

    def whole(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return low + int((high - low + 1) * self.fraction())

    def chance(self, probability: float) -> bool:
        return self.fraction() < probability

    def pick(self, choices: Sequence[_Choice]) -> _Choice:
        return choices[int(len(choices) * self.fraction())]


def fraction(words: str) -> float:
    """The one number, from 0 up to and without 1, that follows from `words`: a Dice's first throw would cost thrice."""
    return (int.from_bytes(hashlib.blake2b(words.encode(), digest_size=8).digest()) >> 11) * 2.0**-53


def spotify_id(*words: object) -> str:
    """The id that follows from `words`: 22 letters and digits, as Spotify's."""
    number = int.from_bytes(hashlib.sha512("/".join(map(str, words)).encode()).digest()[:20])
    digits = []
    for _ in range(22):
        number, digit = divmod(number, 62)
        digits.append(_BASE62[digit])
    return "".join(digits)
