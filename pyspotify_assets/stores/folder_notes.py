"""Notes of objects in a folder: JSON files in a folder of their own, each with the size and time of what it speaks of.

Notes are written before their object is in place, and those of the object before stay beside them until it is: at
every moment the object that lies there, the old or the new, has its own notes. Notes of a file that has been replaced
by other means fit nothing, and are not believed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

_OTHERS = 3
"""Objects before whose notes are kept beside the newest: several runs may be publishing one key at once."""


class FolderNotes:
    """The notes of a store, below `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, key: str) -> Path:
        return self.folder.joinpath(*key.split("/")).with_name(key.rpartition("/")[2] + ".json")

    def of(self, key: str, status: os.stat_result) -> dict[str, str]:
        """The notes that fit the file of that size and time; none where nobody has noted anything of it."""
        return next((dict(entry["notes"]) for entry in self._entries(key) if _fits(entry, status)), {})

    def text_with(self, key: str, status: os.stat_result, notes: Mapping[str, str]) -> str:
        """What the notes' file shall say when the object of that size and time is put in place with `notes`."""
        others = [entry for entry in self._entries(key) if not _fits(entry, status)]
        newest = {"size": status.st_size, "modified_ns": status.st_mtime_ns, "notes": dict(notes)}
        return json.dumps(newest | ({"others": others[:_OTHERS]} if others else {}), ensure_ascii=False)

    def newest(self, key: str) -> dict[str, str]:
        """The notes of what was published last, though something else may lie there now, or nothing."""
        entries = self._entries(key)
        return dict(entries[0]["notes"]) if entries else {}

    def keys(self, prefix: str) -> Iterator[str]:
        """The keys below the folder of `prefix` that there are notes of, ascending."""
        for path in sorted(self.folder.joinpath(*prefix.split("/")[:-1]).rglob("*.json")):
            key = path.relative_to(self.folder).as_posix().removesuffix(".json")
            if key.startswith(prefix):
                yield key

    def _entries(self, key: str) -> Sequence[Mapping]:
        try:
            document = json.loads(self.path(key).read_text(encoding="utf-8"))
            entries = [document, *document.pop("others", ())]
            return [entry for entry in entries if _is_note(entry["notes"]) and "modified_ns" in entry]
        # No notes, or not ours.
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return []


def _is_note(notes: object) -> bool:
    return isinstance(notes, dict) and all(isinstance(text, str) for text in notes.values())


def _fits(entry: Mapping, status: os.stat_result) -> bool:
    return (entry.get("size"), entry.get("modified_ns")) == (status.st_size, status.st_mtime_ns)
