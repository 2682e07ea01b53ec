"""What is forgotten: exactly the days that are older than is kept, wherever their rows lie, and nothing else."""

from __future__ import annotations

import json
import os
import re
import uuid
from datetime import UTC, date, datetime
from pathlib import Path

import dagster as dg
import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pyspotify_assets.assets.each_day import PARTITION
from pyspotify_assets.cli import main
from pyspotify_assets.definitions import build_definitions
from pyspotify_assets.lake import Lake
from pyspotify_assets.plays.take import take
from pyspotify_assets.retention import Leaving, first_kept, forget, kept_from, leaving, too_short
from pyspotify_assets.settings import load_settings
from pyspotify_assets.tables import LISTENING
from pyspotify_assets.warehouse.local_crawler import LocalCrawler
from pyspotify_assets_tests.builders import put_snapshot, track
from pyspotify_assets_tests.pipelines import DAYS, NOON, SMALL_FEEDS, Pipeline, objects, rows
from pyspotify_assets_tests.plays.exports import export, play

AREAS = ("raw", "refined", "quarantine", "landing", "marts", "report", "state", "catalog")
FEEDS = ("popular_songs", "popular_songs_2", "top_played")

OF_A_DAY = {
    "raw": ("raw", "{feed}/snapshot_date={day}/{feed}.csv"),
    "refined": ("refined", "{feed}/snapshot_date={day}/{feed}.parquet"),
    "rows in quarantine": ("quarantine", "refined/{feed}/snapshot_date={day}/{feed}.csv"),
    "a refused file": ("quarantine", "landing/{feed}/{day}/old.csv"),
    "why it was refused": ("quarantine", "landing/{feed}/{day}/old.csv.reason.txt"),
    "damaged raw": ("quarantine", "raw/{feed}/snapshot_date={day}/{feed}.csv"),
    "replaced raw": ("state", "replaced/raw/{feed}/snapshot_date={day}/2024-01-01T00-00-00-000000Z.csv"),
    "waits in landing": ("landing", "{feed}/{day}/late.csv"),
}
STAYS = {
    "mart": ("marts", "chart_movement/a-run/snapshot_date={day}/chart_movement.parquet"),
    "report": ("report", "{day}.html"),
    "plays": ("refined", "plays/play_year={year}/plays.parquet"),
    "an export in quarantine": ("quarantine", "landing/plays/{day}.zip"),
    "records in quarantine": ("quarantine", "refined/plays/{day}.jsonl"),
    "an export in landing": ("landing", "plays/{day}.zip"),
    "state": ("state", "spotify/{day}.json"),
    "another's file beside raw": ("raw", "{feed}/snapshot_date={day}/notes.txt"),
    "another's folder": ("raw", "{feed}/as_of={day}/{feed}.csv"),
    "something in no folder": ("raw", "snapshot_date={day}"),
}

days = st.dates(date(2024, 2, 26), date(2024, 3, 4)).map(date.isoformat)
things = st.tuples(st.sampled_from([*OF_A_DAY, *STAYS]), st.sampled_from(FEEDS), days)


def put(lake: Lake, area: str, key: str, content: str = "x") -> None:
    store = lake.stores[area]
    with store.staging("thing") as staged:
        staged.write_text(content, encoding="utf-8")
        store.publish(staged, key, {"fingerprint": "some"})


def place_of(thing: str, feed: str, day: str) -> tuple[str, str]:
    area, form = (OF_A_DAY | STAYS)[thing]
    return area, form.format(feed=feed, day=day, year=day[:4])


def everything(lake: Lake) -> set[tuple[str, str]]:
    return {
        (area, info.key)
        for area in AREAS
        for info in lake.stores[area].objects("")
        if (area, info.key) != ("state", "kept_from.json") and not info.key.startswith(("notes/", "locks/"))
    }


