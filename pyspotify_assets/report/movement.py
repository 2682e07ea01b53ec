"""How a feed's tracks moved: the ranks of the first over the window, and who climbed and fell most."""

from __future__ import annotations

from collections.abc import Sequence

from pyspotify_assets.report import charts, popularity
from pyspotify_assets.report.churn import drawn, step_of
from pyspotify_assets.report.figures import Feed, Row
from pyspotify_assets.report.markup import Html, table, tag
from pyspotify_assets.report.panels import (
    empty,
    figure,
    from_to,
    listed,
    move_cell,
    or_none,
    pair,
    panel,
    track_cell,
    with_detail,
)
from pyspotify_assets.report.search import search
from pyspotify_assets.report.texts import Texts


def ranks(feed: Feed, texts: Texts) -> Html:
    """The first tracks' ranks as lines; on a first day as a list."""
    title = texts("bump", n=len(feed.top))
    if len(feed.days) < 2:
        columns = [(texts("col_rank"), "n rank"), (texts("col_track"), "")]
        rows = [(texts.number(row["rank"]), track_cell(row, texts)) for row in feed.top]
        lists = [table(title, columns, rows[start : start + 5]) for start in range(0, len(rows), 5)]
        return panel(title, empty(texts("bump_empty")), tag("div", lists, class_="pair three"))
    days = drawn(feed.days)
    label = texts(
        "bump_label",
        n=len(feed.top),
        feed=texts.feed(feed.name),
        first=texts.day(days[0]),
        last=texts.day(days[-1]),
        leader=texts.track(feed.top[0]),
    )
    ranks = {(row["track_key"], row["snapshot_date"]): row["rank"] for row in feed.history}
    columns = [
        (texts("col_track"), ""),
        *((texts.short_day(day), "n") for day in days),
        (texts("col_peak"), "n"),
        (texts("col_days"), "n"),
    ]
    ranked = [
        [
            track_cell(row, texts),
            *(or_none(ranks.get((row["track_key"], day)), texts) for day in days),
            texts.number(row["peak_rank"]),
            texts.number(row["days_on_chart"]),
        ]
        for row in feed.top
    ]
    step = step_of(len(feed.days))
    note = texts("bump_note", n=len(feed.top)) + (f" {texts('every_nth', n=step)}" if step > 1 else "")
    spec, above = charts.bump(feed, texts), search(feed, texts)
    return figure(title, note, label, f"{feed.name}-bump", spec, columns, ranked, texts, above)


def moves(feed: Feed, texts: Texts) -> Html:
    """Climbers and fallers by rank and, where Spotify gives it, by popularity; the farthest first."""
    if feed.previous is None:
        return panel(texts("moves"), empty(texts("moves_empty_first")))
    since = texts.short_day(feed.previous)
    columns = [(texts("col_move"), "move"), (texts("col_track"), "")]

    def cells(row: Row) -> Sequence[object]:
        steps = from_to(row["previous_rank"], row["rank"], texts)
        return with_detail(move_cell(row["movement"], texts), steps), track_cell(row, texts)

    lists = [
        listed(texts(name), columns, rows, cells, texts(f"{name}_empty", previous=since), texts)
        for name, rows in (("climbers", feed.climbers), ("fallers", feed.fallers))
    ]
    return pair(texts("moves"), *lists, *popularity.movers(feed, texts))
