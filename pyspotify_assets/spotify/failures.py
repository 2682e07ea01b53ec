"""What a failed request to Spotify means: whether trying again helps, how long to wait, and how it is told.

Every answer that is not a success becomes a `Refusal` here, before spotipy reads it: spotipy 2.26 loses the status and
the headers of some, and breaks on error bodies such as `{"error": "text"}`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from pyspotify_assets.errors import LoginError, RefusedError, SpotifyError
from pyspotify_assets.spotify.unreadable import why_unreadable

if TYPE_CHECKING:
    import requests

LONGEST_WAIT = 60.0
"""Seconds of Retry-After that are waited for, unless set otherwise; Spotify has been seen to ask for 86,400."""
LONGEST_REFUSAL = timedelta(days=7)
"""What is kept of a Retry-After that is longer: nobody has seen one, and asking once a week harms nobody."""

_CHECK_CREDENTIALS = (
    "Set SPOTIPY_CLIENT_ID and SPOTIPY_CLIENT_SECRET to those of an app of yours "
    "(https://developer.spotify.com/dashboard), or set PYSPOTIFY_SOURCE=sample to work on made-up data."
)
_CHECK_NETWORK = (
    "Check the network and, where there is one, the proxy (HTTPS_PROXY); then run it again. "
    "PYSPOTIFY_SOURCE=sample works without a network."
)
_TRY_LATER = "Run it again later: nothing has been written."
_NEWER_VERSION = "Spotify may have changed its Web API: look for a newer version of pyspotify_assets."
_NEEDS_PREMIUM = "The owner of a Spotify app in development mode needs Premium; the dashboard shows the app's state."

_MENDED_BY_LOGIN = (("wrong_token", "app"), ("scope", "user"), ("token", "user"))
"""Reasons of `unreadable.py` and kinds of token for which a login may help."""
SEARCH_REMEDIES: Mapping[int, str] = {403: _NEEDS_PREMIUM}
USER_REMEDIES: Mapping[int, str] = {
    401: "Run `pyspotify login` again: Spotify does not take the user's token.",
    403: f"Run `pyspotify login` again and allow everything that it asks for. {_NEEDS_PREMIUM}",
}


class Refusal(Exception):
    """An answer whose status is no success, with Spotify's own reason and Retry-After in seconds (None: not given).

    `at_token`: it came from the accounts service. `is_final`: Spotify has decided, and would say the same again."""

    def __init__(self, status: int, reason: str, retry_after: float | None, at_token: bool) -> None:
        super().__init__(f"{status}: {reason}" if reason else str(status))
        self.status, self.reason, self.retry_after, self.at_token = status, reason, retry_after, at_token
        self.is_final = 400 <= status < 500 and status != 429


class NotAnAnswer(Exception):
    """A success that carries nothing usable: an HTML page, an empty body, a token answer without a token."""


class WrongShape(NotAnAnswer):
    """A success that is JSON and lacks a part that every such answer has; the message is that part's name."""


class PageLimitError(SpotifyError):
    """Spotify gives this app no pages as large as that one; `requests` went into finding out."""

    requests = 0


def credentials_missing() -> SpotifyError:
    """The error for credentials that are empty, or are nothing that Spotify could have given out."""
    return SpotifyError("There are no usable Spotify credentials.", _CHECK_CREDENTIALS)


def raise_refusal(response: requests.Response, *_: object, **__: object) -> None:
    """A response hook for `requests`: raises Refusal for all but 2xx. Redirects count: the token follows to no host."""
    if 200 <= response.status_code < 300:
        return
    raise Refusal(
        response.status_code,
        _reason(response.text),
        _seconds(response.headers.get("Retry-After")),
        urlsplit(response.url).path.endswith("/api/token"),
    )


def is_worth_retrying(error: BaseException, longest_wait: float) -> bool:
    """Whether the same request may well succeed within `longest_wait` seconds.

    What Spotify has decided (4xx) stays decided, and a quota that is used up is used up.
    """
    import requests

    if isinstance(error, Refusal):
        passing = error.status == 429 or error.status >= 500
        return passing and _refused_for(error, longest_wait) is None and not _quota_is_used_up(error)
    passing_errors = (
        requests.ConnectionError,
        requests.Timeout,
        requests.exceptions.ChunkedEncodingError,  # a body that was cut off
        requests.exceptions.ContentDecodingError,
    )
    return isinstance(error, (NotAnAnswer, *passing_errors))


def in_short(error: BaseException | None) -> str:
    """A failure in a few words, for a log. Says nothing of `requests`' own texts: some quote the request's headers."""
    if isinstance(error, WrongShape):
        return f"no usable {error}"
    return str(error) if isinstance(error, (Refusal, NotAnAnswer)) else type(error).__name__


