"""The deadline: Lambda kills a function whose time is over, and then nobody is told which feed was missing.

So nothing is begun that could not end in time: no feed, no page, no pause before another attempt.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from pyspotify_assets.errors import SpotifyError

TO_LAND = 5.0
"""Seconds that are kept for writing a feed's file, uploading it, and telling what came of it all."""


class Deadline:
    """`left` gives the seconds until the function is killed; `answer` is how long one answer may be waited for.

    A `Gate` of the Spotify client: it lets no request through for which there is no time.
    """

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

    def pass_one(self) -> None:
        """Nothing, while there is time for one more answer. Else SpotifyError."""
        self.allow()

    def close(self, until: datetime, reason: str) -> None:
        """Nothing: the function has no lake to keep a refusal in; the error says until when."""

    def sleep(self, seconds: float) -> None:
        """Sleep, if there is time for it."""
        self.allow(seconds)
        time.sleep(seconds)
