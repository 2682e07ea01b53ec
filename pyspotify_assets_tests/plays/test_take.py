"""From exports to `refined/plays`: each play once whatever came before, years whole, nothing from a broken export."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import dagster as dg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyspotify_assets.errors import CheckFailedError, ExportError
from pyspotify_assets.io_manager import LakeIOManager
from pyspotify_assets.lake import Lake
from pyspotify_assets.plays import years
from pyspotify_assets.plays.take import export_key, is_export, landed_exports, take, take_landed
from pyspotify_assets.schemas import arrow_schema
from pyspotify_assets.tables import PLAYS
from pyspotify_assets_tests.pipelines import objects

from .exports import AUDIO, IP, NOW, episode, export, packed, play, plays_in

THREE = [play("2022-12-31T23:59:59Z", "A"), play("2023-01-01T00:00:00Z", "B"), episode("2023-06-01T10:00:00Z", "E")]


def land(lake: Lake, path: Path) -> None:
    store = lake.stores["landing"]
    with store.staging("landed.zip") as staged:
        staged.write_bytes(path.read_bytes())
        store.publish(staged, export_key(path.name))


class TestYears:
    def test_each_year_of_ts_is_one_object_in_order_with_the_declared_schema(self, lake, tmp_path):
        taken = take(lake, export(tmp_path / "x.zip", THREE[::-1]), NOW)

        assert (taken.records, taken.added, taken.known, taken.quarantined) == (3, 3, 0, 0)
        assert lake.days(("refined", "plays")) == ["2022", "2023"]
        assert [info.key for info in lake.stores["refined"].objects("")] == [
            "plays/play_year=2022/plays.parquet",
            "plays/play_year=2023/plays.parquet",
        ]
        assert [(row["play_year"], row["ts"].isoformat()) for row in plays_in(lake)] == [
            ("2022", "2022-12-31T23:59:59+00:00"),
            ("2023", "2023-01-01T00:00:00+00:00"),
            ("2023", "2023-06-01T10:00:00+00:00"),
        ]
        place = lake.place(("refined", "plays"), "2023")
        assert pq.read_schema(place.uri).equals(arrow_schema(PLAYS))

    def test_a_notebook_reads_them_with_their_year(self, lake, tmp_path):
        take(lake, export(tmp_path / "x.zip", THREE), NOW)
        manager = LakeIOManager(address=lake.address)

        assert list(manager.read("refined/plays", columns=["play_year", "ms_played"])["play_year"]) == [
            "2022",
            *["2023"] * 2,
        ]
        assert len(manager.read("refined/plays", "2023")) == 2
        assert list(manager.read("refined/plays", ("2023", "2030")).columns)[-1] == "play_year"

    def test_a_lake_on_s3_is_like_one_in_a_folder(self, address, tmp_path):
        lake = Lake.at(address)
        take(lake, export(tmp_path / "x.zip", [*THREE, None]), NOW)
        taken = take(lake, export(tmp_path / "y.zip", [*THREE, play("2023-07-01T00:00:00Z", "C")]), NOW)

        assert (taken.added, taken.known, taken.changed) == (1, 3, ["2023"])
        assert [row["play_year"] for row in plays_in(lake)] == ["2022", "2023", "2023", "2023"]

    def test_an_asset_of_another_project_gets_all_of_them(self, lake, tmp_path):
        take(lake, export(tmp_path / "x.zip", THREE), NOW)
        plays = dg.AssetSpec(["refined", "plays"])
        seen = []

        @dg.asset(ins={"plays": dg.AssetIn(["refined", "plays"])})
        def theirs(plays: pa.Table) -> None:
            seen.append((plays.num_rows, plays.column_names[-1]))

        dg.materialize([plays, theirs], resources={"io_manager": LakeIOManager(address=lake.address)})

        assert seen == [(3, "play_year")]


class TestAgain:
    def test_an_import_is_idempotent_and_changes_no_object(self, lake, tmp_path):
        path = export(tmp_path / "x.zip", THREE)
        take(lake, path, NOW)
        before = objects(lake, "refined", "quarantine", "landing")

        taken = take(lake, path, NOW)

        assert (taken.added, taken.known, taken.changed) == (0, 3, [])
        assert objects(lake, "refined", "quarantine", "landing") == before

    def test_a_later_export_adds_what_is_new_and_touches_only_its_years(self, lake, tmp_path):
        take(lake, export(tmp_path / "x.zip", THREE), NOW)
        before = objects(lake, "refined")

        taken = take(lake, export(tmp_path / "y.zip", [*THREE, play("2023-07-01T00:00:00Z", "C")]), NOW)

        assert (taken.added, taken.known, taken.changed) == (1, 3, ["2023"])
        after = objects(lake, "refined")
        assert [key for key in after if after[key] != before[key]] == ["refined/plays/play_year=2023/plays.parquet"]

    def test_the_same_play_in_two_files_of_one_export_is_one(self, lake, tmp_path):
        path = packed(tmp_path / "x.zip", {AUDIO: THREE, "Streaming_History_Video_2023.json": THREE[:1]})

        assert (take(lake, path, NOW).known, len(plays_in(lake))) == (1, 3)

    def test_plays_that_differ_in_their_key_are_different_plays(self, lake, tmp_path):
        same = play()
        plays = [same, play(track="B"), play(ms_played=1), play(platform="ios"), play("2023-03-01T12:00:01Z")]

        assert take(lake, export(tmp_path / "x.zip", [*plays, same]), NOW).added == 5

    def test_where_exports_tell_more_or_less_of_one_play_the_order_does_not_matter(self, tmp_path):
        old, new = play(skipped=None, incognito_mode=None), play(skipped=True, conn_country="ZZ")
        found = []
        for number, order in enumerate(([old, new], [new, old])):
            lake = Lake.at(str(tmp_path / str(number)))
            for each in order:
                take(lake, export(tmp_path / "x.zip", [each]), NOW)
            found.append(plays_in(lake))
        assert found[0] == found[1]
        assert len(found[0]) == 1


some_play = st.builds(
    play,
    st.sampled_from(["2021-12-31T23:59:59Z", "2022-01-01T00:00:00Z", "2022-05-05T05:05:05Z"]),
    st.sampled_from("AB"),
    ms_played=st.sampled_from([0, 30_000]),
    platform=st.sampled_from([None, "ios"]),
    skipped=st.sampled_from([None, True, False]),
    conn_country=st.sampled_from([None, "BR", "DE"]),
)


@settings(max_examples=25)
@given(
    st.lists(some_play, min_size=1, max_size=12).flatmap(
        lambda plays: st.tuples(st.just(plays), st.lists(st.lists(st.sampled_from(plays), max_size=12), max_size=4))
    ),
    st.randoms(use_true_random=False),
)
def test_any_split_over_any_overlapping_exports_in_any_order_gives_the_same_table(plays_and_parts, dice):
    plays, parts = plays_and_parts
    with tempfile.TemporaryDirectory() as folder:
        at_once, one_by_one = (Lake.at(str(Path(folder, name))) for name in ("at_once", "one_by_one"))
        take(at_once, export(Path(folder, "all.zip"), plays), NOW)
        rest = [each for each in plays if not any(each in part for part in parts)]
        exports = [*parts, rest]
        dice.shuffle(exports)
        for part in exports:
            take(one_by_one, export(Path(folder, "part.zip"), part), NOW)

        assert plays_in(one_by_one) == plays_in(at_once)
        assert _bytes(one_by_one) == _bytes(at_once)


def _bytes(lake: Lake) -> dict[str, bytes]:
    return {info.key: lake.stores["refined"].read(info.key) for info in lake.stores["refined"].objects("")}


class TestQuarantine:
    def test_what_is_no_play_is_kept_with_its_reason_and_without_the_address(self, lake, tmp_path):
        taken = take(lake, export(tmp_path / "x.zip", [*THREE, play(ms_played="long"), None]), NOW, "x.zip")

        assert (taken.records, taken.added, taken.quarantined) == (5, 3, 2)
        text = lake.stores["quarantine"].read("refined/plays/x.zip.jsonl").decode()
        lines = [json.loads(line) for line in text.splitlines()]
        assert [(line["record"], line["reason"]) for line in lines] == [
            (4, "ms_played is not a whole number"),
            (5, "it is no object"),
        ]
        assert lines[0]["file"] == Path(AUDIO).name
        assert lines[0]["play"]["ms_played"] == "long"
        assert IP not in text

    def test_it_is_emptied_by_the_same_export_mended(self, lake, tmp_path):
        take(lake, export(tmp_path / "x.zip", [play(ms_played="long")]), NOW)
        take(lake, export(tmp_path / "x.zip", [play()]), NOW)

        assert list(lake.stores["quarantine"].objects("")) == []

    def test_a_file_of_something_else_is_refused_as_a_whole(self, lake, tmp_path, monkeypatch):
        monkeypatch.setattr(years, "MOST_REFUSED", 10)

        with pytest.raises(
            ExportError, match=r"more than 10 records that are no plays, such as record 2 of .*ts is missing"
        ):
            take(lake, export(tmp_path / "x.zip", [play(), *[{"endTime": "2023"}] * 11]), NOW)

        assert plays_in(lake) == []


class TestSize:
    def test_a_year_that_is_put_together_by_months_is_the_same_year(self, lake, tmp_path, monkeypatch):
        plays = [play(f"2023-{month:02}-{day:02}T00:00:00Z") for month in range(1, 13) for day in (1, 15, 28)]
        take(lake, export(tmp_path / "x.zip", plays[::3]), NOW)
        take(lake, export(tmp_path / "y.zip", plays), NOW)
        other = Lake.at(str(tmp_path / "other"))
        monkeypatch.setattr(years, "AT_ONCE", 5)

        take(other, export(tmp_path / "x.zip", plays[::3]), NOW)
        taken = take(other, export(tmp_path / "y.zip", plays), NOW)

        assert (taken.added, taken.known) == (24, 12)
        assert plays_in(other) == plays_in(lake)
        assert take(other, export(tmp_path / "y.zip", plays), NOW).changed == []

    def test_more_plays_than_a_month_has_room_for_are_refused(self, lake, tmp_path, monkeypatch):
        monkeypatch.setattr(years, "AT_ONCE", 5)
        monkeypatch.setattr(years, "MOST_OF_A_MONTH", 10)
        plays = [play(f"2023-02-01T00:00:{second:02}Z") for second in range(11)]

        with pytest.raises(ExportError, match="11 plays in 2023-02, of at most 10"):
            take(lake, export(tmp_path / "x.zip", plays), NOW)

        assert plays_in(lake) == []


class TestWhole:
    def test_an_export_that_breaks_off_at_its_end_changes_nothing(self, lake, tmp_path):
        take(lake, export(tmp_path / "x.zip", THREE), NOW)
        before = objects(lake, "refined", "quarantine")
        files = {AUDIO: [play("2024-01-01T00:00:00Z")], "Streaming_History_Audio_2099.json": '[{"ts": '}

        with pytest.raises(ExportError, match=r"Streaming_History_Audio_2099\.json, record 1"):
            take(lake, packed(tmp_path / "y.zip", files), NOW)

        assert objects(lake, "refined", "quarantine") == before
        assert not list(Path(lake.address, ".staging").iterdir())

    def test_a_check_that_fails_publishes_nothing(self, lake, tmp_path, monkeypatch):
        monkeypatch.setattr(years, "merged", lambda *tables: pa.concat_tables(tables))

        with pytest.raises(CheckFailedError, match="1 rows repeat a key"):
            take(lake, export(tmp_path / "x.zip", [*THREE, THREE[0]]), NOW)

        assert objects(lake, "refined") == {}

    def test_a_kill_between_two_years_is_mended_by_taking_it_again(self, lake, tmp_path):
        path = export(tmp_path / "x.zip", THREE)
        take(lake, path, NOW)
        lake.stores["refined"].delete("plays/play_year=2023/plays.parquet")

        taken = take(lake, path, NOW)

        assert (taken.added, taken.known, taken.changed) == (2, 1, ["2023"])
        assert len(plays_in(lake)) == 3


class TestLanding:
    def test_what_has_been_taken_leaves_landing(self, lake, tmp_path):
        land(lake, export(tmp_path / "my_spotify_data.zip", THREE))
        [landed] = landed_exports(lake)

        assert landed.key == "plays/my_spotify_data.zip"
        assert take_landed(lake, landed, NOW).added == 3
        assert landed_exports(lake) == []
        assert not [
            path for path in Path(lake.address).rglob("*") if path.is_file() and IP.encode() in path.read_bytes()
        ]

    def test_what_cannot_be_read_goes_to_quarantine_with_the_reason(self, lake, tmp_path):
        land(lake, packed(tmp_path / "broken.zip", {AUDIO: "{"}))
        [landed] = landed_exports(lake)

        with pytest.raises(ExportError, match="no JSON array"):
            take_landed(lake, landed, NOW)

        assert landed_exports(lake) == []
        assert [info.key for info in lake.stores["quarantine"].objects("")] == [
            "landing/plays/broken.zip",
            "landing/plays/broken.zip.reason.txt",
        ]

    @pytest.mark.parametrize(
        ("key", "expected"),
        [
            ("plays/my_spotify_data.zip", True),
            ("plays/My data (1).ZIP", True),
            ("plays/2023-01-01/x.csv", False),
            ("plays/deeper/x.zip", False),
            ("top_played/x.zip", False),
            ("plays/.x.zip", False),
            ("x.zip", False),
        ],
    )
    def test_an_export_is_a_zip_in_the_folder_plays(self, key, expected):
        assert is_export(key) is expected

    @pytest.mark.parametrize("name", ["my_spotify_data.zip", "../../x.zip", "a b.ZIP", "", ".zip", "夜" * 100])
    def test_any_name_gets_a_safe_place(self, name):
        assert is_export(export_key(name))
