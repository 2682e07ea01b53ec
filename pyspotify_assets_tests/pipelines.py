"""A whole pipeline for a test: a lake and a Dagster of its own, real runs, and stand-ins for single resources only.

Days are long past: every one is a partition whatever the clock of this machine says, and the sample knows them all.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow.parquet as pq

from pyspotify_assets import tables
from pyspotify_assets.clock import Clock, system_clock
from pyspotify_assets.daily.notes import Notes
from pyspotify_assets.definitions import build_definitions
from pyspotify_assets.jobs import FULL_REFRESH, day_range
from pyspotify_assets.lake import Lake
from pyspotify_assets.raw_csv import open_raw_csv
from pyspotify_assets.settings import Settings, load_settings
from pyspotify_assets.spotify.client import SpotifyClient
from pyspotify_assets.spotify.gate import OPEN, Gate
from pyspotify_assets.spotify.simulator import Simulator
from pyspotify_assets.spotify.token_store import Login
from pyspotify_assets.terminal.runs import failure_words
from pyspotify_assets.warehouse import SqlEngine
from pyspotify_assets.warehouse.engines import sql_engine

DAYS = ("2024-03-01", "2024-03-02", "2024-03-03")
NOON = datetime(2024, 3, 3, 12, tzinfo=UTC)
"""Noon of the last of DAYS: what a handed-in clock says."""

FEEDS = ("popular_songs", "top_played")
MARTS = tuple(mart.name for mart in tables.MARTS)
SMALL_FEEDS = """
[[feed]]
name = "popular_songs"
kind = "search"
query = "year:{last_year}-{this_year}"
maximum = 40

