"""The marts of the listening history against results worked out by hand, and when a year of them is made again.

2022  A A A(short) B              2023  A, an episode, one play whose title is not known
"""

from __future__ import annotations

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pyspotify_assets.errors import LakeError
from pyspotify_assets.lake import Lake
from pyspotify_assets.plays.listening import crawled_years, listening_sql, make_listening_year, stale_years
from pyspotify_assets.plays.take import take
from pyspotify_assets.tables import LISTENING, LISTENING_ARTISTS, LISTENING_HOURS, LISTENING_TRACKS, Table
from pyspotify_assets.warehouse.local_crawler import LocalCrawler
from pyspotify_assets.warehouse.local_engine import LocalEngine

from .exports import NOW, episode, export, play

PLAYS = [
    play("2022-05-01T10:00:00Z", "A", spotify_track_uri="spotify:track:A1"),
    play("2022-05-01T11:00:00Z", "A", spotify_track_uri="spotify:track:A2", ms_played=30_000),
    play("2022-05-01T12:00:00Z", "A", spotify_track_uri="spotify:track:A1", ms_played=29_999),
    play("2022-05-02T10:30:00Z", "B", ms_played=600_000),
    play("2022-05-02T10:59:59Z", "B2", master_metadata_album_artist_name="Artist of B", ms_played=60_001),
    play("2023-01-01T00:30:00Z", "A"),
    episode("2023-01-01T01:30:00Z", "E", ms_played=120_000),
    episode("2023-01-08T00:59:00Z", "E", ms_played=1_000),
    play("2023-01-02T00:00:00Z", master_metadata_track_name=None, master_metadata_album_artist_name=None),
]


@pytest.fixture
def lake(lake, tmp_path) -> Lake:
    take(lake, export(tmp_path / "x.zip", PLAYS), NOW)
    LocalCrawler(lake).crawl("refined", [])
    return lake


def rows(lake: Lake, mart: Table, year: str, *columns: str, timezone: str = "UTC") -> list[tuple]:
    sql = LocalEngine(lake)
    make_listening_year(sql, mart, year, "run", crawled_years(lake, sql)[year], timezone)
    table = sql.query(f"SELECT * FROM spotify_marts.{mart.name} WHERE play_year = '{year}'")
    return [tuple(row[column] for column in columns) for row in table.to_pylist()]


def test_tracks_are_ranked_by_plays_of_thirty_seconds_and_one_song_under_two_ids_is_one(lake):
    found = rows(
        lake, LISTENING_TRACKS, "2022", "rank", "track_name", "artist_name", "plays", "minutes", "spotify_track_uri"
    )
    assert found == [
        (1, "Song A", "Artist of A", 2, pytest.approx((180_000 + 30_000 + 29_999) / 60_000), "spotify:track:A2"),
        (2, "Song B", "Artist of B", 1, 10.0, "spotify:track:B"),
        (3, "Song B2", "Artist of B", 1, pytest.approx(60_001 / 60_000), "spotify:track:B2"),
    ]


def test_artists_are_ranked_by_plays_then_minutes_with_the_number_of_their_titles(lake):
    found = rows(lake, LISTENING_ARTISTS, "2022", "rank", "artist_name", "tracks", "plays", "minutes")
    assert found == [
        (1, "Artist of B", 2, 2, pytest.approx(660_001 / 60_000)),
        (2, "Artist of A", 1, 2, pytest.approx(239_999 / 60_000)),
    ]


def test_what_is_no_track_or_has_no_title_is_in_no_ranking(lake):
    assert rows(lake, LISTENING_TRACKS, "2023", "track_name", "plays") == [("Song A", 1)]
    assert rows(lake, LISTENING_ARTISTS, "2023", "artist_name", "plays") == [("Artist of A", 1)]


def test_hours_hold_everything_by_weekday_and_hour_one_is_monday(lake):
    assert rows(lake, LISTENING_HOURS, "2023", "weekday", "hour", "plays", "minutes") == [
        (1, 0, 1, 3.0),
        (7, 0, 1, pytest.approx(3 + 1 / 60)),
        (7, 1, 1, 2.0),
    ]


def test_hours_are_those_of_the_listeners_clock_summer_time_included(lake):
    found = rows(lake, LISTENING_HOURS, "2023", "weekday", "hour", timezone="America/Sao_Paulo")
    assert found == [(6, 21), (6, 22), (7, 21)]
    summer = rows(lake, LISTENING_HOURS, "2022", "weekday", "hour", "plays", timezone="Europe/Berlin")
    assert summer == [(1, 12, 2), (7, 12, 1), (7, 13, 1), (7, 14, 0)]


def test_a_hundred_are_listed_and_no_more(lake, tmp_path):
    take(lake, export(tmp_path / "y.zip", [play("2024-01-01T00:00:00Z", f"{n:03}") for n in range(120)]), NOW)
    LocalCrawler(lake).crawl("refined", [])

    found = rows(lake, LISTENING_TRACKS, "2024", "rank", "track_name")
    assert [rank for rank, _ in found] == list(range(1, 101))
    assert found[-1] == (100, "Song 099")


def test_a_year_is_made_again_when_its_plays_change_and_hours_when_the_time_zone_does(lake, tmp_path):
    sql = LocalEngine(lake)
    years = crawled_years(lake, sql)
    for mart in LISTENING:
        assert stale_years(sql, mart, years, "UTC") == ["2022", "2023"]
        for year in years:
            make_listening_year(sql, mart, year, "run", years[year], "UTC")
        assert stale_years(sql, mart, years, "UTC") == []
    assert stale_years(sql, LISTENING_TRACKS, years, "Asia/Tokyo") == []
    assert stale_years(sql, LISTENING_HOURS, years, "Asia/Tokyo") == ["2022", "2023"]

    take(lake, export(tmp_path / "y.zip", [play("2023-12-31T23:59:59Z")]), NOW)

    assert stale_years(sql, LISTENING_TRACKS, crawled_years(lake, sql), "UTC") == ["2023"]


def test_athena_gets_the_operator_for_the_time_zone_and_reads_one_partition(lake):
    text = listening_sql(LISTENING_HOURS, "2023", "America/Sao_Paulo")
    assert "AT TIME ZONE 'America/Sao_Paulo'" in text
    assert "play_year = '2023'" in text


def test_a_duckdb_shell_sees_the_years_too(lake):
    with duckdb.connect() as connection:
        connection.execute(lake.stores["catalog"].read("catalog.sql").decode())
        found = connection.execute(
            "SELECT play_year, count(*) FROM spotify_refined.plays GROUP BY 1 ORDER BY 1"
        ).fetchall()
    assert found == [("2022", 5), ("2023", 4)]


def test_a_partition_of_the_plays_is_a_year_and_no_day(lake):
    with pytest.raises(LakeError, match="A partition is a year"):
        lake.place(("refined", "plays"), "2023-01-01")


def test_the_crawler_says_when_a_file_is_not_as_declared(lake):
    place = lake.place(("refined", "plays"), "2021")
    with place.staged() as staged:
        pq.write_table(pa.table({"ts": ["2021"]}), staged)
        place.publish(staged)

    [crawled] = LocalCrawler(lake).crawl("refined", [])

    assert (crawled.partitions, crawled.added) == (3, ["2021"])
    assert "2021: ts is string, declared timestamp" in crawled.drift


def test_without_an_import_there_is_no_table_of_it(tmp_path):
    lake = Lake.at(str(tmp_path / "empty"))

    assert LocalCrawler(lake).crawl("refined", []) == []
    assert LocalEngine(lake).partitions("spotify_refined", "plays") == []
