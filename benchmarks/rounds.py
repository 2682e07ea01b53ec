"""A row of the benchmark, and how it is measured: contenders one after the other, round after round. Knows no clock.

A machine is never equally busy for long: contenders that take turns are slowed alike, so what is compared are the
ratios within each round. Of all rounds the median stands for the usual, the least for the undisturbed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

Figures = Mapping[str, float]
"""What one measurement found: `seconds`, `peak` (bytes of memory), `bytes`, or a count by another name."""

ROUNDS = 5


class Absent(Exception):
    """A contender cannot take part here; says what is missing."""


class Disagreement(Exception):
    """Contenders did not do the same work: says where their results differ."""


@dataclass(frozen=True)
class Row:
    """One piece of work, and those who do it."""

    work: str
    how: str
    """What is timed, in words: `whole process`, or `the work alone` in a process that has loaded its libraries."""
    ours: str
    """The contender that is held to the bars."""
    contenders: Mapping[str, Callable[[], Figures]]
    bars: Mapping[str, float] = field(default_factory=dict)
    """Figure → the most that ours may be of the other's."""
    within: Mapping[str, float] = field(default_factory=dict)
    """Figure → the most that ours may be, whoever the others are."""
    beside: str | None = None
    """The contender that the bars are about; None: the one whose median is least, figure by figure."""
    agree: Callable[[], None] | None = None
    """Called after the first round; raises Disagreement if the results are not the same."""


@dataclass(frozen=True)
class Measured:
    """A row and what was found: contender → its figures, one for each round."""

    row: Row
    found: Mapping[str, Sequence[Figures]]
    absent: Mapping[str, str] = field(default_factory=dict)
    """Contender → why it took no part."""

    def of(self, contender: str, figure: str) -> list[float]:
        """The figure in each round; empty if this contender does not tell it."""
        return [figures[figure] for figures in self.found[contender] if figure in figures]

    def median(self, contender: str, figure: str) -> float:
        """The usual: half of the rounds were less."""
        return median(self.of(contender, figure))

    def least(self, contender: str, figure: str) -> float:
        """The round that was disturbed least."""
        return min(self.of(contender, figure))

    def ratio(self, contender: str, figure: str, to: str) -> float:
        """The median, over the rounds, of the contender's figure divided by that of `to` in the same round."""
        pairs = zip(self.of(contender, figure), self.of(to, figure), strict=True)
        return median(own / other if other else float(own != other) for own, other in pairs)

    def rival(self, figure: str) -> str | None:
        """Whom the bar of this figure is about; None if nobody else tells it."""
        others = [name for name in self.found if name != self.row.ours and self.of(name, figure)]
        if self.row.beside is not None:
            return self.row.beside if self.row.beside in others else None
        return min(others, key=lambda name: self.median(name, figure), default=None)

    def missed(self) -> list[str]:
        """The bars that were not held, in words; none is good."""
        words = []
        for figure, bar in self.row.bars.items():
            rival = self.rival(figure)
            if rival is None:
                words.append(f"{figure}: nobody to compare with")
            elif (ratio := self.ratio(self.row.ours, figure, rival)) > bar:
                words.append(f"{figure}: {ratio:.2f} × {rival}, and not at most {bar:g} ×")
        for figure, most in self.row.within.items():
            if (found := max(self.of(self.row.ours, figure), default=float("inf"))) > most:
                words.append(f"{figure}: {found:g}, and not at most {most:g}")
        return words


def measure(row: Row, rounds: int = ROUNDS, tell: Callable[[str], None] = lambda line: None) -> Measured:
    """Let every contender do the work once a round, each round begun by another.

    `tell` gets a line for each measurement. Disagreement if the results differ.
    """
    found: dict[str, list[Figures]] = {name: [] for name in row.contenders}
    absent: dict[str, str] = {}
    for number in range(rounds):
        for name in _turned(list(row.contenders), number):
            if name in absent:
                continue
            try:
                figures = row.contenders[name]()
            except Absent as reason:
                absent[name] = str(reason)
                del found[name]
                tell(f"{name} is left out: {reason}")
                continue
            found[name].append(figures)
            tell(f"round {number + 1}, {name}: {figures.get('seconds', float('nan')):.3f} s")
        if number == 0 and row.agree is not None:
            row.agree()
    if row.ours not in found:
        raise Absent(f"{row.work}: {row.ours} took no part: {absent[row.ours]}")
    return Measured(row, found, absent)


def _turned(names: list[str], by: int) -> list[str]:
    by %= len(names)
    return names[by:] + names[:by]
