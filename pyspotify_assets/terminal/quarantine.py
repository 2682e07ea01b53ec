"""What `pyspotify quarantine list` and `show` print. What lies there is shown as it is, and nothing in it obeyed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date

from rich.table import Table
from rich.text import Text

from pyspotify_assets import quarantine
from pyspotify_assets.lake import Lake
from pyspotify_assets.quarantine import Contents, Item, Row
from pyspotify_assets.settings import load_settings
from pyspotify_assets.terminal.document import one_document
from pyspotify_assets.terminal.grid import show_table
from pyspotify_assets.terminal.screen import console, from_here, printable, say

_REASONS = 2
"""Reasons of an item that a table has room for; the document has all."""
_LONGEST = 400
"""Characters of a value or line that are shown; the document has all."""


def list_items(feed: str, first: date | None, last: date | None, as_json: bool) -> None:
    """Print what lies in quarantine."""
    with one_document(as_json) as document:
        lake = the_lake()
        found = [
            (item, quarantine.contents(lake, item))
            for item in quarantine.items(lake, feed, str(first or ""), str(last or "9999-12-31"))
        ]
        document["items"] = [described(lake, item, read) for item, read in found]
        if not found:
            say("Nothing is in quarantine.")
            return
        cells = [
            (
                item.name,
                "" if read.rows is None else f"{read.rows:,}",
                f"{item.info.size:,}",
                _reasons(item, read.reasons),
            )
            for item, read in found
        ]
        show_table(console, ("item", "rows", "bytes", "why"), cells, figures=("rows", "bytes"))
        say("pyspotify quarantine show ITEM shows the rows, replay ITEM tries again.", style="dim")


def show_item(name: str, limit: int, as_json: bool) -> None:
    """Print the rows of one item, each with its reason, its values and its line."""
    with one_document(as_json) as document:
        lake = the_lake()
        item = quarantine.item_named(lake, name)
        read, rows = quarantine.contents(lake, item), quarantine.rows(lake, item, limit)
        document |= described(lake, item, read)
        document["shown"] = [
            {"number": row.number, "reason": row.reason or None, "values": row.values, "line": row.line} for row in rows
        ]
        say(item.name, style="bold")
        say(f"It lies in {lake.stores['quarantine'].uri(item.info.key)}")
        for reason, number in read.reasons.items():
            say(reason if read.rows is None else f"{number:,} × {reason}", style="yellow")
        for row in rows:
            _show(item, row)
        if read.rows is not None and read.rows > len(rows):
            say(f"{read.rows - len(rows):,} more: --limit {read.rows} shows all.", style="dim")


def the_lake() -> Lake:
    """The lake of the settings."""
    return Lake.at(**load_settings().lake_places())


def described(lake: Lake, item: Item, read: Contents) -> dict[str, object]:
    """An item as documents have it."""
    return {
        "item": item.name,
        "kind": item.kind,
        "feed": item.feed or None,
        "day": item.day or None,
        "rows": read.rows,
        "reasons": [{"reason": reason, "rows": number} for reason, number in read.reasons.items()],
        "bytes": item.info.size,
        "place": from_here(lake.stores["quarantine"].uri(item.info.key)),
    }


def _reasons(item: Item, reasons: Mapping[str, int]) -> str:
    name = item.name.rpartition("/")[2]
    lines = [reason.partition("\n")[0] for reason in list(reasons)[:_REASONS]]
    shown: Sequence[str] = [short(re.sub(rf"\S*/{re.escape(name)}", name, line)) for line in lines]
    more = f"; {len(reasons) - _REASONS} more" if len(reasons) > _REASONS else ""
    return "; ".join(shown) + more


def _show(item: Item, row: Row) -> None:
    if item.kind in ("file", "other"):
        cells = [(f"line {row.number}", row.line)]
    else:
        what = {"rows": f"row {row.number} of the raw file, line {row.number + 1}"}.get(
            item.kind, f"record {row.number}"
        )
        console.rule(Text(what, style="bold"), align="left", style="dim")
        missing = "gone, or replaced since by another" if item.kind == "rows" else ""
        cells = [("why", row.reason), *row.values.items(), ("as it stands", row.line or missing)]
    record = Table.grid(padding=(0, 2, 0, 0))
    record.add_column(no_wrap=True)
    record.add_column(overflow="fold")
    for name, value in cells:
        shown = Text("null", style="dim") if value is None else Text(short(value))
        record.add_row(Text(printable(name), style="dim"), shown)
    console.print(record)


def short(text: str) -> str:
    """The text in one line of printable letters, cut where it is too long to be read."""
    line = printable(text[: _LONGEST + 1])
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"
