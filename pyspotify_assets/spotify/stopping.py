"""Stopping: how the failure of one page ends the waiting of those who ask for the others.

The threads that read a listing share an event. Whoever waits or is about to ask, on one of them, looks at it; elsewhere
there is no event, and nothing stops anybody.
"""

from __future__ import annotations

import threading
import time
from contextvars import ContextVar


class Stopped(Exception):
    """The listing that this page belongs to has failed, or is not wanted any more."""


_event: ContextVar[threading.Event | None] = ContextVar("pyspotify_assets_stop", default=None)


def obey(event: threading.Event) -> None:
    """Have the calling thread stop, at `check` and `pause`, once `event` is set."""
    _event.set(event)


def check() -> None:
    """Stopped, if this thread is to stop."""
    event = _event.get()
    if event is not None and event.is_set():
        raise Stopped


def pause(seconds: float) -> None:
    """Sleep, but not beyond the moment when this thread is to stop; then Stopped."""
    event = _event.get()
    if event is None:
        time.sleep(seconds)
    elif event.wait(seconds):
        raise Stopped
