"""Signing: requests go out with a token that is valid by its age, and with another one when Spotify ends it early.

Where tokens come from is `tokens.py`'s part. Several threads may sign at once; they fetch one token, not one each.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Literal

from pyspotify_assets.spotify.failures import Refusal

if TYPE_CHECKING:
    import requests
    import spotipy

    from pyspotify_assets.spotify.tokens import Tokens


class Signer:
    """One kind of token (`kind`: whom it speaks for), and spotipy's client that uses it (`api`)."""

    def __init__(self, tokens: Tokens, session: requests.Session, base_url: str, timeout: float) -> None:
        import spotipy

        self.tokens = tokens
        self.kind: Literal["app", "user"] = "user" if tokens.kind == "user" else "app"
        self.api: spotipy.Spotify = spotipy.Spotify(
            auth_manager=self, requests_session=session, requests_timeout=timeout
        )
        self.api.prefix = f"{base_url}/v1/"  # spotipy has no argument for it
        self._of_thread = threading.local()
        self._lock = threading.Lock()
        self._accepted: set[str] = set()
        self._renewals = 0

    def sign(self) -> str:
        """Have a token for the next request of this thread; gives it."""
        with self._lock:
            self._of_thread.renewals = self._renewals
            self._of_thread.token = self.tokens.get()
        return self._of_thread.token

    def get_access_token(self, as_dict: bool = False) -> str:
        """What spotipy asks for, for every request: the token that this thread's request was signed with."""
        return self._of_thread.token

    def accept(self, token: str) -> None:
        """Spotify has answered who came with `token`."""
        self._accepted.add(token)

    def renew(self, token: str, refusal: Refusal) -> bool:
        """After `token` was refused: have another one for this thread. False where that would not help.

        It helps where Spotify has accepted this one before, or says that it is over, or other threads have another one.
        """
        if refusal.status != 401 or refusal.at_token or "user authentication" in refusal.reason.casefold():
            return False
        with self._lock:
            current = self.tokens.get()
            # Counted, since the renewed one may read like the one before.
            if current == token and self._of_thread.renewals == self._renewals:
                if token not in self._accepted and "expired" not in refusal.reason.casefold():
                    return False
                current = self.tokens.renew()
                self._renewals += 1
        self._of_thread.token = current
        return True
