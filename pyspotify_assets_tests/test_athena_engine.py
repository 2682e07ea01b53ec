"""Athena: what is asked of it, what comes back, what it costs, and what is said when it does not go well.

boto3 talks to a scripted Athena, and to a real catalog and a real S3 (moto).
"""

from __future__ import annotations

import io
import os
import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pyspotify_assets.aws.session import client, filled
from pyspotify_assets.aws.waiting import Pauses
from pyspotify_assets.errors import LakeError, QueryError
from pyspotify_assets.lake import Lake
from pyspotify_assets.names import AwsNames
from pyspotify_assets.schemas import arrow_schema
from pyspotify_assets.tables import RELEASE_PROFILE
from pyspotify_assets.warehouse.athena_cost import cost
from pyspotify_assets.warehouse.athena_engine import AthenaEngine
from pyspotify_assets_tests.glue_tables import add_partition, new_stage, stage_name, stage_on
from pyspotify_assets_tests.scripted_aws import HANG_UP, Refusal, ScriptedAws, scripted_aws

DAY = "2026-11-22"
WINDOW = (DAY, DAY)
ROW = {"feed": "x", "release_year": 2020, "tracks": 1, "mean_popularity": 1.5, "mean_duration_ms": 2.0}
SELECT = "SELECT * FROM spotify_refined.popular_songs"
THROTTLED = Refusal("ThrottlingException", "Rate exceeded")


class Terminated(BaseException):
    """What an orchestrator raises in a run that is to end."""


@pytest.fixture(autouse=True)
def no_pauses_of_botocore(monkeypatch):
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0.0)


@pytest.fixture(scope="module")
def endpoint():
    with scripted_aws() as aws:
        yield aws


@pytest.fixture(scope="module")
def stage(s3_server):
    """A stage for all tests that leave its catalog as it is."""
    return stage_on(s3_server)


@pytest.fixture
def athena(endpoint, s3_environment, monkeypatch) -> ScriptedAws:
    """Athena: every query has succeeded at the second look, as far as a test does not say otherwise."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_ATHENA", endpoint.address)
    endpoint.forget()
    endpoint.script(
        StartQueryExecution={"QueryExecutionId": "q-1"},
        GetQueryExecution=[execution("RUNNING"), execution("SUCCEEDED")],
        StopQueryExecution={},
    )
    return endpoint


@pytest.fixture
def settings(athena, stage):
    return stage


@pytest.fixture
def sql(settings) -> AthenaEngine:
    return engine(settings)


def engine(settings, timeout: float = 5) -> AthenaEngine:
    return AthenaEngine(Lake.at(**settings.lake_places()), settings.names, timeout, Pauses(0.001, 0.005))


def execution(state: str, reason: str = "", query_id: str = "q-1", output: str = "", **statistics: int) -> dict:
    found = {
        "QueryExecutionId": query_id,
        "StatementType": "DML",
        "Status": {"State": state} | ({"StateChangeReason": reason} if reason else {}),
        "Statistics": statistics,
        "ResultConfiguration": {"OutputLocation": output},
    }
    return {"QueryExecution": found}


def answers(athena: ScriptedAws, settings, csv: str, *columns: tuple[str, str] | tuple[str, str, int, int]) -> None:
    """Script one query's result: the CSV as Athena leaves it on S3, and names and types of its columns."""
    bucket = filled(settings.bucket("athena"))
    client("s3").put_object(Bucket=bucket, Key="results/q-1.csv", Body=csv.encode())
    info = [
        {
            "Name": name,
            "Type": athena_type,
            "Precision": places[0] if places else 0,
            "Scale": places[1] if places else 0,
        }
        for name, athena_type, *places in columns
    ]
    athena.script(
        GetQueryExecution=execution("SUCCEEDED", output=f"s3://{bucket}/results/q-1.csv"),
        GetQueryResults={"ResultSet": {"Rows": [], "ResultSetMetadata": {"ColumnInfo": info}}},
    )


def unloads(*parts: list[dict]):
    """StartQueryExecution, answered by an UNLOAD that writes one Parquet file for each list of rows."""

    def start(request: dict) -> dict:
        address = re.search(r"TO 's3://([^/]+)/([^']+)'", request["QueryString"])
        for number, rows in enumerate(parts):
            buffer = io.BytesIO()
            # Athena writes every column as nullable, and an int where a smaller one was asked for.
            pq.write_table(pa.Table.from_pylist(rows), buffer)
            client("s3").put_object(Bucket=address[1], Key=f"{address[2]}part-{number}", Body=buffer.getvalue())
        return {"QueryExecutionId": "q-1"}

    return start


