"""What the documents in docs/ say is true: commands and their options, make's targets, settings, names and links."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from pyspotify_assets.cli import main
from pyspotify_assets.definitions import build_definitions
from pyspotify_assets.names import PROD, ROLES, AwsNames
from pyspotify_assets.settings import Settings, load_settings
from pyspotify_assets.tables import MARTS

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted((ROOT / "docs").glob("*.md"))
CODE = re.compile(r"```[a-z]*\n(.*?)```|(?<!`)`([^`\n]+)`", re.DOTALL)


@pytest.fixture(params=DOCUMENTS, ids=lambda path: path.name)
def document(request) -> Path:
    return request.param


@pytest.fixture
def text(document: Path) -> str:
    return document.read_text(encoding="utf-8")


def code(text: str) -> str:
    """What stands there as code, a line for each piece."""
    return "\n".join(block or inline for block, inline in CODE.findall(text))


def test_all_documents_of_the_aws_environment_are_there():
    assert {"aws.md", "costs.md", "deployment.md", "first-real-run.md"} <= {path.name for path in DOCUMENTS}


def test_every_command_exists_and_has_the_options_that_are_named(text):
    for name, rest in re.findall(r"(?<![/\w])(?<!-u )pyspotify ([a-z]+)\b([^\n]*)", code(text)):
        assert name in main.commands, name
        options = {option for parameter in main.commands[name].params for option in parameter.opts}
        assert set(re.findall(r"(?<=\s)--[a-z-]+", rest.partition(" && ")[0])) <= options


def test_every_target_of_make_exists(text):
    targets = set(re.findall(r"^([a-z./-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z./-]+)", code(text))) <= targets


def test_every_option_of_deploying_exists(text):
    from infra.__main__ import main as infra

    options = {
        option
        for command in infra.commands.values()
        for parameter in command.params
        if isinstance(parameter, click.Option)
        for option in (*parameter.opts, *parameter.secondary_opts)
    }
    assert set(re.findall(r'OPTIONS="?(--[a-z-]+)', text)) <= options


def test_every_setting_exists(text):
    known = {f"PYSPOTIFY_{name.upper()}" for name in Settings.model_fields}
    assert set(re.findall(r"\bPYSPOTIFY_[A-Z0-9_]+\b", text)) <= known


def test_every_schedule_and_sensor_exists(text):
    definitions = build_definitions(load_settings(env="local", source="sample"))
    known = {one.name for one in (*definitions.sensors, *definitions.schedules)}
    named = set(re.findall(r"`(crawl_[a-z_]+|raw_landed|marts_when_crawled|daily_snapshot)`", text))
    assert named <= known


def test_every_name_in_the_account_is_one_of_ours(text):
    ours = set()
    for names in (AwsNames(PROD), AwsNames("dev"), AwsNames("first")):
        ours |= {names.role(kind) for kind in ROLES} | {names.crawler(area) for area in ("raw", "refined")}
        ours |= {names.function, names.glue_job}
    named = set(
        re.findall(r"\bspotify-(?:pipeline|crawler|glue-job|lambda|scheduler|raw|refined|extract)\b(?:-[a-z]+)?", text)
    )
    assert named <= ours


def test_every_mart_is_declared(text):
    assert set(re.findall(r"\bspotify_marts\.([a-z_]+)", text)) <= {mart.name for mart in MARTS}


def test_every_link_within_the_repository_leads_somewhere(document, text):
    links = [link for link in re.findall(r"\]\(([^)#\s]+)", text) if "://" not in link]
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_the_table_of_costs_adds_up():
    text = (ROOT / "docs" / "costs.md").read_text(encoding="utf-8")
    table = text.partition("## The table")[2].partition("| **together**")[0]
    amounts = [float(amount) for amount in re.findall(r"\| \**(\d+\.\d\d)\** \|$", table, re.MULTILINE)]
    told = float(re.search(r"\*\*about (\d+\.\d\d)\*\*", text)[1])
    assert len(amounts) == 10
    assert sum(amounts) == pytest.approx(told, abs=0.05)
