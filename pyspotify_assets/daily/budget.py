"""The budget: how many page requests may be made in a day, counted across runs and processes.

A day is one of UTC: when Spotify's own quota begins anew is not published. Requests are reserved a batch at a time and
the rest is given back, so that a process that is killed has counted a few too many and never one too few. Two machines
that reserve in the same lake on S3 at the same moment may count one batch for both.
"""

from __future__ import annotations

from datetime import date, timedelta

from pyspotify_assets.daily.state import damaged, forget_state, read_state, write_state
from pyspotify_assets.lake import Lake

BATCH = 10
"""Page requests that are reserved at a time: so many to each write, and at most so many counted and never made."""

_FOLDER = "spotify/requests/"
_KEPT = timedelta(days=31)
_MOST_DELETED = 50


def requests_counted(lake: Lake, day: str) -> int:
    """The page requests of a day in UTC that have been made or reserved."""
    document = read_state(lake, _key(day))
    if document is None:
        return 0
    count = document.get("count")
    if isinstance(count, bool) or not isinstance(count, int) or count < 0:
        damaged(lake, _key(day))
        return 0
    return count


def reserve(lake: Lake, day: str, most: int, batch: int = BATCH) -> int:
    """Reserve a batch of the day's `most` requests; gives how many, 0 when all are used up. Hold `state.locked`."""
    counted = requests_counted(lake, day)
    reserved = min(batch, most - counted)
    if reserved <= 0:
        return 0
    if counted == 0:
        _forget_old(lake, day)
    write_state(lake, _key(day), {"count": counted + reserved})
    return reserved


def give_back(lake: Lake, day: str, number: int) -> None:
    """What was reserved and not needed. Hold `state.locked`."""
    if number > 0:
        write_state(lake, _key(day), {"count": max(0, requests_counted(lake, day) - number)})


def _forget_old(lake: Lake, day: str) -> None:
    oldest = _key((date.fromisoformat(day) - _KEPT).isoformat())
    for info in list(lake.stores["state"].objects(_FOLDER, limit=_MOST_DELETED)):
        if info.key < oldest:
            forget_state(lake, info.key)


def _key(day: str) -> str:
    return f"{_FOLDER}{day}.json"