def check_that_it_forgets_exactly(lake: Lake, drawn: set[tuple[str, str, str]], before: str, chosen: set[str]) -> None:
    places = {thing: place_of(*thing) for thing in drawn}
    for place in set(places.values()):
        put(lake, *place)
    there = everything(lake)
    gone = {
        places[thing, feed, day]
        for thing, feed, day in drawn
        if thing in OF_A_DAY and day < before and (not chosen or feed in chosen)
    }

    found = list(leaving(lake, before, chosen or None))
    assert everything(lake) == there, "looking has changed something"
    assert {(one.area, one.info.key) for one in found} == gone
    assert len(found) == len(gone)

    forget(lake, LocalCrawler(lake), before, chosen or FEEDS, found)
    assert everything(lake) == there - gone
    assert kept_from(lake) == dict.fromkeys(chosen or FEEDS, before)
    assert list(leaving(lake, before, chosen or None)) == []


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=st.sets(things, max_size=14), before=days, chosen=st.sets(st.sampled_from(FEEDS), max_size=2))
def test_a_folder_loses_exactly_what_is_older_than_is_kept(tmp_path, drawn, before, chosen):
    lake = Lake.at(str(tmp_path / uuid.uuid4().hex))
    check_that_it_forgets_exactly(lake, drawn, before, chosen)
    left = list(Path(lake.address, "state", "notes").rglob("*.json"))
    assert len(left) == len([1 for _, key in everything(lake)]), "what is gone has left its notes"


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=st.sets(things, max_size=14), before=days, chosen=st.sets(st.sampled_from(FEEDS), max_size=2))
def test_a_bucket_loses_exactly_what_is_older_than_is_kept(s3_bucket, drawn, before, chosen):
    # As on AWS: the areas of a bucket lie within that of raw, and within that of refined.
    root = f"s3://{s3_bucket}/{uuid.uuid4().hex}"
    within = {area: f"{root}/{area}" for area in ("landing", "quarantine", "marts", "report", "state", "catalog")}
    lake = Lake.at(root, {"raw": root, "refined": f"{root}-refined", **within})
    places = {thing: place_of(*thing) for thing in drawn}
    for place in set(places.values()):
        put(lake, *place)
    there = {info.key for info in lake.stores["raw"].objects("")}
    found = list(leaving(lake, before, chosen or None))

    forget(lake, LocalCrawler(lake), before, chosen or FEEDS, found)

    expected = {
        places[thing, feed, day]
        for thing, feed, day in drawn
        if thing in OF_A_DAY and day < before and (not chosen or feed in chosen)
    }
    gone = {key if area == "raw" else f"{area}/{key}" for area, key in expected if area != "refined"}
    assert {(one.area, one.info.key) for one in found} == expected
    assert {info.key for info in lake.stores["raw"].objects("")} - {"state/kept_from.json"} == there - gone


@pytest.mark.parametrize("killed_after", [0, 1, 4])
def test_a_kill_in_the_middle_is_made_good_by_the_same_again(tmp_path, killed_after):
    lake = Lake.at(str(tmp_path / "lake"))
    for thing in (*OF_A_DAY, *STAYS):
        for day in ("2024-03-01", "2024-03-02"):
            put(lake, *place_of(thing, "top_played", day))

    class Killed(BaseException):
        pass

    seen: list[Leaving] = []

    def die(one: Leaving) -> None:
        seen.append(one)
        if len(seen) > killed_after:
            raise Killed

    found = list(leaving(lake, "2024-03-02"))
    with pytest.raises(Killed):
        forget(lake, LocalCrawler(lake), "2024-03-02", ["top_played"], found, die)
    assert kept_from(lake) == {"top_played": "2024-03-02"}, "what was meant to go is not taken for missing"

    for _ in range(2):  # And once more does no harm.
        forget(lake, LocalCrawler(lake), "2024-03-02", ["top_played"], list(leaving(lake, "2024-03-02")))

    kept = {place_of(thing, "top_played", "2024-03-02") for thing in (*OF_A_DAY, *STAYS)}
    assert everything(lake) == kept | {place_of(thing, "top_played", "2024-03-01") for thing in STAYS}


def test_a_file_that_lands_while_it_forgets_is_not_taken_for_the_one_it_saw(tmp_path):
    lake = Lake.at(str(tmp_path / "lake"))
    put(lake, "landing", "top_played/2024-03-01/a.csv")
    found = list(leaving(lake, "2024-03-02"))
    put(lake, "landing", "top_played/2024-03-01/a.csv", "another")

    forget(lake, LocalCrawler(lake), "2024-03-02", ["top_played"], found)

    assert lake.stores["landing"].read("top_played/2024-03-01/a.csv") == b"another"


def test_what_is_kept_counts_today_and_never_moves_back(tmp_path):
    lake = Lake.at(str(tmp_path / "lake"))
    assert first_kept(date(2024, 3, 3), 1) == "2024-03-03"
    assert first_kept(date(2024, 3, 3), 29) == "2024-02-04"
    for before in ("2024-03-02", "2024-03-01"):
        forget(lake, LocalCrawler(lake), before, ["top_played"], [])
    assert kept_from(lake) == {"top_played": "2024-03-02"}


def test_less_than_the_look_back_window_and_the_day_itself_is_warned_of():
    assert "PYSPOTIFY_LOOKBACK_DAYS" in too_short(28, 28)
    assert too_short(29, 28) == ""


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory) -> Pipeline:
    folder = tmp_path_factory.mktemp("retention")
    return Pipeline(folder, overrides={"clock": lambda: NOON}, retention_days=1)


