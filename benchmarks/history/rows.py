"""The rows of history."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import processes
from benchmarks.processes import PROJECT
from benchmarks.rounds import Figures, Row

LONG, SHORT, MONTH = 3650, 60, 30
ENVIRONMENT = {"PYSPOTIFY_SOURCE": "sample"}


def rows(quick: bool, scratch: Path) -> Iterator[Row]:
    long = 90 if quick else LONG
    words = f"{long} days" if quick else "10 years"
    grown = {number: _grown(scratch / f"{number}_days", number) for number in (long, SHORT, MONTH)}

    def timed(module: str, number: int) -> Callable[[], Figures]:
        return lambda: _python(module, folder=grown[number]).figures

    yield Row(
        work=f"all marts of one day, {words} of days before it",
        how="the work alone",
        ours=words,
        contenders={words: timed("marts", long), "2 months": timed("marts", SHORT)},
        bars={"seconds": 1.2, "bytes": 1.2},
    )
    yield Row(
        work=f"a tick of every sensor, one after the other, {words} of days in the lake",
        how="the work alone",
        ours=words,
        contenders={words: timed("ticks", long), "1 month": timed("ticks", MONTH)},
        bars={"seconds": 1.2},
        within={"seconds": 1.0},
    )


def _grown(folder: Path, number: int) -> Path:
    folder.mkdir()
    shutil.copy(PROJECT / "dagster.yaml", folder)
    _python("grown", number, folder=folder)
    return folder


def _python(module: str, *arguments: object, folder: Path) -> processes.Finished:
    return processes.python(f"benchmarks.history.{module}", *arguments, folder=folder, environment=ENVIRONMENT)
