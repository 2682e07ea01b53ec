"""The definitions: what a user sees in Dagster before anything has run, and what loading them may and may not do.

They load from an empty environment, without network, without a warning and without any of the heavy libraries.
"""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from pyspotify_assets.definitions import build_definitions
from pyspotify_assets.io_manager import LakeIOManager
from pyspotify_assets.settings import Settings, load_settings
from pyspotify_assets_tests.builders import put_snapshot, track

HEAVY = (
    *("pandas", "numpy", "pyarrow", "boto3", "spotipy", "duckdb", "altair", "vl_convert", "dagster_aws", "sqlglot"),
    *("requests", "pyspotify_assets.report", "pyspotify_assets.spotify.simulator"),
)
"""What a run may need and loading may not: the numbers are in docs/benchmarks.md."""
FEEDS = ("popular_songs", "top_played")
MARTS = ("chart_movement", "chart_exits", "top_artists", "release_profile", "pipeline_health")
KEYS = {
    "spotify/search",
    "spotify/playlist",
    *(f"{layer}/{feed}" for layer in ("raw", "refined", "spotify_raw", "spotify_refined") for feed in FEEDS),
    *(f"spotify_marts/{mart}" for mart in MARTS),
    "report/daily",
}
LISTENING = ("listening_tracks", "listening_artists", "listening_hours")
LISTENING_KEYS = {
    "spotify/listening_history",
    "refined/plays",
    "spotify_refined/plays",
    *(f"spotify_marts/{mart}" for mart in LISTENING),
    "report/listening",
}
LOAD = """
import json, socket, sys, time
def refuse(*arguments): raise AssertionError(f"the network is asked: {arguments[1:]}")
socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = refuse
started = time.perf_counter()
import dagster
from pyspotify_assets.definitions import defs
loaded = defs(None) if not isinstance(defs, dagster.Definitions) else defs
dagster.Definitions.validate_loadable(loaded)
keys = [key.to_user_string() for key in loaded.resolve_all_asset_keys()]
print(json.dumps({"seconds": time.perf_counter() - started, "keys": keys, "modules": sorted(sys.modules)}))
"""


