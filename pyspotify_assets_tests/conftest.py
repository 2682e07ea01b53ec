"""What many tests stand on: an S3 server of their own, an environment that this machine has no part in, a browser."""

from __future__ import annotations

import os
import random
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from pyspotify_assets_tests import proofs
from pyspotify_assets_tests.proofs import figures as figures

# How long an example takes says something about the machine, not about the rule.
hypothesis.settings.register_profile("no-deadline", deadline=None)
hypothesis.settings.load_profile("no-deadline")

_PATIENCE = 30
"""Seconds for the server to answer: it imports a great deal."""

_QUIET = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")


LONGEST_FIRST = ("test_ui", "test_bad_days", "test_pipeline", "test_terminal", "test_sensors")
"""Test files that take long begin first, so that the two workers of `make test` end at about the same time."""


def pytest_configure() -> None:
    """What is drawn by lot is drawn alike in every worker; PYSPOTIFY_TEST_SEED repeats a run."""
    os.environ.setdefault("PYSPOTIFY_TEST_SEED", str(random.randrange(1 << 20)))  # noqa: S311 - a draw, no secret


def pytest_report_header() -> str:
    return f"PYSPOTIFY_TEST_SEED={os.environ['PYSPOTIFY_TEST_SEED']}"


@pytest.hookimpl(tryfirst=True)  # Before the tests are chosen by their markers.
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    proofs.mark(items)
    names = {name: place for place, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: names.get(item.path.stem, len(names)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What the proofs of this run have found."""
    stats = terminalreporter.stats
    found = list(proofs.lines(report for outcome in ("passed", "failed") for report in stats.get(outcome, [])))
    if found:
        terminalreporter.section(f"proofs, seed {proofs.seed()}")
        for line in found:
            terminalreporter.line(line)


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, and an environment without our variables."""
    for name in [name for name in os.environ if name.startswith(("PYSPOTIFY_", "SPOTIPY_", "DAGSTER_"))]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """The address of an S3 server (moto) that is a process of its own; under pytest-xdist each worker has one."""
    for _ in range(3):  # Between finding a port and binding it another process may take it.
        address = f"http://127.0.0.1:{(port := free_port())}"
        server = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={name: text for name, text in os.environ.items() if not name.startswith("AWS_")},
        )
        try:
            if _answers(address, server):
                yield address
                return
        finally:
            server.terminate()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
    raise RuntimeError("the S3 server did not start")


@pytest.fixture
def s3_environment(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The environment of a process that uses the S3 server: address, dummy credentials, region. Gives the address."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, text in {
        "AWS_ENDPOINT_URL": s3_server,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, text)
    return s3_server


@pytest.fixture
def s3_bucket(s3_environment: str) -> str:
    """The name of a new, empty bucket."""
    bucket = f"test-{uuid.uuid4().hex}"
    request = urllib.request.Request(f"{s3_environment}/{bucket}", method="PUT")  # noqa: S310 - our own loopback address
    with urllib.request.urlopen(request, timeout=30):  # noqa: S310
        return bucket


@pytest.fixture(params=["folder", "s3"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a new lake: each test that asks for it runs on a folder and on S3."""
    if request.param == "folder":
        return str(tmp_path / "lake")
    return f"s3://{request.getfixturevalue('s3_bucket')}/some/where"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A running browser for one module; skips where there is none.

    Not for the session: while playwright runs, so does its event loop, and Dagster, which other modules run in this
    process, needs to start one of its own.
    """
    executable = shutil.which("chromium")
    if executable is None:
        pytest.skip("no `chromium` on the PATH")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(_QUIET))
        yield browser
        browser.close()


def _answers(address: str, server: subprocess.Popen) -> bool:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/moto-api/", timeout=2):  # noqa: S310 - our own loopback address
                return True
        except OSError:
            time.sleep(0.05)
    return False
