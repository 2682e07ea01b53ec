"""The snapshot: all pages of one feed, read in order and made into ranked rows; what came of every entry is counted.

Where it is kept, and whether the day is right, is decided elsewhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from pyspotify_assets.clock import Clock
from pyspotify_assets.errors import SpotifyError
from pyspotify_assets.feeds import SEARCH_REACH, Feed
from pyspotify_assets.spotify.pages import PAGE_SIZE, Page
from pyspotify_assets.spotify.records import Row, read_entry

if TYPE_CHECKING:
    from pyspotify_assets.spotify.client import SpotifyClient


@dataclass(frozen=True)
class Snapshot:
    """One feed at one instant. `received` entries = rows + skipped entries, whatever came."""

    feed: str
    day: date
    rows: list[Row]
    """In order of rank, with the raw columns of `tables.SNAPSHOT`."""
    snapshot_at: datetime
    """The instant at which the last page had come."""
    source: str
    """`search:<query>` or `playlist:<id>`, with `sample:` before it for made-up data."""
    received: int
    """Entries that Spotify sent."""
    expected: int | None
    """Entries that there should be: the playlist's `total`, within the feed's maximum. A search does not say."""
    skipped: dict[str, int]
    """Entries that are no track: reason (see `records.SKIP_REASONS`) → how many."""
    duplicates: int
    """Rows whose track id a better rank has already: pages of a search overlap, a playlist may repeat a track."""
    page_requests: int
    popularity_given: bool
    """Whether any track came with its popularity: some apps get none."""


def take_snapshot(client: SpotifyClient, feed: Feed, day: date, clock: Clock, sample: bool = False) -> Snapshot:
    """Ask for every page of `feed` once, and give the whole of it.

    `day` fills in the feed's query; `clock` is asked once, at the end; `sample` marks the data as made up.
    Raises SpotifyError naming the feed when a page cannot be had: there is no part of a snapshot.
    """
    query = feed.query_on(day)

    def ask(limit: int, offset: int) -> Page:
        if feed.kind == "search":
            return client.search_page(query, feed.market, limit, offset)
        return client.playlist_page(feed.playlist, feed.market, limit, offset)

    reach = min(feed.maximum or SEARCH_REACH, SEARCH_REACH) if feed.kind == "search" else feed.maximum
    try:
        pages = list(_pages(ask, reach))
    except SpotifyError as error:
        raise SpotifyError(f"Feed {feed.name}: {error.args[0]}", error.remedy) from None
    snapshot_at = clock()
    source = f"search:{query}" if feed.kind == "search" else f"playlist:{feed.playlist}"
    source = f"sample:{source}" if sample else source

    entries = [entry for page in pages for entry in page.entries]
    rows: list[Row] = []
    skipped: Counter[str] = Counter()
    for entry in entries:
        row = read_entry(entry)
        if isinstance(row, str):
            skipped[row] += 1
        else:
            rows.append({"rank": len(rows) + 1, **row, "snapshot_at": snapshot_at, "source": source})
    ids = [row["track_id"] for row in rows if row["track_id"] is not None]
    total = pages[-1].total if feed.kind == "playlist" else None
    return Snapshot(
        feed=feed.name,
        day=day,
        rows=rows,
        snapshot_at=snapshot_at,
        source=source,
        received=len(entries),
        expected=total if total is None or reach is None else min(total, reach),
        skipped=dict(skipped),
        duplicates=len(ids) - len(set(ids)),
        page_requests=sum(page.requests for page in pages),
        popularity_given=any(row["popularity"] is not None for row in rows if row["track_id"] is not None),
    )


def _pages(ask: Callable[[int, int], Page], reach: int | None) -> Iterator[Page]:
    """The pages from the first to the last, by offset: `next` would name a URL to send the token to.

    A page that is short is not the last one unless Spotify says so: a search may leave results out of a page. But its
    `next` may go on for ever, so an empty page, `total` and `reach` end it too.
    """
    offset = 0
    while True:
        limit = PAGE_SIZE if reach is None else min(PAGE_SIZE, reach - offset)
        page = ask(limit, offset)
        yield page
        offset += limit
        beyond_total = page.total is not None and offset >= page.total
        if page.is_last or not page.entries or beyond_total or offset == reach:
            return
