"""What the simulator tells a user of themselves: top tracks, saved tracks, latest plays; and nobody else."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from pyspotify_assets.spotify.sample.me import PLAYS_REMEMBERED, SAVED_TRACKS, TOP_TRACKS

from .asking import CALLBACK, ask_json, authorized, error, get, token
from .conftest import DAY

TOP, SAVED, RECENT = "/v1/me/top/tracks", "/v1/me/tracks", "/v1/me/player/recently-played"
START_OF_DAY = datetime(DAY.year, DAY.month, DAY.day, tzinfo=UTC)


def pages(simulator, path, **query):
    """All entries of a listing paged by offset, and its total."""
    entries, total = [], None
    while total is None or len(entries) < total:
        page = get(simulator, path, "user", limit=50, offset=len(entries), **query)[1]
        assert total in (None, page["total"])
        total = page["total"]
        entries += page["items"]
    assert page["next"] is None
    return entries


@pytest.mark.parametrize("path", ["/v1/me", TOP, SAVED, RECENT])
def test_an_app_alone_is_told_that_it_takes_a_user(simulator, path):
    assert get(simulator, path) == error(401, "Valid user authentication required")


@pytest.mark.parametrize(
    ("path", "scope"),
    [(TOP, "user-top-read"), (SAVED, "user-library-read"), (RECENT, "user-read-recently-played")],
)
def test_each_needs_a_scope_of_its_own(simulator, path, scope):
    def asked_with(scope):
        code = authorized(simulator, scope=scope)["code"]
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
        access = token(simulator, **form)[1]["access_token"]
        return ask_json(simulator, path, authorization=f"Bearer {access}")

    assert asked_with("user-read-private") == error(403, "Insufficient client scope")
    assert asked_with(scope)[0] == 200


def test_what_is_not_there_is_refused_in_spotifys_words(simulator):
    assert get(simulator, "/v1/me/episodes", "user") == error(404, "Service not found")
    assert get(simulator, "/v1/menu", "user") == error(404, "Service not found")


@pytest.mark.parametrize("path", [TOP, SAVED, RECENT])
def test_a_page_is_20_unless_asked_and_50_at_most(simulator, path):
    assert [len(get(simulator, path, "user", **limit)[1]["items"]) for limit in ({}, {"limit": 50})] == [20, 50]
    for limit in (51, 0, "many"):
        assert get(simulator, path, "user", limit=limit) == error(400, "Invalid limit")


class TestTopTracks:
    def test_of_every_range_are_tracks_each_of_them_once(self, simulator):
        ranges = {name: [track["id"] for track in pages(simulator, TOP, time_range=name)] for name in TOP_TRACKS}

        assert {name: len(set(ids)) for name, ids in ranges.items()} == TOP_TRACKS
        assert len({tuple(ids[:50]) for ids in ranges.values()}) == 3

    def test_are_those_of_half_a_year_unless_asked(self, simulator):
        assert (
            get(simulator, TOP, "user")[1]["items"]
            == (get(simulator, TOP, "user", time_range="medium_term")[1]["items"])
        )

    def test_of_another_range_are_refused(self, simulator):
        assert get(simulator, TOP, "user", time_range="ever") == error(400, "Invalid time range")

    def test_beyond_the_last_there_are_none(self, simulator):
        page = get(simulator, TOP, "user", offset=1000)[1]

        assert (page["items"], page["next"], page["total"]) == ([], None, TOP_TRACKS["medium_term"])


class TestSavedTracks:
    def test_say_when_they_were_saved_the_latest_first(self, simulator):
        entries = pages(simulator, SAVED)

        assert len({entry["track"]["id"] for entry in entries}) == len(entries) == SAVED_TRACKS
        assert all(entry["track"]["type"] == "track" for entry in entries)
        saved = [datetime.fromisoformat(entry["added_at"]) for entry in entries]
        assert saved == sorted(saved, reverse=True)
        assert saved[0] <= START_OF_DAY + timedelta(days=1)


class TestRecentlyPlayed:
    def test_goes_back_by_cursor_to_the_fiftieth_play_and_no_further(self, simulator):
        played, query, asked = [], {}, 0
        while True:
            page = get(simulator, RECENT, "user", limit=20, **query)[1]
            played += page["items"]
            asked += 1
            if page["next"] is None:
                break
            query = {"before": page["cursors"]["before"]}

        assert (len(played), asked) == (PLAYS_REMEMBERED, 3)
        assert played == get(simulator, RECENT, "user", limit=50)[1]["items"]
        beyond = get(simulator, RECENT, "user", before=page["cursors"]["before"])[1]
        assert (beyond["items"], beyond["next"], beyond["cursors"]) == ([], None, None)

    def test_goes_forward_by_cursor_too(self, simulator):
        everything = get(simulator, RECENT, "user", limit=50)[1]["items"]
        oldest = get(simulator, RECENT, "user", limit=50)[1]["cursors"]["before"]

        page = get(simulator, RECENT, "user", limit=10, after=oldest)[1]

        assert page["items"] == everything[39:49]
        following = get(simulator, RECENT, "user", limit=50, after=page["cursors"]["after"])[1]
        assert following["items"] == everything[:39]
        assert following["next"] is None

    def test_says_when_each_ended_and_names_some_tracks_twice(self, simulator):
        played = get(simulator, RECENT, "user", limit=50)[1]["items"]

        instants = [datetime.fromisoformat(entry["played_at"]) for entry in played]
        assert all(later > earlier for later, earlier in pairwise(instants))
        assert instants[0] < START_OF_DAY
        assert len({entry["track"]["id"] for entry in played}) < len(played)

    def test_has_no_total(self, simulator):
        assert "total" not in get(simulator, RECENT, "user")[1]

    @pytest.mark.parametrize(
        ("query", "message"),
        [
            ({"before": 1, "after": 1}, "Only one of after or before can be specified"),
            ({"before": "yesterday"}, "Invalid cursor"),
        ],
    )
    def test_by_a_cursor_that_is_none_is_refused(self, simulator, query, message):
        assert get(simulator, RECENT, "user", **query) == error(400, message)


@pytest.mark.parametrize("path", [TOP, SAVED, RECENT])
def test_the_past_is_always_the_same_and_every_day_another(simulator, path):
    def told_of(day):
        return get(simulator, f"/as-of/{day}{path}", "user", limit=50)[1]["items"]

    assert told_of(DAY) == told_of(DAY)
    assert told_of(DAY) != told_of(DAY - timedelta(days=30))
