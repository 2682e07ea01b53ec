"""Kills at every moment at which something changes in a lake: a server that forks a run for each, and its client.

Python tells an audit hook of every rename, link, removal and opened file before it happens. What is staged nobody
sees: only what is done in the lake itself counts. To be killed before the n-th change and before the one after it are
all the states that a kill can leave, so nothing in the pipeline has to know of this.

Run as a module it is the server: everything is imported once, and each run is a fork that has a Dagster of its own.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO

import dagster as dg

from pyspotify_assets.feeds import load_feeds
from pyspotify_assets.lake import Lake
from pyspotify_assets.tables import MARTS
from pyspotify_assets.verification import Verified, verify
from pyspotify_assets.verification.fault import Scope
from pyspotify_assets_tests.pipelines import DAYS, NOON, Pipeline

FIRST, LAST = DAYS[0], DAYS[1]
"""The days that are refreshed."""
_PATIENCE = 60
"""Seconds after which a run is given up, and says where it stands."""
_CHANGES = ("os.rename", "os.link", "os.remove", "os.rmdir", "os.mkdir", "open")
_UNSEEN = (".staging", "state/locks", "state/spotify")


def pipeline_in(folder: Path) -> Pipeline:
    """The pipeline of these proofs: two small feeds, and a clock that stands still."""
    return Pipeline(folder, overrides={"clock": lambda: NOON})


def refresh(folder: Path) -> None:
    """One ordinary run over the days."""
    with dg.DagsterInstance.ephemeral() as instance:
        run = pipeline_in(folder).run(instance, FIRST, LAST)
    assert run.success, run.failures()


def verified(folder: Path, later: timedelta = timedelta(0)) -> Verified:
    """What verification says of the folder's lake, as if asked `later` than now."""
    pipeline = pipeline_in(folder)
    feeds, lookback = load_feeds(pipeline.settings.feeds), pipeline.settings.lookback_days
    return verify(Scope(pipeline.lake, pipeline.sql, feeds, FIRST, LAST, lookback, datetime.now(UTC) + later, "en"))


_AMOUNTS = re.compile(rb"\b[0-9.,]+ (?:bytes|kB|MB)\b")
"""What a report says that queries read: measured when a mart was made, as the time is, and no part of what it is."""


def contents(folder: Path, pipeline: Pipeline | None = None) -> dict[str, object]:
    """All that a lake is for: bytes of raw, refined, quarantine and reports, what waits, and the rows of the marts."""
    pipeline = pipeline or pipeline_in(folder)
    lake: Lake = pipeline.lake
    here = str(folder).encode()  # Where the lake lies, which a report says of what is in quarantine.
    found: dict[str, object] = {
        f"{area}/{info.key}": _AMOUNTS.sub(b"", lake.stores[area].read(info.key)).replace(here, b"")
        for area in ("raw", "refined", "quarantine", "report", "landing")
        for info in lake.stores[area].objects("")
    }
    found |= {f"replaced/{info.key}": lake.stores["state"].read(info.key) for info in _replaced(lake)}
    for mart in MARTS:
        rows = pipeline.sql.query(f"SELECT * FROM spotify_marts.{mart.name}").to_pylist()
        found[f"marts/{mart.name}"] = sorted(map(repr, rows))
    return found


def bytes_lost(expected: dict[str, object], found: dict[str, object]) -> int:
    """Bytes of objects that are not there, or are others."""
    return sum(
        len(content) if isinstance(content, bytes) else len(repr(content))
        for name, content in expected.items()
        if found.get(name) != content
    )


@dataclass
class Killer:
    """A client of the server: each call is one run in a process of its own."""

    process: subprocess.Popen[str]

    def run(self, folder: Path, kill_before: int = -1) -> tuple[bool, list[str]]:
        """Refresh the lake in `folder`; be killed before that change. Whether it was, and the changes until then."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"folder": str(folder), "kill_before": kill_before}) + "\n")
        self.process.stdin.flush()
        status = json.loads(self.process.stdout.readline())
        changes = (folder / "changes.txt").read_text(encoding="utf-8").splitlines()
        assert status in (0, -signal.SIGKILL), f"the run in {folder} ended with {status}"
        return status != 0, changes


@contextlib.contextmanager
def killer() -> Iterator[Killer]:
    """The server, up and running."""
    command = [sys.executable, "-W", "ignore", "-m", __name__]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        try:
            yield Killer(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(30)


def _replaced(lake: Lake):
    return (info for info in lake.stores["state"].objects("replaced/") if info.key.endswith(".csv"))


def _killed_before(folder: Path, number: int, log: IO[str]) -> None:
    """Have this process killed before its change of that number in the folder's lake; changes are logged until then."""
    lake, seen = str(folder / "lake"), 0

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal seen
        if event not in _CHANGES:
            return
        if event == "open" and not (isinstance(arguments[1], str) and set(arguments[1]) & set("wax+")):
            return
        paths = [str(path) for path in arguments[:2] if isinstance(path, str | os.PathLike)]
        target = paths[-1] if event in ("os.rename", "os.link") and paths else paths[0] if paths else ""
        if not target.startswith(lake) or any(f"/{part}" in target for part in _UNSEEN):
            return
        before = Path(target)
        if (event == "os.mkdir" and (before.is_dir() or not before.parent.is_dir())) or (
            event in ("os.remove", "os.rmdir") and not before.exists()
        ):
            return  # Tried, and nothing will change.
        if seen == number:
            log.flush()
            os.kill(os.getpid(), signal.SIGKILL)
        seen += 1
        log.write(f"{event} {target.removeprefix(lake)}\n")

    sys.addaudithook(hook)


def _serve() -> None:
    for line in sys.stdin:
        asked = json.loads(line)
        child = os.fork()
        if child == 0:
            code = 1
            faulthandler.dump_traceback_later(_PATIENCE, exit=True)
            try:
                folder = Path(asked["folder"])
                sys.stdout = sys.stderr
                with open(folder / "changes.txt", "w", encoding="utf-8") as log:
                    _killed_before(folder, asked["kill_before"], log)
                    refresh(folder)
                code = 0
            except BaseException:
                import traceback

                traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(code)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    # What a run imports by and by, once for all of them; nothing that would start a thread.
    import duckdb  # noqa: F401
    import pandas  # noqa: F401
    import pyarrow.dataset  # noqa: F401
    import sqlglot  # noqa: F401

    import pyspotify_assets.definitions
    import pyspotify_assets.report  # noqa: F401

    _serve()
