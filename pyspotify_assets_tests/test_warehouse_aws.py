"""Crawler and Athena on an endpoint that crawls and queries for real: two days from the lake to the marts.

What the stack makes is made here by hand, so that only the warehouse is under test; `aws/` deploys the stack itself.
"""

from __future__ import annotations

import json
import os
from urllib.parse import urlsplit

import pytest

from infra.classifier import classifier_input
from pyspotify_assets.aws.session import client, filled
from pyspotify_assets.daily.mart import SnapshotWindows, make_mart_day
from pyspotify_assets.errors import CrawlError, QueryError
from pyspotify_assets.feeds import DEFAULT_FEEDS
from pyspotify_assets.lake import Lake
from pyspotify_assets.tables import MARTS
from pyspotify_assets.warehouse import Crawler, SqlEngine, declared_tables
from pyspotify_assets.warehouse.athena_engine import AthenaEngine
from pyspotify_assets.warehouse.glue_crawler import GlueCrawler
from pyspotify_assets.warehouse.local_crawler import LocalCrawler
from pyspotify_assets.warehouse.local_engine import LocalEngine
from pyspotify_assets_tests import migrated
from pyspotify_assets_tests.builders import put_snapshot, track
from pyspotify_assets_tests.glue_tables import new_stage

pytestmark = pytest.mark.aws

FIRST, SECOND = "2026-11-21", "2026-11-22"
LOOKBACK = 28
LEAST_CUTOFF = 10_000_000
"""Bytes: Athena takes no lower limit for a workgroup's queries."""

ODD = 'say "hi", \\back\\ and ☃'


@pytest.fixture
def settings(monkeypatch):
    """A stage with buckets, tables, crawlers and workgroup."""
    endpoint = os.environ.get("PYSPOTIFY_TEST_AWS_ENDPOINT", "")
    if not endpoint:
        pytest.skip("PYSPOTIFY_TEST_AWS_ENDPOINT is not set: this needs an endpoint that crawls and queries for real")
    if (urlsplit(endpoint).hostname or "").endswith("amazonaws.com"):
        pytest.skip("AWS itself needs roles with rights: the test in aws/ deploys them")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, os.environ.get(name, "test"))
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    settings = new_stage()
    make_crawlers(settings)
    make_workgroup(settings, LEAST_CUTOFF)
    return settings