@pytest.fixture(scope="module", params=["local", "aws"])
def loaded(request, tmp_path_factory) -> dict:
    process = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-W", "error", "-c", LOAD],
        cwd=tmp_path_factory.mktemp("empty"),
        env={} if request.param == "local" else {"PYSPOTIFY_ENV": "aws"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert process.returncode == 0, process.stderr
    assert process.stderr == ""
    return json.loads(process.stdout)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(
        lake=str(tmp_path / "lake"), source="sample", start="2023-01-01", feeds=tmp_path / "feeds.toml"
    )


@pytest.fixture
def definitions(settings: Settings) -> dg.Definitions:
    return build_definitions(settings)


def specs(definitions: dg.Definitions) -> dict[str, dg.AssetSpec]:
    return {spec.key.to_user_string(): spec for spec in definitions.resolve_all_asset_specs()}


class TestLoading:
    def test_works_in_an_empty_environment_without_network_and_without_a_warning(self, loaded):
        assert set(loaded["keys"]) == KEYS | LISTENING_KEYS
        print(f"definitions loaded and validated in {loaded['seconds']:.2f} s")  # noqa: T201
        assert loaded["seconds"] < 20

    def test_loads_none_of_the_heavy_libraries(self, loaded):
        assert [name for name in HEAVY if name in loaded["modules"]] == []

    def test_leaves_the_folder_it_is_loaded_in_as_it_was(self, settings, tmp_path):
        before = sorted(tmp_path.rglob("*"))

        dg.Definitions.validate_loadable(build_definitions(settings))

        assert sorted(tmp_path.rglob("*")) == before


class TestAssets:
    def test_there_are_these_and_no_others(self, definitions):
        assert set(specs(definitions)) == KEYS | LISTENING_KEYS

    @pytest.mark.parametrize("key", sorted(KEYS | LISTENING_KEYS))
    def test_each_has_a_group_a_description_an_owner_and_kinds(self, definitions, key):
        spec = specs(definitions)[key]

        groups = ("spotify", "raw", "refined", "spotify_raw", "spotify_refined", "marts", "report", "listening")
        assert spec.group_name in groups
        assert spec.description
        assert spec.owners
        assert spec.kinds

    @pytest.mark.parametrize("key", sorted(key for key in KEYS if key.startswith(("raw", "refined", "spotify_"))))
    def test_each_table_shows_its_name_and_columns_before_it_is_made(self, definitions, key):
        metadata = specs(definitions)[key].metadata

        assert metadata["dagster/table_name"].replace(".", "/") == key
        columns = metadata["dagster/column_schema"].columns
        assert len(columns) > 5
        assert all(column.type and column.description for column in columns)

    def test_the_lineage_leads_from_spotify_to_the_report(self, definitions):
        graph = definitions.resolve_asset_graph()

        def parents(key: str) -> set[str]:
            return {parent.to_user_string() for parent in graph.get(dg.AssetKey(key.split("/"))).parent_keys}

        assert parents("spotify/search") == set()
        assert parents("raw/popular_songs") == {"spotify/search"}
        assert parents("raw/top_played") == {"spotify/playlist"}
        for feed in FEEDS:
            assert parents(f"refined/{feed}") == {f"raw/{feed}"}
            assert parents(f"spotify_raw/{feed}") == {f"raw/{feed}"}
            assert parents(f"spotify_refined/{feed}") == {f"refined/{feed}"}
        for mart in MARTS:
            assert parents(f"spotify_marts/{mart}") == {
                f"{layer}/{feed}" for layer in ("refined", "spotify_refined") for feed in FEEDS
            }
        assert parents("report/daily") == {f"spotify_marts/{mart}" for mart in MARTS}

    def test_the_listening_history_has_a_lineage_of_its_own_that_meets_no_feed(self, definitions):
        graph = definitions.resolve_asset_graph()

        def parents(key: str) -> set[str]:
            return {parent.to_user_string() for parent in graph.get(dg.AssetKey(key.split("/"))).parent_keys}

        assert parents("refined/plays") == {"spotify/listening_history"}
        assert parents("spotify_refined/plays") == {"refined/plays"}
        for mart in LISTENING:
            assert parents(f"spotify_marts/{mart}") == {"refined/plays", "spotify_refined/plays"}
        assert parents("report/listening") == {f"spotify_marts/{mart}" for mart in LISTENING}
        assert all(graph.get(dg.AssetKey(key.split("/"))).partitions_def is None for key in LISTENING_KEYS)

    def test_no_job_of_the_feeds_touches_the_listening_history(self, definitions):
        for name in ("full_refresh", "daily_snapshot", "crawl_raw", "crawl_refined", "marts_and_report"):
            keys = definitions.resolve_job_def(name).asset_layer.executable_asset_keys
            assert not {key.to_user_string() for key in keys} & LISTENING_KEYS

    def test_snapshots_marts_and_report_have_a_partition_a_day_today_included_and_tables_have_none(self, definitions):
        graph = definitions.resolve_asset_graph()
        today = pd.Timestamp.now(tz="UTC").date().isoformat()

        for key in KEYS:
            partitions = graph.get(dg.AssetKey(key.split("/"))).partitions_def
            if key.startswith(("raw/", "refined/", "spotify_marts/", "report/")):
                days = partitions.get_partition_keys()
                assert days[0] == "2023-01-01"
                assert days[-1] >= today
            else:
                assert partitions is None

    def test_the_first_day_is_a_setting(self, tmp_path):
        graph = build_definitions(load_settings(start="2024-02-29", feeds=tmp_path / "none")).resolve_asset_graph()

        assert graph.get(dg.AssetKey(["raw", "top_played"])).partitions_def.get_first_partition_key() == "2024-02-29"

    def test_a_day_of_the_marts_looks_back_over_the_window(self, definitions):
        graph = definitions.resolve_asset_graph()
        mapping = graph.get_partition_mapping(
            dg.AssetKey(["spotify_marts", "top_artists"]), dg.AssetKey(["refined", "top_played"])
        )

        assert (mapping.start_offset, mapping.end_offset) == (-28, 0)


class TestAutomation:
    def test_jobs_are_these_and_say_what_they_do(self, definitions):
        repository = definitions.get_repository_def()

        jobs = {job.name: job for job in repository.get_all_jobs() if not job.name.startswith("__")}
        assert set(jobs) == {"full_refresh", "daily_snapshot", "crawl_raw", "crawl_refined", "marts_and_report"} | {
            "listening_history"
        }
        assert all(job.description for job in jobs.values())

    def test_schedules_and_sensors_are_these_and_run_by_themselves_on_a_laptop(self, definitions):
        repository = definitions.get_repository_def()

        schedules = {schedule.name: schedule for schedule in repository.schedule_defs}
        assert set(schedules) == {"daily_snapshot", "crawl_raw_at_noon", "crawl_refined_at_noon"}
        assert {schedule.default_status for schedule in schedules.values()} == {dg.DefaultScheduleStatus.RUNNING}
        sensors = {sensor.name: sensor for sensor in repository.sensor_defs}
        assert set(sensors) == {
            "alerts",
            "raw_landed",
            "export_landed",
            "snapshot_when_allowed",
            "crawl_raw_when_newer",
            "crawl_refined_when_newer",
            "marts_when_crawled",
        }
        assert {sensor.default_status for sensor in sensors.values()} == {dg.DefaultSensorStatus.RUNNING}
        assert all(automation.description for automation in (*schedules.values(), *sensors.values()))

    def test_a_schedule_runs_in_the_time_zone_and_at_the_hour_of_the_settings(self, tmp_path):
        settings = load_settings(timezone="America/Sao_Paulo", snapshot_hour=4, feeds=tmp_path / "none")

        schedule = build_definitions(settings).resolve_schedule_def("daily_snapshot")

        assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 4 * * *", "America/Sao_Paulo")


class TestEmbedding:
    """`build_definitions(resource_overrides=…)` in somebody else's project."""

    def test_an_asset_of_the_other_project_reads_a_day_of_ours_as_a_frame(self, settings):
        lake = LakeIOManager(address=settings.lake_address())
        put_snapshot(lake.lake, "popular_songs", "2024-03-01", [track(1, "A"), track(2, "B")])

        @dg.asset(
            ins={"songs": dg.AssetIn(["refined", "popular_songs"])},
            key_prefix="theirs",
            io_manager_key="lake_io_manager",
            partitions_def=dg.DailyPartitionsDefinition("2023-01-01", end_offset=1),
        )
        def best(songs: pd.DataFrame) -> pd.DataFrame:
            return songs.loc[songs["rank"] == 1, ["track_name"]]

        theirs = dg.Definitions(assets=[best], jobs=[dg.define_asset_job("best_job", [best])])
        merged = dg.Definitions.merge(theirs, build_definitions(settings, {"lake_io_manager": lake}))

        dg.Definitions.validate_loadable(merged)
        with dg.DagsterInstance.ephemeral() as instance:
            result = merged.resolve_job_def("best_job").execute_in_process(
                instance=instance, partition_key="2024-03-01"
            )
        assert result.success
        assert list(lake.read("theirs/best", "2024-03-01")["track_name"]) == ["Song A"]

    def test_the_same_io_manager_in_both_projects_is_one(self, settings):
        lake = LakeIOManager(address=settings.lake_address())

        merged = dg.Definitions.merge(
            dg.Definitions(resources={"lake_io_manager": lake}), build_definitions(settings, {"lake_io_manager": lake})
        )

        assert merged.resources["lake_io_manager"] is lake

    def test_the_other_project_keeps_its_own_io_manager(self, settings):
        own = dg.InMemoryIOManager()

        merged = dg.Definitions.merge(dg.Definitions(resources={"io_manager": own}), build_definitions(settings))

        assert merged.resources["io_manager"] is own
        dg.Definitions.validate_loadable(merged)


class TestFeedsAreDeclarations:
    def test_three_feeds_make_three_of_everything_and_the_same_marts(self, settings):
        settings.feeds.write_text(
            "".join(
                f'[[feed]]\nname = "{name}"\nkind = "search"\nquery = "genre:{name}"\n' for name in ("a", "b", "c")
            ),
            encoding="utf-8",
        )

        definitions = build_definitions(settings)

        keys = set(specs(definitions))
        keys -= LISTENING_KEYS
        for layer in ("raw", "refined", "spotify_raw", "spotify_refined"):
            assert {key for key in keys if key.startswith(f"{layer}/")} == {f"{layer}/{name}" for name in "abc"}
        assert {key for key in keys if key.startswith("spotify_marts/")} == {f"spotify_marts/{mart}" for mart in MARTS}
        checks = {key.to_user_string() for key in definitions.resolve_asset_graph().asset_check_keys}
        assert {f"spotify_refined/{name}:raw_and_refined_counts_agree" for name in "abc"} <= checks


class TestVersions:
    def test_dagster_and_its_parts_are_in_step(self):
        dagster, webserver, aws = (version(name) for name in ("dagster", "dagster-webserver", "dagster-aws"))

        assert webserver == dagster
        major, minor, patch = map(int, dagster.split("."))
        assert (major, aws) == (1, f"0.{minor + 16}.{patch}")
