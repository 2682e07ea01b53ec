"""The page about the listening history: what it shows of each year, when there is little, and hostile names."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from pyspotify_assets.report.listening import ListeningData, render_listening
from pyspotify_assets.report.runtime import chart_runtime

EVIL = "</script><img src=x onerror=alert(1)><script>alert(2)</script>'\"`${alert(3)}"


def data(years: tuple[str, ...] = ("2022", "2023"), name: str = "Song", listed: int = 12) -> ListeningData:
    """Some tracks and artists of each year, most plays on Tuesday and between nine and ten."""

    def ranked(what: str) -> list[dict[str, Any]]:
        return [
            {
                "play_year": year,
                "rank": rank,
                "track_name": f"{what} {year} {rank}",
                "artist_name": f"Artist of {what} {rank}",
                "tracks": 1,
                "plays": 1000 - rank,
                "minutes": 5000.4 - rank,
            }
            for year in years
            for rank in range(listed, 0, -1)
        ]

    hours = [
        {
            "play_year": year,
            "weekday": day,
            "hour": hour,
            "plays": 2,
            "minutes": 10.0 + 5 * (day == 2) + 7 * (hour == 9),
        }
        for year in years
        for day in range(1, 8)
        for hour in range(24)
        if hour != 4
    ]
    return ListeningData(ranked(name), ranked(name), hours, "America/Sao_Paulo", datetime(2026, 11, 22, 12, tzinfo=UTC))


def words(page: str) -> str:
    return " ".join(
        re.sub(r"<(style|script)\b.*?</\1>|<[^>]+>", " ", page.replace(chart_runtime(), ""), flags=re.S).split()
    )


def test_it_says_the_years_and_all_that_was_played_in_them():
    page = words(render_listening(data()))
    assert "2022 to 2023" in page
    assert "644 plays, 59 hours of listening" in page
    assert "322 plays, 30 hours of listening" in page
    assert "on the clock of America/Sao_Paulo" in page
    assert "22 November 2026, 12:00 UTC" in page


def test_each_year_has_its_ten_first_tracks_and_artists_the_newest_year_first():
    page = words(render_listening(data()))
    assert page.index("What was played most in 2023") < page.index("What was played most in 2022")
    assert "1 Song 2023 1 Artist of Song 1 999 4,999" in page
    assert "10 Song 2023 10" in page
    assert "Song 2023 11" not in page


def test_every_chart_has_its_words_and_its_figures_in_a_table():
    html = render_listening(data())
    assert html.count("data-chart=") == 4  # by hour, by weekday, and both of each of two years
    assert "Most, 248, from 9:00 to 10:00; fewest, 0, from 4:00 to 5:00." in html
    assert "Most, 704, on Tuesday; fewest, 474, on Monday." in html
    page = words(html)
    assert "4:00 0 0 5:00 28 150" in page
    assert "Tuesday 92 704 Wednesday 92 474" in page


def test_identical_data_give_identical_text():
    assert render_listening(data()) == render_listening(data())


def test_without_a_play_it_says_how_to_import_some():
    page = words(render_listening(ListeningData([], [], [], "UTC", datetime(2026, 11, 22, tzinfo=UTC))))
    assert "No play has been imported yet: pyspotify import my_spotify_data.zip" in page


def test_a_year_of_podcasts_only_says_so():
    page = words(render_listening(replace(data(("2023",)), tracks=[], artists=[])))
    assert "No track was played in 2023." in page
    assert "No artist was played in 2023." in page


def test_names_are_escaped():
    html = render_listening(data(name=EVIL)).replace(chart_runtime(), "")
    assert "<img" not in html
    assert "&lt;img src=x" in html


@pytest.mark.xdist_group("browser")
@pytest.mark.parametrize("width", [375, 1280])
@pytest.mark.parametrize("name", ["Song", EVIL])
def test_in_a_browser_all_charts_are_drawn_and_nothing_else_happens(opened: Any, width: int, name: str):
    report = opened(render_listening(data(name=name)), width=width)
    report.page.eval_on_selector_all("details", "all => all.forEach(e => { e.open = true; })")
    assert report.drawn() == ["drawn"] * 4
    assert report.complaints == []
    assert report.requests == [report.url]
    assert report.overflow() <= 0
