"""A sound document made unsound: some bytes of it, or a value somewhere in its JSON tree.

Everything is decided by the dice that are handed in: a seeded `random.Random`, or hypothesis' own.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from typing import Any

TOKENS = (
    *(
        b"",
        b"\0",
        b'"',
        b'""',
        b",",
        b"\n",
        b"\r",
        b"\r\n",
        b"'",
        b"`",
        b";",
        b"--",
        b"=1+1",
        b"\\",
        b"/",
        b"../",
        b"..\\",
    ),
    *(b"[", b"]", b"{", b"}", b"[" * 5000, b'{"a":' * 5000, b"(" * 3000, b"((((((", b"null", b"true", b"{}", b"[]"),
    *(b"0", b"-1", b"9" * 30, b"9" * 5000, b"1e999", b"NaN", b"Infinity", b"0x" + b"f" * 5000, b"1.5", b"1E400"),
    *(
        b"\xff",
        b"\xef\xbb\xbf",
        b"\xed\xa0\x80",
        b"\\ud800",
        b"\xe2\x80\xa8",
        b"\xc2\x9b2J",
        b"\x1b[2J",
        b"\xe2\x80\xae",
    ),
    *(b"0001-01-01T00:00:00+14:00", b"9999-12-31T23:59:59-14:00", b"2026-02-30", b"0000-00-00", b"<script>", b"%00"),
)
"""Pieces of bytes that parsers have stumbled over."""

VALUES: Sequence[Any] = (
    *(None, True, False, 0, -1, 1.5, 1e308, float("inf"), float("nan"), 2**31, 2**63, 10**400, "", " ", "0", "true"),
    *([], {}, [[]], [None], [{}], {"": None}, "\0", "\x1b[2J", "\ud800", "\u2028", "../../etc/passwd", "a" * 70_000),
    *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-11-22", "2026-11-22T12:00:00", "=1+1", "<b>"),
)
"""Values that can stand anywhere in JSON and seldom stand where one of another kind is expected."""


def mutated(sound: Sequence[bytes], dice: random.Random) -> bytes:
    """One of the sound documents with one to four changes; seldom none at all."""
    content = dice.choice(sound)
    for _ in range(dice.choice((0, 1, 1, 1, 2, 2, 3, 4))):
        content = dice.choice((_in_tree, _in_tree, _insert, _replace, _flip, _cut, _drop, _repeat, _splice))(
            content, sound, dice
        )
    return content[:2_000_000]


def _in_tree(content: bytes, sound: Sequence[bytes], dice: random.Random) -> bytes:
    """Another value, or none, somewhere in the document's JSON tree; a piece of bytes where it is no JSON."""
    try:
        tree = json.loads(content)
        places = list(_places(tree))
        if not places:
            return json.dumps(dice.choice(VALUES)).encode()
        parent, key = dice.choice(places)
        if dice.random() < 0.2:
            del parent[key]
        else:
            parent[key] = dice.choice(VALUES)
        return json.dumps(tree).encode()
    except (ValueError, RecursionError):
        return _insert(content, sound, dice)


def _places(tree: Any) -> Any:
    waiting = [tree]
    while waiting:
        parent = waiting.pop()
        for key in parent if isinstance(parent, dict) else range(len(parent)) if isinstance(parent, list) else ():
            yield parent, key
            waiting.append(parent[key])


def _insert(content: bytes, sound: Sequence[bytes], dice: random.Random) -> bytes:
    place = dice.randint(0, len(content))
    return content[:place] + dice.choice(TOKENS) + content[place:]


def _replace(content: bytes, sound: Sequence[bytes], dice: random.Random) -> bytes:
    start, end = _span(content, dice)
    return content[:start] + dice.choice(TOKENS) + content[end:]


def _flip(content: bytes, sound: Sequence[bytes], dice: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(dice.randint(1, 8) if changed else 0):
        changed[dice.randrange(len(changed))] = dice.randrange(256)
    return bytes(changed)


def _cut(content: bytes, sound: Sequence[bytes], dice: random.Random) -> bytes:
    return content[: dice.randint(0, len(content))]


def _drop(content: bytes, sound: Sequence[bytes], dice: random.Random) -> bytes:
    start, end = _span(content, dice)
    return content[:start] + content[end:]


def _repeat(content: bytes, sound: Sequence[bytes], dice: random.Random) -> bytes:
    start, end = _span(content, dice)
    return content[:end] + content[start:end] * dice.choice((1, 2, 50)) + content[end:]


def _splice(content: bytes, sound: Sequence[bytes], dice: random.Random) -> bytes:
    other = dice.choice(sound)
    return content[: dice.randint(0, len(content))] + other[dice.randint(0, len(other)) :]


def _span(content: bytes, dice: random.Random) -> tuple[int, int]:
    start = dice.randint(0, len(content))
    return start, min(len(content), start + dice.choice((1, 2, 4, 16, 200)))
