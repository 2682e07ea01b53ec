"""Whether Spotify can be asked: the refusal that is kept in the lake, and how old the user's login is."""

from __future__ import annotations

from datetime import datetime, timedelta

from pyspotify_assets.alerts.incidents import Trouble
from pyspotify_assets.daily.refusals import in_minutes, kept_refusal
from pyspotify_assets.errors import LoginError
from pyspotify_assets.lake import Lake
from pyspotify_assets.spotify.login_age import dies_on, in_words, login_due
from pyspotify_assets.spotify.token_store import LOG_IN_AGAIN, Login

TAKEN_SOON = timedelta(hours=1)
"""After its end a refusal is still the reason why something is missing, until the sensor has taken it; then no more."""


def refusal(lake: Lake, now: datetime) -> Trouble | None:
    """The refusal, if one is kept and holds, or held until just now. Raises LakeError."""
    kept = kept_refusal(lake, now)
    if kept is None or now >= kept.until + TAKEN_SOON:
        return None
    who = "The daily budget" if kept.by_budget else "Spotify"
    title = f"{who} refuses requests until {in_minutes(kept.until)}"
    return Trouble("refusal", "Spotify", kept.since, title, kept.reason, kept.error().remedy, "assets", grave=False)


def login(known: Login | None, now: datetime) -> Trouble | None:
    """That the login has come to its last month, or to its end; None where it has not, or nobody has logged in."""
    due = login_due(known.authorised_at, now) if known else None
    if known is None or known.authorised_at is None or due is None:
        return None
    words = in_words(known.authorised_at, now).removesuffix(LOG_IN_AGAIN).strip()
    title = "The login to Spotify is over" if due == "dead" else "The login to Spotify ends soon"
    since = dies_on(known.authorised_at) if due == "dead" else now
    return Trouble("login", "Spotify", since, title, words, LOG_IN_AGAIN, grave=due == "dead")


def unusable_login(error: LoginError, now: datetime) -> Trouble:
    """That the login which is kept cannot even be read."""
    return Trouble(
        "login", "Spotify", now, "The login to Spotify cannot be used", str(error.args[0]), error.remedy or LOG_IN_AGAIN
    )
