"""The laws of a store, alike for a folder and for S3."""

from __future__ import annotations

import os
import pickle
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyspotify_assets.aws.session import client
from pyspotify_assets.errors import LakeError, MissingPartitionError
from pyspotify_assets.lake import Lake
from pyspotify_assets.stores import Store, s3
from pyspotify_assets.stores.folder import FolderStore
from pyspotify_assets.stores.names import NOTES_LIMIT, check_key, check_prefix, decode_notes, encode_notes
from pyspotify_assets.stores.s3 import S3Store

NOT_KEYS = ["", "/", "/etc/passwd", "..", "../outside", "a/../../outside", "a//b", "a/", "./a", "a\\b", "a\0b", "a/\nb"]


@pytest.fixture
def store(address: str) -> Store:
    return S3Store.at(address) if address.startswith("s3://") else FolderStore.at(Path(address))


def put(store: Store, key: str, content: bytes = b"content", notes: dict[str, str] | None = None):
    with store.staging("file") as path:
        path.write_bytes(content)
        return store.publish(path, key, notes)


@contextmanager
def before_each_get(call: Callable) -> Iterator[None]:
    """In the block, `call` before every GetObject."""
    events = client("s3").meta.events
    events.register("before-call.s3.GetObject", call)
    yield
    events.unregister("before-call.s3.GetObject", call)


def keys(found: Iterable) -> list[str]:
    return [info.key for info in found]


def test_what_was_published_is_what_is_read(store):
    info = put(store, "a/b.csv", b"some content")

    assert store.read("a/b.csv") == b"some content"
    with store.local("a/b.csv") as path:
        assert (path.name, path.read_bytes()) == ("b.csv", b"some content")
    assert (info.key, info.size) == ("a/b.csv", 12)
    assert abs(info.modified - datetime.now(UTC)) < timedelta(minutes=1)
    assert store.info("a/b.csv") == info


def test_an_object_of_no_bytes_is_an_object(store):
    assert put(store, "a", b"").size == 0
    assert store.read("a") == b""


def test_publishing_again_replaces_and_changes_the_identity(store):
    first = put(store, "a", b"old")
    second = put(store, "a", b"new")

    assert store.read("a") == b"new"
    assert first.identity != second.identity
    assert keys(store.objects("")) == ["a"]


def test_an_identity_stays_while_the_object_does(store):
    put(store, "a")

    assert store.info("a").identity == store.info("a").identity == next(store.objects("a")).identity


def test_notes_travel_with_the_object_and_vanish_with_it(store):
    notes = {
        "fingerprint": "0123",
        "counts": '{"rows": 3}',
        "summary": "“São João” — 100 % \n second line ",
        "empty": "",
    }

    assert put(store, "a", b"1", notes).notes == notes
    assert store.info("a").notes == notes
    assert put(store, "a", b"2").notes == {}
    assert store.info("a").notes == {}


@pytest.mark.parametrize("notes", [{"Upper": ""}, {"": ""}, {"ü": ""}, {"a b": ""}, {"long": "x" * NOTES_LIMIT}])
def test_notes_that_s3_would_not_keep_are_refused_everywhere(store, notes):
    put(store, "a", b"old")

    with pytest.raises(LakeError, match="note"):
        put(store, "a", b"new", notes)
    assert store.read("a") == b"old"


@given(st.dictionaries(st.from_regex(r"[a-z][a-z0-9_-]{0,9}", fullmatch=True), st.text(max_size=20), max_size=3))
def test_any_text_can_be_noted(notes):
    encoded = encode_notes(notes)

    assert all(text.isascii() and text == text.strip() and text.isprintable() for text in encoded.values())
    readable = {name: text.encode("utf-8", "replace").decode() for name, text in notes.items()}
    assert decode_notes(encoded) == readable


def test_a_listing_is_in_order_of_key_and_begins_with_the_prefix(store):
    names = ["b/x", "a/2", "a/10", "a-/1", "a", "a.csv", "ab/c/d", "a/1/z", "a/é", "B"]
    for key in names:
        put(store, key) if key != "a" else None
    names.remove("a")

    assert keys(store.objects("")) == sorted(names)
    assert keys(store.objects("a")) == sorted(name for name in names if name.startswith("a"))
    assert keys(store.objects("a/")) == ["a/1/z", "a/10", "a/2", "a/é"]
    assert keys(store.objects("a/1")) == ["a/1/z", "a/10"]
    assert keys(store.objects("nothing")) == keys(store.objects("no/thing/")) == []


