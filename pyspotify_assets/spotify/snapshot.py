"""The snapshot: all pages of one feed, read in order and made into ranked rows; what came of every entry is counted.

Where it is kept, and whether the day is right, is decided elsewhere.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from pyspotify_assets.clock import Clock
from pyspotify_assets.errors import SpotifyError
from pyspotify_assets.feeds import Feed
from pyspotify_assets.spotify.fields import NOTHING_ODD, FieldCount, Fields
from pyspotify_assets.spotify.reading import read_feed
from pyspotify_assets.spotify.records import Row, read_entry, unwrap

if TYPE_CHECKING:
    from pyspotify_assets.spotify.client import SpotifyClient

MAY_BE_ABSENT = ("popularity", "isrc", "album_type", "release_date", "explicit")
"""Columns that a regime of Spotify's leaves out of every track, or may come to."""


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
    """See `Feed.source_on`; with `sample:` before it for made-up data."""
    received: int
    """Entries that Spotify sent."""
    expected: int | None
    """Entries that there should be: the listing's `total`, within the feed's maximum. A search does not say."""
    skipped: dict[str, int]
    """Entries that are no track: reason (see `records.SKIP_REASONS`) → how many."""
    duplicates: int
    """Rows whose track id a better rank has already: pages of a search overlap, a playlist may repeat a track."""
    page_requests: int
    """Requests for pages: those that were repeated, read again or refused for their size included."""
    popularity_given: bool
    """Whether any track came with its popularity: some apps get none."""
    metadata_requests: int = 0
    """Requests for what a playlist says of itself, before and after its pages."""
    page_size: int = 0
    """Entries from one page to the next: at most what Spotify gives this app at once."""
    readings: int = 1
    """How often the listing was read: a playlist that changes meanwhile is read again."""
    absent: tuple[str, ...] = ()
    """Columns of MAY_BE_ABSENT that no track came with."""
    fields: Fields = NOTHING_ODD
    """What the tracks had that is not known, and what was of another type."""


def take_snapshot(client: SpotifyClient, feed: Feed, day: date, clock: Clock, sample: bool = False) -> Snapshot:
    """Ask for every page of `feed`, and give the whole of it.

    `day` fills in the feed's query; `clock` is asked once, at the end; `sample` marks the data as made up.
    Raises SpotifyError naming the feed when a page cannot be had: there is no part of a snapshot. RefusedError says
    until when nobody should ask, LoginError that a user must log in.
    """
    try:
        read = read_feed(client, feed, day)
    except SpotifyError as error:
        error.args = (f"Feed {feed.name}: {error.args[0]}",)
        raise
    snapshot_at = clock()
    source = feed.source_on(day)
    source = f"sample:{source}" if sample else source
    rows, skipped, fields = _ranked(read.entries, snapshot_at, source)
    tracks = [row for row in rows if row["track_id"] is not None]
    absent = tuple(name for name in MAY_BE_ABSENT if all(row[name] is None for row in tracks)) if tracks else ()
    return Snapshot(
        feed=feed.name,
        day=day,
        rows=rows,
        snapshot_at=snapshot_at,
        source=source,
        received=len(read.entries),
        expected=read.expected,
        skipped=dict(skipped),
        duplicates=len(tracks) - len({row["track_id"] for row in tracks}),
        page_requests=read.page_requests,
        popularity_given=any(row["popularity"] is not None for row in tracks),
        metadata_requests=read.metadata_requests,
        page_size=read.page_size,
        readings=read.readings,
        absent=absent,
        fields=fields,
    )


def _ranked(entries: list[Any], snapshot_at: datetime, source: str) -> tuple[list[Row], Counter[str], Fields]:
    """The rows, ranks running over the entries that are tracks; how many were none, by reason; and the rows' fields."""
    rows: list[Row] = []
    skipped: Counter[str] = Counter()
    counted = FieldCount()
    for entry in entries:
        row = read_entry(entry)
        if isinstance(row, str):
            skipped[row] += 1
        else:
            rows.append({"rank": len(rows) + 1, **row, "snapshot_at": snapshot_at, "source": source})
            counted.look(entry, unwrap(entry))
    return rows, skipped, counted.fields()
