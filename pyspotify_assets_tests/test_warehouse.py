"""The local warehouse: what its crawler adds to the catalog, and what its SQL engine answers."""

import json
import shutil
import subprocess
import sys

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pyspotify_assets.errors import CrawlError, QueryError
from pyspotify_assets.feeds import DEFAULT_FEEDS, Feed
from pyspotify_assets.lake import Lake
from pyspotify_assets.schemas import arrow_schema
from pyspotify_assets.tables import RELEASE_PROFILE
from pyspotify_assets.warehouse.local_catalog import LocalCatalog
from pyspotify_assets.warehouse.local_crawler import LocalCrawler
from pyspotify_assets.warehouse.local_engine import LocalEngine
from pyspotify_assets_tests.builders import put_raw, put_snapshot, track

DAY = "2026-11-22"

ONE_ROW = (
    "SELECT 'x' AS feed, 2020 AS release_year, {tracks} AS tracks, 1.0 AS mean_popularity, 2.0 AS mean_duration_ms"
)

WRITE_DAYS = f"""
import sys
from pyspotify_assets.lake import Lake
from pyspotify_assets.tables import RELEASE_PROFILE
from pyspotify_assets.warehouse.local_engine import LocalEngine
sql = LocalEngine(Lake.at(sys.argv[1]))
for day in sys.argv[2].split(","):
    sql.write_partition("{ONE_ROW.format(tracks=1)}", RELEASE_PROFILE, day, sys.argv[3], (day, day))
    sql.point(RELEASE_PROFILE, day, sys.argv[3], {{}})
"""


@pytest.fixture
def lake(tmp_path) -> Lake:
    lake = Lake.at(str(tmp_path / "lake"))
    put_snapshot(lake, "popular_songs", DAY, [track(1, "A"), track(2, "B", track_name='say "hi", ok')])
    return lake


def crawl(lake: Lake, area: str = "refined"):
    return {crawled.table.name: crawled for crawled in LocalCrawler(lake).crawl(area, DEFAULT_FEEDS)}


def test_a_crawl_adds_new_days_once_and_drops_those_that_are_gone(lake, tmp_path):
    assert crawl(lake)["popular_songs"].added == [DAY]
    again = crawl(lake)["popular_songs"]
    assert (again.added, again.partitions) == ([], 1)
    shutil.rmtree(tmp_path / "lake" / "refined")
    assert crawl(lake)["popular_songs"].removed == [DAY]


def test_a_feed_without_any_day_is_an_empty_table_with_its_columns(lake):
    crawl(lake)
    result = LocalEngine(lake).query("SELECT * FROM spotify_refined.top_played")
    assert result.num_rows == 0
    assert result.column_names[:2] == ["rank", "track_id"]


def test_a_file_whose_columns_differ_is_reported_as_drift(lake):
    place = lake.place(("refined", "top_played"), DAY)
    with place.staged() as staged:
        pq.write_table(pa.table({"rank": ["one"], "surprise": [1]}), staged)
        place.publish(staged)
    drift = " ".join(crawl(lake)["top_played"].drift)
    assert "rank is string, declared int32" in drift
    assert "surprise is not declared" in drift
    assert "track_name is missing" in drift


def test_a_raw_header_that_differs_and_a_file_that_cannot_be_read_are_drift(lake):
    for feed, content in (("top_played", b'"rank","other"\n'), ("popular_songs", b"")):
        place = lake.place(("raw", feed), "2026-11-21")
        with place.staged() as staged:
            staged.write_bytes(content)
            place.publish(staged)
    crawled = crawl(lake, "raw")
    assert "header" in crawled["top_played"].drift[0]
    assert "header" in crawled["popular_songs"].drift[0]


def test_raw_tables_are_text_and_keep_commas_and_quotes(lake):
    crawl(lake, "raw")
    result = LocalEngine(lake).query("SELECT rank, track_name FROM spotify_raw.popular_songs ORDER BY rank")
    assert result.to_pylist() == [{"rank": "1", "track_name": "Song A"}, {"rank": "2", "track_name": 'say "hi", ok'}]


def test_only_the_days_that_are_asked_for_are_opened(lake):
    put_snapshot(lake, "popular_songs", "2026-11-21", [track(1, "A")])
    crawl(lake)
    lake.place(("refined", "popular_songs"), "2026-11-21").store.delete(
        lake.place(("refined", "popular_songs"), "2026-11-21").key
    )
    sql = LocalEngine(lake)
    query = f"SELECT count(*) AS n FROM spotify_refined.popular_songs WHERE snapshot_date = '{DAY}'"
    assert sql.query(query).to_pylist() == [{"n": 2}]
    assert sql.query("SELECT count(*) AS n FROM spotify_refined.popular_songs", DAY, DAY).to_pylist() == [{"n": 2}]


