"""The deadline: Lambda kills a function whose time is over, and then nobody is told which feed was missing.

So nothing is begun that could not end in time: no feed, no page, no pause before another attempt.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from pyspotify_assets.errors import SpotifyError
from pyspotify_assets.spotify.client import SpotifyClient
from pyspotify_assets.spotify.pages import Page

TO_LAND = 5.0
"""Seconds that are kept for writing a feed's file, uploading it, and telling what came of it all."""


class Deadline:
    """`left` gives the seconds until the function is killed; `answer` is how long one answer may be waited for."""

    def __init__(self, left: Callable[[], float], answer: float) -> None:
        self._left, self._needed = left, answer + TO_LAND

    def allow(self, seconds: float = 0) -> None:
        """Nothing, while there is time for a pause of `seconds` and one more answer. Else SpotifyError."""
        left, wanted = self._left(), seconds + self._needed
        if left < wanted:
            raise SpotifyError(
                f"The function's time is nearly over: {left:.0f} s are left, {wanted:.0f} s may be needed",
                'Invoke it again for what is missing, as {"feeds": ["…"]}; if it happens again, give it more time.',
            )

    def sleep(self, seconds: float) -> None:
        """Sleep, if there is time for it."""
        self.allow(seconds)
        time.sleep(seconds)


class PunctualClient(SpotifyClient):
    """A Spotify client that asks for nothing for which there is no time."""

    def __init__(
        self, client_id: str, client_secret: str, deadline: Deadline, *, base_url: str, timeout: float, attempts: int
    ) -> None:
        super().__init__(
            client_id, client_secret, base_url=base_url, timeout=timeout, attempts=attempts, sleep=deadline.sleep
        )
        self._deadline = deadline

    def search_page(self, query: str, market: str, limit: int, offset: int) -> Page:
        self._deadline.allow()
        return super().search_page(query, market, limit, offset)

    def playlist_page(self, playlist: str, market: str, limit: int, offset: int) -> Page:
        self._deadline.allow()
        return super().playlist_page(playlist, market, limit, offset)
