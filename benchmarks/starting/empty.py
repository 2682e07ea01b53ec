"""An empty Dagster project: as many assets, steps, checks, jobs, schedules and sensors as ours, and nothing in them.

What Dagster itself costs for a project of this size. Written as its tutorial would, with its default settings.
"""

import dagster as dg

FEEDS = ("popular_songs", "top_played")
MARTS = ("chart_movement", "chart_exits", "top_artists", "release_profile", "pipeline_health")
SENSORS = 7


def build(start: str = "2023-01-01") -> dg.Definitions:
    """The definitions; their partitions begin on `start`."""
    days = dg.DailyPartitionsDefinition(start_date=start, end_offset=1)
    steps = [_step([("raw", feed)], [("spotify", "kind")], "raw", 8, days) for feed in FEEDS]
    steps += [_step([("refined", feed)], [("raw", feed)], "refined", 7, days) for feed in FEEDS]
    for area in ("raw", "refined"):
        tables = [(f"spotify_{area}", feed) for feed in FEEDS]
        steps.append(_step(tables, [(area, feed) for feed in FEEDS], "tables", 1))
    refined = [("refined", feed) for feed in FEEDS]
    steps += [_step([("marts", mart)], refined, "marts", 9 if mart == MARTS[-1] else 2, days) for mart in MARTS]
    steps.append(_step([("report", "daily")], [("marts", mart) for mart in MARTS], "report", 0, days))
    steps += [_step([("listening", str(number))], [], "listening", 2) for number in range(6)]
    groups = dg.AssetSelection.groups
    jobs = [
        dg.define_asset_job("daily_snapshot", groups("raw", "refined")),
        dg.define_asset_job("full_refresh", groups("raw", "refined", "tables", "marts", "report")),
        *(dg.define_asset_job(f"job_{group}", groups(group)) for group in ("raw", "tables", "marts", "listening")),
    ]
    roots = [dg.AssetSpec(["spotify", name]) for name in ("kind", "playlist", "history")]
    return dg.Definitions(
        assets=[*roots, *steps],
        jobs=jobs,
        schedules=[
            dg.ScheduleDefinition(name=f"noon_{number}", job=jobs[number], cron_schedule="0 12 * * *")
            for number in range(3)
        ],
        sensors=[_sensor(number, jobs[0]) for number in range(SENSORS)],
        executor=dg.in_process_executor,
    )


def _step(keys, deps, group, checks, days=None) -> dg.AssetsDefinition:
    of_steps = [dg.AssetKey(list(dep)) for dep in deps]
    specs = [dg.AssetSpec(list(key), deps=of_steps, group_name=group, partitions_def=days) for key in keys]
    of_checks = [
        dg.AssetCheckSpec(f"check_{number}", asset=dg.AssetKey(list(key))) for key in keys for number in range(checks)
    ]

    @dg.multi_asset(
        name="__".join(keys[0]),
        specs=specs,
        check_specs=of_checks,
        backfill_policy=dg.BackfillPolicy.single_run() if days else None,
    )
    def step():
        for spec in specs:
            yield dg.MaterializeResult(spec.key)
        for check in of_checks:
            yield dg.AssetCheckResult(asset_key=check.asset_key, check_name=check.name, passed=True)

    return step


def _sensor(number: int, job) -> dg.SensorDefinition:
    @dg.sensor(name=f"sensor_{number}", job=job)
    def sensor() -> dg.SkipReason:
        return dg.SkipReason("Nothing to do.")

    return sensor


@dg.definitions
def defs() -> dg.Definitions:
    """What Dagster loads."""
    return build()
