"""Objects in a folder: an object is a file, put in place by a rename within one file system.

Notes lie in a folder of their own beside the objects, as JSON with the size and time of the file that they speak of, so
that notes of a file that has been replaced by other means are not believed.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pyspotify_assets.errors import LakeError, MissingPartitionError
from pyspotify_assets.stores import ObjectInfo

if TYPE_CHECKING:
    import pyarrow.fs

_REMEDIES = {
    errno.ENOSPC: "The disk is full: make room, then run again. What was there before is unharmed.",
    errno.EDQUOT: "The disk quota is used up: make room, then run again. What was there before is unharmed.",
    errno.EROFS: "The file system is read-only: set PYSPOTIFY_LAKE to a folder that can be written.",
    errno.EACCES: "Permission denied: allow this user to write there, or set PYSPOTIFY_LAKE to another folder.",
    errno.EPERM: "Permission denied: allow this user to write there, or set PYSPOTIFY_LAKE to another folder.",
}


class FolderStore:
    """A store under `root`; `notes` and `staging` are folders of the same file system, outside of it."""

    def __init__(self, root: Path, notes: Path, staging: Path) -> None:
        self.root, self._notes, self._staging = root.absolute(), notes.absolute(), staging.absolute()

    def uri(self, key: str) -> str:
        return str(self._path(key))

    def info(self, key: str) -> ObjectInfo | None:
        with _named(self.uri(key)):
            try:
                status = self._path(key).stat()
            except (FileNotFoundError, NotADirectoryError):
                return None
            return _info(key, status, self._notes_of(key, status))

    def objects(self, prefix: str, start_after: str = "", limit: int | None = None) -> Iterator[ObjectInfo]:
        folder = prefix.rpartition("/")[0]
        found = 0
        with _named(self.uri(prefix)):
            for key in self._keys(self.root / folder, f"{folder}/" if folder else "", prefix, start_after):
                try:
                    status = self._path(key).stat()
                except FileNotFoundError:  # Removed while it was being listed.
                    continue
                yield _info(key, status)
                found += 1
                if found == limit:
                    return

    def read(self, key: str) -> bytes:
        with _named(self.uri(key)):
            try:
                return self._path(key).read_bytes()
            except FileNotFoundError:
                raise MissingPartitionError(f"{self.uri(key)} is not there") from None

    @contextmanager
    def staging(self, name: str) -> Iterator[Path]:
        with _named(str(self._staging)):
            self._staging.mkdir(parents=True, exist_ok=True)
            folder = Path(tempfile.mkdtemp(dir=self._staging))
        try:
            with _named(str(folder / name)):
                yield folder / name
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def publish(self, staged: Path, key: str, notes: Mapping[str, str] | None = None) -> ObjectInfo:
        path = self._path(key)
        with _named(str(path)):
            path.parent.mkdir(parents=True, exist_ok=True)
            _sync(staged)
            # Taken before the rename, which keeps size and time: between rename and stat another run may publish.
            status = staged.stat()
            os.replace(staged, path)
            if notes is not None:
                self._write_notes(key, status, notes)
            else:
                self._notes_path(key).unlink(missing_ok=True)
        return _info(key, status, notes)

    def delete(self, key: str) -> None:
        with _named(self.uri(key)):
            self._path(key).unlink(missing_ok=True)
            self._notes_path(key).unlink(missing_ok=True)

    def arrow(self) -> tuple[pyarrow.fs.FileSystem, str]:
        import pyarrow.fs

        return pyarrow.fs.LocalFileSystem(), f"{self.root.as_posix()}/"

    def _path(self, key: str) -> Path:
        parts = key.split("/")
        if any(part in ("", ".", "..") or "\\" in part or "\0" in part for part in parts):
            raise LakeError(f"{key!r} is not a key of the lake", "A key is made of names with single slashes between.")
        return self.root.joinpath(*parts)

    def _keys(self, folder: Path, base: str, prefix: str, start_after: str) -> Iterator[str]:
        try:
            entries = sorted(
                (f"{base}{entry.name}/" if entry.is_dir() else f"{base}{entry.name}" for entry in os.scandir(folder)),
            )
        except (FileNotFoundError, NotADirectoryError):
            return
        for entry in entries:
            if entry.endswith("/"):
                relevant = entry.startswith(prefix) or prefix.startswith(entry)
                if relevant and (entry > start_after or start_after.startswith(entry)):
                    yield from self._keys(self.root / entry, entry, prefix, start_after)
            elif entry.startswith(prefix) and entry > start_after:
                yield entry

    def _notes_path(self, key: str) -> Path:
        return self._notes.joinpath(*key.split("/")).with_name(key.rpartition("/")[2] + ".json")

    def _notes_of(self, key: str, status: os.stat_result) -> dict[str, str]:
        try:
            document = json.loads(self._notes_path(key).read_text(encoding="utf-8"))
            if (document["size"], document["modified_ns"]) == (status.st_size, status.st_mtime_ns):
                return dict(document["notes"])
        except (OSError, ValueError, KeyError, TypeError):  # No notes, or not ours: the object speaks for itself.
            pass
        return {}

    def _write_notes(self, key: str, status: os.stat_result, notes: Mapping[str, str]) -> None:
        path = self._notes_path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        document = {"size": status.st_size, "modified_ns": status.st_mtime_ns, "notes": dict(notes)}
        with self.staging("notes.json") as staged:
            staged.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
            os.replace(staged, path)


def _info(key: str, status: os.stat_result, notes: Mapping[str, str] | None = None) -> ObjectInfo:
    identity = f"{status.st_size:x}-{status.st_mtime_ns:x}"
    return ObjectInfo(key, status.st_size, datetime.fromtimestamp(status.st_mtime, UTC), identity, dict(notes or {}))


def _sync(path: Path) -> None:
    """Have the content on the disk before the name points to it: a power cut leaves old or new, never an empty file."""
    with open(path, "rb+") as file:
        os.fsync(file.fileno())


@contextmanager
def _named(address: str) -> Iterator[None]:
    """Turn what the operating system says into an error that names the place and the remedy."""
    try:
        yield
    except OSError as error:
        remedy = _REMEDIES.get(error.errno or 0, "Check PYSPOTIFY_LAKE and the folder it names.")
        raise LakeError(f"{address} cannot be used: {error.strerror or error}", remedy) from error
