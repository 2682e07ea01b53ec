"""A run that is killed before any change it would have made to the lake; then one ordinary run mends everything.

`make prove` tries every change of a full refresh, other runs a few (see `proofs.py`). What a killed run leaves is a
state before some change, so these are all there are.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from pyspotify_assets.raw_csv import write_raw_csv
from pyspotify_assets.verification.marts import remove_leftovers
from pyspotify_assets_tests.builders import track
from pyspotify_assets_tests.kill_points import (
    FIRST,
    Killer,
    bytes_lost,
    contents,
    killer,
    pipeline_in,
    verified,
)
from pyspotify_assets_tests.proofs import all_or_drawn

pytestmark = pytest.mark.slow

DRAWN = 3
LATER = timedelta(hours=3)
"""When nobody can be about to point to an object any more."""


@pytest.fixture(scope="module")
def runs() -> Iterator[Killer]:
    with killer() as one:
        yield one


@pytest.fixture(scope="module")
def empty(tmp_path_factory) -> Path:
    """Where the pipeline has never run."""
    return tmp_path_factory.mktemp("empty")


@pytest.fixture(scope="module")
def changing(tmp_path_factory, runs) -> Path:
    """A lake whose first day has been replaced once, and shall be again: by the later of two files in landing."""
    folder = tmp_path_factory.mktemp("changing")
    runs.run(folder)
    land(folder, "earlier.csv", track(1, "A"), track(2, "B"))
    runs.run(folder)
    land(folder, "superseded.csv", track(1, "C"))
    land(folder, "taken.csv", track(1, "B"), track(2, "D", duration_ms="long"), track(3, "A"))
    return folder


def land(folder: Path, name: str, *rows: dict[str, object]) -> None:
    store = pipeline_in(folder).lake.stores["landing"]
    with store.staging(name) as staged:
        with open(staged, "wb") as file:
            write_raw_csv(rows, file)
        store.publish(staged, f"top_played/{FIRST}/{name}")


@pytest.mark.parametrize("scene", ["empty", "changing"])
def test_whatever_a_kill_leaves_one_ordinary_run_mends_everything(request, runs, tmp_path, scene, figures):
    before: Path = request.getfixturevalue(scene)
    undisturbed = shutil.copytree(before, tmp_path / "undisturbed")
    _, changes = runs.run(undisturbed)
    was = contents(before) if scene == "changing" else {}
    expected = contents(undisturbed)
    assert verified(undisturbed).faults == []
    points = all_or_drawn(range(len(changes)), DRAWN)
    survived, lost, leftovers, broken = 0, 0, 0, []

    for point in points:
        folder = shutil.copytree(before, tmp_path / f"killed-{point}")
        killed, _ = runs.run(folder, kill_before=point)
        assert killed, f"there were fewer changes than {point}"
        half = {path.name for path in raw_files(folder) if path.read_bytes() not in snapshots(was, expected)}
        runs.run(folder)
        after, found = contents(folder), verified(folder, LATER)
        leftovers += len(remove_leftovers(pipeline_in(folder).lake, found.faults))
        missing = bytes_lost(expected, after)
        if half or missing or after != expected or not (verified(folder).whole and verified(folder, LATER).whole):
            broken.append((changes[point], half, [name for name in expected if after.get(name) != expected[name]]))
        else:
            survived += 1
        lost += missing
        shutil.rmtree(folder)

    figures.line(
        f"kill points survived ({scene} lake): {survived} of {len(points)}, of {len(changes)} there are; "
        f"leftovers swept {leftovers}, bytes lost {lost}"
    )
    assert broken == []
    assert lost == 0


def raw_files(folder: Path) -> list[Path]:
    return list((folder / "lake" / "sample" / "raw").rglob("*.csv"))


def snapshots(*lakes: dict[str, object]) -> list[object]:
    """The raw snapshots that one of these lakes has: what a raw file may be, at every moment."""
    return [content for lake in lakes for name, content in lake.items() if name.startswith("raw/")]
