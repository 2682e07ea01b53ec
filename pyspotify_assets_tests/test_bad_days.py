"""Bad days: wrong settings, broken files, a lake that cannot be written, a Spotify that fails, runs at once, kills.

Each time: an error that names the thing and the remedy, an exit code that is not 0, and nothing lost or half written.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import dagster as dg
import pytest

from pyspotify_assets.lake import Lake
from pyspotify_assets.spotify.sample.web_api import Response
from pyspotify_assets.spotify.simulator import Fault
from pyspotify_assets_tests.builders import put_raw, track
from pyspotify_assets_tests.pipelines import (
    DAGSTER_YAML,
    DAYS,
    MARTS,
    NOON,
    SMALL_FEEDS,
    Pipeline,
    Served,
    assert_whole,
    command,
    objects,
    pyspotify,
    serving,
    terminal_environment,
)

TODAY = DAYS[-1]
MADE_AREAS = ("raw", "refined", "marts", "report", "quarantine")
HEADER = "artist,track,track_pop,duration_ms,album_nm,album_dt\n"
GOOD_LINES = "".join(f"Artist {n},Song {n},{90 - n},200000,Album {n},2023-01-0{n}\n" for n in range(1, 6))


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """The folder of a pipeline that is up to date over one day, TODAY by the clock of these tests."""
    pipeline = Pipeline(tmp_path_factory.mktemp("finished") / "pipeline")
    with dg.DagsterInstance.ephemeral() as instance:
        assert pipeline.run(instance, TODAY, TODAY).success
    return pipeline.folder


@pytest.fixture
def copied(finished: Path, tmp_path: Path) -> Path:
    return shutil.copytree(finished, tmp_path / "copy")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A working directory such as a user has: small feeds, and a Dagster whose history is kept."""
    shutil.copy(DAGSTER_YAML, tmp_path)
    (tmp_path / "feeds.toml").write_text(SMALL_FEEDS, encoding="utf-8")
    return tmp_path


def land(lake: Lake, feed: str, day: str, content: bytes, name: str = "file.csv") -> None:
    store = lake.stores["landing"]
    with store.staging(name) as staged:
        staged.write_bytes(content)
        store.publish(staged, f"{feed}/{day}/{name}")


def assert_day_is_whole(pipeline: Pipeline, instance: dg.DagsterInstance, feed: str, day: str) -> None:
    """The feed's day has come through to the marts and the report."""
    for layer in ("raw", "refined"):
        assert pipeline.lake.place((layer, feed), day).info() is not None
        assert day in instance.get_materialized_partitions(dg.AssetKey([layer, feed]))
    for mart in MARTS:
        assert day in instance.get_materialized_partitions(dg.AssetKey(["spotify_marts", mart]))
    feeds = f"SELECT DISTINCT feed FROM spotify_marts.chart_movement WHERE snapshot_date = '{day}'"
    assert [row["feed"] for row in pipeline.sql.query(feeds).to_pylist()] == [feed]
    assert pipeline.lake.place(("report", "daily"), day).info() is not None


class TestSettingsAndFeeds:
    def test_a_wrong_setting_ends_every_command_with_its_variable_value_and_remedy(self, folder):
        process = pyspotify(folder, "run", PYSPOTIFY_LOOKBACK_DAYS="1000")

        assert process.returncode == 1
        assert "PYSPOTIFY_LOOKBACK_DAYS = '1000' cannot be used" in process.stderr
        assert "Default: 28" in process.stderr
        assert "Traceback" not in process.stderr
        assert not (folder / "lake").exists()

    def test_a_wrong_feed_ends_the_command_with_its_file_name_and_field(self, folder):
        (folder / "feeds.toml").write_text(SMALL_FEEDS.replace("maximum = 40", "maximum = -1"), encoding="utf-8")

        process = pyspotify(folder, "run")

        assert process.returncode == 1
        assert "feeds.toml, feed 1 (popular_songs): maximum = -1 cannot be used" in process.stderr
        assert "Traceback" not in process.stderr
        assert not (folder / "lake").exists()


