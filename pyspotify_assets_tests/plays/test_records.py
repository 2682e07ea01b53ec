"""A record becomes a typed play, or goes to quarantine with its reason; what is personal ends there."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pyspotify_assets.plays.records import Batch, batches
from pyspotify_assets.schemas import arrow_schema
from pyspotify_assets.tables import PLAYS

from .exports import IP, NOW, episode, play


def typed(*records: object) -> Batch:
    [batch] = batches(records, "file.json", NOW)
    assert batch.plays.schema.equals(arrow_schema(PLAYS))
    return batch


def reason(record: object) -> str:
    batch = typed(play(), record)
    assert batch.plays.num_rows == 1, "one bad record never changes another"
    [refused] = batch.refused
    assert (refused.file, refused.record) == ("file.json", 2)
    return refused.reason


def test_a_play_has_spotifys_own_names_and_types():
    [row] = typed(
        play("2023-03-01T12:00:00Z", "A", skipped=None, offline=True, offline_timestamp=1677672000)
    ).plays.to_pylist()
    assert tuple(row) == PLAYS.column_names
    assert row["ts"] == datetime(2023, 3, 1, 12, tzinfo=UTC)
    assert (row["ms_played"], row["spotify_track_uri"], row["conn_country"]) == (180_000, "spotify:track:A", "BR")
    assert (row["shuffle"], row["skipped"], row["offline"], row["offline_timestamp"]) == (False, None, True, 1677672000)


def test_an_episode_is_a_play_without_a_track():
    [row] = typed(episode("2023-03-01T12:00:00Z", "Ep")).plays.to_pylist()
    assert (row["episode_name"], row["spotify_episode_uri"]) == ("Ep", "spotify:episode:Ep")
    assert row["master_metadata_track_name"] is None


def test_fields_that_are_missing_or_empty_are_null():
    [row] = typed({"ts": "2011-01-01T00:00:00Z", "ms_played": 0, "platform": ""}).plays.to_pylist()
    assert {name for name, value in row.items() if value is not None} == {"ts", "ms_played"}


def test_personal_fields_are_not_kept_and_named():
    batch = typed(play(username="someone", user_agent_decrypted="Mozilla", city="Recife"), play(ms_played="long"))
    assert batch.left_out == {"ip_addr", "username", "user_agent_decrypted", "city"}
    kept = [*batch.plays.to_pylist(), *(refused.play for refused in batch.refused)]
    assert not any(text in str(kept) for text in (IP, "someone", "Mozilla", "Recife"))


def test_half_a_surrogate_pair_is_replaced_and_nothing_else():
    rows = typed(play(track="A"), play(master_metadata_track_name="bad \ud800"), play(track="夜")).plays.to_pylist()
    assert [row["master_metadata_track_name"] for row in rows] == ["Song A", "bad ?", "Song 夜"]


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (None, "it is no object"),
        ([1], "it is no object"),
        ({}, "ts is missing"),
        (play(ts=None), "ts is missing"),
        (play(ts=1677672000), "ts is not text"),
        (play(ts="2023-03-01 12:00"), "ts is not an ISO 8601 instant with a time zone"),
        (play(ts="2023-02-30T12:00:00Z"), "ts is not an ISO 8601 instant with a time zone"),
        (play(ts="1970-01-01T00:00:00Z"), "ts lies before Spotify"),
        (play(ts="2026-11-24T00:00:00Z"), "ts lies in the future"),
        (play(ms_played=None), "ms_played is missing"),
        (play(ms_played="180000"), "ms_played is not a whole number"),
        (play(ms_played=1.5), "ms_played is not a whole number"),
        (play(ms_played=float("nan")), "ms_played is not a whole number"),
        (play(ms_played=True), "ms_played is not a whole number"),
        (play(ms_played=10**30), "ms_played is not a whole number"),
        (play(ms_played=-1), "ms_played is negative"),
        (play(shuffle="yes"), "shuffle is not true or false"),
        (play(skipped=1), "skipped is not true or false"),
        (play(spotify_track_uri=7), "spotify_track_uri is not text"),
        (play(master_metadata_track_name=["A"]), "master_metadata_track_name is not text"),
    ],
)
def test_what_is_no_play_is_refused_with_the_reason(record, expected):
    assert reason(record) == expected


def test_a_whole_number_may_be_written_with_a_point():
    assert typed(play(ms_played=1500.0)).plays["ms_played"].to_pylist() == [1500]
