"""Stores: where objects are kept. One protocol, two implementations: a folder (`folder.py`) and S3 (`s3.py`).

A store keeps whole objects under keys with `/` between their parts. An object is replaced whole or not at all, and can
carry notes: short texts that travel with it (what it was made from, how many rows it has) and vanish when something
else replaces it. What is replaced can be kept for a while: versions on S3, copies in a folder (`kept.py`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import pyarrow.fs


@dataclass(frozen=True)
class ObjectInfo:
    """What a store knows of one object without reading it. `identity` changes whenever the content may have."""

    key: str
    size: int
    modified: datetime
    identity: str
    notes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Replaced:
    """What lay at a key before: `version` names it to the store, `published` is when it was put in place."""

    version: str
    uri: str
    size: int
    published: datetime
    notes: Mapping[str, str] = field(default_factory=dict)


class Store(Protocol):
    """One root under which objects are kept. Every failure is a LakeError that names the object's address."""

    def uri(self, key: str) -> str:
        """The full address of a key: a path or an s3:// address."""

    def info(self, key: str) -> ObjectInfo | None:
        """What is known of one object, its notes included; None if there is none."""

    def objects(self, prefix: str, start_after: str = "", limit: int | None = None) -> Iterator[ObjectInfo]:
        """The objects whose keys begin with `prefix`, in order of key, from behind `start_after`; without notes."""

    def read(self, key: str) -> bytes:
        """The whole object. MissingPartitionError if there is none."""

    def local(self, key: str, version: str = "") -> AbstractContextManager[Path]:
        """The object as a file of this machine, to read only: itself in a folder, a passing copy of one on S3.

        `version`: what lay there before, as `replaced` names it.
        """

    def staging(self, name: str) -> AbstractContextManager[Path]:
        """A path to write to, of that file name, in a new folder that is removed at the end of the block."""

    def publish(self, staged: Path, key: str, notes: Mapping[str, str] | None = None) -> ObjectInfo:
        """Put a staged file in place, whole: readers see the old object or the new one, never between."""

    def delete(self, key: str) -> None:
        """Remove an object; nothing happens if there is none."""

    def replaced(self, key: str) -> list[Replaced]:
        """What lay at the key before and is kept, newest first: versions on S3; in a folder, if it keeps any."""

    def lost(self, prefix: str) -> Iterator[str]:
        """The keys whose objects have vanished by other means than `delete`, as far as the store can tell."""

    def last_notes(self, key: str) -> Mapping[str, str]:
        """The notes that were last published at the key, whatever has become of their object; empty if unknown."""

    def arrow(self) -> tuple[pyarrow.fs.FileSystem, str]:
        """The file system and the root to put before a key, for pyarrow's readers."""
