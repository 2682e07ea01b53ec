"""Refining by the Glue job, seen from the pipeline: started, heard, judged, published; and everything that can fail.

Glue is scripted; S3, Dagster and its Pipes are real. What the job itself does is `test_glue_job.py`'s affair.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import dagster as dg
import pyarrow.parquet as pq
import pytest
from dagster_pipes import decode_param

from pyspotify_assets import refine, typed_rows
from pyspotify_assets.assets.refined import refined_asset
from pyspotify_assets.daily.notes import Notes
from pyspotify_assets.daily.refined import refine_day
from pyspotify_assets.errors import LakeError, SettingsError
from pyspotify_assets.feeds import Feed
from pyspotify_assets.io_manager import LakeIOManager
from pyspotify_assets.lake import Lake
from pyspotify_assets.pipes_glue import GlueJob
from pyspotify_assets.refiners import GlueRefiner, LocalRefiner
from pyspotify_assets.resources import resources_for
from pyspotify_assets.settings import load_settings
from pyspotify_assets.stores import s3 as s3_store
from pyspotify_assets.stores.s3 import S3Store
from pyspotify_assets_tests.builders import put_raw, track
from pyspotify_assets_tests.scripted_aws import Refusal, ScriptedAws, scripted_aws

DAY = "2024-03-02"
FEED = Feed("top_played", "playlist", playlist="2YRe7HRKNRvXdJBp9nXFza")
JOB = "spotify-refine"
ROWS = [
    track(1, "a"),
    track(2, "b", popularity=None, artist_names=["x", 'y "z"']),
    track(3, "a", album_name="a duplicate"),
    track(4, "c", popularity=101),
    track(5, None, track_name="a local file", isrc=""),
]


class Glue:
    """The scripted Glue, and a job that does on this machine what the real one does in a cluster.

    `report` changes what it says, `leave` what it leaves behind, `meanwhile` happens while it runs.
    """

    def __init__(self, aws: ScriptedAws, lake: Lake) -> None:
        self.aws, self.lake = aws, lake
        self.report: Callable[[dict[str, Any]], Any] = lambda figures: {"refined": figures}
        self.leave: Callable[[str], bool] = lambda key: True
        self.meanwhile: Callable[[], None] = lambda: None
        aws.script(StartJobRun=self.run)
        self.ends("SUCCEEDED", ExecutionTime=61)

    def ends(self, state: str, **more: Any) -> None:
        self.aws.script(GetJobRun={"JobRun": {"Id": "jr_1", "JobName": JOB, "JobRunState": state, **more}})

    def run(self, request: dict[str, Any]) -> dict[str, str]:
        arguments, s3 = request["Arguments"], boto3.client("s3")
        where = decode_param(arguments["--dagster-pipes-context"])
        told = json.loads(s3.get_object(Bucket=where["bucket"], Key=where["key"])["Body"].read())["extras"]
        assert told == {
            "version": refine.VERSION,
            "columns": typed_rows.rules(),
            "raw_columns": typed_rows.raw_rules(),
        }
        store = S3Store.at(arguments["--staging"])
        raw = S3Store.at(arguments["--raw"].rpartition("/")[0])
        with (
            raw.local(arguments["--raw"].rpartition("/")[2]) as file,
            store.staging("part-0.parquet") as refined,
            store.staging("part-0.txt") as quarantine,
        ):
            done = refine.refine(file, refined, quarantine)
            popularity = [value for value in pq.read_table(refined)["popularity"].to_pylist() if value is not None]
            staged = {"refined/part-0.parquet": refined} | (
                {"quarantine/part-0.txt": quarantine} if done.reasons else {}
            )
            for key, path in staged.items():
                if self.leave(key):
                    store.publish(path, key)
        figures = {
            "raw_rows": done.raw_rows,
            "rows": done.rows,
            "duplicates": done.duplicates,
            "quarantined": done.quarantined,
            "reasons": done.reasons,
            "popularity_given": done.popularity_given,
            "popularity_min": min(popularity, default=None),
            "popularity_max": max(popularity, default=None),
            "repeated": 0,
        }
        messages = [("opened", {}), ("report_custom_message", {"payload": self.report(figures)}), ("closed", {})]
        lines = [json.dumps({"__dagster_pipes_version": "0.1", "method": name, "params": it}) for name, it in messages]
        target = decode_param(arguments["--dagster-pipes-messages"])
        s3.put_object(Bucket=target["bucket"], Key=f"{target['key_prefix']}/1.json", Body="\n".join(lines).encode())
        self.meanwhile()
        return {"JobRunId": "jr_1"}

    def refine(
        self, engine: GlueRefiner | None = None, days: tuple[str, str] = (DAY, DAY)
    ) -> dg.ExecuteInProcessResult:
        """Materialize refined/top_played of these days in a real run."""
        partitions = dg.DailyPartitionsDefinition("2024-03-01", end_date="2024-03-05")
        places = {"address": self.lake.address}
        return dg.materialize(
            [refined_asset(FEED, partitions)],
            resources={
                "lake_io_manager": LakeIOManager(**places),
                "refiner": engine or GlueRefiner(job=JOB, timeout=90),
            },
            tags={
                "dagster/asset_partition_range_start": days[0],
                "dagster/asset_partition_range_end": days[1],
            },
            raise_on_error=False,
        )

    def failure(self) -> str:
        """What the user is told by a run that fails."""
        result = self.refine()
        assert not result.success
        [event] = result.get_step_failure_events()
        assert not self.left_behind(), "the workspace has been cleared"
        return str(event.event_specific_data.error.cls_name) + str(event.event_specific_data.error.message)

    def left_behind(self) -> list[str]:
        return [info.key for info in self.lake.stores["state"].objects("")]

    def published(self) -> list[str]:
        return [info.key for area in ("refined", "quarantine") for info in self.lake.stores[area].objects("")]


@pytest.fixture
def glue(s3_bucket: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Glue]:
    lake = Lake.at(f"s3://{s3_bucket}/some/where")
    put_raw(lake, FEED.name, DAY, ROWS)
    monkeypatch.setattr("dagster._core.pipes.utils.DEFAULT_SLEEP_INTERVAL", 0.05)  # Between two looks for messages.
    with scripted_aws(BatchStopJobRun={"SuccessfulSubmissions": [{"JobName": JOB, "JobRunId": "jr_1"}]}) as aws:
        monkeypatch.setenv("AWS_ENDPOINT_URL_GLUE", aws.address)
        yield Glue(aws, lake)


def test_what_the_job_made_is_published_as_this_process_would_have(glue, tmp_path):
    here = Lake.at(str(tmp_path))
    put_raw(here, FEED.name, DAY, ROWS)
    expected = refine_day(here, FEED.name, DAY).notes

    result = glue.refine()

    assert result.success
    for area, key in (("refined", here.place(("refined", FEED.name), DAY).key), ("quarantine", glue.published()[1])):
        assert glue.lake.stores[area].read(key) == here.stores[area].read(key)
    info = glue.lake.place(("refined", FEED.name), DAY).require()
    notes = Notes.from_texts(info.notes)
    assert (notes.rows, notes.counts, notes.findings) == (expected.rows, expected.counts, expected.findings)
    assert notes.fingerprint == expected.fingerprint
    assert glue.left_behind() == []


def test_the_run_is_told_where_and_for_how_long_and_shown_with_the_day(glue):
    [event] = glue.refine().asset_materializations_for_node(f"refined__{FEED.name}")[:1]

    [request] = glue.aws.asked("StartJobRun")
    arguments = request["Arguments"]
    assert (request["JobName"], request["Timeout"]) == (JOB, 2)
    assert arguments["--raw"] == glue.lake.place(("raw", FEED.name), DAY).uri
    assert arguments["--staging"].startswith(glue.lake.stores["state"].uri(f"glue/{FEED.name}/{DAY}"))
    assert event.partition == DAY
    assert (event.metadata["glue_run"].value, event.metadata["glue_seconds"].value) == ("jr_1", 61)
    assert event.metadata["quarantined"].value == 1


def test_every_day_of_a_range_has_a_run_of_its_own(glue):
    put_raw(glue.lake, FEED.name, "2024-03-03", ROWS)
    assert glue.refine(days=(DAY, "2024-03-03")).success
    assert len(glue.aws.asked("StartJobRun")) == 2
    assert glue.lake.days(("refined", FEED.name)) == [DAY, "2024-03-03"]


def test_a_day_without_bad_rows_takes_the_old_quarantine_away(glue):
    assert glue.refine().success
    put_raw(glue.lake, FEED.name, DAY, ROWS[:2])
    assert glue.refine().success
    assert glue.published() == [glue.lake.place(("refined", FEED.name), DAY).key]


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ({"repeated": 1}, "keys_unique"),
        ({"popularity_max": 101}, "popularity_within_range"),
        ({"raw_rows": 6}, "rows_accounted_for"),
    ],
)
def test_a_failed_check_publishes_nothing(glue, change, check):
    glue.report = lambda figures: {"refined": figures | change}
    result = glue.refine()
    assert not result.success
    failed = [found.check_name for found in result.get_asset_check_evaluations() if not found.passed]
    assert check in failed
    assert (glue.published(), glue.left_behind()) == ([], [])


def test_a_check_that_fails_leaves_what_was_published_before(glue):
    assert glue.refine().success
    before = {key: glue.lake.stores["refined"].info(key) for key in glue.published()[:1]}
    glue.report = lambda figures: {"refined": figures | {"repeated": 1}}
    assert "keys_unique" in glue.failure()
    assert {key: glue.lake.stores["refined"].info(key) for key in before} == before


def test_what_is_not_the_raw_format_is_said_as_it_is_here(glue):
    glue.report = lambda figures: {"fault": "s3://b/raw.csv, line 3: a broken quote", "remedy": "Double it."}
    glue.ends("FAILED", ErrorMessage="Fault")
    words = glue.failure()
    assert "RawFormatError: s3://b/raw.csv, line 3: a broken quote" in words
    assert "Double it." in words
    assert glue.published() == []


@pytest.mark.parametrize(
    ("state", "said", "remedy"),
    [
        ("FAILED", "No space left on device", "group /aws-glue/jobs/error, stream jr_1"),
        ("ERROR", "Internal service error", "stream jr_1"),
        ("TIMEOUT", "Glue gave no reason", "PYSPOTIFY_GLUE_TIMEOUT (90 seconds)"),
        ("STOPPED", "Glue gave no reason", "refine that day again"),
    ],
)
def test_a_run_that_ends_badly_says_what_glue_said_and_where_its_log_is(glue, state, said, remedy):
    glue.ends(state, **({} if "gave no" in said else {"ErrorMessage": said}))
    words = glue.failure()
    assert f"GlueJobError: The Glue job {JOB} ended {state} in run jr_1: {said}" in words
    assert remedy in words
    assert glue.published() == []


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        (Refusal("EntityNotFoundException", "Failed to start job run"), "make deploy"),
        (
            Refusal(
                "AccessDeniedException",
                f"User: me is not authorized to perform: glue:StartJobRun on resource: arn:aws:glue:x:1:job/{JOB}",
            ),
            "Allow glue:StartJobRun",
        ),
        (Refusal("ConcurrentRunsExceededException", "Concurrent runs exceeded"), "Concurrent runs exceeded"),
        (Refusal("ExpiredTokenException", "expired"), "Log in again"),
    ],
)
def test_a_run_that_cannot_be_started_says_why_and_what_to_do(glue, refusal, words):
    glue.aws.script(StartJobRun=refusal)
    said = glue.failure()
    assert f"The Glue job {JOB}" in said
    assert words in said
    assert glue.aws.asked("BatchStopJobRun") == []


def test_a_run_that_hangs_is_stopped_and_the_setting_named(glue, monkeypatch):
    monkeypatch.setattr("pyspotify_assets.pipes_glue.GRACE", -100)
    glue.ends("RUNNING")
    words = glue.failure()
    assert "still is RUNNING, in run jr_1" in words
    assert "PYSPOTIFY_GLUE_TIMEOUT" in words
    assert glue.aws.asked("BatchStopJobRun") == [{"JobName": JOB, "JobRunIds": ["jr_1"]}]


def test_a_run_that_glue_no_longer_knows_is_an_error_and_not_a_wait(glue):
    glue.aws.script(GetJobRun=Refusal("EntityNotFoundException", "no such run"))
    assert "no such run" in glue.failure()


@pytest.mark.parametrize("stop", [{"Errors": []}, Refusal("AccessDeniedException", "no")])
def test_an_interrupt_stops_the_run_and_clears_up(glue, stop):
    glue.aws.script(GetJobRun=interrupting(glue.aws), BatchStopJobRun=stop)
    assert "DagsterExecutionInterruptedError" in glue.failure()
    assert len(glue.aws.asked("BatchStopJobRun")) == 1
    assert glue.published() == []


@pytest.fixture
def heeds_interrupts():
    """Python does not, where the tests were started in the background of a shell."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_so_does_one_that_dagster_does_not_see(glue, heeds_interrupts):
    glue.aws.script(GetJobRun=interrupting(glue.aws))
    state = glue.lake.stores["state"]
    arguments = {"--raw": glue.lake.place(("raw", FEED.name), DAY).uri, "--staging": state.uri("x")}

    @dg.asset
    def called_as_a_function(context) -> None:
        told = {"version": refine.VERSION, "columns": typed_rows.rules(), "raw_columns": typed_rows.raw_rules()}
        GlueJob(context, JOB, 90)(state, "x", arguments, told)

    with pytest.raises(KeyboardInterrupt):
        called_as_a_function(dg.build_asset_context())
    assert len(glue.aws.asked("BatchStopJobRun")) == 1


