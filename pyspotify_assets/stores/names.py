"""What keys and notes may look like, alike in every store: what a folder takes, S3 takes too, and vice versa."""

import re
from collections.abc import Mapping
from urllib.parse import quote, unquote

from pyspotify_assets.errors import LakeError

NOTES_LIMIT = 2048
"""Bytes of names and values that S3 keeps with an object (User Guide, "User-defined object metadata")."""

_NOTE = re.compile(r"[a-z][a-z0-9_-]*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\\]")
_PRINTABLE = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) != "%")


def check_key(key: str) -> list[str]:
    """The parts of a key. LakeError if it is empty, leaves the store (`..`), or has a part that is no name."""
    parts = key.split("/")
    if any(part in ("", ".", "..") or _CONTROL.search(part) for part in parts):
        raise LakeError(f"{key!r} is not a key of the lake", "A key is made of names with single slashes between.")
    return parts


def check_prefix(prefix: str) -> str:
    """The folder that a prefix of keys lies in, without a slash at its end. The prefix itself may end anywhere."""
    check_key(f"{prefix}x")
    return prefix.rpartition("/")[0]


def encode_notes(notes: Mapping[str, str]) -> dict[str, str]:
    """The notes in ASCII, percent-encoded where they are not, as S3 wants its metadata.

    LakeError for a name that S3 would not give back as it was, and for more than `NOTES_LIMIT` bytes.
    """
    encoded = {}
    for name, text in notes.items():
        if not _NOTE.fullmatch(name):
            raise LakeError(f"{name!r} cannot name a note of an object", "Use a-z, 0-9, _ and -, a letter first.")
        value = quote(text, safe=_PRINTABLE, errors="replace")
        # S3 and HTTP trim and fold spaces at the ends.
        encoded[name] = re.sub(r"^ +| +$", lambda spaces: "%20" * len(spaces[0]), value)
    size = sum(len(name) + len(value) for name, value in encoded.items())
    if size > NOTES_LIMIT:
        raise LakeError(f"The notes of an object have {size} bytes, of at most {NOTES_LIMIT}", "Keep fewer notes.")
    return encoded


def decode_notes(encoded: Mapping[str, str]) -> dict[str, str]:
    """The notes that `encode_notes` made ASCII of."""
    return {name: unquote(value) for name, value in encoded.items()}
