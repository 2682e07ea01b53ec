"""Refusals: a run that Spotify refuses ends well and says until when; nobody asks before; then the snapshot is taken.

Real runs and real ticks over HTTP against the simulator; the clock is handed to all of them.
"""

from __future__ import annotations

import json
import logging
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

import dagster as dg
import pytest

from pyspotify_assets.assets.each_day import INSTEAD, MISSED
from pyspotify_assets.daily.lake_gate import LakeGate
from pyspotify_assets.daily.refusals import KEY, KeptRefusal, kept_refusal
from pyspotify_assets.daily.state import write_state
from pyspotify_assets.errors import RefusedError
from pyspotify_assets.history import ASKED, MOST_TIMES, snapshot_key
from pyspotify_assets.lake import Lake
from pyspotify_assets.spotify.sample.faults import quota_exceeded, server_error, token_expired, too_many_requests
from pyspotify_assets.spotify.simulator import Fault, Simulator
from pyspotify_assets.spotify.token_store import FileTokenStore, Login
from pyspotify_assets_tests.builders import put_raw, track
from pyspotify_assets_tests.desk import Desk
from pyspotify_assets_tests.pipelines import (
    DAYS,
    FEEDS,
    MARTS,
    NOON,
    SMALL_FEEDS,
    Pipeline,
    Served,
    objects,
    pyspotify,
)

