"""The sensors and schedules: what a tick asks for, what it skips and why; alone they bring a file to the report.

Ticks of the real sensors against a Dagster instance and a lake; what they request is run when the test says so.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from pyspotify_assets import history, landing_sensors, sensors
from pyspotify_assets.assets.each_day import ONLY_CHANGED
from pyspotify_assets.aws import session
from pyspotify_assets.history import ASKED, key_to_ask_under
from pyspotify_assets.jobs import RANGE_END, RANGE_START
from pyspotify_assets.raw_csv import write_raw_csv
from pyspotify_assets_tests.builders import track
from pyspotify_assets_tests.desk import Desk
from pyspotify_assets_tests.pipelines import DAYS, MARTS, NOON, Pipeline, Served, rows

NOWHERE = "http://127.0.0.1:9"
"""A Spotify that cannot be reached: what is asked of it fails the test."""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    overrides = {"spotify": Served(NOWHERE), "clock": lambda: NOON}
    with dg.DagsterInstance.ephemeral() as instance:
        yield Desk(Pipeline(tmp_path / "pipeline", overrides=overrides), instance)


def land(desk: Desk, key: str, content: bytes = b"anything") -> None:
    store = desk.pipeline.lake.stores["landing"]
    with store.staging("landed.csv") as staged:
        staged.write_bytes(content)
        store.publish(staged, key)


def raw_file(tmp_path: Path, *names: str) -> bytes:
    path = tmp_path / "made.csv"
    with open(path, "wb") as file:
        write_raw_csv([track(rank, name) for rank, name in enumerate(names, 1)], file)
    return path.read_bytes()


class TestRawLanded:
    def test_an_empty_landing_is_skipped_and_said_so(self, desk):
        ticked = desk.tick("raw_landed")

        assert ticked.run_requests == []
        assert ticked.skip_message == "Nothing waits in landing."

    def test_asks_for_one_run_per_feed_and_day_over_its_raw_and_refined_asset(self, desk):
        for key in ("popular_songs/2024-03-01/a.csv", "popular_songs/2024-03-01/b.csv", "top_played/2024-03-01/a.csv"):
            land(desk, key)

        requests = desk.tick("raw_landed").run_requests

        assert [
            (request.partition_key, {key.to_user_string() for key in request.asset_selection}) for request in requests
        ] == [
            ("2024-03-01", {"raw/popular_songs", "refined/popular_songs"}),
            ("2024-03-01", {"raw/top_played", "refined/top_played"}),
        ]

    def test_its_runs_leave_alone_what_another_run_has_taken_meanwhile(self, desk):
        land(desk, "top_played/2024-03-01/a.csv")

        [request] = desk.tick("raw_landed").run_requests

        assert request.tags[ONLY_CHANGED] == "true"

    def test_the_same_file_has_the_same_run_key_and_another_in_its_place_has_another(self, desk):
        land(desk, "top_played/2024-03-01/a.csv", b"one")
        [first], [again] = desk.tick("raw_landed").run_requests, desk.tick("raw_landed").run_requests
        land(desk, "top_played/2024-03-01/a.csv", b"two")
        [other] = desk.tick("raw_landed").run_requests

        assert first.run_key == again.run_key
        assert other.run_key != first.run_key

    @pytest.mark.parametrize(
        "key",
        [
            "readme.txt",
            "no_such_feed/2024-03-01/a.csv",
            "top_played/2024-02-30/a.csv",
            "top_played/2022-12-31/before-the-first-day.csv",
            "top_played/2024-03-04/tomorrow.csv",
            "top_played/a.csv",
        ],
    )
    def test_what_is_of_no_known_feed_and_day_is_left_lying_and_named(self, desk, key):
        land(desk, key)

        ticked = desk.tick("raw_landed")

        assert ticked.run_requests == []
        assert key in ticked.skip_message
        assert "2023-01-01 to 2024-03-03" in ticked.skip_message

    def test_a_tick_looks_at_a_bounded_number_of_files_and_the_next_goes_on_behind_them(self, desk, monkeypatch):
        monkeypatch.setattr(landing_sensors, "FILES_PER_TICK", 2)
        for day in range(1, 4):
            land(desk, f"top_played/2024-03-0{day}/a.csv")

        ticks = [[request.partition_key for request in desk.tick("raw_landed").run_requests] for _ in range(4)]

        assert ticks == [["2024-03-01", "2024-03-02"], ["2024-03-03"], ["2024-03-01", "2024-03-02"], ["2024-03-03"]]

    def test_any_number_of_strange_files_does_not_hide_those_behind_them(self, desk, monkeypatch):
        monkeypatch.setattr(landing_sensors, "FILES_PER_TICK", 5)
        for number in range(12):
            land(desk, f"a-strange-folder/{number:02}.csv")
        land(desk, "top_played/2024-03-01/a.csv")

        requests = [request.partition_key for _ in range(3) for request in desk.tick("raw_landed").run_requests]

        assert requests == ["2024-03-01"]


class TestWhatFailed:
    """A run that failed for a reason that passes, or was killed, is asked for again by itself; not for ever."""

    KEY = "some-key"

    def failed(self, desk, key: str, status: dg.DagsterRunStatus = dg.DagsterRunStatus.FAILURE) -> None:
        desk.instance.add_run(dg.DagsterRun("daily_snapshot", status=status, tags={ASKED: key}))

    def after(self, **passed: float) -> datetime:
        return datetime.now(UTC) + timedelta(**passed)

    def test_is_asked_for_again_after_a_pause_that_doubles(self, desk):
        asked = [key_to_ask_under(desk.instance, self.KEY)]
        for minutes in (9, 11):
            if minutes == 9:
                self.failed(desk, self.KEY)
            asked.append(key_to_ask_under(desk.instance, self.KEY, self.after(minutes=minutes)))
        self.failed(desk, self.KEY)
        asked += [key_to_ask_under(desk.instance, self.KEY, self.after(minutes=minutes)) for minutes in (19, 21)]

        assert asked == ["some-key", "some-key", "some-key-1", "some-key-1", "some-key-2"]

    def test_is_given_up_after_some_hours(self, desk):
        for _ in range(history.MOST_TIMES):
            self.failed(desk, self.KEY)

        assert key_to_ask_under(desk.instance, self.KEY, self.after(days=9)) == f"some-key-{history.MOST_TIMES - 1}"

    def test_one_that_is_under_way_or_went_well_is_not_asked_for_again(self, desk):
        self.failed(desk, "under-way", dg.DagsterRunStatus.STARTED)
        self.failed(desk, "well", dg.DagsterRunStatus.SUCCESS)

        assert key_to_ask_under(desk.instance, "under-way", self.after(hours=1)) == "under-way"
        assert key_to_ask_under(desk.instance, "well", self.after(days=9)) == "well"

    def test_one_that_was_killed_is_asked_for_again_when_no_run_lasts_that_long(self, desk):
        self.failed(desk, "killed", dg.DagsterRunStatus.STARTED)

        assert key_to_ask_under(desk.instance, "killed", self.after(hours=3)) == "killed-1"

    def test_a_landed_file_is_asked_for_under_another_key(self, desk, monkeypatch):
        land(desk, "top_played/2024-03-01/a.csv")
        [first] = desk.tick("raw_landed").run_requests
        self.failed(desk, first.tags[ASKED])
        monkeypatch.setattr(history, "AGAIN_AFTER", timedelta(0))

        [again] = desk.tick("raw_landed").run_requests

        assert again.run_key == f"{first.run_key}-1"
        assert again.tags[ASKED] == first.run_key

    def test_a_file_that_was_taken_and_not_refined_is_asked_for_until_it_is(self, desk, tmp_path, monkeypatch):
        """The disk was full, or a kill came, between raw and refined; nothing waited in landing any more."""
        land(desk, f"top_played/{DAYS[0]}/a.csv", raw_file(tmp_path, "A"))
        [first] = desk.tick("raw_landed").run_requests
        run = desk.pipeline.run_tagged(
            desk.instance, "daily_snapshot", first.tags, [dg.AssetKey(["raw", "top_played"])]
        )
        self.failed(desk, first.tags[ASKED])
        waiting = desk.tick("raw_landed")
        monkeypatch.setattr(history, "AGAIN_AFTER", timedelta(0))
        [again] = desk.tick("raw_landed").run_requests
        mended = desk.run(again, "daily_snapshot")
        well = desk.tick("raw_landed")

        assert run.success
        assert waiting.run_requests == well.run_requests == []
        assert (again.run_key, again.partition_key) == (f"{first.run_key}-2", DAYS[0])
        assert mended.made() == {"refined/top_played": [DAYS[0]]}
        assert json.loads(well.cursor)["asked"] == {}

    def test_a_file_that_was_refused_is_not_asked_for_again(self, desk, monkeypatch):
        land(desk, f"top_played/{DAYS[2]}/rubbish.csv")
        [first] = desk.tick("raw_landed").run_requests
        assert not desk.run(first, "daily_snapshot").success
        monkeypatch.setattr(history, "AGAIN_AFTER", timedelta(0))

        assert desk.tick("raw_landed").run_requests == []

    def test_files_that_were_taken_are_remembered_in_a_bounded_number(self, desk, tmp_path, monkeypatch):
        monkeypatch.setattr(landing_sensors, "TAKEN_LOOKED_AT", 2)
        for day in DAYS:
            land(desk, f"top_played/{day}/a.csv")

        ticked = desk.tick("raw_landed")

        assert len(ticked.run_requests) == 3
        assert [day for _, day in json.loads(ticked.cursor)["asked"].values()] == list(DAYS[1:])

    def test_the_days_of_marts_that_failed_are_asked_for_again_though_no_snapshot_has_changed(self, desk, monkeypatch):
        desk.materialized("refined/top_played", DAYS[2])
        desk.crawled("refined")
        [first] = desk.tick("marts_when_crawled").run_requests
        self.failed(desk, first.tags[ASKED])
        waiting = desk.tick("marts_when_crawled").run_requests
        monkeypatch.setattr(history, "AGAIN_AFTER", timedelta(0))

        [again] = desk.tick("marts_when_crawled").run_requests
        after = desk.tick("marts_when_crawled").run_requests

        assert waiting == after == []
        assert again.run_key == f"{first.run_key}-1"
        assert {tag: again.tags[tag] for tag in (RANGE_START, RANGE_END)} == {RANGE_START: DAYS[2], RANGE_END: DAYS[2]}

    def test_days_of_marts_that_were_given_up_are_tried_with_the_next_that_are_new(self, desk):
        """The engine failed until noon and the lake in the evening: the day had no marts, whatever came after it."""
        desk.materialized("refined/top_played", DAYS[0])
        desk.crawled("refined")
        [first] = desk.tick("marts_when_crawled").run_requests
        for _ in range(history.MOST_TIMES):
            self.failed(desk, first.tags[ASKED])
        desk.materialized("report/daily", DAYS[1])
        desk.materialized("refined/top_played", DAYS[2])
        desk.crawled("refined")
        [next_day] = desk.tick("marts_when_crawled").run_requests
        self.failed(desk, next_day.tags[ASKED], dg.DagsterRunStatus.SUCCESS)
        desk.materialized("refined/top_played", DAYS[2])
        desk.crawled("refined")
        [after] = desk.tick("marts_when_crawled").run_requests

        assert first.tags[RANGE_START] == next_day.tags[RANGE_START] == DAYS[0]
        assert next_day.tags[RANGE_END] == DAYS[2]
        assert (after.tags[RANGE_START], after.tags[RANGE_END]) == (DAYS[2], DAYS[2])

    def test_a_crawl_that_fails_is_not_tried_with_every_tick(self, desk, monkeypatch):
        """An hour without Glue was 120 crawls, each of which failed and cost something."""
        desk.materialized("raw/top_played", DAYS[0])
        [first] = desk.tick("crawl_raw_when_newer").run_requests
        self.failed(desk, first.tags[ASKED])
        [waiting] = desk.tick("crawl_raw_when_newer").run_requests
        monkeypatch.setattr(history, "AGAIN_AFTER", timedelta(0))
        [again] = desk.tick("crawl_raw_when_newer").run_requests
        desk.materialized("raw/top_played", DAYS[1])
        [newer] = desk.tick("crawl_raw_when_newer").run_requests

        assert waiting.run_key == first.run_key  # Under which Dagster runs nothing twice.
        assert again.run_key == f"{first.run_key}-1"
        assert newer.run_key not in (first.run_key, again.run_key)

    def test_a_snapshot_whose_run_failed_is_asked_for_again_and_one_that_went_well_is_not(self, desk, monkeypatch):
        """Spotify was down for ten seconds at six, and the day was lost."""
        [first] = desk.scheduled("daily_snapshot", NOON).run_requests
        nothing_ran = desk.tick("snapshot_when_allowed").run_requests
        self.failed(desk, first.tags[ASKED])
        waiting = desk.tick("snapshot_when_allowed").run_requests
        monkeypatch.setattr(history, "AGAIN_AFTER", timedelta(0))
        [again] = desk.tick("snapshot_when_allowed").run_requests
        self.failed(desk, first.tags[ASKED], dg.DagsterRunStatus.SUCCESS)
        well = desk.tick("snapshot_when_allowed").run_requests

        assert nothing_ran == waiting == well == []
        assert (again.partition_key, again.run_key) == (DAYS[2], f"snapshot-{DAYS[2]}-1")
        assert (again.tags[ONLY_CHANGED], again.tags[ASKED]) == ("true", first.tags[ASKED])

    def test_a_snapshot_of_yesterday_whose_run_was_killed_is_asked_for_again_and_one_of_long_ago_is_not(self, desk):
        for day in ("2024-02-20", DAYS[1]):
            self.failed(desk, f"snapshot-{day}", dg.DagsterRunStatus.CANCELED)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(history, "AGAIN_AFTER", timedelta(0))
            [again] = desk.tick("snapshot_when_allowed").run_requests

        assert again.partition_key == DAYS[1]


class TestRawLandedOnS3:
    """S3 tells times to the second and lists by key; what it lists may be replaced while a tick looks."""

    @pytest.fixture
    def desk(self, tmp_path: Path, s3_bucket: str) -> Iterator[Desk]:
        overrides = {"spotify": Served(NOWHERE), "clock": lambda: NOON}
        with dg.DagsterInstance.ephemeral() as instance:
            yield Desk(Pipeline(tmp_path / "pipeline", lake=f"s3://{s3_bucket}/lake", overrides=overrides), instance)

    @pytest.fixture
    def listings(self, desk) -> Iterator[list[dict]]:
        """The pages of objects that S3 is asked for."""
        pages: list[dict] = []

        def remember(parsed, **_):
            pages.append(parsed)

        events = session.client("s3").meta.events
        events.register("after-call.s3.ListObjectsV2", remember)
        yield pages
        events.unregister("after-call.s3.ListObjectsV2", remember)

    def test_several_objects_of_one_second_are_each_asked_for_once(self, desk):
        for day in DAYS:
            for feed in ("popular_songs", "top_played"):
                land(desk, f"{feed}/{day}/a.csv")

        first, again = desk.tick("raw_landed").run_requests, desk.tick("raw_landed").run_requests

        assert len({request.run_key for request in first}) == len(first) == 6
        assert [request.run_key for request in again] == [request.run_key for request in first]

    def test_an_object_that_is_replaced_within_its_second_is_another(self, desk):
        land(desk, "top_played/2024-03-01/a.csv", b"one")
        [first] = desk.tick("raw_landed").run_requests
        land(desk, "top_played/2024-03-01/a.csv", b"two")
        [second] = desk.tick("raw_landed").run_requests

        assert second.run_key != first.run_key

    def test_the_same_file_that_lands_again_after_it_was_taken_is_taken_again(self, desk):
        landing = desk.pipeline.lake.stores["landing"]
        land(desk, "top_played/2024-03-01/a.csv", b"one")
        [first] = desk.tick("raw_landed").run_requests
        landing.delete("top_played/2024-03-01/a.csv")
        time.sleep(1.1)  # S3 tells two landings apart by their second.
        land(desk, "top_played/2024-03-01/a.csv", b"one")
        [again] = desk.tick("raw_landed").run_requests

        assert again.run_key != first.run_key

    def test_a_tick_that_dies_before_its_cursor_is_kept_is_repeated_with_the_same_run_keys(self, desk, monkeypatch):
        monkeypatch.setattr(landing_sensors, "FILES_PER_TICK", 2)
        for day in DAYS:
            land(desk, f"top_played/{day}/a.csv")
        died = desk.tick("raw_landed").run_requests
        desk.cursors["raw_landed"] = None  # The daemon has asked for the runs and died before it kept the cursor.
        repeated = desk.tick("raw_landed").run_requests
        behind = desk.tick("raw_landed").run_requests

        assert [request.run_key for request in repeated] == [request.run_key for request in died]
        assert [request.partition_key for request in behind] == [DAYS[2]]

    def test_a_tick_lists_one_bounded_page_of_landing_however_much_lies_in_the_lake(self, desk, listings, monkeypatch):
        monkeypatch.setattr(landing_sensors, "FILES_PER_TICK", 3)
        for number in range(5):
            land(desk, f"top_played/2024-03-01/{number}.csv")
        raw = desk.pipeline.lake.stores["raw"]
        for number in range(20):
            with raw.staging("a.csv") as staged:
                staged.write_bytes(b"anything")
                raw.publish(staged, f"top_played/snapshot_date=2023-01-{number + 1:02}/top_played.csv")
        listings.clear()

        desk.tick("raw_landed")

        assert [page["KeyCount"] for page in listings] == [3]


class TestCrawlWhenNewer:
    @pytest.mark.parametrize("area", ["raw", "refined"])
    def test_skips_while_there_is_nothing_to_crawl(self, desk, area):
        assert "nothing to crawl" in desk.tick(f"crawl_{area}_when_newer").skip_message

    @pytest.mark.parametrize("area", ["raw", "refined"])
    def test_asks_for_the_first_crawl(self, desk, area):
        desk.materialized(f"{area}/top_played", DAYS[0])

        [request] = desk.tick(f"crawl_{area}_when_newer").run_requests

        assert request.tags["pyspotify/reason"] == "It has never been crawled."

    def test_asks_for_one_crawl_however_many_days_are_newer_and_names_the_feeds(self, desk):
        desk.crawled("raw")
        for day in DAYS:
            desk.materialized("raw/top_played", day)

        [request] = desk.tick("crawl_raw_when_newer").run_requests

        assert request.tags["pyspotify/reason"] == "Newer than the last crawl: raw/top_played."

    def test_skips_when_nothing_is_newer_than_the_last_crawl(self, desk):
        desk.materialized("raw/top_played", DAYS[0])
        desk.crawled("raw")

        ticked = desk.tick("crawl_raw_when_newer")

        assert (ticked.run_requests, ticked.skip_message) == ([], "Nothing is newer than the last successful crawl.")

    @pytest.mark.parametrize("name", ["crawl_raw_when_newer", "crawl_refined_when_newer", "marts_when_crawled"])
    @pytest.mark.parametrize("job", ["full_refresh", sensors.ASSET_JOB, sensors.LANDED_JOB])
    def test_waits_for_a_run_that_is_under_way(self, desk, name, job):
        desk.materialized("raw/top_played", DAYS[0])
        desk.materialized("refined/top_played", DAYS[0])
        desk.crawled("refined")
        desk.instance.add_run(dg.DagsterRun(job, status=dg.DagsterRunStatus.STARTED))

        ticked = desk.tick(name)

        assert ticked.run_requests == []
        assert f"A run of {job} is under way" in ticked.skip_message

    def test_does_not_wait_for_ever_for_a_run_whose_process_was_killed(self, desk, monkeypatch):
        desk.materialized("raw/top_played", DAYS[0])
        desk.instance.add_run(dg.DagsterRun("full_refresh", status=dg.DagsterRunStatus.STARTED))
        monkeypatch.setattr(sensors, "LONGEST_RUN", -timedelta(minutes=1))  # As if that many hours had passed.

        assert len(desk.tick("crawl_raw_when_newer").run_requests) == 1

    def test_does_not_wait_for_runs_of_other_projects_in_the_same_instance(self, desk):
        desk.materialized("raw/top_played", DAYS[0])
        desk.instance.add_run(dg.DagsterRun("somebody_elses_job", status=dg.DagsterRunStatus.STARTED))

        assert len(desk.tick("crawl_raw_when_newer").run_requests) == 1


class TestMartsWhenCrawled:
    def test_skips_while_no_snapshot_has_been_refined(self, desk):
        assert "No refined snapshot" in desk.tick("marts_when_crawled").skip_message

    def test_waits_for_the_crawl_that_covers_the_snapshot_and_does_not_forget_it_meanwhile(self, desk):
        desk.materialized("refined/top_played", DAYS[2])
        waiting = [desk.tick("marts_when_crawled") for _ in range(2)]
        desk.crawled("refined")

        [request] = desk.tick("marts_when_crawled").run_requests

        assert [(ticked.run_requests, ticked.cursor) for ticked in waiting] == [([], None)] * 2
        assert "wait for the crawl" in waiting[0].skip_message
        assert (request.tags[RANGE_START], request.tags[RANGE_END]) == (DAYS[2], DAYS[2])

    def test_asks_once_for_all_days_that_look_at_the_changed_ones_up_to_today(self, desk):
        for feed, day in (("top_played", "2024-02-20"), ("popular_songs", "2024-02-25")):
            desk.materialized(f"refined/{feed}", day)
        desk.crawled("refined")

        [request] = desk.tick("marts_when_crawled").run_requests
        after = desk.tick("marts_when_crawled")

        assert (request.tags[RANGE_START], request.tags[RANGE_END]) == ("2024-02-20", "2024-03-03")
        assert (after.run_requests, after.skip_message) == (
            [],
            "No refined snapshot has been made since the last tick.",
        )

    def test_an_old_day_changes_only_two_windows_behind_it(self, desk):
        desk.materialized("refined/top_played", "2023-03-01")
        desk.crawled("refined")

        [request] = desk.tick("marts_when_crawled").run_requests

        assert (request.tags[RANGE_START], request.tags[RANGE_END]) == ("2023-03-01", "2023-04-26")

    def test_skips_and_goes_on_when_the_marts_are_newer_than_what_they_look_at(self, desk):
        desk.materialized("refined/top_played", DAYS[2])
        desk.crawled("refined")
        desk.materialized("report/daily", DAYS[2])

        ticked = desk.tick("marts_when_crawled")

        assert ticked.run_requests == []
        assert ticked.skip_message == "The marts are newer than every snapshot they look at."
        assert "No refined snapshot" in desk.tick("marts_when_crawled").skip_message

    def test_its_cursor_does_not_grow_with_history(self, desk):
        for number in range(40):
            desk.materialized("refined/top_played", (NOON - timedelta(days=number)).date().isoformat())
        desk.crawled("refined")

        cursor = desk.tick("marts_when_crawled").cursor

        assert set(json.loads(cursor)) == {"refined/top_played", "asked for"}
        assert len(cursor) < 200

    def test_a_burst_beyond_what_one_tick_reads_is_worked_off_by_the_next_ones(self, desk, monkeypatch):
        monkeypatch.setattr(sensors, "EVENTS_PER_TICK", 2)
        old = [(datetime(2023, month, 1, tzinfo=UTC)).date().isoformat() for month in (2, 4, 6)]
        for day in old:
            desk.materialized("refined/top_played", day)
        desk.crawled("refined")

        requests = [request for _ in range(3) for request in desk.tick("marts_when_crawled").run_requests]

        assert [request.tags[RANGE_START] for request in requests] == [old[0], old[2]]


class TestSchedules:
    def test_the_daily_snapshot_asks_for_the_day_that_has_begun_in_the_time_zone_of_the_settings(self, tmp_path):
        pipeline = Pipeline(tmp_path, timezone="America/Sao_Paulo")
        with dg.DagsterInstance.ephemeral() as instance:
            # Two in the morning of the 3rd in UTC is eleven in the evening of the 2nd in São Paulo.
            ticked = Desk(pipeline, instance).scheduled("daily_snapshot", datetime(2024, 3, 3, 2, tzinfo=UTC))

        [request] = ticked.run_requests
        assert (request.partition_key, request.run_key) == ("2024-03-02", "2024-03-02")

    @pytest.mark.parametrize("area", ["raw", "refined"])
    def test_noon_crawls_what_is_newer_and_otherwise_says_why_not(self, tmp_path, area):
        name = f"crawl_{area}_at_noon"
        with dg.DagsterInstance.local_temp() as instance:  # The context of a schedule wants one on disk.
            desk = Desk(Pipeline(tmp_path), instance)
            nothing_yet = desk.scheduled(name, NOON)
            desk.materialized(f"{area}/top_played", DAYS[0])
            first = desk.scheduled(name, NOON)
            desk.crawled(area)
            nothing_newer = desk.scheduled(name, NOON)

        assert "nothing to crawl" in nothing_yet.skip_message
        assert len(first.run_requests) == 1
        assert nothing_newer.skip_message == "Nothing is newer than the last successful crawl."


class TestSensorsAlone:
    def test_bring_a_file_in_landing_to_the_marts_and_the_report(self, desk, tmp_path):
        land(desk, f"top_played/{DAYS[1]}/mine.csv", raw_file(tmp_path, "A", "B"))

        ran = desk.until_quiet()

        assert ran == ["daily_snapshot", "crawl_raw", "crawl_refined", "marts_and_report"]
        assert list(desk.pipeline.lake.stores["landing"].objects("")) == []
        for mart in MARTS:
            assert desk.instance.get_materialized_partitions(dg.AssetKey(["spotify_marts", mart])) == {DAYS[1]}
        assert desk.pipeline.lake.place(("report", "daily"), DAYS[1]).info() is not None

        # A day before it, landed late, reaches the marts of the day after it.
        land(desk, f"top_played/{DAYS[0]}/late.csv", raw_file(tmp_path, "B", "C", "A"))
        assert desk.until_quiet() == ran
        query = "SELECT track_name, previous_rank FROM spotify_marts.chart_movement WHERE snapshot_date = '{}'"
        assert rows(desk.pipeline, query.format(DAYS[1])) == [("Song A", 3), ("Song B", 1)]
        assert desk.until_quiet() == []