def failure(sql: AthenaEngine, query: str = "SELECT 1") -> QueryError:
    with pytest.raises(QueryError) as error:
        sql.query(query)
    return error.value


def objects(settings) -> list[str]:
    lake = Lake.at(**settings.lake_places())
    return [info.key for info in lake.stores["marts"].objects("release_profile/")]


@contextmanager
def raising_on_signal(error: type[BaseException]) -> Iterator[None]:
    """Within the block SIGUSR1 raises `error` in the main thread, as an orchestrator's interrupt does."""

    def handle(*_: object) -> None:
        raise error

    before = signal.signal(signal.SIGUSR1, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGUSR1, before)


class TestResults:
    def test_a_result_has_the_types_that_athena_says(self, athena, settings, sql):
        csv = (
            '"t","i","s","b","d","f","y","day","at","zoned","price","list"\n'
            '"a, ""b""\nc","1","2","3","1.5","true","2","2026-11-22","2026-11-22 12:00:00.123",'
            '"2026-11-22 09:00:00.000 America/Sao_Paulo","12.50","[x, y]"\n'
            '"","-1","-2","9223372036854775807","NaN","false","-2","0001-01-01","1969-12-31 23:59:59.000",'
            '"2026-11-22 15:00:00.000 +03:00","-0.01","[]"\n'
            ",,,,Infinity,,,,,,,\n"
        )
        columns = [
            ("t", "varchar"),
            ("i", "integer"),
            ("s", "smallint"),
            ("b", "bigint"),
            ("d", "double"),
            ("f", "boolean"),
            ("y", "tinyint"),
            ("day", "date"),
            ("at", "timestamp"),
            ("zoned", "timestamp with time zone"),
            ("price", "decimal", 10, 2),
            ("list", "array"),
        ]
        answers(athena, settings, csv, *columns)
        result = sql.query("SELECT 1")
        noon = datetime(2026, 11, 22, 12, tzinfo=UTC)
        first, second, third = (list(row.values()) for row in result.to_pylist())
        assert first == [
            'a, "b"\nc',
            1,
            2,
            3,
            1.5,
            True,
            2,
            date(2026, 11, 22),
            datetime(2026, 11, 22, 12, 0, 0, 123000),
            noon,
            Decimal("12.50"),
            "[x, y]",
        ]
        assert second[:4] == ["", -1, -2, 2**63 - 1]
        assert second[7:] == [date(1, 1, 1), datetime(1969, 12, 31, 23, 59, 59), noon, Decimal("-0.01"), "[]"]
        assert str(second[4]) == "nan"
        assert third == [None, None, None, None, float("inf"), None, None, None, None, None, None, None]
        assert [str(result.schema.field(name).type) for name in ("i", "s", "y", "price")] == [
            "int32",
            "int16",
            "int8",
            "decimal128(10, 2)",
        ]

    def test_empty_text_is_not_null(self, athena, settings, sql):
        answers(athena, settings, '"a","b"\n"",\n,""\n', ("a", "varchar"), ("b", "varchar"))
        assert sql.query("SELECT 1").to_pylist() == [{"a": "", "b": None}, {"a": None, "b": ""}]

    def test_a_null_in_the_only_column_is_a_row(self, athena, settings, sql):
        answers(athena, settings, '"a"\n\n"1"\n\n', ("a", "integer"))
        assert sql.query("SELECT 1")["a"].to_pylist() == [None, 1, None]

    def test_two_columns_of_one_name_are_both_there(self, athena, settings, sql):
        answers(athena, settings, '"a","a"\n"1","x"\n', ("a", "integer"), ("a", "varchar"))
        result = sql.query("SELECT 1")
        assert result.column_names == ["a", "a"]
        assert [column.to_pylist() for column in result.columns] == [[1], ["x"]]

    def test_a_name_with_a_line_break_does_not_shift_the_rows(self, athena, settings, sql):
        answers(athena, settings, '"a\nb"\n"1"\n', ("a\nb", "integer"))
        assert sql.query("SELECT 1").to_pylist() == [{"a\nb": 1}]

    @pytest.mark.parametrize("csv", ['"a"\n', ""])
    def test_a_result_without_rows_has_its_columns(self, athena, settings, sql, csv):
        answers(athena, settings, csv, ("a", "bigint"))
        assert sql.query("SELECT 1").schema == pa.schema([("a", pa.int64())])

    def test_a_result_is_read_from_s3_and_not_a_thousand_rows_at_a_time(self, athena, settings, sql):
        rows = "".join(f'"{number}","{"x" * 500}"\n' for number in range(20_000))
        answers(athena, settings, f'"a","b"\n{rows}', ("a", "integer"), ("b", "varchar"))
        assert sql.query("SELECT 1")["a"].to_pylist() == list(range(20_000))
        assert athena.asked("GetQueryResults") == [{"QueryExecutionId": "q-1", "MaxResults": 1}]

    def test_a_result_that_has_gone_is_named_with_its_address(self, athena, settings, sql):
        answers(athena, settings, "", ("a", "integer"))
        client("s3").delete_object(Bucket=filled(settings.bucket("athena")), Key="results/q-1.csv")
        with pytest.raises(LakeError, match=r"results/q-1\.csv is not there"):
            sql.query("SELECT 1")


