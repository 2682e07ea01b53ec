"""Figures and pictures of the marts: by hand on a few rows, and whatever names tracks and artists have."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyspotify_assets.glance import PICTURED, Glance, of_mart, of_report, of_years
from pyspotify_assets.pictures import SHOWN, Bar, bars, columns, lines
from pyspotify_assets.tables import (
    CHART_EXITS,
    CHART_MOVEMENT,
    LISTENING_ARTISTS,
    LISTENING_HOURS,
    LISTENING_TRACKS,
    MARTS,
    RELEASE_PROFILE,
    TOP_ARTISTS,
)
from pyspotify_assets_tests.report.synthetic import HISTORY_SCHEMA, table

DAY = "2026-11-22"
HOSTILE = [
    "</text><script>alert(1)</script>",
    "a) ![x](http://x/y) `b` \\",
    '"&amp;<b>%41#',
    "\x00\x0b\u2028",
    "月の歌",
]


def drawn(markdown: str) -> ElementTree.Element:
    """The SVG of a picture, which must be XML."""
    [address] = re.findall(r"\]\(data:image/svg\+xml,([^\x00-\x20]+)\)\Z", markdown)
    return ElementTree.fromstring(unquote(address))  # noqa: S314 - ours, and what is tested


def texts(markdown: str) -> list[str]:
    return [(text.text or "").replace("\xa0", " ") for text in drawn(markdown).iter("{http://www.w3.org/2000/svg}text")]


def moved(**columns: Any) -> dict[str, Any]:
    return {"feed": "top_played", "track_key": "A", "track_name": "Song", "rank": 1, "snapshot_date": DAY, **columns}


class TestFigures:
    def test_movement(self):
        found = of_mart(
            CHART_MOVEMENT,
            table(
                CHART_MOVEMENT,
                [
                    moved(previous_date="2026-11-21", movement=3, is_new=False, is_returning=False, popularity=70),
                    moved(previous_date="2026-11-21", movement=-8, is_new=False, is_returning=False, popularity=80),
                    moved(previous_date="2026-11-21", is_new=True, is_returning=False, popularity=None),
                    moved(previous_date="2026-11-21", is_new=False, is_returning=True, popularity=None),
                ],
            ),
            DAY,
        )

        assert found.figures == {
            "top_played/tracks": 4,
            "top_played/mean_popularity": 75.0,
            "top_played/newcomers": 1,
            "top_played/returns": 1,
            "top_played/churn_share": 0.5,
            "top_played/climbers": 1,
            "top_played/fallers": 1,
            "top_played/biggest_climb": 3,
            "top_played/biggest_fall": 8,
        }
        assert texts(found.pictures["top_played/chart"]) == ["▲ 3 Song", "▼ 8 Song"]

    def test_on_a_first_day_without_popularity_there_is_nothing_to_compare_and_nothing_is_called_nought(self):
        found = of_mart(CHART_MOVEMENT, table(CHART_MOVEMENT, [moved()]), DAY)

        assert found.figures == {"top_played/tracks": 1}
        assert found.pictures == {"top_played/chart": "No earlier snapshot in the window, or no track that moved since"}

    def test_exits_and_that_there_were_none(self):
        exits = [{"feed": "top_played", "last_rank": rank, "days_on_chart": 3} for rank in (7, 48, 49)]

        found = of_mart(CHART_EXITS, table(CHART_EXITS, exits), DAY, compared=["popular_songs", "top_played"])

        assert found.figures == {
            "popular_songs/exits": 0,
            "top_played/exits": 3,
            "top_played/best_rank_lost": 7,
            "top_played/mean_days_on_chart": 3.0,
        }
        assert texts(found.pictures["top_played/chart"]) == ["1: rank 1–10", "2: rank 11–50"]

    def test_artists(self):
        rows = [
            {"feed": "a", "artist_name": "Solo", "tracks": 1, "best_rank": 1, "chart_share": 0.25},
            {"feed": "a", "artist_name": "Duo", "tracks": 3, "best_rank": 2, "chart_share": 0.75},
        ]

        found = of_mart(TOP_ARTISTS, table(TOP_ARTISTS, rows), DAY)

        assert found.figures == {"a/artists": 2, "a/most_tracks": 3, "a/largest_share": 0.75}
        assert texts(found.pictures["a/chart"]) == ["3 Duo", "1 Solo"]

    def test_releases(self):
        rows = [
            {"feed": "a", "release_year": 2026, "tracks": 3, "mean_duration_ms": 200_000.0},
            {"feed": "a", "release_year": None, "tracks": 1, "mean_duration_ms": 100_000.0},
        ]

        found = of_mart(RELEASE_PROFILE, table(RELEASE_PROFILE, rows), DAY)

        assert found.figures == {
            "a/years": 1,
            "a/tracks_without_a_year": 1,
            "a/share_of_this_year": 0.75,
            "a/mean_duration_s": 175.0,
        }
        assert texts(found.pictures["a/chart"]) == ["3 of 2026"]

    def test_many_years_are_columns_between_the_first_and_the_last_and_older_ones_are_told(self):
        years = [1950, *range(2000, 2027)]
        rows = [{"feed": "a", "release_year": year, "tracks": 2} for year in years]

        picture = of_mart(RELEASE_PROFILE, table(RELEASE_PROFILE, rows), DAY).pictures["a/chart"]

        assert picture.startswith("Tracks by year of release, 1987 to 2026 (2 are older)\n")
        assert texts(picture) == ["1987", "2026", "2000"]

    def test_the_listening_history(self):
        played = [{"rank": 1, "track_name": "Song", "artist_name": "Solo", "plays": 1200, "minutes": 3600.04}]
        hours = [{"weekday": day, "hour": 12, "plays": 2, "minutes": 10.0} for day in (1, 2)]

        tracks, artists = (of_mart(mart, table(mart, played), "2026") for mart in (LISTENING_TRACKS, LISTENING_ARTISTS))
        by_hour = of_mart(LISTENING_HOURS, table(LISTENING_HOURS, hours), "2026")

        assert tracks.figures == artists.figures == {"plays": 1200, "minutes": 3600.0}
        assert (texts(tracks.pictures["chart"]), texts(artists.pictures["chart"])) == (["1,200 Song"], ["1,200 Solo"])
        assert by_hour.figures == {"plays": 4, "minutes": 20.0}
        assert "12 h" in texts(by_hour.pictures["chart"])

    @pytest.mark.parametrize("mart", [*MARTS, LISTENING_HOURS], ids=lambda mart: mart.name)
    def test_no_rows_say_nothing(self, mart):
        assert of_mart(mart, table(mart, []), DAY) == Glance()

    def test_so_many_feeds_have_a_picture_and_all_have_figures(self):
        rows = [moved(feed=f"feed_{number}") for number in range(PICTURED + 1)]

        found = of_mart(CHART_MOVEMENT, table(CHART_MOVEMENT, rows), DAY)

        assert (len(found.pictures), len(found.figures)) == (PICTURED, PICTURED + 1)


def test_the_report_shows_the_way_of_the_days_leaders():
    rows = [
        moved(track_key="A", rank=1),
        moved(track_key="B", track_name="Other", rank=2),
        moved(track_key="B", track_name="Other", rank=1, snapshot_date="2026-11-21"),
        moved(track_key="C", track_name="Gone", rank=2, snapshot_date="2026-11-21"),
    ]

    picture = of_report(pa.Table.from_pylist(rows, HISTORY_SCHEMA), DAY).pictures["top_played/chart"]

    assert picture.startswith("The day's first 2 over 2 snapshots\n")
    assert texts(picture) == ["1 Song", "2 Other"]
    first, second = drawn(picture).iter("{http://www.w3.org/2000/svg}path")
    assert "l" not in first.attrib["d"]  # It was not there the day before: a point, no line.
    assert "l" in second.attrib["d"]


def test_the_page_about_listening_shows_the_minutes_of_each_year():
    hours = [{"play_year": year, "minutes": 600.4} for year in ("2025", "2024", "2025")]
    assert texts(of_years(hours).pictures["chart"]) == ["600 in 2024", "1,201 in 2025"]
    assert of_years([]) == Glance()


class TestPictures:
    @pytest.mark.parametrize("name", HOSTILE)
    def test_no_name_breaks_out_of_a_picture(self, name):
        for picture in (bars("Ours", [Bar(1, name)]), lines("Ours", [(name, [1, 2])]), columns("Ours", {name: 1})):
            root = drawn(picture)
            assert {element.tag.rpartition("}")[2] for element in root.iter()} <= {"svg", "path", "g", "text"}
            assert picture.count("](") == 1

    @given(st.lists(st.tuples(st.text(), st.lists(st.none() | st.integers(1, 1000), max_size=40)), max_size=7))
    def test_any_names_and_ranks_can_be_drawn(self, series: Sequence[tuple[str, list[int | None]]]):
        for picture in (
            lines("Ours", series),
            bars("Ours", [Bar(len(name), name) for name, _ in series]),
            columns("Ours", {name: len(ranks) for name, ranks in series}),
        ):
            assert picture == "Ours: nothing to draw" or drawn(picture) is not None

    def test_eight_names_as_long_as_they_are_shown_and_five_leaders_over_a_fortnight_need_no_button(self):
        names = [f"{number} Maré e Solidão (Ao Vivo) [feat. Velmor]" for number in range(8)]

        many, leaders = (
            bars("Ours", [Bar(9, name) for name in names]),
            lines("Ours", [(name, [rank * 7 % 90 + 1 for rank in range(14)]) for name in names]),
        )

        assert len(many) < SHOWN and len(texts(many)) >= 6
        assert len(leaders) < SHOWN and len(texts(leaders)) >= 4
