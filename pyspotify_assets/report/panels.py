"""The pieces that a feed's section is built of: a panel with a chart, a panel with lists, the cells of tables."""

from __future__ import annotations

from collections.abc import Sequence

from pyspotify_assets.report import charts
from pyspotify_assets.report.figures import Row
from pyspotify_assets.report.markup import Html, scrolling, table, tag, trusted
from pyspotify_assets.report.runtime import json_for_html
from pyspotify_assets.report.texts import Texts


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
    return tag("div", tag("h3", title), tag("div", *lists, class_="pair"), class_="panel")


def track_cell(row: Row, texts: Texts, label: str | None = None) -> Html:
    """A track\'s title and artist, with a small label such as "back" where there is one."""
    mark = tag("span", label, class_="tag") if label else None
    by = tag("span", texts.artist(row), class_="by")
    return tag("span", tag("b", texts.title(row)), " ", mark, " ", by, class_="track")


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


def or_none(value: float | None, texts: Texts, decimals: int = 0) -> str:
    """A number, or the sign for none."""
    return texts("none") if value is None else texts.number(value, decimals)


def english(text: str, texts: Texts) -> Html | str:
    """Words of the checks, which are English in every language: a screen reader is told so where others are not."""
    return text if texts.language == "en" else tag("span", text, lang="en")


def empty(text: str) -> Html:
    """Why there is nothing to see here."""
    return tag("p", text, class_="empty")