def test_a_listing_starts_behind_a_key_and_stops_at_the_limit(store):
    for number in range(5):
        put(store, f"d/{number}/x")

    assert keys(store.objects("d/", start_after="d/1/x")) == ["d/2/x", "d/3/x", "d/4/x"]
    assert keys(store.objects("d/", start_after="d/1")) == ["d/1/x", "d/2/x", "d/3/x", "d/4/x"]
    assert keys(store.objects("d/", start_after="d/1/x", limit=2)) == ["d/2/x", "d/3/x"]
    assert keys(store.objects("d/", limit=2)) == ["d/0/x", "d/1/x"]
    assert keys(store.objects("d/", start_after="e")) == []


def test_a_listing_is_lazy_and_carries_no_notes(store):
    put(store, "a", notes={"note": "x"})
    put(store, "b")

    listing = store.objects("")
    assert next(listing).notes == {}
    listing.close()


def test_what_is_being_staged_is_in_no_listing_and_afterwards_gone(store):
    with store.staging("file") as path:
        path.write_bytes(b"half")
        assert keys(store.objects("")) == []
    assert not path.parent.exists()
    assert keys(store.objects("")) == []


def test_deleting_removes_the_object_and_is_no_error_when_there_is_none(store):
    put(store, "a/b", notes={"note": "x"})
    put(store, "a/c")

    store.delete("a/b")
    store.delete("a/b")
    store.delete("never/was")
    store.delete("a")

    assert store.info("a/b") is None
    assert keys(store.objects("")) == ["a/c"]


def test_what_is_not_there_is_a_missing_partition_that_names_its_address(store):
    put(store, "a/b")
    for key in ("x", "a", "a/b/c"):
        assert store.info(key) is None
        with pytest.raises(MissingPartitionError) as error:
            store.read(key)
        assert store.uri(key) in str(error.value)
        with pytest.raises(MissingPartitionError), store.local(key):
            pass


@pytest.mark.parametrize("key", NOT_KEYS)
def test_keys_that_lead_out_or_are_none_are_refused(store, key, tmp_path):
    staged = tmp_path / "staged"
    staged.write_bytes(b"")
    for use in (store.uri, store.info, store.read, store.delete, lambda key: store.publish(staged, key)):
        with pytest.raises(LakeError, match="not a key"):
            use(key)


@pytest.mark.parametrize("prefix", ["/", "../", "a/../", "a//", "../../etc/pass", "a\\"])
def test_prefixes_that_lead_out_are_refused(store, prefix):
    with pytest.raises(LakeError, match="not a key"):
        list(store.objects(prefix))


@given(st.text(alphabet="ab./\\\0", max_size=8))
def test_no_key_names_a_place_outside(tmp_path_factory, text):
    try:
        parts = check_key(text)
    except LakeError:
        return
    root = Path("/lake/of/a/test")
    assert Path(os.path.normpath(root.joinpath(*parts))) == root.joinpath(*parts)
    assert check_prefix(text) == "/".join(parts[:-1])


def test_pyarrow_reads_what_was_published(store):
    put(store, "a/b", b"some content")

    filesystem, root = store.arrow()
    with filesystem.open_input_file(f"{root}a/b") as file:
        assert file.read() == b"some content"


def test_a_store_survives_pickling_also_after_use(store):
    put(store, "a", b"content", {"note": "x"})

    copy = pickle.loads(pickle.dumps(store))  # noqa: S301 - our own

    assert copy.uri("a") == store.uri("a")
    assert copy.info("a") == store.info("a")


def test_what_goes_wrong_while_writing_is_not_the_stores(store):
    with pytest.raises(ConnectionError), store.staging("file"):
        raise ConnectionError("Spotify hung up")