def interrupting(aws: ScriptedAws) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """An answer to GetJobRun that from the second on presses Ctrl-C: what follows it is the pause between two looks.

    More than once, as a person would: Python loses an interrupt that falls into a destructor.
    """

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        if len(aws.asked("GetJobRun")) >= 2:
            os.kill(os.getpid(), signal.SIGINT)
        return {"JobRun": {"Id": "jr_1", "JobRunState": "RUNNING"}}

    return answer


@pytest.mark.parametrize("missing", ["refined/part-0.parquet", "quarantine/part-0.txt"])
def test_a_file_that_the_job_did_not_leave_is_missed(glue, missing):
    glue.leave = lambda key: key != missing
    words = glue.failure()
    assert f"has left 0 objects under {glue.lake.stores['state'].uri('glue')}" in words
    assert f"/{missing.partition('/')[0]} where one was expected" in words
    assert glue.published() == []


def test_a_job_that_says_nothing_has_not_succeeded(glue):
    glue.report = lambda figures: "something else"
    assert "ended without a report" in glue.failure()


def test_a_raw_day_that_is_replaced_meanwhile_is_refined_again(glue):
    glue.meanwhile = lambda: put_raw(glue.lake, FEED.name, DAY, ROWS[:2])
    assert "was replaced while it was being refined" in glue.failure()
    assert glue.published() == []