class TestWhatIsAsked:
    def test_a_query_goes_to_the_workgroup_which_says_where_results_go(self, athena, settings, sql):
        answers(athena, settings, '"a"\n', ("a", "bigint"))
        sql.query("SELECT 1;")
        sql.query("SELECT 1;")
        first, second = athena.asked("StartQueryExecution")
        assert len({first.pop("ClientRequestToken"), second.pop("ClientRequestToken")}) == 2
        assert first == {
            "QueryString": "SELECT 1",
            "WorkGroup": f"spotify-{settings.stage}",
            "QueryExecutionContext": {"Catalog": "AwsDataCatalog"},
        }

    def test_databases_are_those_of_the_stage_wherever_they_are_written(self, athena, settings, sql):
        answers(athena, settings, '"a"\n', ("a", "bigint"))
        sql.query(
            "WITH spotify_raw AS (SELECT 'spotify_refined.x' AS a) SELECT spotify_refined.s.rank FROM spotify_raw, "
            'spotify_refined.s, awsdatacatalog."spotify_marts".m, other.t'
        )
        (asked,) = athena.asked("StartQueryExecution")
        text = re.sub(r"\s+", " ", asked["QueryString"])
        names = settings.names
        assert "'spotify_refined.x'" in text, "text is not a name"
        assert f'SELECT "{names.database("refined")}".s.rank FROM spotify_raw, "{names.database("refined")}".s' in text
        assert f'awsdatacatalog."{names.database("marts")}".m, other.t' in text

    def test_in_the_stage_prod_a_query_stays_as_it_was_written(self, athena, settings):
        answers(athena, settings, '"a"\n', ("a", "bigint"))
        query = "select  rank -- as written\nFROM spotify_refined.popular_songs"
        AthenaEngine(Lake.at(**settings.lake_places()), AwsNames(), 5, Pauses(0.001, 0.01)).query(query)
        assert athena.asked("StartQueryExecution")[0]["QueryString"] == query

    @pytest.mark.parametrize("query", ["DROP TABLE spotify_raw.x", "SELECT 1; SELECT 2", "", "SELEC"])
    def test_anything_but_one_select_is_refused_before_athena_is_asked(self, athena, sql, query):
        failure(sql, query)
        assert athena.requests == []

    def test_looks_are_few_and_end_with_the_query(self, athena, settings, sql):
        bucket = filled(settings.bucket("athena"))
        answers(athena, settings, '"a"\n', ("a", "bigint"))
        end = execution("SUCCEEDED", output=f"s3://{bucket}/results/q-1.csv")
        athena.script(GetQueryExecution=[execution("QUEUED"), execution("RUNNING"), end])
        sql.query("SELECT 1")
        assert athena.operations == ["StartQueryExecution", *["GetQueryExecution"] * 3, "GetQueryResults"]


