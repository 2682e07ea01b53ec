"""The generated documents are those that `make docs` would write now, and what they are generated from holds."""

from __future__ import annotations

import re

import pytest

from pyspotify_assets import errors
from pyspotify_assets.feeds import DEFAULT_FEEDS
from pyspotify_assets.tables import LISTENING, MARTS, PLAYS, SNAPSHOT
from scripts import documents
from scripts.imports import LAYERS, arrows, imported, layer_of, modules, upward
from scripts.markdown import table, with_parts
from scripts.messages import error_table, is_said, kinds, messages
from scripts.pipeline_graph import asset_edges

DAGSTER_ABOVE = "resources"
"""The lowest layer that is all about Dagster."""
DAGSTER_BELOW = {"io_manager", "schemas"}
"""What is a Dagster thing below that: the IO manager, and the column schema that the UI shows."""


@pytest.fixture(scope="module")
def made():
    return documents.documents()


@pytest.mark.parametrize("name", ["data-dictionary.md", "error-messages.md", "architecture.md", "scale.md"])
def test_the_committed_document_is_the_one_that_make_docs_writes(made, name):
    path = documents.DOCS / name
    assert path.read_text(encoding="utf-8") == made[path], "run `make docs`"


def test_every_column_of_every_table_stands_in_the_dictionary_with_its_meaning_and_origin(made):
    page = made[documents.DOCS / "data-dictionary.md"]
    sections = dict(re.findall(r"^## `([^`]+)`\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL))
    declared = {
        "spotify_raw.<feed>": [column for column in SNAPSHOT.columns if not column.refined_only],
        "spotify_refined.<feed>": SNAPSHOT.columns,
        "spotify_refined.plays": PLAYS.columns,
        **{f"spotify_marts.{mart.name}": mart.columns for mart in (*MARTS, *LISTENING)},
    }
    assert set(sections) == set(declared)
    for name, columns in declared.items():
        rows = {
            cells[1].strip(" `"): cells
            for cells in (
                re.split(r"(?<!\\)\|", line) for line in sections[name].splitlines() if line.startswith("| `")
            )
        }
        for column in columns:
            assert rows[column.name][5].strip(), f"{name}.{column.name} has no meaning"
            assert rows[column.name][7].strip(), f"{name}.{column.name} leads back to nothing"


def test_every_class_of_error_stands_in_the_list_of_messages(made):
    page = made[documents.DOCS / "error-messages.md"]
    classes = {name for name, each in vars(errors).items() if isinstance(each, type) and "Error" in name}
    assert set(re.findall(r"^## (\w+)$", page, re.MULTILINE)) == classes == set(kinds())


def test_messages_have_blanks_for_values_and_remedies_by_their_name():
    found = {message.text: message for message in messages()}
    assert found["There is no feed …"].remedy == "The feeds are: …."
    assert found["There are no usable Spotify credentials."].remedy.startswith("Set SPOTIPY_CLIENT_ID and")
    assert "The feeds are: …." in error_table("FeedError")
    assert is_said("There is no feed …") and not is_said("There is no such feed …")


def test_no_module_imports_what_stands_above_it():
    assert upward() == []


def test_the_arrows_lead_from_the_terminal_to_the_declarations():
    drawn = arrows()
    order = [layer.name for layer in LAYERS]
    assert all(order.index(above) < order.index(below) for above, below in drawn)
    assert {name for arrow in drawn for name in arrow} == set(order)


def test_below_its_layers_nothing_is_a_dagster_thing_but_these():
    known, names = modules(), [layer.name for layer in LAYERS]
    lower = LAYERS[names.index(DAGSTER_ABOVE) + 1 :]
    with_dagster = {
        name
        for name, file in known.items()
        if layer_of(name) in lower
        and re.search(r"^\s*(import|from) dagster\b", file.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert with_dagster == DAGSTER_BELOW


def test_imports_are_seen_inside_functions_and_not_those_for_type_checkers_alone(tmp_path):
    file = tmp_path / "module.py"
    file.write_text(
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    from pyspotify_assets.lake import Lake\n"
        "def read():\n    from pyspotify_assets.stores import s3\n",
        encoding="utf-8",
    )
    assert set(imported(file, modules())) == {"stores.s3"}


def test_the_graph_of_assets_draws_what_is_alike_once():
    edges = asset_edges()
    assert ("raw/<feed>", "refined/<feed>") in edges and ("spotify_marts/<mart>", "report/daily") in edges
    assert not [name for edge in edges for name in edge if name.rpartition("/")[2] in {f.name for f in DEFAULT_FEEDS}]


def test_a_part_of_a_page_is_replaced_and_its_marks_and_the_rest_stay():
    page = (
        "a\n<!-- made by `make docs`: one -->\nold\n<!-- end -->\nb\n<!-- made by `make docs`: two -->\n<!-- end -->\n"
    )
    once = with_parts(page, {"one": "1", "two": "2"})
    assert once == page.replace("\nold\n", "\n\n1\n\n").replace("two -->\n", "two -->\n\n2\n\n")
    assert with_parts(once, {"one": "1", "two": "2"}) == once


def test_a_cell_of_a_table_breaks_neither_the_row_nor_the_page():
    assert table(("a",), [("x|y\nz <b> `<c>`",)]).splitlines()[-1] == r"| x\|y z &lt;b> `<c>` |"