def test_without_a_raw_day_no_job_is_started(glue):
    glue.lake.stores["raw"].delete(glue.lake.place(("raw", FEED.name), DAY).key)
    assert "MissingPartitionError" in glue.failure()
    assert glue.aws.requests == []


def test_days_below_the_threshold_are_refined_here(glue):
    size = glue.lake.place(("raw", FEED.name), DAY).require().size
    assert glue.refine(GlueRefiner(job=JOB, from_bytes=size + 1)).success
    assert glue.aws.requests == []
    assert glue.refine(GlueRefiner(job=JOB, from_bytes=size)).success
    assert len(glue.aws.asked("StartJobRun")) == 1


@pytest.mark.parametrize(
    ("engine", "expected"),
    [
        ("local", None),
        ("glue", GlueRefiner(job="spotify-refine-dev", timeout=3600, from_bytes=0)),
        ("auto", GlueRefiner(job="spotify-refine-dev", timeout=3600, from_bytes=8 << 30)),
    ],
)
def test_the_setting_decides_who_refines(engine, expected):
    refiner = resources_for(load_settings(env="aws", stage="dev", refine_engine=engine))["refiner"]
    assert isinstance(refiner, LocalRefiner) if expected is None else refiner == expected


def test_a_lake_in_a_folder_is_refined_here_whatever_its_size(tmp_path):
    settings = {"lake": str(tmp_path), "source": "sample"}
    assert isinstance(resources_for(load_settings(refine_engine="auto", **settings))["refiner"], LocalRefiner)
    with pytest.raises(SettingsError, match="the Glue job reads S3"):
        resources_for(load_settings(refine_engine="glue", **settings))


