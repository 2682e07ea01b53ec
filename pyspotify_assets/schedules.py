"""The schedules: the daily snapshot, the crawls at noon, and what is no longer kept."""

from collections.abc import Sequence

import dagster as dg

from pyspotify_assets.assets.catalog import crawl_plan
from pyspotify_assets.assets.each_day import ONLY_CHANGED
from pyspotify_assets.expiry import retention_schedule
from pyspotify_assets.feeds import Feed
from pyspotify_assets.history import ASKED, snapshot_key
from pyspotify_assets.jobs import Jobs
from pyspotify_assets.settings import Settings


def build_schedules(
    jobs: Jobs, feeds: Sequence[Feed], settings: Settings, status: dg.DefaultScheduleStatus
) -> list[dg.ScheduleDefinition]:
    """`daily_snapshot`, one `crawl_<area>_at_noon` per crawler, and `retention` where something expires by itself."""

    @dg.schedule(
        name="daily_snapshot",
        job=jobs.daily_snapshot,
        cron_schedule=f"0 {settings.snapshot_hour} * * *",
        execution_timezone=settings.timezone,
        default_status=status,
        description="Takes the snapshot of the day that has begun: Spotify only knows now.",
    )
    def daily_snapshot(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        day = settings.today(context.scheduled_execution_time).isoformat()
        # A day that has been taken already, after a refusal or by hand, is not asked of Spotify once more.
        return dg.RunRequest(run_key=day, partition_key=day, tags={ONLY_CHANGED: "true", ASKED: snapshot_key(day)})

    return [
        daily_snapshot,
        *(_noon(area, jobs, feeds, settings, status) for area in jobs.crawl),
        *([retention_schedule(jobs.retention, settings, status)] if jobs.retention else []),
    ]


def _noon(
    area: str, jobs: Jobs, feeds: Sequence[Feed], settings: Settings, status: dg.DefaultScheduleStatus
) -> dg.ScheduleDefinition:
    @dg.schedule(
        name=f"crawl_{area}_at_noon",
        job=jobs.crawl[area],
        cron_schedule="0 12 * * *",
        execution_timezone=settings.timezone,
        default_status=status,
        description=f"Crawls {area} at noon, if something is newer than the last crawl.",
    )
    def crawl_at_noon(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        plan = crawl_plan(context.instance, area, feeds)
        return dg.RunRequest(tags={"pyspotify/reason": plan.reason}) if plan.needed else dg.SkipReason(plan.reason)

    return crawl_at_noon
