"""Staging: where an object is written before it is in place. A passing folder of this machine for each one.

A killed process leaves its folder behind. It harms nothing, and a later staging removes it once it is a day old.
"""

from __future__ import annotations

import errno
import itertools
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pyspotify_assets.errors import LakeError

LEFT_AFTER = 24 * 3600
"""Seconds after which a staging folder that nothing was written to belongs to a process that is no more."""

_LOOKED_AT, _REMOVED = 200, 20
"""Most folders that one staging looks at and removes, so that it costs the same however many were left behind."""

_FULL = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def staged_file(parent: Path, name: str, prefix: str = "") -> Iterator[Path]:
    """A path named `name` in a new folder in `parent`, removed at the end of the block.

    LakeError if the folder cannot be made, and if the disk is full while the block writes; whatever else happens in the
    block is the block's own.
    """
    try:
        parent.mkdir(parents=True, exist_ok=True)
        _clean(parent, prefix)
        folder = Path(tempfile.mkdtemp(dir=parent, prefix=prefix))
    except OSError as error:
        raise LakeError(
            f"{parent}, where objects are written before they are in place, cannot be used: {error.strerror or error}",
            "Make room or allow this user to write there, or set PYSPOTIFY_LAKE (for a lake on S3: TMPDIR) elsewhere.",
        ) from error
    try:
        yield folder / name
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise LakeError(
            f"{folder / name} cannot be written: {error.strerror or error}",
            "The disk is full: make room, then run again. What was there before is unharmed.",
        ) from error
    finally:
        try:  # What was put in its place is not there any more, and then this is much the quicker.
            folder.rmdir()
        except OSError:
            shutil.rmtree(folder, ignore_errors=True)


def _clean(parent: Path, prefix: str) -> None:
    removed = 0
    with os.scandir(parent) as entries:
        ours = (entry for entry in entries if entry.name.startswith(prefix) and entry.is_dir(follow_symlinks=False))
        for entry in itertools.islice(ours, _LOOKED_AT):
            if removed < _REMOVED and _age(Path(entry.path)) > LEFT_AFTER:
                shutil.rmtree(entry.path, ignore_errors=True)
                removed += 1


def _age(folder: Path) -> float:
    """Seconds since anything was written in `folder`; 0 if it is gone or not ours to look into."""
    try:
        newest = max(path.stat().st_mtime for path in (folder, *folder.iterdir()))
    except OSError:
        return 0
    return time.time() - newest
