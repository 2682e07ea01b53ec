"""One client, three regimes: every feed comes out in the same columns, or with the exact reason why it does not."""

import base64
import hashlib
import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from pyspotify_assets.errors import LoginError, SpotifyError
from pyspotify_assets.feeds import DEFAULT_FEEDS, Feed
from pyspotify_assets.spotify.client import SpotifyClient
from pyspotify_assets.spotify.sample import charts, me
from pyspotify_assets.spotify.sample.faults import no_items
from pyspotify_assets.spotify.sample.people import (
    EDITORIAL_PLAYLIST,
    GONE_PLAYLIST,
    HIDDEN_PLAYLIST,
    OWN_PLAYLIST,
    PRIVATE_PLAYLIST,
    SHARED_PLAYLIST,
)
from pyspotify_assets.spotify.sample.refusals import invalid_limit, scope_missing
from pyspotify_assets.spotify.simulator import Simulator
from pyspotify_assets.spotify.snapshot import take_snapshot
from pyspotify_assets.tables import SNAPSHOT

from .conftest import DAY, NOW, Connections

POPULAR_SONGS, TOP_PLAYED = DEFAULT_FEEDS
REGIMES = ("extended", "development", "restricted")
FEEDS = {
    "search": Feed("few_songs", "search", query="year:2025-2026", maximum=60),
    "own": Feed("own", "playlist", playlist=OWN_PLAYLIST),
    "private": Feed("private", "playlist", playlist=PRIVATE_PLAYLIST),
    "shared": Feed("shared", "playlist", playlist=SHARED_PLAYLIST),
    "somebody's": TOP_PLAYED,
    "editorial": Feed("editorial", "playlist", playlist=EDITORIAL_PLAYLIST),
    "hidden": Feed("hidden", "playlist", playlist=HIDDEN_PLAYLIST),
    "gone": Feed("gone", "playlist", playlist=GONE_PLAYLIST),
    "top tracks": Feed("top", "top_tracks", range="short_term"),
    "saved tracks": Feed("saved", "saved_tracks"),
    "recently played": Feed("recent", "recently_played"),
}


class Refused(NamedTuple):
    kind: type
    words: str
    remedy: str


ROWS = None
NO_LOGIN = Refused(LoginError, "there is none", "pyspotify login")
NOT_THERE = Refused(
    SpotifyError, "There is no playlist .*(404: Resource not found)", "correct `playlist` in feeds.toml"
)
SPOTIFYS_OWN = Refused(SpotifyError, "one of Spotify's own.*(404: Resource not found)", "Choose another")
WANTS_USER = Refused(LoginError, "wants a user's token (401: Valid user authentication required)", "pyspotify login")
NOT_OWNER = Refused(SpotifyError, "is somebody else's (sample).*(403: Forbidden)", "a playlist of your own")
NO_PREMIUM = Refused(SpotifyError, "(403: Active premium subscription required", "Premium")

EXPECTED = {
    # feed: (extended, development, restricted) with the app's token, and the same three with a user's
    "search": ((ROWS, ROWS, ROWS), (ROWS, ROWS, ROWS)),
    "own": ((ROWS, ROWS, WANTS_USER), (ROWS, ROWS, ROWS)),
    "private": ((NOT_THERE, NOT_THERE, NOT_THERE), (ROWS, ROWS, ROWS)),
    "shared": ((NOT_THERE, NOT_THERE, NOT_THERE), (ROWS, ROWS, ROWS)),
    "somebody's": ((ROWS, ROWS, WANTS_USER), (ROWS, ROWS, NOT_OWNER)),
    "editorial": ((ROWS, SPOTIFYS_OWN, SPOTIFYS_OWN), (ROWS, SPOTIFYS_OWN, SPOTIFYS_OWN)),
    "hidden": ((NOT_THERE, NOT_THERE, NOT_THERE), (NOT_THERE, NOT_THERE, NOT_THERE)),
    "gone": ((NOT_THERE, NOT_THERE, NOT_THERE), (NOT_THERE, NOT_THERE, NOT_THERE)),
    "top tracks": ((NO_LOGIN, NO_LOGIN, NO_LOGIN), (ROWS, ROWS, ROWS)),
    "saved tracks": ((NO_LOGIN, NO_LOGIN, NO_LOGIN), (ROWS, ROWS, ROWS)),
    "recently played": ((NO_LOGIN, NO_LOGIN, NO_LOGIN), (ROWS, ROWS, ROWS)),
}
ENTRIES = {
    "search": 60,
    "somebody's": charts.MOST_PLAYED_LENGTH,
    "top tracks": me.TOP_TRACKS["short_term"],
    "saved tracks": me.SAVED_TRACKS,
    "recently played": me.PLAYS_REMEMBERED,
}
MATRIX = [
    pytest.param(regime, who, name, EXPECTED[name][who == "user"][number], id=f"{regime}-{who}-{name}")
    for number, regime in enumerate(REGIMES)
    for who in ("app", "user")
    for name in FEEDS
]


