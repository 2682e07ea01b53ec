"""The project after a migration: a copy of the package with another declaration, run in a process of its own.

A declaration is bound at import in many modules, so that only a whole package shows what a change of it does. `change`
makes the copy as a developer would, by the steps of docs/migrations.md.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pyspotify_assets

ADDED = """
SNAPSHOT = replace(
    SNAPSHOT,
    columns=(
        *SNAPSHOT.columns[:3],
        Column("label", "string", "Who published it", since="2026-11-22"),
        *SNAPSHOT.columns[3:],
    ),
)
"""
RENAMED = """
SNAPSHOT = replace(SNAPSHOT, columns=tuple(
    replace(column, name="length_ms", formerly=("duration_ms",)) if column.name == "duration_ms" else column
    for column in SNAPSHOT.columns
))
"""
WIDENED = """
_WIDER = {"popularity": "int32", "rank": "int64"}
SNAPSHOT = replace(SNAPSHOT, columns=tuple(
    replace(column, type=_WIDER.get(column.name, column.type)) for column in SNAPSHOT.columns
))
"""
DROPPED = """
SNAPSHOT = replace(
    SNAPSHOT,
    columns=tuple(column for column in SNAPSHOT.columns if column.name != "album_type"),
    dropped=(Dropped("album_type", after="album_name"),),
)
"""
ROOT = Path(__file__).parent.parent
"""For `infra`, which deploys whichever package is found before it."""

KINDS = {"added": ADDED, "renamed": RENAMED, "widened": WIDENED, "dropped": DROPPED}

_USES = {  # Where else a column is named, and what has to be said there.
    "renamed": {
        "spotify/records.py": (r'"duration_ms": _integer', '"length_ms": _integer'),
        "landing.py": (r'"duration_ms": old', '"length_ms": old'),
        "assets/metadata.py": (r'"duration_ms"', '"length_ms"'),
        "sql/all_feeds.sql": (r"\bduration_ms\b", "length_ms AS duration_ms"),
    },
    "dropped": {"spotify/records.py": (r'\n *"album_type": [^\n]*', "")},
}


def change(folder: Path, *kinds: str) -> Path:
    """Copy the package into `folder` and migrate it; gives `folder`, to be found first by Python."""
    package = folder / "pyspotify_assets"
    shutil.copytree(Path(pyspotify_assets.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    tables = package / "tables.py"
    tables.write_text(tables.read_text("utf-8") + "".join(KINDS[kind] for kind in kinds), encoding="utf-8")
    for kind in kinds:
        for name, (pattern, replacement) in _USES.get(kind, {}).items():
            text = (package / name).read_text("utf-8")
            changed = re.sub(pattern, replacement, text)
            assert changed != text, name
            (package / name).write_text(changed, encoding="utf-8")
    return folder


def run(folder: Path, script: str, *arguments: str, **variables: str) -> Mapping[str, object]:
    """Run a script with the package in `folder`; gives the JSON that it prints last."""
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-W", "error", "-c", script, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}", **variables},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])
