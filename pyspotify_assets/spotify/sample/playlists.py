"""Playlists: who may read which, and the endpoints that give one and its items."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pyspotify_assets.spotify.sample import charts, odd_records, refusals
from pyspotify_assets.spotify.sample.accounts import Identity
from pyspotify_assets.spotify.sample.dice import spotify_id
from pyspotify_assets.spotify.sample.edits import Edit
from pyspotify_assets.spotify.sample.messages import Request, Response, json_response
from pyspotify_assets.spotify.sample.parameters import LARGEST_PAGE, chosen, market, page_asked
from pyspotify_assets.spotify.sample.people import ODD_PLAYLIST, SPOTIFY, Playlist, playlist_of
from pyspotify_assets.spotify.sample.scene import Scene
from pyspotify_assets.spotify.sample.shapes import Json, entry_json, page_json

_ODD_ENTRY_ADDED = datetime(2023, 5, 2, 9, 30)


def refusal_of(playlist: Playlist | None, who: Identity, scene: Scene, items: bool) -> Response | None:
    """Why `who` may not read the playlist, or its `items`; None where they may."""
    if playlist is None or (playlist.owner == SPOTIFY and not scene.regime.editorial):
        return refusals.not_found()
    member = playlist.is_of(who.user)
    if items and not scene.regime.others:
        if who.kind == "app":
            return refusals.user_needed()
        if not member and playlist.public:
            return refusals.forbidden()
    if not playlist.public and not member:
        return refusals.not_found()
    if playlist.scope and playlist.scope not in who.scopes:
        return refusals.scope_missing()
    return None


def playlist_answer(request: Request, identity: str, who: Identity, scene: Scene) -> Response:
    """GET /v1/playlists/{id}: what the playlist is, and its first page where its items may be read."""
    playlist = playlist_of(identity)
    refusal = refusal_of(playlist, who, scene, items=False)
    if refusal or playlist is None:
        return refusal or refusals.not_found()
    edits = scene.edits.so_far(identity)
    listed = scene.regime.listing_keys if refusal_of(playlist, who, scene, items=True) is None else ()
    page = _page(identity, scene, edits, {}, LARGEST_PAGE, 0) if listed else {}
    document = {
        "collaborative": bool(playlist.collaborators),
        "description": "Made-up data",
        "href": f"{scene.base_url}/v1/playlists/{identity}",
        "id": identity,
        **({"items": page} if "items" in listed else {}),
        "name": playlist.name,
        "owner": {"id": playlist.owner, "display_name": playlist.owner.capitalize(), "type": "user"},
        "public": playlist.public,
        "snapshot_id": spotify_id(scene.seed, identity, scene.day, *([len(edits)] if edits else [])),
        **({"tracks": page} if "tracks" in listed else {}),
        "type": "playlist",
        "uri": f"spotify:playlist:{identity}",
    }
    return json_response(200, chosen(document, request.query.get("fields", "")))


def items_answer(request: Request, identity: str, path: str, who: Identity, scene: Scene) -> Response:
    """GET /v1/playlists/{id}/items and /tracks (`path` is which)."""
    if path not in scene.regime.listing_keys:
        return refusals.forbidden()
    refusal = refusal_of(playlist_of(identity), who, scene, items=True)
    if refusal:
        return refusal
    asked = page_asked(request)
    if isinstance(asked, Response):
        return asked
    page = _page(identity, scene, scene.edits.so_far(identity), market(request), *asked)
    return json_response(200, chosen(page, request.query.get("fields", "")))


def _page(identity: str, scene: Scene, edits: Sequence[Edit], common: dict[str, str], limit: int, offset: int) -> Json:
    length = len(odd_records.CATALOGUE) if identity == ODD_PLAYLIST else charts.playlist_length(scene.seed, identity)
    positions = list(range(length))
    for edit in edits:
        positions = edit(positions)
    items = [_entry(identity, position, scene) for position in positions[offset : offset + limit]]
    url = f"{scene.base_url}/v1/playlists/{identity}/items"
    return page_json(items, url, common, limit, offset, len(positions))


def _entry(identity: str, position: int, scene: Scene) -> Any:
    """The entry that stands at `position` of the day's playlist, or would if it were longer."""
    if identity == ODD_PLAYLIST and position < len(odd_records.CATALOGUE):
        return _odd_entry(list(odd_records.CATALOGUE)[position], position, scene)
    ranked = charts.ranking(scene.seed, scene.day, identity)
    standing = ranked[position % len(ranked)]
    number, remainder = divmod(position - odd_records.FIRST_POSITION, odd_records.DISTANCE)
    if identity != charts.MOST_PLAYED or remainder or not 0 <= number < len(odd_records.IN_MOST_PLAYED):
        added = charts.added_at(scene.seed, identity, standing.track, scene.day)
        return entry_json(scene.track(standing), added, scene.regime.entry_keys)
    name = odd_records.IN_MOST_PLAYED[number]
    plain = scene.track(ranked[0] if name == "twice" else standing)
    if name != "twice":  # odd ones stay from day to day, and are nobody else's
        plain["id"] = spotify_id(scene.seed, "odd", number)
    return _wrapped(odd_records.make_odd(name, plain, scene.base_url), number, scene)


def _odd_entry(name: str, number: int, scene: Scene) -> Json | None:
    if name == "null entry":
        return None
    return _wrapped(odd_records.odd_record(name, scene.seed, scene.base_url), number, scene)


def _wrapped(record: Json | None, second: int, scene: Scene) -> Json:
    trimmed = None if record is None else scene.regime.trimmed(record)
    return entry_json(trimmed, _ODD_ENTRY_ADDED.replace(second=second), scene.regime.entry_keys)
