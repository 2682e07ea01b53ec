"""What a failed request to Spotify means: whether trying again helps, how long to wait, and how it is told.

Every answer that is not a success becomes a `Refusal` here, before spotipy reads it: spotipy 2.26 loses the status and
the headers of some, and breaks on error bodies such as `{"error": "text"}`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pyspotify_assets.errors import SpotifyError

if TYPE_CHECKING:
    import requests

LONGEST_WAIT = 60.0
"""Seconds of Retry-After that are waited for; Spotify has been seen to ask for 86,400."""

_CHECK_CREDENTIALS = (
    "Set SPOTIPY_CLIENT_ID and SPOTIPY_CLIENT_SECRET to those of an app of yours "
    "(https://developer.spotify.com/dashboard), or set PYSPOTIFY_SOURCE=sample to work on made-up data."
)
_CHECK_NETWORK = (
    "Check the network and, where there is one, the proxy (HTTPS_PROXY); then run it again. "
    "PYSPOTIFY_SOURCE=sample works without a network."
)
_TRY_LATER = "Run it again later: nothing has been written."
_NEEDS_USER = (
    "An app in development mode reads a playlist's items only with a user's token, and only of playlists that this "
    "user owns or collaborates on; this program signs in as the app alone. What works: an app with extended quota, a "
    "feed of kind search, or importing a CSV with `pyspotify import`."
)
_NEEDS_PREMIUM = "The owner of a Spotify app in development mode needs Premium; the dashboard shows the app's state."

PLAYLIST_REMEDIES: Mapping[int, str] = {
    401: _NEEDS_USER,
    403: f"{_NEEDS_USER} {_NEEDS_PREMIUM}",
    404: "It may be deleted or private, or one of Spotify's own editorial playlists (37i9dQ…), which newer apps may "
    "not read. Open https://open.spotify.com/playlist/ with its id in a browser, and correct `playlist` in feeds.toml.",
}
SEARCH_REMEDIES: Mapping[int, str] = {403: _NEEDS_PREMIUM}


class Refusal(Exception):
    """An answer whose status is no success, with Spotify's own reason and Retry-After in seconds (None: not given)."""

    def __init__(self, status: int, reason: str, retry_after: float | None, at_token: bool) -> None:
        super().__init__(f"{status}: {reason}" if reason else str(status))
        self.status, self.reason, self.retry_after, self.at_token = status, reason, retry_after, at_token


class NotAnAnswer(Exception):
    """A success that carries nothing usable: an HTML page, an empty body, a token answer without a token."""


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


def is_worth_retrying(error: BaseException) -> bool:
    """Whether the same request may well succeed in a moment. What Spotify has decided (4xx) stays decided."""
    import requests

    if isinstance(error, Refusal):
        passing = error.status == 429 or error.status >= 500
        return passing and (error.retry_after or 0) <= LONGEST_WAIT
    passing_errors = (
        requests.ConnectionError,
        requests.Timeout,
        requests.exceptions.ChunkedEncodingError,  # a body that was cut off
        requests.exceptions.ContentDecodingError,
    )
    return isinstance(error, (NotAnAnswer, *passing_errors))


def explain(
    error: Exception, what: str, host: str, attempts: int, now: datetime, remedies: Mapping[int, str]
) -> SpotifyError:
    """The error a user sees for `error`, met while asking `host` for `what`; `remedies` are those of single statuses.

    Says nothing of `requests`' own texts: some quote the request's headers, and so the token.
    """
    import requests

    tried = f" ({attempts} attempts)" if attempts > 1 else ""
    if isinstance(error, Refusal):
        return _explain_refusal(error, what, tried, now, remedies)
    if isinstance(error, NotAnAnswer):
        return SpotifyError(f"{host} sent no answer to {what}: {error}{tried}.", _TRY_LATER)
    if isinstance(error, requests.Timeout):
        return SpotifyError(f"{host} did not answer in time, asked for {what}{tried}.", _CHECK_NETWORK)
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return SpotifyError(f"{host} broke off its answer to {what}{tried}.", _TRY_LATER)
    if isinstance(error, requests.ConnectionError):
        return SpotifyError(f"{host} cannot be reached for {what}: {_system_reason(error)}{tried}.", _CHECK_NETWORK)
    return SpotifyError(f"{host} could not be asked for {what}: {type(error).__name__}.", _CHECK_NETWORK)


def _explain_refusal(
    refusal: Refusal, what: str, tried: str, now: datetime, remedies: Mapping[int, str]
) -> SpotifyError:
    if refusal.at_token and refusal.status in (400, 401):
        return SpotifyError(f"Spotify refused the credentials ({refusal}).", _CHECK_CREDENTIALS)
    if refusal.retry_after is not None and refusal.retry_after > LONGEST_WAIT:
        until = _later(now, refusal.retry_after)
        return SpotifyError(
            f"Spotify refuses requests until {until}, asked for {what} ({refusal}; Retry-After "
            f"{refusal.retry_after:.0f} s).",
            f"Run it again after {until}: asking earlier does not help, and nothing has been written.",
        )
    if refusal.status == 429:
        return SpotifyError(f"Spotify has had too many requests, asked for {what} ({refusal}){tried}.", _TRY_LATER)
    if refusal.status >= 500:
        return SpotifyError(f"Spotify failed at {what} ({refusal}){tried}.", _TRY_LATER)
    if refusal.status < 400:
        return SpotifyError(
            f"Spotify sent us elsewhere for {what} ({refusal}); the token goes to no other host.", _CHECK_NETWORK
        )
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
    return " ".join(text.split())[:200]


def _seconds(retry_after: str | None) -> float | None:
    try:
        seconds = float(retry_after or "")
    except ValueError:
        return None
    return max(seconds, 0.0) if math.isfinite(seconds) else None


def _later(now: datetime, seconds: float) -> str:
    try:
        # Rounded up to the minute: at the time that is named, asking must not be too early.
        return f"{now + timedelta(seconds=seconds + 59):%Y-%m-%d %H:%M} {now.tzname() or ''}".strip()
    except OverflowError:
        return "further notice"


def _system_reason(error: BaseException) -> str:
    """What the operating system said ("Connection refused"), from the deepest cause that has words."""
    reason, cause = "the connection was cut", error.__cause__ or error.__context__
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            reason = cause.strerror
        cause = cause.__cause__ or cause.__context__
    return reason