class TestAdopting:
    """Putting an object of another store in place without reading it."""

    @pytest.mark.parametrize("whole", [5 << 30, 5 << 20])
    def test_gives_it_whole_with_notes_and_type_whatever_its_size(self, s3_bucket, monkeypatch, whole):
        monkeypatch.setattr(s3_store, "COPIED_WHOLE", whole)
        monkeypatch.setattr(s3_store, "PART", (5 << 20) // 16)
        store, other = S3Store(s3_bucket, "lake"), S3Store(s3_bucket, "staging")
        content = bytes(range(256)) * (6 << 12)
        with other.staging("x") as path:
            path.write_bytes(content)
            other.publish(path, "x", {"of": "the source"})

        info = store.adopt(other, "x", "a/é.parquet", {"rows": "1"})

        assert (info.key, info.size, dict(info.notes)) == ("a/é.parquet", len(content), {"rows": "1"})
        assert store.read("a/é.parquet") == content
        head = boto3.client("s3").head_object(Bucket=s3_bucket, Key="lake/a/é.parquet")
        assert head["ContentType"] == "application/vnd.apache.parquet"

    def test_names_what_is_not_there(self, s3_bucket):
        store = S3Store(s3_bucket, "lake")
        with pytest.raises(LakeError, match="lake/a/x is not there"):
            store.adopt(S3Store(s3_bucket, "staging"), "x", "a/x")
