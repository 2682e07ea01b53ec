"""What the READMEs and the documents in docs/ say is true: commands and their options, make's targets, settings, names,
links, SQL, examples of code and of feeds, and every error that is quoted.
"""

from __future__ import annotations

import ast
import importlib
import re
import tomllib
from datetime import UTC, date, datetime
from pathlib import Path

import click
import pytest

from pyspotify_assets import tables
from pyspotify_assets.cli import main
from pyspotify_assets.definitions import build_definitions
from pyspotify_assets.feeds import DEFAULT_FEEDS, Feed, load_feeds
from pyspotify_assets.lake import Lake
from pyspotify_assets.names import PROD, ROLES, AwsNames
from pyspotify_assets.settings import Settings, load_settings
from pyspotify_assets.spotify.client import SpotifyClient
from pyspotify_assets.spotify.sample.people import OWN_PLAYLIST
from pyspotify_assets.spotify.simulator import Simulator
from pyspotify_assets.spotify.snapshot import take_snapshot
from pyspotify_assets.tables import LISTENING, MARTS
from pyspotify_assets.warehouse import declared_tables
from pyspotify_assets.warehouse.local_crawler import LocalCrawler
from pyspotify_assets.warehouse.local_engine import LocalEngine
from pyspotify_assets_tests import test_marts
from scripts.messages import is_said, kinds, messages

