"""How old a login is, and when it ends: Spotify's refresh tokens die six months after the user allowed them.

Refreshing does not prolong them. All of this goes by the calendar; only Spotify's own word ends a run.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, datetime, timedelta
from typing import Literal

from pyspotify_assets.spotify.token_store import LOG_IN_AGAIN

LIFE_MONTHS = 6
WARNING_MONTHS = 5
DAY = timedelta(days=1)


def token_age(authorised_at: datetime, now: datetime) -> timedelta:
    """How long ago the user allowed it; both are aware instants. Never negative: clocks differ."""
    return max(now - authorised_at, timedelta())


def dies_on(authorised_at: datetime) -> datetime:
    """When a login of that instant ends, in UTC."""
    return _months_later(authorised_at, LIFE_MONTHS)


def login_due(authorised_at: datetime | None, now: datetime) -> Literal["warning", "dead"] | None:
    """Whether it is time to log in again: "warning" from five months on, "dead" from six.

    None before that, and where nobody knows since when the login holds.
    """
    if authorised_at is None or now < _months_later(authorised_at, WARNING_MONTHS):
        return None
    return "warning" if now < dies_on(authorised_at) else "dead"


def in_words(authorised_at: datetime | None, now: datetime) -> str:
    """One sentence on since when and until when, and what to do if it is time."""
    if authorised_at is None:
        return "Nobody knows since when the login holds: it ends six months after that day."
    since, until = authorised_at.astimezone(UTC), dies_on(authorised_at)
    due = login_due(authorised_at, now)
    if due == "dead":
        return f"The login of {since:%Y-%m-%d} is over since {until:%Y-%m-%d}. {LOG_IN_AGAIN}"
    left = max(1, (until - now) // DAY)
    told = f"The login of {since:%Y-%m-%d} ends on {until:%Y-%m-%d}, in {left} day{'' if left == 1 else 's'}."
    return f"{told} {LOG_IN_AGAIN}" if due else told


def _months_later(instant: datetime, months: int) -> datetime:
    """The same day of a later month, or the last one of a month that is too short."""
    instant = instant.astimezone(UTC)
    years, month = divmod(instant.month - 1 + months, 12)
    year, month = instant.year + years, month + 1
    return instant.replace(year=year, month=month, day=min(instant.day, monthrange(year, month)[1]))
