"""The proof: a year of ordinary days, and every way in which every kind of damage can come about, on several of them.

`make prove` takes 365 days at half the default size; otherwise a seed, which is printed, chooses 21 days of the year.
One line of figures says what came of it.
"""

from __future__ import annotations

import os
import random
from collections import defaultdict
from datetime import date

import pytest

from pyspotify_assets_tests.health.damages import KINDS
from pyspotify_assets_tests.health.simulation import Simulation, days_from, feeds_of

EVERYTHING = os.environ.get("PYSPOTIFY_TEST_PROVE") == "all"
FIRST, DAYS, DAMAGED = ("2025-07-01", 365, 6) if EVERYTHING else ("", 21, 1)
MOST_FALSE_ALARMS = 0.02


@pytest.mark.slow
def test_ordinary_days_are_no_alarm_and_every_kind_of_damage_is_found_every_time(tmp_path, capsys):
    seed = int(os.environ.get("PYSPOTIFY_TEST_SEED") or random.randrange(2**32))  # noqa: S311
    chance = random.Random(seed)  # noqa: S311
    first = FIRST or date.fromordinal(date(2025, 7, 1).toordinal() + chance.randrange(344)).isoformat()
    days = days_from(first, DAYS)
    simulation = Simulation(tmp_path, feeds_of(500, 300))
    simulation.take(days)

    alarms: dict[tuple[str, str], str] = {}
    for day in days:
        for feed, words in simulation.failures(day).items():
            alarms[feed, day] = words
    judged = len(days) * len(simulation.feeds)
    by: dict[str, set[str]] = defaultdict(set)
    missed, tried = [], 0
    for number in sorted(chance.sample(range(5, DAYS), DAMAGED)):
        # A history of five snapshots at least: since the year has turned, the search asks for other years.
        if days[number][5:] < "01-07" or number < 6:
            number += 7
        for kind, damages in KINDS.items():
            for damage in damages:
                for feed, found in simulation.found_by(damage, days[number], days[number - 1]).items():
                    tried += 1
                    by[f"{kind} ({damage.__name__})"].update(found)
                    if not found:
                        missed.append((kind, f"{damage.__name__} of {feed} on {days[number]}"))

    kinds_found = len(KINDS) - len({kind for kind, _ in missed})
    with capsys.disabled():
        print(f"\nseed {seed}, {DAYS} days from {first}")  # noqa: T201
        for name, found in by.items():
            print(f"  {name:60} {', '.join(sorted(found))}")  # noqa: T201
        print(  # noqa: T201
            f"checks with memory: false alarms {len(alarms)} of {judged} ({len(alarms) / judged:.1%}), "
            f"damage kinds found {kinds_found} of {len(KINDS)}, in {tried - len(missed)} of {tried} trials"
        )
    assert missed == []
    assert len(alarms) <= MOST_FALSE_ALARMS * judged, alarms
