"""Who came to a feed's chart, came back and left, and how much of it changes from snapshot to snapshot."""

from __future__ import annotations

from collections.abc import Sequence

from pyspotify_assets.report import charts_over_time
from pyspotify_assets.report.churn import mean_share, periods, total
from pyspotify_assets.report.figures import Feed, Row
from pyspotify_assets.report.markup import Html
from pyspotify_assets.report.panels import big, empty, figure, listed, or_none, pair, panel, track_cell, with_detail
from pyspotify_assets.report.texts import Texts


def churn(feed: Feed, texts: Texts) -> Html:
    """The share of the chart that changed, today's as a figure and the window's as columns."""
    title, groups = texts("churn"), periods(feed.turns)
    if not groups:
        return panel(title, empty(texts("churn_empty")))
    latest, mean = feed.turns[-1], mean_share(feed.turns) or 0
    today = texts.percent(latest.share or 0)
    columns = [
        (texts("col_day"), ""),
        *((texts(f"col_{name}"), "n") for name in ("changed", "came_in", "came_back", "left", "tracks")),
    ]
    rows = [
        (
            charts_over_time.span(group, texts),
            texts.percent(mean_share(group) or 0),
            *(or_none(total(group, what), texts) for what in ("newcomers", "returns", "exits")),
            texts.number(group[-1].tracks),
        )
        for group in reversed(groups)
    ]
    label = texts("churn_label", feed=texts.feed(feed.name), share=today, mean=texts.percent(mean))
    return figure(
        title,
        texts("churn_note_weeks" if len(groups[-1]) > 1 else "churn_note", n=len(groups[-1])),
        label,
        f"{feed.name}-churn",
        charts_over_time.churn(groups, texts),
        columns,
        rows,
        texts,
        big(today, texts("churn_today", since=texts.short_day(feed.previous or latest.day), mean=texts.percent(mean))),
    )


def entries(feed: Feed, texts: Texts) -> Html:
    """Newcomers, returns and exits, by rank."""
    title = texts("entries")
    if feed.previous is None:
        return panel(title, empty(texts("entries_empty_first")))
    since = texts.short_day(feed.previous)
    track = (texts("col_track"), "")

    def new(row: Row) -> Sequence[object]:
        return texts.number(row["rank"]), track_cell(row, texts)

    def back(row: Row) -> Sequence[object]:
        peak = texts("peaked", rank=texts.number(row["peak_rank"]))
        return with_detail(texts.number(row["rank"]), peak), track_cell(row, texts)

    def gone(row: Row) -> Sequence[object]:
        stay = texts.count("stayed", row["days_on_chart"])
        return with_detail(texts.number(row["last_rank"]), stay), track_cell(row, texts)

    lists = (
        ("newcomers", "col_rank", feed.newcomers, new),
        ("returns", "col_rank", feed.returning, back),
        ("exits", "col_last_rank", feed.exits, gone),
    )
    return pair(
        title,
        *(
            listed(
                texts(f"{name}_title"),
                [(texts(rank), "move"), track],
                rows,
                cells,
                texts(f"{name}_empty", previous=since),
                texts,
            )
            for name, rank, rows, cells in lists
        ),
    )
