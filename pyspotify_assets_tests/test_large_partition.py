"""The proof that size does not matter: 1 GiB written and read back within 300 MiB of memory. Minutes: marked slow.

`make prove` takes all of it, other runs a quarter, which in memory would be too much as well.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from pyspotify_assets_tests.proofs import Figures, proving

GIB, MIB = 1 << 30, 1 << 20
WRITE = """
import numpy as np
import pyarrow as pa
rng = np.random.default_rng(1)
schema = pa.schema([("id", pa.int64()), ("text", pa.string()), ("noise", pa.binary(24))])
def batches():
    row = 0
    while row < ROWS:
        ids = np.arange(row, row + 65_536)
        texts = pa.array(rng.integers(0, 1 << 62, len(ids)).astype(str))
        bytes_of_all = pa.py_buffer(rng.bytes(24 * len(ids)))
        noise = pa.FixedSizeBinaryArray.from_buffers(pa.binary(24), len(ids), [None, bytes_of_all])
        yield pa.RecordBatch.from_arrays([pa.array(ids), texts, noise], schema=schema)
        row += len(ids)
stored = lake.write("stats/large", "2026-11-22", pa.RecordBatchReader.from_batches(schema, batches()))
figures = {"rows": stored.rows, "bytes": stored.info.size}
"""
READ = """
import pyarrow as pa
rows = 0
for batch in lake.read("stats/large", "2026-11-22", as_=pa.RecordBatchReader):
    assert batch.column("id")[0].as_py() == rows
    rows += batch.num_rows
figures = {"rows": rows}
"""
MEASURED = """
import json, re, sys, time
from pathlib import Path
from pyspotify_assets.io_manager import LakeIOManager
lake, ROWS = LakeIOManager(address=sys.argv[1]), int(sys.argv[2])
started = time.perf_counter()
{script}
# In KiB, of this program: getrusage's maximum counts what the tests' own process had before it became this one.
peak = int(re.search(r"VmHWM:\\s+([0-9]+) kB", Path("/proc/self/status").read_text())[1])
print(json.dumps(figures | {{"seconds": round(time.perf_counter() - started, 1), "peak": peak * 1024}}))
"""


def measure(script: str, address: str, rows: int) -> dict[str, int]:
    command = [sys.executable, "-c", MEASURED.format(script=script), address, str(rows)]
    found = subprocess.run(command, capture_output=True, text=True)  # noqa: S603 - our own command
    assert found.returncode == 0, found.stderr
    return json.loads(found.stdout)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured as Linux counts it")
def test_a_large_partition_goes_in_and_out_within_300_mebibytes(address, figures: Figures):
    rows, size = (28_000_000, GIB) if proving() else (7_000_000, GIB // 4)

    written = measure(WRITE, address, rows)
    read = measure(READ, address, rows)

    figures.line(
        f"a partition of {written['bytes'] >> 20} MiB {'on S3' if '://' in address else 'in a folder'}: written in "
        f"{written['seconds']} s and {written['peak'] >> 20} MiB of memory, read in {read['seconds']} s and "
        f"{read['peak'] >> 20} MiB"
    )
    assert written["bytes"] >= size
    assert read["rows"] == written["rows"] >= rows
    assert written["peak"] <= 300 * MIB
    assert read["peak"] <= 300 * MIB
