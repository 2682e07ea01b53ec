"""What hostile names, files and neighbours on this machine may not bring about; see docs/security.md."""

from __future__ import annotations

import http.client
import io
import os
import re
import time
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from pyspotify_assets import lake as lakes
from pyspotify_assets.assets.metadata import facts
from pyspotify_assets.aws.session import client
from pyspotify_assets.cli import main
from pyspotify_assets.errors import AwsError, LakeError, LoginError, QueryError, RawFormatError, SpotifyError
from pyspotify_assets.lake import Lake
from pyspotify_assets.landing import recognise
from pyspotify_assets.raw_csv import open_raw_csv, write_raw_csv
from pyspotify_assets.settings import load_settings
from pyspotify_assets.spotify.callback import Callback
from pyspotify_assets.spotify.failures import Refusal, raise_refusal
from pyspotify_assets.spotify.simulator import Simulator
from pyspotify_assets.spotify.token_store import FileTokenStore
from pyspotify_assets.terminal.plainly import plainly
from pyspotify_assets.warehouse.local_engine import LocalEngine
from pyspotify_assets_tests.builders import put_snapshot, track

DAY = "2026-11-22"
posix = pytest.mark.skipif(os.name != "posix", reason="of links, pipes and owners as POSIX has them")


@pytest.fixture
def lake(tmp_path) -> Lake:
    return Lake.at(str(tmp_path / "lake"))


class TestALinkInTheLake:
    """Whoever may put files into landing must not have any other file of this user read, or written over."""

    pytestmark = posix

    def test_is_no_object_of_its_and_what_it_leads_to_is_not_read(self, lake, tmp_path):
        (tmp_path / "private.csv").write_text("secret")
        landing = tmp_path / "lake" / "landing" / "popular_songs" / DAY
        landing.mkdir(parents=True)
        (landing / "songs.csv").symlink_to(tmp_path / "private.csv")
        store, key = lake.stores["landing"], f"popular_songs/{DAY}/songs.csv"

        assert list(store.objects("")) == []
        for ask in (store.info, store.read, store.uri, lambda key: store.local(key).__enter__()):
            with pytest.raises(LakeError, match="is a link"):
                ask(key)

    def test_is_not_written_through(self, lake, tmp_path):
        outside = tmp_path / "outside"
        outside.mkdir()
        (tmp_path / "lake" / "raw").mkdir(parents=True)
        (tmp_path / "lake" / "raw" / "popular_songs").symlink_to(outside)

        with pytest.raises(LakeError, match="is a link"):
            put_snapshot(lake, "popular_songs", DAY, [track(1, "A")])
        assert list(outside.iterdir()) == []

    def test_that_leads_back_is_not_followed_for_ever(self, lake, tmp_path):
        put_snapshot(lake, "popular_songs", DAY, [track(1, "A")])
        for name in "abc":
            (tmp_path / "lake" / "raw" / name).symlink_to(tmp_path / "lake" / "raw")

        assert len(list(lake.stores["raw"].objects(""))) == 1

    def test_may_be_the_whole_lake(self, tmp_path):
        (tmp_path / "disk").mkdir()
        (tmp_path / "lake").symlink_to(tmp_path / "disk")
        lake = Lake.at(str(tmp_path / "lake"))

        put_snapshot(lake, "popular_songs", DAY, [track(1, "A")])

        assert lake.days(("raw", "popular_songs")) == [DAY]


@posix
class TestTheLocksOfALakeOnS3:
    """They lie in the folder for passing files, which all users of a machine share."""

    @pytest.fixture
    def passing(self, tmp_path, monkeypatch) -> Path:
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        return tmp_path

    def test_lie_in_a_folder_of_this_user_alone(self, passing):
        with Lake({}, "s3://bucket").lock("spotify"):
            [folder] = passing.iterdir()
            assert folder.stat().st_mode & 0o777 == 0o700
            assert str(os.getuid()) in folder.name

    def test_are_not_laid_where_somebody_else_has_put_a_link_or_opened_the_folder(self, passing):
        victim = passing / "victim"
        victim.mkdir()
        lakes._machine_locks().symlink_to(victim)
        with pytest.raises(LakeError, match="somebody else's"), Lake({}, "s3://bucket").lock("spotify"):
            pass
        assert list(victim.iterdir()) == []

        lakes._machine_locks().unlink()
        lakes._machine_locks().mkdir()
        lakes._machine_locks().chmod(0o777)
        with pytest.raises(LakeError, match="open to others"), Lake({}, "s3://bucket").lock("spotify"):
            pass


