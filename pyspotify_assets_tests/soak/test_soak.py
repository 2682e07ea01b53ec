"""The soak: days with faults everywhere, after which each is complete and right, or somebody was told that it is not.

`make prove` lives through a year, other runs through a dozen days; the seed decides on what goes wrong.
"""

from __future__ import annotations

import logging
import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from statistics import mean

import pytest

from pyspotify_assets.alerts.memory import read_memory
from pyspotify_assets.feeds import load_feeds
from pyspotify_assets.spotify.simulator import Simulator
from pyspotify_assets.verification import Verified, verify
from pyspotify_assets.verification.fault import Scope
from pyspotify_assets_tests.proofs import proving, seed
from pyspotify_assets_tests.soak.misfortunes import misfortunes
from pyspotify_assets_tests.soak.oracle import judge
from pyspotify_assets_tests.soak.world import Cost, World, world

pytestmark = pytest.mark.slow

FIRST = date(2024, 3, 1)
MEMORY = Path("/dev/shm")  # noqa: S108 - a year of fsync is otherwise most of what this takes
MOST_NEWS = 12
"""What may be told for one fault, on average: new, still once a day, and solved, of what it breaks."""


@pytest.fixture
def memory(tmp_path) -> Iterator[Path]:
    """A folder in memory, where there is one."""
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else tmp_path) as folder:
        yield Path(folder)


def test_every_day_is_complete_and_right_or_somebody_was_told(memory, figures, caplog):
    caplog.set_level(logging.CRITICAL)
    days = 365 if proving() else 12
    plan = misfortunes(seed(), FIRST, days)
    names = [(FIRST + timedelta(days=number)).isoformat() for number in range(days)]
    with world(memory, plan, FIRST) as lived, Simulator() as truth:
        lived.live(days)
        verdict = judge(lived, truth.base_url, names)
        verified = _verified(lived, names)
        left = read_memory(lived.lake).open_incidents()

    missed = set(verdict.reported) | {day for day, words in verdict.wrong.items() if "missing" in str(words)}
    news = lived.diary.news
    figures.line(
        f"soak: {days} days, {len(plan)} faults, {lived.runs['failed']} runs failed and {lived.runs['killed']} killed; "
        f"{len(verdict.right)} days complete and right, {len(verdict.reported)} reported missed, "
        f"{len(verdict.wrong)} silently wrong; {len(news)} alerts, {len(left)} incidents left open, "
        f"faults that verify finds {len(verified.faults)}"
    )
    figures.line(f"soak, what it took: {_growth(lived.costs)}")
    assert verdict.wrong == {}
    assert [incident.trouble.key for incident in left] == []
    assert verified.faults == []
    assert {day for gap in verified.gaps.values() for day in gap} <= missed
    assert len(news) <= MOST_NEWS * (len(plan) + 1)
    assert max(Counter(one.at.date() for one in news).values(), default=0) <= 3 * MOST_NEWS
    if proving():
        first, last = lived.costs[10:40], lived.costs[-30:]
        assert mean(cost.alerting for cost in last) < 2 * mean(cost.alerting for cost in first)
        assert mean(cost.seconds for cost in last) < 2 * mean(cost.seconds for cost in first)
        assert max(cost.cursors for cost in last) < 2 * max(cost.cursors for cost in first)


def _verified(lived: World, days: list[str]) -> Verified:
    pipeline = lived.pipeline
    feeds, lookback = load_feeds(pipeline.settings.feeds), pipeline.settings.lookback_days
    # Objects are dated by the machine's clock, which is years ahead of the one here: nothing is about to be pointed to.
    later = lived.timeline().replace(year=2100)
    return verify(Scope(lived.lake, pipeline.sql, feeds, days[0], days[-1], lookback, later, "en"))


def _growth(costs: list[Cost]) -> str:
    """What the first days and the last ones took."""
    size = min(30, len(costs) // 3)
    first, last = costs[1 : size + 1], costs[-size:]
    return ", ".join(
        f"{name} {mean(getattr(cost, what) for cost in first):.{digits}f} → "
        f"{mean(getattr(cost, what) for cost in last):.{digits}f}"
        for name, what, digits in (
            ("CPU seconds a day", "seconds", 2),
            ("of them alerts", "alerting", 2),
            ("runs", "runs", 1),
            ("bytes of cursors", "cursors", 0),
            ("bytes of state beside notes", "state_bytes", 0),
        )
    )
