"""What is usual, and what is judged: from rows of `pipeline_health` to findings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyspotify_assets.checks import Finding
from pyspotify_assets.daily.notes import Notes
from pyspotify_assets.health.judgement import judge, strain, usual
from pyspotify_assets.health.rules import GAP, HEALTH_CHECKS, RULES, SPREADS
from pyspotify_assets.sql import sql_text

CHECKS_PAGE = Path(__file__).parents[2] / "docs" / "checks.md"
RULE = {rule.figure: rule for rule in RULES}


def row(figure: str, value: float | None, median: float | None = 0.0, feed: str = "songs", **others: Any) -> dict:
    """A figure with a history of 28 snapshots that never differed, unless said otherwise."""
    return {
        "feed": feed,
        "figure": figure,
        "value": value,
        "previous_value": median,
        "snapshots": 28,
        "median": median,
        "deviation": 0.0,
        "lowest": median,
        "highest": median,
        "weekday_lowest": None,
        "weekday_highest": None,
        **others,
    }


def found(*rows: dict) -> dict[str, Finding]:
    """The findings of a day that follows the day before, unless the rows say otherwise."""
    names = {(one["feed"], one["figure"]) for one in rows}
    gaps = [row(GAP, 1, 1, feed) for feed in {one["feed"] for one in rows} if (feed, GAP) not in names]
    return {finding.check.name: finding for finding in judge([*rows, *gaps])}


def failed(*rows: dict) -> list[str]:
    return [name for name, finding in found(*rows).items() if not finding.passed]


class TestWhatIsUsual:
    def test_is_six_standard_deviations_about_the_median(self):
        range = usual(RULE["popularity_median"], row("popularity_median", 80, 80, deviation=2))
        assert (range.low, range.high) == (pytest.approx(80 - 17.7912), pytest.approx(80 + 17.7912))

    def test_is_at_least_what_the_rule_lets_it_be_where_nothing_ever_changed(self):
        range = usual(RULE["tracks"], row("tracks", 1000, 1000))
        assert (range.low, range.high) == (pytest.approx(970), pytest.approx(1100))

    def test_has_no_end_where_that_side_is_no_matter(self):
        assert usual(RULE["newcomer_share"], row("newcomer_share", 0)).low is None
        assert usual(RULE["kept_share"], row("kept_share", 1, 1)).high is None

    def test_is_also_what_it_was_on_the_same_weekday_of_both_weeks_before(self):
        weekly = row("newcomer_share", 1.0, weekday_lowest=0.9, weekday_highest=1.0)
        assert failed(weekly | {"value": 0.9}) == []
        assert failed(row("newcomer_share", 0.9)) == ["churn_as_usual"]

    @given(
        median=st.floats(0, 1e6),
        deviation=st.floats(0, 1e5),
        value=st.floats(0, 1e7),
        rule=st.sampled_from([rule for rule in RULES if rule.never is None]),
    )
    def test_nothing_within_it_is_a_deviation_and_everything_beyond_it_is_one(self, median, deviation, value, rule):
        one = row(rule.figure, value, median, deviation=deviation)
        range = usual(rule, one)
        beyond = (range.low is not None and value < range.low) or (range.high is not None and value > range.high)
        assert (failed(one) == [rule.check.name]) == beyond
        assert failed(one | {"value": median}) == []

    @given(median=st.floats(0, 1e6), small=st.floats(0, 1e5), more=st.floats(0, 1e5))
    def test_a_livelier_history_never_narrows_it(self, median, small, more):
        for rule in RULES:
            narrow, wide = (
                usual(rule, row(rule.figure, 0, median, deviation=deviation)) for deviation in (small, small + more)
            )
            assert rule.below is None or wide.low <= narrow.low
            assert rule.above is None or wide.high >= narrow.high


class TestWhatIsNotJudged:
    def test_a_first_day(self):
        one = row("tracks", 3, None, snapshots=0, deviation=None)
        finding = found(one)["rows_as_usual"]
        assert finding.passed
        assert finding.summary == "not judged yet: 0 of 5 earlier snapshots"

    def test_a_history_of_four_snapshots_and_then_it_is(self):
        assert failed(row("tracks", 3, 100, snapshots=4)) == []
        assert failed(row("tracks", 3, 100, snapshots=5)) == ["rows_as_usual"]

    def test_one_feed_without_a_history_does_not_hide_another(self):
        young, old = row("tracks", 3, None, "young", snapshots=0, deviation=None), row("tracks", 3, 100, "old")
        assert failed(young, old) == ["rows_as_usual"]
        assert found(young, row("tracks", 100, 100, "old"))["rows_as_usual"].summary == (
            "not judged of young yet: 0 of 5 earlier snapshots"
        )

    def test_a_figure_that_is_not_known(self):
        assert failed(row("popularity_median", None, 80)) == []
        assert failed(row("popularity_median", None, None, snapshots=0)) == []

    @pytest.mark.parametrize(
        ("days", "usual_days", "judged"), [(1, 1, True), (2, 1, False), (9, 1, False), (7, 7, True)]
    )
    def test_after_a_gap_what_compares_with_the_snapshot_before(self, days, usual_days, judged):
        gap = row(GAP, days, usual_days)
        assert failed(row("newcomer_share", 0.9), gap) == (["churn_as_usual"] if judged else [])
        assert failed(row("tracks", 3, 100), gap) == ["rows_as_usual"]

    def test_how_a_day_differs_from_one_that_was_damaged(self):
        churn, halved = row("newcomer_share", 0.5), row("tracks", 100, 100, previous_value=50)
        assert failed(churn, row("tracks", 100, 100)) == ["churn_as_usual"]
        assert failed(churn, halved) == []


class TestSeverity:
    def test_grows_with_the_distance(self):
        near, far = (found(row("tracks", value, 1000))["rows_as_usual"] for value in (960, 500))
        assert (near.passed, near.grave) == (False, False)
        assert (far.passed, far.grave) == (False, True)

    def test_is_that_of_the_gravest_figure(self):
        assert found(row("tracks", 960, 1000), row("duplicate_share", 0.5))["rows_as_usual"].grave

    def test_of_a_figure_that_was_as_unusual_the_day_before_is_a_warning_while_it_compares(self):
        back = found(row("rank_change_share", 0.5, previous_value=0.5))["churn_as_usual"]
        assert (back.passed, back.grave) == (False, False)
        assert back.summary.endswith("after a snapshot that was unusual itself")

    def test_of_popularity_that_is_no_longer_given_is_a_warning(self):
        assert not found(row("no_popularity_share", 1.0))["nulls_as_usual"].grave

    def test_is_kept_in_the_notes(self):
        findings = list(found(row("tracks", 500, 1000)).values())
        kept = Notes.from_texts(Notes.of("a", "b", 1, {}, findings).to_texts())
        severities = {one.name: (one.passed, one.severity) for one in kept.findings}
        assert severities["rows_as_usual"] == (False, "error")
        assert severities["names_as_usual"] == (True, "warning")


class TestASnapshotLikeTheOneBefore:
    def test_is_unusual_if_there_has_not_been_one_in_two_weeks(self):
        lively = row("unchanged_share", 1.0, 0.5, deviation=0.2, highest=0.9)
        assert failed(lively) == ["churn_as_usual"]
        assert not found(lively)["churn_as_usual"].grave

    @pytest.mark.parametrize("known", [{"highest": 1.0}, {"snapshots": 13}, {"value": 0.99}])
    def test_is_usual_if_there_has_been_or_nobody_can_know(self, known):
        assert failed(row("unchanged_share", 1.0, 0.5, deviation=0.2, highest=0.9) | known) == []


class TestStrain:
    @pytest.mark.parametrize(
        ("value", "strained"), [(1000, 0), (985, 0.5), (970, 1), (940, 2), (1050, 0.5), (None, None)]
    )
    def test_is_the_part_of_the_usual_range_that_is_used(self, value, strained):
        assert strain(RULE["tracks"], row("tracks", value, 1000)) == (strained and pytest.approx(strained))

    def test_is_none_on_a_side_that_is_no_matter_and_unknown_without_a_history(self):
        assert strain(RULE["kept_share"], row("kept_share", 1.0, 0.5)) == 0
        assert strain(RULE["tracks"], row("tracks", 5, 100, snapshots=4)) is None


class TestWords:
    def test_say_the_figure_and_its_range_the_farthest_first(self):
        finding = found(
            row("tracks", 500, 1000),
            row("duplicate_share", 0.031),
            row("tracks", 1234, 1000, "top"),
        )["rows_as_usual"]
        assert finding.summary == (
            "songs: 500 tracks, usually 970 to 1,100; top: 1,234 tracks, usually 970 to 1,100; "
            "songs: 3.1% duplicates, usually at most 2%"
        )

    def test_figures_of_every_feed_are_told_whether_they_are_usual_or_not(self):
        finding = found(row("tracks", 100, 100), row("tracks", 7, 7, "top"))["rows_as_usual"]
        assert finding.passed
        assert finding.figures == {"songs/tracks": 100, "top/tracks": 7}


class TestDeclarations:
    def test_every_rule_is_of_a_figure_of_the_mart_and_every_check_has_one(self):
        for rule in RULES:
            assert f"WHEN '{rule.figure}'" in sql_text("pipeline_health")
            assert rule.below is not None or rule.above is not None
        assert {rule.check for rule in RULES} == set(HEALTH_CHECKS)
        assert len(RULE) == len(RULES)

    def test_the_page_about_checks_names_every_rule_and_how_far_it_lets_a_figure_go(self):
        page = CHECKS_PAGE.read_text(encoding="utf-8")
        for rule in RULES:
            [line] = [line for line in page.splitlines() if line.startswith(f"| `{rule.figure}` |")]
            assert f"`{rule.check.name}`" in line
            for side in (rule.below, rule.above):
                shown = "–" if side is None else f"{side:.0%}" if rule.is_share or rule.relative else f"{side:g}"
                assert f"| {shown} " in line
        assert f"{SPREADS:g} standard deviations" in page
