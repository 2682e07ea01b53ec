"""The rows of starting: ours beside an empty Dagster project of the same size."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from benchmarks import processes
from benchmarks.processes import PROJECT
from benchmarks.rounds import Disagreement, Figures, Row

OURS, EMPTY, NOTHING = "pyspotify", "empty Dagster project", "Dagster job that does nothing"
BAR = {"seconds": 1.3}


def rows(quick: bool, scratch: Path) -> Iterator[Row]:
    days = 2 if quick else 14
    today = datetime.now(UTC).date()
    last, first = today.isoformat(), (today - timedelta(days=days - 1)).isoformat()
    ours, empty = _ours(scratch / "ours"), _empty(scratch / "empty")
    load = "benchmarks.starting.load"
    sizes: dict[str, Figures] = {}

    def loaded(name: str, module: str) -> Figures:
        sizes[name] = processes.python(load, module, folder=ours).figures
        return sizes[name]

    def of_one_size() -> None:
        if any(sizes[OURS][count] != sizes[EMPTY][count] for count in ("assets", "steps")):
            raise Disagreement(f"the empty project is of another size: {sizes}")

    yield Row(
        work="definitions load",
        how="whole process",
        ours=OURS,
        contenders={
            OURS: partial(loaded, OURS, "pyspotify_assets.definitions"),
            EMPTY: partial(loaded, EMPTY, "benchmarks.starting.empty"),
        },
        bars=BAR,
        agree=of_one_size,
    )
    page = "benchmarks.starting.first_page"
    dev = ("-m", "dagster", "dev", "-m", "benchmarks.starting.empty")
    yield Row(
        work="`dagster dev` to its first page with assets",
        how="from the command to the page",
        ours=OURS,
        contenders={
            OURS: _run(page, "-m", "pyspotify_assets.webserver", folder=ours),
            EMPTY: _run(page, *dev, folder=empty),
        },
        bars=BAR,
    )
    run = "benchmarks.starting.run"
    yield Row(
        work="a daily run of 2 feeds",
        how="whole process",
        ours=OURS,
        contenders={
            OURS: _run("pyspotify_assets.cli", "extract", folder=ours),
            EMPTY: _run(run, "daily_snapshot", last, last, folder=empty),
        },
        bars=BAR,
    )
    _run("pyspotify_assets.cli", "run", "--days", str(days), folder=ours)()
    yield Row(
        work=f"`make run` again, {days} days and nothing new",
        how="whole process",
        ours=OURS,
        contenders={
            OURS: _run("pyspotify_assets.cli", "run", "--days", str(days), folder=ours),
            NOTHING: _run(run, "full_refresh", first, last, folder=empty),
        },
        bars={"seconds": 1.5},
    )


def _run(module: str, *arguments: str, folder: Path) -> Callable[[], Figures]:
    home = {"DAGSTER_HOME": str(folder)}
    return lambda: processes.python(module, *arguments, folder=folder, environment=home).figures


def _ours(folder: Path) -> Path:
    """A folder with the project's own dagster.yaml."""
    folder.mkdir()
    for name in ("dagster.yaml", "workspace.yaml"):
        shutil.copy(PROJECT / name, folder)
    return folder


def _empty(folder: Path) -> Path:
    """A folder in which Dagster keeps its history as it does where nobody has said anything."""
    folder.mkdir()
    (folder / "dagster.yaml").write_text("telemetry:\n  enabled: false\n", encoding="utf-8")
    return folder
