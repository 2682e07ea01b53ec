"""What `pyspotify doctor` shows: findings by group, then what to do, each remedy once; or all of it as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from itertools import groupby

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from pyspotify_assets.diagnosis import diagnose
from pyspotify_assets.diagnosis.finding import Finding
from pyspotify_assets.terminal.document import print_document
from pyspotify_assets.terminal.screen import screen

STYLES = {"ok": "green", "warning": "yellow", "problem": "bold red", "unseen": "dim"}


def examine(live: bool, as_json: bool) -> int:
    """Look at everything and show it; the exit code: 1 if there is any problem, else 0."""
    found = _looked_at(live)
    counts = {status: sum(finding.status == status for finding in found) for status in STYLES}
    if as_json:
        print_document({"counts": counts, "findings": [asdict(finding) for finding in found]})
    else:
        _show(screen(), found, counts, live)
    return 1 if counts["problem"] else 0


def _looked_at(live: bool) -> list[Finding]:
    errors = Console(stderr=True)
    columns = (TextColumn("Looking at {task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as shown:
        task = shown.add_task("settings", total=None)

        def progress(done: int, total: int, thing: str) -> None:
            shown.update(task, completed=done, total=total, description=thing[:40])

        return diagnose(live, progress)


def _show(console: Console, found: Sequence[Finding], counts: dict[str, int], live: bool) -> None:
    width = max(map(len, STYLES))
    # The same in all groups, so that the columns stand below each other.
    things = min(max(len(finding.thing) for finding in found), console.width * 2 // 5)
    for group, findings in groupby(found, lambda finding: finding.group):
        console.print(Text(f"\n{group}", style="bold"))
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
        table.add_column(width=width, no_wrap=True)
        table.add_column(width=things, overflow="fold")
        table.add_column(overflow="fold")
        for finding in findings:
            table.add_row(Text(finding.status, style=STYLES[finding.status]), Text(finding.thing), Text(finding.seen))
        console.print(table)
    _show_remedies(console, found)
    words = {"problem": "problem", "warning": "warning", "unseen": "thing unseen"}
    told = ", ".join(_counted(counts[status], word) for status, word in words.items() if counts[status])
    done = "One small request of every kind was tried." if live else "Nothing was changed."
    console.print(Text(f"\n{told or 'All is well'}. {done}", style="bold"))


def _counted(number: int, word: str) -> str:
    noun, _, rest = word.partition(" ")
    return f"{number} {noun}{'' if number == 1 else 's'} {rest}".rstrip()


def _show_remedies(console: Console, found: Sequence[Finding]) -> None:
    """Each remedy once, with the things that it mends: before the stack is there, all of them have the same one."""
    remedies: dict[str, list[str]] = {}
    for status in ("problem", "warning", "unseen"):
        for finding in found:
            if finding.status == status and finding.remedy:
                things = remedies.setdefault(finding.remedy, [])
                if finding.thing not in things:
                    things.append(finding.thing)
    if remedies:
        console.print(Text("\nWhat to do", style="bold"))
    for number, (remedy, things) in enumerate(remedies.items(), 1):
        more = f" and {len(things) - 6} more" if len(things) > 6 else ""
        console.print(Text(f"{number}. {remedy} ({', '.join(things[:6])}{more})"), soft_wrap=True)
