"""Refusals: that Spotify may not be asked before some instant, and why. Kept in the lake, known to every run over it.

The object goes when its time has come. Who asks for it, and who keeps it, is in `lake_gate.py` and in `sensors.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pyspotify_assets.daily.state import damaged, forget_state, read_state, write_state
from pyspotify_assets.errors import RefusedError
from pyspotify_assets.lake import Lake
from pyspotify_assets.spotify.failures import LONGEST_REFUSAL

KEY = "spotify/refused.json"
"""Where it is kept, in the lake's `state` area."""

_LATER = (
    "The sensor snapshot_when_allowed of a running `dagster dev` takes the snapshot then; or run it again after that."
)


@dataclass(frozen=True)
class KeptRefusal:
    """Nobody asks before `until`. `reason`: in the words of who refused at `since`. `by_budget`: we, not Spotify."""

    until: datetime
    reason: str
    since: datetime
    by_budget: bool = False

    def in_words(self) -> str:
        """One sentence without its full stop, for logs, ticks and errors."""
        who = "The daily budget" if self.by_budget else "Spotify"
        return f"{who} refuses requests until {in_minutes(self.until)}: {self.reason}"

    def error(self) -> RefusedError:
        """The refusal as whoever wants to ask Spotify meets it."""
        remedy = _LATER
        if self.by_budget:
            remedy += (
                " PYSPOTIFY_SPOTIFY_DAILY_REQUESTS sets the budget; Spotify itself may refuse before it is used up."
            )
        return RefusedError(f"{self.in_words()} (since {in_minutes(self.since)}).", remedy, self.until)


def kept_refusal(lake: Lake, now: datetime) -> KeptRefusal | None:
    """The refusal that is kept, whether its time has come or not; None where there is none that can be used."""
    document = read_state(lake, KEY)
    if document is None:
        return None
    try:
        until, since = (datetime.fromisoformat(str(document[name])) for name in ("until", "since"))
        if until.tzinfo is None or since.tzinfo is None:
            raise ValueError("an instant without its offset")
        until, since = until.astimezone(UTC), since.astimezone(UTC)
        refusal = KeptRefusal(until, str(document["reason"]), since, document.get("by_budget") is True)
        # One that holds for longer than any that we keep was written by a clock that was wrong.
        usable = until - now <= _LONGEST
    except (KeyError, ValueError, OverflowError):  # OverflowError: an offset that leads out of the calendar
        usable = False
    if not usable:
        damaged(lake, KEY)
        return None
    return refusal


def keep_refusal(lake: Lake, refusal: KeptRefusal) -> KeptRefusal:
    """Keep it, unless one that holds longer is kept already; gives the one that is kept then."""
    known = kept_refusal(lake, refusal.since)
    # Spotify's word goes before the budget's, which is counted anew in any case.
    if known and known.until >= refusal.until and (refusal.by_budget or not known.by_budget):
        return known
    document = {"until": refusal.until.isoformat(), "reason": refusal.reason, "since": refusal.since.isoformat()}
    write_state(lake, KEY, document | ({"by_budget": True} if refusal.by_budget else {}))
    return refusal


def forget_refusal(lake: Lake) -> None:
    """Its time has come, or it no longer holds: Spotify may be asked."""
    forget_state(lake, KEY)


def in_minutes(instant: datetime) -> str:
    """An instant as users read it: 2026-11-22 14:05 UTC."""
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


_LONGEST = LONGEST_REFUSAL + timedelta(minutes=1)
