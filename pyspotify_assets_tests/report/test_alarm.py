"""The alarm above a report: there when a check failed as an error, and never else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pyspotify_assets.report import Check, ReportData, render

WARNING = Check("spotify_marts/pipeline_health", "churn_as_usual", False, "warning", "top_played: 31% newcomers")
ERRORS = [Check("spotify_marts/pipeline_health", f"check_{n}", False, "error", f"<i>{n}</i> tracks") for n in range(5)]


def alarms(day: ReportData, *checks: Check) -> str:
    """The alarm's part of the page; empty where there is none."""
    page = render(replace(day, checks=checks))
    return page.partition('<aside class="alarm">')[2].partition("</aside>")[0]


@pytest.mark.parametrize("checks", [(), (WARNING,), (replace(ERRORS[0], passed=True), WARNING)])
def test_warnings_and_what_passed_are_no_alarm(full_day: ReportData, checks):
    assert alarms(full_day, *checks) == ""


def test_an_error_is_told_in_its_own_words_and_leads_to_all_checks(full_day: ReportData):
    alarm = alarms(full_day, WARNING, ERRORS[0])
    assert "Do not rely on this day." in alarm
    assert "<code>spotify_marts/pipeline_health</code> &lt;i&gt;0&lt;/i&gt; tracks" in alarm
    assert "newcomers" not in alarm
    assert '<a href="#health">What the checks found</a>' in alarm


def test_of_many_errors_three_are_told_and_the_others_counted(full_day: ReportData):
    alarm = alarms(full_day, *ERRORS)
    assert alarm.count("<li>") == 3
    assert "2 more, and what to look at" in alarm


def test_it_is_the_first_thing_on_the_page(full_day: ReportData):
    page = render(replace(full_day, sample=True, checks=ERRORS))
    assert page.index('class="skip"') < page.index('class="alarm"') < page.index('class="banner"') < page.index("<h1")
