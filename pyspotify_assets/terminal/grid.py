"""Tables that fit the terminal: figures to the right and whole, places shortened at the middle, texts between words.

Where a place would be no more than a stump its column is left out; where the rest does not fit either, the table is
shown row by row, a line for each of its columns.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from rich import box
from rich.cells import cell_len, chop_cells
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pyspotify_assets.terminal.screen import printable

_GAP = 2
_STUMP = 20
"""Columns below which a place says nothing any more."""
_WORD = 32
"""Columns that a word may ask for; a longer one is broken."""


def show_table(
    console: Console,
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    figures: Collection[str] = (),
    places: Collection[str] = (),
) -> None:
    """Print a table. `figures` and `places` name columns by their headings; all others are texts."""
    headings = [printable(heading) for heading in headings]
    rows = [[printable(cell) for cell in row] for row in rows]
    widths = _widths(console.width, headings, rows, figures, places)
    if widths is None and any(heading in places for heading in headings):
        kept = [number for number, heading in enumerate(headings) if heading not in places]
        headings = [headings[number] for number in kept]
        rows = [[row[number] for number in kept] for row in rows]
        widths = _widths(console.width, headings, rows, figures, places)
    if widths is None:
        _show_rows(console, headings, rows)
        return
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, _GAP - 1, 0, 0))
    for heading, width in zip(headings, widths, strict=True):
        table.add_column(Text(heading), justify="right" if heading in figures else "left", width=width, overflow="fold")
    for row in rows:
        cells = zip(headings, row, widths, strict=True)
        table.add_row(*(Text(shortened(cell, width) if heading in places else cell) for heading, cell, width in cells))
    console.print(table)


def shortened(place: str, width: int) -> str:
    """The place in at most `width` columns: with its last parts whole if two or more fit, else its two ends."""
    if cell_len(place) <= width:
        return place
    parts = place.split("/")
    for first in range(1, len(parts) - 1):
        end = f"…/{'/'.join(parts[first:])}"
        if cell_len(end) <= width:
            return end
    front = (width - 1) // 2
    back = chop_cells(place[::-1], width - 1 - front)[0][::-1]
    return f"{chop_cells(place, front)[0]}…{back}"


def _widths(
    room: int, headings: Sequence[str], rows: Sequence[Sequence[str]], figures: Collection[str], places: Collection[str]
) -> list[int] | None:
    """Columns for each column of the table, in all at most `room`; None where it cannot be without breaking words."""
    widths, least = [], []
    for number, heading in enumerate(headings):
        cells = [heading, *(row[number] for row in rows)]
        widths.append(min(max(map(cell_len, cells)), room))
        words = max((cell_len(word) for cell in cells for word in cell.split()), default=0)
        shortest = widths[-1] if heading in figures else _STUMP if heading in places else min(words, _WORD)
        least.append(min(shortest, widths[-1]))
    room -= _GAP * (len(headings) - 1)
    while sum(widths) > room:
        spare, widest = max((width - least[number], number) for number, width in enumerate(widths))
        if spare <= 0:
            return None
        widths[widest] -= 1
    return widths


def _show_rows(console: Console, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    name = max(map(cell_len, headings), default=0)
    for number, row in enumerate(rows, 1):
        console.rule(Text(str(number), style="bold"), align="left", style="dim")
        record = Table.grid(padding=(0, _GAP, 0, 0))
        record.add_column(width=min(name, console.width // 2), overflow="fold")
        record.add_column(overflow="fold")
        for heading, cell in zip(headings, row, strict=True):
            record.add_row(Text(heading, style="dim"), Text(cell))
        console.print(record)
