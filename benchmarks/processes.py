"""One measurement in a process of its own, so that no contender finds what another has loaded or left in memory.

The process that measures stays small (no pyarrow, no pandas): the kernel counts what it holds as the peak of what it
starts, until that has grown larger.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

TIMEOUT = 600.0
"""Seconds after which a contender that has not ended is ended."""

_EVERY = 0.02
_SETTINGS = ("PYSPOTIFY_", "SPOTIPY_", "DAGSTER_", "AWS_")
PROJECT = Path(__file__).parent.parent


class Failed(Exception):
    """A contender ended with an error; its last words are in the message."""


@dataclass(frozen=True)
class Finished:
    """Wall-clock seconds from start to end; peak memory in bytes of the process and those it started, at one time;
    and the JSON object that was its last line of output, if it was one."""

    seconds: float
    peak: float
    said: Mapping[str, float] = field(default_factory=dict)

    @property
    def figures(self) -> dict[str, float]:
        """For a contender: what the process said of itself goes before what was seen from outside."""
        return {"seconds": self.seconds, "peak": self.peak, **self.said}


def python(
    module: str, *arguments: object, environment: Mapping[str, str] | None = None, folder: Path | None = None
) -> Finished:
    """Run `python -m module arguments…`, with `environment` added to this one's. Failed if it fails.

    In `folder` it is as on a fresh machine: nothing of this one's settings, credentials or Dagster takes part.

    A module that times only its work prints `{"seconds": …}` as its last line.
    """
    command = [sys.executable, "-m", module, *map(str, arguments)]
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        started = time.perf_counter()
        base = {name: text for name, text in os.environ.items() if folder is None or not name.startswith(_SETTINGS)}
        here = {"PYTHONPATH": str(PROJECT)} if folder else {}
        process = subprocess.Popen(  # noqa: S603 - our own modules
            command, stdout=output, stderr=errors, env={**base, **here, **(environment or {})}, cwd=folder
        )
        watched = _Watched(process.pid)
        watched.start()
        alarm = threading.Timer(TIMEOUT, process.kill)
        alarm.start()
        # wait4, and not `wait`: of all ways to ask, it alone tells this child's peak.
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        alarm.cancel()
        watched.stop()
        if process.returncode:
            raise Failed(f"{' '.join(command[1:])} ended with {process.returncode}:\n{_read(errors)[-4000:]}")
        unit = 1 if sys.platform == "darwin" else 1024
        return Finished(seconds, max(usage.ru_maxrss * unit, watched.peak), _last_object(_read(output)))


def _read(file) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")


def _last_object(output: str) -> dict[str, float]:
    lines = output.strip().splitlines()
    return json.loads(lines[-1]) if lines and lines[-1].startswith("{") else {}


class _Watched(threading.Thread):
    """Adds up, every few milliseconds, what a process and its children hold: Spark's work is done by a child.

    Where there is no /proc the peak stays 0, and that of the process itself, which the kernel tells, has to do.
    """

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid, self.peak = pid, 0
        self._ended = threading.Event()

    def run(self) -> None:
        page = os.sysconf("SC_PAGE_SIZE")
        while not self._ended.wait(_EVERY):
            self.peak = max(self.peak, sum(_resident(pid) for pid in _family(self.pid)) * page)

    def stop(self) -> None:
        self._ended.set()
        self.join()


def _family(pid: int) -> Iterator[int]:
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in _text(task).split():
            yield from _family(int(child))


def _resident(pid: int) -> int:
    fields = _text(Path(f"/proc/{pid}/statm")).split()
    return int(fields[1]) if fields else 0


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # It has ended meanwhile.
        return ""
