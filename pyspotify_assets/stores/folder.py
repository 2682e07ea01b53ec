"""Objects in a folder: an object is a file, put in place by a rename within one file system.

Notes lie in a folder of their own beside the objects (`folder_notes.py`), and so does what was replaced (`kept.py`).

The root may be a link, what lies below it may not: whoever can put something into landing could have any file of this
user read, or written over, through a link. A link is not listed, and refused where it is asked for by its key.
"""

from __future__ import annotations

import errno
import filecmp
import os
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pyspotify_assets.errors import LakeError, MissingPartitionError
from pyspotify_assets.stores import ObjectInfo, Replaced
from pyspotify_assets.stores.folder_notes import FolderNotes
from pyspotify_assets.stores.kept import keep, kept
from pyspotify_assets.stores.names import check_key, check_prefix, encode_notes
from pyspotify_assets.stores.staging import staged_file

if TYPE_CHECKING:
    import pyarrow.fs

_OWN = ".store"
"""Folder in the root for notes and staging, where there is no lake's around it: none of its files is an object."""

_REMEDIES = {
    errno.ENOSPC: "The disk is full: make room, then run again. What was there before is unharmed.",
    errno.EDQUOT: "The disk quota is used up: make room, then run again. What was there before is unharmed.",
    errno.EROFS: "The file system is read-only: set PYSPOTIFY_LAKE to a folder that can be written.",
    errno.EACCES: "Permission denied: allow this user to write there, or set PYSPOTIFY_LAKE to another folder.",
    errno.EPERM: "Permission denied: allow this user to write there, or set PYSPOTIFY_LAKE to another folder.",
}


class FolderStore:
    """A store under `root`; `notes` and `staging` are folders of the same file system.

    `replaced`: the folder in which what is replaced by something else is kept; None keeps nothing.
    """

    def __init__(self, root: Path, notes: Path, staging: Path, replaced: Path | None = None) -> None:
        self.root, self._notes, self._staging = root.absolute(), FolderNotes(notes.absolute()), staging.absolute()
        self._replaced = replaced.absolute() if replaced else None

    @classmethod
    def at(cls, root: Path) -> FolderStore:
        """A store that stands alone: what it needs beside the objects lies in a hidden folder among them."""
        return cls(root, root / _OWN / "notes", root / _OWN / "staging")

    def uri(self, key: str) -> str:
        return str(self._path(key))

    def info(self, key: str) -> ObjectInfo | None:
        with _named(self.uri(key)):
            try:
                status = self._path(key).stat()
            except (FileNotFoundError, NotADirectoryError):
                return None
            return _info(key, status, self._notes.of(key, status)) if stat.S_ISREG(status.st_mode) else None

    def objects(self, prefix: str, start_after: str = "", limit: int | None = None) -> Iterator[ObjectInfo]:
        folder = check_prefix(prefix)
        found = 0
        with _named(str(self.root / folder)):
            for key in self._keys(self.root / folder, f"{folder}/" if folder else "", prefix, start_after):
                if found == limit:
                    return
                try:
                    status = (self.root / key).lstat()
                except FileNotFoundError:  # Removed while it was being listed.
                    continue
                if not stat.S_ISREG(status.st_mode):
                    continue
                yield _info(key, status)
                found += 1

    def read(self, key: str) -> bytes:
        with _named(self.uri(key)):
            try:
                return self._path(key).read_bytes()
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
                raise MissingPartitionError(f"{self.uri(key)} is not there") from None

    @contextmanager
    def local(self, key: str, version: str = "") -> Iterator[Path]:
        path = self._kept_in(key) / check_key(version)[-1] if version else self._path(key)
        if not path.is_file():
            raise MissingPartitionError(f"{path} is not there")
        yield path

    def staging(self, name: str) -> AbstractContextManager[Path]:
        return staged_file(self._staging, name)

    def publish(self, staged: Path, key: str, notes: Mapping[str, str] | None = None) -> ObjectInfo:
        encode_notes(notes or {})  # Refused here as S3 would refuse them.
        path = self._path(key)
        with _named(str(path)):
            _sync(staged)
            # The clock of file systems ticks in milliseconds: two files of one size written within a tick would pass
            # for one. Taken before the rename, which keeps it: between rename and stat another run may publish.
            now = time.time_ns()
            os.utime(staged, ns=(now, now))
            status = staged.stat()
            if self._replaced is not None:
                self._keep_what_differs(path, key, staged)
            if notes is not None:
                self._write_notes(staged, key, status, notes)
            _replace(staged, path)
            if notes is None:
                self._notes.path(key).unlink(missing_ok=True)
            elif not self._notes.of(key, status):  # A run that publishes at the same time did not know of these.
                self._write_notes(staged, key, status, notes)
        return _info(key, status, notes)

    def delete(self, key: str) -> None:
        """Also removes folders that become empty: listing what came and went costs no more than what is there."""
        path = self._path(key)
        with _named(str(path)):
            if path.is_file():
                path.unlink(missing_ok=True)
                _prune(path.parent, self.root)
            notes = self._notes.path(key)
            if notes.is_file():
                notes.unlink(missing_ok=True)
                _prune(notes.parent, self._notes.folder)

    def replaced(self, key: str) -> list[Replaced]:
        if self._replaced is None:
            return []
        with _named(str(self._kept_in(key))):
            return kept(self._kept_in(key), Path(key).suffix)

    def lost(self, prefix: str) -> Iterator[str]:
        check_prefix(prefix)
        return (key for key in self._notes.keys(prefix) if not self._path(key).is_file())

    def last_notes(self, key: str) -> Mapping[str, str]:
        return self._notes.newest(key)

    def arrow(self) -> tuple[pyarrow.fs.FileSystem, str]:
        import pyarrow.fs

        return pyarrow.fs.LocalFileSystem(), f"{self.root.as_posix()}/"

    def _path(self, key: str) -> Path:
        parts = check_key(key)
        path = self.root.joinpath(*parts)
        # A drive letter of Windows would lead out; what lies in the hidden folder is not an object.
        if not path.is_relative_to(self.root) or parts[0] == _OWN:
            raise LakeError(f"{key!r} is not a key of the lake", "Choose another name.")
        place = self.root
        for part in parts:
            place /= part
            if place.is_symlink():
                raise LakeError(
                    f"{place} is a link, and what lies in the lake may be none",
                    "Put the file or folder itself there; PYSPOTIFY_LAKE may name a link to the whole lake.",
                )
        return path

    def _keys(self, folder: Path, base: str, prefix: str, start_after: str) -> Iterator[str]:
        try:
            with os.scandir(folder) as found:
                # Folders with their slash, so that keys come in the order of their text, as on S3.
                entries = sorted(_listed(base, entry) for entry in found)
        except (FileNotFoundError, NotADirectoryError):
            return
        for entry in entries:
            if entry.endswith("/"):
                relevant = (entry.startswith(prefix) or prefix.startswith(entry)) and entry != f"{_OWN}/"
                if relevant and (entry > start_after or start_after.startswith(entry)):
                    yield from self._keys(self.root / entry, entry, prefix, start_after)
            elif entry.startswith(prefix) and entry > start_after:
                yield entry

    def _kept_in(self, key: str) -> Path:
        return (self._replaced or self.root).joinpath(*check_key(key)[:-1])

    def _keep_what_differs(self, path: Path, key: str, staged: Path) -> None:
        try:
            if filecmp.cmp(path, staged, shallow=False):
                return
            keep(path, self._notes.of(key, path.stat()), self._kept_in(key))
        except FileNotFoundError:  # Nothing lies there, or no longer.
            return

    def _write_notes(self, staged: Path, key: str, status: os.stat_result, notes: Mapping[str, str]) -> None:
        """Written beside the object, where it is staged: another folder for them would cost as much as they do."""
        written = staged.with_name(f"{staged.name}.notes")
        written.write_text(self._notes.text_with(key, status, notes), encoding="utf-8", errors="replace")
        _replace(written, self._notes.path(key))


