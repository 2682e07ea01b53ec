"""What is replaced is kept for a while, alike on a folder and on a versioned bucket; notes go with what lies there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pyspotify_assets.aws import session
from pyspotify_assets.lake import Lake
from pyspotify_assets.stores import Store, kept
from pyspotify_assets.stores.folder import FolderStore

KEY = "top_played/snapshot_date=2024-03-01/top_played.csv"


def put(store: Store, content: bytes, key: str = KEY, notes: dict[str, str] | None = None) -> None:
    with store.staging("file.csv") as path:
        path.write_bytes(content)
        store.publish(path, key, notes)


@pytest.fixture(params=["folder", "s3"])
def raw(request, tmp_path: Path) -> Store:
    """The raw area of a lake: in a folder, or in a bucket with versions as the stack makes it."""
    if request.param == "folder":
        return Lake.at(str(tmp_path / "lake")).stores["raw"]
    bucket = request.getfixturevalue("s3_bucket")
    session.client("s3").put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    return Lake.at(f"s3://{bucket}/lake").stores["raw"]


def test_what_was_replaced_can_be_read_with_its_notes_newest_first(raw):
    put(raw, b"one", notes={"version": "1"})
    put(raw, b"two", notes={"version": "2"})
    put(raw, b"three")

    replaced = raw.replaced(KEY)

    assert [one.notes for one in replaced] == [{"version": "2"}, {"version": "1"}]
    for one, content in zip(replaced, (b"two", b"one"), strict=True):
        with raw.local(KEY, one.version) as file:
            assert file.read_bytes() == content
        assert one.size == len(content)
    assert raw.read(KEY) == b"three"
    assert [info.key for info in raw.objects("")] == [KEY]


def test_of_an_object_that_replaced_nothing_nothing_is_kept(raw):
    put(raw, b"one")
    put(raw, b"other", key=f"{KEY}.csv")

    assert raw.replaced(KEY) == []


class TestFolder:
    @pytest.fixture
    def lake(self, tmp_path) -> Lake:
        return Lake.at(str(tmp_path))

    def test_the_same_content_again_replaces_nothing(self, lake):
        for _ in range(3):
            put(lake.stores["raw"], b"one")

        assert lake.stores["raw"].replaced(KEY) == []

    def test_only_the_newest_few_of_a_key_are_kept(self, lake):
        for number in range(kept.KEPT + 4):
            put(lake.stores["raw"], b"%d" % number)

        contents = [Path(one.uri).read_bytes() for one in lake.stores["raw"].replaced(KEY)]
        assert contents == [b"%d" % number for number in range(kept.KEPT + 2, 2, -1)]

    def test_a_file_system_without_links_keeps_a_copy(self, lake, monkeypatch):
        def refuse(*_: object) -> None:
            raise OSError("no links here")

        monkeypatch.setattr(os, "link", refuse)
        put(lake.stores["raw"], b"one", notes={"version": "1"})
        put(lake.stores["raw"], b"two")

        [one] = lake.stores["raw"].replaced(KEY)
        assert (Path(one.uri).read_bytes(), one.notes) == (b"one", {"version": "1"})

    def test_what_can_be_made_again_is_not_kept(self, lake):
        for content in (b"one", b"two"):
            put(lake.stores["refined"], content)

        assert lake.stores["refined"].replaced(KEY) == []

    def test_files_that_somebody_put_beside_them_are_left_out(self, lake):
        for content in (b"one", b"two"):
            put(lake.stores["raw"], content)
        [one] = lake.stores["raw"].replaced(KEY)
        Path(one.uri).with_name("notes of mine.csv").write_text("anything", encoding="utf-8")

        assert lake.stores["raw"].replaced(KEY) == [one]

    def test_before_and_after_the_moment_of_replacing_what_lies_there_has_its_own_notes(self, tmp_path, monkeypatch):
        store = FolderStore.at(tmp_path)
        put(store, b"old", notes={"of": "old"})
        seen = []
        rename = Path.replace

        def looked_at(source: Path, target: Path) -> Path:
            seen.append((store.read(KEY), dict(store.info(KEY).notes)))
            moved = rename(source, target)
            seen.append((store.read(KEY), dict(store.info(KEY).notes)))
            return moved

        monkeypatch.setattr(Path, "replace", looked_at)
        put(store, b"newer", notes={"of": "newer"})

        assert len(seen) == 4
        assert {(content.decode(), notes["of"]) for content, notes in seen} == {("old", "old"), ("newer", "newer")}

    def test_notes_do_not_grow_with_every_publishing(self, tmp_path):
        store = FolderStore.at(tmp_path)
        sizes = []
        for number in range(12):
            put(store, b"%02d" % number, notes={"of": f"{number:02}"})
            sizes.append((tmp_path / ".store" / "notes" / f"{KEY}.json").stat().st_size)

        assert sizes[-1] == sizes[-2] == sizes[-3]

    def test_an_object_that_vanished_by_other_means_is_known_by_its_notes(self, lake):
        put(lake.stores["raw"], b"one", notes={"version": "1"})
        Path(lake.stores["raw"].uri(KEY)).unlink()

        assert list(lake.stores["raw"].lost("top_played/")) == [KEY]
        assert lake.stores["raw"].last_notes(KEY) == {"version": "1"}
        assert list(lake.stores["raw"].lost("popular_songs/")) == []

    def test_one_that_was_deleted_is_not(self, lake):
        put(lake.stores["raw"], b"one", notes={"version": "1"})
        lake.stores["raw"].delete(KEY)

        assert list(lake.stores["raw"].lost("")) == []
