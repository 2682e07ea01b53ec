"""Headline numbers and charts' rows, worked out by hand."""

from __future__ import annotations

import pytest

from pyspotify_assets.report import charts as drawn
from pyspotify_assets.report.drawings import STRIP
from pyspotify_assets.report.figures import Totals, figures
from pyspotify_assets.report.languages import ENGLISH

from .synthetic import BEFORE, TODAY, YESTERDAY, chart, charts, track


def test_headline_numbers_come_with_their_change_as_far_as_the_window_shows_it():
    days = {
        BEFORE: [track("a", popularity=50), track("b", popularity=50)],
        YESTERDAY: [track("a", popularity=60), track("c", "Bob", popularity=70)],
        TODAY: [track("c", "Bob", popularity=80), track("d", "Cy"), track("e", "Di", popularity=60)],
    }
    (feed,) = figures(charts({"top_played": days}))
    # 21 November: c came, b left. 22 November: d and e came, a left; the mean is of the two popularities given.
    assert feed.totals == Totals(tracks=3, artists=3, newcomers=2, returns=0, exits=1, popularity=70)
    assert feed.change == Totals(tracks=1, artists=1, newcomers=1, returns=0, exits=0, popularity=5)


def test_popularity_that_is_not_given_is_unknown_and_not_zero():
    (feed,) = figures(charts({"top_played": {YESTERDAY: chart("a"), TODAY: chart("a")}}))
    assert feed.totals is not None and feed.totals.popularity is None
    assert feed.change is not None and feed.change.popularity is None


def test_a_first_day_has_no_change_and_no_newcomers():
    (feed,) = figures(charts({"top_played": {TODAY: chart("a", "b")}}))
    assert feed.totals == Totals(tracks=2, artists=2)
    assert feed.change is None
    assert (feed.newcomers, feed.returning) == ([], [])


def test_a_line_breaks_where_its_track_was_off_the_chart():
    days = {"2026-11-19": chart("a", "b"), BEFORE: chart("b"), YESTERDAY: chart("b", "a"), TODAY: chart("b", "a")}
    (feed,) = figures(charts({"top_played": days}))
    rows = drawn.bump(feed, ENGLISH)["datasets"]["rows"]
    assert [(row["day"], row["run"]) for row in rows if row["key"] == "a"] == [
        ("2026-11-19", 0),
        (YESTERDAY, 1),
        (TODAY, 1),
    ]


def test_ranks_below_the_top_lie_in_the_strip_and_keep_their_number():
    many = [f"t{number}" for number in range(20)]
    days = {YESTERDAY: chart(*many), TODAY: chart(many[-1], *many[:-1])}
    (feed,) = figures(charts({"top_played": days}))
    rows = drawn.bump(feed, ENGLISH)["datasets"]["rows"]
    assert [(row["rank"], row["shown"]) for row in rows if row["key"] == "t19"] == [(20, 15 + STRIP), (1, 1)]
    assert {row["key"] for row in rows} == {many[-1], *many[:14]}


def test_lengths_are_counted_by_half_minutes_with_one_column_for_the_very_long():
    assert drawn.duration_bins([59_999, 60_000, 89_999, 150_000], ENGLISH) == [
        ("0:30–0:59", 30_000, 1),
        ("1:00–1:29", 60_000, 2),
        ("1:30–1:59", 90_000, 0),
        ("2:00–2:29", 120_000, 0),
        ("2:30–2:59", 150_000, 1),
    ]
    assert drawn.duration_bins([479_999, 480_000, 3_600_000], ENGLISH)[-1] == ("8:00 or more", 480_000, 2)


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [(0, 0, "±0"), (3, 0, "+3"), (-1234, 0, "−1,234"), (0.04, 1, "±0.0"), (-0.25, 2, "−0.25")],
)
def test_changes_carry_their_sign(value: float, decimals: int, text: str):
    assert ENGLISH.number(value, decimals, signed=True) == text
