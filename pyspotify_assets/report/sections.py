"""The page's parts around those of the feeds (feed_section.py): head, contents, facts; and their order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC

from pyspotify_assets.report.alarm import alarm
from pyspotify_assets.report.data import ReportData
from pyspotify_assets.report.feed_section import anchor, feed_section
from pyspotify_assets.report.figures import Feed
from pyspotify_assets.report.health import health
from pyspotify_assets.report.heat_section import heat_section
from pyspotify_assets.report.lineage_section import lineage_section
from pyspotify_assets.report.markup import Html, join, tag
from pyspotify_assets.report.overview import overview
from pyspotify_assets.report.texts import Texts


def body(data: ReportData, feeds: Sequence[Feed], facts: Sequence[str], texts: Texts) -> Html:
    """Everything between <body> and the scripts."""
    instant = data.generated_at.astimezone(UTC) if data.generated_at.tzinfo else data.generated_at
    return join(
        tag("a", texts("skip"), class_="skip", href="#report"),
        alarm(data.checks, "health", texts),
        _banner(texts) if data.sample else None,
        tag(
            "header",
            tag("p", texts("kicker"), class_="kicker"),
            tag("h1", tag("time", _heading(data.day, texts), datetime=data.day)),
            _facts(facts, texts),
            class_="sleeve",
        ),
        _contents(feeds, texts),
        tag(
            "main",
            overview(feeds, texts),
            [feed_section(feed, data.day, texts) for feed in feeds]
            or tag("section", tag("p", texts("feed_none"), class_="empty")),
            heat_section(data.hours, data.timezone, data.sample, texts),
            health(data, feeds, texts),
            lineage_section(data.lineage, texts),
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
    links = [
        *([("overview", texts("overview"))] if feeds else []),
        *((anchor(feed.name), texts.feed(feed.name)) for feed in feeds),
        *((name, texts(name)) for name in ("listening", "health", "lineage")),
    ]
    return tag(
        "nav",
        tag("ul", [tag("li", tag("a", label, href=f"#{target}")) for target, label in links]),
        aria_label=texts("contents"),
        class_="contents",
    )


def _facts(facts: Sequence[str], texts: Texts) -> Html:
    heading = texts("facts" if len(facts) == 3 else "facts_other")
    return tag("section", tag("h2", heading), tag("ol", [tag("li", fact) for fact in facts]), class_="facts")
