"""The client: one page of Spotify's Web API per call, through spotipy, with what spotipy 2.26 does not do itself.

How requests are signed is in `signing.py`, how they are tried again in `retries.py`, what a failure means in
`failures.py`, what a page must look like in `pages.py`. Which pages to ask for is the snapshot's part.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypeVar
from urllib.parse import urlsplit

from pyspotify_assets.clock import Clock, system_clock
from pyspotify_assets.errors import LoginError, SpotifyError
from pyspotify_assets.spotify import connection, failures, gate
from pyspotify_assets.spotify.failures import LONGEST_WAIT, NotAnAnswer, PageLimitError, Refusal
from pyspotify_assets.spotify.pages import Page, PlaylistFacts, counted_page, playlist_facts, read_page, search_page
from pyspotify_assets.spotify.retries import Retries
from pyspotify_assets.spotify.signing import Signer
from pyspotify_assets.spotify.tokens import AppTokens, UserTokens

if TYPE_CHECKING:
    import spotipy

    from pyspotify_assets.spotify.gate import Gate

_Read = TypeVar("_Read")


class SpotifyClient:
    """A client that signs in as an app and, with a `refresh_token`, as a user. A context manager, or `close` it.

    `client_secret` may be empty beside a `refresh_token` from a login without it (PKCE).
    `base_url` is https://api.spotify.com or a loopback address, such as a simulator's with `/as-of/<day>` behind it;
    to no other host is a token ever sent. `timeout` is in seconds, per answer; `attempts` is how often one request is
    tried at most; `longest_wait` is how many seconds of Retry-After are waited out; `at_once` is how many pages may be
    asked for at the same time. `gate` is asked before every request and told of every long refusal.
    `on_refresh_token` gets the refresh token that Spotify hands out in place of ours. `sleep` and `clock` are handed in
    by tests. Every failure is a SpotifyError; RefusedError where it says until when.

        >>> with SpotifyClient(client_id, client_secret) as client:
        ...     page = client.search_page("year:2025-2026", market="US", limit=50, offset=0)
    """

    def __init__(
        self,
        client_id: str,
        client_secret: str,
        *,
        base_url: str = connection.SPOTIFY,
        timeout: float = 10,
        attempts: int = 5,
        sleep: Callable[[float], None] | None = None,
        clock: Clock = system_clock,
        refresh_token: str = "",
        gate: Gate = gate.OPEN,
        longest_wait: float = LONGEST_WAIT,
        at_once: int = 4,
        on_refresh_token: Callable[[str], None] | None = None,
    ) -> None:
        base_url = connection.checked_base_url(base_url)
        secrets = (refresh_token,) if refresh_token and not client_secret else (client_secret, refresh_token or "-")
        if not all(map(connection.usable_credential, (client_id, *secrets))):
            raise failures.credentials_missing()
        from requests.adapters import HTTPAdapter

        connection.silence_spotipy_debug()
        self.base_url, self.host, self.at_once = base_url, urlsplit(base_url).netloc, max(1, at_once)
        self.page_sizes: dict[str, int] = {}
        """Kind of listing → the largest page that Spotify gives this app of it, as far as that was found out."""
        self._clock, self._gate = clock, gate
        self._retries = Retries(attempts, longest_wait, sleep, self._without_secrets)
        # A session of our own turns spotipy's retries off: they lose status and headers, and sleep for hours.
        self._session = connection.new_session(base_url)
        if self.at_once > 10:  # requests keeps no more connections than that, unless told
            self._session.mount("http", HTTPAdapter(pool_maxsize=self.at_once))
        self._user: Signer | None = None
        if refresh_token:
            of_user = UserTokens(
                client_id, client_secret, refresh_token, self._session, base_url, timeout, on_refresh_token
            )
            self._user = Signer(of_user, self._session, base_url, timeout)
        if client_secret or self._user is None:
            of_app = AppTokens(client_id, client_secret, self._session, base_url, timeout)
            self._app = Signer(of_app, self._session, base_url, timeout)
        else:  # an app that was logged in to without its secret speaks for the user only
            self._app = self._user
        self._owners: dict[str, str | None] = {}

    def search_page(self, query: str, market: str, limit: int, offset: int) -> Page:
        """`limit` results of a track search from `offset` (from 0), by relevance. PageLimitError if `limit` is more
        than this app gets: 50 or 10."""
        return self._ask(
            f"the search {query!r}",
            self._app,
            lambda api: api.search(q=query, type="track", market=market, limit=limit, offset=offset),
            lambda answer, requests: search_page(answer, requests, limit),
            failures.SEARCH_REMEDIES,
        )

    def playlist_page(self, playlist: str, market: str, limit: int, offset: int) -> Page:
        """`limit` entries (at most 50) of the playlist of that id from `offset` (from 0), in its order."""
        # spotipy 2.26's playlist_items asks for /items, the only path that is open to apps of every age; its
        # playlist_tracks is the same call. `fields` is not sent: `items(track(...))` gives {} in the new shape.
        return self._ask(
            f"the playlist {playlist}",
            self._user or self._app,
            lambda api: api.playlist_items(playlist, market=market, limit=limit, offset=offset),
            lambda answer, requests: counted_page(answer, requests, limit),
            {},
            playlist,
        )

    def playlist_facts(self, playlist: str, market: str) -> PlaylistFacts:
        """What the playlist of that id says of itself, without its items."""
        facts = self._ask(
            f"the playlist {playlist}",
            self._user or self._app,
            lambda api: api.playlist(playlist, fields="snapshot_id,owner", market=market),
            playlist_facts,
            {},
            playlist,
        )
        self._owners[playlist] = facts.owner
        return facts

    def top_tracks_page(self, range: str, limit: int, offset: int) -> Page:
        """`limit` tracks (at most 50) from `offset` of those that the user plays most; `range`: see `feeds.RANGES`."""
        return self._ask(
            "the user's top tracks",
            self._signed_by_user("top tracks"),
            lambda api: api.current_user_top_tracks(limit=limit, offset=offset, time_range=range),
            lambda answer, requests: counted_page(answer, requests, limit),
            failures.USER_REMEDIES,
        )

    def saved_tracks_page(self, market: str, limit: int, offset: int) -> Page:
        """`limit` tracks (at most 50) from `offset` of those that the user has saved, the latest first."""
        return self._ask(
            "the user's saved tracks",
            self._signed_by_user("saved tracks"),
            lambda api: api.current_user_saved_tracks(limit=limit, offset=offset, market=market),
            lambda answer, requests: counted_page(answer, requests, limit),
            failures.USER_REMEDIES,
        )

    def recently_played_page(self, limit: int) -> Page:
        """The user's latest `limit` plays (at most 50, and there are no more), the latest first."""
        return self._ask(
            "the user's latest plays",
            self._signed_by_user("latest plays"),
            lambda api: api.current_user_recently_played(limit=limit),
            lambda answer, requests: read_page(answer, requests, limit),
            failures.USER_REMEDIES,
        )

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

    def _signed_by_user(self, what: str) -> Signer:
        if self._user is None:
            raise LoginError(
                f"A user's {what} can be read only with that user's authorisation, and there is none.",
                "Run `pyspotify login` once, as the user whose they are.",
            )
        return self._user

    def _ask(
        self,
        what: str,
        signer: Signer,
        call: Callable[[spotipy.Spotify], Any],
        read: Callable[[Any, int], _Read],
        remedies: Mapping[int, str],
        playlist: str = "",
    ) -> _Read:
        """What `read` makes of the answer to `call` and of the number of requests, tried until it comes."""
        requests_made = 0

        def ask_with(token: str) -> _Read:
            nonlocal requests_made
            requests_made += 1
            answer = _answer(call, signer.api)
            signer.accept(token)
            return read(answer, requests_made)

        def try_once() -> _Read:
            self._gate.pass_one()
            token = signer.sign()
            try:
                return ask_with(token)
            except Refusal as refusal:
                if not signer.renew(token, refusal):
                    raise
            # spotipy goes by the token's age and never fetches another when Spotify has ended one early.
            self._gate.pass_one()
            return ask_with(signer.get_access_token())

        read_answer, failure, attempts = self._retries.run(what, try_once)
        if failure is None:
            return read_answer  # type: ignore[return-value]
        # Raised outside of any handler: requests' errors hold the request, and with it the token.
        raise self._explained(failure, what, attempts, requests_made, remedies, signer.kind, playlist)

    def _explained(
        self,
        failure: Exception,
        what: str,
        attempts: int,
        requests: int,
        remedies: Mapping[int, str],
        spoken_for: Literal["app", "user"],
        playlist: str,
    ) -> SpotifyError:
        """The error a user sees; a long refusal is told to the gate. `playlist`: the id of the one that was asked."""
        error = failures.explain(failure, what, self.host, attempts, remedies)
        if isinstance(failure, Refusal):
            until = failures.refused_until(failure, self._retries.longest_wait, self._clock())
            if until is not None:
                self._gate.close(until, self._without_secrets(str(failure)))
                error = failures.explain_wait(failure, what, until)
            elif isinstance(error, PageLimitError):
                error.requests = requests
            elif playlist and failure.is_final and not failure.at_token:
                error = failures.explain_playlist(failure, spoken_for, playlist, self._owners.get(playlist))
        error.args = (self._without_secrets(str(error.args[0])),)
        return error

    def _without_secrets(self, text: str) -> str:
        signers = (self._app, self._user or self._app)
        return connection.without_secrets(text, [secret for signer in signers for secret in signer.tokens.secrets()])


def _answer(call: Callable[[spotipy.Spotify], Any], api: spotipy.Spotify) -> Any:
    try:
        answer = call(api)
    except RecursionError:
        answer = None
    if answer is None:  # what spotipy makes of a 200 that is not JSON
        raise NotAnAnswer("a success whose body is not JSON")
    return answer
