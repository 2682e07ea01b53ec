"""The gate before Spotify: asked before every request, told of every refusal. What it remembers, others keep.

`OPEN` lets everything through: the sample's, and whoever works from a plain Python prompt.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Gate(Protocol):
    """Whether Spotify may be asked now."""

    def pass_one(self) -> None:
        """Count one page request. RefusedError while Spotify refuses, or when the day's budget is used up."""

    def close(self, until: datetime, reason: str) -> None:
        """Spotify refuses until this aware instant, and why, in its words: nobody asks before."""


class _Open:
    def pass_one(self) -> None:
        return

    def close(self, until: datetime, reason: str) -> None:
        return


OPEN: Gate = _Open()