ROOT = Path(__file__).parent.parent
DOCUMENTS = [*sorted(ROOT.glob("README*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
EXAMPLE_MART = "chart_summary"
"""What docs/add-a-mart.md makes."""
OF_TESTS = {"PYSPOTIFY_TEST_AWS_ENDPOINT", "PYSPOTIFY_TEST_PROVE", "PYSPOTIFY_TEST_SEED"}
"""Variables that are read by tests and are no settings."""
CODE = re.compile(r"```[a-z]*\n(.*?)```|(?<!`)`([^`\n]+)`", re.DOTALL)


@pytest.fixture(params=DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def document(request) -> Path:
    return request.param


@pytest.fixture
def text(document: Path) -> str:
    return document.read_text(encoding="utf-8")


def code(text: str) -> str:
    """What stands there as code, a line for each piece."""
    return "\n".join(block or inline for block, inline in CODE.findall(text))


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^ *```{language}\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)


def anchors(path: Path) -> set[str]:
    """What a link can lead to within a page: its headings, as GitHub names them."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_all_documents_of_the_aws_environment_are_there():
    assert {"aws.md", "costs.md", "deployment.md", "first-real-run.md"} <= {path.name for path in DOCUMENTS}


def test_every_command_exists_and_has_the_options_that_are_named(text):
    for name, rest in re.findall(r"(?<![/\w])(?<!-u )pyspotify ([a-z]+)\b([^\n]*)", code(text)):
        assert name in main.commands, name
        command = main.commands[name]
        if isinstance(command, click.Group) and (words := rest.split()):
            command = command.commands[words[0]]
        options = {option for parameter in command.params for option in parameter.opts}
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
    known = {f"PYSPOTIFY_{name.upper()}" for name in Settings.model_fields} | OF_TESTS
    assert set(re.findall(r"\bPYSPOTIFY_[A-Z0-9_]+\b", text)) <= known


def test_every_schedule_and_sensor_exists(text):
    definitions = build_definitions(load_settings(env="local", source="sample"))
    known = {one.name for one in (*definitions.sensors, *definitions.schedules)}
    named = set(re.findall(r"`([a-z]+(?:_[a-z]+)*_(?:landed|snapshot|at_noon|when_[a-z]+))`", text))
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
    known = {mart.name for mart in (*MARTS, *LISTENING)} | {EXAMPLE_MART}
    assert set(re.findall(r"\bspotify_marts[./]([a-z_]+)", text)) <= known


def test_every_link_within_the_repository_leads_somewhere(document, text):
    links = [link for link in re.findall(r"\]\(([^)\s]+)", text) if "://" not in link]
    for link in links:
        file, _, anchor = link.partition("#")
        target = document.parent / file if file else document
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_the_catalog_that_is_billed_has_as_many_tables_and_partitions_as_are_told():
    text = (ROOT / "docs" / "costs.md").read_text(encoding="utf-8")
    every = {area: declared_tables(area, DEFAULT_FEEDS) for area in ("raw", "refined", "marts")}
    daily = [table for tables_of in every.values() for table in tables_of if table.partition == tables.PARTITION_COLUMN]
    told = re.search(r"\| catalog \| (\d+) tables, (\d+) partitions a day \|", text)
    assert [int(figure) for figure in told.groups()] == [sum(map(len, every.values())), len(daily)]


def test_every_option_of_the_simulator_exists(text, capsys, monkeypatch):
    from pyspotify_assets.spotify.sample.command import main as simulator

    named = re.findall(r"pyspotify_assets\.spotify\.simulator((?: --[a-z-]+(?: \w+)?)*)", text)
    monkeypatch.setattr("sys.argv", ["simulator", "--help"])
    with pytest.raises(SystemExit):
        simulator()
    assert set(re.findall(r"--[a-z-]+", " ".join(named))) <= set(re.findall(r"--[a-z-]+", capsys.readouterr().out))


def test_every_question_in_sql_can_be_asked(text):
    import sqlglot
    from sqlglot.optimizer.qualify import qualify

    schema: dict[str, dict[str, dict[str, str]]] = {}
    for area in ("raw", "refined", "marts"):
        for table in declared_tables(area, DEFAULT_FEEDS):
            schema.setdefault(table.database, {})[table.name] = {**table.columns, table.partition: "string"}
    for question in re.findall(r'pyspotify sql "((?:[^"\\]|\\.)*)"', code(text)):
        if question == "SELECT …" or EXAMPLE_MART in question:
            continue
        tree = sqlglot.parse_one(question.replace('\\"', '"'), read="athena")
        qualify(tree, schema=schema, dialect="athena", validate_qualify_columns=True)


def test_every_example_in_python_can_be_read_and_imports_what_exists(text):
    for example in blocks(text, "python"):
        tree = ast.parse(example)
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                module = importlib.import_module(node.module)
                assert all(hasattr(module, alias.name) for alias in node.names)
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "pyspotify_assets":
                assert hasattr(importlib.import_module("pyspotify_assets"), node.attr)


def test_every_example_of_feeds_can_be_used(text, tmp_path):
    for example in blocks(text, "toml"):
        (tmp_path / "feeds.toml").write_text(example, encoding="utf-8")
        assert len(load_feeds(tmp_path / "feeds.toml")) == len(tomllib.loads(example)["feed"])


def test_the_example_of_a_mart_is_one_and_its_test_holds(monkeypatch, tmp_path):
    text = (ROOT / "docs" / "add-a-mart.md").read_text(encoding="utf-8")
    declaration, test = blocks(text, "python")
    (select,) = blocks(text, "sql")
    declared = dict(vars(tables))
    exec(declaration, declared)  # noqa: S102 - our own page
    mart = declared["MARTS"][-1]
    assert mart.name == EXAMPLE_MART and declared["MARTS"][:-1] == MARTS
    ours = importlib.import_module("pyspotify_assets.sql").sql_text
    for module in ("pyspotify_assets.sql", "pyspotify_assets.marts"):
        monkeypatch.setattr(f"{module}.sql_text", lambda name: select if name == EXAMPLE_MART else ours(name))
    lake = Lake.at(str(tmp_path))
    warehouse = test_marts.filled(test_marts.Warehouse(lake, LocalCrawler(lake), LocalEngine(lake)))
    names = {"rows": test_marts.rows, "CHART_SUMMARY": mart}
    exec(test, names)  # noqa: S102
    names["test_the_summary_counts_tracks_and_the_artists_that_are_named"](warehouse)


def quoted_errors() -> list[str]:
    """What the page of troubleshooting quotes: the code in the first cell of its tables."""
    text = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    return [
        quote for cell in re.findall(r"^\| (`.*?) \| ", text, re.MULTILINE) for quote in re.findall("`([^`]+)`", cell)
    ]


def test_every_error_that_is_quoted_is_said_somewhere():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    quoted = quoted_errors()
    assert len(quoted) > 50
    assert [quote for quote in quoted if not is_said(quote) and quote not in makefile] == []


def test_the_page_of_troubleshooting_knows_every_kind_of_error():
    quoted = quoted_errors()
    raised = {message.kind for message in messages()}
    known = {message.kind for message in messages() if any(quote in message.text for quote in quoted)}
    assert raised <= set(kinds())
    assert raised - known == set()


def test_the_table_of_costs_adds_up():
    text = (ROOT / "docs" / "costs.md").read_text(encoding="utf-8")
    table = text.partition("## The table")[2].partition("| **together**")[0]
    amounts = [float(amount) for amount in re.findall(r"\| \**(\d+\.\d\d)\** \|$", table, re.MULTILINE)]
    told = float(re.search(r"\*\*about (\d+\.\d\d)\*\*", text)[1])
    assert len(amounts) == 10
    assert sum(amounts) == pytest.approx(told, abs=0.05)


def test_the_requests_that_a_feed_takes_are_those_that_the_page_tells():
    text = (ROOT / "docs" / "spotify.md").read_text(encoding="utf-8")
    table = text.partition("## Limits")[2].partition("## Trying it")[0]
    told = re.findall(r"^\| [^|]+ \| ([\d,]+) \| (\d+) \| (\d+) \|$", table, re.MULTILINE)
    feeds = [
        Feed("all", "search", query="year:2025-2026", maximum=1000),
        Feed("some", "search", query="year:2025-2026", maximum=200),
        Feed("mine", "playlist", playlist=OWN_PLAYLIST, maximum=200),
    ]
    assert len(told) == len(feeds)
    for feed, (entries, new, older) in zip(feeds, told, strict=True):
        for regime, expected in (("restricted", new), ("development", older)):
            with (
                Simulator(regime=regime) as served,
                SpotifyClient("a", "b", base_url=served.base_url, refresh_token=served.refresh_token) as client,
            ):
                taken = take_snapshot(client, feed, date(2026, 11, 25), lambda: datetime(2026, 11, 25, tzinfo=UTC))
            assert (taken.received, taken.page_requests) == (int(entries.replace(",", "")), int(expected)), regime


def test_every_file_of_the_map_of_files_exists():
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    (listed,) = blocks(text.partition("## The files")[2], "text")
    inside = {
        name
        for line in listed.splitlines()
        if line.startswith("  ")
        for name in re.findall(r"[a-z_]+\.py|(?<=  )[a-z_]+/", line)
    }
    beside = set(re.findall(r"^([a-z_]+/)", listed, re.MULTILINE))
    assert len(inside) > 20 and "infra/" in beside
    assert [name for name in inside if not (ROOT / "pyspotify_assets" / name).exists()] == []
    assert [name for name in beside if not (ROOT / name).exists()] == []
