"""A snapshot holds every entry of a feed once, in order, or there is none."""

import io
import json
from datetime import timedelta

import pytest

from pyspotify_assets.errors import SpotifyError
from pyspotify_assets.feeds import DEFAULT_FEEDS, Feed
from pyspotify_assets.raw_csv import write_raw_csv
from pyspotify_assets.spotify.sample.web_api import Response
from pyspotify_assets.spotify.snapshot import take_snapshot
from pyspotify_assets.tables import SNAPSHOT

from .conftest import DAY, NOW

POPULAR_SONGS, TOP_PLAYED = DEFAULT_FEEDS


def paths(simulator):
    return [request.path for request in simulator.requests if not request.path.endswith("/api/token")]


def page(items, total, following=None):
    return Response(200, {"Content-Type": "application/json"}, json.dumps(_listing(items, total, following)).encode())


def _listing(items, total, following):
    return {"items": items, "total": total, "next": following}


def entry(name):
    return {"added_at": None, "item": {"type": "track", "id": name, "name": name}}


def test_both_default_feeds_together_cost_31_page_requests_and_one_token_each(connections, simulator):
    snapshots = [connections.snapshot(feed) for feed in DEFAULT_FEEDS]

    assert [snapshot.page_requests for snapshot in snapshots] == [20, 11]
    assert [snapshot.metadata_requests for snapshot in snapshots] == [0, 2]
    assert len(paths(simulator)) == 31 + 2
    assert len(simulator.requests) == 33 + 2


def test_every_page_is_asked_for_once_by_offset(connections, simulator):
    connections.snapshot(POPULAR_SONGS)

    queries = [request.query for request in simulator.requests if "search" in request.path]
    assert sorted(int(query["offset"]) for query in queries) == list(range(0, 1000, 50))
    assert {query["limit"] for query in queries} == {"50"}
    assert {query["market"] for query in queries} == {"US"}
    assert {query["q"] for query in queries} == {"year:2025-2026"}


def test_playlist_items_are_asked_for_where_apps_of_every_age_may(connections, simulator):
    connections.snapshot(TOP_PLAYED)

    playlist = f"/as-of/{DAY}/v1/playlists/{TOP_PLAYED.playlist}"
    assert paths(simulator)[0] == paths(simulator)[-1] == playlist
    assert set(paths(simulator)[1:-1]) == {f"{playlist}/items"}


@pytest.mark.parametrize("feed", DEFAULT_FEEDS, ids=lambda feed: feed.name)
def test_ranks_run_from_1_without_holes_and_every_entry_is_accounted_for(connections, feed):
    snapshot = connections.snapshot(feed)

    assert [row["rank"] for row in snapshot.rows] == list(range(1, len(snapshot.rows) + 1))
    assert snapshot.received == len(snapshot.rows) + sum(snapshot.skipped.values())


def test_search_gives_1000_entries_and_says_of_none_how_many_there_should_be(connections):
    snapshot = connections.snapshot(POPULAR_SONGS)

    assert (snapshot.received, snapshot.expected) == (1000, None)
    assert snapshot.skipped == {"null entry": 1}
    assert snapshot.duplicates == 1


def test_playlist_gives_as_many_entries_as_its_total(connections):
    snapshot = connections.snapshot(TOP_PLAYED)

    assert (snapshot.received, snapshot.expected) == (550, 550)
    assert snapshot.skipped == {"null entry": 1, "episode": 1}
    assert snapshot.duplicates == 1


def test_rows_have_the_raw_columns_in_their_order_and_can_be_written(connections):
    snapshot = connections.snapshot(TOP_PLAYED)

    assert all(tuple(row) == SNAPSHOT.raw_columns for row in snapshot.rows)
    assert write_raw_csv(snapshot.rows, io.BytesIO()).replaced == 1


def test_one_instant_and_one_source_for_all_rows(connections):
    snapshot = connections.snapshot(TOP_PLAYED)

    assert snapshot.snapshot_at == NOW
    assert {row["snapshot_at"] for row in snapshot.rows} == {NOW}
    assert {row["source"] for row in snapshot.rows} == {f"sample:playlist:{TOP_PLAYED.playlist}"}


def test_source_of_what_is_not_made_up_bears_no_mark(connections):
    feed = Feed("few", "search", query="year:{this_year}", maximum=10)

    snapshot = take_snapshot(connections.client(), feed, DAY, clock=lambda: NOW)

    assert snapshot.source == "search:year:2026"


def test_clock_is_asked_once_after_the_last_page(connections, simulator):
    asked = []

    def clock():
        asked.append(len(simulator.requests))
        return NOW

    take_snapshot(connections.client(), TOP_PLAYED, DAY, clock)

    assert asked == [1 + 1 + 11 + 1]


