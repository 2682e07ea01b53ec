"""The listener: who that is, and what only they can show: their top tracks, saved tracks and latest plays."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TypeVar
from urllib.parse import urlencode

from pyspotify_assets.spotify.sample import charts, refusals
from pyspotify_assets.spotify.sample.accounts import Identity
from pyspotify_assets.spotify.sample.charts import Standing
from pyspotify_assets.spotify.sample.dice import Dice
from pyspotify_assets.spotify.sample.messages import Request, Response, json_response
from pyspotify_assets.spotify.sample.parameters import DEFAULT_PAGE, LARGEST_PAGE, market, page_asked, whole
from pyspotify_assets.spotify.sample.scene import Scene
from pyspotify_assets.spotify.sample.shapes import Json, instant, page_json

TOP_TRACKS = {"short_term": 75, "medium_term": 140, "long_term": 310}
"""The ranges of the top tracks, and how many there are in each."""
SAVED_TRACKS = 230
PLAYS_REMEMBERED = 50
"""Spotify tells of no play before these."""
_Listed = TypeVar("_Listed")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def me_answer(request: Request, what: str, who: Identity, scene: Scene) -> Response | None:
    """GET /v1/me and what lies below it (`what` is the rest of the path); None for what there is not."""
    answers = {
        "": ("", _profile),
        "/top/tracks": ("user-top-read", _top_tracks),
        "/tracks": ("user-library-read", _saved_tracks),
        "/player/recently-played": ("user-read-recently-played", _recently_played),
    }
    if what not in answers:
        return None
    scope, answer = answers[what]
    if who.kind != "user":
        return refusals.user_needed()
    if scope and scope not in who.scopes:
        return refusals.scope_missing()
    return answer(request, who, scene)


def top_tracks(seed: int, day: date, time_range: str) -> tuple[Standing, ...]:
    """The listener's top tracks of a range of TOP_TRACKS, the most played first."""
    return charts.ranking(seed, day, f"listener/{time_range}")[: TOP_TRACKS[time_range]]


@lru_cache(maxsize=32)
def saved_tracks(seed: int, day: date) -> tuple[tuple[Standing, datetime], ...]:
    """What the listener has saved before `day`, and when: the latest first."""
    liked = charts.ranking(seed, day, "listener/saved")[:SAVED_TRACKS]
    saved = [(standing, charts.added_at(seed, "saved", standing.track, day)) for standing in liked]
    return tuple(sorted(saved, key=lambda pair: (pair[1], pair[0].track.id), reverse=True))


@lru_cache(maxsize=32)
def plays(seed: int, day: date) -> tuple[tuple[Standing, datetime], ...]:
    """The listener's latest plays before `day`, and when each ended: the latest first, some tracks several times."""
    favourites = top_tracks(seed, day, "short_term")
    dice = Dice(seed, "plays", day)
    at = datetime.combine(day, time(), UTC)
    played = []
    for _ in range(PLAYS_REMEMBERED):
        at -= timedelta(milliseconds=dice.whole(100_000, 1_500_000))
        played.append((favourites[int(len(favourites) * dice.fraction() ** 2)], at))
    return tuple(played)


def _profile(request: Request, who: Identity, scene: Scene) -> Response:
    document = {
        "display_name": who.user.capitalize(),
        "href": f"{scene.base_url}/v1/users/{who.user}",
        "id": who.user,
        "type": "user",
        "uri": f"spotify:user:{who.user}",
    }
    if scene.regime.user_details and "user-read-private" in who.scopes:
        document |= {"country": "BR", "product": "premium"}
    return json_response(200, document)


def _top_tracks(request: Request, who: Identity, scene: Scene) -> Response:
    time_range = request.query.get("time_range", "medium_term")
    if time_range not in TOP_TRACKS:
        return refusals.error(400, "Invalid time range")
    top = top_tracks(scene.seed, scene.day, time_range)
    return _listing(request, scene, "/top/tracks", {"time_range": time_range}, top, scene.track)


def _saved_tracks(request: Request, who: Identity, scene: Scene) -> Response:
    def entry(saved: tuple[Standing, datetime]) -> Json:
        return {"added_at": instant(saved[1]), "track": scene.track(saved[0])}

    return _listing(request, scene, "/tracks", market(request), saved_tracks(scene.seed, scene.day), entry)


def _listing(
    request: Request,
    scene: Scene,
    path: str,
    common: dict[str, str],
    all_of_it: Sequence[_Listed],
    entry: Callable[[_Listed], Json],
) -> Response:
    """One page of `all_of_it`, by offset; `entry` makes the JSON of those that are on it."""
    asked = page_asked(request)
    if isinstance(asked, Response):
        return asked
    limit, offset = asked
    url = f"{scene.base_url}/v1/me{path}"
    items = [entry(each) for each in all_of_it[offset : offset + limit]]
    return json_response(200, page_json(items, url, common, limit, offset, len(all_of_it)))


def _recently_played(request: Request, who: Identity, scene: Scene) -> Response:
    """Paged by cursor: `before` and `after` are milliseconds since 1970; there is no total."""
    limit = whole(request.query.get("limit", str(DEFAULT_PAGE)))
    if limit is None or not 1 <= limit <= LARGEST_PAGE:
        return refusals.invalid_limit()
    if "before" in request.query and "after" in request.query:
        return refusals.error(400, "Only one of after or before can be specified")
    before, after = whole(request.query.get("before", "9" * 13)), whole(request.query.get("after", "0"))
    if before is None or after is None:
        return refusals.error(400, "Invalid cursor")
    within = [play for play in plays(scene.seed, scene.day) if after < _milliseconds(play[1]) < before]
    # Forward from `after`, and back from everything else; on a page the latest is always the first.
    given = within[-limit:] if "after" in request.query else within[:limit]
    url = f"{scene.base_url}/v1/me/player/recently-played"
    document: Json = {
        "cursors": None,
        "href": f"{url}?{urlencode({'limit': limit})}",
        "items": [
            {"context": None, "played_at": _in_milliseconds(at), "track": scene.track(standing)}
            for standing, at in given
        ],
        "limit": limit,
        "next": None,
    }
    if given:
        newest, oldest = str(_milliseconds(given[0][1])), str(_milliseconds(given[-1][1]))
        further = {"after": newest} if "after" in request.query else {"before": oldest}
        document["cursors"] = {"after": newest, "before": oldest}
        if len(given) < len(within):
            document["next"] = f"{url}?{urlencode({**further, 'limit': limit})}"
    return json_response(200, document)


def _milliseconds(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(milliseconds=1)


def _in_milliseconds(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z"