@pytest.fixture
def connections_in(simulator) -> Iterator:
    """Gives the connections to the server as it is in a regime."""
    connections = Connections(simulator)

    def enter(regime: str, premium: bool = True) -> Connections:
        simulator.regime, simulator.premium = regime, premium
        return connections

    yield enter
    simulator.regime, simulator.premium = "extended", True
    for client in connections.clients:
        client.close()


def signed_in(connections: Connections, who: str = "user"):
    return connections.client(refresh_token=connections.simulator.refresh_token if who == "user" else "")


def snapshot_of(client, feed):
    return take_snapshot(client, feed, DAY, lambda: NOW)


def told(client, feed) -> SpotifyError:
    with pytest.raises(SpotifyError) as caught:
        snapshot_of(client, feed)
    assert caught.value.args[0].startswith(f"Feed {feed.name}: ")
    return caught.value


@pytest.mark.parametrize(("regime", "who", "name", "expected"), MATRIX)
def test_regime_token_and_owner_give_rows_or_the_exact_error(connections_in, regime, who, name, expected):
    client = signed_in(connections_in(regime), who)

    if expected is not None:
        error = told(client, FEEDS[name])
        assert type(error) is expected.kind
        assert re.search(re.escape(expected.words).replace(r"\.\*", ".*"), str(error))
        assert expected.remedy in error.remedy
        return
    snapshot = snapshot_of(client, FEEDS[name])
    assert snapshot.received == ENTRIES.get(name, snapshot.expected)
    assert snapshot.expected in (None, snapshot.received)
    assert snapshot.received == len(snapshot.rows) + sum(snapshot.skipped.values())
    assert all(tuple(row) == SNAPSHOT.raw_columns for row in snapshot.rows)
    assert snapshot.popularity_given is (regime != "restricted")
    assert ("popularity" in snapshot.absent) is (regime == "restricted")


@pytest.mark.parametrize("regime", ["development", "restricted"])
@pytest.mark.parametrize("name", FEEDS)
def test_an_app_whose_owner_has_no_premium_is_told_so(connections_in, regime, name):
    error = told(signed_in(connections_in(regime, premium=False)), FEEDS[name])

    assert NO_PREMIUM.words in str(error)
    assert NO_PREMIUM.remedy in error.remedy


@pytest.mark.parametrize("name", ["search", "own", "top tracks", "saved tracks", "recently played"])
def test_all_regimes_give_the_same_rows_apart_from_what_they_leave_out(connections_in, name):
    rows = {regime: snapshot_of(signed_in(connections_in(regime)), FEEDS[name]).rows for regime in REGIMES}

    assert rows["extended"] == rows["development"]
    assert rows["restricted"] == [{**row, "popularity": None} for row in rows["extended"]]


def test_the_page_size_is_found_out_once_and_remembered_for_the_clients_life(connections_in, simulator):
    client = signed_in(connections_in("restricted"), "app")

    first, second = (snapshot_of(client, feed) for feed in (POPULAR_SONGS, FEEDS["search"]))

    assert (first.received, first.page_requests, first.page_size) == (1000, 1 + 100, 10)
    assert (second.received, second.page_requests, second.page_size) == (60, 6, 10)
    assert [request.query["limit"] for request in simulator.requests if request.is_page] == ["50", *["10"] * 106]


@pytest.mark.parametrize("maximum", [1, 7, 10])
def test_a_search_for_no_more_than_a_small_page_needs_no_probe(connections_in, maximum):
    client = signed_in(connections_in("restricted"), "app")

    snapshot = snapshot_of(client, Feed("few", "search", query="year:2026", maximum=maximum))

    assert (snapshot.received, snapshot.page_requests) == (maximum, 1)


def test_playlists_keep_their_large_pages_beside_a_search_with_small_ones(connections_in):
    client = signed_in(connections_in("restricted"))
    snapshot_of(client, FEEDS["search"])

    assert snapshot_of(client, FEEDS["own"]).page_size == 50


def test_only_one_smaller_size_is_tried(connections, fail, simulator):
    fail("/search", invalid_limit(), invalid_limit())

    error = told(connections.client(), POPULAR_SONGS)

    assert "400: Invalid limit" in str(error)
    assert [request.query["limit"] for request in simulator.requests if request.is_page] == ["50", "10"]


def test_a_search_goes_out_as_the_app_and_what_is_the_users_as_the_user(connections_in, simulator):
    client = signed_in(connections_in("extended"))

    for feed in FEEDS.values():
        try:
            snapshot_of(client, feed)
        except SpotifyError:
            continue

    asked = {(request.path.partition("/v1/")[2].split("/")[0], request.token) for request in simulator.requests}
    assert asked - {("", "")} == {("search", "app"), ("playlists", "user"), ("me", "user")}


