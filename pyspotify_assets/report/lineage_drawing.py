"""The lineage of tables as a drawing: layers from Spotify to the pages, as inline SVG that needs no script.

Every box is a link to the columns of its table. Under the pointer, or with the keyboard's focus, all that a table is
made from and all that is made from it stands out: by a style rule per box over classes of the lines.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pyspotify_assets.report.markup import Html, tag, trusted

LAYERS = (("spotify",), ("raw",), ("refined", "spotify_raw"), ("spotify_refined",), ("spotify_marts",), ("report",))
"""The areas of each layer, from left to right."""

WIDTH, HEIGHT, STEP_X, STEP_Y, HEAD = 152, 42, 186, 54, 34
"""Of a box, from one to the next, and of the layers' names above, in pixels."""

_LONGEST = 20
"""Characters of a name that fit into a box."""


@dataclass(frozen=True)
class Box:
    """One table and where its box lies, in pixels from the top left corner."""

    name: str
    layer: int
    x: float
    y: float


def area(table: str) -> str:
    """The area or database of a table, the first part of its name."""
    return re.split(r"[./]", table, maxsplit=1)[0]


def short(table: str) -> str:
    """A table's name without its area."""
    return re.split(r"[./]", table, maxsplit=1)[-1]


def boxes(edges: Sequence[tuple[str, str]]) -> list[Box]:
    """A box for every table: in its area's layer, near to what it is made from, none over another."""
    parents: dict[str, list[str]] = {}
    for before, after in edges:
        parents.setdefault(before, [])
        parents.setdefault(after, []).append(before)
    layer_of = {name: place for place, names in enumerate(LAYERS) for name in names}
    layers: list[list[str]] = [[] for _ in LAYERS]
    for name in parents:
        layers[layer_of.get(area(name), len(LAYERS) - 1)].append(name)
    tallest = max((len(names) for names in layers), default=0)
    placed: dict[str, Box] = {}
    for place, names in enumerate(layers):
        ordered = _ordered(names, place, parents, placed)
        top = HEAD + (tallest - len(ordered)) * STEP_Y / 2
        for row, name in enumerate(ordered):
            placed[name] = Box(name, place, place * STEP_X, top + row * STEP_Y)
    return list(placed.values())


def drawing(
    edges: Sequence[tuple[str, str]],
    headings: Sequence[str],
    label: str,
    target: Callable[[str], str],
    described: Callable[[str, Sequence[str]], str],
) -> Html:
    """The SVG. `headings` name the layers, `target(table)` is a box's link, `described(table, sources)` its words."""
    placed = boxes(edges)
    at = {box.name: box for box in placed}
    number = {box.name: place for place, box in enumerate(placed)}
    related = {box.name: _related(box.name, edges) for box in placed}
    width = (len(LAYERS) - 1) * STEP_X + WIDTH + 2
    height = max((box.y for box in placed), default=0) + HEIGHT + 2
    lines = [
        tag(
            "path",
            d=_curve(at[before], at[after]),
            class_=" ".join(f"u{number[name]}" for name in at if (before, after) in related[name]) or None,
        )
        for before, after in edges
    ]
    shapes = [
        tag(
            "a",
            tag("rect", x=box.x + 1, y=box.y, width=WIDTH, height=HEIGHT, rx=9),
            tag(
                "text",
                tag("tspan", _cut(short(box.name)), x=box.x + 13, y=box.y + 18, class_="name"),
                " ",
                tag("tspan", area(box.name), x=box.x + 13, y=box.y + 33, class_="area"),
            ),
            href=f"#{target(box.name)}",
            aria_label=described(box.name, [before for before, after in edges if after == box.name]),
            class_=f"box n{number[box.name]} {'source' if box.layer == 0 else ''}".strip(),
        )
        for box in placed
    ]
    names = [tag("text", heading, x=place * STEP_X + 2, y=14, class_="layer") for place, heading in enumerate(headings)]
    return tag(
        "svg",
        tag("style", trusted(_rules(len(placed)))),
        tag("g", names, lines, aria_hidden="true"),
        shapes,
        viewBox=f"0 0 {width} {height:g}",
        width=width,
        height=f"{height:g}",
        role="group",
        aria_label=label,
        class_="lineage",
    )


def _ordered(
    names: Sequence[str], layer: int, parents: Mapping[str, Sequence[str]], placed: Mapping[str, Box]
) -> list[str]:
    """The names of a layer by the middle of what they are made from, as far as that is placed; else as they came."""

    def middle(name: str) -> float:
        heights = [placed[parent].y for parent in parents[name] if parent in placed]
        return sum(heights) / len(heights) if heights else 0

    kinds = LAYERS[layer]
    return sorted(names, key=lambda name: (middle(name), kinds.index(area(name)) if area(name) in kinds else 0))


def _related(table: str, edges: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
    """All edges on the ways to a table and from it."""
    found: set[tuple[str, str]] = set()
    for here, there in ((1, 0), (0, 1)):
        waiting = [table]
        while waiting:
            name = waiting.pop()
            new = {edge for edge in edges if edge[here] == name} - found
            found |= new
            waiting += [edge[there] for edge in new]
    return found


def _curve(before: Box, after: Box) -> str:
    x, y = before.x + WIDTH + 1, before.y + HEIGHT / 2
    to_x, to_y = after.x + 1, after.y + HEIGHT / 2
    bend = min(60, max(24, (to_x - x) / 2))
    return f"M{x:g} {y:g}C{x + bend:g} {y:g} {to_x - bend:g} {to_y:g} {to_x:g} {to_y:g}"


def _rules(count: int) -> str:
    over = ":is(:hover,:focus-visible)"
    return "".join(
        f".lineage:has(.n{n}{over}) .u{n}{{stroke:var(--accent);stroke-width:2.5;opacity:1}}" for n in range(count)
    )


def _cut(name: str) -> str:
    return name if len(name) <= _LONGEST else name[: _LONGEST - 1] + "…"