def _listed(base: str, entry: os.DirEntry[str]) -> str:
    return f"{base}{entry.name}/" if entry.is_dir(follow_symlinks=False) else f"{base}{entry.name}"


def _info(key: str, status: os.stat_result, notes: Mapping[str, str] | None = None) -> ObjectInfo:
    identity = f"{status.st_size:x}-{status.st_mtime_ns:x}"
    return ObjectInfo(key, status.st_size, datetime.fromtimestamp(status.st_mtime, UTC), identity, dict(notes or {}))


def _sync(path: Path) -> None:
    """Have the content on the disk before the name points to it: a power cut leaves old or new, never an empty file."""
    with open(path, "rb+") as file:
        os.fsync(file.fileno())


def _replace(staged: Path, path: Path) -> None:
    for attempt in range(10):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            staged.replace(path)
            return
        except (FileNotFoundError, FileExistsError):
            # A delete beside it removed a folder that had become empty, just before or just after it was found there.
            if attempt == 9 or not staged.exists():
                raise


def _prune(folder: Path, root: Path) -> None:
    """Remove `folder` and those above it, up to `root`, as long as they are empty."""
    while folder != root and folder.is_relative_to(root):
        try:
            folder.rmdir()
        except OSError:
            return
        folder = folder.parent


@contextmanager
def _named(address: str) -> Iterator[None]:
    """Turn what the operating system says into an error that names the place and the remedy."""
    try:
        yield
    except OSError as error:
        remedy = _REMEDIES.get(error.errno or 0, "Check PYSPOTIFY_LAKE and the folder it names.")
        raise LakeError(f"{address} cannot be used: {error.strerror or error}", remedy) from error
