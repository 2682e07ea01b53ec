"""Ages, lengths by decade, popularity and the leading tracks of a chart, worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from pyspotify_assets.report import charts as drawn
from pyspotify_assets.report import render
from pyspotify_assets.report.figures import figures
from pyspotify_assets.report.languages import ENGLISH
from pyspotify_assets.report.spans import Span, ages, decades, months_before

from .synthetic import BEFORE, TODAY, YESTERDAY, chart, charts, track
from .words import words


def released(*days: str | None) -> list[dict[str, object]]:
    return [{"released_on": date.fromisoformat(day) if day else None, "duration_ms": 1000} for day in days]


def test_ages_end_on_the_same_day_of_a_month():
    tracks = released("2026-11-22", "2026-08-23", "2026-08-22", "2025-11-23", "2025-11-22", "2007-01-01", "1999-01-01")
    assert ages([*tracks, *released(None)], TODAY) == ([2, 2, 1, 1, 1], 1)


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 3, 31), 1, date(2026, 2, 28)),
        (date(2024, 3, 30), 1, date(2024, 2, 29)),
        (date(2026, 1, 15), 12, date(2025, 1, 15)),
        (date(2026, 1, 15), 13, date(2024, 12, 15)),
    ],
)
def test_a_month_without_that_day_has_its_last(day: date, months: int, expected: date):
    assert months_before(day, months) == expected


def test_the_share_of_the_last_twelve_months_is_of_the_tracks_with_a_date():
    tracks = [track("a", year=2026), track("b", year=2026), track("c", year=2020), track("d")]
    page = words(render(charts({"top_played": {TODAY: tracks}})))
    assert "67% were released within the last 12 months: 2 of 3" in page
    assert "1 track without a usable date is left out." in page


def test_lengths_of_a_decade_are_its_quartiles_and_one_track_is_all_of_them():
    tracks = [{"released_on": date(1994, 5, 1), "duration_ms": ms} for ms in (100, 200, 300, 400, 500)]
    tracks += [{"released_on": date(2000, 1, 1), "duration_ms": 700}, {"released_on": None, "duration_ms": 1}]
    tracks += [{"released_on": date(2000, 1, 1), "duration_ms": None}]
    assert decades(tracks) == [Span(2000, 1, 700, 700, 700), Span(1990, 5, 200, 300, 400)]


def test_popularity_names_who_gained_and_lost_most():
    yesterday = [track("a", popularity=50), track("b", popularity=60), track("c", popularity=70), track("d")]
    today = [track("a", popularity=58), track("b", popularity=61), track("c", popularity=40), track("d", popularity=1)]
    page = words(render(charts({"top_played": {YESTERDAY: yesterday, TODAY: today}})))
    assert "Gained 2 Gained Change Track +8 50 → 58 A Ada +1 60 → 61 B Ada" in page
    assert "Lost 1 Lost Change Track −30 70 → 40 C Ada" in page
    assert "40.0 is the mean of the chart’s tracks, −20.0 since 21 November" in page


def test_where_spotify_gives_no_popularity_that_is_said_and_nobody_gains():
    page = words(render(charts({"top_played": {YESTERDAY: chart("a"), TODAY: chart("a")}})))
    assert "Spotify does not give popularity to this app" in page
    assert "Gained" not in page


def test_popularity_that_stopped_within_the_window_is_told_from_one_that_never_was():
    days = {BEFORE: [track("a", popularity=9)], YESTERDAY: [track("a", popularity=9)], TODAY: [track("a")]}
    assert "Spotify no longer gives popularity" in words(render(charts({"top_played": days})))


def test_a_first_snapshot_has_a_mean_and_no_line():
    page = words(render(charts({"top_played": {TODAY: [track("a", popularity=9)]}})))
    assert "9.0 is the mean of the chart’s tracks" in page
    assert "A line needs two snapshots with popularity" in page


@pytest.mark.parametrize(
    ("days", "told"),
    [
        ({BEFORE: "ab", YESTERDAY: "ba", TODAY: "ab"}, "New at number one"),
        ({BEFORE: "ab", YESTERDAY: "ba", TODAY: "ba"}, "Number one for 2 snapshots"),
        ({BEFORE: "ab", YESTERDAY: "ab", TODAY: "ab"}, "Number one in all 3 snapshots"),
    ],
)
def test_the_number_one_says_for_how_long(days: dict[str, str], told: str):
    page = words(render(charts({"top_played": {day: chart(*keys) for day, keys in days.items()}})))
    assert told in page


def test_leading_tracks_say_what_became_of_them():
    days = {BEFORE: chart("a", "b", "c", "d"), YESTERDAY: chart("a", "b", "c"), TODAY: chart("a", "c", "b", "d", "e")}
    page = words(render(charts({"top_played": days})))
    _, _, table = page.partition("First tracks of top played")
    assert "1 = unchanged A" in table
    assert "2 ▲ 1 up 1 C" in table
    assert "3 ▼ 1 down 1 B" in table
    assert "4 back D Artist d 4 2" in table
    assert "5 new E Artist e 5 1" in table


def test_a_long_window_is_drawn_by_weeks_and_says_so():
    days = {f"2026-{month:02}-{day:02}": chart("a", "b") for month in range(5, 11) for day in range(1, 31)}
    data = charts({"top_played": {**days, TODAY: chart("b", "a")}})
    (feed,) = figures(data)
    rows = drawn.bump(feed, ENGLISH)["datasets"]["rows"]
    assert len(rows) <= 2 * 60
    assert {row["run"] for row in rows} == {0}  # what is not drawn is no gap
    assert rows[-1]["last"] and rows[-1]["day"] == TODAY
    assert "The window is long: every 4th snapshot is drawn." in words(render(data))


def test_the_subtitle_of_a_missing_feed_tells_of_its_last_snapshot():
    data = charts({"top_played": {YESTERDAY: chart("a")}, "popular_songs": {TODAY: chart("b")}})
    page = words(render(replace(data, feeds=["top_played", "popular_songs"])))
    assert "Its last snapshot in the window is of 21 November 2026." in page
