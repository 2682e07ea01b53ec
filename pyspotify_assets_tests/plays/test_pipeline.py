"""The listening history as a user has it: the command, the job, the sensor; and that nobody else notices it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import dagster as dg
import pytest
from click.testing import CliRunner, Result

from pyspotify_assets.cli import main
from pyspotify_assets.jobs import LISTENING_HISTORY
from pyspotify_assets.lake import Lake
from pyspotify_assets.plays.take import export_key, landed_exports
from pyspotify_assets.terminal.listening import is_due, page_address
from pyspotify_assets_tests.pipelines import DAGSTER_YAML, DAYS, SMALL_FEEDS, Pipeline, pyspotify, rows

from .exports import AUDIO, IP, NOW, export, packed, play, plays_in

PLAYS = [play(f"202{year}-03-01T12:00:0{second}Z") for year in range(3) for second in range(4)]
ASSETS = {
    "refined/plays",
    "spotify_refined/plays",
    "spotify_marts/listening_tracks",
    "spotify_marts/listening_artists",
    "spotify_marts/listening_hours",
    "report/listening",
}


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    return Pipeline(tmp_path / "pipeline", overrides={"clock": lambda: NOW})


def land(lake: Lake, path: Path) -> None:
    store = lake.stores["landing"]
    with store.staging("landed.zip") as staged:
        staged.write_bytes(path.read_bytes())
        store.publish(staged, export_key(path.name))


class TestJob:
    def test_a_landed_export_becomes_plays_tables_marts_and_a_page(self, pipeline, tmp_path):
        land(pipeline.lake, export(tmp_path / "x.zip", [*PLAYS, play(ms_played="long")]))

        with dg.DagsterInstance.ephemeral() as instance:
            run = pipeline.run_tagged(instance, LISTENING_HISTORY, {})

        assert run.success
        assert set(run.made()) == ASSETS
        figures = run.metadata("refined/plays", None)
        assert (figures["records"], figures["added"], figures["known"], figures["quarantined"]) == (13, 12, 0, 1)
        assert (figures["years"], figures["fields_not_kept"]) == ("2020, 2021, 2022", "ip_addr")
        assert set(run.failed_checks()) == {"refined/plays:nothing_quarantined"}
        assert rows(pipeline, "SELECT plays FROM spotify_marts.listening_tracks ORDER BY play_year") == [(4,)] * 3
        assert b"Song A" in pipeline.lake.stores["report"].read("listening.html")

    def test_again_without_anything_new_makes_nothing(self, pipeline, tmp_path):
        land(pipeline.lake, export(tmp_path / "x.zip", PLAYS))
        with dg.DagsterInstance.ephemeral() as instance:
            pipeline.run_tagged(instance, LISTENING_HISTORY, {})
            again = pipeline.run_tagged(instance, LISTENING_HISTORY, {})

        assert again.success
        assert again.made() == {}
        due = {name: is_due(pipeline.lake, pipeline.sql, pipeline.settings.timezone, name) for name in ("en", "pt-BR")}
        assert due == {"en": False, "pt-BR": True}

    def test_a_later_export_makes_only_its_years_again(self, pipeline, tmp_path):
        with dg.DagsterInstance.ephemeral() as instance:
            land(pipeline.lake, export(tmp_path / "x.zip", PLAYS))
            pipeline.run_tagged(instance, LISTENING_HISTORY, {})
            land(pipeline.lake, export(tmp_path / "y.zip", [*PLAYS, play("2021-07-07T07:07:07Z")]))
            later = pipeline.run_tagged(instance, LISTENING_HISTORY, {})

        assert later.metadata("refined/plays", None)["years_changed"] == "2021"
        assert later.metadata("spotify_marts/listening_hours", None)["years_made"] == "2021"
        assert "spotify_refined/plays" not in later.made()
        assert "report/listening" in later.made()

    def test_a_broken_export_fails_by_name_and_leaves_the_others_alone(self, pipeline, tmp_path):
        land(pipeline.lake, packed(tmp_path / "a_broken.zip", {AUDIO: "{"}))
        land(pipeline.lake, export(tmp_path / "good.zip", PLAYS))

        with dg.DagsterInstance.ephemeral() as instance:
            run = pipeline.run_tagged(instance, LISTENING_HISTORY, {})

        assert not run.success
        [said] = run.failures().values()
        assert "a_broken.zip" in said
        assert "no JSON array" in said
        assert set(run.made()) == ASSETS
        assert len(plays_in(pipeline.lake)) == len(PLAYS)

    def test_without_an_import_it_does_nothing_and_well(self, pipeline):
        with dg.DagsterInstance.ephemeral() as instance:
            run = pipeline.run_tagged(instance, LISTENING_HISTORY, {})

        assert run.success
        assert run.made() == {}
        assert run.checks() == {}


class TestSensor:
    def tick(self, pipeline: Pipeline, name: str):
        repository = pipeline.definitions().get_repository_def()
        with (
            dg.DagsterInstance.ephemeral() as instance,
            dg.build_sensor_context(
                instance,
                repository_def=repository,
                sensor_name=name,
                resources=repository.get_top_level_resources(),
            ) as context,
        ):
            return repository.get_sensor_def(name).evaluate_tick(context)

    def test_a_landed_export_asks_for_one_run_and_an_empty_landing_for_none(self, pipeline, tmp_path):
        assert self.tick(pipeline, "export_landed").skip_message == "No export waits in landing."
        land(pipeline.lake, export(tmp_path / "x.zip", PLAYS))
        land(pipeline.lake, export(tmp_path / "y.zip", PLAYS))

        [request], [again] = (self.tick(pipeline, "export_landed").run_requests for _ in range(2))

        assert request.run_key == again.run_key

    def test_the_sensor_of_the_feeds_leaves_it_alone_without_a_word(self, pipeline, tmp_path):
        land(pipeline.lake, export(tmp_path / "x.zip", PLAYS))

        assert self.tick(pipeline, "raw_landed").skip_message == "Nothing waits in landing."


class TestTerminal:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        (tmp_path / "feeds.toml").write_text(SMALL_FEEDS, encoding="utf-8")
        (tmp_path / "dagster.yaml").write_text(DAGSTER_YAML.read_text(encoding="utf-8"), encoding="utf-8")
        export(tmp_path / "my_spotify_data.zip", PLAYS)
        return tmp_path

    @pytest.mark.slow
    def test_an_import_alone_leads_to_a_page_without_app_login_or_credentials(self, folder):
        done = pyspotify(folder, "import", "my_spotify_data.zip", "--json")

        assert done.returncode == 0, done.stdout + done.stderr
        assert "12 new plays, 0 known, of 12 in plays/my_spotify_data.zip. Not kept: ip_addr" in done.stderr
        page = str(folder / "lake/live/report/listening.html")
        document = json.loads(done.stdout)
        assert (document["page"], document["landing"], document["failures"]) == (page, None, [])
        assert "Song A" in (folder / "lake/live/report/listening.html").read_text(encoding="utf-8")
        assert not (folder / "lake/sample").exists()
        holding = [path for path in folder.rglob("*") if path.is_file() and IP.encode() in path.read_bytes()]
        assert [path for path in holding if path.suffix != ".zip"] == []

        land(Lake.at(str(folder / "lake/live")), export(folder / "later.zip", [*PLAYS, play("2022-05-05T05:05:05Z")]))
        later = pyspotify(folder, "run")

        assert later.returncode == 0, later.stdout + later.stderr
        assert "1 new plays, 12 known, of 13 in plays/later.zip" in later.stdout
        assert "Listening history: lake/live/report/listening.html" in later.stdout
        assert "nothing to take" not in later.stdout

        moved = pyspotify(folder, "run", PYSPOTIFY_TIMEZONE="Asia/Tokyo")

        assert "spotify_marts/listening_hours: made 2020, 2021, 2022" in moved.stdout
        assert "spotify_marts/listening_tracks: left alone" in moved.stdout
        assert "Asia/Tokyo" in (folder / "lake/live/report/listening.html").read_text(encoding="utf-8")

    def test_what_is_no_export_is_refused_before_it_lands(self, folder, monkeypatch):
        packed(folder / "other.zip", {"Playlist1.json": []})

        done = typed(folder, monkeypatch, "other.zip")

        assert done.exit_code == 1
        assert "other.zip holds no listening history" in done.output
        assert "Extended streaming history" in done.output
        assert not (folder / "lake").exists()

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (("my_spotify_data.zip", "--feed", "top_played"), "leave --feed and --date out"),
            (("old.csv",), "A CSV needs --feed and --date; only a ZIP"),
            (("old.csv", "--feed", "top_played"), "A CSV needs --feed and --date; only a ZIP"),
            (("missing.zip",), "There is no file missing.zip"),
        ],
    )
    def test_a_wrong_command_says_what_is_missing(self, folder, monkeypatch, arguments, said):
        done = typed(folder, monkeypatch, *arguments)

        assert done.exit_code in (1, 2)
        assert said in " ".join(done.output.split())

    def test_on_the_sample_alone_an_export_waits_and_the_command_says_for_what(self, folder, monkeypatch):
        monkeypatch.setenv("PYSPOTIFY_SOURCE", "sample")

        done = typed(folder, monkeypatch, "my_spotify_data.zip")

        assert done.exit_code == 0, done.output
        assert "PYSPOTIFY_SOURCE=sample is set" in done.output
        assert not (folder / "lake/sample").exists()
        assert [info.key for info in landed_exports(Lake.at(str(folder / "lake/live")))] == [
            "plays/my_spotify_data.zip"
        ]


def typed(folder: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Result:
    """`pyspotify import` in this process: for what runs no job."""
    for name in [name for name in os.environ if name.startswith(("PYSPOTIFY_", "SPOTIPY_")) and "SOURCE" not in name]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(folder)
    return CliRunner().invoke(main, ["import", *arguments], prog_name="pyspotify")


def test_without_an_import_nobody_notices_it(pipeline):
    with dg.DagsterInstance.ephemeral() as instance:
        assert pipeline.run(instance, DAYS[0], DAYS[0]).success

    lake = pipeline.lake
    keys = [info.key for store in lake.stores.values() for info in store.objects("")]
    assert [key for key in keys if "plays" in key or "listening" in key] == []
    assert not is_due(lake, pipeline.sql, "UTC", "en")
    assert page_address(lake) == ""
