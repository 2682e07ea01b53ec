"""Tokens: what requests are signed with, fetched through spotipy's auth managers and kept in memory only.

Both kinds fetch once however many threads ask, and neither tries again by itself: that is the client's part.
"""

from __future__ import annotations

import base64
import logging
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from pyspotify_assets.errors import LoginError, PySpotifyError
from pyspotify_assets.spotify import failures
from pyspotify_assets.spotify.connection import (
    accounts_url,
    silence_spotipy_debug,
    usable_credential,
    without_secrets,
)
from pyspotify_assets.spotify.failures import NotAnAnswer, Refusal
from pyspotify_assets.spotify.token_store import LOG_IN_AGAIN, Keeper

if TYPE_CHECKING:
    import requests

_log = logging.getLogger("pyspotify_assets.spotify")


class Tokens(Protocol):
    """Where the tokens of one kind come from. Refusal, NotAnAnswer or an error of `requests` if one does not come."""

    kind: str
    """"app" or "user": whom the token speaks for."""

    def get(self) -> str:
        """A token that is valid by its age, fetched when needed."""

    def renew(self) -> str:
        """Another token, after Spotify has ended the one it gave before its time."""

    def secrets(self) -> tuple[str, ...]:
        """What must not be seen anywhere: everything secret that has been in use."""


class _Cached(ABC):
    """What both kinds share: a token kept until it is too old, fetched by one thread at a time."""

    def __init__(self, client_id: str, client_secret: str, session: requests.Session) -> None:
        from spotipy.cache_handler import MemoryCacheHandler

        silence_spotipy_debug()
        if failures.raise_refusal not in session.hooks["response"]:  # spotipy loses status and headers
            session.hooks["response"].append(failures.raise_refusal)
        # In memory: spotipy's default is a file in the working directory that is not keyed by client id.
        self._cache = MemoryCacheHandler()
        self._lock = threading.Lock()
        basic = base64.b64encode(f"{client_id}:{client_secret}".encode()).decode()
        self._seen = dict.fromkeys([client_secret, basic] if client_secret else [])

    def get(self) -> str:
        with self._lock:
            return self._get()

    def renew(self) -> str:
        with self._lock:
            self._cache.save_token_to_cache(None)
            return self._get()

    def secrets(self) -> tuple[str, ...]:
        return tuple(self._seen)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def __reduce__(self) -> NoReturn:
        raise TypeError("Tokens hold credentials and are not pickled: make them where they are needed.")

    def _get(self) -> str:
        known = self._cache.get_cached_token()
        if known and not self._auth.is_token_expired(known):
            return known["access_token"]
        self._cache.save_token_to_cache(None)
        answer = self._fetched()
        if answer is None or not isinstance(answer.get("access_token"), str):
            self._cache.save_token_to_cache(None)
            raise NotAnAnswer("the token's answer has no token")
        if not usable_credential(answer["access_token"]):  # requests would quote it in its error
            self._cache.save_token_to_cache(None)
            raise NotAnAnswer("the token's answer has a token that no header may carry")
        self._seen[answer["access_token"]] = None
        return answer["access_token"]

    def _fetched(self) -> dict[str, Any] | None:
        """Spotify's answer; None for one that is no JSON object with the age that a token can reach."""
        try:
            self._fetch()
        except (AttributeError, KeyError, OverflowError, RecursionError, TypeError, ValueError) as error:
            if _is_of_requests(error):
                raise
            return None
        return self._cache.get_cached_token()

    _auth: Any

    @abstractmethod
    def _fetch(self) -> None:
        """Have spotipy fetch a token into the cache."""


class AppTokens(_Cached):
    """Tokens that speak for the app itself (client credentials)."""

    kind = "app"

    def __init__(
        self, client_id: str, client_secret: str, session: requests.Session, base_url: str, timeout: float
    ) -> None:
        import spotipy

        super().__init__(client_id, client_secret, session)
        self._auth = spotipy.SpotifyClientCredentials(
            client_id, client_secret, requests_session=session, requests_timeout=timeout, cache_handler=self._cache
        )
        self._auth.OAUTH_TOKEN_URL = accounts_url(base_url, "api/token")  # spotipy has no argument for it

    def _fetch(self) -> None:
        self._auth.get_access_token(as_dict=False, check_cache=False)