class TestAMartsDay:
    @pytest.fixture
    def settings(self, athena):
        return new_stage()

    def test_a_day_is_not_seen_before_it_is_pointed_to_and_then_whole(self, athena, settings, sql):
        for number, run in enumerate(("one", "two", "three"), 1):
            seen = [partition.uri for partition in sql.partitions("spotify_marts", "release_profile")]
            athena.script(StartQueryExecution=unloads([ROW | {"tracks": number}], [ROW | {"feed": "y"}]))
            rows = sql.write_partition(SELECT, RELEASE_PROFILE, DAY, run, WINDOW)
            assert rows.schema == arrow_schema(RELEASE_PROFILE)
            assert rows["tracks"].to_pylist() == [number, 1]
            assert [partition.uri for partition in sql.partitions("spotify_marts", "release_profile")] == seen

            pointed = sql.point(RELEASE_PROFILE, DAY, run, {"fingerprint": run, "rows": "2"})
            root = f"s3://{filled(settings.bucket('refined'))}/marts/release_profile"
            assert pointed.uri == f"{root}/{run}/snapshot_date={DAY}/"
            assert sql.partitions("spotify_marts", "release_profile") == [pointed]
            assert pointed.notes == {"fingerprint": run, "rows": "2"}
        left = sorted({key.split("/")[1] for key in objects(settings)})
        assert left == ["three", "two"], "the objects before are kept for their readers, those before that are not"
        assert pointed.size == sum(
            info.size for info in Lake.at(**settings.lake_places()).stores["marts"].objects("release_profile/three/")
        )

    def test_the_unload_says_address_format_and_compression_and_the_stages_databases(self, athena, settings, sql):
        athena.script(StartQueryExecution=unloads([ROW]))
        sql.write_partition(f"{SELECT} -- )", RELEASE_PROFILE, DAY, "run", WINDOW)
        (asked,) = athena.asked("StartQueryExecution")
        assert re.fullmatch(
            rf"UNLOAD \(\nSELECT\n  \*\nFROM \"{settings.names.database('refined')}\"\.popular_songs\n\)\n"
            rf"TO 's3://[^/]+/marts/release_profile/run/snapshot_date={DAY}/'\n"
            r"WITH \(format = 'PARQUET', compression = 'ZSTD'\)",
            asked["QueryString"],
        )

    def test_the_partition_has_the_tables_format_and_another_location(self, athena, settings, sql):
        athena.script(StartQueryExecution=unloads([ROW]))
        sql.write_partition(SELECT, RELEASE_PROFILE, DAY, "run", WINDOW)
        pointed = sql.point(RELEASE_PROFILE, DAY, "run", {})
        request = {"DatabaseName": stage_name(settings, "spotify_marts")}
        table = client("glue").get_table(**request, Name="release_profile")["Table"]["StorageDescriptor"]
        partition = client("glue").get_partition(**request, TableName="release_profile", PartitionValues=[DAY])
        assert partition["Partition"]["StorageDescriptor"] == table | {"Location": pointed.uri}

    def test_a_day_without_rows_is_an_empty_partition_that_can_be_told_from_a_lost_one(self, athena, settings, sql):
        athena.script(StartQueryExecution=unloads())
        rows = sql.write_partition(SELECT, RELEASE_PROFILE, DAY, "run", WINDOW)
        assert rows == arrow_schema(RELEASE_PROFILE).empty_table()
        assert sql.point(RELEASE_PROFILE, DAY, "run", {}).size > 0

    def test_what_an_earlier_attempt_of_the_run_has_left_goes_first(self, athena, settings, sql):
        athena.script(StartQueryExecution=unloads([ROW], [ROW]))
        sql.write_partition(SELECT, RELEASE_PROFILE, DAY, "run", WINDOW)
        athena.script(StartQueryExecution=unloads([ROW]))
        assert engine(settings).write_partition(SELECT, RELEASE_PROFILE, DAY, "run", WINDOW).num_rows == 1
        assert len(objects(settings)) == 1

    def test_a_run_that_makes_its_day_again_leaves_readers_what_they_read(self, athena, settings):
        athena.script(StartQueryExecution=unloads([ROW]))
        first, again = engine(settings), engine(settings)
        first.write_partition(SELECT, RELEASE_PROFILE, DAY, "run", WINDOW)
        before = first.point(RELEASE_PROFILE, DAY, "run", {"fingerprint": "1"})
        read_meanwhile = objects(settings)
        again.write_partition(SELECT, RELEASE_PROFILE, DAY, "run", WINDOW)
        assert set(read_meanwhile) < set(objects(settings))
        after = again.point(RELEASE_PROFILE, DAY, "run", {"fingerprint": "2"})
        assert after.uri != before.uri
        assert set(read_meanwhile) < set(objects(settings))

    def test_what_is_discarded_is_gone_and_nothing_else(self, athena, settings, sql):
        athena.script(StartQueryExecution=unloads([ROW]))
        for run in ("kept", "discarded"):
            sql.write_partition(SELECT, RELEASE_PROFILE, DAY, run, WINDOW)
        sql.discard(RELEASE_PROFILE, DAY, "discarded")
        assert {key.split("/")[1] for key in objects(settings)} == {"kept"}

    @pytest.mark.parametrize("row", [ROW | {"tracks": None}, ROW | {"tracks": "many"}, {"nonsense": 1}])
    def test_a_result_that_does_not_fit_the_declaration_is_refused_and_removed(self, athena, settings, sql, row):
        athena.script(StartQueryExecution=unloads([ROW], [row]))
        with pytest.raises(QueryError, match="release_profile on 2026-11-22 are not what"):
            sql.write_partition(SELECT, RELEASE_PROFILE, DAY, "run", WINDOW)
        assert objects(settings) == []

    def test_pointing_to_what_has_vanished_is_an_error_and_changes_nothing(self, athena, settings, sql):
        with pytest.raises(LakeError, match=r"run/snapshot_date=2026-11-22/ has vanished"):
            sql.point(RELEASE_PROFILE, DAY, "run", {})
        assert sql.partitions("spotify_marts", "release_profile") == []

    def test_only_what_the_pipeline_wrote_is_ever_removed(self, athena, settings, sql):
        lake = Lake.at(**settings.lake_places())
        with lake.stores["marts"].staging("x") as staged:
            staged.write_bytes(b"precious")
            lake.stores["marts"].publish(staged, "release_profile/precious/x")
        root = lake.stores["marts"].uri("release_profile")
        request = {"DatabaseName": stage_name(settings, "spotify_marts"), "TableName": "release_profile"}
        for number, location in enumerate((f"{root}/", f"{root}/precious/", "s3://elsewhere/", "nonsense")):
            day = f"2026-11-0{number + 1}"
            entry = {
                "Values": [day],
                "StorageDescriptor": {"Location": "s3://a/b/"},
                "Parameters": {"before": location},
            }
            client("glue").create_partition(**request, PartitionInput=entry)
            athena.script(StartQueryExecution=unloads([ROW]))
            sql.write_partition(SELECT, RELEASE_PROFILE, day, "run", WINDOW)
            sql.point(RELEASE_PROFILE, day, "run", {})
        assert "release_profile/precious/x" in objects(settings)

    def test_a_partition_that_somebody_adds_meanwhile_is_replaced(self, athena, settings, sql, s3_server, monkeypatch):
        athena.script(StartQueryExecution=unloads([ROW]))
        sql.write_partition(SELECT, RELEASE_PROFILE, DAY, "run", WINDOW)
        with scripted_aws(s3_server) as glue:
            monkeypatch.setenv("AWS_ENDPOINT_URL_GLUE", glue.address)
            glue.script(GetPartition=Refusal("EntityNotFoundException"))
            add_partition(settings, "spotify_marts", "release_profile", DAY)
            pointed = sql.point(RELEASE_PROFILE, DAY, "run", {})
        monkeypatch.delenv("AWS_ENDPOINT_URL_GLUE")
        assert [partition.uri for partition in sql.partitions("spotify_marts", "release_profile")] == [pointed.uri]

    def test_pointing_again_to_the_same_changes_nothing(self, athena, settings, sql, s3_server, monkeypatch):
        athena.script(StartQueryExecution=unloads([ROW]))
        for run in ("before", "run"):
            sql.write_partition(SELECT, RELEASE_PROFILE, DAY, run, WINDOW)
            pointed = sql.point(RELEASE_PROFILE, DAY, run, {"fingerprint": run})
        there = objects(settings)
        with scripted_aws(s3_server) as glue:
            monkeypatch.setenv("AWS_ENDPOINT_URL_GLUE", glue.address)
            assert sql.point(RELEASE_PROFILE, DAY, "run", {"fingerprint": "run"}) == pointed
        assert glue.operations == ["GetPartition"]
        assert objects(settings) == there
        assert len(there) == 2


