"""Waiting for what AWS does in its own time: looking again and again, with growing pauses, for a bounded time.

boto3 has waiters for neither crawlers nor queries.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

_GROWTH = 1.5


@dataclass(frozen=True)
class Pauses:
    """The pauses between two looks, in seconds: the first, and the longest that they grow to."""

    first: float
    longest: float

    def looks(self, timeout: float) -> Iterator[float]:
        """Yield once for every look, with the seconds waited so far; the last one when `timeout` seconds are over."""
        started, pause = time.monotonic(), self.first
        while True:
            waited = time.monotonic() - started
            yield waited
            if waited >= timeout:
                return
            time.sleep(min(pause, max(timeout - (time.monotonic() - started), 0)))
            pause = min(pause * _GROWTH, self.longest)
