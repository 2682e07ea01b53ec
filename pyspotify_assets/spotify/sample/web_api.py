"""What the sample answers: the endpoints of Spotify's Web API that are needed, as each regime has them.

A function from a request to a response: sockets are `server.py`'s part, the accounts service `sign_in.py`'s.
"""

import re

from pyspotify_assets.feeds import SEARCH_REACH
from pyspotify_assets.spotify.sample import charts, odd_records, refusals
from pyspotify_assets.spotify.sample.accounts import Accounts
from pyspotify_assets.spotify.sample.me import me_answer
from pyspotify_assets.spotify.sample.messages import Request, Response, json_response
from pyspotify_assets.spotify.sample.parameters import market, page_asked
from pyspotify_assets.spotify.sample.playlists import items_answer, playlist_answer
from pyspotify_assets.spotify.sample.scene import Scene
from pyspotify_assets.spotify.sample.shapes import Json, page_json

__all__ = ["Request", "Response", "answer"]

_PLAYLIST = re.compile(r"/v1/playlists/([^/]*)(?:/(items|tracks))?")
_PLAYLIST_ID = re.compile(r"[0-9A-Za-z]{22}")


def answer(request: Request, scene: Scene, accounts: Accounts, premium: bool = True) -> Response:
    """The sample's answer; `premium` is whether the app's owner has it."""
    refusal = accounts.refusal(request.authorization)
    who = accounts.identity(request.authorization)
    if refusal or who is None:
        return refusal or refusals.invalid_token()
    if scene.regime.needs_premium and not premium:
        return refusals.premium_needed()
    if request.method != "GET":
        return refusals.wrong_method()
    if request.path == "/v1/search":
        return _search(request, scene)
    playlist = _PLAYLIST.fullmatch(request.path)
    if playlist:
        identity, items = playlist.groups()
        if not _PLAYLIST_ID.fullmatch(identity):
            return refusals.not_found()
        if items:
            return items_answer(request, identity, items, who, scene)
        return playlist_answer(request, identity, who, scene)
    if re.match(r"/v1/me(/|$)", request.path):
        told = me_answer(request, request.path.removeprefix("/v1/me"), who, scene)
        if told:
            return told
    return refusals.no_such_service()


def _search(request: Request, scene: Scene) -> Response:
    query = request.query.get("q", "")
    if not query.strip():
        return refusals.error(400, "No search query")
    if request.query.get("type") != "track":
        return refusals.error(400, "Bad search type field")
    asked = page_asked(request, scene.regime.search_page, scene.regime.search_default)
    if isinstance(asked, Response):
        return asked
    limit, offset = asked
    if offset + limit > SEARCH_REACH:
        return refusals.invalid_offset()
    items, total = (
        _odd_results(scene, limit, offset) if query == odd_records.QUERY else _results(query, scene, limit, offset)
    )
    common = {"q": query, "type": "track", **market(request)}
    page = page_json(items, f"{scene.base_url}/v1/search", common, limit, offset, total)
    return json_response(200, {"tracks": page})


def _results(query: str, scene: Scene, limit: int, offset: int) -> tuple[list[Json | None], int]:
    found = charts.search(scene.seed, scene.day, query)
    items: list[Json | None] = []
    for position in range(offset, min(offset + limit, len(found))):
        before = position == odd_records.SEARCH_REPEATED
        is_null = position == odd_records.SEARCH_NULL
        items.append(None if is_null else scene.track(found[position - before]))
    return items, len(found)


def _odd_results(scene: Scene, limit: int, offset: int) -> tuple[list[Json | None], int]:
    names = odd_records.IN_SEARCH[offset : offset + limit]
    records = [odd_records.odd_record(name, scene.seed, scene.base_url) for name in names]
    return [record and scene.regime.trimmed(record) for record in records], len(odd_records.IN_SEARCH)
