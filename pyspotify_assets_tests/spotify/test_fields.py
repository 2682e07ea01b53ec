"""Fields of Spotify's records that are not known, or of another type: what is counted of them, whatever comes."""

from __future__ import annotations

import copy

import hypothesis.strategies as st
import pytest
from hypothesis import given

from pyspotify_assets.feeds import DEFAULT_FEEDS
from pyspotify_assets.spotify.fields import MOST_NAMES, NOTHING_ODD, OTHERS, TYPES, FieldCount, Fields
from pyspotify_assets.spotify.records import unwrap
from pyspotify_assets.tables import SNAPSHOT
from pyspotify_assets_tests.spotify.test_records import TRACK


def counted(*entries: object) -> Fields:
    count = FieldCount()
    for entry in entries:
        count.look(entry, unwrap(entry))
    return count.fields()


def changed(path: str, value: object) -> dict:
    """TRACK with another value at a path."""
    track = copy.deepcopy(TRACK)
    *above, name = path.split(".")
    part = track
    for step in above:
        part = part["artists"][0] if step == "artists[]" else part[step]
    part[name] = value
    return track


def test_an_ordinary_track_has_nothing_odd():
    assert counted(TRACK, {"added_at": None, "item": TRACK}) == Fields(tracks=2)


@pytest.mark.parametrize("feed", DEFAULT_FEEDS, ids=lambda feed: feed.name)
def test_every_record_of_the_sample_is_known(connections, feed):
    fields = connections.snapshot(feed).fields
    assert (fields.unknown, fields.other_types) == ({}, {})
    assert fields.tracks > 500


@pytest.mark.parametrize("path", ["mood", "album.mood", "artists[].mood", "external_ids.mood"])
def test_a_new_field_is_counted_by_its_path_and_once_per_track(path):
    assert counted(changed(path, 1), changed(path, None), TRACK).unknown == {path: 2}


def test_a_new_field_of_what_wraps_the_track_is_counted():
    assert counted({"added_at": None, "track": TRACK, "mood": "x"}).unknown == {"entry.mood": 1}


def test_a_hostile_name_is_shown_in_harmless_letters_and_cut():
    fields = counted(changed("<script>`|\n\x1b[0m" + "x" * 1000, 1))
    (name,) = fields.unknown
    assert name.isascii()
    assert len(name) == 40
    assert not set(name) & set("<>`|\n\x1b[]")


def test_there_is_an_end_to_the_names_that_are_remembered():
    fields = counted(*[changed(f"field_{number}", 1) for number in range(1000)])
    assert len(fields.unknown) == MOST_NAMES + 1
    assert fields.unknown[OTHERS] == 1000 - MOST_NAMES


@pytest.mark.parametrize(
    ("path", "value", "type_"),
    [
        ("name", {"en": "Gravity"}, "object"),
        ("id", 7, "number"),
        ("popularity", "high", "text"),
        ("popularity", True, "truth"),
        ("explicit", 0, "number"),
        ("artists", "Velmora", "text"),
        ("artists", ["Velmora"], "text"),
        ("artists[].name", ["Velmora"], "list"),
        ("album", "Lanterns", "text"),
        ("album.release_date", 2026, "number"),
        ("external_ids", ["ZZ"], "list"),
    ],
)
def test_a_known_field_of_another_type_is_counted_with_it(path, value, type_):
    inside = "artists[]" if value == ["Velmora"] and path == "artists" else path
    assert counted(changed(path, value), TRACK, TRACK).other_types == {inside: (type_, 1)}


def test_no_value_is_no_other_type_and_a_whole_number_may_be_written_as_a_fraction():
    assert counted(changed("popularity", None), changed("duration_ms", 33920.0)).other_types == {}


def test_a_type_has_changed_if_most_tracks_that_have_the_field_have_another():
    odd, none = changed("popularity", "high"), changed("popularity", None)
    assert counted(odd, TRACK).changed == ()
    assert counted(odd, odd, TRACK, none, none, none).changed == ("popularity",)


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9), lambda inner: (
    st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*TRACK, "item", "track", "x", "\ud800"]), inner)
), max_leaves=12)  # fmt: skip


@given(st.dictionaries(st.sampled_from([*TRACK, "item", "track", "mood", "\ud800"]), JSON, max_size=6))
def test_whatever_comes_is_counted_within_bounds(track):
    fields = counted(track) if isinstance(unwrap(track), dict) else NOTHING_ODD
    assert all(tracks == 1 for tracks in fields.unknown.values())
    assert all(tracks == 1 and kind for kind, tracks in fields.other_types.values())


def test_the_types_of_all_fields_that_become_columns_are_known():
    containers = {"artists", "artists[]", "album", "external_ids"}
    paths = {path for path in TYPES if path not in containers and not path.startswith("entry.")}
    assert paths <= {column.origin.replace("[0]", "[]") for column in SNAPSHOT.columns}
