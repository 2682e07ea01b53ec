"""`pyspotify report`: which page, where it lies, and that it is opened only when asked. What it tells is in
`test_terminal.py`, over a lake that has marts."""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pyspotify_assets.cli import main
from pyspotify_assets.lake import Lake
from pyspotify_assets_tests.pipelines import pyspotify

PAGE = "<!doctype html><title>Listening</title></html>"
BROWSER = """
import os, sys, urllib.request
with open("opened.txt", "w") as file:
    file.write(sys.argv[1] + "\\n" + urllib.request.urlopen(sys.argv[1]).read().decode())
"""


def put_page(lake: Lake, key: str, **notes: str) -> str:
    """A page in the lake; gives its address."""
    store = lake.stores["report"]
    with store.staging(key) as staged:
        staged.write_text(PAGE, encoding="utf-8")
        store.publish(staged, key, notes)
    return store.uri(key)


def report(*options: str) -> Result:
    return CliRunner().invoke(main, ["report", *options], prog_name="pyspotify")


def test_opens_the_page_and_a_copy_that_only_the_user_may_read_of_one_on_s3(folder, address, tmp_path):
    place = put_page(Lake.at(f"{address}/sample"), "listening.html")
    (folder / "browser.py").write_text(BROWSER, encoding="utf-8")
    (folder / "temporary").mkdir()
    aws = {name: text for name, text in os.environ.items() if name.startswith("AWS_")}

    done = pyspotify(
        folder,
        "report",
        "--listening",
        "--open",
        "--json",
        PYSPOTIFY_LAKE=address,
        BROWSER=f"{sys.executable} {folder / 'browser.py'} %s",
        TMPDIR=str(folder / "temporary"),
        **aws,
    )

    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert (document["place"], document["bytes"]) == (place, len(PAGE))
    opened, shown = (folder / "opened.txt").read_text(encoding="utf-8").split("\n", 1)
    assert shown == PAGE
    if address.startswith("s3://"):
        copy = Path(opened.removeprefix("file://"))
        assert copy.is_relative_to(folder / "temporary")
        assert stat.S_IMODE(copy.parent.stat().st_mode) == 0o700
    else:
        assert opened == Path(place).as_uri()
        assert list((folder / "temporary").iterdir()) == []


def test_without_open_it_opens_nothing(folder, monkeypatch):
    put_page(Lake.at("lake/sample"), "listening.html")
    monkeypatch.setattr("webbrowser.open", lambda address: pytest.fail(f"{address} was opened"))

    result = report("--listening")

    assert result.exit_code == 0
    assert result.output == "Listening history: lake/sample/report/listening.html\n"


def test_where_no_browser_can_be_opened_it_names_the_file(folder, monkeypatch):
    place = put_page(Lake.at("lake/sample"), "listening.html")
    monkeypatch.setattr("webbrowser.open", lambda address: False)

    result = report("--listening", "--open")

    assert result.exit_code == 1
    assert f"No browser could be opened on {place}" in result.output
    assert "BROWSER" in result.output


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), ("There is no report yet", "pyspotify run")),
        (("--date", "2024-03-02"), ("There is no report yet", "pyspotify run")),
        (("--listening",), ("no page about the listening history yet", "pyspotify import my_spotify_data.zip")),
    ],
)
def test_where_there_is_none_it_says_what_makes_one_and_makes_nothing(folder, options, words):
    result = report(*options, "--open")

    assert result.exit_code == 1
    assert [word for word in words if word not in result.output] == []
    assert list(folder.iterdir()) == []


def test_of_a_day_without_one_it_says_which_days_there_are_and_how_to_make_it(folder):
    lake = Lake.at("lake/sample")
    put_page(lake, "2024-03-01.html")
    put_page(lake, "2024-03-03.html")
    put_page(lake, "latest.html", day="2024-03-03")

    result = report("--date", "2024-03-02", "--json")

    error = json.loads(result.stdout)["error"]
    assert (result.exit_code, error["kind"]) == (1, "MissingPartitionError")
    assert error["message"].endswith("the first is of 2024-03-01, the newest of 2024-03-03")
    assert "pyspotify run --days 1 --until 2024-03-02" in error["remedy"]


def test_the_page_about_the_listening_history_has_no_day(folder):
    result = report("--listening", "--date", "2024-03-02")

    assert result.exit_code == 2
    assert "leave --date out" in result.output
