"""The simulator answers as Spotify does to an app with extended quota, and its past is always the same.

Other regimes, users, faults and limits have modules of their own beside this one.
"""

import hashlib
import http.client
import json
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import date, timedelta
from itertools import pairwise
from statistics import median

import pytest

from pyspotify_assets.feeds import DEFAULT_FEEDS
from pyspotify_assets.spotify.sample import charts
from pyspotify_assets.spotify.sample.accounts import Accounts, app_token
from pyspotify_assets.spotify.sample.messages import Request
from pyspotify_assets.spotify.sample.scene import Scene
from pyspotify_assets.spotify.sample.web_api import answer
from pyspotify_assets.spotify.simulator import Simulator

from .asking import ask, ask_json, error, get
from .conftest import DAY, NOW

PLAYLIST = DEFAULT_FEEDS[1].playlist
OTHER_PLAYLIST = "5abcdefghijklmnopqrstu"


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


def test_the_answers_to_the_default_feeds_are_the_same_bytes_for_ever():
    """Snapshots of the sample that lie in somebody's lake can be taken again after any change to the simulator."""
    accounts = Accounts(2023, lambda: NOW)
    scene = Scene(2023, DAY, "http://127.0.0.1:1")
    search = {"q": "year:2025-2026", "type": "track", "market": "US", "limit": "50"}
    items = {"market": "US", "limit": "50"}
    questions = [
        *[("search", {**search, "offset": str(offset)}) for offset in range(0, 1000, 50)],
        *[(f"playlists/{PLAYLIST}/items", {**items, "offset": str(offset)}) for offset in range(0, 550, 50)],
        (f"playlists/{PLAYLIST}", {}),
        (f"playlists/{OTHER_PLAYLIST}", {}),
    ]
    said = hashlib.sha256()

    for path, query in questions:
        said.update(answer(Request("GET", f"/v1/{path}", query, f"Bearer {app_token(2023)}"), scene, accounts).body)

    assert said.hexdigest() == "385cc9d8869c60ecf37a5b2ceb2015caced601647aa10807a4780fb8966440b2"


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


def test_the_log_tells_every_request_in_order_and_the_kind_of_its_token_and_never_the_token(simulator):
    ask(simulator, "/api/token", method="POST", body="grant_type=client_credentials", authorization="Basic YTpi")
    get(simulator, "/v1/me", who="user")
    get(simulator, f"/as-of/{DAY}/v1/search", q="year:2026", type="track")
    ask(simulator, "/v1/search", authorization="Bearer invented")
    ask(simulator, "/v1/search", authorization=None)

    log = list(simulator.requests)
    assert [(request.number, request.token, request.grant) for request in log] == [
        (1, "", "client_credentials"),
        (2, "", "refresh_token"),
        (3, "user", ""),
        (4, "app", ""),
        (5, "unknown", ""),
        (6, "", ""),
    ]
    assert [request.is_page for request in log] == [False, False, True, True, True, True]
    assert log[3][:3] == ("GET", f"/as-of/{DAY}/v1/search", {"q": "year:2026", "type": "track"})
    for secret in (app_token(2023), simulator.refresh_token, "invented", "YTpi"):
        assert secret not in repr(log)


def test_requests_that_come_at_once_are_numbered_each(simulator):
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: ask(simulator, "/v1/me"), range(40)))

    assert [request.number for request in simulator.requests] == list(range(1, 41))


def test_every_answer_takes_the_delay_that_was_asked_for_and_many_at_once_take_it_once():
    with Simulator(delay=0.2) as simulator, ThreadPoolExecutor(8) as threads:
        began = time.monotonic()
        statuses = list(threads.map(lambda _: ask(simulator, "/v1/me")[0], range(8)))

    assert statuses == [401] * 8
    assert 0.2 <= time.monotonic() - began < 0.8


def test_an_answer_takes_no_longer_than_50_ms_once_the_day_is_known(simulator):
    query = {"q": "year:2025-2026", "type": "track", "limit": 50, "market": "US"}
    get(simulator, f"/as-of/{DAY}/v1/search", **query)
    times = []

    for offset in range(0, 500, 50):
        began = time.perf_counter()
        get(simulator, f"/as-of/{DAY}/v1/search", offset=offset, **query)
        times.append(time.perf_counter() - began)

    assert median(times) < 0.05


def test_a_regime_that_does_not_exist_is_refused_with_those_that_do():
    with pytest.raises(ValueError, match="extended, development, restricted"):
        Simulator(regime="2019")
