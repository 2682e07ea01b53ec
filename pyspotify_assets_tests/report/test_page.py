"""The page as text: what is in it once, what only sometimes, and what never."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from dataclasses import replace
from itertools import pairwise

import pytest

from pyspotify_assets.report import Check, ReportData, render, theme
from pyspotify_assets.report.page import _file
from pyspotify_assets.report.runtime import chart_runtime, json_for_html

from . import synthetic
from .synthetic import TODAY, YESTERDAY, chart, charts

NAMESPACE = re.compile(r"http://www\.w3\.org/[\w/]+|https://vega\.github\.io/schema/[\w./]+")
ISSUE = "https://github.com/vega/vega-lite/issues/2415"


TEXT, MARK = 4.5, 3.0
CONTRASTS = [
    *((text, ground, TEXT) for text in ("ink", "soft", "accent", "up", "down") for ground in ("paper", "card")),
    *((text, ground, TEXT) for text in ("on-sleeve", "soft-sleeve", "spark") for ground in ("sleeve", "groove")),
    *(("quiet", ground, MARK) for ground in ("paper", "card")),
    *((f"series-{n}", "card", MARK) for n in range(1, len(theme.SERIES) + 1)),
    *(("on-series", f"series-{n}", TEXT) for n in range(1, len(theme.SERIES) + 1)),
    *((f"ramp-{n}", "card", MARK) for n in (3, 4, 5)),
    ("on-banner", "banner", TEXT),
    ("on-alarm", "alarm", TEXT),
    ("paper", "ink", TEXT),
]
"""Colour, its ground, and the least ratio that WCAG 2 asks of text and of marks (1.4.3 and 1.4.11, level AA)."""


def without_runtime(page: str) -> str:
    return page.replace(chart_runtime(), "")


def test_the_runtime_is_there_once_and_the_whole_is_under_two_megabytes(full_page: str):
    assert full_page.count(chart_runtime()) == 1
    assert len(full_page.encode()) < 2_000_000
    assert len(without_runtime(full_page).encode()) < 400_000


def test_identical_data_give_identical_bytes(full_day: ReportData, full_page: str):
    assert render(full_day) == full_page
    assert render(synthetic.full_day()) == full_page


@pytest.mark.slow  # Goes by the clock: the slow proofs run one after the other.
def test_a_full_day_is_rendered_in_a_quarter_of_a_second(full_day: ReportData, full_page: str):
    def seconds() -> float:
        start = time.perf_counter()
        render(full_day)
        return time.perf_counter() - start

    assert min(seconds() for _ in range(5)) < 0.25


def test_importing_the_report_loads_no_heavy_library():
    code = "import sys, pyspotify_assets.report; print([m for m in sys.argv[1:] if m in sys.modules])"
    heavy = ["altair", "pandas", "pyarrow", "vl_convert", "dagster", "duckdb"]
    done = subprocess.run([sys.executable, "-c", code, *heavy], capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.strip() == "[]"


def test_no_address_is_in_it_but_names_of_formats(full_page: str):
    assert "://" not in without_runtime(full_page)
    # In the runtime: namespaces, the name of a schema, and a link in the text of a warning. None is ever fetched.
    assert set(re.findall(r"https?://[^\s\"'`)]+", NAMESPACE.sub("", full_page))) <= {ISSUE}


def test_the_policy_forbids_everything_but_its_own_scripts(full_page: str):
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', full_page)
    assert policy is not None
    assert policy[1].startswith("default-src &#x27;none&#x27;; script-src &#x27;sha256-")
    assert "unsafe-eval" not in policy[1]
    assert "script-src &#x27;unsafe-inline" not in policy[1]


@pytest.mark.parametrize("sample", [True, False])
def test_the_banner_is_worn_by_sample_data_only(full_day: ReportData, sample: bool):
    page = without_runtime(render(replace(full_day, sample=sample)))
    assert ("Made-up sample data." in page) is sample
    assert ('class="banner"' in page) is sample


def test_headings_go_down_one_level_at_a_time(full_page: str):
    levels = [int(level) for level in re.findall(r"<h([1-6])", without_runtime(full_page))]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_every_chart_has_a_text_alternative_and_a_table(full_page: str):
    page = without_runtime(full_page)
    panels = [panel for panel in page.split('class="panel"') if "data-chart=" in panel]
    assert len(panels) == 16
    for panel in panels:
        assert re.search(r'role="img" aria-label="[^"]{20,}"', panel)
        assert re.search(r"<details><summary>.*<table>.*<td", panel, re.DOTALL)


def test_ids_are_unique(full_page: str):
    ids = re.findall(r' id="([^"]+)"', without_runtime(full_page))
    assert len(ids) == len(set(ids))


def test_hostile_names_are_text_everywhere():
    evil = "</script><img src=x onerror=alert(1)>\u2028<!--"
    tracks = [{"key": f"{evil}{n}", "title": evil, "artist": evil, "ms": 1000, "year": 2026} for n in (1, 2)]
    data = charts(
        {"top_played": {YESTERDAY: tracks, TODAY: tracks[::-1]}}, checks=[Check(evil, evil, False, evil, evil)]
    )
    page = without_runtime(render(data))
    assert "<img" not in page
    assert "<!--" not in page
    assert "\u2028<" not in page
    assert page.count("</script>") == page.count("<script")


def test_json_in_a_page_reads_back_as_it_was():
    value = {"name": "</script> & <!-- \u2028 \u2029 é 🎵", "n": [1, None, True]}
    text = json_for_html(value)
    assert not set("<>&\u2028\u2029") & set(text)
    assert json.loads(text) == value


def test_a_day_with_nothing_says_so_in_every_section():
    page = without_runtime(render(synthetic.empty()))
    assert "No feed has a snapshot of 22 November 2026." in page
    assert page.count("There is no snapshot of this feed for 22 November 2026.") == 2
    assert "No check has reported for this day." in page
    assert "No row counts were recorded for this day." in page
    assert "data-chart=" not in page


def test_a_report_without_any_feed_says_so():
    assert "No feed is declared" in without_runtime(render(synthetic.empty(feeds=[])))


def test_a_first_day_explains_why_there_is_no_movement():
    page = without_runtime(render(charts({"top_played": {TODAY: chart("a", "b")}})))
    assert "Movement needs two snapshots, and this is the first." in page
    assert "Nobody can have climbed or fallen in a first snapshot." in page
    assert "Everything is new in a first snapshot." in page
    assert "not known yet" in page


def test_what_is_not_given_is_stated_plainly():
    page = without_runtime(render(charts({"top_played": {TODAY: [{"key": "a", "title": "", "artist": None}]}})))
    for statement in (
        "not given by Spotify",
        "(untitled)",
        "(artist not given)",
        "No artist is credited",
        "has a usable release date",
        "None of this day’s tracks has a length.",
    ):
        assert statement in page


def test_a_still_day_names_the_day_it_is_compared_with():
    page = without_runtime(render(charts({"top_played": {YESTERDAY: chart("a", "b"), TODAY: chart("a", "b")}})))
    for statement in ("No track climbed", "No track fell", "No track came in", "No track dropped out"):
        assert f"{statement} since 21 November." in page


def test_failed_checks_come_first_and_are_counted(full_page: str):
    page = without_runtime(full_page)
    assert "1 of 5 checks failed." in page
    results = re.findall(r'<span class="(good|bad)">(passed|failed)', page)
    assert results == [("bad", "failed")] + [("good", "passed")] * 4


def test_raw_rows_that_are_not_accounted_for_are_pointed_at(full_day: ReportData):
    counts = {"top_played": {"raw": 553, "refined": 550, "duplicates": 2, "quarantined": 0}}
    page = without_runtime(render(replace(full_day, counts=counts)))
    assert "Raw rows that are not accounted for" in page
    assert "off by +1" in page
    assert "not counted" in page  # popular_songs
    assert "Every raw row is accounted for" in without_runtime(render(full_day))


def test_every_colour_of_the_palette_is_compared_with_its_ground():
    compared = {colour for pair in CONTRASTS for colour in pair[:2]}
    declared = set(re.findall(r"--([\w-]+): #", _file("page.css")))
    # Decoration: borders, and the grooves that bars run in. The ramp's lighter half stands for little or nothing.
    assert declared - compared == {"line", "ramp-0", "ramp-1", "ramp-2"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_and_marks_have_the_contrast_of_wcag_aa(scheme: str):
    blocks = re.findall(r":root \{(.*?)\}", _file("page.css"), re.DOTALL)
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", blocks[0]))
    if scheme == "dark":
        colours |= dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", blocks[1]))
    ratios = {pair: contrast(colours[pair[0]], colours[pair[1]]) for pair in CONTRASTS}
    assert {pair: ratio for pair, ratio in ratios.items() if ratio < pair[2]} == {}


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours as WCAG 2 defines it."""

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)
