"""`pyspotify login`: from a terminal and a browser to a file that the pipeline finds, and back to nothing."""

from __future__ import annotations

import json
import stat
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pyspotify_assets.aws.session import client as aws_client
from pyspotify_assets.cli import main
from pyspotify_assets.resources import LiveSpotify, resources_for
from pyspotify_assets.settings import load_settings
from pyspotify_assets.spotify.sample.people import PRIVATE_PLAYLIST
from pyspotify_assets.spotify.simulator import Simulator
from pyspotify_assets.spotify.token_store import FileTokenStore, Login
from pyspotify_assets_tests.conftest import free_port
from pyspotify_assets_tests.pipelines import pyspotify

KEY = "its-own-key-0123456789"
BROWSER = "import sys, urllib.request; urllib.request.urlopen(sys.argv[1], timeout=10).read()"


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(regime="restricted") as simulator:
        yield simulator


@pytest.fixture
def app(simulator: Simulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, str]:
    """The variables of a process that is an app of the simulator's, in an empty folder."""
    for name in ("PYSPOTIFY_ENV", "PYSPOTIFY_SOURCE", "PYSPOTIFY_SECRET", "PYSPOTIFY_LAKE"):
        monkeypatch.delenv(name, raising=False)
    variables = {
        "SPOTIPY_CLIENT_ID": "an-app",
        "SPOTIPY_CLIENT_SECRET": KEY,
        "PYSPOTIFY_SPOTIFY_URL": simulator.base_url,
        "PYSPOTIFY_TOKEN_FILE": str(tmp_path / "kept" / "token.json"),
    }
    for name, text in variables.items():
        monkeypatch.setenv(name, text)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    return variables


def typed(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["login", *arguments], prog_name="pyspotify")


def live() -> LiveSpotify:
    return resources_for(load_settings(source="live"))["spotify"]


def test_a_login_in_a_browser_is_found_by_the_pipeline_and_forgotten_again(app, simulator, tmp_path):
    (tmp_path / "browser.py").write_text(BROWSER)
    browser = f"{sys.executable} {tmp_path / 'browser.py'} %s"

    done = pyspotify(tmp_path, "login", "--port", str(free_port()), BROWSER=browser, **app)

    assert done.returncode == 0, done.stderr
    assert "Logged in for the app an-app" in done.stdout
    assert app["PYSPOTIFY_TOKEN_FILE"] in done.stdout
    assert stat.S_IMODE(Path(app["PYSPOTIFY_TOKEN_FILE"]).stat().st_mode) == 0o600
    token = live().login().refresh_token
    with live().client("2026-11-22") as client:
        assert client.playlist_page(PRIVATE_PLAYLIST, "US", 5, 0).entries

    status = typed("--status")

    assert status.exit_code == 0
    assert "A user is logged in for the app an-app" in status.output
    assert f"The login of {datetime.now(UTC):%Y-%m-%d} ends on " in status.output
    assert "Allowed: playlist-read-collaborative, playlist-read-private, user-library-read" in status.output
    for secret in (token, KEY):
        assert secret not in done.stdout + done.stderr + status.output

    forgotten = typed("--forget")

    assert forgotten.exit_code == 0
    assert "https://www.spotify.com/account/apps/" in forgotten.output
    assert not Path(app["PYSPOTIFY_TOKEN_FILE"]).exists()
    assert live().login() is None
    assert typed("--status").exit_code == typed("--forget").exit_code == 1


def test_the_status_tells_when_it_is_time(app):
    store = FileTokenStore(app["PYSPOTIFY_TOKEN_FILE"])
    now = datetime.now(UTC)

    for days, code, words in ((10, 0, "ends on"), (160, 0, "Log in again: pyspotify login"), (190, 1, "is over since")):
        store.write(Login("an-app", "its-refresh-token", now - timedelta(days=days)))

        status = typed("--status")

        assert status.exit_code == code
        assert words in status.output
        assert "its-refresh-token" not in status.output


def test_the_status_as_json_tells_since_when_until_when_and_what_for(app):
    nobody = typed("--status", "--json")
    store = FileTokenStore(app["PYSPOTIFY_TOKEN_FILE"])
    store.write(Login("an-app", "its-refresh-token", datetime(2026, 8, 31, 12, tzinfo=UTC), ("b", "a")))

    somebody = typed("--status", "--json")

    assert (nobody.exit_code, json.loads(nobody.stdout)) == (
        1,
        {
            "client_id": "an-app",
            "kept_in": store.place,
            "logged_in": False,
            "authorised_at": None,
            "ends_at": None,
            "scopes": [],
        },
    )
    document = json.loads(somebody.stdout)
    assert document["authorised_at"] == "2026-08-31T12:00:00+00:00"
    assert document["ends_at"] == "2027-02-28T12:00:00+00:00"
    assert document["scopes"] == ["a", "b"]
    assert "its-refresh-token" not in somebody.output


@pytest.mark.parametrize("options", [("--json",), ("--forget", "--json")])
def test_only_the_status_is_a_document(app, options):
    assert typed(*options).exit_code == 2


def test_another_apps_login_is_not_used(app, monkeypatch):
    FileTokenStore(app["PYSPOTIFY_TOKEN_FILE"]).write(Login("an-app", "its-refresh-token", datetime.now(UTC)))
    monkeypatch.setenv("SPOTIPY_CLIENT_ID", "another-app")

    status = typed("--status")

    assert status.exit_code == 1
    assert "Nobody has logged in for the app another-app" in status.output
    assert live().login() is None


@pytest.mark.parametrize("option", [(), ("--status",), ("--forget",)])
def test_without_an_app_it_says_how_to_make_one(app, monkeypatch, option):
    monkeypatch.setenv("SPOTIPY_CLIENT_ID", "")

    result = typed(*option)

    assert result.exit_code == 1
    assert "SPOTIPY_CLIENT_ID is not set" in result.output
    assert "http://127.0.0.1:8888/callback" in result.output


def test_on_aws_the_login_lies_in_the_secret_beside_the_credentials(app, s3_environment, monkeypatch):
    for name in ("SPOTIPY_CLIENT_ID", "SPOTIPY_CLIENT_SECRET"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("PYSPOTIFY_ENV", "aws")
    monkeypatch.setenv("PYSPOTIFY_SECRET", "PySpotify-login")
    values = {"client_id": "an-app", "client_secret": KEY}
    aws_client("secretsmanager").create_secret(Name="PySpotify-login", SecretString=json.dumps(values))

    login = Login("an-app", "its-refresh-token", datetime.now(UTC).replace(microsecond=0))
    live().token_store().write(login)

    assert live().login() == login
    status = typed("--status")
    assert (status.exit_code, "the secret PySpotify-login" in status.output) == (0, True)
    assert typed("--forget").exit_code == 0
    found = aws_client("secretsmanager").get_secret_value(SecretId="PySpotify-login")["SecretString"]
    assert json.loads(found) == values
    assert not Path(app["PYSPOTIFY_TOKEN_FILE"]).exists()


def test_the_resource_has_no_secret_in_what_dagster_shows_of_it(app):
    FileTokenStore(app["PYSPOTIFY_TOKEN_FILE"]).write(Login("an-app", "its-refresh-token", datetime.now(UTC)))

    shown = f"{live()!r}{live().model_dump_json()}"

    assert app["PYSPOTIFY_TOKEN_FILE"] in shown
    assert [secret for secret in ("its-refresh-token", KEY) if secret in shown] == []
