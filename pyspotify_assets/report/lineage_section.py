"""Where everything on the page comes from: the tables as a drawing, and behind it every column back to Spotify."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from pyspotify_assets.report import lineage_drawing
from pyspotify_assets.report.data import Lineage
from pyspotify_assets.report.lineage_drawing import LAYERS, area, short
from pyspotify_assets.report.markup import Html, join, scrolling, table, tag
from pyspotify_assets.report.panels import empty
from pyspotify_assets.report.texts import Texts

LISTED = ("spotify_marts", "refined")
"""Areas whose tables' columns are listed: all others have the columns of what they lie over."""

ROWS = "*"
"""The column that stands for a table's rows, where a value only counts them."""


def lineage_section(lineage: Lineage, texts: Texts) -> Html:
    """The whole section."""
    head = tag("div", tag("h2", texts("lineage")), tag("p", texts("lineage_note"), class_="note"), class_="feed-head")
    if not lineage.edges:
        content = tag("div", empty(texts("lineage_empty")), class_="panel")
    else:
        listed = [name for kind in LISTED for name in lineage.columns if area(name) == kind]
        content = join(
            tag("div", tag("h3", texts("lineage_tables")), _drawn(lineage, listed, texts), class_="panel"),
            tag(
                "div",
                tag("h3", texts("lineage_columns")),
                tag("p", texts("lineage_columns_note"), class_="note"),
                tag("div", [_columns(name, lineage, texts) for name in listed], class_="folds"),
                class_="panel",
            )
            if listed
            else None,
        )
    return tag("section", head, content, id="lineage", class_="feed")


def ends(lineage: Lineage, name: str, column: str) -> list[tuple[str, str]]:
    """What a column is made of in the end: fields of Spotify, and what is from outside of it. Each once, in order."""
    found: dict[tuple[str, str], None] = {}
    waiting, seen = [(name, column)], set[tuple[str, str]]()
    while waiting:
        here = waiting.pop(0)
        if here in seen:
            continue
        seen.add(here)
        origins = lineage.columns.get(here[0], {}).get(here[1])
        if here[0] not in lineage.columns:
            found[here] = None
        elif here[1] == ROWS:  # rows are made of no column, and end with the table that they are of
            continue
        waiting += origins or ()
    return list(found)


def _drawn(lineage: Lineage, listed: Sequence[str], texts: Texts) -> Html:
    def target(name: str) -> str:
        """The columns of the table itself, or of the refined one of the same feed; without any the section."""
        alike = [one for one in listed if one == name or (short(one) == short(name) and area(one) == "refined")]
        return _anchor(name if name in listed else alike[0]) if alike else "lineage"

    def described(name: str, sources: Sequence[str]) -> str:
        seen = f"{short(name)} {area(name)}"  # What is read aloud begins with what is to be seen.
        return texts("lineage_box", table=seen, sources=", ".join(sources)) if sources else seen

    headings = [texts(f"layer_{kinds[0]}") for kinds in LAYERS]
    title = texts("lineage_tables")
    svg = lineage_drawing.drawing(lineage.edges, headings, texts("lineage_label"), target, described)
    return scrolling(texts("scrollable", title=title), svg)


def _columns(name: str, lineage: Lineage, texts: Texts) -> Html:
    sources = [before for before, after in lineage.edges if after == name]
    columns = [(texts(f"col_{heading}"), "") for heading in ("column", "made_of", "in_the_end")]
    rows = [
        (
            tag("code", column),
            _names((("" if origin in sources else origin, field) for origin, field in origins), texts),
            _names(((origin, field) for origin, field in ends(lineage, name, column)), texts),
        )
        for column, origins in lineage.columns[name].items()
    ]
    made_from = texts("made_from", tables=", ".join(sources))
    return tag(
        "details",
        tag("summary", tag("code", name)),
        tag(
            "div",
            tag("p", made_from, class_="note") if sources else None,
            table(name, columns, rows, class_="stacked columns-of"),
            id=_anchor(name),
            class_="target",
        ),
    )


def _names(origins: Iterable[tuple[str, str]], texts: Texts) -> object:
    """Columns, each once however many tables have it; sources beyond the tables by their own name."""
    found: dict[str, None] = {}
    for origin, field in origins:
        kind = area(origin) if origin else ""
        if field == ROWS:
            found[texts("rows_counted")] = None
        elif kind == "spotify" or not origin or re.match(r"spotify_|raw|refined", kind):
            found[field] = None
        else:
            found[f"{origin}: {field}"] = None
    if not found:
        return texts("none")
    return [join(tag("code", one), " ") for one in found]


def _anchor(name: str) -> str:
    return "columns-" + re.sub(r"\W", "-", name)
