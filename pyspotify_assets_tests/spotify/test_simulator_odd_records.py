"""Every odd record that has been seen in the wild is in the sample, by name, where a test can find it."""

import pytest

from pyspotify_assets.spotify.sample import odd_records, people
from pyspotify_assets.spotify.sample.charts import MOST_PLAYED
from pyspotify_assets.spotify.sample.odd_records import CATALOGUE, IN_MOST_PLAYED, IN_SEARCH

from .asking import get
from .conftest import DAY

NAMES = list(CATALOGUE)


@pytest.fixture
def listed(simulator):
    """Name → entry of the playlist of odd records."""
    _, page = get(simulator, f"/as-of/{DAY}/v1/playlists/{people.ODD_PLAYLIST}/items", limit=50)
    assert page["total"] == len(page["items"])
    return dict(zip(NAMES, page["items"], strict=True))


@pytest.fixture
def tracks(listed):
    """Name → what the entry holds, where there is an entry."""
    return {name: entry["item"] for name, entry in listed.items() if entry is not None}


def test_an_entry_that_is_null_and_one_that_holds_null(listed):
    assert listed["null entry"] is None
    assert (listed["null"]["item"], listed["null"]["track"]) == (None, None)


def test_every_other_entry_holds_the_same_under_both_keys_with_two_booleans_in_it(listed):
    for name, entry in listed.items():
        if name not in ("null", "null entry"):
            assert entry["item"] == entry["track"]
            episode = name == "episode"
            assert (entry["item"]["track"], entry["item"]["episode"]) == (not episode, episode)


def test_an_episode_has_neither_album_nor_artists(tracks):
    assert tracks["episode"]["type"] == "episode"
    assert tracks["episode"].keys().isdisjoint({"album", "artists", "popularity"})


def test_a_local_file_has_no_ids(tracks, listed):
    track = tracks["local file"]

    assert (track["id"], track["href"], track["album"]["id"], track["artists"][0]["id"]) == (None,) * 4
    assert (track["album"]["release_date"], track["popularity"], track["is_local"]) == (None, 0, True)
    assert track["uri"].startswith("spotify:local:")
    assert listed["local file"]["is_local"] is True


def test_a_removed_track_has_lost_its_names_and_its_length(tracks):
    track = tracks["removed track"]

    assert (track["name"], track["duration_ms"], track["album"]["release_date"]) == ("", 0, "0000")


@pytest.mark.parametrize(
    ("name", "date", "precision"),
    [
        ("release date of a year", "2022", "year"),
        ("release date of a month", "2022-03", "month"),
        ("release date of a day", "2022-03-31", "day"),
        ("no release date", None, None),
        ("release date 0000", "0000", "year"),
    ],
)
def test_release_dates_of_every_kind(tracks, name, date, precision):
    album = tracks[name]["album"]

    assert (album["release_date"], album["release_date_precision"]) == (date, precision)


def test_names_that_others_take_for_something_else(tracks):
    names = {track["name"] for track in tracks.values() if track}

    assert {"NA", "None", "null", "nan", "007", " padded ", "=1+1", ""} <= names
    for part in (",", '"', "'", "🎧", "ל", "\u2028", "\n"):
        assert any(part in name for name in names)
    assert tracks["album name empty"]["album"]["name"] == ""


def test_no_artists_and_a_float_where_an_integer_belongs(tracks):
    assert tracks["no artists"]["artists"] == []
    assert isinstance(tracks["fractional duration"]["duration_ms"], float)


def test_the_same_recording_under_two_ids_the_same_title_twice_and_the_same_track_twice(tracks):
    one, other = tracks["a recording"], tracks["the recording under another id"]
    assert (one["name"], one["artists"], one["external_ids"]) == (
        other["name"],
        other["artists"],
        other["external_ids"],
    )
    assert one["id"] != other["id"]
    one, other = tracks["a title"], tracks["the title by another artist"]
    assert one["name"] == other["name"]
    assert one["artists"] != other["artists"]
    assert tracks["plain"] == tracks["twice"]


def test_what_newer_apps_are_not_told_is_there_for_older_ones(tracks):
    assert tracks["relinked"]["linked_from"]["id"] != tracks["relinked"]["id"]
    assert "BR" in tracks["with all markets"]["available_markets"]


def test_every_record_has_an_id_of_its_own_but_those_that_are_meant_to_have_none_or_the_same(tracks):
    ids = [tracks[name]["id"] for name in tracks if name not in ("null", "local file", "twice")]

    assert len(set(ids)) == len(ids) == len(NAMES) - 4


def test_the_playlist_is_the_same_every_day(simulator):
    answers = [
        get(simulator, f"/as-of/{day}/v1/playlists/{people.ODD_PLAYLIST}/items", limit=50)[1]["items"]
        for day in (DAY, "2023-01-01")
    ]

    assert str(answers[0]).replace(str(DAY), "") == str(answers[1]).replace("2023-01-01", "")


def test_a_search_of_their_own_finds_those_that_a_search_can_find(simulator, tracks):
    _, answer = get(simulator, f"/as-of/{DAY}/v1/search", q=odd_records.QUERY, type="track", limit=50)

    found = dict(zip(IN_SEARCH, answer["tracks"]["items"], strict=True))
    assert set(NAMES) - set(found) == {"null entry", "episode", "local file"}
    assert found["null"] is None
    assert answer["tracks"]["total"] == len(found)
    for name, track in found.items():
        assert track is None or {**track, "track": True, "episode": False} == tracks[name]


def test_twelve_of_them_stand_on_the_most_played_playlist_at_their_places(simulator):
    for number, name in enumerate(IN_MOST_PLAYED):
        position = odd_records.FIRST_POSITION + odd_records.DISTANCE * number
        path = f"/as-of/{DAY}/v1/playlists/{MOST_PLAYED}/items"
        [entry] = get(simulator, path, limit=1, offset=position)[1]["items"]
        [first] = get(simulator, path, limit=1)[1]["items"]

        track = entry["item"]
        fitting = {
            "null": track is None,
            "episode": track and track["type"] == "episode",
            "local file": track and track["id"] is None,
            "removed track": track and track["duration_ms"] == 0,
            "no artists": track and track.get("artists") == [],
            "fractional duration": track and isinstance(track["duration_ms"], float),
            "no release date": track and track.get("album", {}).get("release_date") is None,
            "twice": track == first["item"],
        }
        assert fitting[name] if name in fitting else track["name"].strip() == name.removeprefix("name ")
