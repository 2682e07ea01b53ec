"""The languages of the report: the same messages in each, and Brazilian Portuguese as a newspaper writes it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from string import Formatter
from typing import get_args

import pytest

from pyspotify_assets.report import ReportData, render, texts_in, three_facts
from pyspotify_assets.report.languages import ENGLISH, LANGUAGES, PORTUGUESE
from pyspotify_assets.report.listening import render_listening
from pyspotify_assets.report.runtime import chart_runtime
from pyspotify_assets.report.texts import Texts
from pyspotify_assets.settings import ReportLanguage

from . import synthetic
from .synthetic import TODAY, YESTERDAY, chart, charts
from .test_listening import data as listening_data

OTHERS = [pytest.param(texts, id=texts.language) for texts in LANGUAGES.values() if texts is not ENGLISH]
SAME_IN_ALL = {"none", "span", "listening_sum", "col_feed", "layer_spotify"}
"""Messages that may read alike in two languages: signs, names, and words that both have."""


def placeholders(message: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(message) if name}


def test_the_setting_knows_exactly_the_languages_that_there_are():
    assert set(get_args(ReportLanguage)) == set(LANGUAGES)
    assert all(texts_in(language).language == language for language in LANGUAGES)


@pytest.mark.parametrize("texts", OTHERS)
def test_every_language_has_the_same_messages(texts: Texts):
    assert list(texts.messages) == list(ENGLISH.messages)


@pytest.mark.parametrize("texts", OTHERS)
def test_every_message_has_the_same_placeholders_and_forms(texts: Texts):
    for name, message in ENGLISH.messages.items():
        other = texts.messages[name]
        assert placeholders(other) == placeholders(message), name
        assert other.count("|") == message.count("|") <= 1, name


@pytest.mark.parametrize("texts", OTHERS)
def test_no_message_was_left_in_english(texts: Texts):
    assert {name for name in ENGLISH.messages if texts.messages[name] == ENGLISH.messages[name]} <= SAME_IN_ALL


@pytest.mark.parametrize("texts", LANGUAGES.values(), ids=LANGUAGES)
def test_a_form_for_several_numbers_says_which(texts: Texts):
    forms = {name: message.split("|") for name, message in texts.messages.items() if "|" in message}
    assert [name for name, (_, other) in forms.items() if "{n}" not in other] == []
    if len(texts.singular) > 1:
        assert [name for name, (one, _) in forms.items() if "{n}" not in one] == []


@pytest.mark.parametrize("texts", LANGUAGES.values(), ids=LANGUAGES)
def test_months_and_weekdays_are_whole_and_told_apart_by_three_letters(texts: Texts):
    assert len({month[:3] for month in texts.months}) == 12
    assert len({day[:3] for day in texts.weekdays}) == 7


def test_portuguese_writes_numbers_days_and_plurals_as_brazil_does():
    assert PORTUGUESE.number(1234.5, 1) == "1.234,5"
    assert PORTUGUESE.number(-1234, signed=True) == "−1.234"
    assert PORTUGUESE.percent(0.034) == "3,4%"
    assert PORTUGUESE.day("2026-11-22", weekday=True) == "domingo, 22 de novembro de 2026"
    assert PORTUGUESE.day("2026-03-01") == "1º de março de 2026"
    assert PORTUGUESE.short_day("2026-11-22") == "22 de novembro"
    assert PORTUGUESE.instant(datetime(2026, 11, 22, 6, 5, tzinfo=UTC)) == "22 de novembro de 2026, 6h05 (UTC)"
    assert [PORTUGUESE.count("window", n) for n in (0, 1, 2)] == ["0 retrato", "1 retrato", "2 retratos"]


def test_english_writes_them_as_english_does():
    assert ENGLISH.number(1234.5, 1) == "1,234.5"
    assert ENGLISH.percent(0.034) == "3.4%"
    assert ENGLISH.day("2026-11-01", weekday=True) == "Sunday, 1 November 2026"
    assert [ENGLISH.count("window", n) for n in (0, 1, 2)] == ["0 snapshots", "1 snapshot", "2 snapshots"]


def test_the_default_feeds_have_names_in_portuguese_and_others_keep_theirs():
    assert PORTUGUESE.feed("top_played") == "mais tocadas"
    assert PORTUGUESE.feed("my_mix") == ENGLISH.feed("my_mix") == "my mix"


def test_the_facts_are_portuguese_sentences():
    data = charts({"top_played": {YESTERDAY: chart("a", "b"), TODAY: chart("b", "a", "c")}})
    assert three_facts(data, PORTUGUESE) == [
        "“B”, de Artist b, é o novo número um da parada “mais tocadas”, à frente de “A”, de Artist a.",
        "“B”, de Artist b, teve a maior subida: 1 posição, do 2º para o 1º lugar da parada “mais tocadas”.",
        "1 faixa estreou na parada “mais tocadas” e nenhuma saiu; a estreia mais alta é “C”, de Artist c, no 3º lugar.",
    ]


@pytest.mark.parametrize("texts", LANGUAGES.values(), ids=LANGUAGES)
def test_the_page_says_which_language_it_is_in(texts: Texts):
    page = render(synthetic.empty(), texts)
    assert f'<html lang="{texts.language}">' in page


def test_a_portuguese_page_has_no_english_sentence_of_ours(full_day: ReportData):
    pages = [render(full_day, PORTUGUESE), render(synthetic.empty(), PORTUGUESE)]
    pages.append(render_listening(listening_data(), PORTUGUESE))
    pages = [page.replace(chart_runtime(), "") for page in pages]
    for message in ENGLISH.messages.values():
        # The words before the first placeholder, where they are enough of a sentence to be looked for.
        words = re.split(r"[{|]", message)[0].strip()
        if words.count(" ") >= 2:
            assert not [page for page in pages if words in page], words