class TestAQuery:
    @pytest.mark.parametrize(
        "query",
        [
            "SELECT * FROM read_text('/etc/passwd')",
            "SELECT * FROM read_csv_auto('/etc/passwd')",
            "SELECT * FROM glob('/*')",
            "SELECT * FROM read_parquet('https://127.0.0.1:9/x.parquet')",
            "SELECT * FROM sqlite_scan('/tmp/x', 'y')",
            "SELECT * FROM query('SET enable_external_access = true')",
            "SELECT (WITH sandboxed AS (SELECT 1) SELECT 1 FROM sandboxed), * FROM sandboxed",
        ],
    )
    def test_reads_no_file_loads_no_extension_and_sees_no_variable_of_ours(self, lake, query):
        import pandas as pd

        sandboxed = pd.DataFrame({"secret": ["seen"]})  # noqa: F841 - what DuckDB would take for a table

        with pytest.raises(QueryError):
            LocalEngine(lake).query(query)

    def test_is_ended_when_its_time_is_over(self, lake):
        began = time.monotonic()
        with pytest.raises(QueryError, match=r"longer than 0\.3 s.*\n.*PYSPOTIFY_QUERY_TIMEOUT"):
            LocalEngine(lake, timeout=0.3).query("SELECT sum(a.range) FROM range(100000000000) a, range(1000) b")
        assert time.monotonic() - began < 20

    def test_has_the_time_that_the_settings_give(self, folder):
        from pyspotify_assets.resources import resources_for
        from pyspotify_assets.warehouse.engines import sql_engine

        settings = load_settings(query_timeout=7)

        assert sql_engine(settings)._timeout == 7
        assert resources_for(settings)["sql"].timeout == 7


class TestAHostileName:
    NAME = '=HYPERLINK("http://evil.example")<script>alert(1)</script>[x](javascript:1)`|\x1b[2J\x9b31m\u202e'

    def test_is_in_the_raw_csv_as_it_came_but_for_control_characters(self):
        """Formulas too: raw is for machines, and what has been changed there could never be told from the truth."""
        file = io.BytesIO()
        write_raw_csv([track(1, "A", track_name=self.NAME)], file)
        [row] = open_raw_csv(io.BytesIO(file.getvalue())).read_all().to_pylist()

        assert row["track_name"] == self.NAME.replace("\x1b", " ").replace("\x9b", " ")
        assert not any(byte < 32 and byte != 10 for byte in file.getvalue())

    def test_is_shown_in_dagsters_ui_and_never_acted_on(self):
        shown = facts([self.NAME]).value

        assert not any(sign in shown for sign in ("<script", "](", "`", "|", "\n"))
        assert shown.count("- ") == 1

    def test_gives_a_terminal_no_order_in_an_error(self, capsys):
        @plainly("Stopped")
        def command() -> None:
            raise SpotifyError(f"It is called {self.NAME}", "Do\x1b]0;x\x07 this")

        with pytest.raises(SystemExit):
            command()

        shown = capsys.readouterr().err
        assert shown.startswith("Error: It is called =HYPERLINK")
        assert "\n  → Do" in shown
        assert not any((ord(letter) < 32 and letter != "\n") or 127 <= ord(letter) < 160 for letter in shown)

    def test_gives_none_in_a_log_where_spotify_says_it_in_a_refusal(self):
        import requests

        answer = requests.Response()
        answer.status_code, answer.url = 403, "https://api.spotify.com/v1/x"
        answer._content = b'{"error": {"message": "no \\u001b[2J\\u009b31m\\u2028\\u202e scope"}}'
        with pytest.raises(Refusal) as caught:
            raise_refusal(answer)

        assert caught.value.reason == "no [2J 31m scope"


def test_a_header_of_a_hundred_thousand_columns_is_refused_at_once_and_briefly(tmp_path):
    file = tmp_path / "wide.csv"
    file.write_text(",".join(f"c{number}" for number in range(100_000)) + "\n")
    began = time.monotonic()

    for read in (open_raw_csv, recognise):
        with pytest.raises(RawFormatError) as caught:
            read(file)
        assert len(str(caught.value)) < 3000

    assert time.monotonic() - began < 5


