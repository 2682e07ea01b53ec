"""What must hold of any input: the parser gives a value, or refuses it by a PySpotifyError that has words; and soon."""

from __future__ import annotations

import signal
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pyspotify_assets.errors import PySpotifyError
from pyspotify_assets_tests.fuzzing.readers import Reader

PATIENCE = 10.0
"""Seconds that one input of at most two megabytes may take: it takes milliseconds, on a machine that others use."""

LONGEST_MESSAGE = 20_000
"""Characters of an error: whoever reads it looks at a terminal, and a log keeps it."""


class TookTooLong(BaseException):
    """Not an Exception, so that nobody who reads takes it for one of the input's."""


def broken_by(reader: Reader, content: bytes, folder: Path) -> str:
    """How reading `content` breaks the law, in words; empty if it does not. `folder` is the reader's own."""
    try:
        with _soon():
            reader.read(content, folder)
    except PySpotifyError as error:
        message = str(error.args[0])
        if not message.strip():
            return f"{type(error).__name__} without words"
        return f"a message of {len(str(error))} characters" if len(str(error)) > LONGEST_MESSAGE else ""
    except TookTooLong:
        return f"longer than {PATIENCE:.0f} s"
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:300]}\n{''.join(traceback.format_tb(error.__traceback__)[-5:])}"
    return ""


@contextmanager
def _soon() -> Iterator[None]:
    def over(*_: object) -> None:
        raise TookTooLong

    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, PATIENCE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
