"""The simulator answers as Spotify does to an app with extended quota, and its past is always the same."""

import hashlib
import http.client
import json
import subprocess
import sys
import threading
from contextlib import closing
from datetime import date, timedelta
from itertools import pairwise
from statistics import median
from urllib.parse import urlencode

import pytest

from pyspotify_assets.feeds import DEFAULT_FEEDS
from pyspotify_assets.spotify.sample import charts
from pyspotify_assets.spotify.sample.web_api import _access_token
from pyspotify_assets.spotify.simulator import Simulator

from .conftest import DAY

BEARER = f"Bearer {_access_token(2023)}"
PLAYLIST = DEFAULT_FEEDS[1].playlist
OTHER_PLAYLIST = "5abcdefghijklmnopqrstu"


def ask(simulator, path, method="GET", body=None, host=None, authorization=BEARER, **query):
    connection = http.client.HTTPConnection(simulator.base_url.removeprefix("http://"))
    headers = {"Authorization": authorization} if authorization else {}
    if host:
        headers["Host"] = host
    try:
        connection.request(method, f"{path}?{urlencode(query)}", body, headers)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def ask_json(simulator, path, **options):
    status, body = ask(simulator, path, **options)
    return status, json.loads(body)


def error(status, message):
    return status, {"error": {"status": status, "message": message}}


def search_ids(day, query="year:2025-2026", most=1000):
    return [standing.track.id for standing in charts.search(2023, day, query)[:most]]


def test_another_process_says_the_same():
    program = (
        "import hashlib; from datetime import date; from pyspotify_assets.spotify.sample import charts;"
        f"day = date.fromisoformat('{DAY}');"
        "text = repr((charts.search(2023, day, 'year:2025-2026'), charts.playlist(2023, day, charts.MOST_PLAYED)));"
        "print(hashlib.sha256(text.encode()).hexdigest())"
    )
    here = repr((charts.search(2023, DAY, "year:2025-2026"), charts.playlist(2023, DAY, charts.MOST_PLAYED)))

    there = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603

    assert there.stdout.strip() == hashlib.sha256(here.encode()).hexdigest()


def test_another_seed_is_another_catalogue():
    ours = {standing.track.id for standing in charts.standings(2023, DAY)}

    assert ours.isdisjoint(standing.track.id for standing in charts.standings(7, DAY))


def test_the_search_chart_moves_plausibly_from_day_to_day():
    charts_of_days = [search_ids(DAY - timedelta(days=back)) for back in range(13, -1, -1)]

    for before, after in pairwise(charts_of_days):
        stayed = set(before) & set(after)
        assert 0.85 <= len(stayed) / 1000 <= 0.995
        moves = [abs(after.index(track) - before.index(track)) for track in after[:50] if track in stayed]
        assert 1 <= median(moves) <= 10


def test_within_two_weeks_some_tracks_are_new_and_some_return():
    *earlier, before, today = [set(search_ids(DAY - timedelta(days=back))) for back in range(13, -1, -1)]
    entered, seen = today - before, set().union(*earlier)

    assert entered & seen
    assert entered - seen


@pytest.mark.parametrize("day", [date(2023, 1, 1), date(2024, 2, 29), DAY, date(2031, 1, 1)])
def test_every_day_has_a_full_search_and_a_full_playlist(day):
    assert len(charts.search(2023, day, f"year:{day.year - 1}-{day.year}")) > 1000
    assert len(charts.playlist(2023, day, PLAYLIST)) == 550
    assert all(standing.track.album.released <= day for standing in charts.standings(2023, day))


def test_the_playlist_has_older_tracks_too_and_shares_some_with_the_search():
    listed = charts.playlist(2023, DAY, PLAYLIST)

    assert any(standing.track.album.released.year < 2000 for standing in listed)
    assert 50 < len({standing.track.id for standing in listed} & set(search_ids(DAY))) < 500


def test_release_dates_come_in_every_precision():
    precisions = {standing.track.album.release_date_precision for standing in charts.standings(2023, DAY)}

    assert precisions == {"year", "month", "day"}


def test_popularity_is_from_0_to_100():
    assert all(0 <= standing.popularity <= 100 for standing in charts.standings(2023, DAY))


def test_a_search_for_a_year_finds_tracks_of_that_year():
    assert {standing.track.album.released.year for standing in charts.search(2023, DAY, "year:2025")} == {2025}


def test_a_search_for_a_word_finds_names_that_have_it_and_any_other_finds_something():
    assert all("luar" in charts._names(standing.track) for standing in charts.search(2023, DAY, "Luar"))
    assert len(charts.search(2023, DAY, "genre:nobody-has-this")) > 50


