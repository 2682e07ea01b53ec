"""Dagster's history with connections that stay open: the same files, the same answers, and nothing that is lost."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from pyspotify_assets import event_log
from pyspotify_assets.event_log import OpenEventLog
from pyspotify_assets_tests.pipelines import DAGSTER_YAML

DAYS = dg.DailyPartitionsDefinition(start_date="2024-03-01", end_date="2024-03-11")
BROKEN = "2024-03-04"
KEY = dg.AssetKey("days")
PLAIN = "storage:\n  sqlite:\n    base_dir: .dagster/storage\ntelemetry:\n  enabled: false\n"
KILLED = """
import os, signal
import dagster as dg
instance = dg.DagsterInstance.from_config(".")
instance.report_runless_asset_event(dg.AssetMaterialization("survives", partition="2024-03-01"))
os.kill(os.getpid(), signal.SIGKILL)
"""


@dg.multi_asset(
    specs=[dg.AssetSpec(KEY, partitions_def=DAYS, skippable=True)],
    check_specs=[dg.AssetCheckSpec("holds", asset=KEY)],
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def days(context: dg.AssetExecutionContext):
    for day in context.partition_keys:
        if day != BROKEN:
            context.log_event(dg.AssetMaterialization(KEY, partition=day))
    yield dg.AssetCheckResult(asset_key=KEY, check_name="holds", passed=True)
    raise dg.Failure(f"{BROKEN} failed")


@pytest.fixture
def home(tmp_path: Path, monkeypatch) -> Path:
    shutil.copy(DAGSTER_YAML, tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def instance(home: Path) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.from_config(str(home)) as opened:
        yield opened


def run_days(instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    job = dg.Definitions(assets=[days], jobs=[dg.define_asset_job("all_days", selection="*")]).resolve_job_def(
        "all_days"
    )
    span = {
        "dagster/asset_partition_range_start": "2024-03-01",
        "dagster/asset_partition_range_end": "2024-03-10",
    }
    return job.execute_in_process(instance=instance, tags=span, raise_on_error=False)


def lines(home: Path, query: str) -> list[tuple]:
    with sqlite3.connect(home / ".dagster/storage/history/runs/index.db") as index:
        return index.execute(query).fetchall()


def test_dagster_yaml_names_it(instance):
    assert isinstance(instance.event_log_storage, OpenEventLog)


def test_a_run_over_many_days_shows_which_were_made_and_which_failed(instance):
    run_days(instance)

    status = instance.get_status_by_partition(KEY, DAYS.get_partition_keys(), DAYS)

    assert {day for day, one in status.items() if one.name == "MATERIALIZED"} == {
        day for day in DAYS.get_partition_keys() if day != BROKEN
    }
    assert status[BROKEN].name == "FAILED"


def test_every_day_is_announced_once_before_the_first_is_made(instance, home):
    run_days(instance)

    announced = lines(
        home,
        "SELECT partition FROM event_logs WHERE dagster_event_type = 'ASSET_MATERIALIZATION_PLANNED' AND id <"
        " (SELECT min(id) FROM event_logs WHERE dagster_event_type = 'ASSET_MATERIALIZATION')",
    )

    assert sorted(day for (day,) in announced) == DAYS.get_partition_keys()


def test_no_check_is_left_announced_for_ever(instance, home):
    run_days(instance)

    assert lines(home, "SELECT execution_status, partition FROM asset_check_executions") == [("SUCCEEDED", None)]


def test_dagsters_own_storage_goes_on_with_the_history_and_hands_it_back(home):
    for number, yaml in enumerate((DAGSTER_YAML.read_text(encoding="utf-8"), PLAIN, DAGSTER_YAML.read_text())):
        (home / "dagster.yaml").write_text(yaml, encoding="utf-8")
        with dg.DagsterInstance.from_config(str(home)) as instance:
            instance.report_runless_asset_event(dg.AssetMaterialization("counted", partition=f"2024-03-0{number + 1}"))

            assert len(instance.get_materialized_partitions(dg.AssetKey("counted"))) == number + 1


def test_another_process_sees_an_event_at_once(instance, home):
    with dg.DagsterInstance.from_config(str(home)) as other:
        other.get_materialized_partitions(KEY)  # Has everything open before the event is written.
        instance.report_runless_asset_event(dg.AssetMaterialization(KEY, partition="2024-03-01"))

        assert other.get_materialized_partitions(KEY) == {"2024-03-01"}


def test_an_event_outlives_a_killed_process(home):
    process = subprocess.run([sys.executable, "-c", KILLED], cwd=home, timeout=60)  # noqa: S603 - our own code

    assert process.returncode == -signal.SIGKILL
    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert instance.get_materialized_partitions(dg.AssetKey("survives")) == {"2024-03-01"}


def test_the_file_of_a_run_is_touched_by_each_event_since_the_pages_follow_it(instance, home):
    run = run_days(instance).dagster_run
    file = home / ".dagster/storage/history/runs" / f"{run.run_id}.db"
    os.utime(file, (0, 0))

    instance.report_engine_event("still there", run)

    assert file.stat().st_mtime > 0


def test_few_databases_are_open_however_many_runs_there_are(instance, monkeypatch):
    monkeypatch.setattr(event_log, "_OPEN", 2)
    runs = [run_days(instance).dagster_run.run_id for _ in range(2)]

    assert all(instance.get_records_for_run(each).records for each in runs)
    assert {link.resolve().stem for link in Path("/proc/self/fd").iterdir()}.isdisjoint(runs[:1])


def test_a_wiped_history_is_empty_and_can_be_written_again(instance):
    run_days(instance)
    instance.wipe()
    assert instance.get_materialized_partitions(KEY) == set()

    run_days(instance)
    assert len(instance.get_materialized_partitions(KEY)) == 9
