"""`python -m pyspotify_assets.spotify.simulator` serves Spotify on a port until it is told to end."""

import http.client
import re
import signal
import socket
import subprocess
import sys
from contextlib import closing, contextmanager

import pytest

from .asking import BEARER

COMMAND = [sys.executable, "-m", "pyspotify_assets.spotify.simulator"]


@contextmanager
def served(*options):
    """The process, what it printed first, and its address."""
    process = subprocess.Popen(  # noqa: S603
        [*COMMAND, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1
    )
    try:
        printed = ""
        while "pyspotify run" not in printed:
            line = process.stdout.readline()
            assert line, process.stderr.read()
            printed += line
        yield process, printed, re.search(r"http://(127\.0\.0\.1:\d+)", printed)[1]
    finally:
        process.kill()
        process.communicate()


def status(address, path, **headers):
    with closing(http.client.HTTPConnection(address, timeout=10)) as connection:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        return response.status, response.read().decode()


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_where_it_is_and_how_to_point_the_pipeline_there_and_ends_when_told(ending):
    with served("--regime", "restricted", "--seed", "2023") as (process, printed, address):
        assert f"PYSPOTIFY_SPOTIFY_URL=http://{address}\n" in printed
        assert "SPOTIPY_CLIENT_ID=any SPOTIPY_CLIENT_SECRET=any" in printed
        assert "restricted" in printed
        search = "/v1/search?q=year:2025&type=track&limit=11"
        assert status(address, search, Authorization=BEARER)[1].count("Invalid limit") == 1
        assert status(address, search, Host="rebound.example.org")[0] == 421

        process.send_signal(ending)

        assert (process.wait(10), process.stderr.read()) == (0, "")
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(address.split(":"), 1)


def test_it_serves_limits_and_apps_without_premium():
    with served("--window", "1", "--daily-quota", "5", "--delay", "0.01") as (_, _, address):
        search = "/v1/search?q=year:2025&type=track&limit=1"
        assert [status(address, search, Authorization=BEARER)[0] for _ in range(2)] == [200, 429]
    with served("--regime", "development", "--no-premium") as (_, _, address):
        assert status(address, search, Authorization=BEARER) == (
            403,
            "Active premium subscription required for the owner of the app.",
        )


def test_its_help_names_every_option():
    result = subprocess.run([*COMMAND, "--help"], capture_output=True, text=True, check=True)  # noqa: S603

    for option in ("--port", "--regime", "--seed", "--no-premium", "--window", "--daily-quota", "--delay"):
        assert option in result.stdout
    assert result.stderr == ""


def test_a_port_that_is_taken_and_a_regime_that_is_none_are_told_in_a_line():
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        result = subprocess.run([*COMMAND, "--port", str(port)], capture_output=True, text=True)  # noqa: S603
    assert (result.returncode, result.stderr) == (
        1,
        f"Error: Port {port} cannot be served on: Address already in use.\n",
    )

    result = subprocess.run([*COMMAND, "--regime", "2019"], capture_output=True, text=True)  # noqa: S603
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
