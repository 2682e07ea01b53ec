"""How much of a chart changes: counted by hand, thinned for a long window, and stated where it cannot be known."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyspotify_assets.report import render
from pyspotify_assets.report.churn import MOST_DRAWN, Turn, drawn, mean_share, periods, total, turns
from pyspotify_assets.report.figures import figures

from .synthetic import BEFORE, TODAY, YESTERDAY, chart, charts


def row(day: str, previous: str | None, tracks: int, newcomers: int = 0, returns: int = 0) -> dict[str, Any]:
    return {
        "snapshot_date": day,
        "previous_date": previous,
        "tracks": tracks,
        "newcomers": newcomers,
        "returns": returns,
        "mean_popularity": None,
    }


def test_who_came_came_back_and_left_is_told_apart():
    days = {BEFORE: chart("a", "b", "c", "d"), YESTERDAY: chart("a", "c", "d", "e"), TODAY: chart("b", "c", "e", "f")}
    (feed,) = figures(charts({"top_played": days}))
    assert [(turn.newcomers, turn.returns, turn.exits, turn.share) for turn in feed.turns] == [
        (None, None, None, None),
        (1, 0, 1, 0.25),
        (1, 1, 2, 0.5),
    ]
    assert [r["track_key"] for r in feed.newcomers] == ["f"]
    assert [r["track_key"] for r in feed.returning] == ["b"]


def test_a_chart_that_grows_loses_nobody_by_that():
    assert turns([row(YESTERDAY, None, 10), row(TODAY, YESTERDAY, 15, newcomers=5)])[-1].exits == 0


def test_who_left_is_unknown_where_the_snapshot_before_is_outside_the_window():
    (turn,) = turns([row(TODAY, YESTERDAY, 10, newcomers=2)])
    assert (turn.share, turn.exits) == (0.2, None)
    assert total([turn, turn], "newcomers") == 4
    assert total([turn, turn], "exits") is None


def test_an_empty_snapshot_has_no_share():
    assert turns([row(TODAY, YESTERDAY, 0)])[0].share is None
    assert mean_share([]) is None


@given(st.integers(1, 800))
def test_a_window_of_any_length_is_drawn_by_few_points_and_ends_today(length: int):
    days = [f"{number:03}" for number in range(length)]
    shown = drawn(days)
    assert len(shown) <= MOST_DRAWN
    assert shown[-1] == days[-1]
    assert shown == sorted(set(shown))
    assert shown == days or length > MOST_DRAWN


@given(st.integers(0, 800), st.integers(0, 3))
def test_every_change_is_in_one_period_and_none_twice(known: int, unknown: int):
    changes = [Turn(f"u{number}", 10) for number in range(unknown)]
    changes += [Turn(f"{number:03}", 10, 1, 0, 1) for number in range(known)]
    groups = periods(changes)
    assert [turn for group in groups for turn in group] == changes[unknown:]
    assert len(groups) <= MOST_DRAWN
    assert len({len(group) for group in groups[1:]}) <= 1


def test_a_year_is_weeks():
    changes = [Turn(f"{number:03}", 10, 1, 0, 1) for number in range(365)]
    assert [len(group) for group in periods(changes)] == [1, *[7] * 52]


@pytest.mark.parametrize(
    ("days", "words"),
    [
        ((TODAY,), "Change needs two snapshots, and this is the first."),
        ((YESTERDAY, TODAY), "No track came back since 21 November."),
    ],
)
def test_where_there_is_nothing_to_see_it_says_why(days: tuple[str, ...], words: str):
    assert words in render(charts({"top_played": {day: chart("a", "b") for day in days}}))
