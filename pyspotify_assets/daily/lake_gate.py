"""The gate before Spotify that remembers in the lake: refusals and the day's budget hold for every run over it."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, time, timedelta

from pyspotify_assets.clock import Clock
from pyspotify_assets.daily import budget
from pyspotify_assets.daily.refusals import KeptRefusal, forget_refusal, keep_refusal, kept_refusal
from pyspotify_assets.daily.state import locked
from pyspotify_assets.lake import Lake


class LakeGate:
    """A `spotify.gate.Gate` over one lake, for the time of a `with` block. `most`: page requests per day in UTC.

    The lake is looked at once per batch of requests, not once per request: what another process was told meanwhile is
    known at the next batch. Safe for several threads.

        >>> with LakeGate(lake, clock, 200) as gate, source.client(day, gate) as client:
        ...     take_snapshot(client, feed, day, clock)
    """

    def __init__(self, lake: Lake, clock: Clock, most: int) -> None:
        self._lake, self._clock, self._most = lake, clock, most
        self._one_at_a_time = threading.Lock()
        self._refusal: KeptRefusal | None = None
        self._day, self._left = "", 0

    def pass_one(self) -> None:
        """Count one page request. RefusedError while Spotify refuses or when the day's budget is used up; LakeError."""
        with self._one_at_a_time:
            now = self._clock().astimezone(UTC)
            if self._refusal is not None and now < self._refusal.until:
                raise self._refusal.error()
            day = now.date().isoformat()
            if day != self._day or not self._left:
                self._refusal = self._next_batch(now, day)
                if self._refusal is not None:
                    raise self._refusal.error()
            self._left -= 1

    def close(self, until: datetime, reason: str) -> None:
        """Spotify refuses until this aware instant, and why: kept for every run, this one included."""
        with self._one_at_a_time:
            since = self._clock().astimezone(UTC)
            self._refusal = KeptRefusal(until.astimezone(UTC), reason, since)
            with locked(self._lake):
                self._refusal = keep_refusal(self._lake, self._refusal)

    def __enter__(self) -> LakeGate:
        return self

    def __exit__(self, *_: object) -> None:
        with self._one_at_a_time:
            if self._left:
                with locked(self._lake):
                    self._give_back()

    def _next_batch(self, now: datetime, day: str) -> KeptRefusal | None:
        """Reserve requests for `day`; the refusal that stands against it, if one does."""
        with locked(self._lake):
            self._give_back()
            kept = kept_refusal(self._lake, now)
            if kept is not None and now < kept.until and not kept.by_budget:
                return kept
            self._day, self._left = day, budget.reserve(self._lake, day, self._most)
            if not self._left:
                midnight = datetime.combine(now.date() + timedelta(days=1), time(), UTC)
                reason = f"all {self._most} page requests of {day} are used up"
                return keep_refusal(self._lake, KeptRefusal(midnight, reason, now, by_budget=True))
            if kept is not None:  # Its time has come; or it was ours, and the budget has been raised since.
                forget_refusal(self._lake)
            return None

    def _give_back(self) -> None:
        budget.give_back(self._lake, self._day, self._left)
        self._left = 0
