"""The sensor over real runs: what a person hears on good days and bad ones, through real channels, on a clock that is
handed in."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluation,
    AssetCheckEvaluationPlanned,
)
from dagster._core.test_utils import create_run_for_test

from pyspotify_assets.alerts import history
from pyspotify_assets.alerts.history import QUIET_CHECKS, daily_steps
from pyspotify_assets.alerts.incidents import News
from pyspotify_assets.alerts.memory import KEY, incidents_document, incidents_in, read_memory, write_memory
from pyspotify_assets.checks import RAW_CHECKS
from pyspotify_assets.daily.refusals import KeptRefusal, forget_refusal, keep_refusal
from pyspotify_assets.errors import AlertError, LakeError
from pyspotify_assets.feeds import DEFAULT_FEEDS
from pyspotify_assets.spotify.sample.faults import server_error
from pyspotify_assets.spotify.simulator import Simulator
from pyspotify_assets.spotify.token_store import Login
from pyspotify_assets_tests.alerts.webhooks import answers, shown, webhook
from pyspotify_assets_tests.desk import Desk
from pyspotify_assets_tests.pipelines import DAGSTER_YAML, SMALL_FEEDS, Pipeline, Served, pyspotify

FIRST = "2024-03-04"
SIX = datetime(2024, 3, 4, 6, tzinfo=UTC)
RAW = ("raw/popular_songs", "raw/top_played")
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


class Now:
    def __init__(self, at: datetime = SIX) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


class Heard:
    """A channel that keeps what is told; `deaf`: it takes nothing."""

    name = "log"

    def __init__(self) -> None:
        self.messages: list[list[News]] = []
        self.deaf = False

    def send(self, news: Sequence[News]) -> None:
        if self.deaf:
            raise AlertError("deaf")
        self.messages.append(list(news))

    def take(self) -> list[str]:
        """What has been told since the last time: "word kind subject"."""
        told = [f"{one.word} {one.trouble.key}" for message in self.messages for one in message]
        self.messages.clear()
        return told


class Listener(Served):
    """Spotify, with a login whose age a test sets."""

    authorised_at: datetime | None = None

    def login(self) -> Login | None:
        return Login("some-client", "a-token", self.authorised_at) if self.authorised_at else None


class Watch:
    """A live pipeline, its clock, the sensor that watches it, and what that tells."""

    def __init__(self, pipeline: Pipeline, instance: dg.DagsterInstance, simulator: Simulator, now: Now) -> None:
        self.pipeline, self.instance, self.simulator, self.now = pipeline, instance, simulator, now
        self.heard: Heard = pipeline.overrides["alert_channels"][0]
        self.spotify: Listener = pipeline.overrides["spotify"]
        self.desk = Desk(pipeline, instance)

    def tick(self, after: timedelta = timedelta(minutes=1)) -> list[str]:
        self.now.at += after
        ticked = self.desk.tick("alerts")
        assert ticked.skip_message
        assert ticked.run_requests == []
        return self.heard.take()

    def break_job(self, words: str = "no room on this machine") -> dg.DagsterRun:
        """A run that ends before its first step."""
        run = create_run_for_test(self.instance, job_name="crawl_raw", status=dg.DagsterRunStatus.STARTING)
        self.instance.report_run_failed(run, words)
        return run

    def mend_job(self) -> None:
        create_run_for_test(self.instance, job_name="crawl_raw", status=dg.DagsterRunStatus.SUCCESS)

    def fail_at_spotify(self):
        """A run of one asset that Spotify fails."""
        self.simulator.fail("/v1/playlists", *[server_error()] * 9)
        run = self.run(assets=["raw/top_played"])
        self.simulator.faults.clear()
        assert not run.success
        return run

    def run(self, job: str = "daily_snapshot", assets: Sequence[str] | None = None):
        """A run of the day that it is."""
        day = self.now.at.date().isoformat()
        keys = [dg.AssetKey(asset.split("/")) for asset in assets] if assets else None
        return self.pipeline.run(self.instance, day, day, job, keys)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@contextmanager
def watching(folder: Path, instance: dg.DagsterInstance, channels: Sequence = (), **settings) -> Iterator[Watch]:
    now = Now()
    with Simulator(clock=now) as simulator:
        spotify = Listener(simulator.base_url, clock=now)
        overrides = {"spotify": spotify, "clock": now, "alert_channels": [Heard(), *channels]}
        yield Watch(Pipeline(folder, overrides=overrides, **settings), instance, simulator, now)


@pytest.fixture
def watch(tmp_path, instance) -> Iterator[Watch]:
    with watching(tmp_path, instance) as watch:
        yield watch


class TestRuns:
    def test_a_failure_is_told_once_however_often_it_happens_and_solved_by_the_next_success(self, watch):
        assert watch.tick() == []
        watch.simulator.fail("/v1/playlists", *[server_error()] * 99)
        assert set(watch.run().failures()) == {"raw__top_played", "refined__top_played"}
        watch.simulator.faults.clear()

        assert watch.tick() == ["new failure raw/top_played"]
        watch.fail_at_spotify()
        assert watch.tick() == []

        assert watch.run().success
        assert watch.tick() == ["solved failure raw/top_played"]
        assert watch.tick() == []

    def test_what_is_told_of_a_failure_has_the_errors_words_its_remedy_and_the_run(self, watch):
        run = watch.fail_at_spotify()
        watch.now.at += HOUR
        watch.desk.tick("alerts")

        [[news]] = watch.heard.messages
        assert news.trouble.title == f"raw/top_played failed on {FIRST}"
        assert "(500: Server error.)" in news.trouble.happened
        assert news.trouble.remedy == "Run it again later: nothing has been written."
        assert news.trouble.page == f"runs/{run.result.run_id}"
        assert news.trouble.days == (FIRST,)

    def test_a_live_day_that_can_be_taken_no_more_is_solved_by_the_next_days_snapshot(self, watch):
        top_played = ["raw/top_played"]
        assert watch.run(assets=top_played).success
        watch.tick()
        watch.now.at += DAY
        watch.fail_at_spotify()
        assert watch.tick() == ["new failure raw/top_played"]

        watch.now.at += DAY
        assert watch.run(assets=top_played).success
        # The gap itself is a check's to tell.
        assert watch.tick() == ["new check raw/top_played:no_day_missed", "solved failure raw/top_played"]

    def test_another_gap_is_told_though_the_one_before_it_is_still_told_of(self, watch):
        top_played, check = ["raw/top_played"], "check raw/top_played:no_day_missed"
        for _ in range(2):
            assert watch.run(assets=top_played).success
            told = watch.tick()
            watch.now.at += 2 * DAY
        assert told == [f"new {check}"]
        watch.now.at += DAY

        assert watch.tick() == ["new late raw/top_played", f"still {check}"]
        assert watch.run(assets=top_played).success
        watch.desk.tick("alerts")
        [worse, _] = watch.heard.messages[-1]
        assert worse.word == "worse"
        assert worse.trouble.key == check
        assert "no snapshot of 2024-03-07 to 2024-03-08" in worse.trouble.happened

    def test_what_was_told_before_a_restart_is_not_told_again_after_it(self, watch):
        watch.break_job()
        assert watch.tick() == ["new failure job crawl_raw"]

        watch.desk = Desk(watch.pipeline, watch.instance)  # A new daemon, with no cursor at all.
        assert watch.tick() == []

    def test_a_feed_that_is_taken_out_takes_its_trouble_with_it(self, watch):
        watch.fail_at_spotify()
        watch.tick()
        (watch.pipeline.folder / "feeds.toml").write_text(SMALL_FEEDS.partition('[[feed]]\nname = "top')[0])
        watch.desk = Desk(watch.pipeline, watch.instance)

        assert watch.tick() == ["solved failure raw/top_played"]

    def test_a_run_whose_process_is_gone_is_told_until_its_job_succeeds(self, watch, monkeypatch):
        create_run_for_test(watch.instance, job_name="crawl_raw", status=dg.DagsterRunStatus.STARTED)
        assert watch.tick() == []
        monkeypatch.setattr(history, "LONGEST_RUN", -HOUR)

        assert watch.tick() == ["new run crawl_raw"]
        create_run_for_test(watch.instance, job_name="crawl_raw", status=dg.DagsterRunStatus.SUCCESS)
        assert watch.tick() == ["solved run crawl_raw"]

    def test_what_a_check_had_found_in_a_run_that_was_killed_is_told_once_it_is_taken_for_killed(
        self, watch, monkeypatch
    ):
        """The next run left alone what that one had made, and no check said it again."""
        monkeypatch.setattr(history, "LONGEST_RUN", HOUR)
        killed = create_run_for_test(watch.instance, job_name="daily_snapshot", status=dg.DagsterRunStatus.STARTED)
        self.found(watch, killed, passed=False)
        assert watch.tick() == []
        monkeypatch.setattr(history, "LONGEST_RUN", -HOUR)

        assert watch.tick() == ["new run daily_snapshot", "new check raw/top_played:no_day_missed"]
        assert watch.tick() == []
        assert "no snapshot of some day" in read_memory(watch.pipeline.lake).open_incidents()[1].trouble.happened
        mending = create_run_for_test(watch.instance, job_name="daily_snapshot")
        self.found(watch, mending, passed=True)
        watch.instance.report_run_failed(mending, "of something else")
        assert "solved check raw/top_played:no_day_missed" in watch.tick()

    def test_nor_is_it_told_where_the_check_has_been_made_again_since(self, watch, monkeypatch):
        killed, later = (
            create_run_for_test(watch.instance, job_name="daily_snapshot", status=status)
            for status in (dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.SUCCESS)
        )
        self.found(watch, killed, passed=False)
        self.found(watch, later, passed=True)
        monkeypatch.setattr(history, "LONGEST_RUN", -HOUR)

        assert watch.tick() == []

    def found(self, watch: Watch, run: dg.DagsterRun, passed: bool) -> None:
        """The check no_day_missed is made in this run."""
        check = {"asset_key": dg.AssetKey(["raw", "top_played"]), "check_name": "no_day_missed"}
        words, warning = "no snapshot of some day", dg.AssetCheckSeverity.WARN
        found = AssetCheckEvaluation(**check, passed=passed, metadata={}, description=words, severity=warning)
        for kind, about in (
            (dg.DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED, AssetCheckEvaluationPlanned(**check)),
            (dg.DagsterEventType.ASSET_CHECK_EVALUATION, found),
        ):
            event = dg.DagsterEvent(kind.value, run.job_name, step_key="raw__top_played", event_specific_data=about)
            watch.instance.report_dagster_event(event, run.run_id)

    def test_a_run_that_could_not_even_start_is_a_failure_of_its_job(self, watch):
        watch.break_job("no room on this machine")

        assert watch.tick() == ["new failure job crawl_raw"]
        assert "no room on this machine" in read_memory(watch.pipeline.lake).open_incidents()[0].trouble.happened

    def test_a_tick_reads_a_bounded_number_of_runs_and_the_next_goes_on_from_there(self, watch, monkeypatch):
        monkeypatch.setattr(history, "RUNS_PER_LOOK", 2)
        for number in range(5):
            run = create_run_for_test(watch.instance, job_name=f"job{number}", status=dg.DagsterRunStatus.STARTING)
            watch.instance.report_run_failed(run, "no")

        assert [len(watch.tick()) for _ in range(4)] == [2, 2, 1, 0]

    def test_the_steps_that_have_days_are_those_whose_assets_are_partitioned(self, watch):
        graph = watch.desk.repository.assets_defs_by_key.values()
        partitioned = {assets.op.name for assets in graph if assets.is_executable and assets.partitions_def}
        assert daily_steps(DEFAULT_FEEDS) == partitioned


class TestSpotify:
    def test_a_refusal_is_one_incident_and_neither_a_failure_nor_late_data_beside_it(self, watch):
        watch.run(assets=RAW)
        watch.now.at += DAY
        keep_refusal(watch.pipeline.lake, KeptRefusal(watch.now.at + 20 * HOUR, "429: too many", watch.now.at))
        assert watch.run(assets=RAW).success  # missed, not failed

        assert watch.tick() == ["new refusal Spotify"]
        assert watch.tick(8 * HOUR) == []
        forget_refusal(watch.pipeline.lake)
        watch.run(assets=RAW)
        assert watch.tick() == ["solved refusal Spotify"]

    def test_a_refusal_whose_time_has_come_explains_nothing_any_more(self, watch):
        watch.run(assets=RAW)
        watch.now.at += DAY
        keep_refusal(watch.pipeline.lake, KeptRefusal(watch.now.at + 2 * HOUR, "429", watch.now.at))
        assert watch.tick() == ["new refusal Spotify"]

        assert watch.tick(4 * HOUR) == [
            "new late raw/popular_songs",
            "new late raw/top_played",
            "solved refusal Spotify",
        ]

    def test_a_login_is_told_a_month_before_its_end_then_daily_and_at_once_when_it_is_over(self, watch):
        watch.spotify.authorised_at = SIX - timedelta(days=150)
        assert watch.tick() == []
        watch.now.at = SIX + timedelta(days=10)
        assert watch.tick() == ["new login Spotify"]
        assert watch.tick(DAY) == ["still login Spotify"]
        watch.now.at = SIX + timedelta(days=40)
        assert watch.tick() == ["worse login Spotify"]
        assert "is over" in read_memory(watch.pipeline.lake).open_incidents()[0].trouble.title
        watch.spotify.authorised_at = watch.now.at
        assert watch.tick() == ["solved login Spotify"]


class TestLate:
    def test_a_schedule_that_is_dead_is_heard_of_three_hours_later(self, watch):
        assert watch.run(assets=RAW).success
        assert watch.tick(DAY + 2 * HOUR) == []
        assert watch.tick(HOUR) == ["new late raw/popular_songs", "new late raw/top_played"]

        assert watch.run(assets=RAW).success
        assert watch.tick() == ["solved late raw/popular_songs", "solved late raw/top_played"]

    def test_a_failure_explains_its_own_day_and_not_that_the_next_was_not_even_tried(self, watch):
        watch.run(assets=["raw/top_played"])
        watch.now.at += DAY
        watch.fail_at_spotify()
        assert watch.tick(4 * HOUR) == ["new failure raw/top_played"]

        assert watch.tick(20 * HOUR + DAY / 2) == ["still failure raw/top_played", "new late raw/top_played"]

    def test_the_sample_may_be_as_old_as_it_likes(self, tmp_path, instance):
        with watching(tmp_path, instance) as watch:
            watch.spotify.knows_the_past = True
            watch.run(assets=RAW)

            assert watch.tick(5 * DAY) == []


class TestDelivery:
    def test_a_channel_that_does_not_take_it_neither_loses_it_nor_keeps_it_from_the_others(self, tmp_path, instance):
        deaf = Heard()
        deaf.name, deaf.deaf = "webhook", True
        with watching(tmp_path, instance, [deaf]) as watch:
            watch.break_job()
            assert watch.tick() == ["new failure job crawl_raw"]
            assert watch.tick() == []

            deaf.deaf = False
            assert watch.tick() == []
            assert deaf.take() == ["new failure job crawl_raw"]
            watch.tick()
            assert deaf.take() == []

    def test_what_waited_for_a_channel_is_told_as_it_is_by_then(self, tmp_path, instance):
        deaf = Heard()
        deaf.name, deaf.deaf = "webhook", True
        with watching(tmp_path, instance, [deaf]) as watch:
            watch.break_job()
            watch.tick()
            watch.mend_job()
            watch.tick()

            deaf.deaf = False
            watch.tick()
            assert deaf.take() == ["solved failure job crawl_raw"]

    def test_a_process_that_is_killed_while_it_tells_tells_it_once_more_and_then_no_more(self, watch, monkeypatch):
        class Killed(BaseException): ...

        def die(news: Sequence[News]) -> None:
            watch.heard.messages.append(list(news))
            raise Killed

        watch.break_job()
        with monkeypatch.context() as patched, pytest.raises(Killed):
            patched.setattr(watch.heard, "send", die)
            watch.tick()
        assert watch.heard.take() == ["new failure job crawl_raw"]

        assert watch.tick() == ["new failure job crawl_raw"]
        assert watch.tick() == []

    def test_a_real_webhook_gets_it_though_it_answered_500_at_first(self, tmp_path, instance):
        with webhook(answers(500)) as hook:
            pipeline = Pipeline(tmp_path, alert_webhook=hook.url)
            desk = Desk(pipeline, instance)
            run = create_run_for_test(instance, job_name="crawl_raw", status=dg.DagsterRunStatus.STARTING)
            instance.report_run_failed(run, "“<!channel>”")

            ticked = desk.tick("alerts")
            assert "Not told by webhook" in ticked.skip_message
            assert "the-secret" not in ticked.skip_message
            hook.posts.clear()
            hook.behaviour = answers(200)
            desk.tick("alerts")
            desk.tick("alerts")

        [post] = hook.posts
        assert "“&lt;!channel&gt;”" in json.dumps(post, ensure_ascii=False)
        assert f"<http://127.0.0.1:3000/runs/{run.run_id}|Open in Dagster>" in shown(post)[0]
        left = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
        assert not [content for content in left if b"the-secret" in content]


class TestMemory:
    def test_comes_back_as_it_was_written(self, watch):
        watch.break_job()
        watch.heard.deaf = True
        watch.tick()

        memory = read_memory(watch.pipeline.lake)
        assert memory.incidents
        assert memory.failing
        assert memory.unsent
        assert memory.behind
        write_memory(watch.pipeline.lake, memory)
        assert read_memory(watch.pipeline.lake) == memory
        assert incidents_in(json.loads(json.dumps(incidents_document(memory.incidents)))) == memory.incidents

    @pytest.mark.parametrize(
        "content", [b"", b"{}", b"[]", b'{"version": 1, "incidents": 3}', b'{"version": 99}', b"\xff"]
    )
    def test_that_is_damaged_counts_as_none_and_what_is_wrong_is_told_anew(self, watch, content):
        watch.break_job()
        watch.tick()
        Path(watch.pipeline.lake.stores["state"].uri(KEY)).write_bytes(content)

        assert watch.tick() == ["new failure job crawl_raw"]

    def test_is_not_written_on_a_quiet_tick(self, watch):
        watch.break_job()
        watch.tick()
        before = watch.pipeline.lake.stores["state"].info(KEY)

        watch.tick()
        assert watch.pipeline.lake.stores["state"].info(KEY) == before

    def test_a_lake_that_cannot_be_used_is_told_too_once_and_when_it_is_mended(self, watch, monkeypatch):
        def broken(*_: object) -> None:
            raise LakeError("the lake is full", "Make room.")

        with monkeypatch.context() as patched:
            patched.setattr("pyspotify_assets.alerts.rounds.read_memory", broken)
            assert watch.tick() == ["new lake state"]
            assert watch.tick() == []
            assert len(watch.desk.cursors["alerts"]) < 2000
        assert watch.tick() == ["solved lake state"]


class TestInTheTerminal:
    @pytest.fixture
    def folder(self, tmp_path) -> Path:
        (tmp_path / "feeds.toml").write_text(SMALL_FEEDS, encoding="utf-8")
        (tmp_path / "dagster.yaml").write_text(DAGSTER_YAML.read_text(encoding="utf-8"), encoding="utf-8")
        return tmp_path

    @pytest.mark.slow
    def test_a_run_shows_what_is_open_beside_what_it_says_itself(self, folder):
        with Simulator() as simulator, webhook() as hook:
            simulator.fail("/v1/playlists", *[server_error()] * 99)
            live = {
                "SPOTIPY_CLIENT_ID": "an-app",
                "SPOTIPY_CLIENT_SECRET": "its-secret-key",
                "PYSPOTIFY_SPOTIFY_URL": simulator.base_url,
                "PYSPOTIFY_SPOTIFY_ATTEMPTS": "1",
                "PYSPOTIFY_TOKEN_FILE": str(folder / "token.json"),
                "PYSPOTIFY_ALERT_WEBHOOK": hook.url,
            }

            failing = pyspotify(folder, "extract", "--feed", "top_played", **live)
            other = pyspotify(folder, "extract", "--feed", "popular_songs", **live)

        assert failing.returncode == 1
        assert "raw/top_played: 1 of 1 days failed" in failing.stderr
        assert "Open incidents" not in failing.stderr
        assert other.returncode == 0, other.stderr
        assert "Open incidents" in other.stderr
        assert "raw/top_played failed on" in other.stderr
        assert "→ Run it again later" in other.stderr
        assert len(hook.posts) == 1
        assert "the-secret" not in "".join((failing.stdout, failing.stderr, other.stdout, other.stderr))


def test_a_check_that_is_not_told_is_one_that_there_is_and_has_its_reason():
    assert set(QUIET_CHECKS) <= {check.name for check in RAW_CHECKS}
    assert all(QUIET_CHECKS.values())
