"""What Dagster's history says of trouble: how steps and checks of the runs that have ended came out; runs without end.

Every question is about runs behind a cursor or about few of them, never about all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import dagster as dg
from dagster._core.events import DagsterEventType
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus

from pyspotify_assets.alerts.failing import Behind, Outcome, roots
from pyspotify_assets.alerts.incidents import Trouble
from pyspotify_assets.assets.each_day import FAILED_DAYS, PARTITION, RANGE_END, RANGE_START
from pyspotify_assets.checks import LOGIN_FRESH, MISSED_DAYS, POPULARITY_GIVEN, SPOTIFY_ANSWERS
from pyspotify_assets.day_ranges import days_between, days_of_spans
from pyspotify_assets.feeds import Feed
from pyspotify_assets.history import failure_words
from pyspotify_assets.names import DATABASES
from pyspotify_assets.tables import MARTS

RUNS_PER_LOOK = 50
EVENTS_PER_RUN = 1000
"""Of the kinds that are asked for a run has one per step and check, whatever the number of its days."""

FIRST_LOOK = timedelta(days=1)
"""What a first look looks back at: what failed earlier is not news."""

OVERLAP = timedelta(seconds=30)
"""Two runs that end together may be written down in another order than their times say."""

LONGEST_RUN = timedelta(hours=6)
"""A run that began earlier and has not ended is taken for one whose process is gone. A year's refresh takes less."""

QUIET_CHECKS = {
    POPULARITY_GIVEN.name: "is so for ever for apps made since February 2026; the report says it",
    SPOTIFY_ANSWERS.name: "is told as the refusal itself",
    LOGIN_FRESH.name: "is told by the age of the login",
}
"""Checks whose failures are not told, and why."""

_ENDED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]
_UNDER_WAY = [dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]
_EVALUATED = {AssetCheckExecutionRecordStatus.SUCCEEDED, AssetCheckExecutionRecordStatus.FAILED}
_KINDS = {
    DagsterEventType.STEP_FAILURE,
    DagsterEventType.STEP_SUCCESS,
    DagsterEventType.ASSET_CHECK_EVALUATION,
    DagsterEventType.RUN_FAILURE,
}


def history_id(instance: dg.DagsterInstance) -> str:
    """What tells this history of runs from another; empty where its storage has no such thing."""
    from dagster._core.storage.runs import SqlRunStorage

    storage = instance.run_storage
    return storage.get_run_storage_id() if isinstance(storage, SqlRunStorage) else ""


def daily_steps(feeds: Sequence[Feed]) -> frozenset[str]:
    """The steps whose assets have days."""
    of_feeds = {f"{area}__{feed.name}" for feed in feeds for area in ("raw", "refined")}
    return frozenset({*of_feeds, *(f"mart__{mart.name}" for mart in MARTS), "report__daily"})


def outcomes_behind(
    instance: dg.DagsterInstance, behind: Behind | None, daily: Collection[str], killed: Sequence[dg.RunRecord]
) -> tuple[list[Outcome], Behind]:
    """How the runs ended that did so behind the cursor, at most RUNS_PER_LOOK of them, and the cursor behind them.

    Of those that were `killed`, see `runs_without_end`, what their checks had found by then.
    """
    # Dagster's own clock, with which it dates runs.
    behind = behind or Behind(datetime.now(UTC) - FIRST_LOOK)
    records = instance.get_run_records(
        dg.RunsFilter(statuses=_ENDED, updated_after=behind.at - OVERLAP),
        limit=RUNS_PER_LOOK + len(behind.seen),
        order_by="update_timestamp",
        ascending=True,
    )
    outcomes: list[Outcome] = []
    latest = behind.at
    for record in records:
        latest = max(latest, record.update_timestamp)
        if record.dagster_run.run_id not in behind.seen:
            outcomes += roots(list(_outcomes(instance, record.dagster_run, record.update_timestamp, daily)))
    seen = [record.dagster_run.run_id for record in records if record.update_timestamp > latest - OVERLAP]
    earliest = datetime.now(UTC) - LONGEST_RUN - FIRST_LOOK
    for record in killed:
        if record.create_timestamp > earliest and record.dagster_run.run_id not in behind.killed:
            outcomes += _last_found(instance, record, daily)
    return outcomes, Behind(latest, tuple(seen), tuple(record.dagster_run.run_id for record in killed))


def runs_without_end(instance: dg.DagsterInstance) -> Sequence[dg.RunRecord]:
    """The runs that began so long ago that they are taken for killed: the last ones, the newest first."""
    before = datetime.now(UTC) - LONGEST_RUN
    return instance.get_run_records(dg.RunsFilter(statuses=_UNDER_WAY, created_before=before), limit=20)


def _last_found(instance: dg.DagsterInstance, record: dg.RunRecord, daily: Collection[str]) -> Iterator[Outcome]:
    """What the checks of a killed run have found, where none has been made since: the run made what they speak of."""
    run = record.dagster_run
    for outcome in _outcomes(instance, run, record.update_timestamp, daily):
        if outcome.kind == "check":
            asset, _, name = outcome.subject.partition(":")
            newest = instance.event_log_storage.get_asset_check_execution_history(
                dg.AssetCheckKey(dg.AssetKey.from_user_string(asset), name), limit=1, status=_EVALUATED
            )
            if newest and newest[0].run_id == run.run_id:
                yield outcome


