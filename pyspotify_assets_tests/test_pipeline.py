"""The pipeline from Spotify to the report: what a `full_refresh` makes, and what the next one leaves or rebuilds.

Real runs of the real sample. The first part shares one run over three days of both default feeds, made the way
`pyspotify run` makes it; the second starts each time from a copy of a smaller lake that is up to date.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import dagster as dg
import pytest

from pyspotify_assets import refine
from pyspotify_assets.daily.notes import Notes
from pyspotify_assets.errors import LakeError
from pyspotify_assets.feeds import DEFAULT_FEEDS
from pyspotify_assets.jobs import FULL_REFRESH
from pyspotify_assets.lake import Lake
from pyspotify_assets.stores.folder import FolderStore
from pyspotify_assets.terminal import runs
from pyspotify_assets.terminal.refresh_plan import plan_refresh
from pyspotify_assets_tests.builders import put_raw, track
from pyspotify_assets_tests.pipelines import (
    DAYS,
    FEEDS,
    MARTS,
    SMALL_FEEDS,
    Pipeline,
    assert_whole,
    objects,
    rows,
    serving,
)

PARTITIONED = [
    *(f"{layer}/{feed}" for layer in ("raw", "refined") for feed in FEEDS),
    *(f"spotify_marts/{mart}" for mart in MARTS),
    "report/daily",
]
TABLES = [f"{database}/{feed}" for database in ("spotify_raw", "spotify_refined") for feed in FEEDS]
DEFAULT_FEEDS_TOML = SMALL_FEEDS.replace("maximum = 40\n", "")
MADE_AREAS = ("raw", "refined", "marts", "report")


def key(asset: str) -> dg.AssetKey:
    return dg.AssetKey(asset.split("/"))


@pytest.fixture(scope="module")
def refreshed(tmp_path_factory) -> Iterator[SimpleNamespace]:
    """Three days of both default feeds, and the Dagster instance that remembers the run."""
    folder = tmp_path_factory.mktemp("refreshed")
    pipeline = Pipeline(folder, feeds=DEFAULT_FEEDS_TOML)
    with pytest.MonkeyPatch.context() as environment, dg.DagsterInstance.ephemeral() as instance:
        environment.setenv("PYSPOTIFY_LAKE", str(folder / "lake"))
        environment.setenv("PYSPOTIFY_SOURCE", "sample")
        environment.setenv("PYSPOTIFY_FEEDS", str(folder / "feeds.toml"))
        told: list[str] = []
        failures = runs.execute(instance, FULL_REFRESH, DAYS[0], DAYS[-1], told.append)
        first = SimpleNamespace(failures=failures, told=told, objects=objects(pipeline.lake, *MADE_AREAS))
        yield SimpleNamespace(pipeline=pipeline, lake=pipeline.lake, instance=instance, first=first)


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """The folder of a small pipeline that is up to date over three days."""
    pipeline = Pipeline(tmp_path_factory.mktemp("finished") / "pipeline")
    with dg.DagsterInstance.ephemeral() as instance:
        assert pipeline.run(instance).success
    return pipeline.folder


@pytest.fixture
def copied(finished: Path, tmp_path: Path) -> Path:
    """A copy of it, times of files included."""
    return shutil.copytree(finished, tmp_path / "copy")


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def raw_text(lake: Lake, feed: str, day: str) -> str:
    return lake.stores["raw"].read(f"{feed}/snapshot_date={day}/{feed}.csv").decode()


def land(lake: Lake, day: str) -> None:
    """The first day's popular songs, in landing as those of another day."""
    store = lake.stores["landing"]
    with store.staging("late.csv") as staged:
        staged.write_text(raw_text(lake, "popular_songs", DAYS[0]).replace(DAYS[0], day), encoding="utf-8")
        store.publish(staged, f"popular_songs/{day}/late.csv")


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    """Objects that were written, anew or again, as `<area>/<name>/<day>`."""
    written = {name for name, identity in after.items() if before.get(name) != identity}
    return {f"{name.split('/')[0]}/{name.split('/')[1]}/{_day(name)}" for name in written if not _is_latest(name)}


def _day(name: str) -> str:
    return name.split("snapshot_date=")[1][:10] if "snapshot_date=" in name else name[-15:-5]


def _is_latest(name: str) -> bool:
    return name.endswith("latest.html")


def of_day(*days: str, layers: tuple[str, ...] = ("marts", "report")) -> set[str]:
    """What the objects of these layers and days are called by `changed`."""
    names = {"raw": FEEDS, "refined": FEEDS, "marts": MARTS, "report": ("daily",)}
    return {
        f"report/{day}.html/{day}" if layer == "report" else f"{layer}/{name}/{day}"
        for day in days
        for layer in layers
        for name in names[layer]
    }


