"""The job and the schedule `retention`: what PYSPOTIFY_RETENTION_DAYS no longer keeps is forgotten, once a day.

In `local` only: on AWS the buckets' lifecycle rules do it, and the pipeline's role may not delete snapshots.
What is forgotten Dagster cannot know by itself: each day is observed as gone, and its materialization, of which marts
were made, stays in the history, so that nothing made from it counts as out of date.
"""

from collections.abc import Iterable, Iterator, Sequence

import dagster as dg

from pyspotify_assets import retention
from pyspotify_assets.clock import Clock
from pyspotify_assets.feeds import Feed
from pyspotify_assets.io_manager import LakeIOManager
from pyspotify_assets.retention import Leaving
from pyspotify_assets.settings import Settings
from pyspotify_assets.warehouse import Crawler

RETENTION = "retention"


def expires_by_itself(settings: Settings) -> bool:
    """Whether the job and its schedule are there."""
    return settings.env == "local" and settings.retention_days is not None


def observations(found: Iterable[Leaving], before: str) -> Iterator[dg.AssetObservation]:
    """One for each day of raw and refined that is gone."""
    for one in found:
        if one.area in ("raw", "refined"):
            yield dg.AssetObservation(
                [one.area, one.feed],
                partition=one.day,
                description=f"Forgotten: kept is what is of {before} or later",
                metadata={"forgotten": True, "bytes": one.info.size},
            )


def retention_job(feeds: Sequence[Feed], settings: Settings) -> dg.JobDefinition:
    """The job; see the module. Made only where `expires_by_itself`."""
    days = settings.retention_days or 0

    @dg.op(name="forget_expired", description="Deletes raw and refined snapshots that are older than is kept.")
    def forget_expired(
        context: dg.OpExecutionContext,
        lake_io_manager: dg.ResourceParam[LakeIOManager],
        crawler: dg.ResourceParam[Crawler],
        clock: dg.ResourceParam[Clock],
    ) -> None:
        lake, before = lake_io_manager.lake, retention.first_kept(settings.today(clock()), days)
        found = list(retention.leaving(lake, before))
        if warning := retention.too_short(days, settings.lookback_days):
            context.log.warning(warning)
        retention.forget(lake, crawler, before, [feed.name for feed in feeds], found)
        for observation in observations(found, before):
            context.log_event(observation)
        size = sum(one.info.size for one in found)
        context.log.info(f"{len(found)} objects of days before {before} forgotten, {size:,} bytes")

    @dg.job(
        name=RETENTION,
        description=f"Forgets raw and refined snapshots once they are {days} days old (PYSPOTIFY_RETENTION_DAYS).",
    )
    def job() -> None:
        forget_expired()

    return job


def retention_schedule(
    job: dg.JobDefinition, settings: Settings, status: dg.DefaultScheduleStatus
) -> dg.ScheduleDefinition:
    """An hour after the day's snapshot, in the settings' time zone."""
    return dg.ScheduleDefinition(
        name=RETENTION,
        job=job,
        cron_schedule=f"0 {(settings.snapshot_hour + 1) % 24} * * *",
        execution_timezone=settings.timezone,
        default_status=status,
        description=f"Forgets what is older than the {settings.retention_days} days that are kept.",
    )
