"""Incidents: from what is wrong now and what is remembered to what has to be told. Pure: no Dagster, no lake, no clock.

An incident is one kind of trouble with one thing, however often it shows: ten failed days of an asset are one, and so
is the same failure every hour. What holds, for each of them, whatever comes in whatever order:

- While it is open, the last word about it is never "solved"; when it ends there is exactly one "solved".
- It is told when it opens and then once a day; and at once, but only once, when it has become grave, or when a check
  has found days missing that were not among those it was about: they are for ever, and the next day passes it again.
- One that comes back within a day is told once more as "again", and from then on counts as solved only when it has
  stayed away for a day: whatever flaps is told three times on its first day and then once a day.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

Kind = Literal["failure", "check", "run", "late", "refusal", "login", "lake"]
Word = Literal["new", "again", "still", "worse", "solved"]

DAY = timedelta(days=1)
MOST = 200
"""Incidents that are remembered at most. Those beyond wait until there is room: what lasts is not lost."""


@dataclass(frozen=True)
class Trouble:
    """Something that is wrong now. `subject`: with what, by the name that users know it by; `since`: an aware instant.

    `title` is one line; `happened` says more in a few; `remedy`: what to do; `page`: path of the page in Dagster's UI
    that shows it; `days`: the partitions it is about, where it is about some; of a check those that it misses. Grave:
    something is missing or false.
    """

    kind: Kind
    subject: str
    since: datetime
    title: str
    happened: str = ""
    remedy: str = ""
    page: str = ""
    days: tuple[str, ...] = ()
    grave: bool = True

    @property
    def key(self) -> str:
        """What makes it the same incident as an earlier one."""
        return f"{self.kind} {self.subject}"


@dataclass(frozen=True)
class Incident:
    """A trouble that is remembered: as last seen, with what was told of it, and when.

    `told`: its last alarm. `gone`: since when it has not been seen; None while it is. `solved`: that was told too, and
    it is remembered for the rest of a day only so that its return is noticed. `flaps`: it has come back within a day.
    """

    trouble: Trouble
    told: datetime
    gone: datetime | None = None
    solved: bool = False
    flaps: bool = False

    @property
    def is_open(self) -> bool:
        """Whether people have been told of it and not yet that it is over."""
        return not self.solved


@dataclass(frozen=True)
class News:
    """What there is to tell of one incident, as of the instant `at`."""

    word: Word
    trouble: Trouble
    at: datetime

    @property
    def is_alarm(self) -> bool:
        return self.word != "solved"


def step(
    known: Mapping[str, Incident], troubles: Iterable[Trouble], now: datetime, unseen: Collection[Kind] = ()
) -> tuple[dict[str, Incident], list[News]]:
    """The incidents after one look, and what has to be told of them: the gravest first, what is solved last.

    `unseen`: kinds that could not be looked for, so that their absence means nothing.
    """
    # Of several for one incident the gravest, and of these the earliest.
    ranked = sorted(troubles, key=lambda trouble: (trouble.grave, -trouble.since.timestamp(), trouble.title))
    seen = {trouble.key: trouble for trouble in ranked}
    after: dict[str, Incident] = {}
    news: list[News] = []
    for key in [*sorted(known), *sorted(set(seen) - set(known))]:
        changed: Incident | None
        if key in seen:
            if key not in known and len(after) >= MOST:
                continue
            changed, word = _met(known.get(key), seen[key], now)
        elif known[key].trouble.kind in unseen:
            changed, word = known[key], None
        else:
            changed, word = _absent(known[key], now)
        if changed is not None:
            after[key] = changed
        if word is not None:
            news.append(News(word, (changed or known[key]).trouble, now))
    return after, sorted(news, key=lambda one: (not one.is_alarm, not one.trouble.grave, one.trouble.key))


def _met(incident: Incident | None, trouble: Trouble, now: datetime) -> tuple[Incident, Word | None]:
    if incident is None:
        return Incident(trouble, told=now), "new"
    # What was grave stays so: else what wavers would be "worse" again and again.
    grave = trouble.grave or incident.trouble.grave
    worse = (grave and not incident.trouble.grave) or _misses_more(trouble, incident.trouble)
    if incident.solved:
        return Incident(replace(trouble, grave=grave), told=now, flaps=True), "again"
    since = min(trouble.since, incident.trouble.since)
    current = replace(incident, trouble=replace(trouble, since=since, grave=grave), gone=None)
    if worse or _a_day_after(current.told, now):
        return replace(current, told=now), "worse" if worse else "still"
    return current, None


def _misses_more(trouble: Trouble, known: Trouble) -> bool:
    return trouble.kind == "check" and not set(known.days).issuperset(trouble.days)


def _absent(incident: Incident, now: datetime) -> tuple[Incident | None, Word | None]:
    if incident.solved:
        return (None if _a_day_after(incident.told, now) else incident), None
    if incident.flaps:
        gone = replace(incident, gone=incident.gone or now)
        if not _a_day_after(gone.gone or now, now):
            return gone, None
        return None, "solved"
    return replace(incident, gone=now, solved=True), "solved"


def _a_day_after(instant: datetime, now: datetime) -> bool:
    """Also for an instant that lies ahead by more than a day: a clock was wrong, and nothing waits for it."""
    return abs(now - instant) >= DAY