class UserTokens(_Cached):
    """Tokens that speak for the user who once allowed it, as `refresh_token` proves.

    Without a `client_secret` they are fetched as PKCE has it; Spotify then hands out another refresh token each time.
    `on_refresh_token` gets every refresh token that comes in place of ours; a Keeper also says since when the login
    holds, and which one another process may have got meanwhile. A refresh token that is no good any more is a
    LoginError, now and on every later call: Spotify is not asked again.
    """

    kind = "user"

    def __init__(
        self,
        client_id: str,
        client_secret: str,
        refresh_token: str,
        session: requests.Session,
        base_url: str,
        timeout: float,
        on_refresh_token: Callable[[str], None] | None = None,
    ) -> None:
        import spotipy

        super().__init__(client_id, client_secret, session)
        self._refresh_token, self._on_refresh_token = refresh_token, on_refresh_token
        self._seen[refresh_token] = None
        self._dead, self._has_secret = "", bool(client_secret)
        options = {
            "client_id": client_id,
            "redirect_uri": "http://127.0.0.1/callback",  # spotipy wants one, and sends it nowhere here
            "requests_session": session,
            "requests_timeout": timeout,
            "open_browser": False,
            "cache_handler": self._cache,
        }
        if client_secret:
            self._auth = spotipy.SpotifyOAuth(client_secret=client_secret, **options)
        else:
            self._auth = spotipy.SpotifyPKCE(**options)
        self._auth.OAUTH_TOKEN_URL = accounts_url(base_url, "api/token")

    def _fetch(self) -> None:
        if self._dead:
            raise LoginError(self._dead, LOG_IN_AGAIN)
        refusal = self._refused()
        if refusal is not None and (latest := self._latest()):
            self._refresh_token = latest
            self._seen[latest] = None
            refusal = self._refused()
        if refusal is not None:
            self._dead = self._told(refusal)
            raise LoginError(self._dead, LOG_IN_AGAIN)
        self._keep()

    def _refused(self) -> str | None:
        """Fetch; in Spotify's words why the refresh token is no good any more, None if it is."""
        try:
            # Not get_access_token: where a scope is missing, it asks at the terminal for an address to be typed.
            self._auth.refresh_access_token(self._refresh_token)
        except Refusal as refusal:
            if refusal.status != 400 or "invalid_grant" not in refusal.reason:
                raise
            return str(refusal)
        return None

    def _latest(self) -> str:
        """The refresh token that another process has got in place of ours; "" if there is none."""
        if not isinstance(self._on_refresh_token, Keeper):
            return ""
        # Without the secret each refresh token is good for one use, and who used ours may not have kept its own yet.
        for pause in (0.0,) if self._has_secret else (0.0, 0.2, 0.5):
            time.sleep(pause)
            try:
                latest = self._on_refresh_token.latest()
            except PySpotifyError:
                return ""
            if latest and latest != self._refresh_token:
                return latest
        return ""

    def _keep(self) -> None:
        """Tell who wants to know that there is another refresh token. A place that cannot keep it ends no run."""
        token = (self._cache.get_cached_token() or {}).get("refresh_token")
        if token == self._refresh_token or not isinstance(token, str) or not usable_credential(token):
            return
        self._refresh_token = token
        self._seen[token] = None
        if self._on_refresh_token is None:
            return
        try:
            self._on_refresh_token(token)
        except PySpotifyError as error:
            told = without_secrets(str(error.args[0]), self.secrets())
            _log.warning("Spotify's new refresh token could not be kept (%s): a new login may be needed.", told)

    def _told(self, refusal: str) -> str:
        keeper = self._on_refresh_token
        since = keeper.authorised_at if isinstance(keeper, Keeper) else None
        given = f", which was given on {since:%Y-%m-%d}" if since else ""
        return f"Spotify does not take the user's authorisation{given} ({without_secrets(refusal, self.secrets())})."


def _is_of_requests(error: Exception) -> bool:
    """Whether a ValueError is one of requests' own, such as a bad URL; a body that is not JSON is not meant."""
    import requests

    return isinstance(error, requests.RequestException) and not isinstance(error, requests.exceptions.JSONDecodeError)
