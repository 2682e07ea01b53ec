"""The row of the layout: the same rows, written in several ways."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import processes
from benchmarks.rounds import Figures, Row

LAYOUTS = (
    *("as it is", "row groups of 8,192", "row groups of 32,768", "row groups of 524,288"),
    *("dictionaries everywhere", "no dictionaries", "ranks plain", "zstd 3", "zstd 9"),
)
"""Those of `run.py`, which the process that measures does not import: it stays small."""


def rows(quick: bool, scratch: Path) -> Iterator[Row]:
    """One row; no bar: it is there to choose by."""
    count = 20_000 if quick else 1_000_000
    raw, refined = scratch / "raw.csv", scratch / "ours" / "refined.parquet"
    processes.python("benchmarks.refining.made_up", count, raw)
    processes.python("benchmarks.refining.run", "ours", raw, refined.parent)

    def writing(layout: str) -> Callable[[], Figures]:
        run = "benchmarks.layout.run"
        return lambda: processes.python(run, refined, layout, scratch / "written.parquet").figures

    yield Row(
        work=f"write {count:,} refined rows",
        how="encoding alone",
        ours="as it is",
        contenders={layout: writing(layout) for layout in (LAYOUTS[:3] if quick else LAYOUTS)},
    )
