"""Reading a feed: which endpoint its kind is asked for, how large pages may be, and whether it held still meanwhile.

Page sizes are found out from Spotify's answers, never from a setting, and remembered by the client.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from pyspotify_assets.errors import SpotifyError
from pyspotify_assets.feeds import PLAYS_REACH, SEARCH_REACH, Feed
from pyspotify_assets.spotify.failures import PageLimitError
from pyspotify_assets.spotify.pages import LARGEST_PAGE, SMALLEST_PAGE, Page
from pyspotify_assets.spotify.paging import Ask, Reading, read_listing

if TYPE_CHECKING:
    from pyspotify_assets.spotify.client import SpotifyClient

MOST_READINGS = 3
"""How often a listing that changes while it is being read is begun."""


@dataclass
class FeedRead:
    """All entries of a feed, and what it took: counted up from reading to reading."""

    entries: list[Any]
    expected: int | None = None
    page_requests: int = 0
    metadata_requests: int = 0
    page_size: int = 0
    readings: int = 0


def read_feed(client: SpotifyClient, feed: Feed, day: date) -> FeedRead:
    """Every entry of `feed`, in its order, from a reading during which it did not change.

    A playlist tells by its `snapshot_id` and by the totals of its pages, what is the user's own by these totals alone;
    a search is never steady, and is read once. SpotifyError when a page cannot be had, or when a listing has changed
    during every one of MOST_READINGS.
    """
    ask, reach = _asking(client, feed, day), _reach(feed)
    read = FeedRead([])
    before = _snapshot_id(client, feed, read)
    while read.readings < MOST_READINGS:
        reading = _read(client, feed.kind, ask, reach, read)
        read.readings += 1
        # What came as a single page came at a single moment.
        after = before if len(reading.pages) == 1 else _snapshot_id(client, feed, read)
        if feed.kind == "search" or (before == after and reading.is_steady):
            read.entries, total = reading.entries, None if feed.kind == "search" else reading.total
            read.expected = total if total is None or reach is None else min(total, reach)
            return read
        before = after
    raise SpotifyError(
        f"The {feed.title} was changed while it was being read, {MOST_READINGS} times in a row.",
        "Run it again when nobody is at work on it: nothing has been written.",
    )


def _read(client: SpotifyClient, kind: str, ask: Ask, reach: int | None, read: FeedRead) -> Reading:
    """One reading, by the largest pages that this app gets."""
    size = client.page_sizes.get(kind, LARGEST_PAGE)
    try:
        reading = read_listing(ask, size, reach, client.at_once)
    except PageLimitError as refused:
        read.page_requests += refused.requests
        if kind in client.page_sizes:
            raise
        client.page_sizes[kind] = SMALLEST_PAGE
        reading = read_listing(ask, SMALLEST_PAGE, reach, client.at_once)
    if reading.page_size == LARGEST_PAGE:
        client.page_sizes[kind] = LARGEST_PAGE
    read.page_requests += reading.requests
    read.page_size = reading.page_size
    return reading


def _asking(client: SpotifyClient, feed: Feed, day: date) -> Ask:
    query = feed.query_on(day)
    by_kind: dict[str, Callable[[int, int], Page]] = {
        "search": lambda limit, offset: client.search_page(query, feed.market, limit, offset),
        "playlist": lambda limit, offset: client.playlist_page(feed.playlist, feed.market, limit, offset),
        "top_tracks": lambda limit, offset: client.top_tracks_page(feed.range, limit, offset),
        "saved_tracks": lambda limit, offset: client.saved_tracks_page(feed.market, limit, offset),
        "recently_played": lambda limit, offset: client.recently_played_page(limit),
    }
    return by_kind[feed.kind]


def _reach(feed: Feed) -> int | None:
    """How many entries there may be at most; None: as many as there are."""
    most = {"search": SEARCH_REACH, "recently_played": PLAYS_REACH}.get(feed.kind)
    return most if feed.maximum is None else min(feed.maximum, most or feed.maximum)


def _snapshot_id(client: SpotifyClient, feed: Feed, read: FeedRead) -> str | None:
    if feed.kind != "playlist":
        return None
    facts = client.playlist_facts(feed.playlist, feed.market)
    read.metadata_requests += facts.requests
    return facts.snapshot_id
