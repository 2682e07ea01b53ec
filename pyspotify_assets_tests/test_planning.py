"""Planning: pure rules for what a tick asks for."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from pyspotify_assets.planning import days_to_rebuild, plan_crawl, touched_days

days = st.dates(date(2026, 1, 1), date(2026, 3, 1)).map(date.isoformat)


def test_nothing_to_crawl_before_anything_has_been_materialized():
    assert not plan_crawl({}, None).needed


def test_what_has_never_been_crawled_is_crawled():
    assert plan_crawl({"raw/top_played": 10.0}, None).needed


def test_a_crawl_names_what_is_newer():
    plan = plan_crawl({"raw/a": 10.0, "raw/b": 30.0}, 20.0)
    assert plan.needed
    assert "raw/b" in plan.reason
    assert "raw/a" not in plan.reason


def test_without_anything_newer_the_crawl_is_skipped_and_says_so():
    plan = plan_crawl({"raw/a": 10.0}, 20.0)
    assert not plan.needed
    assert "newer" in plan.reason


def test_a_late_day_asks_for_those_whose_marts_look_at_it_and_those_whose_pages_show_such_marts():
    """A page 29 to 56 days behind a late snapshot shows marts that were made again, and was not."""
    assert touched_days(["2026-01-01"], 1, "2026-12-31") == ["2026-01-01", "2026-01-02", "2026-01-03"]
    assert touched_days(["2026-01-01"], 3, "2026-01-02") == ["2026-01-01", "2026-01-02"]


def test_days_whose_marts_are_newer_than_what_they_look_at_are_not_made_again():
    changed = {"2026-01-01": 100.0}
    built = {"2026-01-01": 150.0, "2026-01-02": 50.0}
    assert days_to_rebuild(changed, built, 1, "2026-01-09") == ["2026-01-02", "2026-01-03"]


def test_a_day_behind_one_that_is_made_again_is_made_again_though_it_is_newer_than_what_it_looks_at():
    """A killed run of the newest day was asked for again before an older day, and its page showed the marts of then."""
    changed = {"2026-01-01": 100.0, "2026-01-03": 100.0}
    assert days_to_rebuild(changed, {"2026-01-03": 150.0}, 2, "2026-01-03") == [
        "2026-01-01",
        "2026-01-02",
        "2026-01-03",
    ]


@given(st.dictionaries(days, st.floats(0, 100)), st.dictionaries(days, st.floats(0, 100)), st.integers(0, 40))
def test_after_rebuilding_what_was_asked_for_nothing_is_asked_for(changed, built, lookback):
    asked = days_to_rebuild(changed, built, lookback, "2026-12-31")
    assert days_to_rebuild(changed, built | dict.fromkeys(asked, 101.0), lookback, "2026-12-31") == []
