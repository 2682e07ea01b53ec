"""The marts against results worked out by hand, over three days of two tiny feeds.

popular_songs        20th: A B C      21st: (no snapshot)   22nd: B A D     window of the 22nd: 20th and 22nd
top_played           20th: (none)     21st: X Y             22nd: Y Z       Z has no id; X was there on the 21st only
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from pyspotify_assets.daily.mart import SnapshotWindows, make_mart_day
from pyspotify_assets.feeds import DEFAULT_FEEDS
from pyspotify_assets.lake import Lake
from pyspotify_assets.tables import (
    CHART_EXITS,
    CHART_MOVEMENT,
    LISTENING,
    MARTS,
    PIPELINE_HEALTH,
    RELEASE_PROFILE,
    TOP_ARTISTS,
    Table,
)
from pyspotify_assets.warehouse import Crawler, SqlEngine
from pyspotify_assets.warehouse.athena_engine import AthenaEngine
from pyspotify_assets.warehouse.glue_crawler import GlueCrawler
from pyspotify_assets.warehouse.local_crawler import LocalCrawler
from pyspotify_assets.warehouse.local_engine import LocalEngine
from pyspotify_assets_tests.aws.stacks import Stack, stack
from pyspotify_assets_tests.builders import put_snapshot, track

LOOKBACK = 28


@dataclass(frozen=True)
class Warehouse:
    """A lake with its crawler and SQL engine: those of the process, or Glue and Athena."""

    lake: Lake
    crawler: Crawler
    sql: SqlEngine

    def crawl(self) -> None:
        self.crawler.crawl("refined", DEFAULT_FEEDS)


@pytest.fixture(scope="module")
def deployed(tmp_path_factory) -> Iterator[Stack]:
    with stack(tmp_path_factory.mktemp("stack"), feeds=None) as made:
        made.deploy()
        yield made


@pytest.fixture(params=["local", pytest.param("aws", marks=pytest.mark.aws)])
def warehouse(request, tmp_path) -> Iterator[Warehouse]:
    """Three days of two tiny feeds; every test runs on DuckDB and, where there is an endpoint, on Athena."""
    if request.param == "local":
        lake = Lake.at(str(tmp_path))
        yield filled(Warehouse(lake, LocalCrawler(lake), LocalEngine(lake)))
        return
    made = request.getfixturevalue("deployed")
    made.empty()
    settings = made.settings()
    with made.as_role("pipeline"):
        lake = Lake.at(**settings.lake_places())
        crawler = GlueCrawler(lake, settings.names, settings.crawl_timeout)
        yield filled(Warehouse(lake, crawler, AthenaEngine(lake, settings.names, settings.query_timeout)))


def filled(warehouse: Warehouse) -> Warehouse:
    lake = warehouse.lake
    put_snapshot(
        lake,
        "popular_songs",
        "2026-11-20",
        [track(1, "A", popularity=80), track(2, "B", popularity=70), track(3, "C", popularity=60)],
    )
    put_snapshot(
        lake,
        "popular_songs",
        "2026-11-22",
        [
            track(1, "B", popularity=75, artist_name="Duo", artist_id="duo", release_date="2026"),
            track(2, "A", popularity=None, artist_name="Duo", artist_id="duo", release_date="2025-02"),
            track(3, "D", popularity=40, artist_name=None, release_date="0000", duration_ms=100_000),
        ],
    )
    put_snapshot(lake, "top_played", "2026-11-21", [track(1, "X"), track(2, "Y")])
    put_snapshot(
        lake,
        "top_played",
        "2026-11-22",
        [
            track(1, "Y", artist_name="Solo", artist_id=None),
            track(2, None, track_name="Zed", artist_name=None, album_name="Zeds"),
        ],
    )
    warehouse.crawl()
    return warehouse


def rows(warehouse: Warehouse, mart: Table, day: str, *columns: str) -> list[tuple]:
    sql = warehouse.sql
    windows = SnapshotWindows(warehouse.lake, sql, DEFAULT_FEEDS, "2026-10-01", day)
    make_mart_day(sql, mart, day, "run", LOOKBACK, windows.of(day, LOOKBACK))
    table = sql.query(f"SELECT * FROM spotify_marts.{mart.name} WHERE snapshot_date = '{day}'")
    return [tuple(row[column] for column in columns) for row in table.to_pylist()]


def test_movement_is_counted_from_the_latest_earlier_snapshot_not_from_yesterday(warehouse):
    assert rows(
        warehouse,
        CHART_MOVEMENT,
        "2026-11-22",
        "feed",
        "track_key",
        "rank",
        "previous_date",
        "previous_rank",
        "movement",
    ) == [
        ("popular_songs", "B", 1, "2026-11-20", 2, 1),
        ("popular_songs", "A", 2, "2026-11-20", 1, -1),
        ("popular_songs", "D", 3, "2026-11-20", None, None),
        ("top_played", "Y", 1, "2026-11-21", 2, 1),
        ("top_played", "Zed |  | Zeds", 2, "2026-11-21", None, None),
    ]


def test_new_tracks_days_on_the_chart_peak_and_popularity(warehouse):
    assert rows(
        warehouse,
        CHART_MOVEMENT,
        "2026-11-22",
        "track_key",
        "is_new",
        "is_returning",
        "days_on_chart",
        "peak_rank",
        "popularity",
        "popularity_change",
    ) == [
        ("B", False, False, 2, 1, 75, 5),
        ("A", False, False, 2, 1, None, None),
        ("D", True, False, 1, 3, 40, None),
        ("Y", False, False, 2, 1, 50, 0),
        ("Zed |  | Zeds", True, False, 1, 2, 50, None),
    ]


def test_on_a_first_day_nothing_is_new_or_returning_since_there_is_nothing_to_compare_with(warehouse):
    assert rows(warehouse, CHART_MOVEMENT, "2026-11-21", "track_key", "previous_date", "is_new", "is_returning") == [
        ("X", None, None, None),
        ("Y", None, None, None),
    ]


def test_a_track_that_was_away_returns(warehouse):
    put_snapshot(warehouse.lake, "popular_songs", "2026-11-21", [track(1, "A"), track(2, "B")])
    put_snapshot(warehouse.lake, "popular_songs", "2026-11-22", [track(1, "C"), track(2, "A")])
    warehouse.crawl()
    found = rows(
        warehouse,
        CHART_MOVEMENT,
        "2026-11-22",
        "feed",
        "track_key",
        "previous_rank",
        "is_new",
        "is_returning",
        "days_on_chart",
    )
    assert found[:2] == [("popular_songs", "C", None, False, True, 2), ("popular_songs", "A", 1, False, False, 3)]


def test_exits_are_the_tracks_of_the_previous_snapshot_that_are_gone(warehouse):
    assert rows(
        warehouse,
        CHART_EXITS,
        "2026-11-22",
        "feed",
        "track_key",
        "track_name",
        "previous_date",
        "last_rank",
        "days_on_chart",
    ) == [
        ("popular_songs", "C", "Song C", "2026-11-20", 3, 1),
        ("top_played", "X", "Song X", "2026-11-21", 1, 1),
    ]


def test_a_feed_without_a_snapshot_on_the_day_has_no_exits(warehouse):
    assert rows(warehouse, CHART_EXITS, "2026-11-21", "feed") == []


def test_artists_share_the_chart_with_the_tracks_that_have_none(warehouse):
    found = rows(
        warehouse,
        TOP_ARTISTS,
        "2026-11-22",
        "feed",
        "artist_key",
        "artist_name",
        "tracks",
        "best_rank",
        "mean_popularity",
        "chart_share",
    )
    assert found == [
        ("popular_songs", "duo", "Duo", 2, 1, 75.0, pytest.approx(2 / 3)),
        ("top_played", "Solo", "Solo", 1, 1, 50.0, 0.5),
    ]


def test_release_years_keep_a_row_for_unknown_dates(warehouse):
    found = rows(
        warehouse,
        RELEASE_PROFILE,
        "2026-11-22",
        "feed",
        "release_year",
        "tracks",
        "mean_popularity",
        "mean_duration_ms",
    )
    assert sorted(found, key=str) == [
        ("popular_songs", 2025, 1, None, 200_000.0),
        ("popular_songs", 2026, 1, 75.0, 200_000.0),
        ("popular_songs", None, 1, 40.0, 100_000.0),
        ("top_played", 2025, 2, 50.0, 200_000.0),
    ]


def test_the_figures_of_a_day_are_counted_against_the_snapshot_before(warehouse):
    found = rows(warehouse, PIPELINE_HEALTH, "2026-11-22", "feed", "figure", "value", "previous_value")
    songs = {figure: (value, before) for feed, figure, value, before in found if feed == "popular_songs"}

    third = pytest.approx(1 / 3)
    assert {name: songs[name] for name in songs if songs[name] != (0, 0)} == {
        "tracks": (3, 3),
        "no_artist_share": (third, 0),
        "no_popularity_share": (third, 0),
        "no_release_share": (third, 0),
        "popularity_low": (40, 60),
        "popularity_median": (40, 70),
        "popularity_high": (75, 80),
        "largest_artist_share": (pytest.approx(2 / 3), third),
        "renamed_share": (1, None),  # A and B have come to be by Duo.
        "newcomer_share": (third, None),
        "kept_share": (pytest.approx(2 / 3), None),
        "same_rank_share": (0, None),
        "unchanged_share": (0, None),
        "rank_change_share": (third, None),  # A and B moved by one place of three.
        "newest_release_age": (325, 537),
        "snapshot_age": (0, -2),  # The builder's snapshots are all of noon on the 22nd.
        "days_since_previous": (2, None),
    }


def test_what_is_usual_is_the_median_of_the_snapshots_of_the_same_source_and_how_far_from_it_they_are(warehouse):
    def snapshot(day: int, tracks: int, source: str) -> None:
        chart = [track(rank, str(rank), source=source) for rank in range(1, tracks + 1)]
        put_snapshot(warehouse.lake, "popular_songs", f"2026-11-{day}", chart)

    for day, tracks in ((10, 3), (11, 9), (12, 5), (14, 4), (22, 6)):
        snapshot(day, tracks, "search:this")
    for day in (13, 20):
        snapshot(day, 50, "search:that")
    warehouse.crawl()
    columns = ("feed", "figure", "value", "previous_value", "snapshots", "median", "deviation", "lowest", "highest")

    found = {row[:2]: row[2:] for row in rows(warehouse, PIPELINE_HEALTH, "2026-11-22", *columns)}

    # Of 3, 4, 5, 9 the median is 4.5; of the distances 0.5, 0.5, 1.5, 4.5 it is 1.
    assert found["popular_songs", "tracks"] == (6, 50, 4, 4.5, 1, 3, 9)
    # Of the 11th and the 12th: the 10th is the first, the 14th came after another source, and so did the day itself.
    assert found["popular_songs", "kept_share"] == (None, None, 2, pytest.approx(7 / 9), pytest.approx(2 / 9), 5 / 9, 1)


def test_the_same_weekday_is_looked_at_where_both_weeks_before_have_it(warehouse):
    for day, tracks in (("2026-11-08", 5), ("2026-11-15", 2), ("2026-11-16", 1)):
        put_snapshot(warehouse.lake, "top_played", day, [track(rank, str(rank)) for rank in range(1, tracks + 1)])
        put_snapshot(warehouse.lake, "popular_songs", max(day, "2026-11-15"), [track(1, "A")])
    warehouse.crawl()
    columns = ("feed", "figure", "weekday_lowest", "weekday_highest")

    found = rows(warehouse, PIPELINE_HEALTH, "2026-11-22", *columns)

    assert ("top_played", "tracks", 2, 5) in found
    assert ("popular_songs", "tracks", None, None) in found


def test_a_day_of_which_no_row_could_be_typed_has_figures_too(warehouse):
    put_snapshot(
        warehouse.lake, "top_played", "2026-11-22", [track(1, "Y", popularity=101), track(2, "Z", duration_ms="long")]
    )
    warehouse.crawl()

    found = rows(warehouse, PIPELINE_HEALTH, "2026-11-22", "feed", "figure", "value")
    known = {figure: value for feed, figure, value in found if feed == "top_played" and value is not None}

    assert known == {"tracks": 0, "quarantined_share": 1, "duplicate_share": 0, "days_since_previous": 1}


def test_names_that_were_read_in_another_encoding_are_told_from_those_with_marks(warehouse):
    right = ["CORAÇÃO", "MAÇÃ", "Solidão", "Ägir", "Señal ¿Sí?", "月の歌", "Ну", "A … “B”"]
    broken = [name.encode().decode("cp1252", "replace") for name in ("Solidão", "Señal", "Måne", "“B”", "Fjære")]
    chart = [track(rank, str(rank), track_name=name) for rank, name in enumerate([*right, *broken, "Sol\ufffd"], 1)]
    put_snapshot(warehouse.lake, "top_played", "2026-11-22", chart)
    warehouse.crawl()

    found = rows(warehouse, PIPELINE_HEALTH, "2026-11-22", "feed", "figure", "value")

    assert ("top_played", "broken_name_share", pytest.approx(6 / 14)) in found


def test_a_day_sees_nothing_beyond_its_window(warehouse):
    windows = SnapshotWindows(warehouse.lake, warehouse.sql, DEFAULT_FEEDS, "2026-10-01", "2026-11-22")
    assert [(window.feed, window.previous) for window in windows.of("2026-11-22", 1)] == [
        ("popular_songs", None),
        ("top_played", "2026-11-21"),
    ]


def test_sql_uses_only_functions_that_mean_the_same_in_trino_and_duckdb():
    import sqlglot
    from sqlglot import exp

    from pyspotify_assets.sql import sql_text

    known = {"count", "min", "max", "avg", "sum", "coalesce", "concat", "year", "cast", "case", "if", "and", "or"}
    # Of the listening history: ISO days of the week, Monday is 1; at_timezone of an instant gives the local clock.
    known |= {"row_number", "hour", "dayofweek_iso"}
    # Of the health: a class of letters written out; days between dates (of timestamps, and of months, they differ).
    known |= {"lag", "abs", "regexp_like", "datediff"}
    # Of the dashboard, in UTC on Athena; a day more or less at its far end is of no weight.
    known |= {"current_date"}
    for name in (
        "all_feeds",
        "counts",
        "report_day",
        "report_snapshots",
        "report_history",
        "report_hours",
        "report_tracks",
        "report_listening",
        *(mart.name for mart in (*MARTS, *LISTENING)),
        *(f"dashboard_{mart.name}" for mart in MARTS),
    ):
        tree = sqlglot.parse_one(sql_text(name), read="athena")
        used = {function.sql_name().lower() for function in tree.find_all(exp.Func)}
        assert used <= known, f"sql/{name}.sql uses {used - known}"
