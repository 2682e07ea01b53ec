"""Limits: how much Spotify lets an app ask. A rolling window, a quota for the day, and a refusal until some instant.

Whoever is refused is not counted. The clock is the simulator's.
"""

import math
import threading
from collections import deque
from datetime import datetime, time, timedelta

from pyspotify_assets.clock import Clock
from pyspotify_assets.spotify.sample import refusals
from pyspotify_assets.spotify.sample.messages import Response


class Limits:
    """`window` is (requests, seconds); `daily_quota` is requests in a day of UTC; None is no such limit.

    `refused_until` refuses everything before that instant, `refused_for_quota` in the words of a quota.
    """

    def __init__(self, clock: Clock, window: tuple[int, float] | None, daily_quota: int | None) -> None:
        self._clock, self.window, self.daily_quota = clock, window, daily_quota
        self.refused_until: datetime | None = None
        self.refused_for_quota = False
        self._lock = threading.Lock()
        self._recent: deque[datetime] = deque()
        self._today, self._asked_today = datetime.min.date(), 0

    def forget(self) -> None:
        """Nobody has asked for anything, and nobody is refused."""
        with self._lock:
            self.refused_until, self.refused_for_quota = None, False
            self._recent.clear()
            self._asked_today = 0

    def refusal(self) -> Response | None:
        """Count one request that comes now; the refusal where it is one too many."""
        with self._lock:
            if self.window is None and self.daily_quota is None and self.refused_until is None:
                return None
            now = self._clock()
            return self._until_then(now) or self._for_today(now) or self._within_the_window(now)

    def _until_then(self, now: datetime) -> Response | None:
        if self.refused_until is None or now >= self.refused_until:
            return None
        seconds = _whole_seconds(self.refused_until - now)
        return refusals.quota_exceeded(seconds) if self.refused_for_quota else refusals.too_many_requests(seconds)

    def _for_today(self, now: datetime) -> Response | None:
        if now.date() != self._today:
            self._today, self._asked_today = now.date(), 0
        if self.daily_quota is not None and self._asked_today >= self.daily_quota:
            tomorrow = datetime.combine(now.date() + timedelta(days=1), time(), now.tzinfo)
            return refusals.quota_exceeded(_whole_seconds(tomorrow - now))
        return None

    def _within_the_window(self, now: datetime) -> Response | None:
        if self.window is not None:
            most, seconds = self.window
            while self._recent and self._recent[0] <= now - timedelta(seconds=seconds):
                self._recent.popleft()
            if len(self._recent) >= most:
                free = self._recent[0] + timedelta(seconds=seconds) if self._recent else now
                return refusals.too_many_requests(_whole_seconds(free - now))
            self._recent.append(now)
        self._asked_today += 1
        return None


def _whole_seconds(span: timedelta) -> int:
    """Rounded up, and at least 1: asked then, it is not too early."""
    return max(1, math.ceil(span.total_seconds()))
