"""The soak: days with faults everywhere, after which each is complete and right, or somebody was told that it is not.

`make prove` lives through a year, other runs through ten days; the seed decides on what goes wrong.
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
from pyspotify_assets.verification import Verified, verify
from pyspotify_assets.verification.fault import Scope
from pyspotify_assets.verification.marts import remove_leftovers
from pyspotify_assets_tests.proofs import Figures, proving, seed
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
    costs = soak(memory, figures, 365 if proving() else 10, "in a folder")
    if proving():
        first, last = costs[10:40], costs[-30:]
        assert mean(cost.alerting for cost in last) < 2 * mean(cost.alerting for cost in first)
        assert mean(cost.seconds for cost in last) < 2 * mean(cost.seconds for cost in first)
        assert max(cost.cursors for cost in last) < 2 * max(cost.cursors for cost in first)


def test_on_s3_too(memory, figures, caplog, s3_server, s3_bucket):
    caplog.set_level(logging.CRITICAL)
    soak(memory, figures, 40 if proving() else 6, "on S3", s3_server, s3_bucket)


def soak(folder: Path, figures: Figures, days: int, where: str, s3: str = "", bucket: str = "") -> list[Cost]:
    """Live through so many days, tell the figures, and see what became of each day; what the days took."""
    plan = misfortunes(seed(), FIRST, days)
    names = [(FIRST + timedelta(days=number)).isoformat() for number in range(days)]
    with world(folder, plan, FIRST, s3, bucket) as lived:
        lived.live(days)
        verdict = judge(lived, names)
        verified = _verified(lived, names)
        leftovers = remove_leftovers(lived.lake, verified.faults)
        faults = [fault for fault in verified.faults if fault.kind != "leftover"]
        left = read_memory(lived.lake).open_incidents()

    news = lived.diary.news
    figures.line(
        f"soak {where}: {days} days, {len(plan)} faults survived, {lived.runs['failed']} runs failed and "
        f"{lived.runs['killed']} killed; {len(verdict.right)} days complete and right, "
        f"{len(verdict.reported)} reported missed, {len(verdict.suspected)} reported wrong, "
        f"{len(verdict.wrong)} silently wrong; "
        f"{len(news)} alerts, {len(left)} incidents left open, faults that verify finds {len(faults)}, "
        f"objects that runs left behind {len(leftovers)}"
    )
    figures.line(f"soak {where}, what it took: {_growth(lived.costs)}")
    assert verdict.wrong == {}
    assert [incident.trouble.key for incident in left] == []
    assert faults == []
    assert len(leftovers) <= lived.runs["killed"] + lived.runs["failed"]
    assert {day for gap in verified.gaps.values() for day in gap} == set(verdict.reported)
    assert len(news) <= MOST_NEWS * (len(plan) + 1)
    assert max(Counter(one.at.date() for one in news).values(), default=0) <= 3 * MOST_NEWS
    return lived.costs


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
