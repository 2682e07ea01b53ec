"""HTML out of Python values, escaped by construction: only what `tag` and `join` made is taken as markup."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

_VOID = frozenset({"br", "hr", "input", "meta"})


class Html(str):
    """Text that is markup already. Made by `tag`, `join` and `trusted`; any other string is escaped when it goes in."""

    __slots__ = ()


def trusted(text: str) -> Html:
    """Markup that this project wrote itself. Never for anything that came from outside."""
    return Html(text)


def join(*children: object) -> Html:
    """The children one after the other: markup as it is, other values escaped, None left out, sequences opened."""
    return Html("".join(_pieces(children)))


def tag(name: str, *children: object, **attributes: object) -> Html:
    """One element. `class_="x"` writes class, `aria_label=` aria-label; None and False leave an attribute out."""
    written = "".join(
        f" {key.rstrip('_').replace('_', '-')}" + ("" if value is True else f'="{escape(str(value))}"')
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    return Html(f"<{name}{written}>" + ("" if name in _VOID else f"{join(*children)}</{name}>"))


def table(
    caption: str, columns: Sequence[tuple[str, str]], rows: Iterable[Sequence[object]], **attributes: object
) -> Html:
    """A table; `columns` are (heading, class), "n" being the class of numbers. The caption is for screen readers.

    One of the class "stacked" is a card a row on a phone, where each cell shows its heading.
    """
    stacked = "stacked" in str(attributes.get("class_", ""))
    head = tag("tr", [tag("th", heading, scope="col", class_=kind or None) for heading, kind in columns])
    body = [
        tag(
            "tr",
            [
                tag("td", cell, class_=kind or None, data_label=heading if stacked else None)
                for cell, (heading, kind) in zip(row, columns, strict=True)
            ],
        )
        for row in rows
    ]
    return tag("table", tag("caption", caption, class_="unseen"), tag("thead", head), tag("tbody", body), **attributes)


def scrolling(title: str, content: Html) -> Html:
    """A box that scrolls sideways by itself, reachable by keyboard, so that the page never does."""
    return tag("div", content, class_="scroll", tabindex="0", role="group", aria_label=title)


def _pieces(children: Iterable[object]) -> Iterable[str]:
    for child in children:
        if child is None:
            continue
        if isinstance(child, Html):
            yield str(child)
        elif isinstance(child, (list, tuple)):
            yield from _pieces(child)
        else:
            yield escape(str(child))
