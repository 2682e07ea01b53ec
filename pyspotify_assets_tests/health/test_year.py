"""The proof: a year of ordinary days, and every way in which every kind of damage can come about, on several of them.

`make prove` takes 365 days; other runs draw 21 days of that year, and one of them to be damaged (see `proofs.py`).
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path

import pytest

from pyspotify_assets_tests.health.damages import KINDS
from pyspotify_assets_tests.health.simulation import Simulation, days_from, feeds_of
from pyspotify_assets_tests.proofs import Figures, lots, proving

FIRST = date(2025, 7, 1)
SAMPLE, MOST_FALSE_ALARMS = 21, 0.02
HISTORY = 6


@pytest.mark.slow
def test_ordinary_days_are_no_alarm_and_every_kind_of_damage_is_found_every_time(tmp_path: Path, figures: Figures):
    chance = lots("health")
    number = 365 if proving() else SAMPLE
    days = days_from((FIRST + timedelta(days=chance.randrange(365 - number + 1))).isoformat(), number)
    simulation = Simulation(tmp_path, feeds_of(500, 300))
    simulation.take(days)

    alarms = {(feed, day): words for day in days for feed, words in simulation.failures(day).items()}
    # As the year turns, the search asks for other years, and its history begins anew.
    known = [place for place in range(HISTORY, number) if days[place][:4] == days[place - HISTORY][:4]]
    found_by, missed, tried = defaultdict(set), [], 0
    for place in sorted(chance.sample(known, 6 if proving() else 1)):
        for kind, damages in KINDS.items():
            for damage in damages:
                for feed, found in simulation.found_by(damage, days[place], days[place - 1]).items():
                    tried += 1
                    found_by[kind, damage.__name__].update(found)
                    if not found:
                        missed.append((kind, f"{damage.__name__} of {feed} on {days[place]}"))

    judged = number * len(simulation.feeds)
    kinds = len(KINDS) - len({kind for kind, _ in missed})
    figures.line(
        f"checks with memory: false alarms {len(alarms)} of {judged} ({len(alarms) / judged:.1%}), damage kinds found "
        f"{kinds} of {len(KINDS)} (in {tried - len(missed)} of {tried} trials)"
    )
    for (kind, damage_name), found in found_by.items():
        print(f"{kind} ({damage_name}): {', '.join(sorted(found))}")  # noqa: T201
    assert missed == []
    assert len(alarms) <= MOST_FALSE_ALARMS * judged, alarms
