"""What works on the data: the workgroup of Athena, the Glue job, the Lambda with its schedule, and the two stacks."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from pyspotify_assets.aws.refusals import explained
from pyspotify_assets.aws.session import filled
from pyspotify_assets.diagnosis.finding import DEPLOY, Finding, Look, Status
from pyspotify_assets.diagnosis.local import snapshots_by_dagster
from pyspotify_assets.errors import AwsError
from pyspotify_assets.settings import Settings

GROUP, STACKS = "Athena, Glue job, Lambda", "Stacks"
_ENGINE = "Athena engine version 3"


def worker_looks(settings: Settings) -> Iterator[Look]:
    """Workgroup, job, function, schedule and stacks. What only another engine needs is a warning when it is missing."""
    names = settings.names
    job_is_used = settings.refine_engine != "local"
    yield Look(GROUP, f"workgroup {names.workgroup}", partial(_workgroup, settings))
    job, function = f"Glue job {names.glue_job}", names.function
    missing_job: Status = "problem" if job_is_used else "warning"
    yield Look(GROUP, job, partial(_job, names.glue_job, job_is_used), "glue:GetJob", missing_job)
    yield Look(GROUP, f"Lambda {function}", partial(_function, function), "lambda:GetFunction", "warning")
    yield Look(GROUP, f"schedule {function}", partial(_schedule, function), "scheduler:GetSchedule", "warning")
    for stack in (names.data_stack, names.pipeline_stack):
        yield Look(STACKS, stack, partial(_stack, stack), "cloudformation:DescribeStacks")


def _workgroup(settings: Settings) -> Iterator[Finding]:
    name = settings.names.workgroup
    thing = f"workgroup {name}"
    with explained(AwsError, f"Workgroup {name}"):
        group = _client("athena").get_work_group(WorkGroup=name)["WorkGroup"]
    configuration = group.get("Configuration", {})
    place = configuration.get("ResultConfiguration", {}).get("OutputLocation", "")
    bucket = filled(settings.bucket("athena"))
    cutoff = configuration.get("BytesScannedCutoffPerQuery")
    engine = configuration.get("EngineVersion", {}).get("EffectiveEngineVersion", _ENGINE)
    faults = []
    if group.get("State", "ENABLED") != "ENABLED":
        faults.append("is turned off")
    if not configuration.get("EnforceWorkGroupConfiguration", True):
        faults.append("does not enforce its settings: a query could write its result anywhere")
    if place.removeprefix("s3://").partition("/")[0] != bucket:
        faults.append(f"writes results to {place or 'no place'}, not to the bucket {bucket}")
    if faults:
        yield Finding("problem", thing, "; ".join(faults), DEPLOY)
    if not cutoff:
        yield Finding("warning", thing, "has no cutoff: one query may scan, and cost, without end", DEPLOY)
    if engine != _ENGINE:
        yield Finding("warning", thing, f"runs {engine}; the marts are written for version 3", DEPLOY)
    if not faults and cutoff:
        yield Finding("ok", thing, f"enforced; a query may scan {cutoff / 1e9:,.4g} GB; results at {place}")


def _job(name: str, is_used: bool) -> Iterator[Finding]:
    with explained(AwsError, f"Glue job {name}"):
        job = _client("glue").get_job(JobName=name)["Job"]
    size = f"{job.get('NumberOfWorkers', '?')} workers {job.get('WorkerType', '')}".strip()
    use = "" if is_used else "; not used: PYSPOTIFY_REFINE_ENGINE is local"
    yield Finding("ok", f"Glue job {name}", f"Glue {job.get('GlueVersion', '?')}, at most {size}{use}")


def _function(name: str) -> Iterator[Finding]:
    with explained(AwsError, f"Lambda {name}"):
        function = _client("lambda").get_function(FunctionName=name)["Configuration"]
    state, runtime = function.get("State", "Active"), function.get("Runtime", "")
    if state == "Failed":
        yield Finding("problem", f"Lambda {name}", f"{state}: {function.get('StateReason', 'no reason given')}", DEPLOY)
    else:
        yield Finding(
            "ok", f"Lambda {name}", f"{state.lower()}, {runtime}, changed {function.get('LastModified', '?')}"
        )


def _schedule(name: str) -> Iterator[Finding]:
    thing = f"schedule {name}"
    with explained(AwsError, f"Schedule {name}"):
        schedule = _client("scheduler").get_schedule(Name=name)
    when = f"{schedule.get('ScheduleExpression', '')} {schedule.get('ScheduleExpressionTimezone', '')}".strip()
    if schedule.get("State") != "ENABLED":
        yield Finding("ok", thing, "off: Dagster takes the snapshots")
    elif snapshots_by_dagster():
        yield Finding(
            "warning",
            thing,
            f"on ({when}), and so is Dagster's schedule daily_snapshot: each takes the day's snapshot",
            "Turn one of them off: daily_snapshot in the Dagster UI under Automation, or the Lambda's by make deploy.",
        )
    else:
        yield Finding("ok", thing, f"on ({when}): the Lambda takes the snapshots; leave Dagster's daily_snapshot off")


def _stack(name: str) -> Iterator[Finding]:
    with explained(AwsError, f"Stack {name}"):
        [stack] = _client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    status = str(stack["StackStatus"])
    reason = f" ({stack['StackStatusReason']})" if stack.get("StackStatusReason") else ""
    if status.endswith("_IN_PROGRESS"):
        yield Finding("warning", name, f"{status}: it is being changed", "Look again when that is over.")
    elif status == "UPDATE_ROLLBACK_COMPLETE":
        yield Finding("warning", name, f"{status}{reason}: the last change failed and was undone", DEPLOY)
    elif status in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"):
        yield Finding("ok", name, status)
    else:
        remedy = (
            f"{DEPLOY} The reason stands in its events: aws cloudformation describe-stack-events --stack-name {name}"
        )
        yield Finding("problem", name, f"{status}{reason}", remedy)


def _client(service: str) -> Any:
    from pyspotify_assets.aws.session import client

    return client(service)
