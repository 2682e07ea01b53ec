"""Lengths by decade of release, and how old the tracks of a chart are: counted from the day's refined rows."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import quantiles
from typing import Any

AGES = (3, 12, 60, 240)
"""Months since release at which one age ends and the next begins; what is older than the last is the oldest."""

RECENT = AGES.index(12) + 1
"""So many of the ages are within twelve months."""


@dataclass(frozen=True)
class Span:
    """The lengths of one decade's tracks, in milliseconds: a quarter is below `low`, half below `middle`, a quarter
    above `high`."""

    decade: int
    tracks: int
    low: float
    middle: float
    high: float


def decades(tracks: Sequence[Mapping[str, Any]]) -> list[Span]:
    """The lengths by decade of release, newest first, of all tracks that have both a usable date and a length."""
    lengths: dict[int, list[int]] = {}
    for track in tracks:
        if track["released_on"] and track["duration_ms"]:
            lengths.setdefault(track["released_on"].year // 10 * 10, []).append(track["duration_ms"])
    return [
        Span(decade, len(found), *(quantiles(found, n=4, method="inclusive") if len(found) > 1 else found * 3))
        for decade, found in sorted(lengths.items(), reverse=True)
    ]


def ages(tracks: Sequence[Mapping[str, Any]], day: str) -> tuple[list[int], int]:
    """How many tracks are of each age on `day` (one more than AGES), and how many have no usable date.

    A date that Spotify gives to the year or the month counts from its first day.
    """
    ends = [months_before(date.fromisoformat(day), months) for months in AGES]
    counts, unknown = [0] * (len(AGES) + 1), 0
    for track in tracks:
        released = track["released_on"]
        if released is None:
            unknown += 1
        else:
            counts[next((place for place, end in enumerate(ends) if released > end), len(AGES))] += 1
    return counts, unknown


def months_before(day: date, months: int) -> date:
    """The same day of the month so many months earlier, or that month's last."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
