"""A run over days: each reports for itself, a failed one leaves the others whole, unchanged ones are left alone.

The first test also guards the one undocumented thing that the project relies on, see `OPENS_DOWNSTREAM`.
"""

import threading
from dataclasses import replace
from threading import Barrier

import dagster as dg
import pytest

from pyspotify_assets.assets.each_day import (
    INSTEAD,
    MISSED,
    ONLY_CHANGED,
    LeftAlone,
    Missed,
    Published,
    check_specs,
    each_day,
)
from pyspotify_assets.checks import Check, require
from pyspotify_assets.daily.notes import Notes
from pyspotify_assets.definitions import EXECUTOR
from pyspotify_assets.errors import MissingPartitionError
from pyspotify_assets.jobs import day_range

PARTITIONS = dg.DailyPartitionsDefinition("2026-11-01", end_date="2026-11-30")
EVEN = Check("even", "The day is even.")
ODD_IS_FINE = Check("odd_is_fine", "Only warns.", blocking=False)


def published(day: str, findings=()) -> Published:
    return Published(f"/lake/{day}", 10, Notes.of("made-from", f"version-{day}", 3, {"duplicates": 1}, findings))


def first(make, left_alone=lambda day: None, **options) -> dg.AssetsDefinition:
    key = ["raw", "first"]

    @dg.multi_asset(
        name="first",
        specs=[dg.AssetSpec(key, skippable=True, code_version="7", partitions_def=PARTITIONS)],
        check_specs=check_specs(key, (EVEN, ODD_IS_FINE)),
        backfill_policy=dg.BackfillPolicy.single_run(),
        can_subset=True,
    )
    def build(context: dg.AssetExecutionContext):
        yield from each_day(context, (EVEN, ODD_IS_FINE), left_alone, make, **options)

    return build


@dg.asset(key=["raw", "second"], deps=[["raw", "first"]])
def second() -> None: ...


JOB = dg.define_asset_job("job", tags={ONLY_CHANGED: "true"})


def job_of_make(name: str) -> dg.JobDefinition:
    assets = {"good": first(published), "failing": first(fail_on_the_third), "checked": first(even_days_only)}
    assets["holding"] = first(lambda day: published(day, [ODD_IS_FINE.finding(True, "fine")]))
    assets["missing"] = first(miss_the_third)
    assets["together"] = first(together(Barrier(2, timeout=20)), of_all_days=lambda: {"the same": "for all"}, at_once=2)
    assets["alone"] = first(in_the_thread_of_the_step, at_once=2)
    assets["unchanged"] = first(
        published, lambda day: LeftAlone("same", published(day)) if day < "2026-11-03" else None
    )
    assets["unknown"] = first(
        published, lambda day: LeftAlone("same", published(day, [ODD_IS_FINE.finding(day != "2026-11-03", "odd")]))
    )
    assets["replaced"] = first(published, replaced_third)
    return dg.Definitions(assets=[assets[name], second], jobs=[JOB], executor=EXECUTOR).resolve_job_def("job")


def miss_the_third(day: str) -> Published | Missed:
    """The third has no output, and the fourth comes in its place: it is made by nobody else."""
    if day == "2026-11-03":
        fourth = replace(published("2026-11-04"), day="2026-11-04")
        return Missed("Spotify sleeps", [ODD_IS_FINE.finding(False, "no answer", requests=7)], fourth)
    return published(day)


def in_the_thread_of_the_step(day: str) -> Published:
    assert not threading.current_thread().name.startswith("ThreadPoolExecutor")
    return published(day)


def together(barrier: Barrier):
    """The second and the third day wait for each other; the third fails then."""

    def make(day: str) -> Published:
        if day < "2026-11-04":
            barrier.wait()
        return fail_on_the_third(day)

    return make


def replaced_third(day: str) -> LeftAlone:
    """All is there as it was made, but the third was made anew by somebody who could not tell."""
    third = Notes.of("made-from", "another", 3, {}, [ODD_IS_FINE.finding(False, "odd")])
    return LeftAlone("same", replace(published(day), notes=third) if day == "2026-11-03" else published(day))


def fail_on_the_third(day: str) -> Published:
    if day == "2026-11-03":
        raise MissingPartitionError("the third is not there", "bring it")
    return published(day)


def even_days_only(day: str) -> Published:
    even = int(day[-2:]) % 2 == 0
    return published(
        day, require([EVEN.finding(even, f"{day[-2:]} is {'even' if even else 'odd'}"), ODD_IS_FINE.finding(even, "-")])
    )


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def run(name: str, instance: dg.DagsterInstance, first_day: str = "2026-11-02", last_day: str = "2026-11-04"):
    job = dg.build_reconstructable_job(__name__, "job_of_make", (name,))
    silent = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    return dg.execute_job(job, instance, tags=day_range(first_day, last_day), run_config=silent)


def materialized(result, key=("raw", "first")) -> list[str | None]:
    events = [event for event in result.all_events if event.is_step_materialization]
    return [event.partition for event in events if event.asset_key.path == list(key)]


def test_one_day_alone_is_made_where_an_interrupt_reaches_it(instance):
    assert run("alone", instance, "2026-11-02", "2026-11-02").success
    assert not run("alone", instance).success


