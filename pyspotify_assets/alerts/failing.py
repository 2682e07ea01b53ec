"""What fails: from the outcomes of steps, checks and runs to what has not been made good since. Pure, no Dagster.

A failed day is made good when a later run does it without failing. A day of live raw that is over never can be: then it
is the first success of a later day that ends the failure. A check is made good by its next evaluation that passes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from pyspotify_assets.alerts.incidents import Trouble

MOST_DAYS = 366
LONGEST_WORDS = 2000
LONGEST_SAID = 500
LOGIN_ERROR = "LoginError"
MISSING_ERROR = "MissingPartitionError"
_ARROW = "→"


@dataclass(frozen=True)
class Behind:
    """Where a look stopped: the time of the last run's last change, and the runs seen shortly before it, by id;
    `killed`: the runs without an end that have been seen."""

    at: datetime
    seen: tuple[str, ...] = ()
    killed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """How one thing ended in one run: the asset or job `subject`, or one of its checks (`asset:check`).

    `days` that went well, where `ok`, else that failed; of a check those that it misses; empty for what has no days.
    `words` and `errors` (names of classes): of what failed; `page`: of the UI. `at`: when, aware. `grave`: more than a
    warning.
    """

    kind: Literal["failure", "check"]
    subject: str
    ok: bool
    at: datetime
    days: tuple[str, ...] = ()
    words: str = ""
    errors: tuple[str, ...] = ()
    page: str = ""
    grave: bool = True


Failing = Mapping[str, Outcome]
"""`kind subject` → what has not been made good: `days` are those that are left, `at` is since when."""


def after(failing: Failing, outcomes: Iterable[Outcome], irretrievable: Callable[[str], bool]) -> dict[str, Outcome]:
    """What fails after these outcomes, earliest first. `irretrievable(subject)`: its past days cannot be made again."""
    left = dict(failing)
    for outcome in outcomes:
        key = f"{outcome.kind} {outcome.subject}"
        known = left.get(key)
        if not outcome.ok:
            days = {*outcome.days, *(known.days if known else ())}
            left[key] = replace(
                outcome,
                days=tuple(sorted(days)[-MOST_DAYS:]),
                at=min(outcome.at, known.at) if known else outcome.at,
                words=shortened(outcome.words),
            )
        elif known is not None:
            remaining = tuple(day for day in known.days if not _made_good(day, outcome, irretrievable))
            if remaining and outcome.kind == "failure":
                left[key] = replace(known, days=remaining)
            else:
                del left[key]
    return left


def _made_good(day: str, outcome: Outcome, irretrievable: Callable[[str], bool]) -> bool:
    return day in outcome.days or (irretrievable(outcome.subject) and any(later > day for later in outcome.days))


def troubles(failing: Failing) -> list[Trouble]:
    """What fails as troubles, each cause once: what an upstream failure, a login or a failed step explains is not told
    beside it."""
    failures = {outcome.subject: outcome for outcome in failing.values() if outcome.kind == "failure"}
    without_login = [outcome for outcome in failures.values() if LOGIN_ERROR in outcome.errors]
    told = [_of_login(without_login)] if without_login else []
    for outcome in failing.values():
        asset = outcome.subject.partition(":")[0]
        if outcome.kind == "check" and not (outcome.grave and asset in failures):
            told.append(_of_check(outcome))
        elif outcome.kind == "failure" and LOGIN_ERROR not in outcome.errors:
            told.append(_of_failure(outcome))
    return told


def roots(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """The outcomes of one run without the failures that only say that something before them has failed."""
    failures = [one for one in outcomes if one.kind == "failure" and not one.ok]
    failed = {day for one in failures if MISSING_ERROR not in one.errors for day in one.days}
    return [
        one
        for one in outcomes
        if one.ok or set(one.errors) != {MISSING_ERROR} or not one.days or not failed.issuperset(one.days)
    ]


def named(days: Sequence[str]) -> str:
    """The days in words: two of them, or the first, the last and how many."""
    if len(days) <= 2:
        return " and ".join(days)
    return f"{len(days)} days from {days[0]} to {days[-1]}"


def shortened(words: str, longest: int = LONGEST_WORDS) -> str:
    """`words` without what is beyond the longest that a message shall be."""
    return words if len(words) <= longest else words[: longest - 1] + "…"


def said_and_remedy(words: str) -> tuple[str, str]:
    """The words of an error as what it says and what it says to do; the latter empty where it has no remedy."""
    said, remedies = [], []
    for line in words.splitlines():
        stripped = line.strip()
        if stripped.startswith(_ARROW):
            remedies.append(stripped.removeprefix(_ARROW).strip())
        elif stripped:
            said.append(stripped)
    return shortened("\n".join(said), LONGEST_SAID), next(iter(remedies), "")


def _of_failure(outcome: Outcome) -> Trouble:
    said, remedy = said_and_remedy(outcome.words)
    of_days = f" on {named(outcome.days)}" if outcome.days else ""
    again = "Open the run, mend what it names, and run it again: pyspotify run does what is missing."
    return Trouble(
        "failure",
        outcome.subject,
        outcome.at,
        f"{'The ' if outcome.subject.startswith('job ') else ''}{outcome.subject} failed{of_days}",
        said,
        remedy or again,
        outcome.page,
        outcome.days,
    )


def _of_check(outcome: Outcome) -> Trouble:
    asset, _, check = outcome.subject.partition(":")
    remedy = (
        f"Mend what the check names, and materialize {asset} of that day again."
        if outcome.grave
        else "It is published all the same: look at the check before you rely on it."
    )
    return Trouble(
        "check",
        outcome.subject,
        outcome.at,
        f"The check {check} of {asset} {'failed' if outcome.grave else 'warns'}",
        shortened(outcome.words, LONGEST_SAID),
        remedy,
        outcome.page,
        outcome.days,
        outcome.grave,
    )


def _of_login(failures: Sequence[Outcome]) -> Trouble:
    first = min(failures, key=lambda outcome: outcome.at)
    said, remedy = said_and_remedy(first.words)
    days = tuple(sorted({day for outcome in failures for day in outcome.days}))
    subjects = ", ".join(sorted(outcome.subject for outcome in failures))
    return Trouble(
        "login",
        "Spotify",
        first.at,
        f"Spotify does not accept the login: {subjects} failed",
        said,
        remedy or "Log in again: pyspotify login",
        first.page,
        days,
    )
