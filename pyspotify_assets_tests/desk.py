"""A desk for sensors and schedules: ticks of the real ones, with what Dagster's daemon would remember between them."""

from __future__ import annotations

from datetime import UTC, datetime

import dagster as dg

from pyspotify_assets.history import CRAWL_STARTED
from pyspotify_assets_tests.pipelines import FEEDS, Pipeline


class Desk:
    """Sensors and schedules of one pipeline, with the cursors and run keys that Dagster's daemon would remember."""

    JOBS = (
        ("raw_landed", "daily_snapshot"),  # Dagster's own job for selections cannot be run by its name.
        ("crawl_raw_when_newer", "crawl_raw"),
        ("crawl_refined_when_newer", "crawl_refined"),
        ("marts_when_crawled", "marts_and_report"),
    )

    def __init__(self, pipeline: Pipeline, instance: dg.DagsterInstance) -> None:
        self.pipeline, self.instance = pipeline, instance
        self.repository = pipeline.definitions().get_repository_def()
        self.cursors: dict[str, str | None] = {}
        self.run_keys: set[str] = set()

    def tick(self, name: str):
        """One tick of a sensor, from the cursor that its last tick left."""
        with dg.build_sensor_context(
            self.instance,
            self.cursors.get(name),
            repository_def=self.repository,
            sensor_name=name,
            resources=self.repository.get_top_level_resources(),
        ) as context:
            ticked = self.repository.get_sensor_def(name).evaluate_tick(context)
        self.cursors[name] = ticked.cursor or self.cursors.get(name)  # As the daemon does.
        return ticked

    def scheduled(self, name: str, at: datetime):
        """One tick of a schedule."""
        with dg.build_schedule_context(self.instance, at, repository_def=self.repository) as context:
            # Which it would look for on a disk.
            context._instance, context._instance_ref = self.instance, context._instance_ref or object()
            return self.repository.get_schedule_def(name).evaluate_tick(context)

    def run(self, request: dg.RunRequest, job: str):
        """Run what was requested, once per run key."""
        if request.run_key in self.run_keys:
            return None
        self.run_keys |= {request.run_key} if request.run_key else set()
        return self.pipeline.run_tagged(self.instance, request.job_name or job, request.tags, request.asset_selection)

    def materialized(self, key: str, day: str | None = None, **metadata: float) -> None:
        self.instance.report_runless_asset_event(
            dg.AssetMaterialization(dg.AssetKey(key.split("/")), partition=day, metadata=metadata)
        )

    def crawled(self, area: str) -> None:
        """As after a crawl of the area that begins and ends now."""
        started = datetime.now(UTC).timestamp()
        for feed in FEEDS:
            self.materialized(f"spotify_{area}/{feed}", **{CRAWL_STARTED: started})

    def until_quiet(self) -> list[str]:
        """Let all sensors tick and run what they ask for, until they ask for nothing; gives the jobs that ran."""
        ran: list[str] = []
        for _ in range(10):
            before = len(ran)
            for name, job in self.JOBS:
                for request in self.tick(name).run_requests:
                    run = self.run(request, job)
                    if run is not None:
                        assert run.success, run.failures()
                        ran.append(request.job_name or job)
            if len(ran) == before:
                return ran
        raise AssertionError(f"the sensors find no rest: {ran}")
