"""The roots of the lineage: Spotify's own endpoints, outside of this project and never materialized by it."""

from __future__ import annotations

import dagster as dg

from pyspotify_assets.assets.metadata import OWNERS

SEARCH = dg.AssetKey(["spotify", "search"])
PLAYLIST = dg.AssetKey(["spotify", "playlist"])


def spotify_specs() -> list[dg.AssetSpec]:
    """`spotify/search` and `spotify/playlist`."""
    reference = "https://developer.spotify.com/documentation/web-api/reference"
    return [
        dg.AssetSpec(
            SEARCH,
            description="Spotify's search: tracks by relevance, at most 1,000 per query. It only knows now.",
            group_name="spotify",
            kinds={"spotify", "api"},
            owners=OWNERS,
            metadata={"reference": dg.MetadataValue.url(f"{reference}/search")},
        ),
        dg.AssetSpec(
            PLAYLIST,
            description="The items of a playlist, in its order. It only knows now.",
            group_name="spotify",
            kinds={"spotify", "api"},
            owners=OWNERS,
            metadata={"reference": dg.MetadataValue.url(f"{reference}/get-playlists-items")},
        ),
    ]
