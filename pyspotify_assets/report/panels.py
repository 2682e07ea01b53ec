"""The pieces that a feed's section is built of: a panel with a chart, a panel with lists, the cells of tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pyspotify_assets.report import charts
from pyspotify_assets.report.figures import Row
from pyspotify_assets.report.markup import Html, join, scrolling, table, tag, trusted
from pyspotify_assets.report.runtime import json_for_html
from pyspotify_assets.report.texts import Texts

LISTED, LISTED_MORE = 5, 25
"""Rows of a list that are shown at once, and behind "more"."""


def figure(
    title: str,
    note: str,
    label: str,
    name: str,
    spec: charts.Spec,
    columns: Sequence[tuple[str, str]],
    rows: Sequence[Sequence[object]],
    texts: Texts,
    above: Html | None = None,
) -> Html:
    """A chart with its heading, its text alternative, its specification and its table; `above` is what serves it.

    What a pointer is shown over a chart, the table has too: the text alternative says so.
    """
    data, alternative = f"chart-{name}", f"{label} {texts('in_the_table')}"
    return tag(
        "div",
        tag("h3", title),
        tag("p", note, class_="note"),
        above,
        tag(
            "div",
            role="img",
            aria_label=alternative,
            class_="chart",
            data_chart=data,
            data_failed=texts("chart_failed"),
        ),
        tag("noscript", tag("p", texts("no_script"), class_="empty")),
        tag("script", trusted(json_for_html(spec)), type="application/json", id=data),
        tag(
            "details",
            tag("summary", texts("as_table")),
            scrolling(texts("scrollable", title=title), table(title, columns, rows)),
        ),
        class_="panel",
    )


def pair(title: str, *lists: Html) -> Html:
    """A panel of lists side by side, one below the other on a phone."""
    kind = {3: "pair three", 4: "pair four"}.get(len(lists), "pair")
    return tag("div", tag("h3", title), tag("div", *lists, class_=kind), class_="panel")


def listed(
    title: str,
    columns: Sequence[tuple[str, str]],
    rows: Sequence[Row],
    cells: Callable[[Row], Sequence[object]],
    nothing: str,
    texts: Texts,
) -> Html:
    """A list of a pair: its heading with the number of rows, the first of them, and more behind a fold."""
    count = tag("span", texts.number(len(rows)), class_="count") if rows else None
    more, unlisted = rows[LISTED : LISTED + LISTED_MORE], len(rows) - LISTED - LISTED_MORE
    return tag(
        "div",
        tag("h4", title, " ", count),
        table(title, columns, map(cells, rows[:LISTED])) if rows else empty(nothing),
        tag(
            "details",
            tag("summary", texts.count("more", len(rows) - LISTED)),
            table(title, columns, map(cells, more)),
            tag("p", texts.count("not_listed", unlisted), class_="note after") if unlisted > 0 else None,
        )
        if more
        else None,
    )


def panel(title: str, *content: object) -> Html:
    """A panel of anything under a heading."""
    return tag("div", tag("h3", title), *content, class_="panel")


def track_cell(row: Row, texts: Texts) -> Html:
    """A track's title and artist."""
    by = tag("span", texts.artist(row), class_="by")
    return tag("span", tag("b", texts.title(row)), " ", by, class_="track")


def with_detail(figure: object, detail: str) -> Html:
    """A figure in a list's first column with a small detail under it, such as the two ranks of a move."""
    return join(figure, " ", tag("small", detail))


def from_to(before: float, after: float, texts: Texts) -> str:
    """Two figures, one of them after the other."""
    return f"{texts.number(before)} → {texts.number(after)}"


def move_cell(places: int, texts: Texts) -> Html:
    """Places up or down: an arrow to see, a word to hear."""
    up = places > 0
    spoken = texts("moved_up" if up else "moved_down", n=texts.number(abs(places)))
    return tag(
        "span",
        tag("span", f"{'▲' if up else '▼'} {texts.number(abs(places))}", aria_hidden="true"),
        tag("span", spoken, class_="unseen"),
        class_="up" if up else "down",
    )


def marker(row: Row, texts: Texts) -> Html:
    """What became of a track since the previous snapshot: places up or down, held, new or back. For the eye and ear."""
    if row["is_new"] or row["is_returning"]:
        return tag("span", texts("tag_new" if row["is_new"] else "tag_back"), class_="tag")
    if row["movement"]:
        return move_cell(row["movement"], texts)
    if row["movement"] is None:
        return tag("span")
    return tag(
        "span",
        tag("span", "=", aria_hidden="true"),
        tag("span", texts("held"), class_="unseen"),
        class_="held",
    )


def big(figure: str, words: str) -> Html:
    """A figure to be seen first, and what it is."""
    return tag("p", tag("b", figure), " ", tag("span", words), class_="big")


def or_none(value: float | None, texts: Texts, decimals: int = 0) -> str:
    """A number, or the sign for none."""
    return texts("none") if value is None else texts.number(value, decimals)


def english(text: str, texts: Texts) -> Html | str:
    """Words of the checks, which are English in every language: a screen reader is told so where others are not."""
    return text if texts.language == "en" else tag("span", text, lang="en")


def empty(text: str) -> Html:
    """Why there is nothing to see here."""
    return tag("p", text, class_="empty")
