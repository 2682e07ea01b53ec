"""What docs/security.md claims can be looked up: every module that it names is there, and so is every test."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in PAGE.partition("## Threats")[2].partition("\n## ")[0].splitlines()
    if line.startswith("| ") and not line.startswith("| threat")
]


def quoted(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_every_threat_has_a_measure_a_place_and_a_test():
    assert len(ROWS) > 20
    for row in ROWS:
        assert len(row) == 4, row[0]
        assert all(row)
        assert quoted(row[2])
        assert quoted(row[3])


@pytest.mark.parametrize("place", sorted({place for row in ROWS for place in quoted(row[2])}))
def test_the_place_exists(place):
    assert (ROOT / place).is_file()


@pytest.mark.parametrize("test", sorted({test for row in ROWS for test in quoted(row[3])}))
def test_the_test_exists(test):
    file, _, name = test.partition("::")
    text = (ROOT / "pyspotify_assets_tests" / file).read_text(encoding="utf-8")
    assert name
    assert f"def {name}(" in text


def test_every_reader_of_the_fuzzing_is_told_of():
    from pyspotify_assets_tests.fuzzing.readers import READERS

    words = {
        "answer_search": "Web API",
        "answer_playlist": "Web API",
        "answer_refusal": "errors",
        "answer_token": "accounts",
        "raw_csv": "raw CSV",
        "landing_name": "names",
        "export_zip": "ZIP",
        "export_json": "JSON in it",
        "token_file": "token file",
        "refusal": "refusals",
        "parquet": "Parquet",
        "sql": "SQL",
    }
    told = PAGE.partition("## Fuzzing")[2]
    assert [name for name in READERS if words.get(name, name) not in told] == []


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-dev.txt", "requirements-spark.txt"])
def test_everything_that_is_installed_is_pinned_by_its_hash(file):
    entries = re.split(r"\n(?=[a-z])", (ROOT / file).read_text(encoding="utf-8").strip())
    assert len(entries) > 30
    assert [entry for entry in entries if "==" not in entry or "--hash=sha256:" not in entry] == []
