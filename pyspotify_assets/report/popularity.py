"""Popularity, Spotify's own figure of 0 to 100: its mean over the window, and whose rose and fell most.

Spotify gives it to older apps only. Where it does not, that is said, once, and nothing is guessed in its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter

from pyspotify_assets.report import charts_over_time
from pyspotify_assets.report.churn import drawn
from pyspotify_assets.report.figures import Feed, Row
from pyspotify_assets.report.markup import Html, tag
from pyspotify_assets.report.panels import big, empty, figure, from_to, listed, panel, track_cell, with_detail
from pyspotify_assets.report.texts import Texts


def over_window(feed: Feed, texts: Texts) -> Html:
    """The mean popularity of each snapshot as a line; a figure alone on a first day."""
    title = texts("popularity_title")
    given = [turn for turn in feed.turns if turn.popularity is not None]
    mean = feed.totals.popularity if feed.totals else None
    if mean is None:
        return panel(title, empty(texts("popularity_gone" if given else "popularity_empty")))
    change = feed.change.popularity if feed.change else None
    if change is None:
        words = texts("popularity_first")
    else:
        change_text = texts.number(change, 1, signed=True)
        words = texts("popularity_today", change=change_text, since=texts.short_day(feed.previous or ""))
    figures = big(texts.number(mean, 1), words)
    if len(given) < 2:
        return panel(title, figures, empty(texts("popularity_one")))
    low, high = (of(turn.popularity or 0 for turn in given) for of in (min, max))
    label = texts(
        "popularity_label",
        feed=texts.feed(feed.name),
        mean=texts.number(mean, 1),
        low=texts.number(low, 1),
        high=texts.number(high, 1),
    )
    shown = set(drawn([turn.day for turn in given]))
    rows = [(texts.day(t.day), texts.number(t.popularity or 0, 1)) for t in reversed(given) if t.day in shown]
    columns = [(texts("col_day"), ""), (texts("col_popularity"), "n")]
    spec = charts_over_time.popularity(given, texts)
    note = texts("popularity_note")
    return figure(title, note, label, f"{feed.name}-popularity", spec, columns, rows, texts, figures)


def movers(feed: Feed, texts: Texts) -> list[Html]:
    """Two lists: whose popularity rose and fell most since the previous snapshot. None where it is not given."""
    known = [row for row in feed.rows if row["popularity_change"] is not None]
    if not known:
        return []
    since, change = texts.short_day(feed.previous or ""), itemgetter("popularity_change")
    up = sorted((row for row in known if change(row) > 0), key=lambda row: (-change(row), row["rank"]))
    down = sorted((row for row in known if change(row) < 0), key=lambda row: (change(row), row["rank"]))
    columns = [(texts("col_change"), "move"), (texts("col_track"), "")]

    def cells(row: Row) -> Sequence[object]:
        step = tag("span", texts.number(change(row), signed=True), class_="up" if change(row) > 0 else "down")
        both = from_to(row["popularity"] - change(row), row["popularity"], texts)
        return with_detail(step, both), track_cell(row, texts)

    return [
        listed(texts(name), columns, rows, cells, texts(f"{name}_empty", previous=since), texts)
        for name, rows in (("gainers", up), ("losers", down))
    ]
