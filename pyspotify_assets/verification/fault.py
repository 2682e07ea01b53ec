"""What a verification is about, a look at one thing, and the fault that it may end in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pyspotify_assets.feeds import Feed
from pyspotify_assets.lake import Lake
from pyspotify_assets.warehouse import SqlEngine

Kind = Literal["missing", "damaged", "stale", "unproven", "leftover", "unseen"]
"""What is wrong: it should be there and is not; its content is not what was published, or cannot be read; it was made
from something else than what lies there now; nothing says whether it is right; nobody needs it; it could not be looked
at, and why."""

REPAIR = "pyspotify verify --repair makes it again from what is whole."


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong: of which asset and day, what was seen of it, where it lies, and what mends it."""

    kind: Kind
    asset: str
    day: str
    seen: str
    uri: str = ""
    remedy: str = REPAIR


@dataclass(frozen=True)
class Scope:
    """The days from `first` to `last`, both included, of these feeds.

    `all_feeds`: they are all that there are, so that marts and reports can be judged. `now`: an aware instant, by which
    what a run may still be about to use is told from what nobody will. `language`: of the reports, a setting. `deep`
    derives everything again and compares.
    """

    lake: Lake
    sql: SqlEngine
    feeds: Sequence[Feed]
    first: str
    last: str
    lookback_days: int
    now: datetime
    language: str
    deep: bool = False
    all_feeds: bool = True


@dataclass(frozen=True)
class Look:
    """One thing to look at: `faults` reads it and says what is wrong."""

    asset: str
    day: str
    faults: Callable[[], Iterable[Fault]]
