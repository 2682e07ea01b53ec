"""The pages for those who cannot see, or not point, or need contrast or rest: what axe finds, and what it cannot.

axe-core comes from npm, as package.json here says; `make test` puts it into .venv. Without it those tests are skipped.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from pyspotify_assets.report import ReportData, render, texts_in
from pyspotify_assets.report.languages import LANGUAGES
from pyspotify_assets.report.listening import ListeningData, render_listening
from pyspotify_assets.report.page import _file
from pyspotify_assets.report.texts import Texts

from . import synthetic
from .conftest import Opened
from .synthetic import TODAY, YESTERDAY, chart
from .test_listening import data as listening_data
from .test_page import without_runtime

pytestmark = pytest.mark.xdist_group("browser")

AXE = Path(sys.prefix, "node_modules", "axe-core", "axe.min.js")
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WIDTHS, SCHEMES = (1280, 375), ("light", "dark")
RUN_AXE = """async ([tags]) => {
  const { violations } = await axe.run(document, { runOnly: tags, resultTypes: ["violations"] });
  return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.html)[0]}`);
}"""
TWO_DAYS = {YESTERDAY: chart("a", "b", "c"), TODAY: chart("b", "a", "d")}


@cache
def daily(kind: str) -> ReportData:
    if kind == "year":
        return synthetic.full_year()
    return synthetic.full_day() if kind == "fortnight" else synthetic.full_day(days=1, popularity=False)


PAGES: dict[str, Callable[[Texts], str]] = {
    "nothing": lambda texts: render(synthetic.empty(), texts),
    "two-days": lambda texts: render(synthetic.charts({"top_played": TWO_DAYS}), texts),
    "first-day": lambda texts: render(daily("first-day"), texts),
    "fortnight": lambda texts: render(daily("fortnight"), texts),
    "year": lambda texts: render(daily("year"), texts),
    "listening": lambda texts: render_listening(listening_data(), texts),
    "listening-nothing": lambda texts: render_listening(
        ListeningData([], [], [], "UTC", synthetic.empty().generated_at), texts
    ),
}
SAMPLE = [
    ("nothing", "en", 1280, "dark"),
    ("two-days", "pt-BR", 375, "light"),
    ("listening", "pt-BR", 1280, "dark"),
]
"""Each language, width and scheme once. The slow tests take all there are."""


@cache
def page(kind: str, language: str) -> str:
    return PAGES[kind](texts_in(language))


class Examined(Opened):
    """A page with axe in it, every fold open and a search answered, so that all there can be is there."""

    def __init__(self, chromium: Any, file: Path, html: str, width: int, scheme: str) -> None:
        super().__init__(chromium, file, html, width, scheme)
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        self.page.eval_on_selector_all("details", "all => all.forEach(e => { e.open = true; })")
        for search in self.page.locator(".search").all():
            search.locator("input").fill("a")
            search.locator("[role=status] p:not(:empty)").wait_for()

    def faults(self, width: int, scheme: str) -> list[str]:
        self.page.set_viewport_size({"width": width, "height": 812})
        self.page.emulate_media(color_scheme=scheme)
        # The contents stay in sight above what is scrolled below them: half a link there is none too small.
        self.page.evaluate("scrollTo({top: 0, behavior: 'instant'})")
        return self.page.evaluate(RUN_AXE, [STANDARDS])


@pytest.fixture
def examined(chromium: Any, tmp_path: Path) -> Iterator[Callable[..., Examined]]:
    """Opens a page for axe: examined(kind, language, width, scheme). Skips where there is no axe."""
    if not AXE.exists():
        pytest.skip("no axe-core in .venv: `make test` puts it there where npm is")
    found: list[Examined] = []

    def open_it(kind: str, language: str, width: int = 1280, scheme: str = "light") -> Examined:
        found.append(Examined(chromium, tmp_path / "page.html", page(kind, language), width, scheme))
        return found[-1]

    yield open_it
    for one in found:
        one.context.close()


@pytest.mark.parametrize(("kind", "language", "width", "scheme"), SAMPLE)
def test_axe_finds_no_fault(examined: Callable[..., Examined], kind: str, language: str, width: int, scheme: str):
    assert examined(kind, language, width, scheme).faults(width, scheme) == []


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", PAGES)
def test_axe_finds_no_fault_in_any_width_and_scheme(examined: Callable[..., Examined], kind: str, language: str):
    opened = examined(kind, language)
    faults = {f"{width} {scheme}": opened.faults(width, scheme) for width in WIDTHS for scheme in SCHEMES}
    assert {where: found for where, found in faults.items() if found} == {}


def test_axe_would_find_a_fault(examined: Callable[..., Examined]):
    opened = examined("nothing", "en")
    opened.page.evaluate("document.querySelector('main h2').style.color = '#ccc'")
    opened.page.evaluate("document.documentElement.removeAttribute('lang')")
    assert {fault.partition(":")[0] for fault in opened.faults(1280, "light")} == {"color-contrast", "html-has-lang"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_chart_is_an_image_with_words_that_point_to_its_table(language: str):
    year = [("year", 7)] if language == "en" else []
    for kind, charts in [("fortnight", 16), ("listening", 4), *year]:
        labels = re.findall(r'role="img" aria-label="([^"]+)"', without_runtime(page(kind, language)))
        assert len(labels) == charts
        assert all(label.endswith(texts_in(language)("in_the_table")) and "{" not in label for label in labels)


def test_boxes_that_scroll_are_reached_by_keyboard_and_have_a_name():
    boxes = re.findall(r'<div class="scroll"[^>]*>', without_runtime(page("fortnight", "en")))
    assert boxes
    assert all('tabindex="0"' in box and 'role="group"' in box and "aria-label=" in box for box in boxes)


def test_what_the_checks_say_in_english_is_marked_as_english_elsewhere():
    assert 'lang="en">' in without_runtime(page("fortnight", "pt-BR"))
    assert without_runtime(page("fortnight", "en")).count('lang="en"') == 1


def test_the_skip_link_leads_past_the_head(opened: Any):
    report = opened(page("two-days", "en"))
    report.page.keyboard.press("Tab")
    report.page.keyboard.press("Enter")
    report.page.keyboard.press("Tab")
    assert report.page.evaluate("document.activeElement.closest('main') !== null")


def test_nothing_moves_for_those_who_asked_for_less_motion(opened: Any):
    report = opened(page("nothing", "en"))
    report.page.emulate_media(reduced_motion="reduce")
    assert report.page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"
    assert not re.search(r"\b(animation|transition)", _file("page.css"))


def test_with_forced_colours_lines_and_words_of_a_chart_are_seen_on_any_ground(opened: Any):
    report = opened(page("two-days", "en"))
    report.page.emulate_media(forced_colors="active", color_scheme="dark")
    ground, ink, line = report.page.evaluate(
        """() => {
          const style = (selector) => getComputedStyle(document.querySelector(selector));
          return [style(".panel").backgroundColor, style(".chart text").fill, style(".chart .mark-line path").stroke];
        }"""
    )
    assert len({ground, ink}) == 2 and ground != line


@pytest.mark.parametrize("language", LANGUAGES)
def test_on_paper_there_is_no_control_and_nothing_is_cut_off(opened: Any, language: str):
    report = opened(page("two-days", language), width=720, scheme="dark")
    report.page.emulate_media(media="print")
    for control in ("nav", ".skip", ".search", "summary"):
        assert not report.page.locator(control).first.is_visible()
    assert report.overflow() <= 0
    ink, ground = report.page.evaluate(
        "[getComputedStyle(document.body).color, getComputedStyle(document.documentElement).backgroundColor]"
    )
    assert (ink, ground) == ("rgb(28, 20, 48)", "rgb(255, 255, 255)")
