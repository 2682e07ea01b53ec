"""The rows of transfer."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import processes
from benchmarks.rounds import Figures, Row

MIB = 1 << 20
OURS, BOTO3 = "the lake's store", "boto3's transfer, its defaults"


def rows(quick: bool, scratch: Path) -> Iterator[Row]:
    size = (80 if quick else 512) * MIB
    file = scratch / "partition.parquet"
    with open(file, "wb") as made:
        for _ in range(size // MIB):
            made.write(bytes(MIB))
    with _server(size) as address:
        environment = {
            "AWS_ENDPOINT_URL": address,
            "AWS_ACCESS_KEY_ID": "benchmark",
            "AWS_SECRET_ACCESS_KEY": "benchmark",
            "AWS_DEFAULT_REGION": "us-east-1",
            "TMPDIR": str(scratch),
        }

        def moved(who: str, way: str) -> Callable[[], Figures]:
            return lambda: (
                processes.python(
                    "benchmarks.transfer.move", who, way, file, folder=scratch, environment=environment
                ).figures
            )

        for way, words in (("up", "upload"), ("down", "download")):
            yield Row(
                work=f"{words} of a partition of {size // MIB} MiB, S3 on loopback",
                how="the work alone",
                ours=OURS,
                contenders={OURS: moved("ours", way), BOTO3: moved("boto3", way)},
                bars={"seconds": 1.1},
            )


@contextmanager
def _server(size: int) -> Iterator[str]:
    server = subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", "benchmarks.transfer.server", str(size)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout is not None
        yield f"http://127.0.0.1:{server.stdout.readline().strip()}"
    finally:
        server.terminate()
        server.wait()
