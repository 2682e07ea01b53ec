"""Which faults happen when: drawn by a seed, so that a run can be repeated. Pure."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from pyspotify_assets.spotify.sample.faults import FINAL, PASSING

UTC = ZoneInfo("UTC")
QUIET_DAYS = 3
"""The last days are quiet: what can be solved is to be solved by then."""
_PER_DAY = (0, 1, 1, 2, 2, 3, 3)


@dataclass(frozen=True)
class Kind:
    """A kind of fault: how often it comes, relative to the others, and the hours that it may last; 0 for an instant."""

    name: str
    weight: int
    hours: Sequence[float] = (0,)


KINDS = (
    # What is over when the same request is made again.
    Kind("spotify stumbles", 8),
    Kind("spotify is down", 4, (0.2, 1, 5, 12, 30)),
    Kind("spotify refuses", 4, (0.5, 3, 14, 20, 26)),
    Kind("spotify's quota is used up", 2, (4, 18)),
    Kind("spotify says no", 2, (1, 8, 30)),
    Kind("spotify sends nonsense", 2),
    Kind("the lake stumbles", 6),
    Kind("the lake cannot be written", 3, (0.3, 2, 9)),
    Kind("the crawler fails", 4, (0.1, 1, 6)),
    Kind("the engine fails", 4, (0.1, 1, 6)),
    Kind("a run is killed", 6),
    Kind("the daemon is down", 3, (1, 6, 20, 50)),
    Kind("the machine sleeps past midnight", 1),
    Kind("an old day lands", 3),
    Kind("today lands twice", 2),
    Kind("rubbish lands", 2),
    Kind("somebody runs beside it", 2),
)


@dataclass(frozen=True)
class Misfortune:
    """One fault: when it begins, how long it lasts, and the number by which its details are drawn."""

    kind: str
    at: datetime
    lasts: timedelta
    draw: int

    @property
    def until(self) -> datetime:
        return self.at + self.lasts

    def detail(self) -> random.Random:
        return random.Random(self.draw)  # noqa: S311 - a draw, no secret


def misfortunes(seed: int, first: date, days: int) -> list[Misfortune]:
    """The faults of so many days, ascending. Most begin shortly before the snapshot's hour, where they hurt."""
    chance = random.Random(seed)  # noqa: S311
    found: list[Misfortune] = []
    for number in range(1, days - QUIET_DAYS):  # The first day is good: before it there is nothing to be late.
        day = first + timedelta(days=number)
        for kind in chance.choices(KINDS, [kind.weight for kind in KINDS], k=chance.choice(_PER_DAY)):
            hour = chance.choice((5.9, 5.9, 5.9, 5.9, chance.uniform(0, 23.5)))
            begin = datetime.combine(day, time(), UTC) + timedelta(hours=hour)
            lasts = timedelta(hours=chance.choice(kind.hours))
            lasts = min(lasts, datetime.combine(first + timedelta(days=days - QUIET_DAYS), time(), UTC) - begin)
            found.append(Misfortune(kind.name, begin, lasts, chance.randrange(1 << 30)))
    return sorted(found, key=lambda one: one.at)


def stumble(misfortune: Misfortune) -> str:
    """The name of what Spotify answers while it stumbles."""
    return misfortune.detail().choice(sorted(PASSING))


def refusal(misfortune: Misfortune) -> str:
    """The name of what Spotify answers while it says no."""
    return misfortune.detail().choice(sorted(FINAL))