@pytest.fixture(scope="module")
def instance(pipeline):
    with dg.DagsterInstance.ephemeral() as instance:
        assert pipeline.run(instance, *DAYS[1:]).success
        yield instance


@pytest.fixture(scope="module")
def before(pipeline, instance) -> dict[str, str]:
    return objects(pipeline.lake, "marts", "report")


@pytest.fixture(scope="module")
def forgotten(pipeline, instance, before):
    return pipeline.run_tagged(instance, "retention", {})


class TestPipeline:
    """A whole pipeline whose first day is forgotten: nothing is made again, nothing is missed."""

    def test_the_job_deletes_what_is_no_longer_kept_and_leaves_marts_and_reports(self, pipeline, forgotten, before):
        assert forgotten.success, forgotten.failures()
        for area in ("raw", "refined"):
            assert pipeline.lake.days((area, "top_played")) == [DAYS[2]]
        assert objects(pipeline.lake, "marts", "report") == before

    def test_queries_over_all_days_find_what_is_left(self, pipeline, forgotten):
        found = rows(pipeline, "SELECT DISTINCT snapshot_date FROM spotify_refined.top_played")
        assert found == [(DAYS[2],)]
        marts = rows(pipeline, "SELECT DISTINCT snapshot_date FROM spotify_marts.chart_movement ORDER BY 1")
        assert [day for (day,) in marts] == [*DAYS[1:]]

    def test_dagster_is_told_of_each_day(self, instance, forgotten):
        records = instance.fetch_observations(dg.AssetKey(["raw", "top_played"]), limit=10).records
        assert {record.partition_key for record in records} == {DAYS[1]}
        assert all("Forgotten" in (record.asset_observation.description or "") for record in records)

    def test_the_next_run_makes_nothing_again(self, pipeline, instance, forgotten, before):
        run = pipeline.run(instance, *DAYS[1:])

        assert run.success, run.failures()
        assert not {key: days for key, days in run.made().items() if any(days)}
        assert pipeline.lake.days(("raw", "top_played")) == [DAYS[2]], "the sample has taken a forgotten day again"
        assert objects(pipeline.lake, "marts", "report") == before

    def test_nothing_made_from_a_forgotten_day_is_out_of_date(self, pipeline, instance, forgotten):
        from dagster._core.definitions.data_version import CachingStaleStatusResolver
        from dagster._core.loader import LoadingContextForTest

        graph = pipeline.definitions().get_repository_def().asset_graph
        resolver = CachingStaleStatusResolver(instance, graph, LoadingContextForTest(instance))
        for key in (["refined", "top_played"], ["spotify_marts", "chart_movement"], ["report", "daily"]):
            for day in DAYS[1:]:
                assert resolver.get_status(dg.AssetKey(key), day).value == "FRESH", (key, day)

    def test_a_day_that_somebody_asks_for_is_taken_all_the_same(self, pipeline, instance, forgotten):
        run = pipeline.run_tagged(
            instance, "daily_snapshot", {PARTITION: DAYS[1]}, [dg.AssetKey(["raw", "top_played"])]
        )
        assert run.made() == {"raw/top_played": [DAYS[1]]}


class TestAutomation:
    def names(self, **given) -> tuple[set[str], set[str]]:
        repository = build_definitions(load_settings(**given)).get_repository_def()
        return {job.name for job in repository.get_all_jobs()}, {one.name for one in repository.schedule_defs}

    def test_the_schedule_is_there_where_the_setting_is_and_not_on_aws(self, folder):
        jobs, schedules = self.names(retention_days=90)
        assert "retention" in jobs & schedules
        for other in ({}, {"retention_days": 90, "env": "aws", "source": "live"}):
            jobs, schedules = self.names(**other)
            assert "retention" not in jobs | schedules

    def test_it_ticks_an_hour_after_the_snapshot(self, folder):
        settings = load_settings(retention_days=90, snapshot_hour=23, timezone="America/Sao_Paulo")
        schedule = build_definitions(settings).resolve_schedule_def("retention")
        assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 0 * * *", "America/Sao_Paulo")