def make_crawlers(settings) -> None:
    lake, glue = Lake.at(**settings.lake_places()), client("glue")
    trusted = {"Effect": "Allow", "Principal": {"Service": "glue.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [trusted]})
    role = client("iam").create_role(RoleName=settings.names.role("crawler"), AssumeRolePolicyDocument=trust)["Role"]
    glue.create_classifier(CsvClassifier=classifier_input(settings))
    for area in ("raw", "refined"):
        roots = [lake.root((area, table.name)) for table in declared_tables(area, DEFAULT_FEEDS)]
        glue.create_crawler(
            Name=settings.names.crawler(area),
            Role=role["Arn"],
            DatabaseName=settings.names.database(area),
            Targets={"S3Targets": [{"Path": f"{root}/"} for root in roots]},
            SchemaChangePolicy={"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"},
            Configuration=json.dumps(
                {"Version": 1.0, "CrawlerOutput": {"Partitions": {"AddOrUpdateBehavior": "InheritFromTable"}}}
            ),
            **({"Classifiers": [settings.names.classifier]} if area == "raw" else {}),
        )


def make_workgroup(settings, cutoff: int) -> None:
    results = {"OutputLocation": f"s3://{filled(settings.bucket('athena'))}/results/"}
    client("athena").create_work_group(
        Name=settings.names.workgroup,
        Configuration={
            "ResultConfiguration": results,
            "EnforceWorkGroupConfiguration": True,
            "BytesScannedCutoffPerQuery": cutoff,
        },
    )


def put_days(lake: Lake, *days: str) -> None:
    for day in days:
        newest = [track(3, "new")] if day == SECOND else [track(3, "gone", popularity=None)]
        put_snapshot(lake, "popular_songs", day, [track(1, "A"), track(2, "B", track_name=ODD), *newest])
        put_snapshot(lake, "top_played", day, [track(1, "B", popularity=None), track(2, None, track_name=ODD)])


def crawl(crawler: Crawler) -> dict[str, list[str]]:
    """Crawl both areas; gives what was added to each table, and asserts that nothing differs from the declaration."""
    crawled = [table for area in ("raw", "refined") for table in crawler.crawl(area, DEFAULT_FEEDS)]
    assert not any(table.drift for table in crawled)
    of_feeds = [table for table in crawled if table.table.name != "plays"]  # Nothing has been imported.
    return {f"{table.table.area}/{table.table.name}": list(table.added) for table in of_feeds}


def make_marts(sql: SqlEngine, lake: Lake, day: str, run: str) -> None:
    for mart in MARTS:
        windows = SnapshotWindows(lake, sql, DEFAULT_FEEDS, "2026-10-01", day).of(day, LOOKBACK)
        make_mart_day(sql, mart, day, run, LOOKBACK, windows)


def rows(sql: SqlEngine, table: str) -> list[dict[str, object]]:
    return sorted(sql.query(f"SELECT * FROM {table}").to_pylist(), key=repr)


def test_two_days_from_the_lake_to_the_marts_are_those_of_the_local_environment(settings, tmp_path):
    here, there = Lake.at(str(tmp_path / "lake")), Lake.at(**settings.lake_places())
    local, athena = LocalEngine(here), AthenaEngine(there, settings.names, 60)
    crawlers = LocalCrawler(here), GlueCrawler(there, settings.names, 60)
    for day in (FIRST, SECOND):
        put_days(here, day)
        put_days(there, day)
        added = [crawl(crawler) for crawler in crawlers]
        assert added[0] == added[1]
        assert set(map(tuple, added[1].values())) == {(day,)}
        make_marts(local, here, day, "run")
        with athena.metered() as figures:
            make_marts(athena, there, day, "run")
        assert figures["bytes_scanned"] > 0
        assert figures["cost_usd"] == pytest.approx(len(MARTS) * 0.00005)

    assert not any(crawl(crawlers[1]).values()), "another crawl finds nothing new"
    for mart in MARTS:
        assert rows(athena, f"spotify_marts.{mart.name}") == rows(local, f"spotify_marts.{mart.name}")
        assert rows(athena, f"spotify_marts.{mart.name}")
    for feed in DEFAULT_FEEDS:
        # Athena's reader of CSV cannot tell an empty value from none.
        texts = [{name: text or "" for name, text in row.items()} for row in rows(local, f"spotify_raw.{feed.name}")]
        assert rows(athena, f"spotify_raw.{feed.name}") == sorted(texts, key=repr)
        assert any(row["track_name"] == ODD for row in texts)
        for column in ("rank", "track_name", "popularity", "released_on", "duration_ms"):
            query = f"SELECT snapshot_date, {column} FROM spotify_refined.{feed.name} ORDER BY snapshot_date, rank"
            assert athena.query(query) == local.query(query)


def test_a_day_made_again_is_pointed_to_anew_and_the_one_before_the_last_goes(settings):
    lake = Lake.at(**settings.lake_places())
    sql = AthenaEngine(lake, settings.names, 60)
    put_days(lake, FIRST)
    crawl(GlueCrawler(lake, settings.names, 60))
    seen = []
    for run in ("one", "two", "two", "three"):
        make_marts(sql, lake, FIRST, run)
        seen.append(rows(sql, "spotify_marts.chart_movement"))
    assert seen[0]
    assert all(again == seen[0] for again in seen)
    left = {info.key.split("/")[1] for info in lake.stores["marts"].objects("chart_movement/")}
    assert len(left) == 2
    assert "three" in left
    assert "one" not in left


def test_what_an_endpoint_refuses_for_real_is_named(settings):
    lake = Lake.at(**settings.lake_places())
    sql, names = AthenaEngine(lake, settings.names, 60), settings.names
    put_days(lake, FIRST)
    crawler = GlueCrawler(lake, names, 60)
    crawl(crawler)
    with pytest.raises(QueryError, match="nothing"):
        sql.query("SELECT nothing FROM spotify_refined.popular_songs")
    with pytest.raises(QueryError, match="TABLE_NOT_FOUND") as error:
        sql.query("SELECT * FROM spotify_refined.nothing")
    assert "make deploy" in error.value.remedy

    place = lake.place(("raw", "popular_songs"), FIRST)
    header, _, rest = place.store.read(place.key).partition(b"\n")
    with place.staged() as staged:
        staged.write_bytes(header + b"\n" + rest * (LEAST_CUTOFF // len(rest) + 1))
        place.publish(staged)
    with pytest.raises(QueryError, match=r"at most 10,000,000 bytes: .*limit was exceeded"):
        sql.query("SELECT count(*) AS n FROM spotify_raw.popular_songs")
    client("athena").delete_work_group(WorkGroup=names.workgroup, RecursiveDeleteOption=True)
    with pytest.raises(QueryError, match=names.workgroup):
        sql.query("SELECT 1")
    client("glue").delete_crawler(Name=names.crawler("raw"))
    with pytest.raises(CrawlError, match=f"The crawler {names.crawler('raw')} is not there"):
        crawler.crawl("raw", DEFAULT_FEEDS)


AFTER = (
    f"""
import json, sys
from datetime import UTC, datetime
from infra.catalog import table_input
from infra.partitions import follow_files
from infra.places import filled_in
from pyspotify_assets.aws.session import client
from pyspotify_assets.daily.mart import SnapshotWindows, make_mart_day
from pyspotify_assets.daily.refined import refine_day
from pyspotify_assets.feeds import DEFAULT_FEEDS
from pyspotify_assets.lake import Lake
from pyspotify_assets.raw_csv import write_raw_csv
from pyspotify_assets.settings import load_settings
from pyspotify_assets.tables import RELEASE_PROFILE, SNAPSHOT
from pyspotify_assets.warehouse import declared_tables
from pyspotify_assets.warehouse.athena_engine import AthenaEngine
from pyspotify_assets.warehouse.glue_crawler import GlueCrawler

FIRST, SECOND = {FIRST!r}, {SECOND!r}
"""
    + """
settings = load_settings(env="aws", stage=sys.argv[1])
lake, seen = Lake.at(**settings.lake_places()), {}
sql, crawler = AthenaEngine(lake, settings.names, 60), GlueCrawler(lake, settings.names, 60)

def drift():
    return [words for area in ("raw", "refined") for one in crawler.crawl(area, DEFAULT_FEEDS) for words in one.drift]

added = "label" in SNAPSHOT.column_names
# The stand-in cannot read lines of different lengths, as Athena does when a column has been added at the end:
# https://docs.aws.amazon.com/athena/latest/ug/handling-schema-updates-chapter.html
AREAS = ("refined",) if added else ("raw", "refined")

def answers():
    shown = "snapshot_date, rank, popularity, length_ms" + (", label" if added else "")
    query = "SELECT {} FROM spotify_{}.popular_songs AS songs ORDER BY 1, 2"
    return {
        area: [list(row.values()) for row in sql.query(query.format(shown, area)).to_pylist()] for area in AREAS
    }

seen["before deploy"] = drift()
for area in ("raw", "refined", "marts"):  # What CloudFormation does with tables that have changed.
    for table in declared_tables(area, DEFAULT_FEEDS):
        changed = filled_in(table_input(table, settings))
        client("glue").update_table(DatabaseName=settings.names.database(area), TableInput=changed)
seen["old"] = answers()
song = {"rank": 1, "track_id": "A", "track_name": "Song A", "popularity": 60, "length_ms": 210_000, "label": "Some",
        "release_date": "2025", "snapshot_at": datetime(2026, 11, 22, tzinfo=UTC), "source": "sample:test"}
place = lake.place(("raw", "popular_songs"), SECOND)
with place.staged() as staged:
    with open(staged, "wb") as file:
        write_raw_csv([song], file)
    place.publish(staged)
refine_day(lake, "popular_songs", SECOND)
seen["after deploy"] = drift()
seen["both"] = answers()
windows = SnapshotWindows(lake, sql, DEFAULT_FEEDS, "2026-10-01", SECOND).of(FIRST, 28)
seen["mart"] = make_mart_day(sql, RELEASE_PROFILE, FIRST, "run", 28, windows)[2].to_pylist()[0]["mean_duration_ms"]
seen["followed"] = [follow_files(settings, DEFAULT_FEEDS)]
refine_day(lake, "popular_songs", FIRST)
seen["followed"] += [follow_files(settings, DEFAULT_FEEDS) for _ in range(2)]
database = settings.names.database("refined")
seen["types"] = [
    {column["Name"]: column["Type"] for column in partition["StorageDescriptor"]["Columns"]}["rank"]
    for partition in client("glue").get_partitions(DatabaseName=database, TableName="popular_songs")["Partitions"]
]
seen["again"] = answers()
print(json.dumps(seen))
"""
)


@pytest.mark.parametrize("kinds", [tuple(migrated.KINDS), ("renamed", "widened", "dropped")], ids="+".join)
def test_a_lake_of_before_a_migration_is_crawled_and_queried_under_the_new_declaration(settings, tmp_path, kinds):
    lake = Lake.at(**settings.lake_places())
    put_snapshot(lake, "popular_songs", FIRST, [track(1, "A", album_type="album"), track(2, "B", popularity=None)])
    crawl(GlueCrawler(lake, settings.names, 60))

    seen = migrated.run(migrated.change(tmp_path, *kinds), AFTER, settings.stage)

    assert any("length_ms is missing" in words for words in seen["before deploy"])
    assert seen["after deploy"] == []
    refined = [[FIRST, 1, 50, 200_000, None], [FIRST, 2, None, 200_000, None], [SECOND, 1, 60, 210_000, "Some"]]
    if "added" not in kinds:
        refined = [row[:-1] for row in refined]
        raw = [[row[0], *("" if value is None else str(value) for value in row[1:])] for row in refined]
        # Athena's reader of CSV cannot tell an empty value from none.
        assert [[text or "" for text in row] for row in seen["old"]["raw"]] == raw[:2]
        assert [[text or "" for text in row] for row in seen["both"]["raw"]] == raw
    assert seen["old"]["refined"] == refined[:2]
    assert seen["both"]["refined"] == seen["again"]["refined"] == refined
    assert seen["mart"] == 200_000.0
    assert seen["followed"] == [0, 1, 0], "a partition follows its file once that has been made anew"
    assert seen["types"] == ["bigint", "bigint"]
