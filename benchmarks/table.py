"""What was measured as tables of Markdown: on the terminal, and in the group's part of docs/benchmarks.md."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from benchmarks.machine import machine
from benchmarks.rounds import Measured
from scripts.markdown import table, with_parts

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
_BYTES = {"peak", "bytes"}


def shown(value: float, figure: str) -> str:
    """A figure with its unit: three digits that mean something."""
    if figure in _BYTES:
        return f"{value / (1 << 20):,.0f} MiB" if value >= 10 << 20 else f"{value / (1 << 10):,.0f} KiB"
    if figure == "seconds":
        return f"{value:,.0f} s" if value >= 100 else f"{value:.3g} s" if value >= 1 else f"{value * 1000:,.0f} ms"
    return f"{value:,.0f} {figure}"


def verdicts(measured: Sequence[Measured]) -> str:
    """A line for each bar: ours, whom it is compared with, the ratio, and whether the bar holds."""
    head = ("work", "timed", "here", "beside", "ratio", "bar", "holds")
    lines = []
    for one in measured:
        row = one.row
        for figure, bar in row.bars.items():
            rival, here = one.rival(figure), shown(one.median(row.ours, figure), figure)
            if rival is None:
                lines.append((row.work, row.how, here, "nobody", "", f"≤ {bar:.3g} ×", "**no**"))
                continue
            beside = f"{rival} {shown(one.median(rival, figure), figure)}"
            ratio = one.ratio(row.ours, figure, rival)
            holds = "yes" if ratio <= bar else "**no**"
            lines.append((row.work, row.how, here, beside, _times(ratio), f"≤ {bar:.3g} ×", holds))
        for figure, most in row.within.items():
            highest = max(one.of(row.ours, figure))
            holds = "yes" if highest <= most else "**no**"
            name = f"at most, {'memory' if figure == 'peak' else figure}"
            lines.append((row.work, name, shown(highest, figure), "", "", f"≤ {shown(most, figure)}", holds))
    return table(head, lines) if lines else ""


def _times(ratio: float) -> str:
    return f"{ratio:.2f} ×" if ratio >= 0.1 else f"{ratio:.3g} ×"


def details(measured: Sequence[Measured]) -> str:
    """A line for each contender of each row."""
    head = ("work", "contender", "rounds", "median", "least", "beside ours, median of rounds", "peak memory", "else")
    lines = []
    for one in measured:
        for name, found in one.found.items():
            others = sorted({figure for figures in found for figure in figures} - {"seconds", "peak"})
            lines.append(
                (
                    one.row.work,
                    name,
                    str(len(found)),
                    shown(one.median(name, "seconds"), "seconds"),
                    shown(one.least(name, "seconds"), "seconds"),
                    "1" if name == one.row.ours else _times(one.ratio(name, "seconds", one.row.ours)),
                    shown(max(one.of(name, "peak")), "peak") if one.of(name, "peak") else "",
                    ", ".join(shown(one.median(name, figure), figure) for figure in others),
                )
            )
        lines += [(one.row.work, name, "0", "left out", "", "", "", reason) for name, reason in one.absent.items()]
    return table(head, lines)


def part(measured: Sequence[Measured], day: date) -> str:
    """The text of a group's part of the page."""
    when = f"{day.isoformat()}, {machine()}; contenders interleaved."
    return "\n\n".join(filter(None, (when, verdicts(measured), details(measured))))


def write(name: str, text: str, page: Path = PAGE) -> None:
    """Put the text in place of the part of that name; the rest of the page, written by hand or measured, stays."""
    page.write_text(with_parts(page.read_text(encoding="utf-8"), {name: text}, maker="bench"), encoding="utf-8")
