"""The Glue crawler: what a crawl finds, what it costs in requests, and what is said when it does not go well.

boto3 talks to a scripted endpoint for the crawler itself, and to a real catalog and a real S3 (moto) for the rest.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pyspotify_assets.aws.session import client
from pyspotify_assets.aws.waiting import Pauses
from pyspotify_assets.errors import CrawlError
from pyspotify_assets.feeds import DEFAULT_FEEDS
from pyspotify_assets.lake import Lake
from pyspotify_assets.warehouse import CrawledTable, declared_tables
from pyspotify_assets.warehouse.glue_crawler import COMPARED_FILES, GlueCrawler
from pyspotify_assets_tests.builders import put_snapshot, track
from pyspotify_assets_tests.glue_tables import add_partition, new_stage, stage_name, stage_on
from pyspotify_assets_tests.scripted_aws import HANG_UP, UPSTREAM, Refusal, ScriptedAws, scripted_aws

DAY = "2026-11-22"
LOG = {"LogGroup": "/aws-glue/crawlers", "LogStream": "spotify-refined", "MessagePrefix": "crawl-2"}
BEFORE = {"Status": "SUCCEEDED", "StartTime": 1_000, "MessagePrefix": "crawl-1"}
SUCCEEDED = {"Status": "SUCCEEDED", "StartTime": 2_000, **LOG}
THROTTLED = Refusal("ThrottlingException", "Rate exceeded")
BUSY = Refusal("CrawlerRunningException", "Crawler has already started")


class Terminated(BaseException):
    """What an orchestrator raises in a run that is to end."""


@pytest.fixture(autouse=True)
def no_pauses_of_botocore(monkeypatch):
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0.0)


@pytest.fixture(scope="module")
def endpoint(s3_server):
    with scripted_aws(s3_server) as aws:
        yield aws


@pytest.fixture
def glue(endpoint, s3_environment, monkeypatch):
    """Glue: a crawler that succeeds, as far as a test does not say otherwise."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_GLUE", endpoint.address)
    crawl = [crawler("READY", BEFORE), crawler("READY", BEFORE), crawler("RUNNING", BEFORE), crawler("READY")]
    endpoint.forget()
    endpoint.script(GetCrawler=crawl, StartCrawler={}, StopCrawler={})
    return endpoint


@pytest.fixture(scope="module")
def stage(s3_server):
    """A stage for all tests that leave its catalog as it is."""
    return stage_on(s3_server)


@pytest.fixture
def settings(glue, stage):
    return stage


@pytest.fixture
def lake(settings) -> Lake:
    return Lake.at(**settings.lake_places())


def crawler(state: str, last: dict | None = SUCCEEDED) -> dict:
    return {"Crawler": {"Name": "spotify-refined", "State": state} | ({"LastCrawl": last} if last else {})}


def crawl(lake: Lake, settings, area: str = "refined", timeout: float = 5) -> dict[str, CrawledTable]:
    crawled = GlueCrawler(lake, settings.names, timeout, Pauses(0.001, 0.005)).crawl(area, DEFAULT_FEEDS)
    return {table.table.name: table for table in crawled}


def finds(settings, *days: str, table: str = "popular_songs", database: str = "spotify_refined"):
    """StartCrawler, answered by a crawler that finds these days."""

    def start(_: object) -> dict:
        for day in days:
            add_partition(settings, database, table, day)
        return {}

    return start


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


def failure(lake: Lake, settings, **options: float) -> CrawlError:
    with pytest.raises(CrawlError) as error:
        crawl(lake, settings, **options)
    return error.value