class TestOneRefresh:
    def test_succeeds_and_tells_of_every_day_of_every_asset(self, refreshed):
        assert refreshed.first.failures == []
        assert len(refreshed.first.told) == len(PARTITIONED) * len(DAYS)

    def test_materializes_every_partition_and_every_table(self, refreshed):
        for asset in PARTITIONED:
            assert refreshed.instance.get_materialized_partitions(key(asset)) == set(DAYS), asset
        for asset in TABLES:
            assert refreshed.instance.get_latest_materialization_event(key(asset)) is not None, asset

    def test_tells_of_every_column_of_every_table_where_it_comes_from(self, refreshed):
        graph = refreshed.pipeline.definitions().resolve_asset_graph()
        for asset in {*PARTITIONED, *TABLES} - {"report/daily"}:
            latest = refreshed.instance.get_latest_materialization_event(key(asset)).asset_materialization
            columns = latest.metadata["dagster/column_lineage"].value.deps_by_column
            declared = graph.get(key(asset)).metadata["dagster/column_schema"].columns
            assert set(columns) == {column.name for column in declared}, asset

    def test_every_materialization_stays_small_whatever_it_shows(self, refreshed):
        for asset in (*PARTITIONED, *TABLES):
            latest = refreshed.instance.get_latest_materialization_event(key(asset))
            assert len(dg.serialize_value(latest)) < 24_000, asset

    def test_passes_every_check(self, refreshed):
        graph = refreshed.pipeline.definitions().resolve_asset_graph()
        latest = refreshed.instance.event_log_storage.get_latest_asset_check_execution_by_key(
            list(graph.asset_check_keys)
        )

        passed = {
            check.to_user_string(): record.event.asset_check_evaluation.passed
            if record.event and record.event.asset_check_evaluation
            else None
            for check, record in latest.items()
        }
        assert len(passed) == 53
        of_live_data = {
            f"raw/{feed}:{name}" for feed in FEEDS for name in ("spotify_answers", "no_day_missed", "login_fresh")
        }
        assert {name for name, verdict in passed.items() if verdict is None} == of_live_data
        assert [name for name, verdict in passed.items() if verdict is False] == []

    def test_asks_spotify_for_each_page_once_20_for_the_search_and_11_for_the_playlist(self, refreshed):
        requests = {}
        for feed in FEEDS:
            events = refreshed.instance.fetch_materializations(
                dg.AssetRecordsFilter(asset_key=key(f"raw/{feed}"), asset_partitions=list(DAYS)), limit=10
            ).records
            requests[feed] = [event.asset_materialization.metadata["page_requests"].value for event in events]

        assert requests == {"popular_songs": [20] * 3, "top_played": [11] * 3}

    def test_leaves_an_up_to_date_report_of_every_day_and_the_newest_beside_them(self, refreshed):
        store = refreshed.lake.stores["report"]

        assert [info.key for info in store.objects("")] == [*(f"{day}.html" for day in DAYS), "latest.html"]
        assert store.read("latest.html") == store.read(f"{DAYS[-1]}.html")
        assert b"<html" in store.read("latest.html")

    def test_everything_that_is_published_can_be_read_to_its_end(self, refreshed):
        assert {area: number for area, number in assert_whole(refreshed.lake).items() if area != "catalog"} == {
            "raw": 6,
            "refined": 6,
            "marts": 15,
            "report": 4,
        }

    @pytest.mark.parametrize("day", DAYS)
    def test_not_one_row_of_one_feed_is_in_the_other(self, refreshed, day):
        for layer in ("raw", "refined"):
            for feed, source in (("popular_songs", "sample:search:"), ("top_played", "sample:playlist:")):
                sources = rows(
                    refreshed.pipeline,
                    f"SELECT DISTINCT source FROM spotify_{layer}.{feed} WHERE snapshot_date = '{day}'",
                )
                assert len(sources) == 1
                assert sources[0][0].startswith(source)

    def test_raw_rows_are_refined_rows_and_those_known_to_be_left_out(self, refreshed):
        for feed in FEEDS:
            for day in DAYS:
                raw, refined = (
                    Notes.from_texts(refreshed.lake.place((layer, feed), day).info().notes)
                    for layer in ("raw", "refined")
                )
                assert raw.rows == refined.counts["raw_rows"]
                assert raw.rows == refined.rows + refined.counts["duplicates"] + refined.counts["quarantined"]

    def test_movement_covers_each_refined_row_of_each_day(self, refreshed):
        query = "SELECT feed, snapshot_date, count(*) FROM spotify_marts.chart_movement GROUP BY 1, 2 ORDER BY 1, 2"
        refined = [
            (feed, day, Notes.from_texts(refreshed.lake.place(("refined", feed), day).info().notes).rows)
            for feed in FEEDS
            for day in DAYS
        ]

        assert rows(refreshed.pipeline, query) == refined

    def test_a_past_day_of_the_sample_taken_again_is_the_same_to_the_byte(self, refreshed, tmp_path, instance):
        again = Pipeline(tmp_path, feeds=DEFAULT_FEEDS_TOML)

        assert again.run(instance, DAYS[1], DAYS[1], "daily_snapshot").success

        for feed in FEEDS:
            assert raw_text(again.lake, feed, DAYS[1]) == raw_text(refreshed.lake, feed, DAYS[1])


