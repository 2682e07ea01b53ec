"""From an empty account to the report and back, in the roles of the stack: what `local` makes, `aws` makes too."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import dagster as dg
import pyarrow.parquet as pq
import pytest

from pyspotify_assets.aws import session
from pyspotify_assets.clock import system_clock
from pyspotify_assets.names import DATABASES
from pyspotify_assets.raw_csv import open_raw_csv
from pyspotify_assets.spotify.simulator import Simulator
from pyspotify_assets_tests.aws.stacks import Stack, stack
from pyspotify_assets_tests.desk import Desk
from pyspotify_assets_tests.pipelines import DAYS, FEEDS, MARTS, Pipeline

pytestmark = pytest.mark.aws


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Stack]:
    folder = tmp_path / "stack"
    folder.mkdir()
    with stack(folder) as made:
        yield made


def on_aws(folder: Path, made: Stack, simulator: Simulator) -> Pipeline:
    """The project as it runs on AWS, Spotify being the simulator on loopback."""
    return Pipeline(folder / "aws", env="aws", stage=made.stage, source="auto", spotify_url=simulator.base_url)


def land_raw_of(local: Pipeline, pipeline: Pipeline) -> None:
    """Put the raw files of a lake into landing: past days come from files."""
    for feed in FEEDS:
        for day in DAYS:
            raw, landing = local.lake.place(("raw", feed), day), pipeline.lake.stores["landing"]
            with raw.store.local(raw.key) as file, landing.staging("day.csv") as staged:
                staged.write_bytes(file.read_bytes())
                landing.publish(staged, f"{feed}/{day}/from-elsewhere.csv")


def cells(pipeline: Pipeline, table: str, order: str) -> list[dict]:
    """Every cell of a table, in a certain order."""
    return pipeline.sql.query(f"SELECT * FROM {table} ORDER BY snapshot_date, {order}").to_pylist()


def test_from_an_empty_account_to_the_report_and_back(fresh, tmp_path):
    local = Pipeline(tmp_path / "local")
    today = system_clock().date().isoformat()
    with dg.DagsterInstance.ephemeral() as instance:
        assert local.run(instance).success
    fresh.deploy()

    with Simulator() as simulator, dg.DagsterInstance.ephemeral() as instance, fresh.as_role("pipeline"):
        pipeline = on_aws(tmp_path, fresh, simulator)
        land_raw_of(local, pipeline)
        past = pipeline.run(instance)
        assert past.success, past.failures()
        assert past.failed_checks() == {}
        now = pipeline.run(instance, today, today)
        assert now.success, now.failures()

        for mart, order in zip(
            MARTS,
            ("feed, rank", "feed, last_rank", "feed, artist_key", "feed, release_year", "feed, figure"),
            strict=True,
        ):
            table = f"{DATABASES['marts']}.{mart}"
            here = [row for row in cells(pipeline, table, order) if row["snapshot_date"] in DAYS]
            assert here == cells(local, table, order), mart
            assert len(here) > 0
        for feed in FEEDS:
            for day in DAYS:
                places = [one.lake.place(("refined", feed), day) for one in (pipeline, local)]
                tables = []
                for place in places:
                    with place.store.local(place.key) as file:
                        tables.append(pq.read_table(file))
                assert tables[0].equals(tables[1])
            with (raw := pipeline.lake.place(("raw", feed), today)).store.local(raw.key) as file:
                assert sum(batch.num_rows for batch in open_raw_csv(file)) > 0
        report = pipeline.lake.place(("report", "daily"), DAYS[-1])
        assert report.store.read(report.key).rstrip().endswith(b"</html>")

        figures = past.metadata("spotify_marts/chart_movement", DAYS[-1])
        assert figures["bytes_scanned"] > 0
        assert figures["query_ids"]
        assert figures["cost_usd"] == pytest.approx(5 * 10e6 / 1e12, rel=0.1)  # The least that a query costs: 10 MB.

        again = pipeline.run(instance)
        assert again.success, again.failures()
        assert again.made() == {}

    fresh.destroy(data=False)
    fresh.deploy()
    with fresh.as_role("pipeline"):
        assert len(cells(pipeline, f"{DATABASES['marts']}.top_artists", "feed, artist_key")) > 0


def test_what_the_lambda_lands_reaches_the_marts_by_sensors_alone(fresh, tmp_path):
    today = system_clock().date().isoformat()
    with Simulator() as simulator, dg.DagsterInstance.ephemeral() as instance:
        fresh.deploy()
        function = fresh.settings().names.function
        functions = session.client("lambda")
        variables = functions.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
        variables["PYSPOTIFY_SPOTIFY_URL"] = simulator.base_url
        functions.update_function_configuration(FunctionName=function, Environment={"Variables": variables})

        answer = boto3.client("lambda").invoke(FunctionName=function, Payload=b"{}")
        said = answer["Payload"].read().decode()
        assert "FunctionError" not in answer, said
        assert set(json.loads(said)) == set(FEEDS)
        asked_by_lambda = len(simulator.requests)

        with fresh.as_role("pipeline"):
            pipeline = on_aws(tmp_path, fresh, simulator)
            desk = Desk(pipeline, instance)
            ran = desk.until_quiet()

            assert set(ran) == {"daily_snapshot", "crawl_raw", "crawl_refined", "marts_and_report"}
            assert len(simulator.requests) == asked_by_lambda, "only the Lambda has asked Spotify"
            for mart in MARTS:
                rows = pipeline.sql.query(f"SELECT count(*) AS n FROM spotify_marts.{mart}").to_pylist()
                assert rows[0]["n"] > 0 or mart == "chart_exits"
            assert pipeline.lake.place(("report", "daily"), today).info() is not None
            assert list(pipeline.lake.stores["landing"].objects("")) == []
            assert desk.until_quiet() == []
