"""A Dagster UI for a test: a folder of its own, what `pyspotify run` makes in it, and `dagster dev` over that.

Nothing of the caller's settings, credentials or Dagster home takes part, the server listens on loopback only, and
whatever happens, none of its processes outlives the `with` block. What the pages show is asked in `test_ui.py`.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parent.parent
PATIENCE = 120
"""Seconds for the first answer of the server. It takes 8 on an idle machine; tests may share two cores with others."""

_OTHERS = ("PYSPOTIFY_", "SPOTIPY_", "AWS_", "DAGSTER_")


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """This process's environment without anything that steers the pipeline or Dagster, plus `settings`."""
    return {name: text for name, text in os.environ.items() if not name.startswith(_OTHERS)} | dict(settings)


def run_sample(folder: Path, days: int, **settings: str) -> str:
    """Do in `folder` what a newcomer does in the project's: `pyspotify run`. Gives what it printed.

    `settings` are environment variables; without any, everything is as it comes.
    """
    for name in ("dagster.yaml", "workspace.yaml"):
        shutil.copy(PROJECT / name, folder)
    command = [sys.executable, "-m", "pyspotify_assets.cli", "run", "--days", str(days)]
    done = subprocess.run(  # noqa: S603 - our own command
        command, cwd=folder, env=environment(settings), capture_output=True, text=True, timeout=300
    )
    if done.returncode:
        raise RuntimeError(f"`pyspotify run` ended with {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout


class DagsterUI:
    """`dagster dev` over a folder, as seen from outside: its pages, its GraphQL, and what it printed.

    `seconds_to_answer` is the time from the start of the process to its first answer.
    """

    def __init__(self, folder: Path, address: str, process: subprocess.Popen[bytes], log: Path) -> None:
        self.folder, self.address, self.log = folder, address, log
        self._process = process
        self.seconds_to_answer = self._wait()

    def printed(self) -> str:
        """All output of the server and of the daemon so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def graphql(self, query: str, **variables: Any) -> dict[str, Any]:
        """The data of one GraphQL answer; RuntimeError if there are errors in it."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        headers = {"content-type": "application/json"}
        request = urllib.request.Request(f"{self.address}/graphql", body, headers)  # noqa: S310 - our own address
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
                told = json.load(answer)
        except urllib.error.HTTPError as refused:
            told = json.load(refused)
        if told.get("errors"):
            raise RuntimeError(f"GraphQL: {told['errors']}")
        return told["data"]

    def _wait(self) -> float:
        began = time.monotonic()
        while time.monotonic() < began + PATIENCE:
            if self._process.poll() is not None:
                break
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.address}/server_info", timeout=2):  # noqa: S310
                return time.monotonic() - began
            time.sleep(0.1)
        raise RuntimeError(f"`dagster dev` did not answer within {PATIENCE} s\n{self.printed()}")


@contextlib.contextmanager
def dagster_dev(folder: Path, **settings: str) -> Iterator[DagsterUI]:
    """A running `dagster dev` over `folder`; at the end its whole process group is gone."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = folder / "dagster_dev.log"
    with open(log, "wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "pyspotify_assets.webserver", "--host", "127.0.0.1", "--port", str(port)],
            cwd=folder,
            env=environment({**settings, "PYTHONUNBUFFERED": "1"}),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield DagsterUI(folder, f"http://127.0.0.1:{port}", process, log)
    finally:
        _end_group(process)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """Interrupt the process group, as Ctrl-C in a terminal does; kill what is left of it after a while."""
    for number, patience in ((signal.SIGINT, 15), (signal.SIGKILL, 15)):
        deadline = time.monotonic() + patience
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
            while time.monotonic() < deadline:
                process.poll()  # Else the ended server stays a member of its group.
                os.killpg(process.pid, 0)
                time.sleep(0.1)
            continue
        return
    raise RuntimeError(f"processes of `dagster dev`, group {process.pid}, cannot be ended")
