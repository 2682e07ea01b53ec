"""What breaks in the soak does break, and with the errors of the real thing: otherwise its days would prove nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from pyspotify_assets.errors import LakeError
from pyspotify_assets.stores import Store
from pyspotify_assets.stores.folder import FolderStore
from pyspotify_assets.stores.s3 import S3Store
from pyspotify_assets_tests.soak.breakable import Executioner, Killed, disk, s3_that_breaks

Breaking = Callable[[Callable[[], bool]], AbstractContextManager[None]]


@pytest.fixture(params=["folder", "s3"])
def breaking(request, tmp_path) -> tuple[Store, Breaking]:
    """A store that holds an old object, and the way in which it breaks."""
    if request.param == "folder":
        store, breaks = FolderStore(tmp_path / "lake", tmp_path / "notes", tmp_path / "staging"), disk
    else:
        store, breaks = S3Store(request.getfixturevalue("s3_bucket")), s3_that_breaks
    put(store, b"old")
    return store, breaks


def put(store: Store, content: bytes) -> None:
    with store.staging("a") as staged:
        staged.write_bytes(content)
        store.publish(staged, "a")


def test_a_store_that_refuses_takes_nothing_and_keeps_the_old_object_readable(breaking):
    store, breaks = breaking
    with breaks(lambda: True):
        with pytest.raises(LakeError):
            put(store, b"new")
        assert store.read("a") == b"old"

    put(store, b"new")
    assert store.read("a") == b"new"


def test_a_stumble_of_s3_is_waited_out_in_each_of_its_ways_and_the_fourth_is_an_error(s3_bucket):
    store, left = S3Store(s3_bucket), [0]

    def refuses() -> bool:
        left[0] -= 1
        return left[0] >= 0

    with s3_that_breaks(refuses):
        left[0] = 3
        put(store, b"content")
        assert store.read("a") == b"content"
        left[0] = 4
        with pytest.raises(LakeError):
            put(store, b"too often")
    assert store.read("a") == b"content"


def test_who_is_killed_changes_nothing_more_until_the_next_run(breaking):
    store, _ = breaking
    executioner = Executioner()
    with executioner.at_work():
        executioner.before = 1
        with executioner.around_a_run():
            put(store, b"the one change allowed")
            for _ in range(2):
                with pytest.raises(Killed):
                    put(store, b"more")
            put(store, b"and more")  # Ends the run, not the test.
            pytest.fail("it lives")
        assert store.read("a") == b"the one change allowed"
        put(store, b"the next run")
    assert store.read("a") == b"the next run"


def test_a_kill_that_a_run_ends_before_is_the_next_ones(breaking):
    store, _ = breaking
    executioner = Executioner()
    with executioner.at_work():
        executioner.before = 1
        with executioner.around_a_run():
            put(store, b"a short run")
        with executioner.around_a_run():
            put(store, b"killed before this")
            pytest.fail("it lives")
        assert store.read("a") == b"a short run"


def test_what_goes_on_beside_a_run_is_not_killed_with_it(breaking):
    store, _ = breaking
    executioner = Executioner()
    with executioner.at_work():
        executioner.before = 0
        put(store, b"before the run")
        with executioner.around_a_run():
            beside = threading.Thread(target=put, args=(store, b"beside it"))
            beside.start()
            beside.join()
            put(store, b"killed before this")
            pytest.fail("it lives")
    assert store.read("a") == b"beside it"
