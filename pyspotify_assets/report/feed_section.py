"""One feed's section: movement, climbers and fallers, newcomers and exits, artists, years, lengths.

Every part explains itself when there is nothing to show, and every chart has its figures in a table behind it.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any

from pyspotify_assets.report import charts
from pyspotify_assets.report.figures import Feed
from pyspotify_assets.report.markup import Html, join, table, tag
from pyspotify_assets.report.panels import empty, figure, move_cell, or_none, pair, track_cell
from pyspotify_assets.report.search import search
from pyspotify_assets.report.texts import Texts

MOVES = 6
"""Climbers and fallers listed."""

ENTRIES, ENTRIES_MORE = 6, 100
"""Newcomers and exits listed at once, and behind "more"."""


def anchor(feed: str) -> str:
    """The id of a feed's section."""
    return f"feed-{feed}"


def feed_section(feed: Feed, day: str, texts: Texts) -> Html:
    """The whole section of one feed; without a snapshot of the day only the statement that there is none."""
    heading = tag("h2", texts.feed(feed.name), id=f"{anchor(feed.name)}-title")
    if not feed.rows:
        content = join(heading, empty(texts("feed_missing", day=texts.day(day))))
    else:
        tracks = texts.count("feed_tracks", len(feed.rows))
        if feed.previous is None or len(feed.days) < 2:
            sub = texts("feed_sub_first", tracks=tracks)
        else:
            window = texts.count("window", len(feed.days))
            sub = texts("feed_sub", tracks=tracks, window=window, since=texts.short_day(feed.days[0]))
        if feed.totals is not None and feed.totals.popularity is None:
            sub = f"{sub} {texts('by_position')}"
        content = join(
            tag("div", heading, tag("p", sub, class_="note"), class_="feed-head"),
            _movement(feed, texts),
            _moves(feed, texts),
            _entries(feed, texts),
            tag("div", _artists(feed, texts), _years(feed, texts), _durations(feed, texts), class_="columns"),
        )
    return tag("section", content, class_="feed", id=anchor(feed.name), aria_labelledby=f"{anchor(feed.name)}-title")


def _movement(feed: Feed, texts: Texts) -> Html:
    title = texts("bump", n=len(feed.top))
    if len(feed.days) < 2:
        columns = [(texts("col_rank"), "n rank"), (texts("col_track"), "")]
        rows = [(texts.number(row["rank"]), track_cell(row, texts)) for row in feed.top]
        return tag("div", tag("h3", title), empty(texts("bump_empty")), table(title, columns, rows), class_="panel")
    label = texts(
        "bump_label",
        n=len(feed.top),
        feed=texts.feed(feed.name),
        first=texts.day(feed.days[0]),
        last=texts.day(feed.days[-1]),
        leader=texts.track(feed.top[0]),
    )
    ranks = {(row["track_key"], row["snapshot_date"]): row["rank"] for row in feed.history}
    columns = [
        (texts("col_track"), ""),
        *((texts.short_day(day), "n") for day in feed.days),
        (texts("col_peak"), "n"),
        (texts("col_days"), "n"),
    ]
    ranked = [
        [
            track_cell(row, texts),
            *(or_none(ranks.get((row["track_key"], day)), texts) for day in feed.days),
            texts.number(row["peak_rank"]),
            texts.number(row["days_on_chart"]),
        ]
        for row in feed.top
    ]
    note = texts("bump_note", n=len(feed.top))
    spec, above = charts.bump(feed, texts), search(feed, texts)
    return figure(title, note, label, f"{feed.name}-bump", spec, columns, ranked, texts, above)


def _moves(feed: Feed, texts: Texts) -> Html:
    if feed.previous is None:
        return pair(texts("moves"), empty(texts("moves_empty_first")))
    since = texts.short_day(feed.previous)
    columns = [(texts("col_move"), "move"), (texts("col_track"), ""), (texts("col_from_to"), "n")]
    lists = []
    for name, rows in (("climbers", feed.climbers), ("fallers", feed.fallers)):
        listed = [
            (
                move_cell(row["movement"], texts),
                track_cell(row, texts),
                f"{texts.number(row['previous_rank'])} → {texts.number(row['rank'])}",
            )
            for row in rows[:MOVES]
        ]
        filled = table(texts(name), columns, listed) if listed else empty(texts(f"{name}_empty", previous=since))
        lists.append(tag("div", tag("h4", texts(name)), filled))
    return pair(texts("moves"), *lists)


