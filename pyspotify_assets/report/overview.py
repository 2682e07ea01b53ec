"""The first look: a card per feed with its leading tracks, how they moved, and the day's headline numbers."""

from __future__ import annotations

from collections.abc import Sequence

from pyspotify_assets.report.feed_section import anchor
from pyspotify_assets.report.figures import Feed
from pyspotify_assets.report.markup import Html, join, table, tag
from pyspotify_assets.report.panels import empty, marker, track_cell
from pyspotify_assets.report.texts import Texts

LEADING = 5
"""Tracks of a card."""


def overview(feeds: Sequence[Feed], texts: Texts) -> Html | None:
    """The cards of all feeds."""
    if not feeds:
        return None
    compared = any(feed.change for feed in feeds)
    return tag(
        "section",
        tag("h2", texts("headline")),
        tag("p", texts("headline_note"), class_="note") if compared else None,
        tag("div", [_card(feed, texts) for feed in feeds], class_="cards"),
        class_="headline",
        id="overview",
    )


def _card(feed: Feed, texts: Texts) -> Html:
    title = tag("h3", tag("a", texts.feed(feed.name), href=f"#{anchor(feed.name)}"))
    if feed.totals is None:
        return tag("div", title, empty(texts("no_snapshot_card")), class_="card")
    since = texts("versus", day=texts.short_day(feed.previous)) if feed.previous else texts("first_snapshot")
    return tag(
        "div",
        tag("div", title, tag("p", since, class_="note"), class_="card-head"),
        _leading(feed, texts),
        _numbers(feed, texts),
        class_="card",
    )


def _leading(feed: Feed, texts: Texts) -> Html:
    """The first tracks as a chart shows them: rank, what became of it, title, peak, and how long it has been there."""
    columns = [
        (texts("col_rank"), "n rank"),
        (texts("col_move"), "mark"),
        (texts("col_track"), ""),
        (texts("col_peak"), "n"),
        (texts("col_days"), "n"),
    ]
    rows = [
        (
            tag("b", texts.number(row["rank"])),
            marker(row, texts),
            join(track_cell(row, texts), _reign(feed, texts) if place == 0 else None),
            texts.number(row["peak_rank"]),
            texts.number(row["days_on_chart"]),
        )
        for place, row in enumerate(feed.rows[:LEADING])
    ]
    return table(texts("leading", feed=texts.feed(feed.name)), columns, rows, class_="leading")


def _reign(feed: Feed, texts: Texts) -> Html | None:
    if len(feed.days) < 2:
        return None
    if feed.reign == len(feed.days):
        words = texts("reign_all", n=texts.number(feed.reign))
    else:
        words = texts("reign", n=texts.number(feed.reign)) if feed.reign > 1 else texts("reign_new")
    return tag("span", words, class_="streak")


def _numbers(feed: Feed, texts: Texts) -> Html:
    totals, change = feed.totals, feed.change
    names = (
        ("newcomers", "newcomers", 0),
        ("returns", "returns", 0),
        ("exits", "left_the_chart", 0),
        ("tracks", "tracks", 0),
        ("artists", "artists", 0),
        ("popularity", "popularity", 1),
    )
    return tag(
        "dl",
        [
            _number(name, getattr(totals, field), getattr(change, field) if change else None, decimals, texts)
            for field, name, decimals in names
        ],
    )


def _number(name: str, value: float | None, change: float | None, decimals: int, texts: Texts) -> Html:
    if value is None:
        shown = tag("dd", texts("popularity_absent" if name == "popularity" else "not_known_yet"), class_="absent")
    else:
        step = tag("small", texts.number(change, decimals, signed=True)) if change is not None else None
        shown = tag("dd", tag("b", texts.number(value, decimals)), " ", step)
    return tag("div", tag("dt", texts(name)), shown)
