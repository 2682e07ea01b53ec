"""Every kind of entry that Spotify has been seen to send has a fate, and no JSON makes reading it fail."""

import io
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyspotify_assets.feeds import DEFAULT_FEEDS
from pyspotify_assets.raw_csv import write_raw_csv
from pyspotify_assets.spotify.records import SKIP_REASONS, read_entry
from pyspotify_assets.tables import SNAPSHOT

from .conftest import DAY

TRACK = {
    "album": {
        "album_type": "single",
        "id": "album",
        "name": "Lanterns",
        "release_date": "2026-03",
        "release_date_precision": "month",
    },
    "artists": [{"id": "first", "name": "Velmora"}, {"id": "second", "name": "Os Quelins"}],
    "duration_ms": 185_000,
    "explicit": False,
    "external_ids": {"isrc": "ZZPYS2603001"},
    "id": "track",
    "name": "Gravity, Tonight",
    "popularity": 71,
    "type": "track",
}
ROW = {
    "track_id": "track",
    "track_name": "Gravity, Tonight",
    "artist_name": "Velmora",
    "artist_id": "first",
    "artist_names": ["Velmora", "Os Quelins"],
    "popularity": 71,
    "duration_ms": 185_000,
    "explicit": False,
    "isrc": "ZZPYS2603001",
    "album_id": "album",
    "album_name": "Lanterns",
    "album_type": "single",
    "release_date": "2026-03",
    "release_date_precision": "month",
    "added_at": None,
}


def read(**changes):
    """The row of TRACK with some of its fields changed."""
    return read_entry({**TRACK, **changes})


def test_a_result_of_a_search_is_the_track_itself():
    assert read_entry(TRACK) == ROW


@pytest.mark.parametrize("keys", [("item",), ("track",), ("item", "track")])
def test_an_entry_of_a_playlist_has_the_track_under_item_or_track_or_both(keys):
    inner = {**TRACK, "track": True, "episode": False}
    entry = {"added_at": "2026-03-04T05:06:07Z", **dict.fromkeys(keys, inner)}

    assert read_entry(entry) == {**ROW, "added_at": datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)}


def test_the_booleans_of_a_track_are_not_taken_for_an_entrys_keys():
    assert read(track=True, episode=False) == ROW


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (None, "null entry"),
        ({"item": None}, "null entry"),
        ({"track": None, "item": None, "added_at": None}, "null entry"),
        ({"item": {"type": "episode", "id": "talk", "name": "Talk"}}, "episode"),
        ({"track": {**TRACK, "type": "episode"}}, "episode"),
        ({}, "not a track"),
        ({"item": {}}, "not a track"),
        ({"item": "text"}, "not a track"),
        ([TRACK], "not a track"),
        (7, "not a track"),
        ({**TRACK, "type": "chapter"}, "not a track"),
    ],
)
def test_what_is_no_track_is_named_by_its_reason(entry, reason):
    assert read_entry(entry) == reason


def test_absent_is_null_and_never_0():
    assert read_entry({"type": "track"}) == dict.fromkeys(ROW)


def test_popularity_0_stays_0():
    assert read(popularity=0)["popularity"] == 0


def test_empty_text_stays_empty():
    assert read(name="")["track_name"] == ""


def test_track_without_credited_artists_has_none():
    row = read(artists=[])

    assert (row["artist_name"], row["artist_id"], row["artist_names"]) == (None, None, [])


def test_local_file_keeps_the_names_that_it_has():
    row = read(id=None, artists=[{"id": None, "name": "Garage Tape"}], album={"id": None, "name": "Demos"})

    assert (row["track_id"], row["artist_name"], row["artist_id"], row["album_name"], row["release_date"]) == (
        None,
        "Garage Tape",
        None,
        "Demos",
        None,
    )


@pytest.mark.parametrize(
    ("given_value", "kept"), [(33920.0, 33920), (33920.5, "33920.5"), (1e300, "1e+300"), ("3", "3")]
)
def test_whole_numbers_written_as_fractions_are_whole_and_others_stay_as_they_are(given_value, kept):
    assert read(duration_ms=given_value)["duration_ms"] == kept


@pytest.mark.parametrize(
    ("changes", "column", "kept"),
    [
        ({"popularity": "high"}, "popularity", "high"),
        ({"popularity": True}, "popularity", "true"),
        ({"popularity": [1]}, "popularity", "[1]"),
        ({"popularity": 10**30}, "popularity", str(10**30)),
        ({"explicit": "no"}, "explicit", "no"),
        ({"explicit": 0}, "explicit", "0"),
        ({"name": {"en": "é"}}, "track_name", '{"en": "é"}'),
        ({"artists": "Velmora"}, "artist_names", "Velmora"),
        ({"artists": ["Velmora"]}, "artist_name", "Velmora"),
        ({"album": "Lanterns"}, "album_name", None),
        ({"external_ids": ["ZZ"]}, "isrc", None),
    ],
)
def test_values_of_a_wrong_type_are_kept_as_text(changes, column, kept):
    assert read(**changes)[column] == kept


@pytest.mark.parametrize("text", ["yesterday", "2026-03-04", "2026-03-04T05:06:07", "0001-01-01T00:00:00+23:59"])
def test_an_instant_that_is_none_stays_as_it_is(text):
    assert read_entry({"item": TRACK, "added_at": text})["added_at"] == text


def test_the_odd_records_of_the_sample_come_through_with_their_fates(connections):
    rows = connections.snapshot(DEFAULT_FEEDS[1], DAY).rows

    names = {row["track_name"] for row in rows}
    assert {" padded ", "007", "NA", "=1+1", "two\nlines\u2028and a third", ""} <= names
    [local] = [row for row in rows if row["track_id"] is None]
    assert (local["popularity"], local["album_id"], local["artist_id"]) == (0, None, None)
    [removed] = [row for row in rows if row["release_date"] == "0000"]
    assert (removed["track_name"], removed["duration_ms"]) == ("", 0)
    assert [row["duration_ms"] for row in rows if "\n" in row["track_name"]] == [33920]
    assert len([row for row in rows if row["artist_names"] == []]) == 1
    assert len([row for row in rows if row["track_id"] == rows[0]["track_id"]]) == 2
    assert len([row for row in rows if row["release_date"] is None and row["track_id"]]) == 1


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda values: st.lists(values, max_size=4) | st.dictionaries(st.text(max_size=5), values, max_size=4),
    max_leaves=8,
)
hostile_tracks = st.fixed_dictionaries(
    {"type": st.just("track")},
    optional={
        **{key: json_values for key in TRACK if key != "type"},
        "artists": json_values | st.lists(st.fixed_dictionaries({}, optional={"id": json_values, "name": json_values})),
        "album": json_values | st.fixed_dictionaries({}, optional=dict.fromkeys(TRACK["album"], json_values)),
    },
)
hostile_entries = (
    json_values | hostile_tracks | st.fixed_dictionaries({"item": hostile_tracks, "added_at": json_values})
)


@settings(max_examples=200, deadline=None)
@given(hostile_entries)
def test_any_json_becomes_a_row_that_can_be_written_or_a_reason(entry):
    result = read_entry(entry)

    if isinstance(result, str):
        assert result in SKIP_REASONS
    else:
        assert set(result) | {"rank", "snapshot_at", "source"} == set(SNAPSHOT.raw_columns)
        assert write_raw_csv([result], io.BytesIO()).rows == 1
