"""Odd records, each of a kind that Spotify has been seen to send, and where they stand in the sample.

On the most-played playlist they replace twelve of its entries; in a search, two of its results.
"""

import copy
from typing import Any

from pyspotify_assets.spotify.sample.shapes import Json

SEARCH_NULL, SEARCH_REPEATED = 331, 200
"""Positions (from 0) of a null within a page of a search, and of the first result of a page that repeats the last of
the page before: pages overlap."""

FIRST_POSITION, DISTANCE = 41, 43
"""The odd entries of the playlist stand at these positions (from 0): the first, and then always so much further."""


def make_odd(number: int, track: Json, base_url: str) -> Json | None:
    """The odd record of that number (from 0), made out of a plain track object; None is one of them."""
    return _KINDS[number](copy.deepcopy(track), base_url)


def _null(track: Json, base_url: str) -> None:
    return None


def _episode(track: Json, base_url: str) -> Json:
    return {
        "description": "Talk about made-up music",
        "duration_ms": 1_800_000,
        "explicit": False,
        "href": f"{base_url}/v1/episodes/{track['id']}",
        "id": track["id"],
        "name": "Episode 7: Lanterns",
        "release_date": "2023-05-02",
        "release_date_precision": "day",
        "show": {"name": "The Sample Hour"},
        "type": "episode",
        "uri": f"spotify:episode:{track['id']}",
    }


def _local_file(track: Json, base_url: str) -> Json:
    artist: Json = {"href": None, "id": None, "name": "Garage Tape", "type": "artist", "uri": None}
    album = {"album_type": None, "id": None, "name": "Demos", "release_date": None, "release_date_precision": None}
    return {
        **track,
        "album": {**track["album"], **album, "href": None, "uri": None},
        "artists": [artist],
        "external_ids": {},
        "href": None,
        "id": None,
        "is_local": True,
        "name": "take 3, rough mix",
        "popularity": 0,
        "uri": "spotify:local:Garage+Tape:Demos:take+3%2C+rough+mix:214",
    }


def _removed(track: Json, base_url: str) -> Json:
    album = {**track["album"], "name": "", "release_date": "0000", "release_date_precision": "year"}
    return {**track, "album": album, "name": "", "duration_ms": 0, "popularity": 0}


def _no_artists(track: Json, base_url: str) -> Json:
    return {**track, "artists": []}


def _fractional_duration(track: Json, base_url: str) -> Json:
    return {**track, "duration_ms": 33920.0, "name": "two\nlines\u2028and a third"}


def _no_release_date(track: Json, base_url: str) -> Json:
    return {**track, "album": {**track["album"], "release_date": None, "release_date_precision": None}}


def _twice(track: Json, base_url: str) -> Json:
    return track


def _named(name: str) -> Any:
    return lambda track, base_url: {**track, "name": name}


_KINDS = (
    _null,
    _episode,
    _local_file,
    _removed,
    _no_artists,
    _fractional_duration,
    _no_release_date,
    _twice,
    _named(" padded "),
    _named("007"),
    _named("NA"),
    _named("=1+1"),
)
KINDS = len(_KINDS)
TWICE = _KINDS.index(_twice)
"""The number of the record that is the playlist's first track once more."""
