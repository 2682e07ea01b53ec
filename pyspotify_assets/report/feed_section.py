"""One feed's section: what moved, what came and went, popularity, and what the chart is made of.

Every part explains itself when there is nothing to show, and every chart has its figures in a table behind it.
"""

from __future__ import annotations

from pyspotify_assets.report import catalogue, movement, popularity, turnover
from pyspotify_assets.report.figures import Feed
from pyspotify_assets.report.markup import Html, join, tag
from pyspotify_assets.report.panels import empty
from pyspotify_assets.report.texts import Texts


def anchor(feed: str, part: str = "") -> str:
    """The id of a feed's section, or of a part of it."""
    return f"feed-{feed}-{part}" if part else f"feed-{feed}"


def feed_section(feed: Feed, day: str, texts: Texts) -> Html:
    """The whole section of one feed; without a snapshot of the day only the statement that there is none."""
    heading = tag("h2", texts.feed(feed.name), id=f"{anchor(feed.name)}-title")
    if not feed.rows:
        last = texts("feed_last", day=texts.day(feed.days[-1])) if feed.days else None
        content = join(heading, empty(texts("feed_missing", day=texts.day(day))), empty(last) if last else None)
    else:
        parts = {
            "movement": (movement.ranks(feed, texts), movement.moves(feed, texts)),
            "turnover": (
                tag("div", turnover.churn(feed, texts), popularity.over_window(feed, texts), class_="columns"),
                turnover.entries(feed, texts),
            ),
            "catalogue": tag(
                "div",
                tag("div", catalogue.artists(feed, texts)),
                tag("div", catalogue.newness(feed, day, texts), catalogue.years(feed, texts)),
                tag("div", catalogue.durations(feed, texts), catalogue.lengths_by_decade(feed, texts)),
                class_="columns stacks",
            ),
        }
        content = join(
            tag(
                "div",
                heading,
                tag("p", _subtitle(feed, texts), class_="note"),
                _contents(feed, list(parts), texts),
                class_="feed-head",
            ),
            [tag("div", content, class_="part", id=anchor(feed.name, part)) for part, content in parts.items()],
        )
    return tag("section", content, class_="feed", id=anchor(feed.name), aria_labelledby=f"{anchor(feed.name)}-title")


def _subtitle(feed: Feed, texts: Texts) -> str:
    tracks = texts.count("feed_tracks", len(feed.rows))
    if feed.previous is None or len(feed.days) < 2:
        sub = texts("feed_sub_first", tracks=tracks)
    else:
        window = texts.count("window", len(feed.days))
        first, last = feed.days[0], feed.days[-1]
        since = texts.short_day(first) if first[:4] == last[:4] else texts.day(first)
        sub = texts("feed_sub", tracks=tracks, window=window, since=since)
    if feed.totals is not None and feed.totals.popularity is None:
        sub = f"{sub} {texts('by_position')}"
    return sub


def _contents(feed: Feed, parts: list[str], texts: Texts) -> Html:
    links = [tag("li", tag("a", texts(f"part_{part}"), href=f"#{anchor(feed.name, part)}")) for part in parts]
    return tag("nav", tag("ul", links), aria_label=texts("contents_of", feed=texts.feed(feed.name)), class_="parts")
