"""Odd records, each of a kind that Spotify has been seen to send, and where they stand in the sample.

`CATALOGUE` has them all by name. The playlist `people.ODD_PLAYLIST` is made of them, one each in this order; a search
for QUERY finds those that a search can find. On the most-played playlist twelve of them replace entries; in any other
search there are two.
"""

import copy
from collections.abc import Callable
from datetime import date
from functools import lru_cache
from typing import Any

from pyspotify_assets.spotify.sample.catalogue import Track, tracks_on
from pyspotify_assets.spotify.sample.charts import Standing
from pyspotify_assets.spotify.sample.dice import spotify_id
from pyspotify_assets.spotify.sample.shapes import Json, track_json

SEARCH_NULL, SEARCH_REPEATED = 331, 200
"""Positions (from 0) of a null within a page of a search, and of the first result of a page that repeats the last of
the page before: pages overlap."""

FIRST_POSITION, DISTANCE = 41, 43
"""The odd entries of the most-played playlist stand at these positions (from 0): the first, and then always so much
further."""

QUERY = "made-up:odd-records"
"""The search that finds the odd records, those of IN_SEARCH in this order."""

Maker = Callable[[Json, str], Json | None]
"""Makes the odd record out of a plain track object and the base URL."""


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


def _with(**fields: Any) -> Maker:
    return lambda track, base_url: {**track, **fields}


def _with_album(**fields: Any) -> Maker:
    return lambda track, base_url: {**track, "album": {**track["album"], **fields}}


def _released(on: str | None, precision: str | None) -> Maker:
    return _with_album(release_date=on, release_date_precision=precision)


def _by(name: str) -> Json:
    identity = spotify_id("odd artist", name)
    return {"id": identity, "name": name, "type": "artist", "uri": f"spotify:artist:{identity}"}


def _relinked(track: Json, base_url: str) -> Json:
    other = spotify_id(track["id"], "before")
    origin = {"href": f"{base_url}/v1/tracks/{other}", "id": other, "type": "track", "uri": f"spotify:track:{other}"}
    return {**track, "is_playable": True, "linked_from": origin}


_RECORDING: Json = {"name": "Twins", "artists": [_by("Vel Mor")], "external_ids": {"isrc": "ZZPYS2299001"}}

CATALOGUE: dict[str, Maker] = {
    "null": _null,
    "episode": _episode,
    "local file": _local_file,
    "removed track": _removed,
    "no artists": _with(artists=[]),
    "fractional duration": _with(duration_ms=33920.0, name="two\nlines\u2028and a third"),
    "no release date": _released(None, None),
    "twice": _with(),
    "name padded": _with(name=" padded "),
    "name 007": _with(name="007"),
    "name NA": _with(name="NA"),
    "name =1+1": _with(name="=1+1"),
    # Those above stand on the most-played playlist; the following only where nothing else does.
    "plain": _with(),
    "null entry": _null,
    "release date of a year": _released("2022", "year"),
    "release date of a month": _released("2022-03", "month"),
    "release date of a day": _released("2022-03-31", "day"),
    "release date 0000": _released("0000", "year"),
    "name empty": _with(name=""),
    "album name empty": _with_album(name=""),
    "name None": _with(name="None"),
    "name null": _with(name="null"),
    "name nan": _with(name="nan"),
    "name with commas": _with(name="one, two, and three,"),
    "name with quotes": _with(name="the \"quoted\" one's 'name'"),
    "name with emoji": _with(name="🎧 lights 👩🏽‍🚀"),
    "name from right to left": _with(name="ليلة בלילה"),
    "name with U+2028": _with(name="over\u2028under"),
    "a recording": _with(**_RECORDING),
    "the recording under another id": _with(**_RECORDING),
    "a title": _with(name="Namesakes", artists=[_by("Tan Qui")]),
    "the title by another artist": _with(name="Namesakes", artists=[_by("Zer Lum")]),
    "relinked": _relinked,
    "with all markets": _with(available_markets=["AR", "BR", "PT", "US"]),
}
"""Each kind of odd record by name. "null entry" is an entry that is null itself, "twice" the track of "plain" again."""

IN_MOST_PLAYED = tuple(CATALOGUE)[:12]
"""Those that stand on the most-played playlist, in this order; "twice" is that playlist's first track again."""
IN_SEARCH = tuple(name for name in CATALOGUE if name not in ("null entry", "episode", "local file"))
"""Those that a search for QUERY finds."""


def make_odd(name: str, track: Json, base_url: str) -> Json | None:
    """The odd record of that name, made out of a plain track object; None is one of them."""
    return CATALOGUE[name](copy.deepcopy(track), base_url)


def odd_record(name: str, seed: int, base_url: str) -> Json | None:
    """The odd record of that name as ODD_PLAYLIST and QUERY have it: the same every day, and nobody else's.

    Its track is named after its kind, where the kind has no name of its own.
    """
    base = "plain" if name == "twice" else name
    track = track_json(Standing(_plain_tracks(seed)[list(CATALOGUE).index(base)], score=50), base_url)
    identity = spotify_id(seed, "odd", base)
    addresses = {"href": f"{base_url}/v1/tracks/{identity}", "id": identity, "uri": f"spotify:track:{identity}"}
    return make_odd(name, {**track, **addresses, "name": base}, base_url)


@lru_cache(maxsize=8)
def _plain_tracks(seed: int) -> tuple[Track, ...]:
    return tuple(tracks_on(seed, date(2022, 4, 30))[: len(CATALOGUE)])
