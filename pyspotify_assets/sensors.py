"""The sensors: ticks that look, ask `planning.py`, and request runs. Each does a bounded amount of work.

`snapshot_when_allowed`: the snapshot is taken once a refusal is over, and again when its run failed.
`crawl_<area>_when_newer`: crawl what is new. `marts_when_crawled`: make the marts and reports of the days whose
snapshots have changed, after the crawl that covers them. Those that look at landing are in `landing_sensors.py`;
`alerts`, which requests nothing and tells what is wrong, is in `alerts/sensor.py`.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import dagster as dg

from pyspotify_assets.alerts.sensor import alerts_sensor
from pyspotify_assets.assets.catalog import crawl_plan, table_keys
from pyspotify_assets.assets.each_day import ONLY_CHANGED
from pyspotify_assets.assets.report import REPORT
from pyspotify_assets.clock import Clock
from pyspotify_assets.daily.fingerprints import fingerprint
from pyspotify_assets.daily.refined import waits_to_be_refined
from pyspotify_assets.daily.refusals import forget_refusal, in_minutes, kept_refusal
from pyspotify_assets.feeds import Feed
from pyspotify_assets.history import (
    ASKED,
    LONGEST_RUN,
    asked_for,
    key_to_ask_under,
    last_crawl,
    materialized_since,
    newest_by_day,
    snapshot_key,
)
from pyspotify_assets.io_manager import LakeIOManager
from pyspotify_assets.jobs import Jobs, day_range
from pyspotify_assets.lake import Lake
from pyspotify_assets.landing_sensors import export_landed_sensor, raw_landed_sensor
from pyspotify_assets.planning import days_to_rebuild, touched_days
from pyspotify_assets.settings import Settings

EVENTS_PER_TICK = 500
SNAPSHOTS_LOOKED_AT = 3
"""Days back from today whose snapshot is taken again if its run failed."""
ASSET_JOB = "__ASSET_JOB"
"""Dagster's name for runs that the UI's button starts."""
LANDED_JOB = "__anonymous_asset_job_raw_landed"
"""Dagster's name for the runs of `raw_landed`, which has a target and no job."""
_ASKED_FOR = "asked for"
"""In the cursor of marts_when_crawled, which is of assets otherwise: the days that were asked for last."""
_ACTIVE = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]


def build_sensors(
    jobs: Jobs, feeds: Sequence[Feed], settings: Settings, status: dg.DefaultSensorStatus
) -> list[dg.SensorDefinition]:
    """All sensors."""
    return [
        alerts_sensor(feeds, settings, status),
        raw_landed_sensor(feeds, settings, status),
        export_landed_sensor(jobs, status),
        _snapshot_when_allowed(jobs, feeds, settings, status),
        *(_crawl_when_newer(area, jobs, feeds, status) for area in jobs.crawl),
        _marts_when_crawled(jobs, feeds, settings, status),
    ]


def _snapshot_when_allowed(
    jobs: Jobs, feeds: Sequence[Feed], settings: Settings, status: dg.DefaultSensorStatus
) -> dg.SensorDefinition:
    @dg.sensor(
        name="snapshot_when_allowed",
        job=jobs.daily_snapshot,
        minimum_interval_seconds=60,
        default_status=status,
        description="Takes today's snapshot afresh when the time has come until which Spotify, or the budget, refused; "
        "and again, after a pause, when its run failed.",
    )
    def snapshot_when_allowed(
        context: dg.SensorEvaluationContext,
        lake_io_manager: dg.ResourceParam[LakeIOManager],
        clock: dg.ResourceParam[Clock],
    ) -> dg.RunRequest | dg.SkipReason:
        lake, now = lake_io_manager.lake, clock()
        refusal = kept_refusal(lake, now)
        if refusal is not None and now < refusal.until:
            return dg.SkipReason(f"{refusal.in_words()}.")
        failed = _failed_snapshot(context.instance, lake, feeds, settings.today(now))
        if failed is not None:
            return failed
        if refusal is None:
            return dg.SkipReason("Spotify may be asked: no refusal is kept.")
        busy = _run_under_way(context.instance, jobs)
        if busy:
            return dg.SkipReason(f"A run of {busy} is under way: it may be taking what is missing.")
        day = settings.today(now).isoformat()
        missing = [feed.name for feed in feeds if lake.place(("raw", feed.name), day).info() is None]
        if not missing:
            forget_refusal(lake)
            return dg.SkipReason(f"Spotify may be asked again, and every feed has its snapshot of {day}.")
        # One run for each refusal and day: another refusal is one of its own. If it fails, the day is asked for again.
        return dg.RunRequest(
            run_key=f"allowed-{refusal.until.isoformat()}-{day}",
            partition_key=day,
            asset_selection=[dg.AssetKey([area, name]) for name in missing for area in ("raw", "refined")],
            tags={
                "pyspotify/reason": f"Refused until {in_minutes(refusal.until)}.",
                ONLY_CHANGED: "true",
                ASKED: snapshot_key(day),
            },
        )

    return snapshot_when_allowed


def _failed_snapshot(
    instance: dg.DagsterInstance, lake: Lake, feeds: Sequence[Feed], today: date
) -> dg.RunRequest | None:
    """The snapshot of one of the last days again, if its last run failed or was killed and it is time.

    A day that is over can be taken no more, but what was taken of it can still be refined: also where the snapshot was
    tried as often as it may be, and that as often again.
    """
    for back in range(SNAPSHOTS_LOOKED_AT):
        key = snapshot_key(day := (today - timedelta(days=back)).isoformat())
        asked = asked_for(instance, key)
        if asked.again is not None:
            tags = {"pyspotify/reason": "The run before it failed.", ASKED: key, ONLY_CHANGED: "true"}
            return dg.RunRequest(run_key=asked.again, partition_key=day, tags=tags)
        given_up = asked.times and not asked.is_open and not asked.went_well
        unrefined = _unrefined(instance, lake, feeds, day) if back and given_up else None
        if unrefined is not None:
            return unrefined
    return None


