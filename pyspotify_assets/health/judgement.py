"""The judgement: rows of `pipeline_health` in, one finding per check out, over all feeds of the day.

What is not judged passes, and is said to be: a figure with too short a history (a first day, a feed that has come to be
declared otherwise), and after a gap what compares with the snapshot before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pyspotify_assets.checks import Check, Finding
from pyspotify_assets.health.rules import (
    ENOUGH,
    ENOUGH_TO_SAY_NEVER,
    FAR,
    GAP,
    HEALTH_CHECKS,
    RULES,
    SPREADS,
    USUAL_GAP,
    Rule,
)

Row = Mapping[str, Any]
"""A row of `pipeline_health`."""

_NORMAL = 1.4826
"""Standard deviations of a normal distribution in one median deviation."""
_NEARLY = 0.05
_NAMED = 3
"""Deviations that are named in a finding's sentence."""


@dataclass(frozen=True)
class Usual:
    """The range that one figure is usually in; None where a side is no matter. `median` as in the mart."""

    low: float | None
    high: float | None
    median: float
    snapshots: int

    def excess(self, value: float) -> float:
        """How many times as far from the median as it may be: up to 1 is within."""
        if self.high is not None and value > self.high:
            return _times(value - self.median, self.high - self.median)
        if self.low is not None and value < self.low:
            return _times(self.median - value, self.median - self.low)
        return 0.0


@dataclass(frozen=True)
class Deviation:
    """A figure of a feed that is not in its usual range. `excess`: see Usual."""

    feed: str
    rule: Rule
    value: float
    usual: Usual
    excess: float
    after_another: bool
    """The previous snapshot was out of range itself: that the day differs from it says little."""

    @property
    def grave(self) -> bool:
        return self.excess > FAR and not self.rule.only_warns and not self.after_another

    def __str__(self) -> str:
        low, high = (None if end is None else _number(end, self.rule) for end in (self.usual.low, self.usual.high))
        span = f"{low} to {high}" if low and high else f"at most {high}" if high else f"at least {low}"
        words = f"{self.feed}: {_number(self.value, self.rule)} {self.rule.words}, usually {span}"
        return f"{words}, after a snapshot that was unusual itself" if self.after_another else words


def judge(rows: Iterable[Row]) -> list[Finding]:
    """One finding per check of HEALTH_CHECKS, over all feeds in the `rows` of one day of `pipeline_health`."""
    feeds: dict[str, dict[str, Row]] = defaultdict(dict)
    for row in rows:
        feeds[row["feed"]][row["figure"]] = row
    deviations = [deviation for feed, figures in feeds.items() for deviation in _deviations(feed, figures)]
    return [_finding(check, feeds, [one for one in deviations if one.rule.check == check]) for check in HEALTH_CHECKS]


def usual(rule: Rule, row: Row) -> Usual | None:
    """The usual range of a figure, from its row; None where its history is too short to say."""
    if row["snapshots"] < ENOUGH:
        return None
    median = row["median"]
    spread = SPREADS * _NORMAL * row["deviation"]

    def least(side: float) -> float:
        return max(spread, side * abs(median) if rule.relative else side)

    low = None if rule.below is None else median - least(rule.below)
    high = None if rule.above is None else median + least(rule.above)
    # What it was on the same weekday twice is usual as well: some feeds are new every Friday.
    if low is not None and row["weekday_highest"] is not None:
        low = min(low, row["weekday_highest"])
    if high is not None and row["weekday_lowest"] is not None:
        high = max(high, row["weekday_lowest"])
    return Usual(low, high, median, row["snapshots"])


def strain(rule: Rule, row: Row) -> float | None:
    """How much of its usual range a figure's distance from the median is: beyond 1 it is unusual. None: not known."""
    value, range = row["value"], usual(rule, row)
    if value is None or range is None:
        return None
    end = range.high if value > range.median else range.low
    return 0.0 if end is None or value == range.median else _times(abs(value - range.median), abs(end - range.median))


def _told(rows: Iterable[Row]) -> dict[str, float]:
    """The figures by name, `<feed>/<figure>`, as far as they are known."""
    return {f"{row['feed']}/{row['figure']}": round(row["value"], 4) for row in rows if row["value"] is not None}


def _deviations(feed: str, figures: Mapping[str, Row]) -> list[Deviation]:
    before_was_unusual = any(
        _deviation(feed, rule, figures, "previous_value")
        for rule in RULES
        if not rule.compares and rule.figure in figures
    )
    compared = _is_compared(figures.get(GAP))
    found = []
    for rule in RULES:
        if rule.figure not in figures or (rule.compares and (not compared or before_was_unusual)):
            continue
        deviation = _deviation(feed, rule, figures, "value")
        if deviation is not None:
            found.append(deviation)
    return sorted(found, key=lambda one: (-one.grave, -one.excess))


def _deviation(feed: str, rule: Rule, figures: Mapping[str, Row], of: str) -> Deviation | None:
    row = figures[rule.figure]
    value, range = row[of], usual(rule, row)
    if value is None or range is None:
        return None
    excess = range.excess(value)
    if excess == 0 and _has_never_been(rule, row, value):
        excess = 1.0
    if excess == 0:
        return None
    before = row["previous_value"]
    after_another = of == "value" and rule.compares and before is not None and range.excess(before) > 0
    return Deviation(feed, rule, value, range, excess, after_another)


def _has_never_been(rule: Rule, row: Row, value: float) -> bool:
    return (
        rule.never is not None
        and value >= rule.never
        and row["snapshots"] >= ENOUGH_TO_SAY_NEVER
        and row["highest"] < rule.never - _NEARLY
    )


def _is_compared(gap: Row | None) -> bool:
    """Whether the day follows its previous snapshot as usual, so that the two can be compared."""
    if gap is None or gap["value"] is None:
        return False
    return gap["value"] <= USUAL_GAP * max(1.0, gap["median"] or 1.0)


def _finding(check: Check, feeds: Mapping[str, Mapping[str, Row]], deviations: Sequence[Deviation]) -> Finding:
    names = {rule.figure for rule in RULES if rule.check == check}
    rows = [row for of_feed in feeds.values() for name, row in of_feed.items() if name in names]
    told = _told(rows)
    if not deviations:
        return check.finding(True, _passed(feeds, rows), **told)
    ordered = sorted(deviations, key=lambda one: (-one.grave, -one.excess))
    words = "; ".join(map(str, ordered[:_NAMED]))
    more = f"; and {len(ordered) - _NAMED} more" if len(ordered) > _NAMED else ""
    return Finding(check, False, words + more, told, grave=any(one.grave for one in ordered))


def _passed(feeds: Mapping[str, Mapping[str, Row]], rows: Sequence[Row]) -> str:
    known = {feed: max((row["snapshots"] for row in rows if row["feed"] == feed), default=0) for feed in feeds}
    short = [feed for feed, snapshots in known.items() if snapshots < ENOUGH]
    if not short:
        return "as usual"
    least = min(known[feed] for feed in short)
    names = "" if len(short) == len(feeds) else f" of {', '.join(short)}"
    return f"not judged{names} yet: {least} of {ENOUGH} earlier snapshots"


def _times(distance: float, allowed: float) -> float:
    return distance / allowed if allowed > 0 else float("inf")


def _number(value: float, rule: Rule) -> str:
    if rule.is_share:
        return f"{max(0.0, min(1.0, value)):.1%}".replace(".0%", "%")
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.1f}".removesuffix(".0")