def test_no_row_of_one_feed_is_in_the_other(connections):
    first, second = (connections.snapshot(feed) for feed in DEFAULT_FEEDS)
    again = connections.snapshot(POPULAR_SONGS)

    assert first.rows == again.rows
    assert {row["source"] for row in first.rows}.isdisjoint(row["source"] for row in second.rows)
    assert all(row["added_at"] is None for row in first.rows)
    assert all(row["added_at"] is not None for row in second.rows)
    assert not any(row["track_name"] == "=1+1" for row in first.rows)


def test_same_day_gives_the_same_snapshot_and_another_day_another(connections):
    assert connections.snapshot(TOP_PLAYED) == connections.snapshot(TOP_PLAYED)
    assert connections.snapshot(TOP_PLAYED).rows != connections.snapshot(TOP_PLAYED, DAY - timedelta(days=1)).rows


@pytest.mark.parametrize("maximum", [1, 50, 120])
@pytest.mark.parametrize("feed", DEFAULT_FEEDS, ids=lambda feed: feed.name)
def test_no_more_is_asked_for_than_the_feeds_maximum(connections, feed, maximum):
    snapshot = connections.snapshot(Feed("few", feed.kind, query=feed.query, playlist=feed.playlist, maximum=maximum))

    assert snapshot.received == maximum
    assert snapshot.page_requests == -(-maximum // 50)
    assert snapshot.expected in (None, maximum)


def test_maximum_beyond_the_playlist_changes_nothing(connections):
    feed = Feed("all", "playlist", playlist=TOP_PLAYED.playlist, maximum=5000)

    snapshot = connections.snapshot(feed)

    assert (snapshot.received, snapshot.expected, snapshot.page_requests) == (550, 550, 11)


def test_short_page_in_the_middle_does_not_end_a_snapshot(connections, fail):
    fail("/items", page([entry("a"), entry("b")], 60, "more"), page([entry("c")], 60))

    snapshot = connections.snapshot(TOP_PLAYED)

    assert [row["track_id"] for row in snapshot.rows] == ["a", "b", "c"]
    assert (snapshot.received, snapshot.expected) == (3, 60)


@pytest.mark.parametrize(
    "last", [page([entry("a")], 50, "more"), page([], 900, "more"), page([entry("a")], 900, None)],
    ids=["total reached", "empty page", "no next page"],
)  # fmt: skip
def test_a_next_page_that_goes_on_for_ever_is_not_followed(connections, fail, last):
    fail("/items", last)

    assert connections.snapshot(TOP_PLAYED).page_requests == 1


def test_the_address_of_the_next_page_is_never_asked(connections, fail, simulator):
    elsewhere = f"{simulator.base_url}/v1/elsewhere?offset=50"
    fail("/items", page([entry("a")], 60, elsewhere), page([entry("b")], 60))

    connections.snapshot(TOP_PLAYED)

    assert not any("elsewhere" in path for path in paths(simulator))


def test_empty_playlist_is_an_empty_snapshot(connections, fail):
    fail("/items", page([], 0))

    snapshot = connections.snapshot(TOP_PLAYED)

    assert (snapshot.rows, snapshot.received, snapshot.expected) == ([], 0, 0)
    assert not snapshot.popularity_given


def test_popularity_that_no_track_has_is_noted(connections, fail):
    assert connections.snapshot(TOP_PLAYED).popularity_given
    fail("/items", page([entry("a")], 1))

    snapshot = connections.snapshot(TOP_PLAYED)

    assert snapshot.rows[0]["popularity"] is None
    assert not snapshot.popularity_given


@pytest.mark.parametrize(
    ("feed", "body", "missing"),
    [
        (POPULAR_SONGS, {"albums": {}}, "tracks"),
        (POPULAR_SONGS, {"tracks": {"total": 3}}, "items"),
        (POPULAR_SONGS, [], "tracks"),
        (TOP_PLAYED, {"items": None, "total": 5}, "items"),
        (TOP_PLAYED, {"items": []}, "total"),
        (TOP_PLAYED, {"items": [], "total": "many"}, "total"),
        (TOP_PLAYED, "text", "items"),
    ],
)
def test_answer_of_another_shape_is_an_error_that_names_what_is_missing(connections, fail, feed, body, missing):
    path = "/search" if feed.kind == "search" else "/items"
    fail(path, *[Response(200, {"Content-Type": "application/json"}, json.dumps(body).encode())] * 5)

    with pytest.raises(SpotifyError, match=f"Feed {feed.name}: .*`{missing}`"):
        connections.snapshot(feed)


def test_page_that_fails_for_good_fails_the_whole_snapshot(connections, fail):
    fail("/search", *[Response(500)] * 5)

    with pytest.raises(SpotifyError, match="Feed popular_songs"):
        connections.snapshot(POPULAR_SONGS)


def test_requests_that_were_repeated_are_counted(connections, fail):
    fail("/items", Response(500))

    assert connections.snapshot(TOP_PLAYED).page_requests == 12
