"""The simulator treats each app as Spotify does: by regime, kind of token, and whose playlist it is."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyspotify_assets.spotify.sample import odd_records, people
from pyspotify_assets.spotify.sample.charts import MOST_PLAYED
from pyspotify_assets.spotify.sample.parameters import chosen
from pyspotify_assets.spotify.sample.regimes import REGIMES
from pyspotify_assets.spotify.simulator import Simulator

from .asking import CALLBACK, ask, ask_json, authorized, bearer, error, get, token
from .conftest import DAY, NOW

RESTRICTED = "restricted"
SEARCH = {"q": "year:2025-2026", "type": "track"}


@pytest.fixture(scope="module")
def servers():
    with (
        Simulator(clock=lambda: NOW) as extended,
        Simulator(clock=lambda: NOW, regime="development") as development,
        Simulator(clock=lambda: NOW, regime="restricted") as restricted,
    ):
        yield {"extended": extended, "development": development, "restricted": restricted}


@pytest.fixture
def restricted(servers):
    return servers["restricted"]


@pytest.mark.parametrize(
    ("regime", "largest", "default"), [("extended", 50, 20), ("development", 50, 20), (RESTRICTED, 10, 5)]
)
class TestSearch:
    def test_has_the_pages_of_its_regime(self, servers, regime, largest, default):
        asked = [get(servers[regime], "/v1/search", **SEARCH, **limit)[1] for limit in ({}, {"limit": largest})]

        assert [len(answer["tracks"]["items"]) for answer in asked] == [default, largest]
        assert [answer["tracks"]["limit"] for answer in asked] == [default, largest]

    @pytest.mark.parametrize("too_much", [1, 40])
    def test_refuses_more_in_spotifys_words(self, servers, regime, largest, default, too_much):
        asked = get(servers[regime], "/v1/search", limit=largest + too_much, **SEARCH)

        assert asked == error(400, "Invalid limit")

    def test_ends_at_1000_while_its_next_goes_on(self, servers, regime, largest, default):
        last = get(servers[regime], "/v1/search", limit=largest, offset=1000 - largest, **SEARCH)
        beyond = get(servers[regime], "/v1/search", limit=largest, offset=1000, **SEARCH)

        assert len(last[1]["tracks"]["items"]) == largest
        assert last[1]["tracks"]["next"]
        assert beyond == error(400, "Invalid offset")

    def test_finds_the_same_tracks_as_every_other(self, servers, regime, largest, default):
        ours = get(servers[regime], "/v1/search", limit=largest, **SEARCH)[1]["tracks"]["items"]
        theirs = get(servers["extended"], "/v1/search", limit=largest, **SEARCH)[1]["tracks"]["items"]

        assert [track["id"] for track in ours] == [track["id"] for track in theirs]
        assert [track["external_ids"] for track in ours] == [track["external_ids"] for track in theirs]


def everything(simulator):
    """The text of an answer of every endpoint that has tracks."""
    asked = [
        get(simulator, "/v1/search", limit=10, **SEARCH),
        *[get(simulator, "/v1/search", q=odd_records.QUERY, type="track", limit=10, offset=at) for at in (0, 10, 20)],
        *[get(simulator, f"/v1/playlists/{people.OWN_PLAYLIST}{path}", "user") for path in ("", "/items")],
        *[get(simulator, f"/v1/playlists/{people.ODD_PLAYLIST}{path}", "user", limit=50) for path in ("", "/items")],
        *[get(simulator, f"/v1/me/{path}", "user") for path in ("top/tracks", "tracks", "player/recently-played")],
    ]
    assert [status for status, _ in asked] == [200] * len(asked)
    return json.dumps([answer for _, answer in asked])


@pytest.mark.parametrize("field", ["popularity", "available_markets", "linked_from"])
def test_what_is_gone_is_gone_from_every_track_of_a_newer_app_and_of_no_other(servers, field):
    assert [f'"{field}"' in everything(servers[regime]) for regime in REGIMES] == [True, True, False]


@pytest.mark.parametrize(("regime", "keys"), [("extended", 2), ("development", 2), (RESTRICTED, 1)])
def test_an_entry_has_its_track_under_the_keys_of_the_regime(servers, regime, keys):
    _, page = get(servers[regime], f"/v1/playlists/{people.OWN_PLAYLIST}/items", "user", limit=50)

    for entry in page["items"]:
        assert [key for key in ("item", "track") if key in entry] == ["item", "track"][:keys]
        assert (entry["item"]["track"], entry["item"]["episode"]) == (True, False)
        assert entry.get("track", entry["item"]) == entry["item"]


def test_playlists_have_pages_of_50_for_a_newer_app_too(restricted):
    path = f"/v1/playlists/{people.OWN_PLAYLIST}/items"

    assert len(get(restricted, path, "user", limit=50)[1]["items"]) == 50
    assert get(restricted, path, "user", limit=51) == error(400, "Invalid limit")


@pytest.mark.parametrize("who", ["app", "user"])
def test_the_old_path_to_the_items_is_closed_to_a_newer_app(servers, who):
    path = f"/v1/playlists/{people.OWN_PLAYLIST}/tracks"

    assert get(servers["restricted"], path, who) == error(403, "Forbidden")
    assert get(servers["development"], path, who)[0] == 200


ROWS = 200
NO_USER = error(401, "Valid user authentication required")
FORBIDDEN = error(403, "Forbidden")
NOT_FOUND = error(404, "Resource not found")


@pytest.mark.parametrize(
    ("playlist", "who", "extended", "development", "restricted"),
    [
        (MOST_PLAYED, "app", ROWS, ROWS, NO_USER),
        (MOST_PLAYED, "user", ROWS, ROWS, FORBIDDEN),
        (people.OWN_PLAYLIST, "app", ROWS, ROWS, NO_USER),
        (people.OWN_PLAYLIST, "user", ROWS, ROWS, ROWS),
        (people.PRIVATE_PLAYLIST, "app", NOT_FOUND, NOT_FOUND, NO_USER),
        (people.PRIVATE_PLAYLIST, "user", ROWS, ROWS, ROWS),
        (people.SHARED_PLAYLIST, "app", NOT_FOUND, NOT_FOUND, NO_USER),
        (people.SHARED_PLAYLIST, "user", ROWS, ROWS, ROWS),
        (people.HIDDEN_PLAYLIST, "app", NOT_FOUND, NOT_FOUND, NO_USER),
        (people.HIDDEN_PLAYLIST, "user", NOT_FOUND, NOT_FOUND, NOT_FOUND),
        (people.EDITORIAL_PLAYLIST, "app", ROWS, NOT_FOUND, NOT_FOUND),
        (people.EDITORIAL_PLAYLIST, "user", ROWS, NOT_FOUND, NOT_FOUND),
        (people.GONE_PLAYLIST, "app", NOT_FOUND, NOT_FOUND, NOT_FOUND),
        (people.GONE_PLAYLIST, "user", NOT_FOUND, NOT_FOUND, NOT_FOUND),
    ],
)
def test_who_may_read_the_items_of_which_playlist(servers, playlist, who, extended, development, restricted):
    for regime, expected in {"extended": extended, "development": development, "restricted": restricted}.items():
        status, answer = get(servers[regime], f"/v1/playlists/{playlist}/items", who, limit=50)

        assert (status if expected == ROWS else (status, answer)) == expected
        assert expected != ROWS or len(answer["items"]) >= len(odd_records.CATALOGUE)


@pytest.mark.parametrize(
    ("playlist", "who", "has"),
    [
        (MOST_PLAYED, "app", set()),
        (MOST_PLAYED, "user", set()),
        (people.OWN_PLAYLIST, "app", set()),
        (people.OWN_PLAYLIST, "user", {"items"}),
        (people.SHARED_PLAYLIST, "user", {"items"}),
    ],
)
def test_a_newer_app_is_told_what_a_playlist_is_and_its_items_only_where_it_may_read_them(
    restricted, playlist, who, has
):
    status, answer = get(restricted, f"/v1/playlists/{playlist}", who)

    assert status == 200
    assert answer["snapshot_id"]
    assert answer.keys() & {"items", "tracks"} == has


@pytest.mark.parametrize("missing", ["playlist-read-private", "playlist-read-collaborative"])
def test_a_private_playlist_needs_the_users_leave(servers, missing):
    playlist = people.PRIVATE_PLAYLIST if "private" in missing else people.SHARED_PLAYLIST
    simulator = servers["extended"]
    allowed = " ".join(set(people.SCOPES) - {missing})
    code = authorized(simulator, scope=allowed)["code"]
    access = token(simulator, grant_type="authorization_code", code=code, redirect_uri=CALLBACK)[1]["access_token"]

    answer = ask_json(simulator, f"/v1/playlists/{playlist}/items", authorization=f"Bearer {access}")

    assert answer == error(403, "Insufficient client scope")


@pytest.mark.parametrize("who", ["app", "user"])
@pytest.mark.parametrize("path", ["search", f"playlists/{people.OWN_PLAYLIST}/items", "me"])
def test_without_premium_apps_in_development_mode_are_refused_in_plain_text(path, who):
    for regime in ("development", "restricted"):
        with Simulator(regime=regime, premium=False) as simulator:
            status, body = ask(simulator, f"/v1/{path}", authorization=bearer(simulator, who))
            assert (status, body[:14]) == (403, b"Active premium")


def test_without_premium_an_app_with_extended_quota_is_answered():
    with Simulator(premium=False) as simulator:
        assert get(simulator, "/v1/search", **SEARCH)[0] == 200


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ("snapshot_id", {"snapshot_id"}),
        ("snapshot_id,tracks(total)", {"snapshot_id", "tracks"}),
        ("snapshot_id,items.total,nothing", {"snapshot_id", "items"}),
        (" name , owner ( id ) ", {"name", "owner"}),
    ],
)
def test_fields_choose_what_is_told_of_a_playlist(servers, fields, told):
    _, answer = get(servers["extended"], f"/v1/playlists/{MOST_PLAYED}", fields=fields)

    assert answer.keys() == told
    assert answer.get("tracks", answer.get("items", {"total": 550})) == {"total": 550}
    assert answer.get("owner", {"id": "sample"}) == {"id": "sample"}


@pytest.mark.parametrize("fields", ["", "items(track", "!", "items)", "(("])
def test_fields_that_cannot_be_read_choose_nothing(servers, fields):
    _, answer = get(servers["extended"], f"/v1/playlists/{MOST_PLAYED}", fields=fields)

    assert answer["tracks"]["total"] == 550


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="ab.,()! ", max_size=12))
def test_fields_of_any_kind_choose_only_what_is_there(fields):
    document = {"a": {"b": 1, "a": [{"b": 2}, None]}, "b": None}

    answer = chosen(document, fields)

    assert answer.keys() <= document.keys()
    assert chosen(answer, fields) == answer


def test_fields_that_name_the_old_key_make_empty_entries_in_the_new_shape(servers):
    path, fields = f"/v1/playlists/{people.OWN_PLAYLIST}/items", "items(track(id)),total"

    old = get(servers["development"], path, "user", fields=fields, limit=2)[1]
    new = get(servers["restricted"], path, "user", fields=fields, limit=2)[1]

    assert [list(entry["track"]) for entry in old["items"]] == [["id"], ["id"]]
    assert new == {"items": [{}, {}], "total": old["total"]}


def test_every_url_of_every_regime_is_on_its_own_host(servers):
    for simulator in servers.values():
        for path in ("top/tracks", "tracks", "player/recently-played"):
            body = json.dumps(get(simulator, f"/as-of/{DAY}/v1/me/{path}", "user")[1])
            assert body.count("http") == body.count(f"{simulator.base_url}/as-of/{DAY}/") > 20


def test_the_regime_can_change_while_it_serves():
    with Simulator() as simulator:
        simulator.regime = "restricted"
        assert get(simulator, "/v1/search", limit=50, **SEARCH) == error(400, "Invalid limit")
