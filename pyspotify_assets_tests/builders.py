"""What tests build by hand: tiny snapshots, put into a lake as the pipeline would have left them."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from pyspotify_assets.daily.refined import refine_day
from pyspotify_assets.lake import Lake
from pyspotify_assets.raw_csv import write_raw_csv

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def track(rank: int, track_id: str | None, **columns: object) -> dict[str, object]:
    """One raw row with sensible values in the columns that are not given."""
    name = track_id or "untitled"
    row: dict[str, object] = {
        "rank": rank,
        "track_id": track_id,
        "track_name": f"Song {name}",
        "artist_name": f"Artist of {name}",
        "artist_id": None,
        "popularity": 50,
        "duration_ms": 200_000,
        "album_name": f"Album {name}",
        "release_date": "2025-06-01",
        "snapshot_at": NOON,
        "source": "sample:test",
    }
    return row | columns


def put_raw(lake: Lake, feed: str, day: str, rows: Sequence[Mapping[str, object]]) -> None:
    """Publish a raw day made of these rows."""
    place = lake.place(("raw", feed), day)
    buffer = io.BytesIO()
    write_raw_csv(rows, buffer)
    with place.staged() as staged:
        staged.write_bytes(buffer.getvalue())
        place.publish(staged)


def put_snapshot(lake: Lake, feed: str, day: str, rows: Sequence[Mapping[str, object]]) -> None:
    """Publish a raw day and refine it."""
    put_raw(lake, feed, day, rows)
    refine_day(lake, feed, day)
