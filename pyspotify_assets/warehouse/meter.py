"""What queries took, added up over blocks of code: `SqlEngine.metered`. What is added up is the engine's own affair."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

Taken = TypeVar("Taken")


class Meter(Generic[Taken]):
    """Adds up what the queries of a thread took; `figures` says what of it a materialization shows.

    May be shared by threads: each sees its own.
    """

    def __init__(self, figures: Callable[[list[Taken]], dict[str, object]]) -> None:
        self._figures, self._open = figures, threading.local()

    @contextmanager
    def metered(self) -> Iterator[dict[str, object]]:
        """A dictionary that at the end of the block has the figures; empty if there was no query."""
        figures: dict[str, object] = {}
        taken: list[Taken] = []
        blocks = self._blocks()
        blocks.append(taken)
        try:
            yield figures
        finally:
            blocks[:] = [block for block in blocks if block is not taken]
            if taken:
                figures |= self._figures(taken)

    def add(self, taken: Taken) -> None:
        """Count a query that has ended in every block that is open in this thread."""
        for block in self._blocks():
            block.append(taken)

    def _blocks(self) -> list[list[Taken]]:
        if not hasattr(self._open, "blocks"):
            self._open.blocks = []
        return self._open.blocks
