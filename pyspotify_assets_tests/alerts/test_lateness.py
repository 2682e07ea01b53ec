"""What is late: the day that should lie in the lake by now, the first of a chain, and never what nobody waits for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pyspotify_assets.alerts.incidents import Trouble
from pyspotify_assets.alerts.lateness import due_day, late
from pyspotify_assets.feeds import DEFAULT_FEEDS
from pyspotify_assets.lake import Lake
from pyspotify_assets.settings import Settings, load_settings

YESTERDAY, TODAY = "2024-03-02", "2024-03-03"
SIX = datetime(2024, 3, 3, 6, tzinfo=UTC)
HOUR = timedelta(hours=1)
FEED = DEFAULT_FEEDS[:1]
RAW, REFINED, REPORT = "raw/popular_songs", "refined/popular_songs", "report/daily"


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake.at(str(tmp_path / "lake"))


def put(lake: Lake, day: str, *assets: str) -> None:
    for asset in assets:
        with (place := lake.place(asset.split("/"), day)).staged() as staged:
            staged.write_text("something")
            place.publish(staged)


def settings(**given) -> Settings:
    return load_settings(source="live", **given)


def found(
    lake: Lake, now: datetime, feeds=FEED, explained=lambda asset, day: False, reported=(), **given
) -> list[Trouble]:
    return late(lake, feeds, settings(**given), now, explained, reported)


def late_ones(*arguments, **options) -> list[str]:
    return [trouble.subject for trouble in found(*arguments, **options)]


class TestWhen:
    def test_a_snapshot_is_waited_for_three_hours_after_its_hour(self, lake):
        put(lake, YESTERDAY, RAW, REFINED, REPORT)

        assert late_ones(lake, SIX + 3 * HOUR - timedelta(seconds=1)) == []
        [trouble] = found(lake, SIX + 3 * HOUR)
        assert (trouble.subject, trouble.days, trouble.since) == (RAW, (TODAY,), SIX)
        assert trouble.title == "raw/popular_songs is late: there is no 2024-03-03"
        assert "daily_snapshot" in trouble.remedy

    def test_what_is_made_from_it_is_waited_for_six_hours(self, lake):
        put(lake, YESTERDAY, RAW, REFINED, REPORT)
        put(lake, TODAY, RAW)

        assert late_ones(lake, SIX + 6 * HOUR - timedelta(seconds=1)) == []
        assert late_ones(lake, SIX + 6 * HOUR) == [REFINED]
        put(lake, TODAY, REFINED)
        assert late_ones(lake, SIX + 6 * HOUR) == [REPORT]
        put(lake, TODAY, REPORT)
        assert late_ones(lake, SIX + 6 * HOUR) == []

    def test_hour_and_day_are_those_of_the_settings_time_zone(self):
        of_brazil = settings(timezone="America/Sao_Paulo", snapshot_hour=22)

        one_in_the_morning = datetime(2024, 3, 3, 4, tzinfo=UTC)
        assert due_day(of_brazil, one_in_the_morning - timedelta(seconds=1), 3 * HOUR).isoformat() == "2024-03-01"
        assert due_day(of_brazil, one_in_the_morning, 3 * HOUR).isoformat() == "2024-03-02"

    def test_since_when_is_the_first_day_that_is_missing(self, lake):
        put(lake, "2024-02-28", RAW)

        [trouble] = found(lake, SIX + 3 * HOUR)

        assert trouble.days == ("2024-02-29", "2024-03-01", YESTERDAY, TODAY)
        assert trouble.since == datetime(2024, 2, 29, 6, tzinfo=UTC)


class TestWhatNobodyWaitsFor:
    def test_a_fresh_lake_is_not_late(self, lake):
        assert late_ones(lake, SIX + 5 * HOUR) == []

    def test_a_feed_that_is_new_beside_an_old_one_is_not_late(self, lake):
        put(lake, TODAY, RAW, REFINED, REPORT)

        assert late_ones(lake, SIX + 9 * HOUR, feeds=DEFAULT_FEEDS) == []

    def test_a_missed_day_behind_a_newer_one_is_not_late_any_more(self, lake):
        put(lake, "2024-03-01", RAW, REFINED, REPORT)
        put(lake, TODAY, RAW, REFINED, REPORT)

        assert late_ones(lake, SIX + HOUR) == []  # Yesterday's is due.
        assert late_ones(lake, SIX + 9 * HOUR) == []

    def test_what_was_reported_and_can_still_be_made_stays_late_behind_a_newer_day(self, lake):
        """A run was killed between raw and refined; the next day's went well, and nobody heard of the hole any more."""
        put(lake, "2024-03-01", RAW, REFINED, REPORT)
        put(lake, YESTERDAY, RAW)
        put(lake, TODAY, RAW, REFINED, REPORT)

        [trouble] = found(lake, SIX + 9 * HOUR, reported=(RAW, REFINED))
        assert (trouble.subject, trouble.days) == (REFINED, (YESTERDAY,))
        assert trouble.title == "refined/popular_songs is late: there is no 2024-03-02"

        put(lake, YESTERDAY, REFINED)
        assert late_ones(lake, SIX + 9 * HOUR, reported=(REFINED, REPORT)) == [REPORT]
        put(lake, YESTERDAY, REPORT)
        assert late_ones(lake, SIX + 9 * HOUR, reported=(REFINED, REPORT)) == []

    def test_files_of_long_ago_make_nobody_wait_but_what_was_reported_late_stays_so(self, lake):
        put(lake, "2023-01-05", RAW, REFINED, REPORT)

        assert late_ones(lake, SIX + 9 * HOUR) == []
        assert late_ones(lake, SIX + 9 * HOUR, reported=(RAW,)) == [RAW]

    def test_what_another_trouble_explains_is_not_told_beside_it(self, lake):
        put(lake, YESTERDAY, RAW, REFINED, REPORT)

        assert late_ones(lake, SIX + 9 * HOUR, explained=lambda asset, day: (asset, day) == (RAW, TODAY)) == []

    def test_one_feed_that_is_late_does_not_hide_the_others_report(self, lake):
        put(lake, YESTERDAY, "raw/top_played", "refined/top_played", RAW, REFINED, REPORT)
        put(lake, TODAY, RAW, REFINED)

        assert late_ones(lake, SIX + 9 * HOUR, feeds=DEFAULT_FEEDS) == ["raw/top_played", REPORT]
