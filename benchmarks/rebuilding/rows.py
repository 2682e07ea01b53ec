"""The rows of rebuilding."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from benchmarks import processes
from benchmarks.processes import PROJECT
from benchmarks.rounds import Disagreement, Figures, Row

OURS, LOOP = "one run of Dagster", "plain pyarrow loop"
DAYS, QUICK_DAYS = 1000, 10


def rows(quick: bool, scratch: Path) -> Iterator[Row]:
    number = QUICK_DAYS if quick else DAYS
    yield _row(number, scratch / "folder", str(scratch / "folder" / "lake"), {}, "a folder")
    with _s3(scratch) as environment:
        yield _row(number, scratch / "s3", "s3://rebuilding/lake", environment, "S3 (moto)")


def _row(number: int, folder: Path, lake: str, more: dict[str, str], where: str) -> Row:
    folder.mkdir()
    shutil.copy(PROJECT / "dagster.yaml", folder)
    environment = {**more, "PYSPOTIFY_LAKE": lake, "PYSPOTIFY_SOURCE": "sample", "PYSPOTIFY_START": "2023-01-01"}
    address, output = f"{lake}/sample", f"{lake}/by_the_loop"

    def python(module: str, *arguments: object) -> Figures:
        module = f"benchmarks.rebuilding.{module}"
        return processes.python(module, *arguments, folder=folder, environment=environment).figures

    def agree() -> None:
        try:
            python("agree", address, output, "2023-01-03")
        except processes.Failed as error:
            raise Disagreement(str(error)) from None

    python("lake", address, number)
    return Row(
        work=f"rebuild refined from raw, {number:,} days of 2 feeds, on {where}",
        how="the work alone",
        ours=OURS,
        contenders={OURS: partial(python, "ours", number), LOOP: partial(python, "loop", address, output)},
        bars={"seconds": 2.0},
        agree=agree,
    )


@contextmanager
def _s3(scratch: Path) -> Iterator[dict[str, str]]:
    """The variables that lead to a bucket of a moto server on loopback, which ends with the block."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    environment = {
        "AWS_ENDPOINT_URL": address,
        "AWS_ACCESS_KEY_ID": "benchmark",
        "AWS_SECRET_ACCESS_KEY": "benchmark",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    server = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "MOTO_S3_CUSTOM_ENDPOINTS": address},
    )
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(urllib.request.Request(f"{address}/rebuilding", method="PUT"), timeout=5)  # noqa: S310
                break
            except OSError:
                time.sleep(0.1)
        yield environment
    finally:
        server.terminate()
        server.wait()
