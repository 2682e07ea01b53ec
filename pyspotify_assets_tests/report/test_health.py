"""The data's health, listening and lineage: what stands out, what is folded away, and what is said of nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyspotify_assets.report import render
from pyspotify_assets.report.data import Lineage, Quarantine, Query
from pyspotify_assets.report.figures import figures
from pyspotify_assets.report.health import age, missed_days
from pyspotify_assets.report.languages import ENGLISH
from pyspotify_assets.report.lineage_drawing import HEIGHT, WIDTH, boxes
from pyspotify_assets.report.lineage_section import ends
from pyspotify_assets.report.theme import RAMP, ramp

from . import synthetic
from .synthetic import TODAY, YESTERDAY, chart, charts
from .words import words

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("before", "told"),
    [
        (timedelta(minutes=1), "1 minute"),
        (timedelta(minutes=119), "119 minutes"),
        (timedelta(hours=2), "2 hours"),
        (timedelta(hours=47), "47 hours"),
        (timedelta(days=3, hours=5), "3 days"),
        (timedelta(seconds=-40), "0 minutes"),
    ],
)
def test_an_age_is_told_in_the_largest_unit_of_which_there_are_two(before: timedelta, told: str):
    assert age(NOW - before, NOW, ENGLISH) == told
    assert age((NOW - before).replace(tzinfo=None), NOW, ENGLISH) == told  # Athena's instants know no zone: UTC


def test_days_are_missed_from_the_first_snapshot_of_the_window_on():
    (feed,) = figures(charts({"top_played": {"2026-11-18": chart("a"), YESTERDAY: chart("a")}}))
    assert missed_days(feed, TODAY) == ["2026-11-19", "2026-11-20", TODAY]
    (never,) = figures(synthetic.empty(["top_played"]))
    assert missed_days(never, TODAY) == []


def test_missed_days_are_counted_and_the_last_ones_named():
    page = words(render(charts({"top_played": {"2026-11-18": chart("a"), TODAY: chart("a")}})))
    assert "days missed in the window 3" in page
    assert "3 days of the window have no snapshot, the last 19 November, 20 November, 21 November." in page


def test_quarantine_is_listed_with_reasons_and_places():
    aside = Quarantine("top_played", {"rank is no number": 2}, "lake/sample/quarantine/refined/top_played.csv")
    page = words(render(synthetic.full_day(days=1, quarantine=[aside])))
    assert "top played rank is no number 2 lake/sample/quarantine/refined/top_played.csv" in page
    assert "In quarantine" not in words(render(synthetic.full_day(days=1)))


def test_queries_have_their_cost_where_there_is_one_and_say_so_where_not():
    local = words(render(synthetic.full_day(days=1)))
    assert "3.3 MB of files at most. No cost: DuckDB on this machine." in local
    paid = [Query("spotify_marts/chart_movement", 4_400_000, 0.00005), Query("report/daily", 900, 0.00035)]
    page = words(render(synthetic.full_day(days=1, queries=paid)))
    assert "4.4 MB scanned by Amazon Athena, $0.000400 by its list price." in page
    assert "report/daily 900 B $0.000350" in page
    assert "was not noted" in words(render(synthetic.full_day(days=1, queries=())))


def test_what_passed_is_folded_away_behind_what_failed(full_page: str):
    section = full_page.partition('id="health"')[0].rpartition("<section")[2] + full_page.partition('id="health"')[2]
    shown, _, folded = section.partition("<details>")
    assert "popularity given" in words(shown)
    assert "ranks complete" not in words(shown)
    assert "ranks complete" in words(folded)


@pytest.mark.parametrize(
    ("sample", "told"),
    [(True, "The sample makes up charts, but nobody’s listening."), (False, "No play has been imported.")],
)
def test_without_plays_it_says_how_to_import_some(sample: bool, told: str):
    page = words(render(synthetic.full_day(days=1, hours=(), sample=sample)))
    assert told in page
    assert "pyspotify import my_spotify_data.zip" in page


def test_listening_names_the_busiest_hour_and_shows_the_newest_year_first():
    hours: list[dict[str, Any]] = [
        {"play_year": year, "weekday": 2, "hour": hour, "plays": 1, "minutes": minutes}
        for year, hour, minutes in (("2025", 9, 60.0), ("2026", 21, 90.0), ("2026", 22, 30.0))
    ]
    page = words(render(synthetic.full_day(days=1, hours=hours)))
    assert "2 hours of listening, most of them on Tuesday, 21:00–22:00." in page
    assert page.index("Tuesday, 21:00–22:00") < page.index("Tuesday, 9:00–10:00")


@given(st.floats(0, 1))
def test_the_colour_of_a_share_grows_with_it_and_only_nothing_has_none(share: float):
    step = int(ramp(share).removeprefix("ramp-"))
    assert 0 <= step < len(RAMP)
    assert (step == 0) is (share == 0)
    assert ramp(1) == f"ramp-{len(RAMP) - 1}"


class TestLineage:
    def test_every_table_has_a_box_in_its_layer_and_none_lies_over_another(self):
        edges = synthetic.lineage().edges
        placed = boxes(edges)
        assert {box.name for box in placed} == {name for edge in edges for name in edge}
        layer = {box.name: box.layer for box in placed}
        assert all(layer[before] < layer[after] for before, after in edges)
        assert not [
            (one.name, other.name)
            for one, other in combinations(placed, 2)
            if abs(one.x - other.x) < WIDTH and abs(one.y - other.y) < HEIGHT
        ]

    def test_columns_end_with_spotifys_field_or_what_is_outside_of_it(self):
        lineage = synthetic.lineage()
        assert ends(lineage, "spotify_marts.chart_movement", "artist_name") == [
            ("spotify/search", "artists[0].name"),
            ("spotify/playlist", "artists[0].name"),
        ]
        assert ends(lineage, "spotify_marts.chart_movement", "snapshot_date") == [("clock", "now")]

    def test_a_circle_ends_too(self):
        assert (
            ends(Lineage([("a", "b"), ("b", "a")], {"a": {"x": [("b", "x")]}, "b": {"x": [("a", "x")]}}), "a", "x")
            == []
        )

    def test_every_marts_columns_are_listed_with_their_origins(self, full_page: str):
        page = words(full_page)
        assert "movement rank position" in page
        assert "days_on_chart number of rows" in page

    def test_without_any_it_says_so(self):
        page = render(replace(synthetic.empty(), lineage=Lineage()))
        assert "Lineage was not worked out for this report." in page
        assert "<svg" not in page.partition("<body>")[2].partition("<script>")[0]

    def test_hostile_names_of_tables_are_text(self):
        evil = '"><script>alert(1)</script>'
        page = render(replace(synthetic.empty(), lineage=Lineage([(f"raw/{evil}", f"refined/{evil}")])))
        assert "<script>alert" not in page
