"""A declaration is changed, and the lake of before stays readable: by the IO manager, in SQL, to crawls and refining.

The lake is written by this package, and then looked at by a copy of it with another declaration; see `migrated.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pyspotify_assets.feeds import DEFAULT_FEEDS
from pyspotify_assets.lake import Lake
from pyspotify_assets.tables import SNAPSHOT
from pyspotify_assets.warehouse.local_crawler import LocalCrawler
from pyspotify_assets_tests import migrated
from pyspotify_assets_tests.builders import put_snapshot, track

OLD, NEW = "2026-11-21", "2026-11-22"

LOOK = (
    f"""
import io, json, sys
import duckdb
import pyarrow as pa
from datetime import UTC, datetime
from pyspotify_assets.daily.mart import SnapshotWindows, make_mart_day
from pyspotify_assets.daily.notes import Notes
from pyspotify_assets.daily.refined import refine_day, refined_fingerprint
from pyspotify_assets.feeds import DEFAULT_FEEDS
from pyspotify_assets.io_manager import LakeIOManager
from pyspotify_assets.raw_csv import write_raw_csv
from pyspotify_assets.tables import RELEASE_PROFILE, SNAPSHOT
from pyspotify_assets.warehouse.local_catalog import LocalCatalog
from pyspotify_assets.warehouse.local_crawler import LocalCrawler
from pyspotify_assets.warehouse.local_engine import LocalEngine, view_statements

OLD, NEW = {OLD!r}, {NEW!r}
"""
    + """
manager = LakeIOManager(address=sys.argv[1])
lake, sql, seen = manager.lake, LocalEngine(manager.lake), {}
songs = ("refined/popular_songs", "raw/popular_songs")
length = "length_ms" if "length_ms" in SNAPSHOT.column_names else "duration_ms"

def rows(table):
    return json.loads(json.dumps(table.to_pylist(), default=str))

def crawl():
    return {
        f"{area}/{one.table.name}": {"added": list(one.added), "drift": list(one.drift)}
        for area in ("raw", "refined")
        for one in LocalCrawler(lake).crawl(area, DEFAULT_FEEDS)
    }

for name in songs:
    seen[f"old {name}"] = rows(manager.read(name, OLD, as_=pa.Table))
seen["types"] = {field.name: str(field.type) for field in manager.read(songs[0], OLD, as_=pa.Table).schema}
seen["frame"] = list(manager.read(songs[0], OLD, columns=["track_name", length]).columns)

place = lake.place(("raw", "popular_songs"), NEW)
with place.staged() as staged:
    with open(staged, "wb") as file:
        write_raw_csv([
            {"rank": 1, "track_id": "A", "track_name": "Song A", "popularity": 60, length: 210_000, "label": "Some",
             "release_date": "2025", "snapshot_at": datetime(2026, 11, 22, tzinfo=UTC), "source": "sample:test"},
        ], file)
    place.publish(staged)
seen["new header"] = place.store.read(place.key).decode().splitlines()[0].replace('"', "").split(",")
refine_day(lake, "popular_songs", NEW)
for name in songs:
    seen[f"both {name}"] = rows(manager.read(name, (OLD, NEW), as_=pa.Table))
    reader = manager.read(name, (OLD, NEW), as_=pa.RecordBatchReader)
    assert rows(reader.read_all()) == seen[f"both {name}"]

seen["crawl"] = crawl()
extra = ", label" if "label" in SNAPSHOT.column_names else ""
for area in ("raw", "refined"):
    table = f"spotify_{area}.popular_songs"
    shown = f"SELECT snapshot_date, rank, popularity, {length}{extra} FROM {table}"
    seen[f"sql {area}"] = rows(sql.query(f"{shown} ORDER BY 1, 2"))
    seen[f"star {area}"] = sql.query(f"SELECT * FROM {table} ORDER BY snapshot_date, rank").column_names
    again = sql.query(
        f"WITH t AS (SELECT s.{length}, {table}.rank FROM {table} AS s JOIN {table} ON s.rank = {table}.rank "
        f"AND s.snapshot_date = {table}.snapshot_date) SELECT count({length}) AS n FROM t"
    )
    seen[f"joined {area}"] = rows(again)
above = f"SELECT rank FROM spotify_refined.popular_songs WHERE popularity > 50 OR {length} < 0"
seen["filtered"] = rows(sql.query(above))

connection = duckdb.connect()
for statement in view_statements(LocalCatalog(lake)) if not sys.argv[1].startswith("s3://") else ():
    connection.execute(statement)
    seen["views"] = True
if "views" in seen:
    for area in ("raw", "refined"):
        found = connection.sql(
            f"SELECT snapshot_date, rank, popularity, {length}{extra} FROM spotify_{area}.popular_songs ORDER BY 1, 2"
        )
        assert rows(found.to_arrow_table()) == seen[f"sql {area}"], area

windows = SnapshotWindows(lake, sql, DEFAULT_FEEDS, "2026-10-01", NEW)
for day in (OLD, NEW):
    _, _, made = make_mart_day(sql, RELEASE_PROFILE, day, "r", 28, windows.of(day, 28))
    seen[f"mart {day}"] = rows(made)

