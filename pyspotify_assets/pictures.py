"""Pictures for the Dagster UI: bars, columns and lines as SVG of a few hundred characters, in Markdown. Pure text.

Our own rather than altair's: the UI shows Markdown at once up to 999 characters and puts longer ones behind a button,
and a process's first SVG by altair and vl-convert is 8 KB and took 0.5 to 0.7 s after 0.3 to 0.4 s of import (five
rounds, two cores, eight bars); the same bars drawn here take less than a millisecond.

The UI has a light and a dark theme, and a picture does not know which: every colour here has a contrast of at least 3
to 1 against the backgrounds of both, text of 4 to 1. Names in pictures are other people's text: no character of
theirs means anything in XML or in Markdown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

SHOWN = 1000
"""Characters from which on the UI hides Markdown behind a button (`mdStr.length < 1e3` in its MetadataEntry)."""

TEXT, ACCENT, FALLING = "#777", "#1a9e4b", "#d64550"
LINES = (ACCENT, "#3b82d6", "#c9711f", "#9b6bd6", "#888")
"""One colour per line of a picture, the first for what matters most."""

_BAR, _LINES, _STEP = 170, 220, 18
_LABEL, _LINE_LABEL = 30, 24
"""Characters that are written of a name beside a bar, and at the end of a line."""
_WIDTH, _HEIGHT = 460, 96

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_IN_MARKDOWN = re.compile(r"[\x00-\x20\x7f%#&()\\`\"]")
"""What would end or change the address of an image in Markdown."""


@dataclass(frozen=True)
class Bar:
    """One bar: its length, what is written beside it, and whether it stands for something that falls."""

    value: float
    label: str
    falls: bool = False


def bars(heading: str, rows: Sequence[Bar]) -> str:
    """Horizontal bars, one below the other; as many of the first as can be shown at once."""
    picture = ""
    for number in range(1, len(rows) + 1):
        wider = _bars(heading, rows[:number])
        if picture and len(wider) >= SHOWN:
            break
        picture = wider
    return picture or _headed(heading)


def columns(heading: str, values: Mapping[str, float]) -> str:
    """Vertical columns; the first, the greatest and the last have their label beneath."""
    if not values or max(values.values()) <= 0:
        return _headed(heading)
    most, step = max(values.values()), min(24, _WIDTH // len(values))
    top, base = 14, _HEIGHT - 16
    stems = "".join(
        f"M{place * step + step // 2} {base}V{base - max(1, round(value / most * (base - top)))}"
        for place, value in enumerate(values.values())
        if value > 0
    )
    labels = list(values)
    greatest = max(range(len(labels)), key=lambda place: values[labels[place]])
    shown = {0: "start", len(labels) - 1: "end" if len(labels) > 1 else "start"}
    if 40 < greatest * step < (len(labels) - 1) * step - 40:
        shown[greatest] = "middle"
    marks = "".join(
        _text(_anchored(place, step, anchor), _HEIGHT - 3, labels[place], anchor) for place, anchor in shown.items()
    )
    drawing = f"<path stroke='{ACCENT}' stroke-width='{max(1, step - 2)}' d='{stems}'/>{marks}"
    return _headed(heading, _svg(len(labels) * step, _HEIGHT, drawing))


def lines(heading: str, ranks: Sequence[tuple[str, Sequence[int | None]]]) -> str:
    """A line for each name and its rank at each of some instants, None where it has none; the best rank above.

    As many of the first as can be shown at once.
    """
    shown = [each for each in ranks[: len(LINES)] if any(rank is not None for rank in each[1])]
    picture = _lines(heading, shown) if shown else _headed(heading)
    while len(picture) >= SHOWN and len(shown) > 1:
        picture = _lines(heading, shown := shown[:-1])
    return picture


def _lines(heading: str, ranks: Sequence[tuple[str, Sequence[int | None]]]) -> str:
    worst = max(2, *(rank for _, series in ranks for rank in series if rank is not None))
    step = max(1, _LINES // max(1, *(len(series) - 1 for _, series in ranks)))
    height = _STEP * max(len(ranks), 4)
    drawn, ends = "", []
    for (name, series), colour in zip(ranks, LINES, strict=False):
        path, pen = "", (0, 0)
        for place, rank in enumerate(series):
            if rank is None:
                continue
            to = (place * step, round(8 + (rank - 1) / (worst - 1) * (height - 16)))
            joined = place and series[place - 1] is not None
            path += f"l{to[0] - pen[0]} {to[1] - pen[1]}" if joined else f"M{to[0]} {to[1]}h1"
            pen = to if joined else (to[0] + 1, to[1])  # The 1 shows a day that stands alone.
        drawn += f"<path stroke='{colour}' d='{path}'/>"
        ends.append((pen[1], f"{'–' if series[-1] is None else series[-1]} {name}"))
    labels, free = "", 0
    for place, label in sorted(ends):
        free = max(place + 4, free + 13)
        labels += _text(_LINES + 10, free, _short(label, _LINE_LABEL))
    return _headed(heading, _svg(_WIDTH, max(height, free + 4), f"<g fill='none' stroke-width='2'>{drawn}</g>{labels}"))


def _bars(heading: str, rows: Sequence[Bar]) -> str:
    most = max((abs(bar.value) for bar in rows), default=0) or 1
    drawn, labels = {ACCENT: "", FALLING: ""}, ""
    for place, bar in enumerate(rows):
        length = max(1, round(abs(bar.value) / most * _BAR))
        drawn[FALLING if bar.falls else ACCENT] += f"M0 {place * _STEP + 9}H{length}"
        labels += _text(length + 6, place * _STEP + 13, bar.label)
    paths = "".join(f"<path stroke='{colour}' stroke-width='11' d='{path}'/>" for colour, path in drawn.items() if path)
    return _headed(heading, _svg(_WIDTH, len(rows) * _STEP, paths + labels))


def _anchored(place: int, step: int, anchor: str) -> int:
    return place * step + {"start": 0, "middle": step // 2, "end": step}[anchor]


def _text(x: int, y: int, words: str, anchor: str = "start") -> str:
    anchored = "" if anchor == "start" else f" text-anchor='{anchor}'"
    return f"<text x='{x}' y='{y}'{anchored}>{escape(_short(words), quote=False)}</text>"


def _short(words: str, most: int = _LABEL) -> str:
    clean = "\xa0".join(_NOT_XML.sub("\ufffd", words).split())  # A space is written as three characters, this as one.
    return clean if len(clean) <= most else clean[: most - 1] + "…"


def _svg(width: int, height: int, drawing: str) -> str:
    space = "http://www.w3.org/2000/svg"
    return (
        f"<svg xmlns='{space}' width='{width}' height='{height}' fill='{TEXT}' "
        f"font-family='sans-serif' font-size='12'>{drawing}</svg>"
    )


def _headed(heading: str, svg: str = "") -> str:
    """A line of text, which is ours, and the picture below it."""
    if not svg:
        return f"{heading}: nothing to draw"
    address = _IN_MARKDOWN.sub(lambda found: f"%{ord(found[0]):02X}", svg)
    return f"{heading}\n\n![{heading}](data:image/svg+xml,{address})"
