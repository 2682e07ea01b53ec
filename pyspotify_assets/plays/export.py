"""The export as a file: a ZIP by Spotify with JSON files of plays among others, read as a stream and never unpacked.

What is in a ZIP can be anything: no more than a block and one record of it are held, and every limit has its name here.
"""

from __future__ import annotations

import lzma
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pyspotify_assets.errors import ExportError
from pyspotify_assets.plays.json_array import elements

LARGEST = 8 << 30
"""Bytes that the history's files may have unpacked: some twelve million plays, far more than a life has room for."""

MOST_FILES = 10_000

_HISTORY = re.compile(r"(streaming_history_(audio|video)|endsong)[^/]*\.json", re.IGNORECASE)
_ACCOUNT_DATA = re.compile(r"streaminghistory[^/]*\.json", re.IGNORECASE)
_SPACE = re.compile(r"[ \t\r\n]*")
_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, RuntimeError),
    NotImplementedError,  # What zipfile raises for packing or encryption that it does not know.
)
"""What unpacking a damaged file ends with, by how it was packed."""

_REMEDY = "Import the ZIP as Spotify sent it: “Extended streaming history”, from spotify.com/account/privacy."


@dataclass(frozen=True)
class Export:
    """An open export: the files of the history in it, in order of their names."""

    name: str
    files: tuple[str, ...]
    _zip: zipfile.ZipFile

    def records(self, file: str) -> Iterator[object]:
        """The elements of the file's JSON array; ExportError once it turns out to be none, or to be cut or broken."""
        where = f"{self.name}: {Path(file).name}"
        try:
            with self._zip.open(file) as stream:
                yield from elements(stream, where)
        except ValueError as error:
            raise ExportError(str(error), _REMEDY) from None
        except _DAMAGE as error:
            raise ExportError(f"{where} cannot be unpacked: {error or type(error).__name__}", _REMEDY) from None


@contextmanager
def opened(path: Path, name: str = "") -> Iterator[Export]:
    """The export at `path`; `name` is what errors call it, where `path` is only a copy.

    ExportError if it is no ZIP, is encrypted, lacks the history, or is made to harm whoever unpacks it.
    """
    name = name or path.name
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:  # The last: a later ZIP.
        raise ExportError(f"{name} is no ZIP that can be read: {error}", _REMEDY) from None
    with archive:
        yield Export(name, tuple(sorted(_history(archive, name))), archive)


def _history(archive: zipfile.ZipFile, name: str) -> list[str]:
    entries = archive.infolist()
    if len(entries) > MOST_FILES:
        raise ExportError(f"{name} holds {len(entries):,} files, of at most {MOST_FILES:,}", _REMEDY)
    found = []
    for entry in entries:
        parts = entry.filename.replace("\\", "/").split("/")
        if ".." in parts or not parts[0] or ":" in parts[0]:
            raise ExportError(f"{name} holds a file that names a place outside of it: {entry.filename!r}", _REMEDY)
        if _HISTORY.fullmatch(parts[-1]) and parts[0] != "__MACOSX":
            found.append(entry)
    names = [entry.filename for entry in found]
    twice = next((each for each, number in Counter(names).items() if number > 1), None)
    if twice is not None:
        raise ExportError(f"{name} holds {twice!r} twice", _REMEDY)
    locked = next((entry.filename for entry in found if entry.flag_bits & 1), None)
    if locked is not None:
        raise ExportError(f"{name}: {locked!r} is encrypted", "Unlock the ZIP, or import it as Spotify sent it.")
    size = sum(entry.file_size for entry in found)
    if size > LARGEST:
        raise ExportError(f"{name} has {size:,} bytes of history unpacked, of at most {LARGEST:,}", _REMEDY)
    if not found and any(_ACCOUNT_DATA.fullmatch(Path(entry.filename).name) for entry in entries):
        raise ExportError(
            f"{name} is the export “Account data”: one year, to the minute, without Spotify's ids",
            "Ask for “Extended streaming history” at spotify.com/account/privacy: it has every play there ever was.",
        )
    if not found:
        raise ExportError(f"{name} holds no listening history (Streaming_History_Audio_….json)", _REMEDY)
    return names
