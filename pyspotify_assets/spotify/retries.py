"""Retries: how often a request is tried, how long the pauses are, and that one pause holds for all.

When Spotify has had too many requests, it has had them from all threads together: one of them waits, and the others
wait with it. After other failures only the thread that met one pauses.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from pyspotify_assets.spotify import failures, stopping
from pyspotify_assets.spotify.failures import NotAnAnswer, Refusal

if TYPE_CHECKING:
    import tenacity

_Answer = TypeVar("_Answer")
_log = logging.getLogger("pyspotify_assets.spotify")
_progress = logging.getLogger("pyspotify_assets.progress")
_GROWING = {"multiplier": 0.5, "max": 8.0}
"""Seconds: 0.5, 1, 2, 4, 8, 8 …, and up to half a second more at random."""


class Retries:
    """The attempts of one client. `longest_wait`: seconds of Retry-After that are waited out; what is longer, and what
    Spotify has decided, is not tried again. `sleep` gets seconds; `scrub` makes a text fit to be logged."""

    def __init__(
        self,
        attempts: int,
        longest_wait: float,
        sleep: Callable[[float], None] | None = None,
        scrub: Callable[[str], str] = str,
    ) -> None:
        self.attempts, self.longest_wait = attempts, longest_wait
        self._sleep, self._scrub = sleep or stopping.pause, scrub
        self._pausing = threading.Lock()
        self._waited = 0.0  # seconds that all have waited together so far

    def run(self, what: str, try_once: Callable[[], _Answer]) -> tuple[_Answer | None, Exception | None, int]:
        """What `try_once` gives or the failure that it ended with, and how many attempts that took.

        The failure is given, not raised, where `failures.explain` has words for it; others are raised as they are.
        """
        import requests
        import tenacity

        waited = 0.0
        failed: tenacity.RetryCallState | None = None
        error: BaseException | None = None

        def attempt() -> _Answer:
            nonlocal waited
            with self._pausing:  # held by whoever waits for all
                waited = self._waited
            stopping.check()
            return try_once()

        def note(state: tenacity.RetryCallState) -> None:
            nonlocal failed, error
            failed, error = state, _error(state)

        def pause(seconds: float) -> None:
            reason = self._scrub(failures.in_short(error))
            if isinstance(error, Refusal) and error.status == 429:
                self._pause_together(seconds, waited, f"Spotify has had too many requests, asked for {what} ({reason})")
                return
            number = failed.attempt_number if failed else 1
            message = "Spotify did not answer %s (%s): waiting %.1f s, then attempt %d of %d"
            _log.warning(message, what, reason, seconds, number, self.attempts)
            self._sleep(seconds)

        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self.attempts),
            retry=tenacity.retry_if_exception(lambda error: failures.is_worth_retrying(error, self.longest_wait)),
            wait=_pause_after(tenacity.wait_exponential(**_GROWING) + tenacity.wait_random(0, 0.5)),
            sleep=pause,
            before_sleep=note,
            reraise=True,
        )
        try:
            return retrying(attempt), None, retrying.statistics["attempt_number"]
        except (Refusal, NotAnAnswer, requests.RequestException) as failure:
            return None, failure, retrying.statistics["attempt_number"]

    def _pause_together(self, seconds: float, waited: float, why: str) -> None:
        """Wait `seconds` with all threads. `waited`: how long all had waited when the refused request was sent; what
        they have waited since counts."""
        with self._pausing:
            left = seconds - (self._waited - waited)
            if left <= 0:
                return
            stopping.check()
            _progress.warning("%s: waiting %.1f s", why, left)
            self._sleep(left)
            self._waited += left


def _error(state: tenacity.RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None


def _pause_after(growing: Callable[[tenacity.RetryCallState], float]) -> Callable[[tenacity.RetryCallState], float]:
    """What Spotify asks for, and at least what grows from attempt to attempt."""

    def pause(state: tenacity.RetryCallState) -> float:
        error = _error(state)
        asked = error.retry_after if isinstance(error, Refusal) else None
        return max(asked or 0.0, growing(state))

    return pause