def _entries(feed: Feed, texts: Texts) -> Html:
    if feed.previous is None:
        return pair(texts("entries"), empty(texts("entries_empty_first")))
    since = texts.short_day(feed.previous)
    track = (texts("col_track"), "")
    entered = [
        (
            texts.number(row["rank"]),
            track_cell(row, texts, texts("tag_back") if row["is_returning"] else None),
        )
        for row in feed.entries
    ]
    left = [
        (
            texts.number(row["last_rank"]),
            track_cell(row, texts),
            texts.count("on_chart", row["days_on_chart"]),
        )
        for row in feed.exits
    ]
    return pair(
        texts("entries"),
        _listed("entered", [(texts("col_rank"), "n rank"), track], entered, since, texts),
        _listed("exits", [(texts("col_last_rank"), "n rank"), track, (texts("col_stay"), "n")], left, since, texts),
    )


def _listed(name: str, columns: Sequence[tuple[str, str]], rows: Sequence[Any], since: str, texts: Texts) -> Html:
    """A heading with the number of rows, the first of them, and more behind a fold."""
    title = texts(name)
    count = tag("span", texts.number(len(rows)), class_="count") if rows else None
    more, unlisted = rows[ENTRIES : ENTRIES + ENTRIES_MORE], len(rows) - ENTRIES - ENTRIES_MORE
    return tag(
        "div",
        tag("h4", title, " ", count),
        table(title, columns, rows[:ENTRIES]) if rows else empty(texts(f"{name}_empty", previous=since)),
        tag("details", tag("summary", texts.count("more", len(rows) - ENTRIES)), table(title, columns, more))
        if more
        else None,
        tag("p", texts.count("not_listed", unlisted), class_="note") if unlisted > 0 else None,
    )


def _artists(feed: Feed, texts: Texts) -> Html:
    title = texts("artists_title")
    if not feed.artists:
        return tag("div", tag("h3", title), empty(texts("artists_empty")), class_="panel")
    columns = [
        (texts("col_artist"), ""),
        *((texts(f"col_{name}"), "n") for name in ("tracks", "share", "best", "popularity")),
    ]
    rows = [
        (
            texts.artist(row),
            texts.number(row["tracks"]),
            texts.percent(row["chart_share"]),
            texts.number(row["best_rank"]),
            or_none(row["mean_popularity"], texts, 1),
        )
        for row in feed.artists[: charts.ARTISTS]
    ]
    first = feed.artists[0]
    label = texts(
        "artists_label",
        feed=texts.feed(feed.name),
        artist=texts.artist(first),
        tracks=texts.count("feed_tracks", first["tracks"]),
    )
    return figure(
        title, texts("artists_note"), label, f"{feed.name}-artists", charts.artists(feed, texts), columns, rows, texts
    )


def _years(feed: Feed, texts: Texts) -> Html:
    title = texts("years_title")
    dated = [row for row in feed.years if row["release_year"] is not None]
    unknown = sum(row["tracks"] for row in feed.years if row["release_year"] is None)
    if not dated:
        return tag("div", tag("h3", title), empty(texts("years_empty")), class_="panel")
    columns = [
        (texts("col_year"), ""),
        *((texts(f"col_{name}"), "n") for name in ("tracks", "popularity", "mean_length")),
    ]
    rows = [
        (
            str(row["release_year"]),
            texts.number(row["tracks"]),
            or_none(row["mean_popularity"], texts, 1),
            texts("none") if row["mean_duration_ms"] is None else texts.duration(row["mean_duration_ms"]),
        )
        for row in reversed(dated)
    ]
    most = max(dated, key=lambda row: (row["tracks"], row["release_year"]))
    label = texts(
        "years_label",
        feed=texts.feed(feed.name),
        tracks=texts.count("feed_tracks", most["tracks"]),
        year=most["release_year"],
        first=min(row["release_year"] for row in dated),
        last=max(row["release_year"] for row in dated),
    )
    note = texts("years_note") + (f" {texts.count('years_unknown', unknown)}" if unknown else "")
    return figure(title, note, label, f"{feed.name}-years", charts.years(feed, texts), columns, rows, texts)


def _durations(feed: Feed, texts: Texts) -> Html:
    title = texts("durations_title")
    lengths = feed.durations
    if not lengths:
        return tag("div", tag("h3", title), empty(texts("durations_empty")), class_="panel")
    middle = texts.duration(median(lengths))
    columns = [(texts("col_length"), ""), (texts("col_tracks"), "n")]
    rows = [(name, texts.number(count)) for name, _, count in charts.duration_bins(lengths, texts)]
    shortest, longest = texts.duration(lengths[0]), texts.duration(lengths[-1])
    label = texts("durations_label", feed=texts.feed(feed.name), median=middle, shortest=shortest, longest=longest)
    spec = charts.durations(feed, texts)
    note = texts("durations_note", median=middle)
    return figure(title, note, label, f"{feed.name}-durations", spec, columns, rows, texts)
