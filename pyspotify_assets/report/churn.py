"""Churn: how much of a chart is not what it was a snapshot before, day by day over the window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

MOST_DRAWN = 60
"""Points that a chart over the window draws at most: two months of days; a year becomes weeks."""


@dataclass(frozen=True)
class Turn:
    """What changed from one snapshot to the next. None is "cannot be known": there is no earlier one in the window."""

    day: str
    tracks: int
    newcomers: int | None = None
    returns: int | None = None
    exits: int | None = None
    popularity: float | None = None
    """Mean popularity of the snapshot's tracks; None where Spotify does not give it."""

    @property
    def share(self) -> float | None:
        """Share of the snapshot's tracks that were not in the one before, 0 to 1."""
        if self.newcomers is None or self.returns is None or not self.tracks:
            return None
        return (self.newcomers + self.returns) / self.tracks


def turns(snapshots: Sequence[Mapping[str, Any]]) -> list[Turn]:
    """The changes of one feed's snapshots, which are in order of their days.

    Who left follows from the counts: what was there before and is not among those that stayed.
    """
    tracks = {row["snapshot_date"]: row["tracks"] for row in snapshots}
    found = []
    for row in snapshots:
        day, previous, popularity = row["snapshot_date"], row["previous_date"], row["mean_popularity"]
        if previous is None:
            found.append(Turn(day, row["tracks"], popularity=popularity))
            continue
        stayed = row["tracks"] - row["newcomers"] - row["returns"]
        exits = tracks[previous] - stayed if previous in tracks else None
        found.append(Turn(day, row["tracks"], row["newcomers"], row["returns"], exits, popularity))
    return found


def step_of(days: int) -> int:
    """Every how manieth of so many snapshots is drawn: all of a month, one a week of a year."""
    return -(-days // MOST_DRAWN)


def drawn(days: Sequence[str]) -> list[str]:
    """The snapshots that a chart over the window draws, the last one always among them."""
    return list(days[:: -step_of(len(days))][::-1]) if days else []


def periods(changes: Sequence[Turn]) -> list[Sequence[Turn]]:
    """The turns whose share is known, in as many groups as are drawn: one snapshot each, or a week of them."""
    known = [turn for turn in changes if turn.share is not None]
    step = step_of(len(known)) if known else 1
    starts = range(len(known) % step or step, len(known) + 1, step)
    return [known[max(0, end - step) : end] for end in starts] if known else []


def total(group: Sequence[Turn], what: str) -> int | None:
    """The sum of `newcomers`, `returns` or `exits` over a group; None where one of them is not known."""
    values = [getattr(turn, what) for turn in group]
    return None if None in values else sum(values)


def mean_share(changes: Sequence[Turn]) -> float | None:
    """The mean share of change of these turns, 0 to 1; None where none is known."""
    shares = [turn.share for turn in changes if turn.share is not None]
    return fmean(shares) if shares else None