def refused_until(refusal: Refusal, longest_wait: float, now: datetime) -> datetime | None:
    """Until when nobody should ask: a full minute, in UTC. None where the refusal is no more than a short wait.

    A used-up quota comes without a time. Spotify does not say when its day begins: the next midnight in UTC is taken.
    """
    asked = _refused_for(refusal, longest_wait)
    now = now.astimezone(UTC)
    if asked is not None:
        # Rounded up: at the minute that is named, asking must not be too early.
        until = now + min(timedelta(seconds=min(asked, 1e9)), LONGEST_REFUSAL) + timedelta(microseconds=59_999_999)
        return until.replace(second=0, microsecond=0)
    if _quota_is_used_up(refusal):
        return (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return None


def _refused_for(refusal: Refusal, longest_wait: float) -> float | None:
    passing = refusal.status == 429 or refusal.status >= 500
    long = passing and refusal.retry_after is not None and refusal.retry_after > longest_wait
    return refusal.retry_after if long else None


def _quota_is_used_up(refusal: Refusal) -> bool:
    return refusal.status == 429 and refusal.retry_after is None and "QUOTA_EXCEEDED" in refusal.reason


def explain_wait(refusal: Refusal, what: str, until: datetime) -> RefusedError:
    """The error for a refusal that holds `until` then."""
    time = f"{until:%Y-%m-%d %H:%M} UTC"
    why = (
        "the daily quota is used up, and a new day is taken to begin at midnight in UTC"
        if refusal.retry_after is None
        else f"Retry-After {refusal.retry_after:.0f} s"
    )
    return RefusedError(
        f"Spotify refuses requests until {time}, asked for {what} ({refusal}; {why}).",
        f"Run it again after {time}: asking earlier does not help, and nothing has been written.",
        until,
    )


def explain(error: Exception, what: str, host: str, attempts: int, remedies: Mapping[int, str]) -> SpotifyError:
    """The error a user sees for `error`, met while asking `host` for `what`; `remedies`: status → what to do."""
    import requests

    tried = f" ({attempts} attempts)" if attempts > 1 else ""
    if isinstance(error, Refusal):
        return _explain_refusal(error, what, tried, remedies)
    if isinstance(error, WrongShape):
        return SpotifyError(f"Spotify's answer to {what} has no usable {error}{tried}.", _NEWER_VERSION)
    if isinstance(error, NotAnAnswer):
        return SpotifyError(f"{host} sent no answer to {what}: {error}{tried}.", _TRY_LATER)
    if isinstance(error, requests.Timeout):
        return SpotifyError(f"{host} did not answer in time, asked for {what}{tried}.", _CHECK_NETWORK)
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return SpotifyError(f"{host} broke off its answer to {what}{tried}.", _TRY_LATER)
    if isinstance(error, requests.ConnectionError):
        return SpotifyError(f"{host} cannot be reached for {what}: {_system_reason(error)}{tried}.", _CHECK_NETWORK)
    return SpotifyError(f"{host} could not be asked for {what}: {type(error).__name__}.", _CHECK_NETWORK)


def explain_playlist(
    refusal: Refusal, token_kind: Literal["app", "user"], playlist: str, owner: str | None
) -> SpotifyError:
    """The error for a playlist that Spotify has decided not to give; a LoginError where a login may mend it."""
    told = why_unreadable(refusal.status, refusal.reason, token_kind, playlist, owner)
    kind = LoginError if (told.why, token_kind) in _MENDED_BY_LOGIN else SpotifyError
    return kind(told.message, told.remedy)


def _explain_refusal(refusal: Refusal, what: str, tried: str, remedies: Mapping[int, str]) -> SpotifyError:
    if refusal.at_token and refusal.status in (400, 401):
        return SpotifyError(f"Spotify refused the credentials ({refusal}).", _CHECK_CREDENTIALS)
    if refusal.status == 429:
        return SpotifyError(f"Spotify has had too many requests, asked for {what} ({refusal}){tried}.", _TRY_LATER)
    if refusal.status >= 500:
        return SpotifyError(f"Spotify failed at {what} ({refusal}){tried}.", _TRY_LATER)
    if refusal.status < 400:
        return SpotifyError(
            f"Spotify sent us elsewhere for {what} ({refusal}); the token goes to no other host.", _CHECK_NETWORK
        )
    if refusal.status == 400 and "invalid limit" in refusal.reason.casefold():
        return PageLimitError(f"Spotify refused {what} ({refusal}).", _NEWER_VERSION)
    return SpotifyError(f"Spotify refused {what} ({refusal}).", remedies.get(refusal.status, ""))


def _reason(body: str) -> str:
    """Spotify's own words from an error body, in any of its shapes, on one line; "" for a body without words."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        document = body
    error = document.get("error", document) if isinstance(document, dict) else document
    if isinstance(error, dict):
        words = [error.get("message"), error.get("reason")]
    elif isinstance(document, dict):
        words = [error, document.get("error_description")]
    else:
        words = ["an HTML page" if str(error).lstrip().startswith("<") else error]
    text = ", ".join(str(word) for word in words if word)
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:200]


def _seconds(retry_after: str | None) -> float | None:
    try:
        seconds = float(retry_after or "")
    except ValueError:
        return None
    return max(seconds, 0.0) if math.isfinite(seconds) else None


def _system_reason(error: BaseException) -> str:
    """What the operating system said ("Connection refused"), from the deepest cause that has words."""
    reason, cause = "the connection was cut", error.__cause__ or error.__context__
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            reason = cause.strerror
        cause = cause.__cause__ or cause.__context__
    return reason