class TestCommand:
    @pytest.fixture
    def lake(self, folder) -> Lake:
        (folder / "feeds.toml").write_text(SMALL_FEEDS, encoding="utf-8")
        lake = Lake.at("lake/sample")
        for feed in ("popular_songs", "top_played"):
            for day in DAYS:
                put_snapshot(lake, feed, day, [track(1, "a")])
        return lake

    def typed(self, *arguments: str) -> Result:
        return CliRunner().invoke(main, ["forget", *arguments], prog_name="pyspotify")

    def test_a_dry_run_shows_what_would_go_and_changes_nothing(self, lake):
        there = {path: path.stat().st_mtime_ns for path in Path("lake").rglob("*") if path.is_file()}

        result = self.typed("--before", DAYS[2], "--dry-run")

        assert result.exit_code == 0, result.output
        assert re.search(rf"raw +top_played +2 +{DAYS[0]} +{DAYS[1]} +2 ", result.output)
        assert {path: path.stat().st_mtime_ns for path in Path("lake").rglob("*") if path.is_file()} == there

    def test_it_deletes_what_it_shows_of_the_feeds_that_are_named(self, lake):
        shown = json.loads(self.typed("--before", DAYS[2], "--feed", "top_played", "--dry-run", "--json").stdout)
        done = json.loads(self.typed("--before", DAYS[2], "--feed", "top_played", "--yes", "--json").stdout)

        assert done == shown | {"forgotten": 4}
        assert [table["table"] for table in done["tables"]] == ["top_played", "top_played"]
        assert (lake.days(("raw", "top_played")), lake.days(("raw", "popular_songs"))) == ([DAYS[2]], list(DAYS))

    def test_nobody_to_ask_is_no_yes(self, lake):
        result = self.typed("--before", DAYS[2])

        assert (result.exit_code, lake.days(("raw", "top_played"))) == (2, list(DAYS))
        assert "--yes" in result.output

    def test_a_feed_that_is_no_longer_declared_can_be_forgotten_as_long_as_it_has_days(self, lake):
        put_snapshot(lake, "gone", DAYS[0], [track(1, "a")])
        assert self.typed("--before", DAYS[2], "--feed", "gone", "--yes").exit_code == 0
        result = self.typed("--before", DAYS[2], "--feed", "gone", "--yes")
        assert (result.exit_code, lake.days(("raw", "gone"))) == (1, [])
        assert "There is no feed 'gone'" in result.output

    @pytest.mark.parametrize(
        ("arguments", "code", "words"),
        [
            ((), 1, "PYSPOTIFY_RETENTION_DAYS is not set"),
            (("--older-than", "0"), 2, "0 is not in the range"),
            (("--older-than", "3", "--before", "2024-03-01"), 2, "give one of them"),
            (("--before", "2999-01-01", "--yes"), 1, "lies in the future"),
            (("--feed", "no_such", "--before", "2024-03-01", "--yes"), 1, "There is no feed 'no_such'"),
            (("--plays", "--feed", "top_played"), 2, "leave days and feeds out"),
            (("--before", "2024-03-01", "--json"), 2, "--json asks nothing"),
        ],
    )
    def test_nonsense_is_refused_and_changes_nothing(self, lake, arguments, code, words):
        before = objects(lake, *AREAS)

        result = self.typed(*arguments)

        assert (result.exit_code, objects(lake, *AREAS)) == (code, before)
        assert words in " ".join(result.output.split())

    def test_without_days_it_keeps_what_the_setting_says_and_warns_where_marts_need_more(self, lake, monkeypatch):
        monkeypatch.setenv("PYSPOTIFY_RETENTION_DAYS", "20")
        result = self.typed("--yes")
        assert result.exit_code == 0, result.output
        assert "PYSPOTIFY_LOOKBACK_DAYS" in result.stderr
        assert lake.days(("raw", "top_played")) == []

    def test_the_listening_history_goes_whole_and_alone(self, lake, tmp_path):
        history = export(tmp_path / "export.zip", [play(), play("2024-01-01T10:00:00Z", "B")])
        take(lake, history, datetime(2024, 3, 1, tzinfo=UTC))
        for mart in LISTENING:
            put(lake, "marts", f"{mart.name}/a-run/play_year=2023/{mart.name}.parquet")
        for place in (("report", "listening.html"), ("report", "listening.html.old"), ("landing", "plays/x.zip")):
            put(lake, *place)
        put(lake, "quarantine", "landing/plays/y.zip")
        stays = {("report", "listening.html.old")} | {
            (area, info.key)
            for area in ("raw", "refined")
            for info in lake.stores[area].objects("")
            if not info.key.startswith("plays/")
        }

        result = self.typed("--plays", "--yes")

        assert result.exit_code == 0, result.output
        assert {one for one in everything(lake) if one[0] != "catalog"} == stays

    def test_an_empty_setting_keeps_all(self, folder, monkeypatch):
        monkeypatch.setenv("PYSPOTIFY_RETENTION_DAYS", "")
        assert load_settings().retention_days is None
        assert "PYSPOTIFY_RETENTION_DAYS" in os.environ