class TestPartitions:
    @pytest.fixture
    def settings(self, athena):
        return new_stage()

    def test_days_between_two_are_given_in_order(self, athena, settings, sql):
        for day in ("2026-11-22", "2026-11-20", "2026-11-21", "2026-10-01"):
            add_partition(settings, "spotify_refined", "popular_songs", day)
        found = sql.partitions("spotify_refined", "popular_songs", "2026-11-20", "2026-11-21")
        assert [partition.day for partition in found] == ["2026-11-20", "2026-11-21"]
        root = Lake.at(**settings.lake_places()).root(("refined", "popular_songs"))
        assert found[0].uri == f"{root}/snapshot_date=2026-11-20/"
        assert len(sql.partitions("spotify_refined", "popular_songs")) == 4
        assert len(sql.partitions("spotify_refined", "popular_songs", "2026-11-21")) == 2

    def test_only_the_days_that_are_asked_for_are_fetched_and_no_columns(self, settings, sql, s3_server, monkeypatch):
        with scripted_aws(s3_server) as glue:
            monkeypatch.setenv("AWS_ENDPOINT_URL_GLUE", glue.address)
            sql.partitions("spotify_refined", "popular_songs", "2026-11-20", "2026-11-21")
        (asked,) = glue.asked("GetPartitions")
        assert asked["ExcludeColumnSchema"] is True
        assert asked["Expression"] == "snapshot_date >= '2026-11-20' AND snapshot_date <= '2026-11-21'"

    def test_all_pages_are_read(self, settings, sql, monkeypatch):
        def page(days: list[str], **token: str) -> dict:
            return {"Partitions": [{"Values": [day]} for day in days], **token}

        pages = [page(["2026-11-22"], NextToken="next"), page(["2026-11-21"])]
        with scripted_aws(GetPartitions=pages) as glue:
            monkeypatch.setenv("AWS_ENDPOINT_URL_GLUE", glue.address)
            found = sql.partitions("spotify_refined", "popular_songs")
        assert [partition.day for partition in found] == ["2026-11-21", "2026-11-22"]

    def test_a_missing_table_has_none_and_a_missing_database_is_an_error(self, athena, settings, sql):
        assert sql.partitions("spotify_refined", "nothing") == []
        names = settings.names.__class__("never")
        stranger = AthenaEngine(Lake.at(**settings.lake_places()), names, 5)
        with pytest.raises(QueryError, match="The database spotify_refined_never is not there") as error:
            stranger.partitions("spotify_refined", "popular_songs")
        assert "make deploy" in error.value.remedy


