"""The rows of refining: a day's size, a million rows, and ten million within a GiB."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks import processes
from benchmarks.rounds import Absent, Disagreement, Figures, Row

_RUN = "benchmarks.refining.run"
MODULES = {
    "pyspotify_assets": "ours",
    "DuckDB": "with_duckdb",
    "Polars": "with_polars",
    "pandas": "with_pandas",
    "Spark local[2]": "with_spark",
}
OURS, SPARK = "pyspotify_assets", "Spark local[2]"


def rows(quick: bool, scratch: Path) -> Iterator[Row]:
    """Files are made in `scratch` when their row comes. Spark, slow to start, is left out where it is to be quick."""
    everyone = [name for name in MODULES if not (quick and name == SPARK)]
    warm = ("--warm", _made_up(scratch, 1_000))
    alone, capped = "the work alone", "the work alone, DuckDB told to take 1 GiB"
    for full, little, names, options, how, within in (
        (10_000, 2_000, everyone, (), "whole process", {}),
        (10_000, 2_000, everyone, warm, alone, {}),
        (1_000_000, 20_000, everyone, warm, alone, {}),
        (10_000_000, 50_000, [OURS, "DuckDB"], (*warm, "--memory", "1GiB"), capped, {"peak": 1 << 30}),
    ):
        raw = _made_up(scratch, little if quick else full)
        yield _row(scratch, little if quick else full, raw, names, options, how, within)
        raw.unlink()


# Folders are named after modules: Spark takes the brackets of its own name, in a path, for a pattern.
def _row(
    scratch: Path,
    count: int,
    raw: Path,
    names: Sequence[str],
    options: Sequence[object],
    how: str,
    within: Mapping[str, float],
) -> Row:
    def refining(name: str) -> Callable[[], Figures]:
        def refined() -> Figures:
            if name == SPARK and shutil.which("java") is None:
                raise Absent("needs Java: `java` is not on the PATH")
            return processes.python(_RUN, MODULES[name], raw, scratch / MODULES[name], *options).figures

        return refined

    def agree() -> None:
        """All results are compared with ours; Spark's too, if it took part."""
        files = [scratch / MODULES[name] / "refined.parquet" for name in names]
        try:
            processes.python("benchmarks.refining.compare", *(file for file in files if file.exists()))
        except processes.Failed as difference:
            raise Disagreement(str(difference)) from None

    return Row(
        work=f"refine {count:,} rows ({raw.stat().st_size / 1e6:,.0f} MB)",
        how=how,
        ours=OURS,
        contenders={name: refining(name) for name in names},
        bars={"seconds": 1.0},
        within=within,
        agree=agree,
    )


def _made_up(scratch: Path, count: int) -> Path:
    """A raw CSV of so many rows."""
    path = scratch / f"raw-{count}.csv"
    processes.python("benchmarks.refining.made_up", count, path)
    return path
