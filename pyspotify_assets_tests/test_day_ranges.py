"""Ranges of days: the same days as a list, as first and last, and in words."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from pyspotify_assets.day_ranges import days_of_spans, ranges, span

days = st.dates(date(2026, 1, 1), date(2026, 3, 1)).map(date.isoformat)


@given(st.sets(days))
def test_ranges_cover_exactly_the_days(some):
    covered = []
    for first, last in ranges(sorted(some)):
        day = date.fromisoformat(first)
        while day <= date.fromisoformat(last):
            covered.append(day.isoformat())
            day += timedelta(days=1)
    assert covered == sorted(some)


@given(st.sets(days, min_size=1))
def test_days_in_words_are_found_again(some):
    assert days_of_spans(", ".join(span(*one) for one in ranges(sorted(some)))) == sorted(some)