def _unrefined(instance: dg.DagsterInstance, lake: Lake, feeds: Sequence[Feed], day: str) -> dg.RunRequest | None:
    """What was taken of the day refined, if it is not and it is time to ask for it."""
    key = f"refined-{day}"
    asked = asked_for(instance, key)
    run_key = asked.again if asked.times else key
    left = [feed.name for feed in feeds if waits_to_be_refined(lake, feed.name, day)] if run_key else []
    if not left:
        return None
    tags = {"pyspotify/reason": "Its snapshot was taken and not refined.", ASKED: key, ONLY_CHANGED: "true"}
    keys = [dg.AssetKey(["refined", name]) for name in left]
    return dg.RunRequest(run_key=run_key, partition_key=day, asset_selection=keys, tags=tags)


def _crawl_when_newer(
    area: str, jobs: Jobs, feeds: Sequence[Feed], status: dg.DefaultSensorStatus
) -> dg.SensorDefinition:
    @dg.sensor(
        name=f"crawl_{area}_when_newer",
        job=jobs.crawl[area],
        minimum_interval_seconds=30,
        default_status=status,
        description=f"Crawls {area} when a partition is newer than its last crawl; one crawl for a burst.",
    )
    def crawl_when_newer(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        busy = _run_under_way(context.instance, jobs)
        if busy:
            return dg.SkipReason(f"A run of {busy} is under way: one crawl afterwards covers it.")
        plan = crawl_plan(context.instance, area, feeds)
        if not plan.needed:
            return dg.SkipReason(plan.reason)
        # A crawl that fails is not tried with every tick, for hours: each costs money.
        key = f"crawl-{area}-{plan.newest}"
        return dg.RunRequest(
            run_key=key_to_ask_under(context.instance, key), tags={"pyspotify/reason": plan.reason, ASKED: key}
        )

    return crawl_when_newer


def _marts_when_crawled(
    jobs: Jobs, feeds: Sequence[Feed], settings: Settings, status: dg.DefaultSensorStatus
) -> dg.SensorDefinition:
    refined = [dg.AssetKey(["refined", feed.name]) for feed in feeds]

    @dg.sensor(
        name="marts_when_crawled",
        job=jobs.marts_and_report,
        minimum_interval_seconds=30,
        default_status=status,
        description="Makes marts and report of the days whose snapshots changed, and of those that look back at them.",
    )
    def marts_when_crawled(
        context: dg.SensorEvaluationContext, clock: dg.ResourceParam[Clock]
    ) -> dg.SensorResult | dg.SkipReason:
        busy = _run_under_way(context.instance, jobs)
        if busy:
            return dg.SkipReason(f"A run of {busy} is under way: it may be making what is missing.")
        cursor = json.loads(context.cursor) if context.cursor else {}
        asked, left = cursor.pop(_ASKED_FOR, None), {}
        if asked is not None:
            became = asked_for(context.instance, asked["key"])
            if became.again and became.again != asked["last"]:
                # Its run failed, or was killed: the days still wait for their marts.
                asked["last"] = became.again
                return dg.SensorResult(
                    run_requests=[_marts_request(asked)], cursor=json.dumps(cursor | {_ASKED_FOR: asked})
                )
            # What was not made is made with what is new, also when it was given up before.
            left = {_ASKED_FOR: asked} if became.times and not became.went_well else {}
        changed, behind = materialized_since(context.instance, refined, cursor, EVENTS_PER_TICK)
        if not changed:
            return dg.SkipReason("No refined snapshot has been made since the last tick.")
        crawled = last_crawl(context.instance, table_keys("refined", feeds))
        if crawled is None or max(changed.values()) > crawled:
            return dg.SkipReason("Refined snapshots wait for the crawl that covers them.")
        today = settings.today(clock()).isoformat()
        built = newest_by_day(
            context.instance, dg.AssetKey(REPORT), touched_days(changed, settings.lookback_days, today)
        )
        days = days_to_rebuild(changed, built, settings.lookback_days, today)
        if not days:
            return dg.SensorResult(
                skip_reason="The marts are newer than every snapshot they look at.", cursor=json.dumps(behind | left)
            )
        key = f"marts-{fingerprint(behind)}"
        days += [day for one in left.values() for day in one["days"]]
        asked = {"key": key, "last": key, "days": [min(days), max(days)]}
        return dg.SensorResult(run_requests=[_marts_request(asked)], cursor=json.dumps(behind | {_ASKED_FOR: asked}))

    return marts_when_crawled


def _marts_request(asked: Mapping[str, Any]) -> dg.RunRequest:
    first, last = asked["days"]
    return dg.RunRequest(run_key=asked["last"], tags={**day_range(first, last), ASKED: asked["key"]})


def _run_under_way(instance: dg.DagsterInstance, jobs: Jobs) -> str | None:
    """The name of a job that is running or about to and may write what the ticks look at; None if there is none."""
    ours = {job.name for job in jobs.all()} | {ASSET_JOB, LANDED_JOB}
    since = datetime.now(UTC) - LONGEST_RUN
    active = instance.get_runs(dg.RunsFilter(statuses=_ACTIVE, created_after=since), limit=20)
    return next((run.job_name for run in active if run.job_name in ours), None)
