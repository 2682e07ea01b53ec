"""Which days `pyspotify run` works on: those it was asked for, and those that a file in landing makes new.

The sample can serve every day. Live, a day can be refreshed if its raw snapshot is there, or can still be had: today's
from Spotify, others from landing. A late day changes the marts of the days after it in the window: they come along.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import date

from pyspotify_assets import landing
from pyspotify_assets.day_ranges import days_between
from pyspotify_assets.errors import PySpotifyError
from pyspotify_assets.feeds import Feed
from pyspotify_assets.lake import Lake
from pyspotify_assets.planning import touched_days
from pyspotify_assets.settings import Settings


def plan_refresh(
    lake: Lake, feeds: Sequence[Feed], settings: Settings, first: date, last: date, today: date
) -> list[str]:
    """The days to run over, ascending."""
    asked = set(days_between(first, last))
    names = {feed.name for feed in feeds}
    parsed = [landing.parse_landing_key(info.key) for info in lake.stores["landing"].objects("")]
    earliest, latest = settings.start.isoformat(), today.isoformat()
    landed = {found[1] for found in parsed if found and found[0] in names and earliest <= found[1] <= latest}
    there = asked if settings.resolved_source() == "sample" else set()
    wanted = sorted({*asked, *touched_days(landed, settings.lookback_days, latest)})
    for feed in feeds:
        there.update(lake.days(("raw", feed.name), wanted[0], wanted[-1]))
    can_ask_spotify = settings.env == "aws" or os.environ.get("SPOTIPY_CLIENT_ID")  # On AWS there is the secret.
    if can_ask_spotify and latest in asked:
        there.add(latest)
    return sorted(there.intersection(wanted) | landed)


def partition_day(day: date | None, settings: Settings, today: date) -> date:
    """The day itself, today where none is given. PySpotifyError if partitions do not exist for it."""
    chosen = day or today
    if not settings.start <= chosen <= today:
        raise PySpotifyError(
            f"{chosen} is not a day that partitions exist for: {settings.start} to {today} ({settings.timezone})",
            "PYSPOTIFY_START sets the first day.",
        )
    return chosen