@pytest.mark.slow
class TestLakeThatCannotBeWritten:
    def test_a_file_where_the_lake_should_be(self, folder):
        (folder / "lake").write_text("in the way")

        process = pyspotify(folder, "run", "--days", "1")

        assert process.returncode == 1
        assert str(Path("lake", "sample")) in process.stderr
        assert "PYSPOTIFY_LAKE" in process.stderr
        assert "Traceback" not in process.stderr
        assert (folder / "lake").read_text() == "in the way"

    def test_a_lake_that_becomes_read_only_keeps_every_day_and_every_step_says_so(self, tmp_path, instance):
        with mounted(tmp_path / "mount", "40M") as mount:
            pipeline = Pipeline(tmp_path, lake=str(mount))
            assert pipeline.run(instance, DAYS[0], DAYS[0]).success
            before = objects(pipeline.lake, *MADE_AREAS, "catalog")
            remount(mount, "ro")

            run = pipeline.run(instance, DAYS[1], DAYS[1])
            crawl = pipeline.run_tagged(instance, "crawl_raw", {})

            assert set(run.failures()) == {"raw__popular_songs", "raw__top_played"}
            for words in (*run.failures().values(), *crawl.failures().values()):
                assert str(mount) in words
                assert "Read-only file system" in words
                assert "PYSPOTIFY_LAKE" in words
                assert "Traceback" not in words
            assert objects(pipeline.lake, *MADE_AREAS, "catalog") == before

    @pytest.mark.parametrize("size", ["60k", "1100k"], ids=["at raw", "at reports"])
    def test_a_lake_that_runs_full_keeps_what_is_whole_and_goes_on_once_there_is_room(self, tmp_path, instance, size):
        with mounted(tmp_path / "mount", size) as mount:
            pipeline = Pipeline(tmp_path, lake=str(mount))

            run = pipeline.run(instance, DAYS[0], DAYS[1])

            assert not run.success
            assert run.failures()
            for words in run.failures().values():
                assert str(mount) in words
                assert "No space left on device" in words
                assert "make room" in words
                assert "Traceback" not in words
            assert_whole(pipeline.lake)

            remount(mount, "size=40M")
            assert pipeline.run(instance, DAYS[0], DAYS[1]).success
            assert assert_whole(pipeline.lake)["report"] == 3


class TestLandedFiles:
    BROKEN: ClassVar = {
        "a missing column": (b"artist,track,duration_ms,album_nm\nA,B,1,C\n", "missing: track_pop"),
        "a broken quote": ((HEADER + 'Artist,"Song,90,200000,Album,2023\n').encode(), "quote"),
        "not UTF-8": ((HEADER + "Beyoncé,Halo,90,200000,Album,2023\n").encode("latin-1"), "UTF-8"),
        "zero bytes": (b"", "empty: zero bytes"),
        "nothing like a CSV": (b"\x00\x01\x02\xff" * 100, "file.csv"),
    }

    @pytest.mark.parametrize(("content", "reason"), BROKEN.values(), ids=BROKEN.keys())
    def test_one_that_cannot_be_read_goes_to_quarantine_with_the_reason_and_touches_nothing(
        self, copied, instance, content, reason
    ):
        pipeline = Pipeline(copied)
        before = objects(pipeline.lake, "raw", "refined", "marts", "report")
        land(pipeline.lake, "top_played", TODAY, content)

        run = pipeline.run(instance, TODAY, TODAY)

        assert not run.success
        words = run.failures()["raw__top_played"]
        assert f"landing/top_played/{TODAY}/file.csv" in words
        assert reason in words
        assert f"quarantine/landing/top_played/{TODAY}/file.csv" in words
        quarantine = pipeline.lake.stores["quarantine"]
        assert quarantine.read(f"landing/top_played/{TODAY}/file.csv") == content
        assert reason in quarantine.read(f"landing/top_played/{TODAY}/file.csv.reason.txt").decode()
        assert list(pipeline.lake.stores["landing"].objects("")) == []
        assert objects(pipeline.lake, "raw", "refined", "marts", "report") == before

    def test_one_that_cannot_be_read_leaves_the_other_feeds_file_of_that_day_whole(self, tmp_path, instance):
        pipeline = Pipeline(tmp_path, overrides={"spotify": Served("http://127.0.0.1:9"), "clock": lambda: NOON})
        land(pipeline.lake, "top_played", DAYS[0], b"")
        land(pipeline.lake, "popular_songs", DAYS[0], (HEADER + GOOD_LINES).encode())

        run = pipeline.run(instance, DAYS[0], DAYS[0])

        assert list(run.failures()) == ["raw__top_played"]
        assert_day_is_whole(pipeline, instance, "popular_songs", DAYS[0])

    def test_of_two_for_one_day_the_later_is_taken_and_the_earlier_kept_in_quarantine(self, tmp_path, instance):
        pipeline = Pipeline(tmp_path)
        land(pipeline.lake, "top_played", DAYS[0], (HEADER + "A,earlier,1,1,C,2023\n").encode(), "b.csv")
        land(pipeline.lake, "top_played", DAYS[0], (HEADER + "A,later,1,1,C,2023\n").encode(), "a.csv")

        assert pipeline.run(instance, DAYS[0], DAYS[0], "daily_snapshot").success

        assert b"later" in pipeline.lake.stores["raw"].read(f"top_played/snapshot_date={DAYS[0]}/top_played.csv")
        kept = pipeline.lake.stores["quarantine"].read(f"landing/top_played/{DAYS[0]}/b.csv")
        assert b"earlier" in kept