class TestWhatACrawlFinds:
    @pytest.fixture
    def settings(self, glue):
        return new_stage()

    def test_days_that_are_new_are_added_once_and_all_are_counted(self, glue: ScriptedAws, settings, lake):
        put_snapshot(lake, "popular_songs", "2026-11-21", [track(1, "A")])
        put_snapshot(lake, "popular_songs", DAY, [track(1, "A")])
        add_partition(settings, "spotify_refined", "popular_songs", "2026-11-21")
        glue.script(StartCrawler=finds(settings, DAY))
        crawled = crawl(lake, settings)
        assert (crawled["popular_songs"].added, crawled["popular_songs"].partitions) == ([DAY], 2)
        assert (crawled["top_played"].added, crawled["top_played"].partitions) == ([], 0)
        assert not any(table.drift for table in crawled.values())
        assert glue.asked("StartCrawler") == [{"Name": f"spotify-refined-{settings.stage}"}]

    def test_raw_tables_are_crawled_by_the_crawler_of_raw(self, glue: ScriptedAws, settings, lake):
        put_snapshot(lake, "top_played", DAY, [track(1, "A")])
        glue.script(StartCrawler=finds(settings, DAY, table="top_played", database="spotify_raw"))
        crawled = crawl(lake, settings, "raw")["top_played"]
        assert (crawled.table.database, crawled.partitions, crawled.added, crawled.drift) == (
            "spotify_raw",
            1,
            [DAY],
            [],
        )
        assert glue.asked("StartCrawler")[0] == {"Name": f"spotify-raw-{settings.stage}"}

    def test_a_file_that_differs_from_the_declaration_is_drift_that_shows_both_sides(self, glue, settings, lake):
        place = lake.place(("refined", "top_played"), DAY)
        with place.staged() as staged:
            pq.write_table(pa.table({"rank": ["one"], "surprise": [1]}), staged)
            place.publish(staged)
        glue.script(StartCrawler=finds(settings, DAY, table="top_played"))
        drift = crawl(lake, settings)["top_played"].drift
        assert f"{DAY}: rank is string, declared int32" in drift
        assert f"{DAY}: surprise is not declared" in drift

    def test_folders_that_the_pipeline_did_not_write_are_drift(self, glue, settings, lake):
        glue.script(StartCrawler=finds(settings, "yesterday", DAY))
        drift = crawl(lake, settings)["popular_songs"].drift
        assert any("'yesterday' is no partition" in words for words in drift)
        assert any(words.startswith(f"{DAY}: cannot be read") for words in drift)

    def test_a_catalog_that_differs_from_the_declaration_is_drift_that_shows_both_sides(self, glue, settings, lake):
        database = stage_name(settings, "spotify_refined")
        table = client("glue").get_table(DatabaseName=database, Name="popular_songs")["Table"]
        columns = [{"Name": "surprise", "Type": "string"}, *table["StorageDescriptor"]["Columns"][1:]]
        columns[1]["Type"] = "bigint"
        storage = table["StorageDescriptor"] | {"Columns": columns, "Location": "s3://elsewhere/popular_songs/"}
        keys = [{"Name": "day", "Type": "date"}]
        changed = {"Name": "popular_songs", "StorageDescriptor": storage, "PartitionKeys": keys}
        client("glue").update_table(DatabaseName=database, TableInput=changed)

        drift = crawl(lake, settings)["popular_songs"].drift
        assert "catalog: rank is missing, declared int" in drift
        assert "catalog: surprise is not declared, but there as string" in drift
        assert "catalog: track_id is bigint, declared string" in drift
        assert "catalog: partitioned by day date, declared snapshot_date string" in drift
        root = lake.root(("refined", "popular_songs"))
        assert f"catalog: lies at s3://elsewhere/popular_songs/, the lake's files at {root}" in drift

    def test_raw_columns_in_another_order_are_drift_since_csv_is_read_by_position(self, glue, settings, lake):
        database = stage_name(settings, "spotify_raw")
        table = client("glue").get_table(DatabaseName=database, Name="top_played")["Table"]
        storage = table["StorageDescriptor"] | {"Columns": table["StorageDescriptor"]["Columns"][::-1]}
        changed = {"Name": "top_played", "StorageDescriptor": storage, "PartitionKeys": table["PartitionKeys"]}
        client("glue").update_table(DatabaseName=database, TableInput=changed)
        (words,) = crawl(lake, settings, "raw")["top_played"].drift
        assert "declared rank, track_id" in words

    def test_the_requests_of_a_crawl_do_not_grow_with_history(self, glue, settings, lake):
        days = [f"2026-{month:02}-{day:02}" for month in (9, 10) for day in range(1, 18)]
        glue.script(StartCrawler=finds(settings, *days))
        crawled = crawl(lake, settings)["popular_songs"]
        assert len(crawled.added) == len(days)
        assert len(crawled.drift) == COMPARED_FILES, "only the newest files are opened"
        made_by_us = [name for name in glue.operations if name != "CreatePartition" and name != "CreateTable"]
        begin = made_by_us.index("GetCrawler")
        counted = {name: made_by_us[begin:].count(name) for name in ("GetCrawler", "StartCrawler", "GetPartitions")}
        tables = declared_tables("refined", DEFAULT_FEEDS)
        assert counted == {"GetCrawler": 4, "StartCrawler": 1, "GetPartitions": 2 * len(tables)}