def test_each_day_is_materialized_once_with_its_own_rows_and_version(instance):
    result = run("good", instance)
    assert result.success
    assert materialized(result) == ["2026-11-02", "2026-11-03", "2026-11-04"]
    event = instance.get_latest_materialization_event(dg.AssetKey(["raw", "first"])).asset_materialization
    assert event.tags["dagster/data_version"] == "version-2026-11-04"
    assert event.tags["dagster/code_version"] == "7"
    assert event.metadata["dagster/partition_row_count"].value == 3
    assert event.metadata["duplicates"].value == 1


def test_a_day_that_fails_leaves_the_others_and_the_next_steps_whole_and_the_run_red(instance):
    result = run("failing", instance)
    assert not result.success
    assert materialized(result) == ["2026-11-02", "2026-11-04"]
    assert materialized(result, ("raw", "second")) == [None]
    failure = next(event for event in result.all_events if event.is_step_failure)
    words = failure.step_failure_data.user_failure_data.description
    assert "1 of 3 days failed" in words
    assert "2026-11-03: MissingPartitionError: the third is not there\n  → bring it" in words


def test_days_that_are_made_at_the_same_time_are_told_one_by_one_in_their_order(instance):
    result = run("together", instance)
    assert materialized(result) == ["2026-11-02", "2026-11-04"]
    failure = result.failure_data_for_node("first")
    assert failure is not None
    assert "1 of 3 days failed" in failure.user_failure_data.description
    assert "2026-11-03: MissingPartitionError" in failure.user_failure_data.description


def test_what_is_the_same_for_all_days_is_told_with_the_last_one(instance):
    events = [event for event in run("together", instance).all_events if event.is_step_materialization]
    told = {event.partition: event.materialization.metadata for event in events if event.partition}
    assert {day: "the same" in metadata for day, metadata in told.items()} == {"2026-11-02": False, "2026-11-04": True}


def test_a_day_that_is_missed_is_observed_with_the_reason_the_run_is_green_and_what_came_instead_is_of_its_own_day(
    instance,
):
    result = run("missing", instance, last_day="2026-11-03")
    assert result.success
    assert materialized(result) == ["2026-11-02", "2026-11-04"]
    [record] = instance.fetch_observations(dg.AssetKey(["raw", "first"]), limit=10).records
    assert record.partition_key == "2026-11-03"
    told = {name: entry.value for name, entry in record.asset_observation.metadata.items()}
    assert told == {MISSED: "Spotify sleeps", INSTEAD: "2026-11-04"}
    [evaluation] = result.get_asset_check_evaluations()
    assert not evaluation.passed
    assert evaluation.description == "2026-11-03: no answer"
    assert evaluation.metadata["requests"].value == 7


def test_a_blocking_check_that_fails_publishes_nothing_and_is_shown_with_its_day(instance):
    result = run("checked", instance)
    assert not result.success
    assert materialized(result) == ["2026-11-02", "2026-11-04"]
    evaluations = {
        event.asset_check_evaluation_data.check_name: event.asset_check_evaluation_data
        for event in result.all_events
        if event.event_type_value == "ASSET_CHECK_EVALUATION"
    }
    assert not evaluations["even"].passed
    assert evaluations["even"].description == "2026-11-03: 03 is odd"
    assert evaluations["odd_is_fine"].severity == dg.AssetCheckSeverity.WARN
    assert days_listed(evaluations["even"]) == [
        {"day": "2026-11-03", "holds": "no", "found": "03 is odd"},
        {"day": "2026-11-04", "holds": "yes", "found": "04 is even"},
        {"day": "2026-11-02", "holds": "yes", "found": "02 is even"},
    ]


def days_listed(evaluation: dg.AssetCheckEvaluation) -> list[dict[str, object]]:
    return [dict(record.data) for record in evaluation.metadata["days"].value.records]


def test_a_check_that_holds_speaks_of_every_day_not_of_the_newest_alone(instance):
    [evaluation] = run("holding", instance).get_asset_check_evaluations()
    assert evaluation.passed
    assert evaluation.description == "Holds on all 3 days, 2026-11-02 to 2026-11-04. 2026-11-04: fine"
    assert [day["day"] for day in days_listed(evaluation)] == ["2026-11-04", "2026-11-03", "2026-11-02"]


def test_an_unchanged_day_is_left_alone_but_told_to_an_instance_that_does_not_know_it(instance):
    assert materialized(run("unchanged", instance)) == ["2026-11-02", "2026-11-03", "2026-11-04"]
    assert materialized(run("unchanged", instance)) == ["2026-11-03", "2026-11-04"]


def test_what_the_checks_found_of_a_day_that_only_the_lake_knows_is_told_once(instance):
    """The run that made the day was killed before it could."""
    told = run("unknown", instance).get_asset_check_evaluations()
    assert [(check.check_name, check.passed) for check in told] == [("odd_is_fine", False)]
    assert "2026-11-03" in told[0].description
    assert run("unknown", instance).get_asset_check_evaluations() == []


def test_so_is_what_they_found_of_a_day_that_has_been_made_anew(instance):
    assert run("good", instance).success
    replaced = run("replaced", instance)
    assert materialized(replaced) == ["2026-11-03"]
    assert [check.passed for check in replaced.get_asset_check_evaluations()] == [False]
    assert run("replaced", instance).get_asset_check_evaluations() == []