@posix
def test_a_pipe_in_the_place_of_the_token_file_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "token.json", 0o600)
    with pytest.raises(LoginError, match="cannot be read: it is no file"):
        FileTokenStore(tmp_path / "token.json").read("an-app")


def test_a_folder_in_the_lake_that_is_no_day_stops_nothing(folder):
    (folder / "lake" / "sample" / "raw" / "x" / "snapshot_date=0000-00-00").mkdir(parents=True)
    assert load_settings(source="sample").first_day(date(2026, 11, 22)) == date(2026, 11, 9)


class TestTheEnvFile:
    def test_that_is_no_text_is_named(self, folder):
        (folder / ".env").write_bytes(b"PYSPOTIFY_LAKE=\xff\xfe")
        done = CliRunner().invoke(main, ["feeds"])
        assert done.exit_code == 1
        assert f"{folder / '.env'} cannot be read" in done.output

    def test_of_a_folder_above_is_not_read(self, folder, monkeypatch):
        (folder / ".env").write_text("PYSPOTIFY_FEEDS=missing/feeds.toml\nPYSPOTIFY_STAGE=WRONG\n")
        below = folder / "below"
        below.mkdir()
        monkeypatch.chdir(below)
        assert CliRunner().invoke(main, ["feeds"]).exit_code == 0


@pytest.mark.parametrize(
    ("address", "taken"),
    [
        ("http://10.0.0.7:4566", False),
        ("http://127.0.0.1.evil.example", False),
        ("http://127.0.0.1:4566", True),
        ("https://aws.example.org", True),
    ],
)
def test_no_secret_is_asked_for_over_a_connection_that_others_can_read(s3_environment, monkeypatch, address, taken):
    monkeypatch.setenv("AWS_ENDPOINT_URL", address)
    if taken:
        assert client("secretsmanager").meta.endpoint_url == address
    else:
        with pytest.raises(AwsError, match="is not encrypted"):
            client("secretsmanager")
    assert client("s3").meta.endpoint_url == address, "what carries no secret may go where the user says"


class TestAServerOfOurs:
    """The simulator and the callback of a login: on loopback, under its own name, for nobody else's page."""

    def asked(self, port: int, path: str, **headers: str) -> int:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
            connection.request("GET", path, headers=headers)
            with connection.getresponse() as answer:
                return answer.status

    def test_listens_on_loopback_only(self):
        with Simulator() as simulator, Callback(0, "state") as callback:
            assert simulator._server.server_address[0] == "127.0.0.1"
            assert callback._server.server_address[0] == "127.0.0.1"

    @pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1"])
    def test_turns_the_page_of_another_place_away(self, origin):
        with Simulator() as simulator, Callback(0, "state") as callback:
            port = int(simulator.base_url.rpartition(":")[2])
            assert self.asked(port, "/authorize", Origin=origin) == 403
            assert self.asked(port, "/authorize") != 403
            assert self.asked(callback.port, "/callback?state=state&code=x", Origin=origin) == 403
            assert callback.wait(0) is None

    def test_reads_no_body_of_somebody_who_is_turned_away_nor_one_without_end(self):
        with Simulator() as simulator:
            port = int(simulator.base_url.rpartition(":")[2])
            endless = {"Content-Length": "9" * 400}
            assert self.asked(port, "/v1/search", Host="evil.example", **endless) == 421
            assert self.asked(port, "/v1/search", **endless) == 413


def test_nothing_of_the_project_reads_pickles_runs_shells_or_leaves_tls_unchecked():
    """Ruff's rules of the same aim could be turned off line by line."""
    root = Path(__file__).parent.parent
    files = [
        file for part in ("pyspotify_assets", "lambda_function", "glue_job") for file in (root / part).rglob("*.py")
    ]
    unwanted = re.compile(
        r"pickle\.loads?\(|shell=True|yaml\.load\(|\b(eval|exec)\(|os\.system|verify=False|noqa: S[23]"
    )

    assert len(files) > 200
    assert [file.name for file in files if unwanted.search(file.read_text(encoding="utf-8"))] == []
