"""Planning: what a tick or a run should ask for, as pure functions of facts. No Dagster, no lake, no clock."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True)
class CrawlPlan:
    """Whether to crawl, and why or why not, in one sentence; `newest`: the time of the newest thing to be crawled."""

    needed: bool
    reason: str
    newest: float = 0.0


def plan_crawl(newest_inputs: Mapping[str, float], last_crawl: float | None) -> CrawlPlan:
    """Crawl only if something is newer than the beginning of the last successful crawl. Times: seconds since 1970."""
    if not newest_inputs:
        return CrawlPlan(False, "Nothing has been materialized yet: there is nothing to crawl.")
    if last_crawl is None:
        return CrawlPlan(True, "It has never been crawled.", max(newest_inputs.values()))
    newer = sorted(name for name, at in newest_inputs.items() if at > last_crawl)
    if newer:
        return CrawlPlan(True, f"Newer than the last crawl: {', '.join(newer)}.", max(newest_inputs.values()))
    return CrawlPlan(False, "Nothing is newer than the last successful crawl.")


def days_to_rebuild(
    changed: Mapping[str, float], built: Mapping[str, float], lookback_days: int, last_day: str
) -> list[str]:
    """The days whose marts and page have not been made since a snapshot that they look at changed, and what is touched
    behind the first of them: a page shows the marts of the days before it too, so it is made after those.

    `changed`: day → when its refined snapshot was made; `built`: day → when the report of that day was made. A late or
    re-run day touches days after it, see `touched_days`.
    """
    touched = touched_days(changed, lookback_days, last_day)
    return list(
        itertools.dropwhile(
            lambda day: all(at < built.get(day, 0.0) for at in _seen_by(day, changed, lookback_days)), touched
        )
    )


def touched_days(changed: Iterable[str], lookback_days: int, last_day: str) -> list[str]:
    """The days that look at any of `changed`: each, and those behind it; ascending, up to `last_day`.

    See `_reach`.
    """
    touched = {
        (date.fromisoformat(day) + timedelta(days=later)).isoformat()
        for day in changed
        for later in range(_reach(lookback_days) + 1)
    }
    return sorted(day for day in touched if day <= last_day)


def _reach(lookback_days: int) -> int:
    """Days between a snapshot and the last page that shows something of it: a mart looks at the snapshots of
    `lookback_days` before its day, and a page at the marts of as many days before its own."""
    return 2 * lookback_days


def _seen_by(day: str, changed: Mapping[str, float], lookback_days: int) -> Iterable[float]:
    first = (date.fromisoformat(day) - timedelta(days=_reach(lookback_days))).isoformat()
    return (at for other, at in changed.items() if first <= other <= day)