def endless_runs(instance: dg.DagsterInstance, now: datetime, killed: Sequence[dg.RunRecord]) -> list[Trouble]:
    """Of the runs that were `killed`, see `runs_without_end`, one per job, unless the job has succeeded since."""
    found: dict[str, Trouble] = {}
    made_good: set[str] = set()
    for record in killed:
        run = record.dagster_run
        if run.job_name in made_good:  # By a run behind a newer one.
            continue
        since = dg.RunsFilter(
            job_name=run.job_name, statuses=[dg.DagsterRunStatus.SUCCESS], created_after=record.create_timestamp
        )
        if instance.get_run_records(since, limit=1):
            made_good.add(run.job_name)
            continue
        found[run.job_name] = Trouble(
            "run",
            run.job_name,
            min(record.create_timestamp, now),
            f"A run of {run.job_name} has not ended",
            f"It began at {record.create_timestamp:%Y-%m-%d %H:%M} UTC and is {run.status.value.lower()} still: its "
            "process was killed, or waits for something.",
            "Open the run; end it there (Terminate) if nothing of it moves, and start it again.",
            f"runs/{run.run_id}",
        )
    return list(found.values())


def _outcomes(
    instance: dg.DagsterInstance, run: dg.DagsterRun, ended: datetime, daily: Collection[str]
) -> Iterator[Outcome]:
    page, days, any_step = f"runs/{run.run_id}", _days(run.tags), False
    why = ""
    for record in instance.get_records_for_run(run.run_id, of_type=_KINDS, limit=EVENTS_PER_RUN).records:
        event, at = record.event_log_entry.dagster_event, datetime.fromtimestamp(record.timestamp, UTC)
        if event is None:
            continue
        if event.event_type is DagsterEventType.RUN_FAILURE:
            why = event.message or ""
        elif event.event_type is DagsterEventType.ASSET_CHECK_EVALUATION:
            found = event.asset_check_evaluation_data
            asset = found.asset_key.to_user_string()
            if found.check_name not in QUIET_CHECKS:
                grave = found.severity is dg.AssetCheckSeverity.ERROR
                subject, shown = f"{asset}:{found.check_name}", f"assets/{asset}?view=checks"
                spans = found.metadata.get(MISSED_DAYS)
                missed = tuple(days_of_spans(str(spans.value))) if spans else ()
                yield Outcome("check", subject, found.passed, at, missed, found.description or "", (), shown, grave)
        elif event.step_key is not None:
            step_days = days if event.step_key in daily else ()
            if event.is_step_failure:
                any_step = True
                errors = _errors_by_day(event)
                failed = tuple(sorted(errors)) if event.step_key in daily and errors else step_days
                words = _words(event)
                kinds = tuple(sorted(set(errors.values()))) or _classes(event)
                yield Outcome("failure", _subject(event.step_key), False, at, failed, words, kinds, page)
                # The days of the run that did not fail went well.
                step_days = tuple(day for day in step_days if day not in failed)
            if step_days or not event.is_step_failure:
                yield Outcome("failure", _subject(event.step_key), True, at, step_days)
    failed_whole = run.status is dg.DagsterRunStatus.FAILURE and not any_step
    if failed_whole or run.status is dg.DagsterRunStatus.SUCCESS:
        yield Outcome("failure", f"job {run.job_name}", not failed_whole, ended, words=why, page=page)


def _subject(step: str) -> str:
    """The asset that a step makes; of a step that makes several, what it does."""
    kind, _, name = step.partition("__")
    return f"{DATABASES['marts'] if kind == 'mart' else kind}/{name}" if name else step


def _days(tags: Mapping[str, str]) -> tuple[str, ...]:
    """The days of a run by its tags; none where it has none, or they are no days."""
    try:
        if PARTITION in tags:
            return (date.fromisoformat(tags[PARTITION]).isoformat(),)
        first, last = date.fromisoformat(tags[RANGE_START]), date.fromisoformat(tags[RANGE_END])
    except (KeyError, ValueError):
        return ()
    return tuple(days_between(first, last))


def _errors_by_day(event: Any) -> Mapping[str, str]:
    failure = event.step_failure_data.user_failure_data
    entry = failure.metadata.get(FAILED_DAYS) if failure and failure.metadata else None
    return {str(day): str(name) for day, name in entry.value.items()} if entry else {}


def _words(event: Any) -> str:
    words = failure_words(event)
    if _errors_by_day(event):  # The first line counts the days, which are told anyway.
        return words.partition("\n")[2]
    name, _, rest = words.partition(": ")
    return rest if name == event.step_key else words


def _classes(event: Any) -> tuple[str, ...]:
    """The names of the errors that ended a step, the outermost first."""
    names: list[str] = []
    error = event.step_failure_data.error
    while error is not None and len(names) < 5:
        names.append(error.cls_name or "")
        error = error.cause
    return tuple(names)
