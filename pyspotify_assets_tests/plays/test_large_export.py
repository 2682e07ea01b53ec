"""The proof that size does not matter: five million plays imported within a gibibyte, the second time too.

`make prove` takes them all, other runs a million.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from pyspotify_assets_tests.proofs import Figures, proving

from .exports import large_export

GIB = 1 << 30
TAKE = """
import json, re, sys, time
from datetime import UTC, datetime
from pathlib import Path
from pyspotify_assets.lake import Lake
from pyspotify_assets.plays.take import take
started = time.perf_counter()
taken = take(Lake.at(sys.argv[2]), Path(sys.argv[1]), datetime(2026, 11, 22, tzinfo=UTC))
seconds = round(time.perf_counter() - started, 1)
# Of this program: getrusage's maximum counts what the tests' own process had before it became this one.
peak = int(re.search(r"VmHWM:\\s+([0-9]+) kB", Path("/proc/self/status").read_text())[1]) * 1024
print(json.dumps({"added": taken.added, "known": taken.known, "seconds": seconds, "peak": peak}))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured as Linux counts it")
@pytest.mark.parametrize(
    "number", [50_000, pytest.param(5_000_000 if proving() else 1_000_000, marks=pytest.mark.slow)]
)
def test_an_export_is_taken_within_a_gibibyte_and_taken_again(tmp_path, figures: Figures, number):
    path = large_export(tmp_path / "x.zip", number)

    first, second = (_measured(str(path), str(tmp_path / "lake")) for _ in range(2))

    told = (f"{found['seconds']} s and {found['peak'] >> 20} MiB" for found in (first, second))
    figures.line(f"{number:,} plays imported: {', again '.join(told)}")
    assert (first["added"], first["known"]) == (number, 0)
    assert (second["added"], second["known"]) == (0, number)
    assert max(first["peak"], second["peak"]) < GIB


def _measured(*arguments: str) -> dict[str, int]:
    done = subprocess.run([sys.executable, "-c", TAKE, *arguments], capture_output=True, text=True)  # noqa: S603
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
