"""The search above a chart of ranks: an artist or a track, its lines in the chart, its ranks of the whole day.

The page offers it only where a script can serve it: without JavaScript it stays hidden. search.js does the finding.
"""

from __future__ import annotations

from pyspotify_assets.report.figures import Feed
from pyspotify_assets.report.markup import Html, tag, trusted
from pyspotify_assets.report.runtime import json_for_html
from pyspotify_assets.report.texts import Texts

WORDS = ("search_none", "search_found", "search_drawn", "search_outside", "search_more")
"""Messages that search.js fills in."""


def search(feed: Feed, texts: Texts) -> Html:
    """Input, button and place for the answer, with all tracks of the day, in which is searched, as data beside them."""
    name = f"search-{feed.name}"
    artists = {artist: place for place, artist in enumerate(dict.fromkeys(texts.artist(row) for row in feed.rows))}
    data = {
        "artists": list(artists),
        # In order of rank, as `keys`, which are those of the chart's lines.
        "tracks": [[row["rank"], texts.title(row), artists[texts.artist(row)]] for row in feed.rows],
        "keys": [row["track_key"] for row in feed.top],
        "words": {word.removeprefix("search_"): texts.messages[word].split("|") for word in WORDS},
        "singular": sorted(texts.singular),
    }
    field = tag(
        "input",
        id=name,
        type="search",
        list=f"{name}-artists",
        autocomplete="off",
        spellcheck="false",
    )
    return tag(
        "div",
        tag("label", texts("search"), for_=name),
        tag("div", field, tag("button", texts("search_clear"), type="button", disabled=True), class_="search-row"),
        tag("datalist", id=f"{name}-artists"),
        tag("div", tag("p", class_="note"), tag("ol", class_="search-tracks"), role="status"),
        tag("script", trusted(json_for_html(data)), type="application/json"),
        class_="search",
        role="search",
        aria_label=texts("search_in", feed=texts.feed(feed.name)),
        hidden=True,
    )