class TestRawThatCannotBeRefined:
    DAMAGES: ClassVar = {
        "a missing column": lambda raw: raw.replace(b'"track_name",', b"", 1),
        "a broken quote": lambda raw: raw.replace(b'","', b'",', 1)[:-1] + b'"\n',
        "not UTF-8": lambda raw: raw + b'"\xff"\n',
        "zero bytes": lambda raw: b"",
        "cut off": lambda raw: raw[: len(raw) // 2],
    }

    @pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
    def test_a_damaged_object_fails_its_feed_by_name_and_the_refined_day_stays(self, copied, instance, damage):
        pipeline = Pipeline(copied)
        before = objects(pipeline.lake, *MADE_AREAS)
        place = pipeline.lake.place(("raw", "top_played"), TODAY)
        path = Path(place.uri)
        path.write_bytes(damage(path.read_bytes()))

        run = pipeline.run(
            instance,
            TODAY,
            TODAY,
            assets=[dg.AssetKey(["refined", "top_played"]), dg.AssetKey(["refined", "popular_songs"])],
        )

        assert list(run.failures()) == ["refined__top_played"]
        words = run.failures()["refined__top_played"]
        assert f"{TODAY}: RawFormatError" in words
        assert "top_played.csv" in words
        assert "→" in words
        after = objects(pipeline.lake, *MADE_AREAS)
        assert {name for name in after if after[name] != before.get(name)} == {f"raw/{place.key}"}

    def test_a_day_without_raw_is_refused_with_what_to_do(self, tmp_path, instance):
        pipeline = Pipeline(tmp_path)

        run = pipeline.run(instance, DAYS[0], DAYS[0], "daily_snapshot", [dg.AssetKey(["refined", "top_played"])])

        words = run.failures()["refined__top_played"]
        assert f"refined/top_played of {DAYS[0]} cannot be made" in words
        assert f"pyspotify import FILE --feed top_played --date {DAYS[0]}" in words
        assert objects(pipeline.lake, *MADE_AREAS) == {}

    def test_rows_that_cannot_be_typed_are_set_aside_and_the_rest_arrives(self, tmp_path, instance):
        pipeline = Pipeline(tmp_path)
        put_raw(pipeline.lake, "top_played", DAYS[0], [track(1, "A"), track(2, "B", duration_ms="long")])

        run = pipeline.run(instance, DAYS[0], DAYS[0], "daily_snapshot", [dg.AssetKey(["refined", "top_played"])])

        assert run.success
        assert run.metadata("refined/top_played", DAYS[0])["quarantined"] == 1
        assert "1 rows in quarantine" in run.failed_checks()["refined/top_played:nothing_quarantined"]
        assert [info.key for info in pipeline.lake.stores["quarantine"].objects("refined/")] == [
            f"refined/top_played/snapshot_date={DAYS[0]}/top_played.csv"
        ]


class TestSpotifyFails:
    def test_a_live_snapshot_of_a_past_day_is_refused_and_nothing_is_asked_or_written(self, tmp_path, instance):
        with serving() as (spotify, simulator):
            pipeline = Pipeline(tmp_path, overrides={"spotify": spotify, "clock": lambda: NOON})

            run = pipeline.run(instance, DAYS[0], DAYS[0], "daily_snapshot")

            assert not run.success
            words = run.failures()["raw__top_played"]
            assert f"raw/top_played of {DAYS[0]} cannot be taken from Spotify: today is {TODAY}" in words
            assert f"pyspotify import FILE --feed top_played --date {DAYS[0]}" in words
            assert list(simulator.requests) == []
            assert objects(pipeline.lake, *MADE_AREAS) == {}

    def test_in_a_refresh_the_past_days_of_live_are_left_alone_and_today_is_taken(self, tmp_path, instance):
        with serving() as (spotify, _):
            pipeline = Pipeline(tmp_path, overrides={"spotify": spotify, "clock": lambda: NOON})

            run = pipeline.run(instance)

            assert run.success
            assert run.made()["raw/top_played"] == [TODAY]
            assert run.made()["report/daily"] == [TODAY]

    def test_unreachable(self, tmp_path, instance):
        pipeline = Pipeline(tmp_path, overrides={"spotify": Served("http://127.0.0.1:9"), "clock": lambda: NOON})

        run = pipeline.run(instance, TODAY, TODAY)

        assert set(run.failures()) == {"raw__popular_songs", "raw__top_played"}
        words = run.failures()["raw__top_played"]
        assert "Feed top_played" in words
        assert "127.0.0.1:9 cannot be reached" in words
        assert "Connection refused" in words
        assert "Check the network" in words
        assert objects(pipeline.lake, *MADE_AREAS) == {}

    def test_refusing_the_credentials_names_the_variables_to_set_and_never_their_values(self, tmp_path, instance):
        refusal = Response(400, {"Content-Type": "application/json"}, b'{"error": "invalid_client"}')
        with serving() as (spotify, simulator):
            simulator.faults += [Fault("/api/token", refusal)] * 2
            pipeline = Pipeline(tmp_path, overrides={"spotify": spotify, "clock": lambda: NOON})

            run = pipeline.run(instance, TODAY, TODAY)

        assert set(run.failures()) == {"raw__popular_songs", "raw__top_played"}
        for words in run.failures().values():
            assert "Spotify refused the credentials" in words
            assert "SPOTIPY_CLIENT_ID" in words
            assert "some-secret" not in words
        assert objects(pipeline.lake, *MADE_AREAS) == {}

    def test_at_one_feed_leaves_the_other_feeds_day_whole_up_to_the_report_and_the_run_red(self, tmp_path, instance):
        with serving() as (spotify, simulator):
            simulator.faults.append(Fault("/v1/playlists/", Response(404, {}, b'{"error": {"message": "not here"}}')))
            pipeline = Pipeline(tmp_path, overrides={"spotify": spotify, "clock": lambda: NOON})

            run = pipeline.run(instance, TODAY, TODAY)

        assert not run.success
        assert list(run.failures()) == ["raw__top_played"]
        words = run.failures()["raw__top_played"]
        assert f"{TODAY}: SpotifyError: Feed top_played: " in words
        assert "404: not here" in words
        assert_day_is_whole(pipeline, instance, "popular_songs", TODAY)
        assert instance.get_materialized_partitions(dg.AssetKey(["raw", "top_played"])) == set()

    def test_in_the_middle_of_a_feed_keeps_the_day_as_it_was(self, copied, instance):
        with serving(knows_the_past=True) as (spotify, simulator):
            simulator.faults += [Fault("/v1/", Response(500))] * 4
            pipeline = Pipeline(copied, overrides={"spotify": spotify})
            before = objects(pipeline.lake, *MADE_AREAS)

            run = pipeline.run(instance, TODAY, TODAY, "daily_snapshot")

            assert not run.success
            after = objects(pipeline.lake, *MADE_AREAS)
            assert {name for name in after if name.startswith("raw/") and after[name] != before[name]} == set()

    def test_a_playlist_that_sends_less_than_its_total_is_not_published_and_the_day_stays(self, copied, instance):
        short = b'{"items": [], "total": 40, "next": null, "limit": 40, "offset": 0}'
        with serving(knows_the_past=True) as (spotify, simulator):
            answer = Response(200, {"Content-Type": "application/json"}, short)
            simulator.faults.append(Fault("/items", answer, times=9))
            pipeline = Pipeline(copied, overrides={"spotify": spotify})
            before = objects(pipeline.lake, *MADE_AREAS)

            run = pipeline.run(instance, TODAY, TODAY, "daily_snapshot", [dg.AssetKey(["raw", "top_played"])])

        assert (
            "all_entries_received: 0 kept + 0 skipped of 0 received, 40 announced" in run.failures()["raw__top_played"]
        )
        check = run.checks()["raw/top_played:all_entries_received"]
        assert not check.passed
        assert check.severity == dg.AssetCheckSeverity.ERROR
        assert run.made() == {}
        assert objects(pipeline.lake, *MADE_AREAS) == before


class TestRunsAtOnceAndKills:
    RUN = ("run", "--days", "1", "--until", DAYS[-1])
    WHOLE: ClassVar = {"raw": 2, "refined": 2, "report": 2}

    def started(self, folder: Path) -> subprocess.Popen[str]:
        return subprocess.Popen(  # noqa: S603 - our own command
            command(*self.RUN),
            cwd=folder,
            env=terminal_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )

    @pytest.mark.slow
    def test_two_runs_of_the_same_days_at_once_leave_one_whole_result(self, folder, instance):
        processes = [self.started(folder) for _ in range(2)]
        outputs = [process.communicate(timeout=120)[0] for process in processes]
        lake = Lake.at(str(folder / "lake" / "sample"))

        assert [process.returncode for process in processes] == [0, 0], outputs
        counted = assert_whole(lake)
        assert {area: counted[area] for area in self.WHOLE} == self.WHOLE
        # Each object is one run's or the other's; where one was made from what the other has replaced, a run mends it.
        one_more = Pipeline(folder, lake=str(folder / "lake"))
        assert one_more.run(instance, TODAY, TODAY).success
        before = objects(lake, "raw", "refined", "marts", "report")
        assert one_more.run(instance, TODAY, TODAY).success
        assert objects(lake, "raw", "refined", "marts", "report") == before

    @pytest.mark.slow
    @pytest.mark.parametrize("seed", range(1, 12))
    def test_a_run_that_is_killed_leaves_old_or_new_and_the_next_one_completes_it(self, folder, seed):
        lake = Lake.at(str(folder / "lake" / "sample"))
        process = self.started(folder)
        wait_until(lambda: (folder / "lake").exists() or process.poll() is not None)
        time.sleep(random.Random(seed).uniform(0, 2.5))  # noqa: S311 - a moment, not a secret
        process.kill()
        process.communicate(timeout=30)
        assert_whole(lake)

        last = pyspotify(folder, *self.RUN)

        assert last.returncode == 0, last.stderr
        counted = assert_whole(lake)
        assert {area: counted[area] for area in self.WHOLE} == self.WHOLE


def wait_until(condition, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)


@contextmanager
def mounted(folder: Path, size: str) -> Iterator[Path]:
    """A file system of its own, in memory; skips the test where this user may not mount one."""
    mount = shutil.which("mount")
    if mount is None or not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("mounting a small or read-only file system needs root")
    folder.mkdir()
    made = subprocess.run(  # noqa: S603 - our own command
        [mount, "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], capture_output=True, text=True
    )
    if made.returncode:
        pytest.skip(f"no file system can be mounted here: {made.stderr.strip()}")
    try:
        yield folder
    finally:
        # Lazily: a failed writer keeps its file open as long as its exception is remembered.
        subprocess.run([shutil.which("umount") or "umount", "-l", str(folder)], check=True)  # noqa: S603 - our own command


def remount(folder: Path, option: str) -> None:
    subprocess.run(  # noqa: S603 - our own command
        [shutil.which("mount") or "mount", "-o", f"remount,{option}", str(folder)], check=True
    )