raw, refined = (lake.place((area, "popular_songs"), OLD) for area in ("raw", "refined"))
seen["stale"] = Notes.from_texts(refined.info().notes).fingerprint != refined_fingerprint(raw)
notes = refine_day(lake, "popular_songs", OLD).notes
seen["counts"] = dict(notes.counts)
seen["again"] = rows(manager.read(songs[0], OLD, as_=pa.Table))
seen["crawl again"] = crawl()
seen["sql again"] = rows(sql.query(f"SELECT {length} FROM spotify_refined.popular_songs ORDER BY snapshot_date, rank"))
print(json.dumps(seen))
"""
)

RAW, REFINED = "raw/popular_songs", "refined/popular_songs"


def looked_at(address: str, folder: Path, *kinds: str) -> dict[str, Any]:
    """What the project sees after the migration of a lake that was written before it."""
    lake = Lake.at(address)
    songs = [track(1, "A", album_type="album"), track(2, "B", album_type="single", popularity=None)]
    put_snapshot(lake, "popular_songs", OLD, songs)
    for area in ("raw", "refined"):
        LocalCrawler(lake).crawl(area, DEFAULT_FEEDS)
    return dict(migrated.run(migrated.change(folder, *kinds), LOOK, address))


@pytest.mark.slow
@pytest.mark.parametrize("kind", migrated.KINDS)
def test_each_kind_alone_leaves_the_lake_readable_on_a_folder_and_on_s3(kind, address, tmp_path):
    seen = looked_at(address, tmp_path / "after", kind)
    assert [row["popularity"] for row in seen[f"both {REFINED}"]] == [50, None, 60]
    length = "length_ms" if kind == "renamed" else "duration_ms"
    assert [row[length] for row in seen["sql refined"]] == [200_000, 200_000, 210_000]
    assert not any(crawled["drift"] for crawled in [*seen["crawl"].values(), *seen["crawl again"].values()])
    assert seen["stale"]
    assert seen["again"] == seen[f"old {REFINED}"]


@pytest.fixture(scope="module")
def seen(tmp_path_factory) -> Mapping[str, Any]:
    """All four kinds of migration at once, over a lake in a folder."""
    folder = tmp_path_factory.mktemp("migration")
    return looked_at(str(folder / "lake"), folder, *migrated.KINDS)


def test_an_added_column_is_null_in_files_of_before(seen):
    assert [row["label"] for row in seen[f"both {REFINED}"]] == [None, None, "Some"]
    assert [row["label"] for row in seen[f"both {RAW}"]] == [None, None, "Some"]
    assert [row["label"] for row in seen["sql refined"]] == [None, None, "Some"]
    assert [row["label"] for row in seen["sql raw"]] == [None, None, "Some"]


def test_a_renamed_column_has_its_values_of_before_under_its_new_name(seen):
    assert [row["length_ms"] for row in seen[f"both {REFINED}"]] == [200_000, 200_000, 210_000]
    assert [row["length_ms"] for row in seen[f"both {RAW}"]] == ["200000", "200000", "210000"]
    assert [row["length_ms"] for row in seen["sql refined"]] == [200_000, 200_000, 210_000]
    assert [row["length_ms"] for row in seen["sql raw"]] == ["200000", "200000", "210000"]
    assert seen["frame"] == ["track_name", "length_ms"]
    assert "duration_ms" not in seen[f"old {REFINED}"][0]


def test_a_widened_column_is_cast_when_it_is_read(seen):
    assert (seen["types"]["popularity"], seen["types"]["rank"]) == ("int32", "int64")
    assert [row["popularity"] for row in seen[f"both {REFINED}"]] == [50, None, 60]
    assert seen["filtered"] == [{"rank": 1}]


def test_a_dropped_column_is_gone_from_refined_and_keeps_its_place_in_raw(seen):
    assert "album_type" not in seen[f"old {REFINED}"][0]
    assert "album_type" not in seen["star refined"]
    assert [row["album_type"] for row in seen[f"both {RAW}"]] == ["album", "single", None]


def test_what_is_read_by_position_stays_in_its_place(seen):
    """Athena reads CSV by position: the columns of an old file are a beginning of those of a new one."""
    before = [{"duration_ms": "length_ms"}.get(name, name) for name in SNAPSHOT.raw_columns]
    assert seen["new header"] == [*before, "label"]
    assert seen["star raw"] == [*before, "label", "snapshot_date"]


def test_sql_gets_at_it_by_any_way_of_naming_it(seen):
    assert seen["joined raw"] == seen["joined refined"] == [{"n": 3}]


def test_the_duckdb_shell_sees_the_same(seen):
    assert seen["views"]


def test_a_migration_that_the_declaration_tells_of_is_no_drift(seen):
    assert seen["crawl"][REFINED] == {"added": [NEW], "drift": []}
    assert seen["crawl"][RAW] == {"added": [NEW], "drift": []}
    assert seen["crawl again"][REFINED] == {"added": [], "drift": []}


def test_marts_are_made_over_days_of_before_and_after(seen):
    (old,), (new,) = seen[f"mart {OLD}"], seen[f"mart {NEW}"]
    assert (old["tracks"], old["mean_popularity"], old["mean_duration_ms"]) == (2, 50.0, 200_000.0)
    assert (new["tracks"], new["mean_popularity"], new["mean_duration_ms"]) == (1, 60.0, 210_000.0)


def test_a_refined_day_of_before_is_to_be_made_anew_and_can_be(seen):
    assert seen["stale"]
    assert (seen["counts"]["raw_rows"], seen["counts"]["quarantined"]) == (2, 0)
    assert seen["again"] == seen[f"old {REFINED}"]
    assert [row["length_ms"] for row in seen["sql again"]] == [200_000, 200_000, 210_000]