def test_another_playlist_is_one_of_its_own(simulator):
    status, page = ask_json(simulator, f"/as-of/{DAY}/v1/playlists/{OTHER_PLAYLIST}/items")

    assert status == 200
    assert 50 <= page["total"] <= 300
    assert len(page["items"]) == 20


def test_items_and_tracks_of_a_playlist_are_the_same_under_both_keys(simulator):
    path = f"/as-of/{DAY}/v1/playlists/{PLAYLIST}"

    items, tracks = ask(simulator, f"{path}/items", limit=50), ask(simulator, f"{path}/tracks", limit=50)

    assert items == tracks
    first = json.loads(items[1])["items"][0]
    assert first["item"] == first["track"]
    assert first["item"]["track"] is True
    assert first["item"]["episode"] is False


def test_a_playlist_tells_its_snapshot_which_is_another_every_day(simulator):
    snapshots = [
        ask_json(simulator, f"/as-of/{day}/v1/playlists/{PLAYLIST}")[1] for day in (DAY, DAY - timedelta(days=1))
    ]

    assert snapshots[0]["snapshot_id"] != snapshots[1]["snapshot_id"]
    assert snapshots[0]["tracks"]["total"] == 550


def test_a_path_without_a_day_means_today(simulator):
    query = {"q": "year:2026", "type": "track"}

    today = ask_json(simulator, "/v1/search", **query)[1]["tracks"]["items"]
    as_of_today = ask_json(simulator, f"/as-of/{DAY}/v1/search", **query)[1]["tracks"]["items"]

    assert [track["id"] for track in today] == [track["id"] for track in as_of_today]


def test_every_url_that_is_handed_out_is_on_its_own_host(simulator):
    _, body = ask(simulator, f"/as-of/{DAY}/v1/search", q="year:2026", type="track", limit=50, offset=50)

    text = body.decode()
    assert text.count("http") == text.count(f"{simulator.base_url}/as-of/{DAY}/") > 100


def test_the_next_page_is_named_until_there_is_none(simulator):
    pages = [
        ask_json(simulator, f"/v1/playlists/{PLAYLIST}/items", limit=50, offset=offset)[1] for offset in (0, 50, 500)
    ]

    assert [bool(page["previous"]) for page in pages] == [False, True, True]
    assert [bool(page["next"]) for page in pages] == [True, True, False]
    assert "offset=100&limit=50" in pages[1]["next"]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"type": "track"}, "No search query"),
        ({"q": "x", "type": "album"}, "Bad search type field"),
        ({"q": "x", "type": "track", "limit": 51}, "Invalid limit"),
        ({"q": "x", "type": "track", "limit": 0}, "Invalid limit"),
        ({"q": "x", "type": "track", "limit": "many"}, "Invalid limit"),
        ({"q": "x", "type": "track", "limit": 50, "offset": 951}, "Invalid offset"),
    ],
)
def test_a_search_that_cannot_be_is_refused_in_spotifys_words(simulator, query, message):
    assert ask_json(simulator, "/v1/search", **query) == error(400, message)


def test_what_does_not_exist_is_refused_in_spotifys_words(simulator):
    assert ask_json(simulator, "/v1/playlists/short/items") == error(404, "Resource not found")
    assert ask_json(simulator, "/v1/tracks/any") == error(404, "Service not found")
    assert ask(simulator, "/elsewhere")[0] == 404
    assert ask(simulator, "/as-of/2026-02-30/v1/search")[0] == 400


def test_without_the_right_token_nothing_is_answered(simulator):
    assert ask_json(simulator, "/v1/search", authorization=None) == error(401, "No token provided")
    assert ask_json(simulator, "/v1/search", authorization="Bearer other") == error(401, "Invalid access token")


def test_a_token_is_given_for_client_credentials_only(simulator):
    def token(authorization, body):
        return ask_json(simulator, "/api/token", method="POST", authorization=authorization, body=body)

    status, answer = token("Basic YTpi", "grant_type=client_credentials")
    assert (status, answer["token_type"], answer["expires_in"]) == (200, "Bearer", 3600)
    assert token(None, "grant_type=client_credentials")[1]["error"] == "invalid_client"
    assert token("Basic YTpi", "grant_type=password")[1]["error"] == "unsupported_grant_type"


def test_another_host_name_is_refused(simulator):
    assert ask(simulator, "/v1/search", host="rebound.example.org")[0] == 421
    assert list(simulator.requests) == []


def test_the_server_is_there_only_within_its_block_and_leaves_no_thread():
    simulator = Simulator()
    before = set(threading.enumerate())
    with pytest.raises(RuntimeError, match="only within"):
        _ = simulator.base_url

    with simulator, closing(http.client.HTTPConnection(simulator.base_url.removeprefix("http://"))) as kept_open:
        kept_open.request("GET", "/v1/search")
        kept_open.getresponse().read()
        simulator.__exit__()

        assert set(threading.enumerate()) <= before
