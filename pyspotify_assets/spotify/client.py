"""The client: one page of Spotify's Web API per call, through spotipy, with what spotipy 2.26 does not do itself.

Retries, bounded waits, one new token when one expires, and errors that say what to do are here; what a failure means is
in `failures.py`, what a page must look like in `pages.py`. Which pages to ask for is the snapshot's part.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlsplit

from pyspotify_assets.clock import Clock, system_clock
from pyspotify_assets.errors import SpotifyError
from pyspotify_assets.spotify import failures
from pyspotify_assets.spotify.failures import NotAnAnswer, Refusal
from pyspotify_assets.spotify.pages import Page, playlist_page, search_page

if TYPE_CHECKING:
    import tenacity

SPOTIFY = "https://api.spotify.com"
_LOOPBACK = re.compile(r"https?://(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?(/[A-Za-z0-9/_-]*)?")
_CREDENTIAL = re.compile(r"[!-~]+")
_SHORTEST_SECRET = 8
"""Spotify's have 32 letters or more; what is shorter (the sample takes any) may be a word of the message itself."""
_log = logging.getLogger("pyspotify_assets.spotify")


class SpotifyClient:
    """A client that signs in as an app (client credentials). Use it as a context manager, or `close` it.

    `base_url` is https://api.spotify.com or a loopback address, such as a simulator's with `/as-of/<day>` behind it;
    to no other host is a token ever sent. `timeout` is in seconds, per answer; `attempts` is how often one request is
    tried at most; `sleep` and `clock` are handed in by tests. Every failure is a SpotifyError.

        >>> with SpotifyClient(client_id, client_secret) as client:
        ...     page = client.search_page("year:2025-2026", market="US", limit=50, offset=0)
    """

    def __init__(
        self,
        client_id: str,
        client_secret: str,
        *,
        base_url: str = SPOTIFY,
        timeout: float = 10,
        attempts: int = 5,
        sleep: Callable[[float], None] = time.sleep,
        clock: Clock = system_clock,
    ) -> None:
        base_url = base_url.rstrip("/")
        on_loopback = _LOOPBACK.fullmatch(base_url) is not None
        if base_url != SPOTIFY and not on_loopback:
            raise SpotifyError(f"{base_url!r} is neither {SPOTIFY} nor a loopback address.", f"Use {SPOTIFY}.")
        # Checked here since spotipy encodes them as ASCII, and Python's error for what cannot be encoded quotes it.
        if not (_CREDENTIAL.fullmatch(client_id or "") and _CREDENTIAL.fullmatch(client_secret or "")):
            raise failures.credentials_missing()
        import requests
        import spotipy
        from spotipy.cache_handler import MemoryCacheHandler

        _silence_spotipy_debug()
        self.base_url, self.host = base_url, urlsplit(base_url).netloc
        self._attempts, self._sleep, self._clock, self._client_secret = attempts, sleep, clock, client_secret
        # A session of our own turns spotipy's retries off: they lose status and headers, and sleep for hours.
        self._session = requests.Session()
        self._session.trust_env = not on_loopback
        self._session.auth = _keep_authorization  # else an entry in ~/.netrc would replace the bearer token
        self._session.hooks["response"].append(failures.raise_refusal)
        # In memory: spotipy's default is a file in the working directory that is not keyed by client id.
        self._tokens = MemoryCacheHandler()
        self._auth = spotipy.SpotifyClientCredentials(
            client_id,
            client_secret,
            requests_session=self._session,
            requests_timeout=timeout,
            cache_handler=self._tokens,
        )
        self._spotipy = spotipy.Spotify(
            auth_manager=self._auth, requests_session=self._session, requests_timeout=timeout
        )
        if on_loopback:  # spotipy has no argument for either address
            self._auth.OAUTH_TOKEN_URL = f"{base_url}/api/token"
            self._spotipy.prefix = f"{base_url}/v1/"

    def search_page(self, query: str, market: str, limit: int, offset: int) -> Page:
        """`limit` results (at most 50) of a track search from `offset` (from 0), by relevance."""
        answer, requests_made = self._ask(
            f"the search {query!r}",
            lambda: self._spotipy.search(q=query, type="track", market=market, limit=limit, offset=offset),
            failures.SEARCH_REMEDIES,
        )
        return search_page(answer, requests_made)

    def playlist_page(self, playlist: str, market: str, limit: int, offset: int) -> Page:
        """`limit` entries (at most 50) of the playlist of that id from `offset` (from 0), in its order."""
        # spotipy 2.26's playlist_items asks for /items, the only path that is open to apps of every age; its
        # playlist_tracks is the same call. `fields` is not sent: `items(track(...))` gives {} in the new shape.
        answer, requests_made = self._ask(
            f"the playlist {playlist}",
            lambda: self._spotipy.playlist_items(playlist, market=market, limit=limit, offset=offset),
            failures.PLAYLIST_REMEDIES,
        )
        return playlist_page(answer, requests_made)

    def close(self) -> None:
        """Close the connections. The client can still be used; it opens new ones."""
        self._session.close()

    def __enter__(self) -> SpotifyClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"SpotifyClient(base_url={self.base_url!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("A SpotifyClient holds credentials and is not pickled: make one where it is needed.")

    def _ask(self, what: str, call: Callable[[], Any], remedies: Mapping[int, str]) -> tuple[Any, int]:
        """The answer to one request, tried until it comes, and how many page requests that took."""
        import requests
        import tenacity

        requests_made = 0

        def try_once() -> Any:
            nonlocal requests_made
            token_is_new = self._ensure_token()
            requests_made += 1
            try:
                return _answer(call)
            except Refusal as refusal:
                if refusal.status != 401 or token_is_new:
                    raise
            # spotipy goes by the token's age and never fetches another when Spotify has ended one early.
            self._tokens.save_token_to_cache(None)
            self._ensure_token()
            requests_made += 1
            return _answer(call)

        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self._attempts),
            retry=tenacity.retry_if_exception(failures.is_worth_retrying),
            wait=_pause(tenacity.wait_exponential(multiplier=0.5, max=8) + tenacity.wait_random(0, 0.5)),
            sleep=self._sleep,
            before_sleep=lambda state: self._announce(what, state),
            reraise=True,
        )
        try:
            return retrying(try_once), requests_made
        except (Refusal, NotAnAnswer, requests.RequestException) as error:
            attempts = retrying.statistics["attempt_number"]
            explained = failures.explain(error, what, self.host, attempts, self._clock(), remedies)
        # Raised outside of the handler: requests' errors hold the request, and with it the token.
        raise SpotifyError(self._without_secrets(str(explained.args[0])), explained.remedy)

    def _ensure_token(self) -> bool:
        """Have a token that is valid by its age; whether it had to be fetched."""
        known = self._tokens.get_cached_token()
        try:
            self._auth.get_access_token(as_dict=False)
        except (KeyError, TypeError, ValueError, RecursionError):  # not JSON, or JSON without a token
            self._tokens.save_token_to_cache(None)
            raise NotAnAnswer("the token's answer has no token") from None
        return self._tokens.get_cached_token() is not known

    def _announce(self, what: str, state: tenacity.RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        seconds = state.next_action.sleep if state.next_action else 0
        reason = str(error) if isinstance(error, (Refusal, NotAnAnswer)) else type(error).__name__
        _log.warning(
            "%s did not answer %s (%s): waiting %.1f s, then attempt %d of %d",
            self.host,
            what,
            self._without_secrets(reason),
            seconds,
            state.attempt_number + 1,
            self._attempts,
        )

    def _without_secrets(self, text: str) -> str:
        """`text`, which may quote a body that quotes our request, without what must not be seen."""
        token = self._tokens.get_cached_token() or {}
        for secret in (self._client_secret, str(token.get("access_token") or "")):
            if len(secret) >= _SHORTEST_SECRET:
                text = text.replace(secret, "***")
        return text


def _answer(call: Callable[[], Any]) -> Any:
    try:
        answer = call()
    except RecursionError:
        answer = None
    if answer is None:  # what spotipy makes of a 200 that is not JSON
        raise NotAnAnswer("a success whose body is not JSON")
    return answer


def _pause(growing: Callable[[tenacity.RetryCallState], float]) -> Callable[[tenacity.RetryCallState], float]:
    def pause(state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after if isinstance(error, Refusal) else None
        return max(asked or 0.0, growing(state))

    return pause


def _keep_authorization(request: Any) -> Any:
    return request


def _silence_spotipy_debug() -> None:
    """Drop spotipy's DEBUG records, whatever level is set: they print the bearer token and the client secret."""
    for name in ("spotipy.client", "spotipy.oauth2"):
        logging.getLogger(name).addFilter(_above_debug)  # adding the same filter again changes nothing


def _above_debug(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.INFO
