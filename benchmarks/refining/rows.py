"""The rows of refining."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks.rounds import Row


def rows(quick: bool, scratch: Path) -> Iterator[Row]:
    """None yet."""
    yield from ()
