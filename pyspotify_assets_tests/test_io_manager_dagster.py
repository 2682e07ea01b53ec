"""The IO manager in Dagster: runs over one day, several and all, on a folder and on S3."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import pandas as pd
import pyarrow as pa
import pytest

from pyspotify_assets.errors import LakeError, MissingPartitionError
from pyspotify_assets.io_manager import LakeIOManager

DAYS = dg.DailyPartitionsDefinition("2023-07-01", end_date="2023-07-05")
FIRST, SECOND, THIRD, FOURTH = ("2023-07-01", "2023-07-02", "2023-07-03", "2023-07-04")


def table_of(day: str) -> pa.Table:
    return pa.table({"day": [int(day[-2:])] * 2, "text": ["São João", None]})


@dg.asset(key_prefix="stats", partitions_def=DAYS)
def songs(context: dg.AssetExecutionContext):
    tables = {day: table_of(day) for day in context.partition_keys}
    return tables if len(tables) > 1 else next(iter(tables.values()))


@dg.asset(key_prefix="stats", partitions_def=DAYS, ins={"songs": dg.AssetIn(["stats", "songs"])})
def each_day(context: dg.AssetExecutionContext, songs: pd.DataFrame):
    if context.has_partition_key:
        assert list(songs.columns) == ["day", "text"]
        return songs
    return dict(iter(songs.groupby("snapshot_date")))


@dg.asset(key_prefix="stats", ins={"songs": dg.AssetIn(["stats", "songs"], metadata={"columns": ["day"]})})
def all_days(songs: pa.RecordBatchReader) -> pa.Table:
    assert isinstance(songs, pa.RecordBatchReader)
    return songs.read_all()


@dg.asset(key_prefix="stats", ins={"all_days": dg.AssetIn(["stats", "all_days"])})
def total(all_days) -> pd.DataFrame:
    return pd.DataFrame({"total": [all_days["day"].sum()]})


@dg.asset(
    key_prefix="stats",
    partitions_def=DAYS,
    ins={
        "songs": dg.AssetIn(
            ["stats", "songs"],
            partition_mapping=dg.TimeWindowPartitionMapping(start_offset=-1),
            metadata={"partition_column": True, "allow_missing_partitions": True},
        )
    },
)
def two_days(songs: pa.Table) -> pa.Table:
    return pa.table({"days": [" ".join(sorted(set(songs["snapshot_date"].to_pylist())))]})


ASSETS = [songs, each_day, all_days, total, two_days]


@pytest.fixture
def lake(address: str) -> LakeIOManager:
    return LakeIOManager(address=address)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def run(lake: LakeIOManager, instance: dg.DagsterInstance, *names: str, **options: Any) -> dg.ExecuteInProcessResult:
    return dg.materialize(
        ASSETS,
        selection=[dg.AssetKey(["stats", name]) for name in names],
        resources={"io_manager": lake},
        instance=instance,
        **options,
    )


def span(first: str, last: str) -> dict[str, str]:
    return {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}


def metadata_of(result: dg.ExecuteInProcessResult, name: str) -> dict[str, Any]:
    events = result.asset_materializations_for_node(f"stats__{name}")
    return {key: value.value for key, value in events[0].metadata.items()}


def test_a_day_goes_from_asset_to_asset(lake, instance):
    run(lake, instance, "songs", "each_day", partition_key=SECOND)

    assert lake.read("stats/each_day", SECOND, as_=pa.Table).equals(table_of(SECOND))


def test_a_materialization_says_rows_bytes_and_place(lake, instance):
    place = lake.lake.place(("stats", "songs"), SECOND)

    assert metadata_of(run(lake, instance, "songs", partition_key=SECOND), "songs") == {
        "dagster/uri": place.uri,
        "dagster/partition_row_count": 2,
        "bytes": place.require().size,
    }


def test_several_days_in_one_run_are_one_object_each(lake, instance):
    result = run(lake, instance, "songs", "each_day", tags=span(FIRST, THIRD))

    assert lake.lake.days(("stats", "each_day")) == [FIRST, SECOND, THIRD]
    assert lake.read("stats/each_day", SECOND, as_=pa.Table).equals(table_of(SECOND))
    assert metadata_of(result, "songs") | {"bytes": 0} == {
        "dagster/uri": lake.lake.root(("stats", "songs")),
        "bytes": 0,
        "rows": 6,
        "partitions": 3,
    }


def test_an_asset_without_partitions_gets_all_days_that_are_there(lake, instance):
    run(lake, instance, "songs", tags=span(FIRST, SECOND))

    result = run(lake, instance, "all_days", "total")

    assert lake.read("stats/all_days", as_=pa.Table).to_pydict() == {
        "day": [1, 1, 2, 2],
        "snapshot_date": [FIRST, FIRST, SECOND, SECOND],
    }
    assert lake.read("stats/total")["total"].tolist() == [6]
    assert metadata_of(result, "total")["dagster/row_count"] == 1


def test_a_window_can_leave_out_days_and_always_have_the_day(lake, instance):
    for day in (FIRST, SECOND, FOURTH):
        run(lake, instance, "songs", partition_key=day)
    for day in (FIRST, SECOND, FOURTH):
        run(lake, instance, "two_days", partition_key=day)

    assert lake.read("stats/two_days", columns=["days"])["days"].tolist() == [FIRST, f"{FIRST} {SECOND}", FOURTH]


def test_a_missing_day_fails_the_run_and_is_named(lake, instance):
    with pytest.raises(MissingPartitionError, match=f"stats/songs of {SECOND}"):
        run(lake, instance, "each_day", partition_key=SECOND)

    run(lake, instance, "songs", partition_key=FIRST)
    with pytest.raises(MissingPartitionError, match=f"stats/songs of {SECOND}"):
        run(lake, instance, "each_day", tags=span(FIRST, FOURTH))


def test_an_asset_without_partitions_that_is_not_there_is_named(lake, instance):
    with pytest.raises(MissingPartitionError, match="stats/all_days is not there"):
        run(lake, instance, "total")


def test_a_rerun_replaces_exactly_its_day(lake, instance):
    run(lake, instance, "songs", tags=span(FIRST, SECOND))
    before = {day: lake.lake.place(("stats", "songs"), day).require() for day in (FIRST, SECOND)}

    run(lake, instance, "songs", partition_key=SECOND)

    after = {day: lake.lake.place(("stats", "songs"), day).require() for day in (FIRST, SECOND)}
    assert after[FIRST] == before[FIRST]
    assert (after[SECOND] != before[SECOND]) or lake.address.startswith("s3://")


def context_over(first: str, last: str) -> dg.OutputContext:
    return dg.build_output_context(
        asset_key=["stats", "songs"],
        asset_partitions_def=DAYS,
        asset_partition_key_range=dg.PartitionKeyRange(first, last),
    )


class TestOutputs:
    """What an asset may give out; the same on every store."""

    @pytest.fixture
    def lake(self, tmp_path) -> LakeIOManager:
        return LakeIOManager(address=str(tmp_path))

    def test_none_is_nothing_to_be_put(self, lake, tmp_path):
        lake.handle_output(dg.build_output_context(asset_key=["stats", "songs"]), None)

        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("days", [[FIRST], [FIRST, SECOND, THIRD], None])
    def test_a_run_over_several_days_gives_out_one_table_for_each(self, lake, days):
        output = {day: table_of(day) for day in days} if days else table_of(FIRST)

        with pytest.raises(LakeError, match="2023-07-01, 2023-07-02"):
            lake.handle_output(context_over(FIRST, SECOND), output)
        assert lake.lake.days(("stats", "songs")) == []

    def test_if_one_of_several_days_breaks_none_is_put_in_place(self, lake):
        def broken() -> Iterator[pa.RecordBatch]:
            raise InterruptedError
            yield

        reader = pa.RecordBatchReader.from_batches(table_of(FIRST).schema, broken())
        with pytest.raises(InterruptedError):
            lake.handle_output(context_over(FIRST, SECOND), {FIRST: table_of(FIRST), SECOND: reader})
        assert lake.lake.days(("stats", "songs")) == []

    def test_an_output_of_no_asset_is_refused(self, lake):
        with pytest.raises(LakeError, match="of no asset"):
            lake.handle_output(dg.build_output_context(name="result", step_key="step", run_id="run"), table_of(FIRST))
