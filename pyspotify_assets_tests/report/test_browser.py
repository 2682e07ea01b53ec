"""The report in a real browser, opened from a file."""

from __future__ import annotations

from typing import Any

import pytest

from pyspotify_assets.report import Check, render

from . import synthetic
from .synthetic import TODAY, YESTERDAY, charts

pytestmark = pytest.mark.xdist_group("browser")  # One browser for them all.


def _slow(width: int, scheme: str) -> Any:
    return pytest.param(width, scheme, marks=pytest.mark.slow)


@pytest.mark.parametrize(
    ("width", "scheme"), [(375, "light"), (1280, "dark"), _slow(375, "dark"), _slow(1280, "light")]
)
def test_all_charts_are_drawn_without_a_word_or_a_request(opened: Any, full_page: str, width: int, scheme: str):
    report = opened(full_page, width=width, scheme=scheme)
    assert report.drawn() == ["drawn"] * 16
    assert report.complaints == []
    assert report.requests == [report.url]
    assert report.overflow() <= 0


def test_open_tables_stay_within_a_phone(opened: Any, full_page: str):
    report = opened(full_page, width=375)
    report.page.eval_on_selector_all("details", "all => all.forEach(e => { e.open = true; })")
    assert report.overflow() <= 0


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(synthetic.empty(), id="nothing"),
        pytest.param(synthetic.full_day(days=1, popularity=False), id="first-day"),
        pytest.param(synthetic.full_day(days=2), id="two-days"),
    ],
)
@pytest.mark.parametrize(("width", "scheme"), [(375, "light"), _slow(1280, "dark")])
def test_days_with_less_are_whole_pages_too(opened: Any, data: Any, width: int, scheme: str):
    report = opened(render(data), width=width, scheme=scheme)
    assert set(report.drawn()) <= {"drawn"}
    assert report.complaints == []
    assert report.requests == [report.url]
    assert report.overflow() <= 0


@pytest.mark.parametrize(("width", "scheme"), [(375, "dark"), _slow(1280, "light")])
def test_a_year_is_drawn_by_weeks(opened: Any, year_page: str, width: int, scheme: str):
    report = opened(year_page, width=width, scheme=scheme)
    assert report.drawn() == ["drawn"] * 16
    assert report.complaints == []
    assert report.overflow() <= 0
    columns = report.page.locator("[data-chart=chart-top_played-churn] .mark-rect path").count()
    assert columns == 53  # 365 changes: 52 weeks, and what is left of one


def test_the_contents_stay_in_sight_and_lead_below_themselves(opened: Any, full_page: str):
    report = opened(full_page, width=375)
    report.page.emulate_media(reduced_motion="reduce")  # Or it would glide there.
    report.page.locator(".contents a", has_text="health").click()
    bar = report.page.locator(".contents").bounding_box()
    heading = report.page.locator("#health h2").bounding_box()
    assert bar["y"] == 0
    assert heading["y"] >= bar["height"]


def test_a_box_of_the_lineage_leads_to_its_columns_by_keyboard_and_shows_where_it_comes_from(
    opened: Any, full_page: str
):
    report = opened(full_page)
    box = report.page.get_by_role("link", name="chart_exits spotify_marts, made from")
    box.focus()
    report.page.keyboard.press("Shift+Tab")
    report.page.keyboard.press("Tab")  # as the keyboard does: focus is visible then
    lit = "all => all.filter((line) => Number(getComputedStyle(line).opacity) === 1).length"
    # Both feeds from Spotify to the mart (search, raw, refined, table), and from there to the report.
    assert report.page.eval_on_selector_all(".lineage path", lit) == 9
    report.page.keyboard.press("Enter")
    report.page.get_by_role("table", name="spotify_marts.chart_exits").wait_for(timeout=3000)


def test_the_colours_of_a_chart_follow_the_readers_setting_without_drawing_again(opened: Any, full_page: str):
    report = opened(full_page)
    colour = "getComputedStyle(document.querySelector('[data-chart] svg text')).fill"
    light = report.page.evaluate(colour)
    report.page.emulate_media(color_scheme="dark")
    assert report.page.evaluate(colour) != light


def test_hostile_names_do_nothing_but_be_read(opened: Any):
    evil = "</script><img src=x onerror=alert(1)><script>alert(2)</script>'\"`${alert(3)}"
    tracks = [{"key": f"{evil}{n}", "title": evil, "artist": evil, "ms": 200_000, "year": 2026} for n in (1, 2)]
    data = charts(
        {"top_played": {YESTERDAY: tracks, TODAY: tracks[::-1]}}, checks=[Check(evil, evil, False, evil, evil)]
    )
    report = opened(render(data))
    for point in report.page.locator("[data-chart]").first.locator(".mark-symbol.role-mark").last.locator("path").all():
        point.hover(force=True)
        tip = report.page.locator(".vg-tooltip.visible")
        tip.wait_for(timeout=3000)
        assert evil in tip.inner_text()
    assert report.drawn() == ["drawn"] * 6
    assert report.page.locator("img").count() == 0
    assert report.complaints == []
    assert report.requests == [report.url]


def test_pointing_at_a_line_shows_its_track_and_fades_the_others(opened: Any, full_page: str):
    report = opened(full_page)
    chart = report.page.locator("#feed-top_played [data-chart]").first
    chart.scroll_into_view_if_needed()
    chart.locator(".mark-symbol.role-mark").last.locator("path").first.hover(force=True)
    tip = report.page.locator(".vg-tooltip.visible")
    tip.wait_for(timeout=3000)
    assert "Track" in tip.inner_text()
    report.page.wait_for_function(
        "[...document.querySelectorAll('#feed-top_played [data-chart] .mark-line path')]"
        ".some((line) => Number(line.getAttribute('opacity') ?? getComputedStyle(line).opacity) < 0.5)",
        timeout=3000,
    )
    assert report.complaints == []


def test_the_keyboard_reaches_contents_and_tables_visibly(opened: Any, full_page: str):
    report = opened(full_page)
    report.page.keyboard.press("Tab")
    assert report.page.evaluate("document.activeElement.className") == "skip"
    assert report.page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    report.page.locator("summary").first.focus()
    report.page.keyboard.press("Enter")
    assert report.page.locator("details[open] table").first.is_visible()
