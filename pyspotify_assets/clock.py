"""The clock: a function without arguments that gives the present instant, aware and in UTC.

It is handed in wherever time matters, so that a test, or the sample's past, can say what time it is.
"""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """The present instant in UTC."""
    return datetime.now(UTC)
