"""The SQL behind the dashboard, over marts made of tiny charts: its columns are as declared, its words are right."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from pyspotify_assets.daily.mart import SnapshotWindows, make_mart_day
from pyspotify_assets.feeds import DEFAULT_FEEDS
from pyspotify_assets.lake import Lake
from pyspotify_assets.names import AwsNames
from pyspotify_assets.quicksight.data_sets import DATA_SETS, DAYS, DataSet, data_set
from pyspotify_assets.quicksight.declared import data_set_sql
from pyspotify_assets.tables import MARTS
from pyspotify_assets.warehouse.local_crawler import LocalCrawler
from pyspotify_assets.warehouse.local_engine import LocalEngine
from pyspotify_assets_tests.builders import put_snapshot, track

TODAY = datetime.now(UTC).date()
"""The SQL counts back from it."""
TYPES = {
    "STRING": pa.types.is_string,
    "INTEGER": pa.types.is_integer,
    "DECIMAL": pa.types.is_floating,
    "DATETIME": pa.types.is_date,
}


def days_ago(number: int) -> str:
    return (TODAY - timedelta(days=number)).isoformat()


OLD, FIRST, SECOND, THIRD = days_ago(DAYS + 1), days_ago(3), days_ago(2), days_ago(1)


@pytest.fixture(scope="module")
def sql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalEngine]:
    """Three days of one feed, one day of the other, and one that is too old to be shown."""
    lake = Lake.at(str(tmp_path_factory.mktemp("lake")))
    charts = {OLD: "Z", FIRST: "ABC", SECOND: "BAD", THIRD: "DBAC"}
    for day, names in charts.items():
        rows = [track(rank, name, artist_name="Duo" if name in "AB" else None) for rank, name in enumerate(names, 1)]
        put_snapshot(lake, "popular_songs", day, rows)
    put_snapshot(lake, "top_played", SECOND, [track(1, "X", release_date=None)])
    LocalCrawler(lake).crawl("refined", DEFAULT_FEEDS)
    engine = LocalEngine(lake)
    windows = SnapshotWindows(lake, engine, DEFAULT_FEEDS, days_ago(DAYS + 40), THIRD)
    for mart in MARTS:
        for day in charts:
            make_mart_day(engine, mart, day, "run", 28, windows.of(day, 28))
    yield engine


def rows(sql: LocalEngine, mart: str, *columns: str) -> list[tuple]:
    found = sql.query(data_set_sql(data_set(mart), AwsNames())).to_pylist()
    return sorted((tuple(row[column] for column in columns) for row in found), key=str)


@pytest.mark.parametrize("one", DATA_SETS, ids=lambda one: one.mart)
def test_the_sql_gives_exactly_the_declared_columns_in_their_types(sql, one: DataSet):
    schema = sql.query(data_set_sql(one, AwsNames())).schema

    assert schema.names == [field.name for field in one.fields]
    for field in one.fields:
        assert TYPES[field.type](schema.field(field.name).type), field.name


@pytest.mark.parametrize("one", DATA_SETS, ids=lambda one: one.mart)
def test_only_the_last_weeks_are_read(sql, one: DataSet):
    assert {day for (day,) in rows(sql, one.mart, "day")} <= {date.fromisoformat(day) for day in (FIRST, SECOND, THIRD)}


def test_each_feed_has_its_own_newest_day_and_any_other_is_named(sql):
    editions = set(rows(sql, "chart_movement", "feed", "edition", "day"))

    assert editions == {
        ("popular_songs", FIRST, date.fromisoformat(FIRST)),
        ("popular_songs", SECOND, date.fromisoformat(SECOND)),
        ("popular_songs", "newest", date.fromisoformat(THIRD)),
        ("top_played", "newest", date.fromisoformat(SECOND)),
    }


def test_a_track_is_told_by_what_it_did(sql):
    courses = rows(sql, "chart_movement", "edition", "track", "course", "newest_rank")

    assert (FIRST, "Song A · Duo", "first day", 3) in courses
    assert (SECOND, "Song B · Duo", "climbing", 2) in courses
    assert (SECOND, "Song A · Duo", "falling", 3) in courses
    assert (SECOND, "Song D · ?", "new", 1) in courses
    assert ("newest", "Song D · ?", "climbing", 1) in courses
    assert ("newest", "Song C · ?", "returning", 4) in courses


def test_rank_upside_down_stands_highest_for_the_first(sql):
    heights = [height for edition, height in rows(sql, "chart_movement", "edition", "height") if edition == SECOND]
    assert sorted(heights, reverse=True) == [-1, -2, -3]


def test_exits_of_an_earlier_day_are_not_taken_for_the_newest(sql):
    """Nobody left on the third day: the mart has no row of it, and its own newest day is the second."""
    assert rows(sql, "chart_exits", "edition", "track", "last_rank") == [(SECOND, "Song C · ?", 3)]


def test_artists_and_years_of_every_day(sql):
    assert ("newest", "Duo", 2, 2) in rows(sql, "top_artists", "edition", "artist", "tracks", "newest_tracks")
    assert ("top_played", "unknown", 1) in rows(sql, "release_profile", "feed", "release_year", "tracks")
    [minutes] = {row[0] for row in rows(sql, "release_profile", "mean_minutes")}
    assert minutes == pytest.approx(200_000 / 60_000)


def test_the_days_that_are_read_are_those_that_are_told():
    for one in DATA_SETS:
        assert f"INTERVAL '{DAYS}' DAY" in data_set_sql(one, AwsNames())


def test_what_is_sent_has_no_comment_that_would_end_the_query_around_it(tmp_path: Path):
    assert not [
        one.mart for one in DATA_SETS if "--" in data_set_sql(one, AwsNames()) or "/*" in data_set_sql(one, AwsNames())
    ]
