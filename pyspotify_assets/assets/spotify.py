"""The roots of the lineage: Spotify's own endpoints, outside of this project and never materialized by it."""

from __future__ import annotations

from collections.abc import Collection

import dagster as dg

from pyspotify_assets.assets.metadata import OWNERS

_REFERENCE = "https://developer.spotify.com/documentation/web-api/reference"
_ROOTS = {
    "search": ("search", "Spotify's search: tracks by relevance, at most 1,000 per query. It only knows now."),
    "playlist": ("get-playlists-items", "The items of a playlist, in its order. It only knows now."),
    "top_tracks": (
        "get-users-top-artists-and-tracks",
        "What the listener plays most, by Spotify's reckoning.",
    ),
    "saved_tracks": ("get-users-saved-tracks", "What the listener has saved, the latest first. It only knows now."),
    "recently_played": ("get-recently-played", "The listener's latest 50 plays, the latest first. It only knows now."),
}
"""Kind of feed → its page of the Web API reference, and what it is."""


def root_of(kind: str) -> dg.AssetKey:
    """The endpoint that feeds of `kind` come from: `spotify/<kind>`."""
    return dg.AssetKey(["spotify", kind])


def spotify_specs(kinds: Collection[str]) -> list[dg.AssetSpec]:
    """`spotify/<kind>` for each of `kinds`, those that some feed is of."""
    return [
        dg.AssetSpec(
            root_of(kind),
            description=description,
            group_name="spotify",
            kinds={"spotify", "api"},
            owners=OWNERS,
            metadata={"reference": dg.MetadataValue.url(f"{_REFERENCE}/{page}")},
        )
        for kind, (page, description) in _ROOTS.items()
        if kind in kinds
    ]
