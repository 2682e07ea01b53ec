"""Runs started from the terminal: in this process, recorded in the Dagster instance that the UI opens."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

from pyspotify_assets.assets.each_day import ONLY_CHANGED, days_made, progress
from pyspotify_assets.clock import system_clock
from pyspotify_assets.definitions import build_definitions
from pyspotify_assets.history import failure_words
from pyspotify_assets.jobs import day_range
from pyspotify_assets.settings import load_settings

if TYPE_CHECKING:
    from dagster._core.definitions.reconstruct import ReconstructableJob

CODE_LOCATION = "pyspotify_assets"
"""The name that workspace.yaml and pyproject.toml give the definitions."""

_SILENT = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@contextmanager
def dagster_instance() -> Iterator[dg.DagsterInstance]:
    """The instance of the working directory's dagster.yaml, as `dagster dev` opens it; else that of DAGSTER_HOME.

    Where there is neither, an instance that is forgotten at the end.
    """
    if home := os.environ.get("DAGSTER_HOME"):
        with _opened(Path(home), dg.DagsterInstance.get) as instance:
            yield instance
    elif Path("dagster.yaml").is_file():
        here = Path.cwd()
        (here / ".dagster").mkdir(exist_ok=True)
        with _opened(here / ".dagster", lambda: dg.DagsterInstance.from_config(str(here))) as instance:
            yield instance
    else:
        with dg.DagsterInstance.ephemeral() as instance:
            yield instance


def _opened(folder: Path, open_instance: Callable[[], dg.DagsterInstance]) -> dg.DagsterInstance:
    """The instance, opened by one process at a time: two that made its databases at once would break them for good
    ("more than one head present"). `dagster dev`, which does not ask for the lock, may be making them at this moment.
    """
    from filelock import FileLock
    from sqlalchemy.exc import OperationalError

    if not folder.is_dir():
        return open_instance()  # Dagster says what is wrong with a DAGSTER_HOME that is not there.
    with FileLock(folder / "opening.lock", timeout=60):
        for pause in (0.2, 0.5, 1, 2):
            try:
                return open_instance()
            except OperationalError:  # "table run_tags already exists": a moment later it is there.
                time.sleep(pause)
        return open_instance()


def job_named(name_and_day: str) -> dg.JobDefinition:
    """One job of the project, for Dagster to find again by "name YYYY-MM-DD": its partitions reach back to that day."""
    name, first = name_and_day.split()
    settings = load_settings()
    if date.fromisoformat(first) < settings.first_day(settings.today(system_clock())):
        settings = load_settings(start=first)
    return build_definitions(settings).resolve_job_def(name)


def execute(
    instance: dg.DagsterInstance,
    job: str,
    first: str,
    last: str,
    on_day: Callable[[str], None] = lambda message: None,
    assets: Sequence[dg.AssetKey] | None = None,
    on_notice: Callable[[str, bool], None] = lambda message, missed: None,
    forced: bool = False,
) -> list[str]:
    """Run a job over the days from `first` to `last`; gives what failed, in words, and nothing if all went well.

    `on_day` is told of every day of every asset that is done. `assets` narrows the job's selection. `on_notice` is told
    of what is no failure and yet worth knowing at once, such as a wait; and whether it is a day that was missed.
    `forced`: days are made again even if nothing that they are made from has changed.
    """
    tags = day_range(first, last) | ({ONLY_CHANGED: "false"} if forced else {})
    return _execute(instance, job, first, tags, on_day, assets, on_notice)


def execute_whole(
    instance: dg.DagsterInstance, job: str, on_done: Callable[[str], None] = lambda message: None
) -> list[str]:
    """Run a job whose assets have no days; gives what failed, in words. `on_done` is told of each asset."""
    return _execute(instance, job, load_settings().today(system_clock()).isoformat(), {}, on_done)


def _execute(
    instance: dg.DagsterInstance,
    job: str,
    first: str,
    tags: Mapping[str, str],
    on_day: Callable[[str], None],
    assets: Sequence[dg.AssetKey] | None = None,
    on_notice: Callable[[str, bool], None] = lambda message, missed: None,
) -> list[str]:
    reconstructable = dg.build_reconstructable_job("pyspotify_assets.terminal.runs", "job_named", (f"{job} {first}",))
    with _listening(on_day, on_notice):
        result = _execute_as_the_ui_would(reconstructable, instance, tags, assets)
    if result.success:
        return []
    failures = [event for event in result.all_events if event.is_step_failure]
    return [failure_words(event) for event in failures] or [
        f"The run {result.run_id} of {job} failed; see it in `dagster dev`."
    ]


def _execute_as_the_ui_would(
    job: ReconstructableJob, instance: dg.DagsterInstance, tags: Mapping[str, str], assets: Sequence[dg.AssetKey] | None
) -> dg.JobExecutionResult:
    """`dg.execute_job`, with the one thing added that it leaves out: the code location that the job belongs to.

    Without it the UI shows the run in its list of runs only: the timeline it opens with and the page of the job are
    empty, and the run cannot be started again from there. `test_ui.py` fails should a release of Dagster change this.
    """
    from dagster._core.execution.api import execute_run
    from dagster._core.remote_origin import ManagedGrpcPythonEnvCodeLocationOrigin, RemoteRepositoryOrigin
    from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

    target = LoadableTargetOrigin(module_name="pyspotify_assets.definitions", working_directory=str(Path.cwd()))
    repository = RemoteRepositoryOrigin(ManagedGrpcPythonEnvCodeLocationOrigin(target, CODE_LOCATION), "__repository__")
    definition = job.get_definition()
    run = instance.create_run_for_job(
        definition,
        run_config=_SILENT,
        tags={**definition.run_tags, **tags},
        asset_selection=frozenset(assets) if assets else None,
        remote_job_origin=repository.get_job_origin(definition.name),
        job_code_origin=job.get_python_origin(),
    )
    return execute_run(job, run, instance)


@contextmanager
def _listening(on_day: Callable[[str], None], on_notice: Callable[[str, bool], None]) -> Iterator[None]:
    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if getattr(record, "day_done", False):
                on_day(record.getMessage())
            if record.levelno == logging.WARNING:
                on_notice(record.getMessage(), getattr(record, "missed", False))

    listener, levels = Listener(logging.INFO), [(logger, logger.level) for logger in (progress, days_made)]
    for logger, _ in levels:
        logger.addHandler(listener)
        logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        for logger, level in levels:
            logger.removeHandler(listener)
            logger.setLevel(level)