class TestTheCrawlItself:
    def test_a_crawl_that_is_running_is_waited_for_and_followed_by_one_more(self, glue: ScriptedAws, settings, lake):
        glue.script(
            GetCrawler=[
                crawler("RUNNING", None),
                crawler("RUNNING", None),
                crawler("STOPPING", None),
                crawler("READY", BEFORE),
                crawler("RUNNING", BEFORE),
                crawler("READY"),
            ]
        )
        crawl(lake, settings)
        assert [name for name in glue.operations if "Crawler" in name] == [
            *["GetCrawler"] * 4,
            "StartCrawler",
            *["GetCrawler"] * 2,
        ]

    def test_somebody_who_starts_it_first_is_waited_for_too(self, glue: ScriptedAws, settings, lake):
        theirs = {"Status": "SUCCEEDED", "StartTime": 1_500}
        glue.script(
            GetCrawler=[
                crawler("READY", BEFORE),
                crawler("READY", BEFORE),
                crawler("RUNNING", BEFORE),
                crawler("READY", theirs),
                crawler("RUNNING", theirs),
                crawler("READY"),
            ],
            StartCrawler=[BUSY, {}],
        )
        crawl(lake, settings)
        assert len(glue.asked("StartCrawler")) == 2
        assert not glue.asked("StopCrawler")

    def test_somebody_who_is_always_faster_is_not_fought_for_ever(self, glue: ScriptedAws, settings, lake):
        glue.script(GetCrawler=crawler("READY", BEFORE), StartCrawler=BUSY)
        error = failure(lake, settings)
        assert "started by somebody else 3 times" in str(error)
        assert len(glue.asked("StartCrawler")) == 3
        assert not glue.asked("StopCrawler"), "theirs is not ours to stop"

    def test_an_answer_that_lags_behind_is_not_taken_for_the_crawl_that_was_started(self, glue, settings, lake):
        glue.script(GetCrawler=[*[crawler("READY", BEFORE)] * 4, crawler("RUNNING", BEFORE), crawler("READY")])
        crawl(lake, settings)
        assert len(glue.asked("GetCrawler")) == 6

    def test_a_crawl_that_glue_never_knows_of_is_an_error(self, glue, settings, lake):
        glue.script(GetCrawler=crawler("READY", BEFORE))
        assert "knows nothing of that crawl" in str(failure(lake, settings, timeout=0.05))

    def test_a_failed_crawl_says_what_glue_said_and_where_its_log_is(self, glue: ScriptedAws, settings, lake):
        failed = SUCCEEDED | {"Status": "FAILED", "ErrorMessage": "Internal Service Exception"}
        glue.script(GetCrawler=[crawler("READY", BEFORE), crawler("READY", BEFORE), crawler("READY", failed)])
        error = failure(lake, settings)
        assert f"spotify-refined-{settings.stage} ended with FAILED: Internal Service Exception" in str(error)
        assert "group /aws-glue/crawlers, stream spotify-refined, lines with crawl-2" in error.remedy
        assert not glue.asked("StopCrawler")

    def test_a_crawl_that_somebody_stops_says_so(self, glue, settings, lake):
        glue.script(
            GetCrawler=[
                crawler("READY", None),
                crawler("READY", None),
                crawler("READY", SUCCEEDED | {"Status": "CANCELLED"}),
            ]
        )
        assert "was stopped by somebody before its end" in str(failure(lake, settings))

    def test_a_crawl_that_hangs_is_stopped_and_says_how_long_it_was_waited_for(self, glue, settings, lake):
        glue.script(GetCrawler=[crawler("READY", BEFORE), crawler("READY", BEFORE), crawler("RUNNING", BEFORE)])
        error = failure(lake, settings, timeout=0.05)
        assert "waited for 0.05 s and has not ended; its last state is RUNNING" in str(error)
        assert "PYSPOTIFY_CRAWL_TIMEOUT" in error.remedy
        assert glue.asked("StopCrawler") == [{"Name": f"spotify-refined-{settings.stage}"}]

    def test_a_crawl_of_somebody_else_that_hangs_is_left_alone(self, glue, settings, lake):
        glue.script(GetCrawler=crawler("STOPPING", BEFORE))
        error = failure(lake, settings, timeout=0.05)
        assert "busy with a crawl that somebody else had started, for 0.05 s; its last state is STOPPING" in str(error)
        assert not glue.asked("StopCrawler")
        assert not glue.asked("StartCrawler")

    def test_a_crawler_that_is_deleted_meanwhile_is_an_error_that_says_when(self, glue, settings, lake):
        gone = Refusal("EntityNotFoundException", "Crawler not found")
        glue.script(GetCrawler=[crawler("READY", BEFORE), crawler("READY", BEFORE), crawler("RUNNING", BEFORE), gone])
        error = failure(lake, settings)
        assert f"spotify-refined-{settings.stage} was deleted while its crawl was waited for" in str(error)
        assert "make deploy" in error.remedy

    @pytest.mark.parametrize("interrupt", [KeyboardInterrupt, Terminated])
    def test_an_interrupt_stops_the_crawl_and_goes_on(self, glue, settings, lake, interrupt):
        def interrupted(_: object) -> dict:
            os.kill(os.getpid(), signal.SIGUSR1)
            return crawler("RUNNING", BEFORE)

        glue.script(GetCrawler=[crawler("READY", BEFORE), crawler("READY", BEFORE), interrupted])
        with raising_on_signal(interrupt), pytest.raises(interrupt):
            crawl(lake, settings)
        assert len(glue.asked("StopCrawler")) == 1

    def test_an_interrupt_while_another_crawl_is_waited_for_stops_nothing(self, glue, settings, lake):
        def interrupted(_: object) -> dict:
            os.kill(os.getpid(), signal.SIGUSR1)
            return crawler("RUNNING", BEFORE)

        glue.script(GetCrawler=[crawler("RUNNING", BEFORE), interrupted])
        with raising_on_signal(KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
            crawl(lake, settings)
        assert not glue.asked("StopCrawler")

    def test_a_crawl_that_cannot_be_stopped_does_not_hide_why_it_was_to_be(self, glue, settings, lake):
        glue.script(
            GetCrawler=[crawler("READY", BEFORE), crawler("READY", BEFORE), crawler("RUNNING", BEFORE)],
            StopCrawler=Refusal("CrawlerStoppingException", "already stopping"),
        )
        assert "waited for 0.05 s" in str(failure(lake, settings, timeout=0.05))


class TestBadDays:
    def test_a_missing_crawler_is_named_before_anything_else_is_done(self, glue: ScriptedAws, settings, lake):
        glue.requests.clear()
        glue.script(GetCrawler=UPSTREAM)
        error = failure(lake, settings)
        assert f"The crawler spotify-refined-{settings.stage} is not there" in str(error)
        assert "make deploy" in error.remedy
        assert glue.operations == ["GetCrawler"]

    def test_a_missing_table_is_named_before_a_crawl_is_paid_for(self, glue: ScriptedAws, lake):
        settings = new_stage()
        database = stage_name(settings, "spotify_refined")
        client("glue").delete_table(DatabaseName=database, Name="top_played")
        error = failure(lake, settings)
        assert f"The table {database}.top_played is not there" in str(error)
        assert "make deploy" in error.remedy
        assert not glue.asked("StartCrawler")

    def test_a_missing_database_is_named(self, glue: ScriptedAws, lake):
        settings = new_stage()
        database = stage_name(settings, "spotify_refined")
        for feed in DEFAULT_FEEDS:
            client("glue").delete_table(DatabaseName=database, Name=feed.name)
        client("glue").delete_database(Name=database)
        assert database in str(failure(lake, settings))

    @pytest.mark.parametrize("operation", ["GetCrawler", "StartCrawler", "GetTable", "GetPartitions"])
    def test_a_denied_action_is_named_with_its_resource(self, glue: ScriptedAws, settings, lake, operation):
        words = f"User: arn:aws:iam::1:user/x is not authorized to perform: glue:{operation} on resource: arn:aws:glue"
        glue.script(**{operation: Refusal("AccessDeniedException", words)})
        error = failure(lake, settings)
        assert f"access denied in {operation}" in str(error)
        assert f"Allow glue:{operation}" in error.remedy
        resource = "popular_songs" if operation in ("GetTable", "GetPartitions") else "The crawler spotify-refined"
        assert resource in str(error)
        assert not glue.asked("StopCrawler"), "a crawl that was not allowed to begin is somebody else's"

    @pytest.mark.parametrize("fault", [THROTTLED, Refusal("InternalServiceException", status=500), HANG_UP])
    def test_trouble_for_a_while_is_waited_out(self, glue: ScriptedAws, settings, lake, fault):
        glue.script(GetCrawler=[fault, fault, crawler("READY", BEFORE), crawler("READY", BEFORE), crawler("READY")])
        crawl(lake, settings)
        assert len(glue.asked("GetCrawler")) == 5

    @pytest.mark.parametrize("fault", [THROTTLED, Refusal("InternalServiceException", status=500), HANG_UP])
    def test_trouble_for_ever_is_tried_four_times(self, glue: ScriptedAws, settings, lake, fault):
        glue.script(GetCrawler=fault)
        error = failure(lake, settings)
        assert len(glue.asked("GetCrawler")) == 4
        assert f"The crawler spotify-refined-{settings.stage}" in str(error)

    def test_trouble_while_the_crawl_runs_stops_it(self, glue: ScriptedAws, settings, lake):
        glue.script(GetCrawler=[crawler("READY", BEFORE), crawler("READY", BEFORE), THROTTLED])
        assert "ThrottlingException" in str(failure(lake, settings))
        assert len(glue.asked("StopCrawler")) == 1

    def test_expired_credentials_say_to_log_in_again(self, glue: ScriptedAws, settings, lake):
        glue.script(
            GetCrawler=Refusal("ExpiredTokenException", "The security token included in the request is expired")
        )
        assert "Log in again" in failure(lake, settings).remedy
        assert len(glue.asked("GetCrawler")) == 1

    def test_an_endpoint_that_does_not_answer_is_named(self, glue, settings, lake, monkeypatch):
        monkeypatch.setenv("AWS_ENDPOINT_URL_GLUE", "http://127.0.0.1:9")
        error = failure(lake, settings)
        assert "127.0.0.1:9" in str(error)
        assert "AWS_ENDPOINT_URL" in error.remedy


class TestPauses:
    def test_the_last_look_is_at_the_end_of_the_time(self):
        started = time.monotonic()
        looks = list(Pauses(0.04, 0.04).looks(0.1))
        assert looks[-1] >= 0.1
        assert len(looks) == 4
        assert time.monotonic() - started < 1

    def test_pauses_grow_to_the_longest(self, monkeypatch):
        slept: list[float] = []
        monkeypatch.setattr("pyspotify_assets.aws.waiting.time.sleep", slept.append)
        looks = Pauses(1, 3).looks(3600)
        for _ in range(6):
            next(looks)
        assert slept == pytest.approx([1, 1.5, 2.25, 3, 3])
