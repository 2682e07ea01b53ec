"""What `--json` prints: one document on stdout and nothing else there, so that a script can read it.

Names of fields are those of the tables and settings, in snake_case, and stay. Numbers are numbers, days and instants
ISO 8601, what is not known null. Where a command fails with an error, the document is `{"error": {"kind", "message",
"remedy"}}`. Progress and warnings go to stderr.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from datetime import date, datetime, time
from decimal import Decimal

from pyspotify_assets.errors import PySpotifyError


@contextmanager
def one_document(wanted: bool) -> Iterator[dict[str, object]]:
    """What the block puts into the dictionary is printed at its end, if `wanted`; all else it prints goes to stderr."""
    document: dict[str, object] = {}
    if not wanted:
        yield document
        return
    with redirect_stdout(sys.stderr):
        yield document
    print_document(document)


def print_document(document: Mapping[str, object]) -> None:
    """Print it. In ASCII, which every terminal, pipe and reader of JSON understands alike."""
    sys.stdout.write(f"{json.dumps(_plain(document), indent=2, allow_nan=False)}\n")


def error_document(error: PySpotifyError) -> dict[str, object]:
    """The document of a command that failed."""
    kind = type(error).__name__
    return {"error": {"kind": kind, "message": str(error.args[0]), "remedy": error.remedy or None}}


def _plain(value: object) -> object:
    """A value by the types that JSON has; a number that is none (NaN) and what is not there are null."""
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    return value if value is None or isinstance(value, bool | int | str) else str(value)
