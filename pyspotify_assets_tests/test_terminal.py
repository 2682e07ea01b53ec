"""`pyspotify` in a terminal: what each command does and says, and how it refuses what it cannot do.

Commands that run a job are processes of their own, in an empty folder with an empty environment, as a user has them.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from pyspotify_assets.cli import main
from pyspotify_assets.lake import Lake
from pyspotify_assets_tests.builders import put_snapshot, track
from pyspotify_assets_tests.pipelines import (
    DAGSTER_YAML,
    DAYS,
    MARTS,
    SMALL_FEEDS,
    assert_whole,
    objects,
    pyspotify,
)

OLD_FILE = (
    ",artist,track,track_pop,duration_ms,album_nm,album_dt\n"
    '7,"Tyler, The Creator","See You ""Again""",96,180386,Flower Boy,2017\n'
    "3,Beyoncé,Déjà Vu – Ao Vivo,95,183956,B’Day,2006-09-04\n"
    "5,宇多田ヒカル,First Love,90,258000,First Love,1999-03\n"
)

HEAVY = ("dagster", "pandas", "pyarrow", "boto3", "duckdb", "sqlglot", "altair", "vl_convert", "spotipy", "requests")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory with small feeds, and an environment without our variables."""
    for name in [name for name in os.environ if name.startswith(("PYSPOTIFY_", "SPOTIPY_", "DAGSTER_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "feeds.toml").write_text(SMALL_FEEDS, encoding="utf-8")
    return tmp_path


def typed(*arguments: str) -> Result:
    """A command in this process: for those that run no job."""
    return CliRunner().invoke(main, list(arguments), prog_name="pyspotify")


IN_ORDER_OF_USE = ["run", "extract", "import", "report", "sql", "feeds", "login", "doctor", "verify"]
IN_ORDER_OF_USE += ["quarantine", "forget", "completion"]
ABOUT_FILES = {"completion"}
"""Commands whose output is for a shell: they have no JSON."""


class TestHelp:
    def test_lists_every_command_in_the_order_of_use_and_tells_where_settings_come_from(self, folder):
        result = typed("--help")

        assert result.exit_code == 0
        assert set(main.commands) == set(IN_ORDER_OF_USE)
        assert re.findall(r"^  ([a-z]+)  ", result.output, re.MULTILINE)[-len(IN_ORDER_OF_USE) :] == IN_ORDER_OF_USE
        assert "PYSPOTIFY_" in result.output

    def test_fits_80_columns_without_cutting_what_a_command_does(self, folder):
        _, *lines = typed("--help").output.splitlines()

        assert max(map(len, lines)) <= 80
        assert not [line for line in lines if line.endswith("...")]

    def test_is_what_the_bare_command_shows(self, folder):
        assert typed().output == typed("--help").output

    @pytest.mark.parametrize("name", IN_ORDER_OF_USE)
    def test_of_each_command_says_what_it_and_each_of_its_options_do(self, folder, name):
        command = main.commands[name]

        result = typed(name, "-h")

        assert result.exit_code == 0
        assert result.output.startswith(f"Usage: pyspotify {name}")
        assert command.help.split("\n")[0] in " ".join(result.output.split())
        assert all(option.help for option in command.params if isinstance(option, click.Option))

    @pytest.mark.parametrize("name", IN_ORDER_OF_USE)
    def test_of_each_command_has_an_example_its_exit_codes_and_the_fields_of_its_json(self, folder, name):
        shown = typed(name, "-h").output

        assert re.search(rf"^    .*pyspotify {name}", shown, re.MULTILINE)
        assert "  Exit code " in shown
        assert ("  --json: " in shown) == (name not in ABOUT_FILES)

    def test_loads_no_library_that_takes_its_time(self, folder):
        """Nor does completing: whoever presses Tab waits."""
        program = (
            "import sys\n"
            "from click.shell_completion import ShellComplete\n"
            "from click.testing import CliRunner\n"
            "from pyspotify_assets.cli import main\n"
            "for name in ['', *main.commands]:\n"
            "    assert CliRunner().invoke(main, [*name.split(), '--help']).exit_code == 0\n"
            "for words in (['extract', '--feed'], ['extract', '--date'], ['report', '--date']):\n"
            "    ShellComplete(main, {}, 'pyspotify', '_PYSPOTIFY_COMPLETE').get_completions(words, '')\n"
            "print([name for name in sys.argv[1:] if name in sys.modules])"
        )

        done = subprocess.run([sys.executable, "-c", program, *HEAVY], capture_output=True, text=True, check=True)  # noqa: S603

        assert done.stdout == "[]\n"

    def test_looking_needs_no_dagster(self, folder):
        program = (
            "import sys\n"
            "from click.testing import CliRunner\n"
            "from pyspotify_assets.cli import main\n"
            "ended = [CliRunner().invoke(main, line) for line in (['feeds'], ['report'], ['sql', 'SELECT 1 AS one'])]\n"
            "print([result.exit_code for result in ended], 'dagster' in sys.modules)"
        )

        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # noqa: S603

        assert done.stdout == "[0, 1, 0] False\n"

    def test_the_version_is_that_of_the_package(self, folder):
        assert "0.1.0" in typed("--version").output


class TestImport:
    def import_file(self, folder: Path, content: str | bytes, *arguments: str, name: str = "old.csv") -> Result:
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return typed("import", name, *(arguments or ("--feed", "top_played", "--date", "2023-07-08")))

    def test_a_file_of_2023_waits_in_the_live_lakes_landing_as_it_is(self, folder):
        result = self.import_file(folder, OLD_FILE, name="My songs.csv")

        assert result.exit_code == 0, result.output
        assert "3 rows (pyspotify-2023) wait in" in result.output
        assert "pyspotify run" in result.output
        store = Lake.at("lake/live").stores["landing"]
        [landed] = store.objects("")
        assert landed.key.startswith("top_played/2023-07-08/My_songs")
        assert store.read(landed.key).decode() == OLD_FILE
        assert not (folder / "lake" / "sample").exists()

    def test_as_json_it_tells_rows_format_and_where_the_file_waits(self, folder):
        arguments = ("--feed", "top_played", "--date", "2023-07-08", "--json")

        document = json.loads(self.import_file(folder, OLD_FILE, *arguments).stdout)

        [landed] = Lake.at("lake/live").stores["landing"].objects("")
        place = Lake.at("lake/live").stores["landing"].uri(landed.key)
        assert document == {
            "feed": "top_played",
            "day": "2023-07-08",
            "format": "pyspotify-2023",
            "rows": 3,
            "landing": place,
        }

    def test_a_file_of_no_known_format_is_refused_with_the_columns_that_were_expected(self, folder):
        result = self.import_file(folder, "artist,title\nA,B\n")

        assert result.exit_code == 1
        assert "old.csv is in no format that can be imported" in result.output
        assert "missing: track" in result.output
        for expected in ("track_pop", "album_nm or album_name", "album_dt", "artist_names", "snapshot_at"):
            assert expected in result.output
        assert not (folder / "lake").exists()

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (b"", "zero bytes"),
            (OLD_FILE.encode("cp1252", "replace"), "UTF-8"),
            (OLD_FILE.replace('"See', "See").encode(), "quote"),
            (OLD_FILE.replace("3,Bey", "Bey").encode(), "line 3"),
        ],
        ids=["zero bytes", "not UTF-8", "a broken quote", "a line that is too short"],
    )
    def test_a_broken_file_is_refused_before_it_lands(self, folder, content, reason):
        result = self.import_file(folder, content)

        assert result.exit_code == 1
        assert reason in result.output
        assert "→" in result.output
        assert not (folder / "lake").exists()

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (("--feed", "no_such", "--date", "2023-07-08"), "The feeds are: popular_songs, top_played"),
            (("--feed", "top_played", "--date", "2022-07-08"), "PYSPOTIFY_START sets the first day"),
            (("--feed", "top_played", "--date", "9999-01-01"), "not a day that partitions exist for"),
            (("--feed", "top_played", "--date", "8/7/2023"), "does not match the format"),
            (("--feed", "top_played"), "--date"),
        ],
    )
    def test_an_unknown_feed_or_an_unusable_day_is_refused(self, folder, arguments, words):
        result = self.import_file(folder, OLD_FILE, *arguments)

        assert result.exit_code in (1, 2)
        assert words in result.output
        assert not (folder / "lake").exists()

    def test_a_file_that_is_not_there_or_a_folder_is_named(self, folder):
        for name in ("missing.csv", "."):
            result = typed("import", name, "--feed", "top_played", "--date", "2023-07-08")

            assert result.exit_code == 1
            assert f"There is no file {name}" in result.output

    def test_says_when_the_settings_look_at_the_sample_only(self, folder, monkeypatch):
        monkeypatch.setenv("PYSPOTIFY_SOURCE", "sample")

        result = self.import_file(folder, OLD_FILE)

        assert result.exit_code == 0
        assert "PYSPOTIFY_SOURCE=sample is set" in result.output


class TestRun:
    def test_takes_an_imported_file_to_the_marts_without_credentials_and_without_asking_spotify(self, folder):
        (folder / "old.csv").write_text(OLD_FILE, encoding="utf-8")
        imported = pyspotify(folder, "import", "old.csv", "--feed", "top_played", "--date", "2023-07-08")
        assert imported.returncode == 0, imported.stderr
        # Whoever asks Spotify goes through this proxy, where nobody answers, and fails.
        process = pyspotify(folder, "run", "--json", HTTPS_PROXY="http://127.0.0.1:9")

        assert process.returncode == 0, process.stderr
        assert "PySpotify on live data" in process.stderr
        document = json.loads(process.stdout)
        assert (document["source"], document["first_day"], document["failures"]) == ("live", "2023-07-08", [])
        rows = {table["table"]: (table["days"], table["rows"]) for table in document["tables"]}
        assert rows["spotify_refined.top_played"] == (1, 3)
        assert rows["spotify_refined.popular_songs"] == (0, 0)
        assert rows["report/daily"] == (1, None)
        lake = Lake.at(str(folder / "lake" / "live"))
        assert assert_whole(lake)["marts"] == len(MARTS)
        assert not (folder / "lake" / "sample").exists()
        # The same lake, asked from the terminal.
        newest, of_day = (json.loads(typed("report", *day, "--json").stdout) for day in ((), ("--date", "2023-07-08")))
        assert {name: newest[name] for name in ("day", "facts", "place")} == document["report"]
        assert newest["facts"] == of_day["facts"] != []
        assert of_day["place"] == lake.stores["report"].uri("2023-07-08.html")
        shown = typed("report").output
        assert shown.startswith("Three facts of 2023-07-08\n")
        assert [fact for fact in newest["facts"] if f"  • {fact}\n" not in shown] == []
        assert shown.endswith("Report: lake/live/report/latest.html\n")
        asked = typed("sql", "SELECT artist_name, track_name, released_on FROM spotify_refined.top_played").output
        for text in (
            'See You "Again"',
            "Tyler, The Creator",
            "Déjà Vu – Ao Vivo",
            "宇多田ヒカル",
            "1999-03-01",
            "2017-01-01",
        ):
            assert text in asked

    def test_on_a_live_lake_with_nothing_to_take_says_what_to_do(self, folder):
        process = pyspotify(folder, "run", PYSPOTIFY_SOURCE="live")

        assert process.returncode == 1
        assert "There is nothing to take" in process.stdout
        assert "SPOTIPY_CLIENT_ID" in process.stdout

    @pytest.mark.parametrize("arguments", [("--until", "2022-01-01"), ("--until", "9999-01-01"), ("--days", "0")])
    def test_refuses_days_that_there_are_none_of(self, folder, arguments):
        result = typed("run", *arguments)

        assert result.exit_code in (1, 2)
        assert "Traceback" not in result.output
        assert not (folder / "lake").exists()


class TestExtract:
    def test_takes_a_past_day_of_the_sample_of_the_feeds_that_are_named(self, folder):
        (folder / "dagster.yaml").write_bytes(DAGSTER_YAML.read_bytes())

        process = pyspotify(folder, "extract", "--date", DAYS[0], "--feed", "top_played", "--json")

        assert process.returncode == 0, process.stderr
        lake = Lake.at(str(folder / "lake" / "sample"))
        assert [name.split("/")[1] for name in objects(lake, "raw", "refined")] == ["top_played"] * 2
        assert "raw/top_played: 40 rows" in process.stderr
        document = json.loads(process.stdout)
        assert (document["source"], document["day"], document["failures"]) == ("sample", DAYS[0], [])
        place = lake.place(("raw", "top_played"), DAYS[0])
        raw = {"table": "spotify_raw.top_played", "rows": 40, "bytes": place.info().size, "place": place.uri}
        assert document["snapshots"][0] == raw
        assert document["snapshots"][1]["table"] == "spotify_refined.top_played"
        assert (folder / ".dagster" / "storage").is_dir()  # The run is in the history that the UI shows.

    def test_of_a_past_day_of_live_is_refused_with_the_day_and_the_way_out(self, folder):
        process = pyspotify(folder, "extract", "--date", DAYS[0], PYSPOTIFY_SOURCE="live", SPOTIPY_CLIENT_ID="x")

        assert process.returncode == 1
        assert f"raw/top_played of {DAYS[0]} cannot be taken from Spotify: today is " in process.stderr
        assert f"pyspotify import FILE --feed top_played --date {DAYS[0]}" in process.stderr
        assert objects(Lake.at(str(folder / "lake" / "live")), "raw", "refined") == {}

    def test_without_credentials_names_the_variables_to_set(self, folder):
        process = pyspotify(folder, "extract", "--feed", "top_played", "--json", PYSPOTIFY_SOURCE="live")

        assert process.returncode == 1
        document = json.loads(process.stdout)
        assert (document["source"], document["snapshots"], document["missed"]) == ("live", [], [])
        assert "There are no usable Spotify credentials" in document["failures"][0]
        assert "There are no usable Spotify credentials" in process.stderr
        assert "SPOTIPY_CLIENT_ID" in process.stderr
        assert "Traceback" not in process.stderr

    def test_an_unknown_feed_is_refused_with_those_that_there_are(self, folder):
        result = typed("extract", "--feed", "no_such")

        assert result.exit_code == 1
        assert "There is no feed 'no_such'" in result.output
        assert "The feeds are: popular_songs, top_played" in result.output

    @pytest.mark.parametrize("day", ["yesterday", "2024-02-30", "9999-01-01", "2022-12-31"])
    def test_an_unusable_date_is_refused(self, folder, day):
        result = typed("extract", "--date", day)

        assert result.exit_code in (1, 2)
        assert day in result.output
        assert "Traceback" not in result.output
        assert not (folder / "lake").exists()


class TestSql:
    @pytest.fixture
    def crawled(self, folder: Path) -> Path:
        from pyspotify_assets.feeds import DEFAULT_FEEDS
        from pyspotify_assets.warehouse.local_crawler import LocalCrawler

        lake = Lake.at(str(folder / "lake" / "sample"))
        put_snapshot(lake, "top_played", DAYS[0], [track(n, f"T{n}", popularity=None) for n in range(1, 8)])
        LocalCrawler(lake).crawl("refined", DEFAULT_FEEDS)
        return folder

    def test_prints_a_table_with_the_columns_asked_for_and_nulls_as_nothing(self, crawled):
        result = typed("sql", "SELECT rank, track_name, popularity FROM spotify_refined.top_played ORDER BY rank")

        assert result.exit_code == 0, result.output
        assert all(name in result.output for name in ("rank", "track_name", "popularity", "Song T7"))
        assert "None" not in result.output
        assert result.output.rstrip().endswith("7 rows")

    def test_prints_no_more_than_it_is_allowed_and_says_how_many_there_are(self, crawled):
        result = typed("sql", "SELECT rank FROM spotify_refined.top_played", "--limit", "2")

        assert "2 of 7 rows" in result.output

    def test_as_json_has_every_row_with_numbers_days_and_nulls_as_such(self, crawled):
        query = """SELECT rank, popularity, artist_names, released_on, snapshot_at, CAST(1 AS decimal(10, 2)) AS whole,
                   CAST(1.25 AS decimal(10, 2)) AS part, explicit FROM spotify_refined.top_played ORDER BY rank"""

        document = json.loads(typed("sql", query, "--json").stdout)

        assert document["columns"][:3] == ["rank", "popularity", "artist_names"]
        assert (document["row_count"], [row["rank"] for row in document["rows"]]) == (7, [1, 2, 3, 4, 5, 6, 7])
        assert document["rows"][0] == {
            "rank": 1,
            "popularity": None,
            "artist_names": None,
            "released_on": "2025-06-01",
            "snapshot_at": "2026-11-22T12:00:00+00:00",
            "whole": 1,
            "part": 1.25,
            "explicit": None,
        }

    def test_as_json_a_limit_holds_and_the_whole_number_is_told(self, crawled):
        document = json.loads(
            typed("sql", "SELECT rank FROM spotify_refined.top_played", "--limit", "2", "--json").stdout
        )

        assert (len(document["rows"]), document["row_count"]) == (2, 7)

    def test_as_json_what_is_no_number_is_null_and_two_columns_of_one_name_are_refused(self, crawled):
        nan = json.loads(typed("sql", "SELECT CAST('NaN' AS double) AS x", "--json").stdout)
        twice = typed("sql", "SELECT 1 AS x, 2 AS x", "--json")

        assert nan["rows"] == [{"x": None}]
        assert twice.exit_code == 1
        assert json.loads(twice.stdout)["error"]["message"] == "Two columns of the result are called x"

    def test_an_error_is_a_document_too_and_is_said_on_stderr(self, crawled):
        result = typed("sql", "SELECT 1 FROM spotify_refined.no_such", "--json")

        error = json.loads(result.stdout)["error"]
        assert (result.exit_code, error["kind"]) == (1, "QueryError")
        assert "There is no table spotify_refined.no_such" in error["message"]
        assert error["message"] in result.stderr

    def test_what_a_name_holds_is_shown_and_not_obeyed(self, crawled):
        result = typed("sql", "SELECT '[red]x[/] ' || chr(27) || '[2Jy' AS name")

        assert "[red]x[/]  [2Jy" in result.output
        assert "\x1b" not in result.output

    @pytest.mark.parametrize(
        ("query", "reason"),
        [
            ("SELEC 1", "cannot be read"),
            ("SELECT nothing FROM spotify_refined.top_played", "nothing"),
            ("SELECT 1 FROM spotify_refined.no_such", "There is no table spotify_refined.no_such"),
            ("DROP TABLE spotify_refined.top_played", "One SELECT is understood, not DROP"),
            ("SELECT * FROM read_text('/etc/passwd')", ""),
        ],
    )
    def test_a_query_that_cannot_be_answered_ends_with_the_reason_and_1(self, crawled, query, reason):
        result = typed("sql", query)

        assert result.exit_code == 1
        assert "Error: " in result.output
        assert reason in result.output
        assert "Traceback" not in result.output
        assert "root:" not in result.output