[[feed]]
name = "top_played"
kind = "playlist"
playlist = "2YRe7HRKNRvXdJBp9nXFza"
maximum = 40
"""
"""The two default feeds with one page each: what is shown does not depend on how much there is."""

DAGSTER_YAML = Path(__file__).parent.parent / "dagster.yaml"

_pipelines: dict[str, Pipeline] = {}
_tokens = itertools.count()


class Pipeline:
    """The project over a lake in `folder`; `overrides` stand in for single resources, `settings` are the others."""

    def __init__(
        self, folder: Path, *, feeds: str = SMALL_FEEDS, overrides: Mapping[str, object] | None = None, **settings
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.overrides = folder, dict(overrides or {})
        (folder / "feeds.toml").write_text(feeds, encoding="utf-8")
        given = {"lake": str(folder / "lake"), "source": "sample", "feeds": folder / "feeds.toml"}
        self.settings: Settings = load_settings(**({"start": "2023-01-01"} | given | settings))

    @property
    def lake(self) -> Lake:
        return Lake.at(**self.settings.lake_places())

    @property
    def sql(self) -> SqlEngine:
        return sql_engine(self.settings)

    def definitions(self) -> dg.Definitions:
        return build_definitions(self.settings, self.overrides)

    def run(
        self,
        instance: dg.DagsterInstance,
        first: str = DAYS[0],
        last: str = DAYS[-1],
        job: str = FULL_REFRESH,
        assets: Sequence[dg.AssetKey] | None = None,
    ) -> Run:
        """One real run over a range of days."""
        return self.run_tagged(instance, job, day_range(first, last), assets)

    def run_tagged(
        self,
        instance: dg.DagsterInstance,
        job: str,
        tags: Mapping[str, str],
        assets: Sequence[dg.AssetKey] | None = None,
    ) -> Run:
        token = str(next(_tokens))  # A new one for each run, since Dagster remembers the definitions of the latest.
        _pipelines[token] = self
        silent = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
        job_definition = dg.build_reconstructable_job(__name__, "job_of", (token, job))
        return Run(dg.execute_job(job_definition, instance, tags=dict(tags), run_config=silent, asset_selection=assets))


def job_of(token: str, name: str) -> dg.JobDefinition:
    """A job of one pipeline, for Dagster to find again."""
    return _pipelines[token].definitions().resolve_job_def(name)


@dataclass(frozen=True)
class Run:
    """What came of one run, as a user sees it."""

    result: dg.JobExecutionResult

    @property
    def success(self) -> bool:
        return self.result.success

    def made(self) -> dict[str, list[str]]:
        """Asset → days that were materialized, ascending; assets without days have an empty text."""
        found: dict[str, list[str]] = {}
        for event in self.result.all_events:
            if event.is_step_materialization:
                found.setdefault(event.asset_key.to_user_string(), []).append(event.partition or "")
        # A step that opens the way for others leaves nothing that is shown; see OPENS_DOWNSTREAM.
        return {key: sorted(days) for key, days in sorted(found.items())}

    def metadata(self, asset: str, day: str) -> dict[str, object]:
        """The figures shown with one materialization."""
        for event in self.result.all_events:
            if event.is_step_materialization and (event.asset_key.to_user_string(), event.partition) == (asset, day):
                return {
                    name: entry.value
                    for name, entry in event.step_materialization_data.materialization.metadata.items()
                }
        raise AssertionError(f"{asset} of {day} was not materialized")

    def failures(self) -> dict[str, str]:
        """Step → what a user is told of its failure."""
        return {event.step_key: failure_words(event) for event in self.result.all_events if event.is_step_failure}

    def checks(self) -> dict[str, dg.AssetCheckEvaluation]:
        """`asset:check` → its evaluation."""
        evaluations = (
            event.asset_check_evaluation_data
            for event in self.result.all_events
            if event.event_type_value == "ASSET_CHECK_EVALUATION"
        )
        return {f"{found.asset_key.to_user_string()}:{found.check_name}": found for found in evaluations}

    def failed_checks(self) -> dict[str, str]:
        return {name: found.description or "" for name, found in self.checks().items() if not found.passed}


class Served:
    """Spotify on loopback: `simulator` with its request log and scripted faults; live unless it knows the past."""

    def __init__(
        self, base_url: str, *, knows_the_past: bool = False, as_of: bool = True, clock: Clock = system_clock
    ) -> None:
        self.base_url, self.knows_the_past, self.as_of, self.clock = base_url, knows_the_past, as_of, clock
        self.identity = "a test's Spotify"

    @contextmanager
    def client(self, day: str, gate: Gate = OPEN) -> Iterator[SpotifyClient]:
        address = f"{self.base_url}/as-of/{day}" if self.as_of else self.base_url
        with SpotifyClient(
            "some-client",
            "some-secret",
            base_url=address,
            attempts=2,
            sleep=lambda s: None,
            clock=self.clock,
            gate=gate,
        ) as client:
            yield client

    def login(self) -> Login | None:
        return None


@contextmanager
def serving(**options: Any) -> Iterator[tuple[Served, Simulator]]:
    """A Spotify on loopback and the simulator behind it."""
    with Simulator() as simulator:
        yield Served(simulator.base_url, **options), simulator


def objects(lake: Lake, *areas: str) -> dict[str, str]:
    """Every object of these areas → its identity, which changes when it is written again."""
    return {f"{area}/{info.key}": info.identity for area in areas for info in lake.stores[area].objects("")}


def assert_whole(lake: Lake) -> Counter[str]:
    """Every published object can be read to its end and no mart points to nothing; gives the number per area."""
    counted: Counter[str] = Counter()
    for area in ("raw", "refined", "marts", "report", "catalog"):
        for info in lake.stores[area].objects(""):
            counted[area] += 1
            with lake.stores[area].local(info.key) as file:
                if area == "raw":
                    rows = sum(batch.num_rows for batch in open_raw_csv(file))
                elif area in ("refined", "marts"):
                    rows = pq.read_table(file).num_rows
                else:
                    rows = None
                    text = file.read_text(encoding="utf-8")
                    assert text.rstrip().endswith("</html>") or area != "report"
                    if info.key.endswith(".json"):
                        json.loads(text)
            notes = Notes.from_texts(lake.stores[area].info(info.key).notes)
            assert notes is None or rows is None or notes.rows == rows, info.key
    for path in Path(lake.stores["catalog"].uri("spotify_marts")).glob("*/partitions/*.json"):
        for day, entry in json.loads(path.read_text(encoding="utf-8")).items():
            assert lake.stores["marts"].info(entry["key"]) is not None, f"{path}: {day}"
    return counted


def rows(pipeline: Pipeline, query: str) -> list[tuple]:
    """The rows of a query."""
    return [tuple(row.values()) for row in pipeline.sql.query(query).to_pylist()]


def terminal_environment(**variables: str) -> dict[str, str]:
    """The environment of a fresh machine, and these variables."""
    return {"PATH": os.environ["PATH"], "DAGSTER_DISABLE_TELEMETRY": "1", "COLUMNS": "200", **variables}


def command(*arguments: str) -> list[str]:
    """`pyspotify` as a process of its own."""
    return [sys.executable, "-m", "pyspotify_assets.cli", *arguments]


def pyspotify(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `pyspotify` in a folder to its end."""
    return subprocess.run(  # noqa: S603 - our own command
        command(*arguments),
        cwd=folder,
        env=terminal_environment(**variables),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
    )