def test_leftovers_of_killed_processes_are_removed_after_a_day(store, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with store.staging("file") as path:
        staging, prefix = path.parent.parent, "pyspotify-staging-" if isinstance(store, S3Store) else ""
    for folder, age in (("dead", 25), ("alive", 1), ("writing", 25)):
        left = staging / f"{prefix}{folder}"
        left.mkdir()
        (left / "file").write_bytes(b"half")
        then = time.time() - age * 3600
        os.utime(left / "file", None if folder == "writing" else (then, then))
        os.utime(left, (then, then))

    with store.staging("file"):
        pass

    assert sorted(left.name.removeprefix(prefix) for left in staging.iterdir() if left.name != "lake") == [
        "alive",
        "writing",
    ]


class TestFolder:
    def test_notes_of_a_file_that_was_replaced_by_other_means_are_not_believed(self, tmp_path):
        store = FolderStore.at(tmp_path)
        put(store, "a", b"mine", {"rows": "1"})

        (tmp_path / "a").write_bytes(b"edited")

        assert store.info("a").notes == {}

    def test_two_files_of_one_size_written_at_once_have_two_identities(self, tmp_path):
        store = FolderStore.at(tmp_path)

        assert len({put(store, "a", str(number).encode()).identity for number in range(10)}) == 10

    def test_folders_that_become_empty_go_too(self, tmp_path):
        store = FolderStore.at(tmp_path)
        put(store, "a/b/c", notes={"note": ""})
        put(store, "a/d")

        store.delete("a/b/c")

        assert not (tmp_path / "a" / "b").exists()
        assert keys(store.objects("")) == ["a/d"]

    def test_its_own_folder_holds_no_objects(self, tmp_path):
        store = FolderStore.at(tmp_path)
        with pytest.raises(LakeError, match="not a key"):
            put(store, ".store/notes/a")

    def test_a_file_where_a_folder_should_be_is_named(self, tmp_path):
        (tmp_path / "a").write_bytes(b"")

        with pytest.raises(LakeError, match=str(tmp_path / "a" / "b")):
            put(FolderStore.at(tmp_path), "a/b")


class TestS3:
    @pytest.mark.parametrize(
        "address", ["s3://", "s3:///prefix", "bucket/prefix", "s3://bucket/../x", "s3://bucket//x"]
    )
    def test_an_address_that_is_none_is_refused(self, address):
        with pytest.raises(LakeError):
            S3Store.at(address)

    def test_stores_of_one_bucket_under_other_prefixes_do_not_see_each_other(self, s3_bucket):
        one, other = S3Store.at(f"s3://{s3_bucket}/p"), S3Store.at(f"s3://{s3_bucket}/pp")
        put(one, "a")

        assert keys(other.objects("")) == []
        assert keys(S3Store.at(f"s3://{s3_bucket}").objects("")) == ["p/a"]

    def test_objects_have_a_content_type_and_a_checksum(self, s3_bucket):
        import boto3

        put(S3Store.at(f"s3://{s3_bucket}"), "a.csv")

        head = boto3.session.Session().client("s3").head_object(Bucket=s3_bucket, Key="a.csv", ChecksumMode="ENABLED")
        assert head["ContentType"] == "text/csv; charset=utf-8"
        assert head["ChecksumCRC32"]

    def test_a_large_object_comes_in_parts_and_whole(self, s3_bucket, monkeypatch):
        monkeypatch.setattr(s3, "MULTIPART_FROM", 1)
        store, asked = S3Store.at(f"s3://{s3_bucket}"), []
        content = os.urandom(20 << 20)
        put(store, "large", content)
        with before_each_get(lambda params, **_: asked.append(params["headers"])), store.local("large") as path:
            assert path.read_bytes() == content

        assert len([headers for headers in asked if "Range" in headers]) == 3

    def test_a_large_object_that_is_replaced_while_it_comes_is_one_of_the_two(self, s3_bucket, monkeypatch):
        monkeypatch.setattr(s3, "MULTIPART_FROM", 1)
        store, asked = S3Store.at(f"s3://{s3_bucket}"), []
        old, new = bytes(20 << 20), os.urandom(20 << 20)
        put(store, "large", old)

        def replace(**_):
            asked.append(1)
            if len(asked) == 3:  # The first whole, the second a part: now another run publishes.
                put(store, "large", new)

        with before_each_get(replace), store.local("large") as path:
            assert path.read_bytes() == new

    def test_a_listing_goes_over_pages(self, s3_bucket, monkeypatch):
        monkeypatch.setattr("pyspotify_assets.stores.s3.PAGE", 3)
        store = S3Store.at(f"s3://{s3_bucket}")
        for number in range(8):
            put(store, str(number))

        assert keys(store.objects("")) == list("01234567")
        assert keys(store.objects("", start_after="0", limit=5)) == list("12345")

    def test_folders_that_the_console_makes_are_no_objects(self, s3_bucket):
        store = S3Store.at(f"s3://{s3_bucket}")
        store._client.put_object(Bucket=s3_bucket, Key="folder/")

        assert keys(store.objects("")) == []

    def test_a_large_object_goes_up_in_parts(self, s3_bucket, monkeypatch):
        monkeypatch.setattr("pyspotify_assets.stores.s3.MULTIPART_FROM", 6 << 20)
        monkeypatch.setattr("pyspotify_assets.stores.s3.PART", 5 << 20)
        store, content = S3Store.at(f"s3://{s3_bucket}"), os.urandom(11 << 20)

        info = put(store, "large.parquet", content, {"rows": "1"})

        assert info.identity.endswith("-3")
        assert info.notes == {"rows": "1"}
        assert store.read("large.parquet") == content


def test_a_lake_lends_its_areas_to_nobody_else(address):
    lake = Lake.at(address)
    put(lake.stores["raw"], "a", notes={"note": "x"})

    assert {area: keys(lake.stores[area].objects("")) for area in ("raw", "refined", "landing")} == {
        "raw": ["a"],
        "refined": [],
        "landing": [],
    }
