"""Fields: those that Spotify's records are known to have, kept or not, and what came unknown or of another type.

What is not known is counted by name and not kept; nothing fails for it. Names are other people's text: they are cut,
and there is an end to how many are remembered. What follows from what is counted here, `contract.py` says.

The fields are those of PlaylistTrackObject, SavedTrackObject, PlayHistoryObject, TrackObject, SimplifiedAlbumObject and
SimplifiedArtistObject in Spotify's OpenAPI description
(https://developer.spotify.com/reference/web-api/open-api-schema.yaml), and a few that only its answers have.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

_EVERYWHERE = {"external_urls", "href", "id", "name", "type", "uri"}
KNOWN: Mapping[str, frozenset[str]] = {
    "entry": frozenset(
        {"added_at", "added_by", "context", "is_local", "item", "played_at", "track"}
        | {"primary_color", "video_thumbnail"}  # Not described.
    ),
    "": frozenset(
        _EVERYWHERE
        | {"album", "artists", "available_markets", "disc_number", "duration_ms", "explicit", "external_ids"}
        | {"is_local", "is_playable", "linked_from", "popularity", "preview_url", "restrictions", "track_number"}
        | {"episode", "track"}  # Not described: what a track says of itself within a playlist.
    ),
    "album": frozenset(
        _EVERYWHERE
        | {"album_group", "album_type", "artists", "available_markets", "images", "release_date"}
        | {"release_date_precision", "restrictions", "total_tracks"}
        | {"is_playable"}  # Not described.
    ),
    "artists[]": frozenset(_EVERYWHERE),
    "external_ids": frozenset({"ean", "isrc", "upc"}),
}
"""Object → names of its fields. "": the track itself; "entry": what a playlist, saved tracks or plays wrap it in."""

TYPES: Mapping[str, str] = {
    "id": "text",
    "name": "text",
    "artists": "list",
    "artists[]": "object",
    "artists[].id": "text",
    "artists[].name": "text",
    "popularity": "number",
    "duration_ms": "number",
    "explicit": "truth",
    "external_ids": "object",
    "external_ids.isrc": "text",
    "album": "object",
    "album.id": "text",
    "album.name": "text",
    "album.album_type": "text",
    "album.release_date": "text",
    "album.release_date_precision": "text",
    "entry.added_at": "text",
    "entry.played_at": "text",
}
"""Path of each field that is kept, and of what holds it → its type in JSON."""

_TYPED = {
    path: [
        (name, full)
        for full in TYPES
        for holder, _, name in [full.rpartition(".")]
        if holder == path and not name.endswith("[]")
    ]
    for path in KNOWN
}
"""Object → names of those of its fields that have a type in TYPES, with their paths."""

_OF_JSON = {str: "text", bool: "truth", int: "number", float: "number", list: "list", dict: "object"}

IDENTITY = ("id", "name")
"""Without these being what they were, a row says nothing: see `checks.IDENTITY_AS_TEXT`."""

MOST_NAMES = 20
"""Different unknown names that are remembered of one snapshot; the others count as OTHERS."""
OTHERS = "others"
_LONGEST_NAME = 40


@dataclass(frozen=True)
class Fields:
    """What the tracks of one snapshot had that is not known: how many tracks, out of `tracks`."""

    tracks: int = 0
    unknown: Mapping[str, int] = field(default_factory=dict)
    """Path of an unknown field, such as `album.mood` → tracks that have it; the most frequent first."""
    other_types: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    """Path of a known field → the type that came most often instead of its own, and tracks that have another type."""
    changed: tuple[str, ...] = ()
    """Those of `other_types` that have another type in more than half of the tracks that have the field at all."""


NOTHING_ODD = Fields()


class FieldCount:
    """Counts over tracks: `look` at each, then ask for `fields`."""

    def __init__(self) -> None:
        self._tracks = 0
        self._unknown: Counter[str] = Counter()
        self._having: Counter[str] = Counter()
        self._other: dict[str, Counter[str]] = {}

    def look(self, entry: Any, track: Mapping[str, Any]) -> None:
        """Count one track; `entry` is what it came in, perhaps the track itself."""
        self._tracks += 1
        parts = list(_parts(entry, track))
        names = {_named(path, name) for path, value in parts for name in value.keys() - KNOWN[path]}
        for name in sorted(names):
            known = name in self._unknown or len(self._unknown) < MOST_NAMES
            self._unknown[name if known else OTHERS] += 1
        for path, types in _types_in(parts).items():
            self._having[path] += 1
            others = types - {TYPES[path]}
            if others:
                self._other.setdefault(path, Counter())[min(others)] += 1

    def fields(self) -> Fields:
        other = {path: (counted.most_common(1)[0][0], counted.total()) for path, counted in self._other.items()}
        changed = tuple(path for path, (_, tracks) in other.items() if 2 * tracks > self._having[path])
        return Fields(self._tracks, dict(self._unknown.most_common()), other, changed)


def _parts(entry: Any, track: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every object of an entry whose fields are known, with its path."""
    if entry is not track and isinstance(entry, dict):
        yield "entry", entry
    yield "", track
    for path in ("album", "external_ids"):
        if isinstance(track.get(path), dict):
            yield path, track[path]
    artists = track.get("artists")
    for artist in artists if isinstance(artists, list) else ():
        if isinstance(artist, dict):
            yield "artists[]", artist


def _types_in(parts: list[tuple[str, Mapping[str, Any]]]) -> dict[str, set[str]]:
    """Path of each field of TYPES that has a value → the types that it has."""
    found: dict[str, set[str]] = {}
    for path, value in parts:
        for name, full in _TYPED[path]:
            item = value.get(name)
            if item is not None:
                found.setdefault(full, set()).add(_type(item))
                if full == "artists" and isinstance(item, list) and item:
                    found["artists[]"] = {_type(artist) for artist in item}
    return found


def _type(value: Any) -> str:
    return _OF_JSON.get(type(value), "null")


def _named(path: str, name: str) -> str:
    """The path of an unknown field, in letters that mislead nobody."""
    safe = re.sub(r"[^A-Za-z0-9_.-]", "?", name[:_LONGEST_NAME]) or "?"
    return f"{path}.{safe}" if path else safe
