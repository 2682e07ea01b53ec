"""Accounts: which codes and tokens have been handed out, to whom, and which are still good.

An app's token follows from the seed, as all of the sample does; a user's come from an authorisation, and die with it.
The endpoints that hand them out are in `sign_in.py`.
"""

import hashlib
import re
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from pyspotify_assets.clock import Clock
from pyspotify_assets.spotify.sample import refusals
from pyspotify_assets.spotify.sample.messages import Response
from pyspotify_assets.spotify.sample.people import LISTENER, SCOPES

REFRESH_TOKEN_LIFE = timedelta(days=183)
"""Six months from the authorisation; refreshing does not extend it."""
_CODE_LIFE = timedelta(minutes=10)


@dataclass(frozen=True)
class Identity:
    """Whom an access token speaks for: an app, or with `user` and `scopes` a user."""

    kind: Literal["app", "user"]
    user: str = ""
    scopes: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Grant:
    """A user's authorisation of an app at `since`; `client_id` "" is any app. `pkce`: without the app's secret."""

    client_id: str
    scopes: frozenset[str]
    since: datetime
    pkce: bool = False


@dataclass(frozen=True)
class Code:
    """What was asked for when a code was handed out; `challenge` is PKCE's, "" where the app's secret proves it."""

    client_id: str
    redirect_uri: str
    scopes: frozenset[str]
    challenge: str
    issued: datetime


class Accounts:
    """The tokens of one simulator; safe for several threads."""

    def __init__(self, seed: int, clock: Clock) -> None:
        self._seed, self._clock = seed, clock
        self._lock = threading.Lock()
        self._handed_out = 0
        self._app_generation = 0
        self._codes: dict[str, Code] = {}
        self._identities: dict[str, Identity] = {app_token(seed): Identity("app")}
        self._ended: set[str] = set()
        self._grants: dict[str, Grant] = {}
        self._dead: dict[str, str] = {}
        self._ready_made = ""

    def identity(self, authorization: str) -> Identity | None:
        """Whom this header speaks for, whether or not its token is still good."""
        return self._identities.get(authorization.removeprefix("Bearer "))

    def refusal(self, authorization: str) -> Response | None:
        """Why this header opens nothing; None where it does."""
        if not authorization:
            return refusals.no_token()
        if not authorization.startswith("Bearer ") or self.identity(authorization) is None:
            return refusals.invalid_token()
        return refusals.token_expired() if authorization.removeprefix("Bearer ") in self._ended else None

    def app_access_token(self) -> str:
        """The app's token: the same one for as long as it is good."""
        with self._lock:
            token = app_token(self._seed, self._app_generation)
            self._identities[token] = Identity("app")
            return token

    def user_access_token(self, grant: Grant) -> str:
        """A new token for the user of `grant`."""
        with self._lock:
            token = self._new("user")
            self._identities[token] = Identity("user", LISTENER, grant.scopes)
            return token

    def refresh_token(self, grant: Grant, instead_of: str = "") -> str:
        """A new refresh token for `grant`; the one that it comes instead of is no good any more."""
        with self._lock:
            token = self._new("refresh")
            self._grants[token] = grant
            if instead_of:
                self._dead[instead_of] = "Invalid refresh token"
            return token

    def ready_made_refresh_token(self) -> str:
        """A good refresh token that every app may use, with every scope: the same one for as long as it is good."""
        if not self._ready_made or isinstance(self.grant(self._ready_made), str):
            self._ready_made = self.refresh_token(Grant("", frozenset(SCOPES), self._clock()))
        return self._ready_made

    def grant(self, refresh_token: str) -> Grant | str:
        """The authorisation behind a refresh token, or in Spotify's words why it is no good."""
        grant = self._grants.get(refresh_token)
        if grant is None:
            return "Invalid refresh token"
        if refresh_token in self._dead:
            return self._dead[refresh_token]
        return "Refresh token expired" if self._clock() >= grant.since + REFRESH_TOKEN_LIFE else grant

    def code(self, asked: Code) -> str:
        """A new code, good for ten minutes and one use."""
        with self._lock:
            code = self._new("code")
            self._codes[code] = asked
            return code

    def take_code(self, code: str) -> Code | None:
        """What the code was handed out for; None for one that was used, is too old or was never handed out."""
        with self._lock:
            asked = self._codes.pop(code, None)
        return asked if asked and self._clock() < asked.issued + _CODE_LIFE else None

    def end_access_tokens(self) -> None:
        """All access tokens handed out so far are refused from now on; new ones are good."""
        with self._lock:
            self._ended.update(self._identities)
            self._app_generation += 1

    def kill_refresh_tokens(self, reason: str) -> None:
        """All refresh tokens handed out so far are refused from now on, with this description."""
        with self._lock:
            self._dead.update({token: self._dead.get(token, reason) for token in self._grants})

    def _new(self, kind: str) -> str:
        self._handed_out += 1
        return f"sample-{kind}-{_digest(f'{kind}/{self._seed}/{self._handed_out}')}"


def app_token(seed: int, generation: int = 0) -> str:
    """The app's access token: the first one, unless those before have been ended."""
    return "sample-" + _digest(f"token/{seed}/{generation}" if generation else f"token/{seed}")


def scopes_in(text: str) -> frozenset[str]:
    """The scopes named in `text`, by spaces as OAuth has them or by commas."""
    return frozenset(filter(None, re.split(r"[ ,]+", text)))


def _digest(words: str) -> str:
    return hashlib.sha256(words.encode()).hexdigest()
