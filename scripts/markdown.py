"""Markdown that scripts write: tables, and parts between two marks that are replaced in a page written by hand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

_PART = r"(<!-- made by `make {maker}`: {name} -->).*?(<!-- end -->)"


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table of markdown. A cell is one line; what would end it, or be taken for HTML, is escaped."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(_cell(str(cell)) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def _cell(text: str) -> str:
    pieces = " ".join(text.split()).replace("|", r"\|").split("`")
    # Every second piece stands between backticks, where nothing is HTML.
    return "`".join(piece if number % 2 else piece.replace("<", "&lt;") for number, piece in enumerate(pieces))


def with_parts(page: str, parts: Mapping[str, str], maker: str = "docs") -> str:
    """The page with each part, between `<!-- made by `make MAKER`: NAME -->` and `<!-- end -->`, made anew.

    ValueError for a part that has no place in the page: it would be lost.
    """
    for name, text in parts.items():
        place = re.search(_PART.format(maker=maker, name=re.escape(name)), page, re.DOTALL)
        if place:
            page = f"{page[: place.start()]}{place[1]}\n\n{text}\n\n{place[2]}{page[place.end() :]}"
        else:
            raise ValueError(f"there is no place for {name!r}: <!-- made by `make {maker}`: {name} --> … <!-- end -->")
    return page