class TestTheNextRefresh:
    def test_with_nothing_new_makes_nothing_and_writes_nothing(self, refreshed):
        second = refreshed.pipeline.run(refreshed.instance)

        assert second.success
        assert second.made() == {}
        assert objects(refreshed.lake, *MADE_AREAS) == refreshed.first.objects

    def test_with_nothing_new_asks_spotify_for_nothing(self, copied, instance):
        with serving(knows_the_past=True) as (spotify, simulator):
            pipeline = Pipeline(copied, overrides={"spotify": spotify})
            assert pipeline.run(instance).success
            asked = len(simulator.requests)

            assert pipeline.run(instance).made() == {}

            # A token and one page per feed and day, and what the playlist says of itself.
            assert (asked, len(simulator.requests) - asked) == (6 * 2 + 3, 0)

    def test_a_new_dagster_instance_over_an_old_lake_is_green_after_a_run_that_makes_nothing(self, copied, instance):
        pipeline = Pipeline(copied)
        before = objects(pipeline.lake, *MADE_AREAS)

        run = pipeline.run(instance)

        assert run.success
        assert run.made() == {**{asset: list(DAYS) for asset in PARTITIONED}, **{table: [""] for table in TABLES}}
        assert objects(pipeline.lake, *MADE_AREAS) == before

    def test_a_refined_object_that_is_gone_comes_back_and_nothing_else_changes(self, copied, instance):
        pipeline = Pipeline(copied)
        before = objects(pipeline.lake, *MADE_AREAS)
        pipeline.lake.stores["refined"].delete(f"top_played/snapshot_date={DAYS[1]}/top_played.parquet")

        assert pipeline.run(instance).success

        # The same content again: what depends on it is as it was.
        assert changed(before, objects(pipeline.lake, *MADE_AREAS)) == {f"refined/top_played/{DAYS[1]}"}

    def test_another_snapshot_of_a_day_rebuilds_what_looks_at_that_day_and_nothing_before_it(self, copied, instance):
        pipeline = Pipeline(copied)
        before = objects(pipeline.lake, *MADE_AREAS)
        other = Pipeline(copied, sample_seed=7)
        taken = other.run(
            instance, DAYS[1], DAYS[1], "daily_snapshot", [key("raw/top_played"), key("refined/top_played")]
        )
        assert taken.success

        # Still of the other seed: its raw day would be taken again, so only what comes after it is refreshed.
        assets = [key(asset) for asset in (*TABLES, *PARTITIONED) if not asset.startswith("raw/")]
        assert pipeline.run(instance, assets=assets).success

        assert changed(before, objects(pipeline.lake, *MADE_AREAS)) == {
            f"raw/top_played/{DAYS[1]}",
            f"refined/top_played/{DAYS[1]}",
            *of_day(DAYS[1], DAYS[2]),
        }

    @pytest.mark.slow
    def test_another_seed_of_the_sample_makes_everything_anew(self, copied, instance):
        before = objects(Pipeline(copied).lake, *MADE_AREAS)
        pipeline = Pipeline(copied, sample_seed=7)

        assert pipeline.run(instance, DAYS[2], DAYS[2]).success

        assert changed(before, objects(pipeline.lake, *MADE_AREAS)) == of_day(
            DAYS[2], layers=("raw", "refined", "marts", "report")
        )

    def test_another_language_of_the_report_makes_the_reports_anew_and_nothing_else(self, copied, instance):
        before = objects(Pipeline(copied).lake, *MADE_AREAS)
        pipeline = Pipeline(copied, report_language="pt-BR")

        assert pipeline.run(instance, DAYS[2], DAYS[2]).success

        assert changed(before, objects(pipeline.lake, *MADE_AREAS)) == of_day(DAYS[2], layers=("report",))
        assert b'<html lang="pt-BR">' in pipeline.lake.stores["report"].read("latest.html")

    @pytest.mark.parametrize("refused", ["latest.html", f"{DAYS[2]}.html"])
    def test_the_newest_page_is_the_days_page_though_a_run_ended_between_the_two(
        self, copied, instance, monkeypatch, refused
    ):
        pipeline = Pipeline(copied, report_language="pt-BR")
        publish = FolderStore.publish

        def dies(store, staged, key, notes=None):
            if key == refused:
                raise LakeError(f"{key} cannot be written", "Make room.")
            return publish(store, staged, key, notes)

        with monkeypatch.context() as patch:
            patch.setattr(FolderStore, "publish", dies)
            assert not pipeline.run(instance, DAYS[2], DAYS[2]).success
        assert pipeline.run(instance, DAYS[2], DAYS[2]).success

        store = pipeline.lake.stores["report"]
        assert store.read("latest.html") == store.read(f"{DAYS[2]}.html")

    @pytest.mark.slow
    def test_another_version_of_the_refining_refines_again_and_spares_what_comes_out_alike(
        self, copied, instance, monkeypatch
    ):
        pipeline = Pipeline(copied)
        before = objects(pipeline.lake, *MADE_AREAS)
        monkeypatch.setattr(refine, "VERSION", "another")

        assert pipeline.run(instance).success

        written = changed(before, objects(pipeline.lake, *MADE_AREAS))
        assert written == of_day(*DAYS, layers=("refined", "report"))

    @pytest.mark.slow
    def test_a_deleted_catalog_is_made_again(self, copied, instance):
        pipeline = Pipeline(copied)
        assert pipeline.run(instance).success  # Dagster remembers a crawl from here on: nothing is newer than it.
        shutil.rmtree(Path(pipeline.settings.lake_address(), "catalog"))

        assert pipeline.run(instance).success

        for table in (*TABLES, *(f"spotify_marts/{mart}" for mart in MARTS)):
            database, name = table.split("/")
            assert [found.day for found in pipeline.sql.partitions(database, name)] == list(DAYS)
        assert pipeline.run(instance).made() == {}

    @pytest.mark.parametrize("source", ["sample", "live"])
    def test_a_snapshot_that_waits_in_landing_brings_the_days_after_it_that_are_there(self, tmp_path, source):
        pipeline = Pipeline(tmp_path, source=source)
        for day in ("2024-02-10", "2024-02-21", "2024-02-25"):
            put_raw(pipeline.lake, "top_played", day, [track(1, "A")])
        store = pipeline.lake.stores["landing"]
        with store.staging("late.csv") as staged:
            staged.write_text("anything")
            store.publish(staged, "popular_songs/2024-02-20/late.csv")
        day = date.fromisoformat(DAYS[0])

        planned = plan_refresh(pipeline.lake, DEFAULT_FEEDS, pipeline.settings, day, day, date.fromisoformat(DAYS[2]))

        asked = [DAYS[0]] if source == "sample" else []  # Live, a past day that is not there cannot be had.
        assert planned == ["2024-02-20", "2024-02-21", "2024-02-25", *asked]

    def test_a_snapshot_that_lands_late_rebuilds_the_marts_of_the_days_after_it(self, copied, instance):
        pipeline, late = Pipeline(copied), "2024-02-20"
        before = objects(pipeline.lake, *MADE_AREAS)
        land(pipeline.lake, late)

        assert pipeline.run(instance, late, late).success
        assert pipeline.run(instance).success

        written = changed(before, objects(pipeline.lake, *MADE_AREAS))
        assert written >= of_day(*DAYS)
        assert not written & of_day(*DAYS, layers=("raw", "refined"))
        previous = (
            "SELECT DISTINCT feed, previous_date FROM spotify_marts.chart_movement "
            "WHERE snapshot_date = '2024-03-01' ORDER BY feed"
        )
        assert rows(pipeline, previous) == [("popular_songs", late), ("top_played", late)]
        assert list(pipeline.lake.stores["landing"].objects("")) == []

    def test_and_the_pages_that_show_these_marts_so_that_nothing_is_left_to_do(self, copied, instance):
        pipeline, late = Pipeline(copied, lookback_days=2), date(2024, 2, 28)
        assert pipeline.run(instance).success
        land(pipeline.lake, late.isoformat())

        planned = plan_refresh(pipeline.lake, DEFAULT_FEEDS, pipeline.settings, late, late, date.fromisoformat(DAYS[2]))
        assert pipeline.run(instance, planned[0], planned[-1]).success

        made = objects(pipeline.lake, *MADE_AREAS)
        assert pipeline.run(instance, planned[0], DAYS[2]).success
        assert changed(made, objects(pipeline.lake, *MADE_AREAS)) == set()