TODAY = DAYS[-1]
SIX = datetime(2024, 3, 2, 6, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Now:
    """A clock that stands until it is set."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


class SensorDesk(Desk):
    JOBS = (("snapshot_when_allowed", "daily_snapshot"), *Desk.JOBS)


@pytest.fixture
def now() -> Now:
    return Now()


@pytest.fixture
def lake(address: str) -> Lake:
    return Lake.at(address)


@pytest.fixture
def folder_lake(tmp_path: Path) -> Lake:
    return Lake.at(str(tmp_path / "lake"))


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.local_temp() as instance:  # The context of a schedule wants one on disk.
        yield instance


@contextmanager
def live(folder: Path, now: Now, **settings) -> Iterator[tuple[Pipeline, Simulator]]:
    """A pipeline on a live Spotify, and the simulator that it is."""
    with Simulator(clock=now) as simulator:
        spotify = Served(simulator.base_url, clock=now)
        yield Pipeline(folder, overrides={"spotify": spotify, "clock": now}, **settings), simulator


def pages(simulator: Simulator) -> int:
    return sum(request.is_page for request in simulator.requests)


def observed(instance: dg.DagsterInstance, asset: str, day: str) -> dict[str, object]:
    """What the UI shows of a day that was missed."""
    wanted = dg.AssetRecordsFilter(asset_key=dg.AssetKey(asset.split("/")), asset_partitions=[day])
    [record] = instance.fetch_observations(wanted, limit=10).records
    return {name: entry.value for name, entry in record.asset_observation.metadata.items()}


class TestTheGate:
    def test_lets_everything_pass_where_nothing_was_refused(self, lake, now):
        with LakeGate(lake, now, 200) as gate:
            for _ in range(25):
                gate.pass_one()

    def test_what_one_run_was_told_holds_for_every_other_until_the_time_has_come(self, lake, now):
        with LakeGate(lake, now, 200) as gate:
            gate.pass_one()
            gate.close(NOON + 20 * HOUR, "429: API rate limit exceeded")

        now.at = NOON + 20 * HOUR - timedelta(seconds=1)
        with LakeGate(lake, now, 200) as other, pytest.raises(RefusedError) as refused:
            other.pass_one()

        assert refused.value.until == NOON + 20 * HOUR
        assert "Spotify refuses requests until 2024-03-04 08:00 UTC: 429: API rate limit exceeded" in str(refused.value)
        assert "(since 2024-03-03 12:00 UTC)" in str(refused.value)
        now.at = NOON + 20 * HOUR
        with LakeGate(lake, now, 200) as other:
            other.pass_one()
        assert kept_refusal(lake, now.at) is None

    def test_the_run_that_was_refused_asks_no_more_itself(self, folder_lake, now):
        with LakeGate(folder_lake, now, 200) as gate:
            gate.pass_one()
            gate.close(NOON + HOUR, "429")
            with pytest.raises(RefusedError):
                gate.pass_one()

    def test_a_run_under_way_learns_within_a_batch_what_another_was_told(self, folder_lake, now):
        with LakeGate(folder_lake, now, 200) as gate, LakeGate(folder_lake, now, 200) as other:
            gate.pass_one()
            other.close(NOON + HOUR, "429")

            with pytest.raises(RefusedError):
                for _ in range(11):
                    gate.pass_one()

    def test_a_shorter_refusal_does_not_shorten_a_longer_one(self, folder_lake, now):
        gate = LakeGate(folder_lake, now, 200)
        gate.close(NOON + 20 * HOUR, "the longer")
        gate.close(NOON + HOUR, "the shorter")

        assert kept_refusal(folder_lake, NOON).reason == "the longer"

    @pytest.mark.parametrize(
        "content",
        [
            "",
            "no json",
            "[]",
            "{}",
            '{"until": 5, "reason": "x", "since": "2024-03-03T12:00:00+00:00"}',
            '{"until": "2024-03-04T12:00:00", "reason": "x", "since": "2024-03-03T12:00:00+00:00"}',
            '{"until": "2024-03-04T12:00:00+00:00", "reason": "x", "since": "yesterday"}',
            '{"until": "2099-03-04T12:00:00+00:00", "reason": "x", "since": "2099-03-03T12:00:00+00:00"}',
            "[" * 100_000,
            "\udcff",
        ],
        ids=["empty", "text", "list", "nothing in it", "number", "no zone", "since", "far", "deep", "not UTF-8"],
    )
    def test_one_that_is_damaged_stops_no_run_and_is_said_to_be(self, folder_lake, now, caplog, content):
        path = Path(folder_lake.stores["state"].uri(KEY))
        path.parent.mkdir(parents=True)
        path.write_text(content, encoding="utf-8", errors="surrogateescape")

        with LakeGate(folder_lake, now, 200) as gate:
            gate.pass_one()

        assert f"{path} is damaged" in caplog.text

    def test_is_kept_as_until_reason_and_since(self, folder_lake, now):
        LakeGate(folder_lake, now, 200).close(NOON + HOUR, "429: QUOTA_EXCEEDED")

        assert json.loads(folder_lake.stores["state"].read("spotify/refused.json")) == {
            "until": "2024-03-03T13:00:00+00:00",
            "reason": "429: QUOTA_EXCEEDED",
            "since": "2024-03-03T12:00:00+00:00",
        }


class TestARefusedRun:
    REFUSALS: ClassVar = {
        "20 hours": (too_many_requests(72000), "2024-03-04 08:00 UTC"),
        "a used-up quota": (quota_exceeded(), "2024-03-04 00:00 UTC"),
    }

    @pytest.mark.parametrize(("refusal", "until"), REFUSALS.values(), ids=REFUSALS.keys())
    def test_ends_well_without_output_and_the_second_feed_does_not_ask(self, tmp_path, instance, now, refusal, until):
        with live(tmp_path, now) as (pipeline, simulator):
            simulator.fail("/v1/", refusal)

            run = pipeline.run(instance, TODAY, TODAY, "daily_snapshot")

            assert run.success
            assert run.made() == {}
            assert pages(simulator) == 1
            assert objects(pipeline.lake, "raw", "refined", "quarantine") == {}
            for feed in FEEDS:
                assert observed(instance, f"raw/{feed}", TODAY) == {MISSED: f"refused until {until}"}
                check = run.checks()[f"raw/{feed}:spotify_answers"]
                assert not check.passed
                assert check.severity == dg.AssetCheckSeverity.WARN
                assert f"until {until}" in check.description

    @pytest.mark.slow
    def test_leaves_what_is_downstream_alone_and_the_other_days_whole(self, tmp_path, instance, now):
        now.at = NOON - 24 * HOUR
        with live(tmp_path, now) as (pipeline, simulator):
            assert pipeline.run(instance, DAYS[1], DAYS[1]).success
            now.at = NOON
            simulator.fail("/v1/", too_many_requests(72000))
            before = objects(pipeline.lake, "raw", "refined", "marts", "report")

            run = pipeline.run(instance)

            assert run.success
            assert not any(days for asset, days in run.made().items() if not asset.startswith("spotify_r"))
            assert objects(pipeline.lake, "raw", "refined", "marts", "report") == before

    def test_takes_a_file_from_landing_all_the_same(self, tmp_path, instance, now):
        with live(tmp_path, now) as (pipeline, simulator):
            LakeGate(pipeline.lake, now, 200).close(NOON + HOUR, "429")
            store = pipeline.lake.stores["landing"]
            with store.staging("old.csv") as staged:
                staged.write_text("artist,track,track_pop,duration_ms,album_nm\nA,B,1,2,C\n")
                store.publish(staged, f"top_played/{TODAY}/old.csv")

            run = pipeline.run(instance, TODAY, TODAY, "daily_snapshot")

            assert run.made() == {"raw/top_played": [TODAY], "refined/top_played": [TODAY]}
            assert list(simulator.requests) == []

    def test_the_sample_is_never_refused_and_counts_nothing(self, tmp_path, instance):
        pipeline = Pipeline(tmp_path, spotify_daily_requests=1)
        write_state(pipeline.lake, KEY, {"until": "2024-03-09T00:00:00+00:00", "reason": "x", "since": "x"})

        assert pipeline.run(instance, TODAY, TODAY, "daily_snapshot").success
        assert [info.key for info in pipeline.lake.stores["state"].objects("spotify/")] == [KEY]


class TestSnapshotWhenAllowed:
    @pytest.fixture
    def desk(self, tmp_path, instance, now) -> Iterator[SensorDesk]:
        with live(tmp_path, now) as (pipeline, _):
            yield SensorDesk(pipeline, instance)

    def keep(self, desk: SensorDesk, until: datetime, **more: object) -> None:
        document = {"until": until.isoformat(), "reason": "429: too many", "since": NOON.isoformat()}
        write_state(desk.pipeline.lake, KEY, document | more)

    def test_skips_while_nothing_is_refused(self, desk):
        assert desk.tick("snapshot_when_allowed").skip_message == "Spotify may be asked: no refusal is kept."

    def test_skips_until_the_time_has_come_and_says_when_that_is(self, desk, now):
        self.keep(desk, NOON + HOUR)
        now.at = NOON + HOUR - timedelta(seconds=1)

        ticked = desk.tick("snapshot_when_allowed")

        assert ticked.run_requests == []
        assert ticked.skip_message == "Spotify refuses requests until 2024-03-03 13:00 UTC: 429: too many."

    def test_then_asks_for_one_run_over_the_feeds_that_are_missing_today(self, desk, now):
        self.keep(desk, NOON + HOUR)
        now.at = NOON + HOUR
        with (place := desk.pipeline.lake.place(("raw", "top_played"), TODAY)).staged() as staged:
            staged.write_text("there already")
            place.publish(staged)

        [request], [again] = (desk.tick("snapshot_when_allowed").run_requests for _ in range(2))

        assert {key.to_user_string() for key in request.asset_selection} == {
            "raw/popular_songs",
            "refined/popular_songs",
        }
        assert request.partition_key == TODAY
        assert request.run_key == again.run_key

    def test_asks_again_if_that_run_failed_and_afresh_on_the_next_day(self, desk, now, monkeypatch):
        """The disk was full for the minutes in which the refusal ended, and the day was lost.

        Or a kill came between raw and refined: nothing was missing of Spotify any more, and nobody asked again.
        """
        monkeypatch.setattr("pyspotify_assets.history.AGAIN_AFTER", timedelta(0))
        self.keep(desk, NOON - HOUR)
        [first] = desk.tick("snapshot_when_allowed").run_requests
        failed = dg.DagsterRun("daily_snapshot", status=dg.DagsterRunStatus.FAILURE, tags=dict(first.tags))
        desk.instance.add_run(failed)
        for feed in FEEDS:
            put_raw(desk.pipeline.lake, feed, TODAY, [])
        [again] = desk.tick("snapshot_when_allowed").run_requests
        desk.instance.add_run(
            dg.DagsterRun("daily_snapshot", status=dg.DagsterRunStatus.SUCCESS, tags=dict(again.tags))
        )
        now.at += 24 * HOUR
        [tomorrow] = desk.tick("snapshot_when_allowed").run_requests

        assert (again.run_key, again.partition_key) == (f"snapshot-{TODAY}-1", TODAY)
        assert tomorrow.partition_key == "2024-03-04"
        assert tomorrow.run_key not in (first.run_key, again.run_key)

    def test_asks_for_what_was_taken_and_not_refined_when_the_snapshot_has_been_given_up(self, desk, now, monkeypatch):
        """Six times it failed, the last time killed between raw and refined: nobody asked for that day any more."""
        monkeypatch.setattr("pyspotify_assets.history.AGAIN_AFTER", timedelta(0))

        def add(status: dg.DagsterRunStatus, asked: str, times: int = 1) -> None:
            for _ in range(times):
                desk.instance.add_run(dg.DagsterRun("daily_snapshot", status=status, tags={ASKED: asked}))

        add(dg.DagsterRunStatus.FAILURE, snapshot_key(TODAY), MOST_TIMES)
        put_raw(desk.pipeline.lake, "top_played", TODAY, [track(1, "A")])
        same_day = desk.tick("snapshot_when_allowed")
        now.at += 24 * HOUR
        [first] = desk.tick("snapshot_when_allowed").run_requests
        add(dg.DagsterRunStatus.STARTED, first.run_key)
        under_way = desk.tick("snapshot_when_allowed")
        monkeypatch.setattr("pyspotify_assets.history.LONGEST_RUN", -HOUR)
        [again] = desk.tick("snapshot_when_allowed").run_requests
        mended = desk.run(again, "daily_snapshot")

        assert same_day.run_requests == under_way.run_requests == []
        assert (first.run_key, first.partition_key) == (f"refined-{TODAY}", TODAY)
        assert again.run_key == f"refined-{TODAY}-1"
        assert mended.made() == {"refined/top_played": [TODAY]}
        assert desk.tick("snapshot_when_allowed").run_requests == []

    def test_forgets_the_refusal_when_nothing_is_missing(self, desk, now):
        self.keep(desk, NOON - HOUR)
        for feed in FEEDS:
            with (place := desk.pipeline.lake.place(("raw", feed), TODAY)).staged() as staged:
                staged.write_text("there already")
                place.publish(staged)

        assert "every feed has its snapshot of 2024-03-03" in desk.tick("snapshot_when_allowed").skip_message
        assert kept_refusal(desk.pipeline.lake, NOON) is None

    def test_waits_for_a_run_that_is_under_way(self, desk):
        self.keep(desk, NOON - HOUR)
        desk.instance.add_run(dg.DagsterRun("daily_snapshot", status=dg.DagsterRunStatus.STARTED))

        assert "A run of daily_snapshot is under way" in desk.tick("snapshot_when_allowed").skip_message

    def test_looks_at_one_object_while_the_refusal_holds_however_long_history_is(self, desk):
        self.keep(desk, NOON + HOUR)
        state = desk.pipeline.lake.stores["state"]
        for number in range(100):
            write_state(desk.pipeline.lake, f"spotify/requests/2023-01-01-{number}.json", {"count": 1})

        assert desk.tick("snapshot_when_allowed").run_requests == []
        assert len(list(state.objects("spotify/requests/"))) == 100


@pytest.mark.slow
class TestADayUnderARefusalOf20Hours:
    def test_from_the_first_refusal_past_midnight_to_the_complete_snapshot(self, tmp_path, instance, now):
        with live(tmp_path, now) as (pipeline, simulator):
            desk = SensorDesk(pipeline, instance)
            self.at_six(desk, now, SIX - 24 * HOUR)
            desk.until_quiet()
            asked = pages(simulator)

            # The second day: refused at six, until two in the morning of the third.
            simulator.refuse_until(SIX + 20 * HOUR)
            run = self.at_six(desk, now, SIX)
            assert run.made() == {}
            assert pages(simulator) == asked + 1
            assert observed(instance, "raw/top_played", DAYS[1]) == {MISSED: "refused until 2024-03-03 02:00 UTC"}

            while now.at < SIX + 20 * HOUR - timedelta(minutes=30):
                now.at += timedelta(minutes=30)
                ticked = desk.tick("snapshot_when_allowed")
                assert ticked.run_requests == []
                assert "until 2024-03-03 02:00 UTC" in ticked.skip_message
            assert pipeline.run(instance, now.at.date().isoformat(), now.at.date().isoformat()).success  # by hand
            assert pages(simulator) == asked + 1

            # The third day begins under it; at two the snapshot is taken, as that day's, up to the report.
            now.at = SIX + 20 * HOUR
            assert desk.until_quiet()[0] == "daily_snapshot"
            assert pages(simulator) > asked + 1
            for feed in FEEDS:
                assert pipeline.lake.days(("raw", feed)) == [DAYS[0], DAYS[2]]
                assert pipeline.lake.days(("refined", feed)) == [DAYS[0], DAYS[2]]
            for mart in MARTS:
                assert DAYS[2] in instance.get_materialized_partitions(dg.AssetKey(["spotify_marts", mart]))
            assert kept_refusal(pipeline.lake, now.at) is None
            page = Path(pipeline.lake.place(("report", "daily"), DAYS[2]).uri).read_text(encoding="utf-8")
            assert "no snapshot of 2024-03-02: 1 missed" in page

            # The schedule of that day, at six, does not pay for it twice.
            asked = pages(simulator)
            run = self.at_six(desk, now, SIX + 24 * HOUR)
            assert run.made() == {}
            assert pages(simulator) == asked
            assert desk.until_quiet() == []

    def at_six(self, desk: Desk, now: Now, at: datetime):
        now.at = at
        [request] = desk.scheduled("daily_snapshot", at).run_requests
        run = desk.run(request, "daily_snapshot")
        assert run.success, run.failures()
        return run


class TestPastMidnight:
    @contextmanager
    def late(self, folder: Path) -> Iterator[tuple[Pipeline, Simulator]]:
        """A Spotify that has answered the last page only after midnight."""
        now = Now(NOON.replace(hour=23, minute=59))
        with live(folder, now) as (pipeline, simulator):

            def tomorrow(request: object) -> bool:
                now.at = NOON.replace(day=4, hour=0, minute=1)
                return False

            simulator.faults.append(Fault(tomorrow, too_many_requests()))
            yield pipeline, simulator

    ASSETS = (dg.AssetKey(["raw", "top_played"]), dg.AssetKey(["refined", "top_played"]))

    @pytest.mark.parametrize("job", ["daily_snapshot", "full_refresh"])
    def test_a_snapshot_that_was_finished_then_is_the_new_days_and_the_old_day_is_missed(self, tmp_path, instance, job):
        with self.late(tmp_path) as (pipeline, _):
            run = pipeline.run(instance, TODAY, TODAY, job, self.ASSETS)

        assert run.success
        assert run.made() == {"raw/top_played": ["2024-03-04"], "refined/top_played": ["2024-03-04"]}
        assert pipeline.lake.days(("raw", "top_played")) == ["2024-03-04"]
        told = {MISSED: "the snapshot was completed on 2024-03-04 and is that day's", INSTEAD: "2024-03-04"}
        assert observed(instance, "raw/top_played", TODAY) == told
        missed = run.checks()["raw/top_played:no_day_missed"]
        assert not missed.passed
        assert missed.description == "2024-03-04: no snapshot of 2024-03-03: 1 missed"

    def test_the_new_days_own_snapshot_is_not_replaced(self, tmp_path, instance):
        with self.late(tmp_path) as (pipeline, _):
            with (place := pipeline.lake.place(("raw", "top_played"), "2024-03-04")).staged() as staged:
                staged.write_text("there already")
                place.publish(staged)

            run = pipeline.run(instance, TODAY, TODAY, "daily_snapshot", self.ASSETS)

        assert run.success
        assert run.made() == {}
        assert Path(place.uri).read_text() == "there already"
        assert "that day has its own already" in observed(instance, "raw/top_played", TODAY)[MISSED]


class TestInTheTerminal:
    @pytest.fixture
    def folder(self, tmp_path) -> Path:
        (tmp_path / "feeds.toml").write_text(SMALL_FEEDS, encoding="utf-8")
        return tmp_path

    def test_a_refusal_is_told_plainly_and_ends_with_exit_code_3(self, folder):
        with Simulator() as simulator:
            simulator.fail("/v1/", too_many_requests(72000))
            environment = {
                "SPOTIPY_CLIENT_ID": "an-app",
                "SPOTIPY_CLIENT_SECRET": "its-secret-key",
                "PYSPOTIFY_SPOTIFY_URL": simulator.base_url,
                "PYSPOTIFY_TOKEN_FILE": str(folder / "token.json"),
            }

            processes = [
                pyspotify(folder, *command, **environment) for command in (["extract"], ["run", "--days", "1"])
            ]

            assert pages(simulator) == 1
        for process in processes:
            assert process.returncode == 3, process.stderr
            assert "missed, refused until 20" in process.stderr
            assert "Spotify refuses requests until 20" in process.stderr
            assert "snapshot_when_allowed" in process.stderr
            assert "Traceback" not in process.stderr


class TestSecrets:
    FEEDS = SMALL_FEEDS + '[[feed]]\nname = "mine"\nkind = "top_tracks"\n'
    KEY = "its-very-own-secret-key"

    def test_nothing_that_a_run_leaves_behind_has_one(self, tmp_path, monkeypatch, caplog, capfd):
        monkeypatch.setenv("SPOTIPY_CLIENT_ID", "an-app")
        monkeypatch.setenv("SPOTIPY_CLIENT_SECRET", self.KEY)
        for name in ("", "spotipy", "spotipy.client", "spotipy.oauth2", "urllib3", "pyspotify_assets"):
            caplog.set_level(logging.DEBUG, name)
        talkative = ["spotipy", "spotipy.client", "spotipy.oauth2", "urllib3", "requests", "pyspotify_assets"]
        everything = {
            "python_logs": {"managed_python_loggers": talkative, "python_log_level": "DEBUG"},
            "telemetry": {"enabled": False},
        }
        home, token_file = tmp_path / "home", tmp_path / "elsewhere" / "token.json"
        home.mkdir()
        with (
            Simulator() as simulator,
            dg.DagsterInstance.local_temp(str(home), overrides=everything) as instance,
        ):
            basic = b64encode(f"an-app:{self.KEY}".encode()).decode()
            secrets = {self.KEY, basic, simulator.refresh_token}
            token_file.parent.mkdir()
            store = FileTokenStore(token_file)
            store.write(Login("an-app", simulator.refresh_token, datetime.now(UTC)))
            simulator.rotates = True
            pipeline = Pipeline(
                tmp_path / "pipeline",
                feeds=self.FEEDS,
                source="live",
                spotify_url=simulator.base_url,
                token_file=token_file,
            )
            day = datetime.now(UTC).date().isoformat()
            simulator.fail("/me/top", token_expired(), server_error())
            simulator.fail("/search", too_many_requests(72000))
            run = pipeline.run(instance, day, day, "daily_snapshot")
            secrets |= {store.read("an-app").refresh_token, *handed_out(simulator)}
            instance.dispose()

        assert run.success, run.failures()
        assert run.made() == {"raw/mine": [day], "refined/mine": [day]}
        assert len(secrets) == 8  # the app's key, as such and in its header; its token; of the user, 3 to refresh and 2
        left = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and path != token_file}
        # The logs are there to be read, the most talkative ones included.
        assert any(path.suffix == ".db" and b"GET /v1/search" in content for path, content in left.items())
        printed = "".join(capfd.readouterr()) + caplog.text
        assert "refused until" in printed
        for secret in secrets:
            assert [path for path, content in left.items() if secret.encode() in content] == []
            assert secret not in printed


def handed_out(simulator: Simulator) -> set[str]:
    """Every token that the simulator has given to anybody."""
    return {*simulator._accounts._identities, *simulator._accounts._grants}


def test_a_refusal_says_in_words_who_refuses_until_when_and_why():
    ours = KeptRefusal(NOON, "all 200 page requests of 2024-03-03 are used up", SIX, by_budget=True)

    assert ours.in_words() == (
        "The daily budget refuses requests until 2024-03-03 12:00 UTC: all 200 page requests of 2024-03-03 are used up"
    )
    assert "PYSPOTIFY_SPOTIFY_DAILY_REQUESTS" in str(ours.error())
