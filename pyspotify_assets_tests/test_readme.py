"""What the two READMEs say is true: settings with their defaults, commands, files, links, and the example feeds."""

import re
from pathlib import Path

import pytest

from pyspotify_assets.cli import main
from pyspotify_assets.feeds import load_feeds
from pyspotify_assets.settings import Settings
from pyspotify_assets.tables import MARTS

ROOT = Path(__file__).parent.parent
READMES = [ROOT / "README.md", ROOT / "README.pt-BR.md"]


@pytest.fixture(params=READMES, ids=lambda path: path.name)
def text(request) -> str:
    return request.param.read_text(encoding="utf-8")


def test_every_setting_stands_there_with_its_default(text):
    told = dict(re.findall(r"^\| `(PYSPOTIFY_[A-Z0-9_]+)` \| (?:`([^`]+)`|–) \|", text, re.MULTILINE))
    fields = Settings.model_fields
    expected = {
        f"PYSPOTIFY_{name.upper()}": "" if field.default is None else str(field.default)
        for name, field in fields.items()
    }
    expected["PYSPOTIFY_LAKE"] = "./lake"
    assert told == expected


def test_every_command_stands_there_and_no_other(text):
    told = set(re.findall(r"^\| `pyspotify ([a-z]+)", text, re.MULTILINE))
    assert told == set(main.commands)


def test_every_mart_stands_there(text):
    told = re.findall(r"^\| `([a-z_]+)` \| feed, ", text, re.MULTILINE)
    assert told == [mart.name for mart in MARTS]


def test_every_target_that_is_named_exists(text):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"^make ([a-z-]+)", text, re.MULTILINE)) <= targets


def test_every_link_and_picture_leads_somewhere(text):
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text) + re.findall(r'(?:src|srcset)="([^"]+)"', text)
    assert len(links) >= 4
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_file_of_the_map_exists(text):
    rows = [line for line in text.splitlines() if line.startswith("|") and ".py`" in line]
    files = {name for line in rows for name in re.findall(r"`([a-z_/]+\.py)`", line)}
    assert files
    assert [name for name in files if not (ROOT / "pyspotify_assets" / name).exists()] == []


def test_the_example_of_feeds_can_be_used(text, tmp_path):
    example = re.search(r"```toml\n(.*?)```", text, re.DOTALL)[1]
    (tmp_path / "feeds.toml").write_text(example, encoding="utf-8")
    assert len(load_feeds(tmp_path / "feeds.toml")) == 2


def test_the_example_environment_names_only_what_exists():
    named = re.findall(r"^# (PYSPOTIFY_[A-Z0-9_]+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE)
    assert named
    assert {name.removeprefix("PYSPOTIFY_").lower() for name in named} <= set(Settings.model_fields)