class TestCost:
    @pytest.mark.parametrize(
        ("state", "scanned", "dollars"),
        [
            ("SUCCEEDED", 10**12, 5.0),
            ("SUCCEEDED", 0, 0.00005),
            ("SUCCEEDED", 1, 0.00005),
            ("SUCCEEDED", 25_000_001, 0.00013),
            ("CANCELLED", 10**11, 0.5),
            ("CANCELLED", 0, 0.0),
            ("FAILED", 10**12, 0.0),
        ],
    )
    def test_five_dollars_a_terabyte_ten_megabytes_at_least_failures_free(self, state, scanned, dollars):
        found = execution(state, DataScannedInBytes=scanned)["QueryExecution"]
        assert cost(found) == pytest.approx(dollars)

    def test_ddl_is_free(self):
        assert cost(execution("SUCCEEDED")["QueryExecution"] | {"StatementType": "DDL"}) == 0

    def test_a_block_sums_up_its_queries_and_knows_nothing_of_others(self, athena, settings, sql):
        answers(athena, settings, '"a"\n', ("a", "bigint"))
        output = f"s3://{filled(settings.bucket('athena'))}/results/q-1.csv"
        took = [
            execution(
                "SUCCEEDED", "", name, output, DataScannedInBytes=scanned, TotalExecutionTimeInMillis=milliseconds
            )
            for name, scanned, milliseconds in (("q-1", 5, 9), ("q-2", 20_000_000, 1500), ("q-3", 100, 250))
        ]
        athena.script(GetQueryExecution=took)
        sql.query("SELECT 1")
        with sql.metered() as outer:
            sql.query("SELECT 1")
            with sql.metered() as inner:
                sql.query("SELECT 1")
            assert outer == {}
        assert outer == {
            "query_ids": "q-2, q-3",
            "bytes_scanned": 20_000_100,
            "query_seconds": 1.75,
            "cost_usd": pytest.approx(0.00015),
        }
        assert inner["query_ids"] == "q-3"

    def test_a_query_of_another_thread_is_not_counted_and_none_is_no_figure(self, athena, settings, sql):
        answers(athena, settings, '"a"\n', ("a", "bigint"))
        with sql.metered() as figures:
            thread = threading.Thread(target=sql.query, args=("SELECT 1",))
            thread.start()
            thread.join()
        assert figures == {}
        assert athena.asked("StartQueryExecution")

    def test_what_a_failing_block_had_asked_is_told_too(self, athena, settings, sql):
        athena.script(GetQueryExecution=execution("FAILED", "no", DataScannedInBytes=7))
        with pytest.raises(QueryError), sql.metered() as figures:
            sql.query("SELECT 1")
        assert (figures["bytes_scanned"], figures["cost_usd"]) == (7, 0)


