"""The page's parts around those of the feeds (feed_section.py): head, facts, headline numbers, checks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC

from pyspotify_assets.report.data import Check, ReportData
from pyspotify_assets.report.feed_section import anchor, feed_section
from pyspotify_assets.report.figures import Feed
from pyspotify_assets.report.markup import Html, join, scrolling, table, tag
from pyspotify_assets.report.panels import english
from pyspotify_assets.report.texts import Texts

PARTS = ("refined", "duplicates", "quarantined")
"""What the raw rows of a feed become."""


def body(data: ReportData, feeds: Sequence[Feed], facts: Sequence[str], texts: Texts) -> Html:
    """Everything between <body> and the scripts."""
    instant = data.generated_at.astimezone(UTC) if data.generated_at.tzinfo else data.generated_at
    return join(
        tag("a", texts("skip"), class_="skip", href="#report"),
        _banner(texts) if data.sample else None,
        tag(
            "header",
            tag("p", texts("kicker"), class_="kicker"),
            tag("h1", tag("time", _heading(data.day, texts), datetime=data.day)),
            _contents(feeds, texts),
            _facts(facts, texts),
            class_="sleeve",
        ),
        tag(
            "main",
            _headline(feeds, texts),
            [feed_section(feed, data.day, texts) for feed in feeds]
            or tag("section", tag("p", texts("feed_none"), class_="empty")),
            _checks(data, texts),
            id="report",
        ),
        tag("footer", tag("p", texts("footer", instant=texts.instant(instant)))),
    )


def _heading(day: str, texts: Texts) -> str:
    """The day with its weekday, day and month never apart: so it breaks well even on a phone."""
    together = texts.short_day(day)
    heading = texts.day(day, weekday=True).replace(together, together.replace(" ", "\u00a0"))
    return heading[:1].upper() + heading[1:]


def _banner(texts: Texts) -> Html:
    return tag("aside", tag("p", tag("strong", texts("banner_title")), " ", texts("banner")), class_="banner")


def _contents(feeds: Sequence[Feed], texts: Texts) -> Html:
    links = [(anchor(feed.name), texts.feed(feed.name)) for feed in feeds] + [("checks", texts("checks"))]
    return tag(
        "nav",
        tag("ul", [tag("li", tag("a", label, href=f"#{target}")) for target, label in links]),
        aria_label=texts("contents"),
    )


def _facts(facts: Sequence[str], texts: Texts) -> Html:
    heading = texts("facts" if len(facts) == 3 else "facts_other")
    return tag("section", tag("h2", heading), tag("ol", [tag("li", fact) for fact in facts]), class_="facts")


def _headline(feeds: Sequence[Feed], texts: Texts) -> Html | None:
    if not feeds:
        return None
    compared = any(feed.change for feed in feeds)
    return tag(
        "section",
        tag("h2", texts("headline")),
        tag("p", texts("headline_note"), class_="note") if compared else None,
        tag("div", [_card(feed, texts) for feed in feeds], class_="cards"),
        class_="headline",
    )


def _card(feed: Feed, texts: Texts) -> Html:
    title = tag("h3", tag("a", texts.feed(feed.name), href=f"#{anchor(feed.name)}"))
    if feed.totals is None:
        return tag("div", title, tag("p", texts("no_snapshot_card"), class_="empty"), class_="card")
    totals, change = feed.totals, feed.change
    numbers: list[tuple[str, float | None, float | None, int]] = [
        ("tracks", totals.tracks, change.tracks if change else None, 0),
        ("newcomers", totals.newcomers, change.newcomers if change else None, 0),
        ("left_the_chart", totals.exits, change.exits if change else None, 0),
        ("artists", totals.artists, change.artists if change else None, 0),
        ("popularity", totals.popularity, change.popularity if change else None, 1),
    ]
    since = texts("versus", day=texts.short_day(feed.previous)) if feed.previous else texts("first_snapshot")
    return tag(
        "div",
        title,
        tag("p", since, class_="note"),
        tag("dl", [_number(*number, texts) for number in numbers]),
        class_="card",
    )


def _number(name: str, value: float | None, change: float | None, decimals: int, texts: Texts) -> Html:
    if value is None:
        shown = tag("dd", texts("popularity_absent" if name == "popularity" else "not_known_yet"), class_="absent")
    else:
        step = tag("small", texts.number(change, decimals, signed=True)) if change is not None else None
        shown = tag("dd", tag("b", texts.number(value, decimals)), " ", step)
    return tag("div", tag("dt", texts(name)), shown)


def _checks(data: ReportData, texts: Texts) -> Html:
    return tag(
        "section",
        tag("h2", texts("checks")),
        _check_table(data.checks, texts) if data.checks else tag("p", texts("checks_empty"), class_="empty"),
        _counts(data, texts),
        id="checks",
    )


def _check_table(checks: Sequence[Check], texts: Texts) -> Html:
    failed = [check for check in checks if not check.passed]
    summary = (
        texts.count("checks_some_failed", len(failed), total=texts.number(len(checks)))
        if failed
        else texts.count("checks_all_passed", len(checks))
    )
    columns = [(texts(f"col_{name}"), "") for name in ("result", "check", "table", "summary", "severity")]
    rows = [
        (
            tag("span", texts("check_passed" if c.passed else "check_failed"), class_="good" if c.passed else "bad"),
            english(c.name.replace("_", " "), texts),
            tag("code", c.asset),
            english(c.summary, texts) if c.summary else texts("none"),
            texts(f"severity_{c.severity}") if f"severity_{c.severity}" in texts.messages else c.severity,
        )
        for c in sorted(checks, key=lambda check: check.passed)
    ]
    return join(
        tag("p", summary, class_="verdict bad" if failed else "verdict good"),
        table(texts("checks"), columns, rows, class_="stacked"),
    )


def _counts(data: ReportData, texts: Texts) -> Html:
    """raw = refined + duplicates + quarantined, per feed, with the difference where it does not hold."""
    if not data.counts:
        return join(tag("h3", texts("counts")), tag("p", texts("counts_empty"), class_="empty"))
    rows, broken = [], False
    for name in dict.fromkeys([*data.feeds, *data.counts]):
        counts = data.counts.get(name)
        if counts is None:
            rows.append([texts.feed(name), texts("not_counted"), *[texts("none")] * 4])
            continue
        off = counts.get("raw", 0) - sum(counts.get(part, 0) for part in PARTS)
        broken = broken or off != 0
        verdict = texts("sum_no", n=texts.number(off, signed=True)) if off else texts("sum_yes")
        rows.append(
            [
                texts.feed(name),
                *(texts.number(counts.get(part, 0)) for part in ("raw", *PARTS)),
                tag("span", verdict, class_="bad" if off else "good"),
            ]
        )
    columns = [
        (texts("col_feed"), ""),
        *((texts(f"col_{name}"), "n") for name in ("raw", *PARTS)),
        (texts("col_sum"), ""),
    ]
    title = texts("counts_broken" if broken else "counts_whole")
    return join(
        tag("h3", title),
        tag("p", texts("counts_note"), class_="note"),
        scrolling(texts("scrollable", title=title), table(title, columns, rows)),
    )
