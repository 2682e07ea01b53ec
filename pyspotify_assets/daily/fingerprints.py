"""Fingerprints: what a partition was made from, in sixteen letters.

Two partitions with equal fingerprints would come out alike, so the second need not be made. A fingerprint covers the
versions of all inputs, the declarations and the version of the code; it is kept in the notes of the published object.
"""

import hashlib
import json
from pathlib import Path


def fingerprint(*parts: object) -> str:
    """One short text for `parts`: anything JSON can write, in a fixed order."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def content_version(path: Path) -> str:
    """The version of a file's content: equal bytes, equal version. Reads the file once, in pieces."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]