def test_athena_sql_means_in_duckdb_what_it_means_in_athena(lake):
    crawl(lake)
    query = (
        "SELECT 7 / 2 AS whole, 'a' || 'b' AS joined, CAST('2' AS integer) AS two, "
        "cardinality(artist_names) AS artists FROM spotify_refined.popular_songs WHERE rank = 1"
    )
    assert LocalEngine(lake).query(query).to_pylist() == [{"whole": 3, "joined": "ab", "two": 2, "artists": None}]


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("SELEC 1", "cannot be read|not ALIAS"),
        ("DROP TABLE spotify_raw.popular_songs", "DROP"),
        ("SELECT 1; SELECT 2", "2 statements"),
        ("", "0 statements"),
        ("SELECT * FROM spotify_refined.nothing", "spotify_refined.popular_songs"),
        ("SELECT * FROM popular_songs", "no table popular_songs"),
        ("SELECT nothing FROM spotify_refined.popular_songs", "nothing"),
        ("SELECT * FROM read_csv('/etc/passwd')", "disabled"),
    ],
)
def test_what_cannot_be_answered_is_a_query_error_that_says_why(lake, query, named):
    crawl(lake)
    with pytest.raises(QueryError, match=named):
        LocalEngine(lake).query(query)


def test_a_mart_is_not_seen_before_it_is_pointed_to_and_then_whole(lake):
    sql = LocalEngine(lake)
    for number, run in enumerate(("one", "two", "three"), 1):
        seen = tracks(sql)
        sql.write_partition(ONE_ROW.format(tracks=number), RELEASE_PROFILE, DAY, run, (DAY, DAY))
        assert tracks(sql) == seen
        sql.point(RELEASE_PROFILE, DAY, run, {"fingerprint": run})
        assert tracks(sql) == [number]
    left = sorted(info.key.split("/")[1] for info in lake.stores["marts"].objects("release_profile/"))
    assert left == ["three", "two"], "the object before is kept for its readers, the one before that is not"
    assert sql.partitions("spotify_marts", "release_profile")[0].notes == {"fingerprint": "three"}


def tracks(sql: LocalEngine) -> list[int]:
    if not sql.partitions("spotify_marts", "release_profile"):
        return []
    return sql.query("SELECT tracks FROM spotify_marts.release_profile")["tracks"].to_pylist()


def test_a_result_that_does_not_fit_the_declaration_is_refused(lake):
    with pytest.raises((QueryError, ValueError, KeyError)):
        LocalEngine(lake).write_partition("SELECT 1 AS nonsense", RELEASE_PROFILE, DAY, "run", (DAY, DAY))
    assert list(lake.stores["marts"].objects("")) == []


def test_the_catalog_can_be_read_by_a_duckdb_shell(lake, tmp_path):
    crawl(lake, "raw")
    crawl(lake)
    connection = duckdb.connect()
    connection.execute((tmp_path / "lake" / "catalog" / "catalog.sql").read_text(encoding="utf-8"))
    query = (
        "SELECT r.track_name, f.rank, f.snapshot_date FROM spotify_raw.popular_songs r "
        "JOIN spotify_refined.popular_songs f USING (track_id) ORDER BY f.rank"
    )
    assert connection.sql(query).fetchall() == [("Song A", 1, DAY), ('say "hi", ok', 2, DAY)]


def test_a_damaged_catalog_file_is_named_with_the_remedy(lake, tmp_path):
    crawl(lake)
    (tmp_path / "lake" / "catalog" / "spotify_refined" / "popular_songs" / "table.json").write_text("{")
    with pytest.raises(CrawlError, match=r"table\.json is not JSON.*\n.*Delete"):
        crawl(lake)


def test_a_feed_may_be_named_like_a_word_of_sql(lake):
    feed = Feed("select", "search", query="x")
    put_snapshot(lake, "select", DAY, [track(1, "A")])
    LocalCrawler(lake).crawl("refined", [feed])
    assert LocalEngine(lake).query('SELECT rank FROM spotify_refined."select"').num_rows == 1


def test_processes_that_crawl_and_point_at_once_lose_no_partition(tmp_path):
    lake = Lake.at(str(tmp_path / "lake"))
    days = [f"2026-11-{number:02}" for number in range(1, 21)]
    for day in days:
        put_raw(lake, "popular_songs", day, [track(1, "A")])
    halves = (days[::2], days[1::2])
    processes = [
        subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-c", WRITE_DAYS, lake.address, ",".join(half), f"run{number}"]
        )
        for number, half in enumerate(halves)
    ]
    assert [process.wait(60) for process in processes] == [0, 0]
    assert [partition.day for partition in LocalEngine(lake).partitions("spotify_marts", "release_profile")] == days


def test_what_a_person_reads_in_the_catalog_is_json_with_every_column(lake, tmp_path):
    crawl(lake)
    document = json.loads((tmp_path / "lake/catalog/spotify_refined/popular_songs/table.json").read_text())
    assert [column["name"] for column in document["columns"]] == arrow_schema_names()
    assert (
        LocalCatalog(lake)
        .days(LocalCatalog(lake).table("spotify_refined", "popular_songs"))[DAY]
        .key.endswith(".parquet")
    )


def arrow_schema_names() -> list[str]:
    from pyspotify_assets.tables import SNAPSHOT

    return arrow_schema(SNAPSHOT).names
