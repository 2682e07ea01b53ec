"""How a command ends that ran jobs: with what failed, or with what was missed though nothing did, and an exit code."""

from __future__ import annotations

from collections.abc import Sequence

from pyspotify_assets.clock import system_clock
from pyspotify_assets.daily.refusals import kept_refusal
from pyspotify_assets.lake import Lake
from pyspotify_assets.terminal.screen import warn

MISSED = 3
"""Exit code where nothing failed and a day has no snapshot all the same: Spotify or the budget refuses until later."""


def ended(failures: Sequence[str], missed: Sequence[str], lake: Lake, document: dict[str, object]) -> int:
    """Say what failed and what was missed, put both into the document as well, and give the exit code."""
    refusal = kept_refusal(lake, system_clock()) if missed else None
    document |= {
        "failures": list(failures),
        "missed": list(missed),
        "refused_until": refusal.until if refusal else None,
    }
    for failure in failures:
        warn(failure, style="red")
    if failures:
        warn("Everything else is done and stays. The same command tries again what is missing.", style=None)
        return 1
    for message in missed:
        warn(message)
    if refusal is not None:
        warn(str(refusal.error()), style=None)
    return MISSED if missed else 0
