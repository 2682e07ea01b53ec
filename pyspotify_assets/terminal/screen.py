"""The screen: where words go, and how wide it is. What is shown goes to stdout, what went wrong to stderr."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

_WIDTH = 140
"""Columns where there is no terminal, as in a log: 80 would fold the places of tables."""


def screen(stderr: bool = False) -> Console:
    """A console as wide as the terminal or COLUMNS says; of a fixed width where neither does."""
    console = Console(stderr=stderr)
    if not console.is_terminal and not os.environ.get("COLUMNS", "").isdigit():
        console.width = _WIDTH
    return console


console = screen()
errors = screen(stderr=True)


def say(message: str, style: str | None = None) -> None:
    """Show a line as it is: no markup is looked for in it. A terminal gets it wrapped between words."""
    _print(console, from_here(message), style)


def warn(message: str, style: str | None = "yellow") -> None:
    """The same on stderr."""
    _print(errors, message, style)


def show_facts(facts: Sequence[str]) -> None:
    """Show sentences, a bullet before each."""
    for fact in facts:
        if console.is_terminal:
            sentence = Table.grid(padding=(0, 1, 0, 0))
            sentence.add_row(Text("  •"), Text(printable(fact)))
            console.print(sentence)
        else:
            say(f"  • {fact}")


def _print(console: Console, message: str, style: str | None) -> None:
    longest = max(map(cell_len, message.split()), default=0)
    # Broken by us, an address that is longer than the line could no longer be copied whole; a log keeps whole lines.
    whole = not console.is_terminal or longest > console.width
    shown = "\n".join(map(printable, message.split("\n")))
    console.print(shown, style=style, soft_wrap=whole, markup=False, highlight=False)


def from_here(place: str) -> str:
    """A path below the working directory without what is above it; any other place as it is."""
    return place.removeprefix(f"{Path.cwd()}{os.sep}")


def printable(text: str) -> str:
    """The text in one line, without what a terminal would obey: names come from outside, and may hold escapes."""
    return "".join(" " if unicodedata.category(letter) in ("Cc", "Zl", "Zp") else letter for letter in text)
