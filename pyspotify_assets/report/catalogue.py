"""What a feed's chart is made of: its artists, when its tracks were released, and how long they are."""

from __future__ import annotations

from statistics import median

from pyspotify_assets.report import charts
from pyspotify_assets.report.figures import Feed
from pyspotify_assets.report.markup import Html, table, tag
from pyspotify_assets.report.panels import big, empty, figure, or_none, panel
from pyspotify_assets.report.spans import AGES, RECENT, ages, decades
from pyspotify_assets.report.texts import Texts


def artists(feed: Feed, texts: Texts) -> Html:
    """The artists with the most tracks."""
    title = texts("artists_title")
    if not feed.artists:
        return panel(title, empty(texts("artists_empty")))
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


def newness(feed: Feed, day: str, texts: Texts) -> Html:
    """How old the tracks are: the share of the last twelve months as a figure, all ages as one bar with its key."""
    title = texts("ages_title")
    counts, unknown = ages(feed.tracks, day)
    total = sum(counts)
    if not total:
        return panel(title, empty(texts("ages_empty")))
    recent = sum(counts[:RECENT])
    names = [texts(f"age_{months}") for months in AGES] + [texts("age_older")]
    shown = [
        (name, n, f"ramp-{len(AGES) + 1 - place}") for place, (name, n) in enumerate(zip(names, counts, strict=True))
    ]
    bar = tag(
        "div",
        [tag("i", style=f"flex-grow:{n};background:var(--{tone})") for _, n, tone in shown if n],
        class_="ages",
        aria_hidden="true",
    )
    rows = [
        (
            tag("span", tag("i", class_="key", style=f"background:var(--{tone})", aria_hidden="true"), name),
            texts.number(n),
            texts.percent(n / total),
        )
        for name, n, tone in shown
    ]
    columns = [(texts("col_age"), ""), (texts("col_tracks"), "n"), (texts("col_share"), "n")]
    note = texts("ages_note") + (f" {texts.count('years_unknown', unknown)}" if unknown else "")
    return panel(
        title,
        big(
            texts.percent(recent / total), texts("ages_recent", recent=texts.number(recent), total=texts.number(total))
        ),
        bar,
        table(title, columns, rows, class_="tight"),
        tag("p", note, class_="note after"),
    )


def years(feed: Feed, texts: Texts) -> Html:
    """Tracks by year of release."""
    title = texts("years_title")
    dated = [row for row in feed.years if row["release_year"] is not None]
    unknown = sum(row["tracks"] for row in feed.years if row["release_year"] is None)
    if not dated:
        return panel(title, empty(texts("years_empty")))
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


def durations(feed: Feed, texts: Texts) -> Html:
    """Tracks by length."""
    title = texts("durations_title")
    lengths = feed.durations
    if not lengths:
        return panel(title, empty(texts("durations_empty")))
    middle = texts.duration(median(lengths))
    columns = [(texts("col_length"), ""), (texts("col_tracks"), "n")]
    rows = [(name, texts.number(count)) for name, _, count in charts.duration_bins(lengths, texts)]
    shortest, longest = texts.duration(lengths[0]), texts.duration(lengths[-1])
    label = texts("durations_label", feed=texts.feed(feed.name), median=middle, shortest=shortest, longest=longest)
    spec = charts.durations(feed, texts)
    note = texts("durations_note", median=middle)
    return figure(title, note, label, f"{feed.name}-durations", spec, columns, rows, texts)


def lengths_by_decade(feed: Feed, texts: Texts) -> Html:
    """The middle half of the lengths of each decade of release."""
    title, spans = texts("decades_title"), decades(feed.tracks)
    if not spans:
        return panel(title, empty(texts("decades_empty")))
    columns = [
        (texts("col_decade"), ""),
        *((texts(f"col_{name}"), "n") for name in ("tracks", "quarter_below", "median", "quarter_above")),
    ]
    rows = [
        (
            texts("decade", decade=span.decade),
            texts.number(span.tracks),
            *(texts.duration(value) for value in (span.low, span.middle, span.high)),
        )
        for span in spans
    ]
    longest = max(spans, key=lambda span: span.middle)
    label = texts(
        "decades_label",
        feed=texts.feed(feed.name),
        decade=texts("decade", decade=longest.decade),
        median=texts.duration(longest.middle),
    )
    spec = charts.decades(spans, texts)
    return figure(title, texts("decades_note"), label, f"{feed.name}-decades", spec, columns, rows, texts)
