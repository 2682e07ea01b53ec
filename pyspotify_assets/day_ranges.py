"""Ranges of days: as every day, as first and last, and in words. Days are ISO 8601, like the partitions; no clock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta


def ranges(days: Sequence[str]) -> list[tuple[str, str]]:
    """Ascending days as unbroken ranges (first, last): one run each."""
    found: list[tuple[str, str]] = []
    for day in days:
        if found and date.fromisoformat(day) - date.fromisoformat(found[-1][1]) == timedelta(days=1):
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return found


def span(first: str, last: str) -> str:
    """A range of days in words: `first to last`, or the one day."""
    return first if first == last else f"{first} to {last}"


def days_of_spans(words: str) -> list[str]:
    """The days of such ranges, with commas between them."""
    ends = [[date.fromisoformat(end) for end in one.split(" to ")] for one in words.split(", ")]
    return [day for one in ends for day in days_between(one[0], one[-1])]


def days_between(first: date, last: date) -> list[str]:
    """Every day from `first` to `last`, both included; none where `last` is the earlier."""
    return [(first + timedelta(days=n)).isoformat() for n in range((last - first).days + 1)]