def refresh_token_without_secret(simulator: Simulator) -> str:
    """What a login gives that proves itself by PKCE."""
    verifier = "made-up-" * 8
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    asked = {"client_id": "an-app", "redirect_uri": "http://127.0.0.1:8888/callback"}
    wanted = {"response_type": "code", "state": "x", "code_challenge": challenge, "code_challenge_method": "S256"}
    wanted["scope"] = "user-library-read"
    with requests.Session() as session:
        session.trust_env = False
        sent_to = session.get(
            f"{simulator.base_url}/authorize", params=asked | wanted, allow_redirects=False, timeout=9
        )
        code = dict(parse_qsl(urlsplit(sent_to.headers["Location"]).query))["code"]
        form = {**asked, "grant_type": "authorization_code", "code": code, "code_verifier": verifier}
        return session.post(f"{simulator.base_url}/api/token", data=form, timeout=9).json()["refresh_token"]


def test_without_the_apps_secret_everything_goes_out_as_the_user(connections_in, simulator):
    connections_in("restricted")
    token, handed_out = refresh_token_without_secret(simulator), []
    simulator.requests.clear()

    with SpotifyClient(
        "an-app",
        "",
        base_url=f"{simulator.base_url}/as-of/{DAY}",
        refresh_token=token,
        on_refresh_token=handed_out.append,
    ) as client:
        assert [snapshot_of(client, FEEDS[name]).received for name in ("search", "saved tracks")] == [60, 230]

    assert {request.token for request in simulator.requests if request.is_page} == {"user"}
    assert len(handed_out) == 1


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("top tracks", "top_tracks:short_term"),
        ("saved tracks", "saved_tracks"),
        ("recently played", "recently_played"),
        ("own", f"playlist:{OWN_PLAYLIST}"),
    ],
)
def test_the_source_says_what_was_asked_for(connections_in, name, source):
    snapshot = snapshot_of(signed_in(connections_in("extended")), FEEDS[name])

    assert {row["source"] for row in snapshot.rows} == {source}


@pytest.mark.parametrize("span", me.TOP_TRACKS)
def test_top_tracks_are_those_of_their_range_in_their_order(connections_in, span):
    snapshot = snapshot_of(signed_in(connections_in("restricted")), Feed("top", "top_tracks", range=span))

    assert [row["track_id"] for row in snapshot.rows] == [
        standing.track.id for standing in me.top_tracks(2023, DAY, span)
    ]
    assert all(row["added_at"] is None for row in snapshot.rows)


def test_saved_tracks_tell_when_they_were_saved(connections_in):
    snapshot = snapshot_of(signed_in(connections_in("restricted")), FEEDS["saved tracks"])

    saved = [(standing.track.id, at.replace(tzinfo=NOW.tzinfo)) for standing, at in me.saved_tracks(2023, DAY)]
    assert [(row["track_id"], row["added_at"]) for row in snapshot.rows] == saved


def test_every_play_is_a_row_and_tells_when_it_was(connections_in):
    snapshot = snapshot_of(signed_in(connections_in("restricted")), FEEDS["recently played"])

    played = me.plays(2023, DAY)
    assert [row["track_id"] for row in snapshot.rows] == [standing.track.id for standing, _ in played]
    assert snapshot.duplicates == len(played) - len({standing.track.id for standing, _ in played}) > 0
    instants = [row["added_at"] for row in snapshot.rows]
    assert instants == sorted(instants, reverse=True)
    assert snapshot.page_requests == 1


@pytest.mark.parametrize("maximum", [1, 30, 60])
@pytest.mark.parametrize("kind", ["top_tracks", "saved_tracks"])
def test_no_more_of_the_users_own_is_asked_for_than_the_maximum(connections_in, kind, maximum):
    feed = Feed("few", kind, range="short_term" if kind == "top_tracks" else "", maximum=maximum)

    snapshot = snapshot_of(signed_in(connections_in("restricted")), feed)

    assert snapshot.received == snapshot.expected == maximum


def test_a_login_that_is_dead_is_told_and_not_tried_again():
    with Simulator() as simulator:
        client = signed_in(Connections(simulator))
        simulator.kill_refresh_tokens()

        error = told(client, FEEDS["top tracks"])

        client.close()
    assert type(error) is LoginError
    assert "pyspotify login" in error.remedy
    assert len(simulator.requests) == 1


def test_a_login_without_the_scope_that_is_needed_is_told(connections, fail, simulator):
    fail("/me/top", scope_missing())

    error = told(signed_in(connections), FEEDS["top tracks"])

    assert "403: Insufficient client scope" in str(error)
    assert "pyspotify login" in error.remedy


@pytest.mark.parametrize("name", ["search", "own", "top tracks"])
def test_a_page_without_items_is_asked_for_again(connections, fail, name):
    client = signed_in(connections)
    undisturbed = snapshot_of(client, FEEDS[name])
    fail(lambda request: request.query.get("offset") == "50", no_items())

    assert snapshot_of(client, FEEDS[name]).rows == undisturbed.rows


def test_a_search_that_finds_less_than_it_may_is_read_to_its_end(connections):
    snapshot = connections.snapshot(Feed("rare", "search", query="luar", maximum=1000))

    assert snapshot.received == len(charts.search(2023, DAY, "luar")) > 0
