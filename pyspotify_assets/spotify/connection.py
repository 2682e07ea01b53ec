"""Connections: which hosts are talked to, by what kind of session, and what of it must never be seen.

Shared by whoever sends something to Spotify: the client, its tokens and the login. Retries are the client's part.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pyspotify_assets.errors import SpotifyError
from pyspotify_assets.spotify import failures

if TYPE_CHECKING:
    import requests

SPOTIFY = "https://api.spotify.com"
_ACCOUNTS = "https://accounts.spotify.com"
_LOOPBACK = re.compile(r"https?://(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?(/[A-Za-z0-9/_-]*)?")
_CREDENTIAL = re.compile(r"[!-~]+")
_SHORTEST_SECRET = 8
"""Spotify's have 32 letters or more; what is shorter (the sample takes any) may be a word of the message itself."""


def checked_base_url(base_url: str) -> str:
    """`base_url` without a slash at its end.

    SpotifyError unless it is Spotify's or on loopback: no token goes elsewhere.
    """
    base_url = base_url.rstrip("/")
    if base_url != SPOTIFY and not is_loopback(base_url):
        raise SpotifyError(f"{base_url!r} is neither {SPOTIFY} nor a loopback address.", f"Use {SPOTIFY}.")
    return base_url


def is_loopback(base_url: str) -> bool:
    """Whether that address is on this machine."""
    return _LOOPBACK.fullmatch(base_url) is not None


def accounts_url(base_url: str, page: str) -> str:
    """The address of a page ("authorize", "api/token") of the accounts service that belongs to `base_url`."""
    return f"{_ACCOUNTS if base_url == SPOTIFY else base_url}/{page}"


def usable_credential(text: str | None) -> bool:
    """Whether Spotify could have given that out: visible ASCII, and some of it.

    Checked before use since Python's error for what cannot be encoded, and requests' for what no header may have, quote
    it.
    """
    return _CREDENTIAL.fullmatch(text or "") is not None


def new_session(base_url: str) -> requests.Session:
    """A session for `base_url` whose answers other than 2xx become a Refusal, with Spotify's status and reason."""
    import requests

    session = requests.Session()
    session.trust_env = not is_loopback(base_url)
    session.auth = _keep_authorization  # else an entry in ~/.netrc would replace the authorisation
    session.hooks["response"].append(failures.raise_refusal)
    return session


def silence_spotipy_debug() -> None:
    """Drop spotipy's DEBUG records, whatever level is set: they print tokens, credentials and codes."""
    for name in ("spotipy.client", "spotipy.oauth2"):
        logging.getLogger(name).addFilter(_above_debug)  # adding the same filter again changes nothing


def without_secrets(text: str, secrets: Iterable[str]) -> str:
    """`text`, which may quote a body that quotes our request, without what must not be seen."""
    # The longest first: a secret may be part of another one.
    for secret in sorted({secret for secret in secrets if len(secret) >= _SHORTEST_SECRET}, key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


def _keep_authorization(request: Any) -> Any:
    return request


def _above_debug(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.INFO
