"""The JSON in which Spotify speaks of tracks, to an app with extended quota; `regimes.py` takes away what others lack.

Every URL in it is on the host that was asked. What only a player would use is left out (pictures, an album's artists,
markets): the simulator's answers cost time at both ends.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from pyspotify_assets.spotify.sample.catalogue import Album, Artist
from pyspotify_assets.spotify.sample.charts import Standing

Json = dict[str, Any]


def track_json(standing: Standing, base_url: str) -> Json:
    """A track object as a search for one market has it: without the list of all markets."""
    track = standing.track
    return {
        "album": _album_json(track.album, base_url),
        "artists": [_artist_json(artist, base_url) for artist in track.artists],
        "duration_ms": track.duration_ms,
        "explicit": track.explicit,
        "external_ids": {"isrc": track.isrc},
        **_addresses("track", track.id, base_url),
        "is_local": False,
        "name": track.name,
        "popularity": standing.popularity,
    }


def entry_json(track: Json | None, added_at: datetime, keys: Sequence[str] = ("item", "track")) -> Json:
    """An entry of a playlist around a track object, which stands under each of `keys`; two booleans come into it."""
    inner = (
        track if track is None else {**track, "episode": track["type"] == "episode", "track": track["type"] == "track"}
    )
    return {
        "added_at": instant(added_at),
        "is_local": bool(track and track.get("is_local")),
        **dict.fromkeys(keys, inner),
    }


def instant(at: datetime) -> str:
    """An instant of UTC as Spotify writes it."""
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def page_json(items: list[Any], url: str, common: Mapping[str, str], limit: int, offset: int, total: int) -> Json:
    """A paging object; `common` is what the queries of this page and its neighbours have in common."""
    query = urlencode(common)

    def address(at: int) -> str:
        return f"{url}?{query}&offset={at}&limit={limit}"

    return {
        "href": address(offset),
        "items": items,
        "limit": limit,
        "next": address(offset + limit) if offset + limit < total else None,
        "offset": offset,
        "previous": address(max(0, offset - limit)) if offset else None,
        "total": total,
    }


def _artist_json(artist: Artist, base_url: str) -> Json:
    return {**_addresses("artist", artist.id, base_url), "name": artist.name}


def _album_json(album: Album, base_url: str) -> Json:
    return {
        "album_type": album.type,
        **_addresses("album", album.id, base_url),
        "name": album.name,
        "release_date": album.release_date,
        "release_date_precision": album.release_date_precision,
        "total_tracks": 1 if album.type == "single" else 12,
    }


def _addresses(kind: str, identity: str, base_url: str) -> Json:
    return {
        "href": f"{base_url}/v1/{kind}s/{identity}",
        "id": identity,
        "type": kind,
        "uri": f"spotify:{kind}:{identity}",
    }
