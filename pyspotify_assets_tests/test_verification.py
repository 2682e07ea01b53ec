"""Verification: every kind of damage is found and named, nothing that is whole is; a repair mends what can be mended.

Each test damages a copy of one small lake that is up to date over two days.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from pyspotify_assets.aws import session
from pyspotify_assets.daily import raw as daily_raw
from pyspotify_assets.daily.notes import Notes
from pyspotify_assets.daily.raw import leave_landing
from pyspotify_assets.daily.refined import refine_day
from pyspotify_assets.feeds import load_feeds
from pyspotify_assets.lake import Lake, Place
from pyspotify_assets.raw_csv import write_raw_csv
from pyspotify_assets.resources import SampleSpotify
from pyspotify_assets.tables import MARTS
from pyspotify_assets.terminal import verify as terminal
from pyspotify_assets.verification import verify
from pyspotify_assets.verification.fault import Fault, Scope
from pyspotify_assets.verification.marts import remove_leftovers
from pyspotify_assets.verification.repair import plan_repair
from pyspotify_assets.verification.restore import bring_back
from pyspotify_assets.warehouse.local_crawler import LocalCrawler
from pyspotify_assets.warehouse.local_engine import LocalEngine
from pyspotify_assets_tests.builders import put_raw, track
from pyspotify_assets_tests.pipelines import DAYS, NOON, Pipeline, objects

FIRST, LAST = DAYS[0], DAYS[1]
FEED = "top_played"


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    pipeline = Pipeline(tmp_path_factory.mktemp("finished") / "pipeline")
    with dg.DagsterInstance.ephemeral() as instance:
        assert pipeline.run(instance, FIRST, LAST).success
    return pipeline.folder


@pytest.fixture
def pipeline(finished: Path, tmp_path: Path) -> Pipeline:
    return Pipeline(shutil.copytree(finished, tmp_path / "copy"), overrides={"clock": lambda: NOON})


def scope_of(pipeline: Pipeline, **changed) -> Scope:
    feeds = load_feeds(pipeline.settings.feeds)
    scope = Scope(pipeline.lake, pipeline.sql, feeds, FIRST, LAST, 28, datetime.now(UTC), "en")
    return replace(scope, **changed)


def faults_of(pipeline: Pipeline, **changed) -> set[tuple[str, str, str]]:
    return {(fault.kind, fault.asset, fault.day) for fault in verify(scope_of(pipeline, **changed)).faults}


def path_of(pipeline: Pipeline, area: str, day: str = LAST, feed: str = FEED) -> Path:
    return Path(pipeline.lake.place((area, feed), day).uri)


def mart_path(pipeline: Pipeline, mart: str = "top_artists", day: str = LAST) -> Path:
    [partition] = pipeline.sql.partitions("spotify_marts", mart, day, day)
    return Path(partition.uri)


def rot(path: Path) -> None:
    """Change a byte of a file without its time, as a disk does."""
    status, content = path.stat(), bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def test_a_lake_that_is_whole_has_no_fault_whether_looked_at_or_derived_again(pipeline):
    before = objects(pipeline.lake, "raw", "refined", "marts", "report", "catalog", "quarantine", "landing")

    shallow, deep = verify(scope_of(pipeline)), verify(scope_of(pipeline, deep=True))

    assert (shallow.faults, deep.faults) == ([], [])
    assert shallow.looked_at["raw"] == shallow.looked_at["refined"] == 4
    assert shallow.looked_at["spotify_marts"] == 2 * len(MARTS)
    assert objects(pipeline.lake, "raw", "refined", "marts", "report", "catalog", "quarantine", "landing") == before


DAMAGES: dict[str, tuple[Callable[[Pipeline], object], tuple[str, str, str]]] = {
    "a raw file with a flipped bit": (lambda p: rot(path_of(p, "raw")), ("damaged", f"raw/{FEED}", LAST)),
    "a raw file cut within a line": (lambda p: truncate(path_of(p, "raw")), ("damaged", f"raw/{FEED}", LAST)),
    "a raw file cut between two lines": (
        lambda p: path_of(p, "raw").write_bytes(b"".join(path_of(p, "raw").read_bytes().splitlines(True)[:20])),
        ("damaged", f"raw/{FEED}", LAST),
    ),
    "a raw file that is gone": (lambda p: path_of(p, "raw").unlink(), ("missing", f"raw/{FEED}", LAST)),
    "a raw file and all that was made from it, gone": (
        lambda p: [path_of(p, area).unlink() for area in ("raw", "refined")],
        ("missing", f"raw/{FEED}", LAST),
    ),
    "a refined file with a flipped bit": (lambda p: rot(path_of(p, "refined")), ("damaged", f"refined/{FEED}", LAST)),
    "a refined file cut": (lambda p: truncate(path_of(p, "refined")), ("damaged", f"refined/{FEED}", LAST)),
    "a refined file that is gone": (lambda p: path_of(p, "refined").unlink(), ("missing", f"refined/{FEED}", LAST)),
    "a refined file made from another raw": (
        lambda p: put_raw(p.lake, FEED, LAST, [track(1, "other")]),
        ("stale", f"refined/{FEED}", LAST),
    ),
    "quarantine that nothing was refused for": (
        lambda p: set_quarantine(p, "a,b\n"),
        ("stale", f"refined/{FEED}", LAST),
    ),
    "a day that the catalog does not know": (
        lambda p: forget_partition(p, "spotify_refined", FEED),
        ("missing", f"spotify_refined/{FEED}", LAST),
    ),
    "a partition that points to nothing": (
        lambda p: path_of(p, "refined").unlink(),
        ("stale", f"spotify_refined/{FEED}", LAST),
    ),
    "a mart that is gone": (lambda p: mart_path(p).unlink(), ("damaged", "spotify_marts/top_artists", LAST)),
    "a mart cut": (lambda p: truncate(mart_path(p)), ("damaged", "spotify_marts/top_artists", LAST)),
    "a mart with the rows of another day": (
        lambda p: shutil.copy(mart_path(p, day=FIRST), mart_path(p)),
        ("damaged", "spotify_marts/top_artists", LAST),
    ),
    "a mart that nothing points to": (
        lambda p: forget_partition(p, "spotify_marts", "top_artists"),
        ("missing", "spotify_marts/top_artists", LAST),
    ),
    "a report with a flipped bit": (
        lambda p: rot(Path(p.lake.place(("report", "daily"), LAST).uri)),
        ("damaged", "report/daily", LAST),
    ),
    "a report that is gone": (
        lambda p: Path(p.lake.place(("report", "daily"), FIRST).uri).unlink(),
        ("missing", "report/daily", FIRST),
    ),
    "a latest report that is gone": (
        lambda p: Path(p.lake.stores["report"].uri("latest.html")).unlink(),
        ("stale", "report/latest", LAST),
    ),
}


def set_quarantine(pipeline: Pipeline, text: str) -> None:
    path = Path(pipeline.lake.stores["quarantine"].uri(f"refined/{FEED}/snapshot_date={LAST}/{FEED}.csv"))
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")


def forget_partition(pipeline: Pipeline, database: str, table: str) -> None:
    path = Path(pipeline.lake.stores["catalog"].uri(f"{database}/{table}/partitions/{LAST[:7]}.json"))
    document = json.loads(path.read_text(encoding="utf-8"))
    del document[LAST]
    path.write_text(json.dumps(document), encoding="utf-8")


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_found_and_named(pipeline, damage):
    do, fault = DAMAGES[damage]
    do(pipeline)

    assert fault in faults_of(pipeline)


def test_an_object_that_was_copied_with_another_time_is_still_proven_by_its_checksum(pipeline):
    os.utime(path_of(pipeline, "raw"))

    assert not {fault for fault in faults_of(pipeline) if fault[1].startswith("raw/")}


def test_a_raw_file_that_nothing_speaks_of_is_unproven_and_no_repair_touches_it(pipeline):
    put_raw(pipeline.lake, FEED, FIRST, [track(1, "by hand")])

    found = [fault for fault in verify(scope_of(pipeline)).faults if fault.asset == f"raw/{FEED}"]

    assert [fault.kind for fault in found] == ["unproven"]
    assert plan_repair(found, 28, LAST).raw == {}


def test_deriving_again_finds_what_fingerprints_cannot(pipeline):
    """Somebody has made a refined file with other rows and notes that fit it."""
    place = pipeline.lake.place(("refined", FEED), LAST)
    notes = Notes.from_texts(place.info().notes)
    other = pipeline.lake.place(("refined", FEED), FIRST)
    with other.store.local(other.key) as file, place.staged() as staged:
        shutil.copy(file, staged)
        theirs = Notes.from_texts(other.info().notes)
        place.publish(staged, replace(notes, version=theirs.version, rows=theirs.rows).to_texts())

    assert ("stale", f"refined/{FEED}", LAST) not in faults_of(pipeline)
    assert ("stale", f"refined/{FEED}", LAST) in faults_of(pipeline, deep=True)


def test_objects_of_a_killed_run_are_left_alone_as_long_as_the_run_may_point_to_them_and_then_removed(pipeline):
    store, used = pipeline.lake.stores["marts"], mart_path(pipeline)
    left = Path(store.uri(f"top_artists/killed/snapshot_date={LAST}/top_artists.parquet"))
    left.parent.mkdir(parents=True)
    shutil.copy(used, left)
    later = datetime.now(UTC) + timedelta(hours=3)

    now, then = verify(scope_of(pipeline)), verify(scope_of(pipeline, now=later))
    removed = remove_leftovers(pipeline.lake, then.faults)

    assert now.whole
    assert removed == [str(left)]
    assert used.exists()
    assert verify(scope_of(pipeline, now=later)).whole


def test_days_that_nobody_took_are_named_and_are_no_fault(pipeline):
    put_raw(pipeline.lake, FEED, "2024-03-05", [track(1, "A")])

    found = verify(scope_of(pipeline, last="2024-03-05"))

    assert found.gaps == {FEED: ["2024-03-03", "2024-03-04"]}


def test_one_feed_alone_is_looked_at_without_what_is_made_from_all(pipeline):
    feeds = [feed for feed in load_feeds(pipeline.settings.feeds) if feed.name == FEED]

    assert set(verify(scope_of(pipeline, feeds=feeds, all_feeds=False)).looked_at) == {
        "raw",
        "refined",
        "spotify_raw",
        "spotify_refined",
    }


def test_what_is_changed_comes_with_the_days_that_look_back_at_it():
    faults = [Fault("damaged", f"raw/{FEED}", "2024-03-01", ""), Fault("stale", f"refined/{FEED}", "2024-03-01", "")]

    plan = plan_repair(faults, 2, "2024-03-02")

    assert (plan.raw, plan.refined, plan.crawl) == ({FEED: ["2024-03-01"]}, {}, True)
    assert plan.rebuild == ["2024-03-01", "2024-03-02"]


class TestBringingBack:
    def test_a_replaced_raw_day_is_kept_and_comes_back_by_landing(self, pipeline):
        lake, place = pipeline.lake, pipeline.lake.place(("raw", FEED), LAST)
        original = place.store.read(place.key)
        put_raw(lake, FEED, LAST, [track(1, "other")])
        path_of(pipeline, "raw").write_bytes(b"broken")

        replaced = bring_back(lake, FEED, LAST)

        [landed] = lake.stores["landing"].objects(f"{FEED}/{LAST}/")
        assert lake.stores["landing"].read(landed.key) == original
        [feed] = [one for one in load_feeds(pipeline.settings.feeds) if one.name == FEED]
        daily_raw.extract(lake, SampleSpotify(), feed, LAST, lambda: NOON, "UTC")
        assert place.store.read(place.key) == original
        assert Path(replaced.uri).read_bytes() == original
        quarantined = lake.stores["quarantine"].read(f"raw/{place.key}")
        assert quarantined == b"broken"

    def test_what_is_kept_and_damaged_itself_is_not_brought_back(self, pipeline):
        lake, place = pipeline.lake, pipeline.lake.place(("raw", FEED), LAST)
        put_raw(lake, FEED, LAST, [track(1, "other")])
        [replaced] = place.store.replaced(place.key)
        Path(replaced.uri).write_bytes(b"broken")

        assert bring_back(lake, FEED, LAST) is None
        assert list(lake.stores["landing"].objects("")) == []


class TestOnS3:
    @pytest.fixture
    def scope(self, s3_bucket) -> Scope:
        """A day that has landed, was refined and crawled, in a bucket with versions as the stack makes it."""
        session.client("s3").put_bucket_versioning(Bucket=s3_bucket, VersioningConfiguration={"Status": "Enabled"})
        lake = Lake.at(f"s3://{s3_bucket}/lake")
        [feed] = [one for one in load_feeds(Path("no such file")) if one.name == FEED]
        land(lake, [track(1, "A"), track(2, "B")])
        daily_raw.extract(lake, SampleSpotify(), feed, LAST, lambda: NOON, "UTC")
        refine_day(lake, FEED, LAST)
        for area in ("raw", "refined"):
            LocalCrawler(lake).crawl(area, [feed])
        return Scope(
            lake, LocalEngine(lake), [feed], FIRST, LAST, 28, datetime.now(UTC), "en", deep=True, all_feeds=False
        )

    def test_a_whole_day_has_no_fault(self, scope):
        assert verify(scope).faults == []

    @pytest.mark.parametrize(("area", "kind"), [("raw", "damaged"), ("refined", "damaged")])
    def test_what_was_cut_is_found(self, scope, area, kind):
        place = scope.lake.place((area, FEED), LAST)
        overwrite(place, place.store.read(place.key)[:-30])

        assert (kind, f"{area}/{FEED}", LAST) in {(one.kind, one.asset, one.day) for one in verify(scope).faults}

    def test_a_raw_day_that_something_else_has_overwritten_comes_back_from_the_bucket_s_versions(self, scope):
        place = scope.lake.place(("raw", FEED), LAST)
        original = place.store.read(place.key)
        overwrite(place, b"broken")

        assert bring_back(scope.lake, FEED, LAST) is not None
        daily_raw.extract(scope.lake, SampleSpotify(), scope.feeds[0], LAST, lambda: NOON, "UTC")

        assert place.store.read(place.key) == original
        assert verify(scope).faults == []


def land(lake: Lake, rows: list[dict[str, object]]) -> None:
    store = lake.stores["landing"]
    with store.staging("a.csv") as staged:
        with open(staged, "wb") as file:
            write_raw_csv(rows, file)
        store.publish(staged, f"{FEED}/{LAST}/a.csv")


def overwrite(place: Place, content: bytes) -> None:
    """Put other content there, as a tool does that knows nothing of notes."""
    session.client("s3").put_object(Bucket=place.store.bucket, Key=f"{place.store.prefix}{place.key}", Body=content)


class TestCommand:
    @pytest.fixture(autouse=True)
    def environment(self, pipeline, monkeypatch, tmp_path):
        monkeypatch.chdir(tmp_path)
        monkeypatch.delenv("DAGSTER_HOME", raising=False)
        monkeypatch.setenv("PYSPOTIFY_LAKE", str(pipeline.folder / "lake"))
        monkeypatch.setenv("PYSPOTIFY_SOURCE", "sample")
        monkeypatch.setenv("PYSPOTIFY_FEEDS", str(pipeline.folder / "feeds.toml"))

    def verify(self, repair: bool = False, as_json: bool = True) -> int:
        first, last = (datetime.fromisoformat(day).date() for day in (FIRST, LAST))
        return terminal.verify_lake(first, last, (), False, repair, as_json)

    def test_a_whole_lake_ends_with_0_and_says_what_was_looked_at(self, capsys):
        assert self.verify(as_json=False) == 0
        assert "Whole. Looked at: 4 of raw, 4 of refined" in capsys.readouterr().out

    def test_damage_ends_with_1_and_nothing_is_changed(self, pipeline, capsys):
        rot(path_of(pipeline, "refined"))
        before = objects(pipeline.lake, "raw", "refined", "marts", "report")

        assert self.verify() == 1

        document = json.loads(capsys.readouterr().out)
        assert [(fault["kind"], fault["asset"], fault["day"]) for fault in document["faults"]] == [
            ("damaged", f"refined/{FEED}", LAST)
        ]
        assert objects(pipeline.lake, "raw", "refined", "marts", "report") == before

    # Without the one whose raw day stays unproven: no run may judge that.
    @pytest.mark.slow
    @pytest.mark.parametrize("damage", [name for name in DAMAGES if name != "a refined file made from another raw"])
    def test_a_repair_mends_it_by_the_ordinary_runs_and_verifies_again(self, pipeline, capsys, damage):
        DAMAGES[damage][0](pipeline)

        assert self.verify(repair=True) == 0

        document = json.loads(capsys.readouterr().out)
        assert document["whole"]
        assert document["repaired"]

    @pytest.mark.slow
    def test_a_repair_mends_many_faults_at_once(self, pipeline, capsys):
        rot(path_of(pipeline, "raw"))
        path_of(pipeline, "refined", FIRST).unlink()
        mart_path(pipeline, "chart_exits").unlink()
        truncate(Path(pipeline.lake.place(("report", "daily"), FIRST).uri))

        assert self.verify(repair=True) == 0, capsys.readouterr().err
        assert verify(scope_of(pipeline, deep=True)).faults == []


def test_two_runs_that_take_one_landed_file_at_once_both_end_well(pipeline, monkeypatch):
    """The faster has published and cleared landing while the slower was about to read the file."""
    lake: Lake = pipeline.lake
    [feed] = [feed for feed in load_feeds(pipeline.settings.feeds) if feed.name == FEED]
    path = path_of(pipeline, "raw", FIRST)
    landing = lake.stores["landing"]
    with landing.staging("a.csv") as staged:
        shutil.copy(path, staged)
        landing.publish(staged, f"{FEED}/{LAST}/a.csv")
    waiting = daily_raw.landed(lake, feed, LAST)
    faster = daily_raw.extract(lake, SampleSpotify(), feed, LAST, lambda: NOON, "UTC")
    assert list(landing.objects("")) == []

    monkeypatch.setattr(daily_raw, "landed", lambda *_: waiting)
    slower = daily_raw.extract(lake, SampleSpotify(), feed, LAST, lambda: NOON, "UTC")

    assert slower.notes == faster.notes
    for info in waiting:
        leave_landing(lake, info)
