"""What is looked at on this machine: the lake's folder, room on the disk, and where Dagster keeps its history."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from pyspotify_assets.diagnosis.finding import Finding, Look

SCANT, TOO_LITTLE = 1 << 30, 64 << 20
"""Bytes that should be free, and without which a day may not fit: the sample's 14 days take 30 MB with staging."""

_ELSEWHERE = "Allow this user to write there, or set PYSPOTIFY_LAKE to a folder that can be written."


def lake_looks(address: str) -> Iterator[Look]:
    """The lake's folder, or where objects wait for their upload to S3, and the room there."""
    if address.startswith("s3://"):
        yield Look("This machine", "free space", partial(_space, Path(tempfile.gettempdir()), "TMPDIR"))
    else:
        yield Look("Lake", "lake", partial(_folder, Path(address)))
        yield Look("Lake", "free space", partial(_space, _nearest(Path(address)), "PYSPOTIFY_LAKE"))


def dagster_look() -> Look:
    """Where the history of runs is kept."""
    return Look("This machine", "Dagster", _dagster)


def snapshots_by_dagster() -> bool | None:
    """Whether the schedule `daily_snapshot` has been turned on in this machine's Dagster; None if it has no history.

    Only a history that is there is opened: looking makes none.
    """
    home = Path(os.environ.get("DAGSTER_HOME") or ".")
    if not any(Path(home, place).is_dir() for place in ("schedules", "storage", ".dagster/storage")):
        return None
    from dagster._core.scheduler.instigation import InstigatorStatus, InstigatorType

    from pyspotify_assets.terminal.runs import dagster_instance

    with dagster_instance() as instance:
        states = instance.all_instigator_state(instigator_type=InstigatorType.SCHEDULE)
    return any(state.name == "daily_snapshot" and state.status == InstigatorStatus.RUNNING for state in states)


def _folder(lake: Path) -> Iterator[Finding]:
    nearest = _nearest(lake)
    if not nearest.is_dir():
        yield Finding("problem", "lake", f"{nearest.absolute()} is a file, and the lake {lake} a folder", _ELSEWHERE)
        return
    folders = [nearest, *(path for path in lake.glob("*") if path.is_dir())] if nearest == lake else [nearest]
    locked = [folder for folder in folders if not os.access(folder, os.R_OK | os.W_OK | os.X_OK)]
    if locked:
        yield Finding("problem", "lake", f"{locked[0].absolute()} cannot be written", _ELSEWHERE)
    else:
        state = "can be written" if nearest == lake else f"will be made in {nearest.absolute()}, which can be written"
        yield Finding("ok", "lake", f"{lake} {state}")


def _space(folder: Path, variable: str) -> Iterator[Finding]:
    free = shutil.disk_usage(folder).free
    seen = f"{free / (1 << 30):,.1f} GiB free at {folder.absolute()}"
    remedy = f"Make room, or set {variable} to a place that has more."
    if free < TOO_LITTLE:
        yield Finding("problem", "free space", seen, remedy)
    else:
        yield Finding("warning" if free < SCANT else "ok", "free space", seen, remedy if free < SCANT else "")


def _dagster() -> Iterator[Finding]:
    home = os.environ.get("DAGSTER_HOME", "")
    if home and not (Path(home).is_absolute() and Path(home).is_dir()):
        yield Finding(
            "problem", "Dagster", f"DAGSTER_HOME = {home} is no folder by its full path", "Make it, or correct it."
        )
    elif home:
        yield Finding("ok", "Dagster", f"history in DAGSTER_HOME, {home}")
    elif Path("dagster.yaml").is_file():
        yield Finding("ok", "Dagster", f"history as {Path.cwd() / 'dagster.yaml'} says")
    else:
        yield Finding(
            "warning",
            "Dagster",
            "neither dagster.yaml here nor DAGSTER_HOME: runs are forgotten when they end",
            "Run it in the project's folder, or set DAGSTER_HOME.",
        )


def _nearest(path: Path) -> Path:
    """The path, or the nearest above it that is there."""
    while not _exists(path) and path != path.parent:
        path = path.parent
    return path


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except PermissionError:  # It lies below a folder that this user may not look into.
        return False
