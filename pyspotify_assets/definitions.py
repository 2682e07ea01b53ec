"""Assembles the project: settings, feeds, assets, checks, jobs, schedules, sensors and resources. Nothing else."""

from __future__ import annotations

from collections.abc import Mapping

import dagster as dg

from pyspotify_assets.assets.catalog import counts_check, crawl_assets
from pyspotify_assets.assets.dashboard import dashboard_assets
from pyspotify_assets.assets.listening import listening_assets
from pyspotify_assets.assets.marts import mart_asset
from pyspotify_assets.assets.raw import raw_asset
from pyspotify_assets.assets.refined import refined_asset
from pyspotify_assets.assets.report import report_asset
from pyspotify_assets.assets.spotify import spotify_specs
from pyspotify_assets.clock import system_clock
from pyspotify_assets.expiry import expires_by_itself, retention_job
from pyspotify_assets.feeds import load_feeds
from pyspotify_assets.jobs import build_jobs
from pyspotify_assets.resources import resources_for
from pyspotify_assets.schedules import build_schedules
from pyspotify_assets.sensors import build_sensors
from pyspotify_assets.settings import Settings, load_settings
from pyspotify_assets.tables import MARTS

# A step whose feed failed on some days has still opened the way for the others: see assets/each_day.py.
EXECUTOR = dg.in_process_executor.configured({"step_dependency_config": {"require_upstream_step_success": False}})


def build_definitions(
    settings: Settings | None = None, resource_overrides: Mapping[str, object] | None = None
) -> dg.Definitions:
    """All definitions, from the environment's settings unless given.

    `resource_overrides` replace single resources: `lake_io_manager`, `crawler`, `sql`, `spotify`, `clock`,
    `alert_channels`. To embed the project in another:
    `dg.Definitions.merge(yours, build_definitions(resource_overrides={…}))`.
    """
    settings = settings or load_settings()
    feeds = load_feeds(settings.feeds)
    partitions = dg.DailyPartitionsDefinition(
        start_date=settings.first_day(settings.today(system_clock())).isoformat(),
        timezone=settings.timezone,
        end_offset=1,
    )
    jobs = build_jobs(settings.has_dashboard, retention_job(feeds, settings) if expires_by_itself(settings) else None)
    running = settings.env == "local"  # On AWS schedules and sensors cost money: there they are started by hand.
    schedule_status = dg.DefaultScheduleStatus.RUNNING if running else dg.DefaultScheduleStatus.STOPPED
    sensor_status = dg.DefaultSensorStatus.RUNNING if running else dg.DefaultSensorStatus.STOPPED
    return dg.Definitions(
        assets=[
            *spotify_specs({feed.kind for feed in feeds}),
            *(raw_asset(feed, settings, partitions) for feed in feeds),
            *(refined_asset(feed, partitions) for feed in feeds),
            *(crawl_assets(area, feeds) for area in ("raw", "refined")),
            *(mart_asset(mart, feeds, settings, partitions) for mart in MARTS),
            report_asset(feeds, settings, partitions),
            *listening_assets(settings),
            *dashboard_assets(feeds, settings),
        ],
        asset_checks=[counts_check(feed) for feed in feeds],
        jobs=jobs.all(),
        schedules=build_schedules(jobs, feeds, settings, schedule_status),
        sensors=build_sensors(jobs, feeds, settings, sensor_status),
        resources={**resources_for(settings), **(resource_overrides or {})},
        executor=EXECUTOR,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """What Dagster loads: built when it is asked for, not at import."""
    return build_definitions()
