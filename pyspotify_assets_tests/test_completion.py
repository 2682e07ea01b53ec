"""What the shell completes: commands, options, feeds and days; in a real bash too; and never a word of complaint."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from pyspotify_assets.cli import main
from pyspotify_assets.lake import Lake
from pyspotify_assets_tests.builders import put_raw, track
from pyspotify_assets_tests.pipelines import SMALL_FEEDS, terminal_environment

TODAY = datetime.now(UTC).date()
IN_BASH = """
eval "$(pyspotify completion bash)"
COMP_WORDS=(pyspotify extract --feed top) COMP_CWORD=3
_pyspotify_completion pyspotify
printf '%s\\n' "${COMPREPLY[@]}"
"""


def completed(line: str) -> list[str]:
    """What is offered behind a line; its last word has been begun, or is empty."""
    *words, begun = line.split(" ")
    shell = ShellComplete(main, {}, "pyspotify", "_PYSPOTIFY_COMPLETE")
    return [offer.value for offer in shell.get_completions(words, begun)]


def put_reports(*days: str) -> None:
    store = Lake.at("lake/sample").stores["report"]
    for name in (*days, "latest"):
        with store.staging("page.html") as staged:
            staged.write_text("<html></html>", encoding="utf-8")
            store.publish(staged, f"{name}.html")


def test_commands_come_in_the_order_of_use(folder):
    assert completed("")[:3] == ["run", "extract", "import"]
    assert completed("re") == ["report"]


@pytest.mark.parametrize("line", ["extract --feed ", "import old.csv --feed "])
def test_feeds_are_those_declared(folder, line):
    (folder / "feeds.toml").write_text(SMALL_FEEDS.replace("top_played", "mine"), encoding="utf-8")

    assert completed(line) == ["popular_songs", "mine"]
    assert completed(f"{line}m") == ["mine"]


def test_a_file_named_in_env_is_read(folder):
    (folder / ".env").write_text("PYSPOTIFY_FEEDS=others.toml\n", encoding="utf-8")
    (folder / "others.toml").write_text(SMALL_FEEDS.replace("top_played", "mine"), encoding="utf-8")
    try:
        assert completed("extract --feed m") == ["mine"]
    finally:
        os.environ.pop("PYSPOTIFY_FEEDS", None)


def test_days_of_a_report_are_those_of_the_last_month_or_what_has_been_begun(folder):
    recent, old = (TODAY - timedelta(days=3)).isoformat(), "2023-07-08"
    put_reports(recent, old)

    assert completed("report --date ") == [recent]
    assert completed("report --date 2023-") == [old]
    assert completed("report --date 1999") == []


@pytest.mark.parametrize("line", ["extract --date ", "run --until "])
def test_days_of_snapshots_are_those_there_and_today(folder, line):
    yesterday = (TODAY - timedelta(days=1)).isoformat()
    put_raw(Lake.at("lake/sample"), "top_played", yesterday, [track(1, "A")])

    assert completed(line) == [yesterday, TODAY.isoformat()]


def test_what_is_in_the_way_offers_nothing_and_says_nothing(folder, monkeypatch, capfd):
    (folder / "feeds.toml").write_text("not TOML", encoding="utf-8")
    assert completed("extract --feed ") == completed("extract --date ") == []
    monkeypatch.setenv("PYSPOTIFY_TIMEZONE", "Mars/Olympus")
    assert completed("report --date ") == []
    monkeypatch.delenv("PYSPOTIFY_TIMEZONE")
    monkeypatch.setenv("PYSPOTIFY_LAKE", "s3://no-such-bucket")  # Nobody is asked: Tab does not wait for a network.
    assert completed("report --date ") == []
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_its_script_by_name_or_as_the_users_own(folder, shell, monkeypatch):
    monkeypatch.setenv("SHELL", f"/usr/local/bin/{shell}")

    named, own = (CliRunner().invoke(main, ["completion", *given], prog_name="pyspotify") for given in ((shell,), ()))

    assert named.exit_code == 0
    assert "_PYSPOTIFY_COMPLETE" in named.stdout
    assert named.stdout == own.stdout


def test_another_shell_is_asked_for_by_name(folder, monkeypatch):
    monkeypatch.setenv("SHELL", "/bin/tcsh")

    result = CliRunner().invoke(main, ["completion"], prog_name="pyspotify")

    assert result.exit_code == 2
    assert "bash, zsh, fish" in result.output


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
def test_bash_completes_by_what_it_was_given(folder):
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

    done = subprocess.run(  # noqa: S603 - our own script
        ["bash", "--norc", "-c", IN_BASH],  # noqa: S607
        cwd=folder,
        env=terminal_environment() | {"PATH": path},
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert (done.stdout, done.stderr) == ("top_played\n", "")
