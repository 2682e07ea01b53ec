"""What the sample answers: the endpoints of Spotify's Web API that are needed, and their error bodies.

A pure function from a request to a response: sockets are `../simulator.py`'s part. The endpoints speak as they do to an
app with extended quota.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from urllib.parse import urlencode

from pyspotify_assets.feeds import SEARCH_REACH
from pyspotify_assets.spotify.sample import charts, odd_records
from pyspotify_assets.spotify.sample.dice import spotify_id
from pyspotify_assets.spotify.sample.shapes import Json, entry_json, page_json, track_json

LARGEST_PAGE = 50
_PLAYLIST = re.compile(r"/v1/playlists/([^/]*)(/items|/tracks)?")


@dataclass(frozen=True)
class Request:
    """One request, without the host and the day that were asked. `authorization` is that header; `form` is the body."""

    method: str
    path: str
    query: Mapping[str, str]
    authorization: str = ""
    form: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Response:
    """One response, sent as it is. With a Content-Length beyond the body, the body is cut off."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


def answer(request: Request, seed: int, day: date, base_url: str) -> Response:
    """The sample's answer on `day`; `base_url` is what the URLs in it begin with."""
    if request.path == "/api/token":
        return _token(request, seed)
    if request.authorization != f"Bearer {_access_token(seed)}":
        return _error(401, "Invalid access token" if request.authorization else "No token provided")
    if request.method != "GET":
        return _error(405, "Method not allowed")
    if request.path == "/v1/search":
        return _search(request, seed, day, base_url)
    playlist = _PLAYLIST.fullmatch(request.path)
    if playlist is None:
        return _error(404, "Service not found")
    if not re.fullmatch(r"[0-9A-Za-z]{22}", playlist[1]):
        return _error(404, "Resource not found")
    if playlist[2] is None:
        return _playlist(playlist[1], seed, day, base_url)
    return _playlist_items(request, playlist[1], seed, day, base_url)


def _token(request: Request, seed: int) -> Response:
    if request.method != "POST":
        return _error(405, "Method not allowed")
    if not re.fullmatch(r"Basic [A-Za-z0-9+/]+={0,2}", request.authorization):
        return _json(400, {"error": "invalid_client", "error_description": "Invalid client"})
    if request.form.get("grant_type") != "client_credentials":
        return _json(400, {"error": "unsupported_grant_type", "error_description": "grant_type is not supported"})
    return _json(200, {"access_token": _access_token(seed), "token_type": "Bearer", "expires_in": 3600})


def _search(request: Request, seed: int, day: date, base_url: str) -> Response:
    query = request.query.get("q", "")
    limit, offset = _whole(request.query.get("limit", "20")), _whole(request.query.get("offset", "0"))
    if not query.strip():
        return _error(400, "No search query")
    if request.query.get("type") != "track":
        return _error(400, "Bad search type field")
    if limit is None or not 1 <= limit <= LARGEST_PAGE:
        return _error(400, "Invalid limit")
    if offset is None or offset + limit > SEARCH_REACH:
        return _error(400, "Invalid offset")
    found = list(charts.search(seed, day, query))
    items: list[Json | None] = []
    for position in range(offset, min(offset + limit, len(found))):
        before = position == odd_records.SEARCH_REPEATED
        is_null = position == odd_records.SEARCH_NULL
        items.append(None if is_null else track_json(found[position - before], base_url))
    common = urlencode({"q": query, "type": "track", **_market(request)})
    return _json(200, {"tracks": page_json(items, f"{base_url}/v1/search", common, limit, offset, len(found))})


def _playlist(playlist: str, seed: int, day: date, base_url: str) -> Response:
    items = _playlist_page(playlist, seed, day, base_url, "", LARGEST_PAGE, 0)
    return _json(
        200,
        {
            "collaborative": False,
            "description": "Made-up data",
            "href": f"{base_url}/v1/playlists/{playlist}",
            "id": playlist,
            "items": items,
            "name": "Most played" if playlist == charts.MOST_PLAYED else "A playlist",
            "owner": {"id": "sample", "display_name": "Sample", "type": "user"},
            "public": True,
            "snapshot_id": spotify_id(seed, playlist, day),
            "tracks": items,
            "type": "playlist",
            "uri": f"spotify:playlist:{playlist}",
        },
    )


def _playlist_items(request: Request, playlist: str, seed: int, day: date, base_url: str) -> Response:
    limit, offset = _whole(request.query.get("limit", "20")), _whole(request.query.get("offset", "0"))
    if limit is None or not 1 <= limit <= LARGEST_PAGE:
        return _error(400, "Invalid limit")
    if offset is None:
        return _error(400, "Invalid offset")
    common = urlencode(_market(request))
    return _json(200, _playlist_page(playlist, seed, day, base_url, common, limit, offset))


def _playlist_page(playlist: str, seed: int, day: date, base_url: str, common: str, limit: int, offset: int) -> Json:
    listed = charts.playlist(seed, day, playlist)

    def entry(position: int) -> Json:
        standing = listed[position]
        number, remainder = divmod(position - odd_records.FIRST_POSITION, odd_records.DISTANCE)
        if playlist != charts.MOST_PLAYED or remainder or not 0 <= number < odd_records.KINDS:
            added = charts.added_at(seed, playlist, standing.track, day)
            return entry_json(track_json(standing, base_url), added)
        plain = track_json(listed[0] if number == odd_records.TWICE else standing, base_url)
        if number != odd_records.TWICE:  # odd ones stay from day to day, and are nobody else's
            plain["id"] = spotify_id(seed, "odd", number)
        return entry_json(odd_records.make_odd(number, plain, base_url), datetime(2023, 5, 2, 9, 30, number))

    items = [entry(position) for position in range(offset, min(offset + limit, len(listed)))]
    return page_json(items, f"{base_url}/v1/playlists/{playlist}/items", common, limit, offset, len(listed))


def _market(request: Request) -> dict[str, str]:
    return {"market": request.query["market"]} if "market" in request.query else {}


def _access_token(seed: int) -> str:
    return "sample-" + hashlib.sha256(f"token/{seed}".encode()).hexdigest()


def _whole(text: str) -> int | None:
    return int(text) if re.fullmatch(r"\d{1,9}", text, re.ASCII) else None


def _json(status: int, document: Json) -> Response:
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(status, {"Content-Type": "application/json; charset=utf-8"}, body)


def _error(status: int, message: str) -> Response:
    return _json(status, {"error": {"status": status, "message": message}})