class TestBadDays:
    @pytest.mark.parametrize(
        ("words", "remedy"),
        [
            ("TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.spotify_refined.x' does not exist", "make deploy"),
            ("SYNTAX_ERROR: line 1:1: Column 'x' cannot be resolved", "Columns and their types"),
            ("Access Denied when writing output to url: s3://results/q-1.csv", "rights of these credentials"),
            ("Insufficient Lake Formation permission(s) on popular_songs", "Lake Formation"),
            ("HIVE_BAD_DATA: Error reading field value", "catalog_schema"),
            ("Query exhausted resources at this scale factor", "console"),
        ],
    )
    def test_a_failed_query_says_athenas_words_the_id_and_what_to_do(self, athena, sql, words, remedy):
        athena.script(GetQueryExecution=execution("FAILED", words))
        error = failure(sql)
        assert f"query q-1 failed: {words}" in str(error)
        assert remedy in error.remedy
        assert not athena.asked("StopQueryExecution")

    def test_a_query_that_exceeds_the_cutoff_says_how_much_that_is(self, athena, settings, sql):
        words = "Query cancelled! : Bytes scanned limit was exceeded"
        athena.script(
            GetQueryExecution=execution("CANCELLED", words, DataScannedInBytes=12_000_000),
            GetWorkGroup={"WorkGroup": {"Name": "x", "Configuration": {"BytesScannedCutoffPerQuery": 10_000_000}}},
        )
        error = failure(sql)
        assert f"workgroup spotify-{settings.stage}, which lets a query scan at most 10,000,000 bytes" in str(error)
        assert words in str(error)
        assert "12,000,000 bytes were scanned" in str(error)
        assert "fewer days" in error.remedy

    def test_where_the_cutoff_may_not_be_asked_for_the_rest_is_said(self, athena, sql):
        words = "Query cancelled! : Bytes scanned limit was exceeded"
        athena.script(GetQueryExecution=execution("FAILED", words), GetWorkGroup=Refusal("AccessDeniedException"))
        assert "at most its cutoff" in str(failure(sql))

    def test_a_query_that_somebody_cancels_says_so(self, athena, sql):
        athena.script(GetQueryExecution=execution("CANCELLED", "Query cancelled by user"))
        assert "stopped by somebody before its end: Query cancelled by user" in str(failure(sql))

    def test_a_query_that_hangs_is_stopped_and_says_how_long_it_was_waited_for(self, athena, settings):
        athena.script(GetQueryExecution=execution("RUNNING"))
        error = failure(engine(settings, timeout=0.05))
        assert "q-1 was waited for 0.05 s and has not ended; its last state is RUNNING" in str(error)
        assert "PYSPOTIFY_QUERY_TIMEOUT" in error.remedy
        assert athena.asked("StopQueryExecution") == [{"QueryExecutionId": "q-1"}]

    @pytest.mark.parametrize("interrupt", [KeyboardInterrupt, Terminated])
    def test_an_interrupt_stops_the_query_and_goes_on(self, athena, sql, interrupt):
        def interrupted(_: object) -> dict:
            os.kill(os.getpid(), signal.SIGUSR1)
            return execution("RUNNING")

        athena.script(GetQueryExecution=[execution("QUEUED"), interrupted])
        with raising_on_signal(interrupt), pytest.raises(interrupt):
            sql.query("SELECT 1")
        assert len(athena.asked("StopQueryExecution")) == 1

    def test_a_query_that_cannot_be_stopped_does_not_hide_why_it_was_to_be(self, athena, settings):
        athena.script(GetQueryExecution=execution("RUNNING"), StopQueryExecution=THROTTLED)
        assert "waited for 0.05 s" in str(failure(engine(settings, timeout=0.05)))

    @pytest.mark.parametrize("words", ["WorkGroup spotify is not found.", "WorkGroup spotify does not exist"])
    def test_a_missing_workgroup_is_named(self, athena, settings, sql, words):
        athena.script(StartQueryExecution=Refusal("InvalidRequestException", words))
        error = failure(sql)
        assert f"The Athena workgroup spotify-{settings.stage} is not there: {words}" in str(error)
        assert "make deploy" in error.remedy

    def test_a_query_that_athena_does_not_take_says_why(self, athena, sql):
        athena.script(StartQueryExecution=Refusal("InvalidRequestException", "mismatched input 'x'"))
        assert "does not take the query: mismatched input 'x'" in str(failure(sql))

    @pytest.mark.parametrize("operation", ["StartQueryExecution", "GetQueryExecution", "GetQueryResults"])
    def test_a_denied_action_is_named_with_its_resource(self, athena, settings, sql, operation):
        answers(athena, settings, '"a"\n', ("a", "bigint"))
        words = f"You are not authorized to perform: athena:{operation} on the resource. "
        athena.script(**{operation: Refusal("AccessDeniedException", words)})
        error = failure(sql)
        assert f"access denied in {operation}" in str(error)
        assert f"Allow athena:{operation}" in error.remedy
        resource = "query q-1" if operation == "GetQueryResults" else f"workgroup spotify-{settings.stage}"
        assert resource in str(error)

    @pytest.mark.parametrize("fault", [THROTTLED, Refusal("InternalServerException", status=500), HANG_UP])
    def test_trouble_for_a_while_is_waited_out_and_starts_one_query(self, athena, settings, sql, fault):
        answers(athena, settings, '"a"\n"1"\n', ("a", "bigint"))
        athena.script(StartQueryExecution=[fault, fault, {"QueryExecutionId": "q-1"}])
        assert sql.query("SELECT 1").num_rows == 1
        asked = athena.asked("StartQueryExecution")
        assert len(asked) == 3
        assert len({request["ClientRequestToken"] for request in asked}) == 1

    @pytest.mark.parametrize("fault", [THROTTLED, Refusal("InternalServerException", status=500), HANG_UP])
    def test_trouble_for_ever_is_tried_four_times_and_the_query_stopped(self, athena, settings, sql, fault):
        athena.script(GetQueryExecution=fault)
        error = failure(sql)
        assert "query q-1" in str(error)
        assert len(athena.asked("GetQueryExecution")) == 4
        assert len(athena.asked("StopQueryExecution")) == 1

    def test_expired_credentials_say_to_log_in_again(self, athena, sql):
        athena.script(StartQueryExecution=Refusal("ExpiredTokenException", "The security token is expired"))
        assert "Log in again" in failure(sql).remedy
        assert len(athena.requests) == 1

    def test_an_endpoint_that_does_not_answer_is_named(self, athena, sql, monkeypatch):
        monkeypatch.setenv("AWS_ENDPOINT_URL_ATHENA", "http://127.0.0.1:9")
        error = failure(sql)
        assert "127.0.0.1:9" in str(error)
        assert "AWS_ENDPOINT_URL" in error.remedy

    def test_a_mart_whose_table_is_missing_is_named_when_it_is_pointed_to(self, athena):
        settings = new_stage()
        sql = engine(settings)
        athena.script(StartQueryExecution=unloads([ROW]))
        sql.write_partition(SELECT, RELEASE_PROFILE, DAY, "run", WINDOW)
        database = stage_name(settings, "spotify_marts")
        client("glue").delete_table(DatabaseName=database, Name="release_profile")
        with pytest.raises(QueryError, match=f"The table {database}.release_profile is not there") as error:
            sql.point(RELEASE_PROFILE, DAY, "run", {})
        assert "make deploy" in error.value.remedy
