"""What was replaced in a folder: the file as it was and its notes beside it, the newest few of every key.

A folder has no versions as an S3 bucket has. The kept file is another name of the very file that lay there, so keeping
costs no time, and a kill before or after it leaves nothing that is half.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from pyspotify_assets.stores import Replaced

KEPT = 5
"""Replaced objects that are kept of every key, the newest: a day that is taken again and again fills no disk."""

_WHEN = "%Y-%m-%dT%H-%M-%S-%fZ"


def keep(path: Path, notes: Mapping[str, str], folder: Path) -> None:
    """Keep the file at `path` in `folder`, under the time at which it was put in place; the oldest beyond KEPT go."""
    when = datetime.fromtimestamp(path.stat().st_mtime_ns / 1e9, UTC).strftime(_WHEN)
    kept = folder / f"{when}{path.suffix}"
    if kept.exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    kept.with_suffix(".json").write_text(json.dumps(dict(notes), ensure_ascii=False), encoding="utf-8")
    try:
        os.link(path, kept)
    except FileExistsError:  # Another run keeps the same file.
        pass
    except OSError:  # The file system has no links.
        shutil.copy2(path, kept)
    for old in _newest_first(folder, path.suffix)[KEPT:]:
        old.unlink(missing_ok=True)
        old.with_suffix(".json").unlink(missing_ok=True)


def kept(folder: Path, suffix: str) -> list[Replaced]:
    """What is kept in `folder`, newest first."""
    found = []
    for path in _newest_first(folder, suffix):
        try:
            notes = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
            at = datetime.strptime(path.stem, _WHEN).replace(tzinfo=UTC)
        except (OSError, ValueError, RecursionError):  # Not put there by `keep`.
            continue
        found.append(Replaced(path.name, str(path), path.stat().st_size, at, notes if isinstance(notes, dict) else {}))
    return found


def _newest_first(folder: Path, suffix: str) -> list[Path]:
    return sorted(folder.glob(f"*{suffix}"), key=lambda path: path.name, reverse=True)
