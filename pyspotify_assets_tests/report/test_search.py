"""The search above the chart of ranks, in a real browser: what stands out, what is said, and by keyboard alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from pyspotify_assets.report import render, texts_in

from .conftest import Opened
from .synthetic import TODAY, YESTERDAY, chart, charts, track

pytestmark = pytest.mark.xdist_group("browser")

BOX = "#feed-top_played .search"
TRACKS = [
    track("a", "Ana Sol", title="Água"),
    track("b", "Beto & <i>Cia</i>", title="Brisa"),
    track("c", "Ana Sol", title="Chuva"),
    *chart(*(f"t{number}" for number in range(1, 1200))),
    track("z", "Ana Sol", title="Zênite"),
    track("y", "Só Fora", title="Outra"),
]


@pytest.fixture(scope="module")
def page_html() -> dict[str, str]:
    data = charts({"top_played": {YESTERDAY: TRACKS[::-1], TODAY: TRACKS}})
    return {language: render(data, texts_in(language)) for language in ("en", "pt-BR")}


class Search:
    """The search of an open report."""

    def __init__(self, report: Any) -> None:
        self.report, self.page = report, report.page
        self.field = self.page.locator(f"{BOX} input")

    def answer(self, text: str) -> list[str]:
        """Type a text and wait for what the live region then says, line by line."""
        self.field.fill(text)
        return self.said()

    def said(self) -> list[str]:
        self.page.locator(f"{BOX} [role=status] p:not(:empty)").wait_for()
        return self.page.locator(f"{BOX} [role=status]").inner_text().replace("\n\n", "\n").split("\n")

    def standing_out(self) -> int:
        """Lines of the chart that are not faint, once it has been drawn anew."""
        self.page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        return self.page.evaluate(
            "[...document.querySelectorAll('[data-chart] .mark-line path')]"
            ".filter((line) => Number(line.getAttribute('opacity') ?? 1) === 1).length"
        )


@pytest.fixture(scope="module")
def report(chromium: Any, page_html: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    report = Opened(chromium, tmp_path_factory.mktemp("search") / "report.html", page_html["en"])
    yield report
    report.context.close()


@pytest.fixture
def searched(report: Opened) -> Search:
    """The search of a page that all tests share, cleared."""
    searched = Search(report)
    searched.field.press("Escape")
    return searched


def test_all_lines_of_an_artist_stand_out_and_the_ranks_of_all_their_tracks_are_said(searched: Search):
    assert searched.standing_out() == 15
    said = searched.answer("Ana Sol")
    assert said == [
        "3 tracks of this day. 2 lines of this chart stand out.",
        "1 Água Ana Sol", "3 Chuva Ana Sol", "1,203 Zênite Ana Sol",
    ]  # fmt: skip
    assert searched.standing_out() == 2


def test_case_and_accents_do_not_matter_and_a_part_of_a_title_is_enough(searched: Search):
    assert searched.answer("AGUA") == ["1 track of this day. 1 line of this chart stands out.", "1 Água Ana Sol"]
    assert searched.standing_out() == 1


def test_an_artist_outside_the_chart_has_ranks_too_and_no_line_fades(searched: Search):
    assert searched.answer("só fora") == ["1 track of this day. No line of this chart.", "1,204 Outra Só Fora"]
    assert searched.standing_out() == 15


def test_what_is_not_there_is_said_to_be_absent(searched: Search):
    assert searched.answer("nobody") == ["No track of this day has that in its title or artist."]
    assert searched.standing_out() == 15


def test_a_name_with_markup_in_it_is_text(searched: Search):
    assert searched.answer("<i>cia</i>")[1] == "2 Brisa Beto & <i>Cia</i>"
    assert searched.report.complaints == []


def test_many_finds_are_counted_and_the_first_are_listed(searched: Search):
    said = searched.answer("artist t")
    assert said[0] == "1,199 tracks of this day. 12 lines of this chart stand out."
    assert (len(said), said[-1]) == (10, "and 1,191 more")


def test_it_is_used_by_keyboard_alone_and_escape_and_the_button_clear_it(searched: Search):
    page = searched.page
    searched.field.focus()
    page.keyboard.type("ana")
    page.get_by_text("3 tracks of this day. 2 lines").wait_for()
    assert searched.standing_out() == 2
    page.keyboard.press("Escape")
    assert searched.field.input_value() == page.locator(f"{BOX} [role=status]").inner_text() == ""
    assert searched.standing_out() == 15
    assert page.locator(f"{BOX} button").is_disabled()
    page.keyboard.type("ana")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert searched.field.input_value() == ""
    assert page.evaluate("document.activeElement.type") == "search"
    assert searched.report.complaints == []


def test_every_artist_of_the_day_is_proposed_those_of_the_chart_first(searched: Search):
    values = searched.page.eval_on_selector_all(f"{BOX} option", "all => all.map((option) => option.value)")
    assert values[:3] == ["Ana Sol", "Beto & <i>Cia</i>", "Artist t1"]
    assert (len(values), values[-1]) == (1202, "Só Fora")


def test_it_answers_in_the_language_of_the_page(opened: Any, page_html: dict[str, str]):
    searched = Search(opened(page_html["pt-BR"], width=375))
    assert searched.answer("ana sol")[0] == "3 faixas deste dia. 2 linhas em destaque no gráfico."
    assert searched.said()[-1] == "1.203 Zênite Ana Sol"
    assert searched.page.locator(f"{BOX} label").inner_text() == "Busque um artista ou uma faixa"
    assert searched.report.overflow() <= 0


def test_the_axis_names_months_in_the_language_of_the_page(opened: Any, page_html: dict[str, str]):
    words = opened(page_html["pt-BR"]).page.locator("[data-chart] .role-axis-label").all_text_contents()
    assert "22 nov" in words[0] and "Nov" not in words[0]


def test_without_javascript_there_is_no_search(chromium: Any, page_html: dict[str, str], tmp_path: Any):
    file = tmp_path / "report.html"
    file.write_text(page_html["en"], encoding="utf-8")
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(file.as_uri())
    assert page.locator(BOX).count() == 1
    assert not page.locator(BOX).is_visible()
    context.close()
