"""Where things lie in the lake."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from pyspotify_assets.errors import LakeError, MissingPartitionError
from pyspotify_assets.lake import AREAS, Lake, Place

SONGS = ("refined", "popular_songs")


def put(place: Place, content: bytes = b"content") -> None:
    with place.staged() as path:
        path.write_bytes(content)
        place.publish(path)


def test_the_key_of_an_asset_is_its_path(tmp_path):
    lake = Lake.at(str(tmp_path))

    def lies(area: str, name: str, day: str = "") -> str:
        return Path(lake.place((area, name), day).uri).relative_to(tmp_path).as_posix()

    assert lies("raw", "top", "2026-11-22") == "raw/top/snapshot_date=2026-11-22/top.csv"
    assert lies("refined", "top", "2026-11-22") == "refined/top/snapshot_date=2026-11-22/top.parquet"
    assert lies("report", "daily", "2026-11-22") == "report/2026-11-22.html"
    assert lies("others", "table", "2026-11-22") == "others/table/snapshot_date=2026-11-22/table.parquet"
    assert lies("others", "table") == "others/table/table.parquet"


def test_on_s3_it_is_the_same_path():
    lake = Lake.at("s3://bucket/some/where/")

    assert lake.place(SONGS, "2026-11-22").uri == (
        "s3://bucket/some/where/refined/popular_songs/snapshot_date=2026-11-22/popular_songs.parquet"
    )
    assert lake.root(SONGS) == "s3://bucket/some/where/refined/popular_songs"


@pytest.mark.parametrize("area", ["marts", "landing", "quarantine", "state", "catalog", "..", "", ".staging", "a/b"])
def test_what_has_no_fixed_place_is_refused(tmp_path, area):
    with pytest.raises(LakeError):
        Lake.at(str(tmp_path)).place((area, "name"), "2026-11-22")


@pytest.mark.parametrize("day", ["22.11.2026", "2026-11-22/..", "../../..", "2026-11-22|x", "2026-11-22\n"])
def test_what_is_no_day_is_refused(tmp_path, day):
    with pytest.raises(LakeError, match="YYYY-MM-DD"):
        Lake.at(str(tmp_path)).place(SONGS, day)


@pytest.mark.parametrize("name", ["..", "a/../..", "", "a\\b"])
def test_names_that_lead_out_are_refused(tmp_path, name):
    with pytest.raises(LakeError):
        _ = Lake.at(str(tmp_path)).place(("refined", name), "2026-11-22").uri


def test_the_days_that_are_there_are_listed_in_order(address):
    lake = Lake.at(address)
    for day in ("2026-11-03", "2026-11-01", "2026-11-10", "2026-11-02"):
        put(lake.place(SONGS, day))
    put(lake.place(("refined", "popular_songs_too"), "2026-11-05"))
    # Not ours: another file of a day, a folder that is no day.
    for key in ("snapshot_date=2026-11-04/other.parquet", "snapshot_date=never/popular_songs.parquet"):
        put(Place(lake.stores["refined"], f"popular_songs/{key}", ""))

    assert lake.days(SONGS) == ["2026-11-01", "2026-11-02", "2026-11-03", "2026-11-10"]
    assert lake.days(SONGS, "2026-11-02", "2026-11-03") == ["2026-11-02", "2026-11-03"]
    assert lake.days(SONGS, "2026-11-04", "2026-11-09") == []
    assert lake.days(("raw", "popular_songs")) == []
    assert [info.size for _, info in lake.partitions(SONGS, last="2026-11-01")] == [7]


def test_a_day_that_is_not_there_names_its_address_and_the_remedy(address):
    place = Lake.at(address).place(SONGS, "2026-11-22")

    assert place.info() is None
    with pytest.raises(MissingPartitionError) as error:
        place.require()
    assert place.uri in str(error.value)
    assert "Materialize" in error.value.remedy


def test_areas_can_lie_on_addresses_of_their_own(tmp_path):
    lake = Lake.at(str(tmp_path / "lake"), {"raw": str(tmp_path / "other"), "refined": "s3://bucket/refined"})
    put(lake.place(("raw", "top"), "2026-11-22"))

    # Nothing of it lies elsewhere: another folder may be another disk, to which nothing can be renamed.
    assert [path.name for path in tmp_path.iterdir()] == ["other"]
    assert lake.days(("raw", "top")) == ["2026-11-22"]
    assert lake.place(SONGS, "2026-11-22").uri.startswith("s3://bucket/refined/popular_songs/")


def test_an_area_that_there_is_not_is_refused():
    with pytest.raises(LakeError, match="'rax' is no area"):
        Lake.at("lake", {"rax": "elsewhere"})


def test_what_lies_in_one_area_is_seen_in_no_other(address):
    lake = Lake.at(address)
    put(lake.place(("raw", "top"), "2026-11-22"))

    assert [area for area in AREAS if any(lake.stores[area].objects("top"))] == ["raw"]


def add_one(folder: str, rounds: int) -> None:
    for _ in range(rounds):
        with Lake.at(folder).lock("counter"):
            count = Path(folder, "count")
            count.write_text(str(int(count.read_text()) + 1))


def test_a_lock_is_held_by_one_process_at_a_time(tmp_path):
    (tmp_path / "count").write_text("0")
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=add_one, args=(str(tmp_path), 50)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()

    assert (tmp_path / "count").read_text() == "100"


def test_a_lake_on_s3_is_not_held_up_by_another_one(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    with Lake.at("s3://one").lock("catalog"), Lake.at("s3://other").lock("catalog"):
        held = sorted(path.name for path in tmp_path.rglob("*-catalog.lock"))

    assert len(held) == 2


def test_a_lock_that_cannot_be_made_names_its_folder(tmp_path):
    (tmp_path / "state").write_text("a file where a folder should be")

    with pytest.raises(LakeError, match="state"), Lake.at(str(tmp_path)).lock("name"):
        pass
