"""Proofs: tests that `make prove` runs in full and CI in samples, and the lines of figures that they end with.

A test is a proof if it asks for the fixture `figures`; it gets the marker `proof` by that. Whether it proves everything
or a sample, PYSPOTIFY_TEST_PROVE=all decides; what is drawn goes by PYSPOTIFY_TEST_SEED, which every run prints. What
the proofs of a run have found stands together at its end, with the time that each took.
"""

from __future__ import annotations

import os
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

import pytest

Drawn = TypeVar("Drawn")

_LINE, _COUNTED = "figures", "counted"


def proving() -> bool:
    """Whether everything is to be tried, and not a sample."""
    return os.environ.get("PYSPOTIFY_TEST_PROVE") == "all"


def seed() -> int:
    """What this run's draws go by: PYSPOTIFY_TEST_SEED, which pytest's header shows."""
    return int(os.environ["PYSPOTIFY_TEST_SEED"])


def lots(salt: object = "") -> random.Random:
    """A source of draws by the seed of this run; `salt` tells draws apart that shall not go alike."""
    return random.Random(f"{seed()} {salt}" if salt else seed())  # noqa: S311 - a draw, no secret


def all_or_drawn(population: Sequence[Drawn], number: int) -> list[Drawn]:
    """Everything in its order if everything is to be proven, else `number` of it that the seed draws, in its order."""
    if proving() or number >= len(population):
        return list(population)
    return [population[place] for place in sorted(lots().sample(range(len(population)), number))]


class Figures:
    """What one proof tells: whole lines, or one more of something that many tests count together."""

    def __init__(self, test: pytest.Item) -> None:
        self._test = test

    def line(self, text: str) -> None:
        """Print this line at the end of the run. Tell it before what is asserted, which may fail."""
        self._test.user_properties.append((_LINE, text))

    def count(self, what: str) -> None:
        """Count this test as one that tries `what`; the end of the run tells how many of them passed."""
        self._test.user_properties.append((_COUNTED, what))


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Figures:
    """Where a proof tells its figures; asking for it makes a test a proof."""
    return Figures(request.node)


def mark(items: Iterable[pytest.Item]) -> None:
    """Give the proofs among these tests their marker."""
    for item in items:
        if "figures" in getattr(item, "fixturenames", ()):
            item.add_marker("proof")


def lines(reports: Iterable[pytest.TestReport]) -> Iterator[str]:
    """One line for each that was told and each kind of thing that was counted, with the time of its tests."""
    counted: dict[str, Counter[bool]] = defaultdict(Counter)
    took: Counter[str] = Counter()
    for report in reports:
        if report.when != "call":
            continue
        for name, text in report.user_properties:
            if name == _LINE:
                failed = "" if report.passed else "FAILED  "
                yield f"{failed}{text} ({_duration(report.duration)})"
            elif name == _COUNTED:
                counted[str(text)][report.passed] += 1
                took[str(text)] += report.duration
    for what, passed in counted.items():
        failed = "FAILED  " if passed[False] else ""
        yield f"{failed}{what}: {passed[True]} of {passed.total()} ({_duration(took[what])})"


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
