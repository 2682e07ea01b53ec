"""Markdown that scripts write: tables, and parts between two marks that are replaced in a page written by hand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

_PART = re.compile(r"(<!-- made by `make docs`: (?P<name>[a-z-]+) -->).*?(<!-- end -->)", re.DOTALL)


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table of markdown. A cell is one line; what would end it, or be taken for HTML, is escaped."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(_cell(str(cell)) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def _cell(text: str) -> str:
    pieces = " ".join(text.split()).replace("|", r"\|").split("`")
    # Every second piece stands between backticks, where nothing is HTML.
    return "`".join(piece if number % 2 else piece.replace("<", "&lt;") for number, piece in enumerate(pieces))


def with_parts(page: str, parts: Mapping[str, str]) -> str:
    """The page with what stands between `<!-- made by `make docs`: NAME -->` and `<!-- end -->` made anew."""
    return _PART.sub(lambda found: f"{found[1]}\n\n{parts[found['name']]}\n\n{found[3]}", page)
