"""What stands at the end of a run with proofs: their figures, what failed, and how long each took."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyspotify_assets_tests import proofs

pytest_plugins = ["pytester"]


def report(*properties: tuple[str, str], passed: bool = True, seconds: float = 2.0, when: str = "call"):
    class Report:
        user_properties, duration = list(properties), seconds

    Report.when, Report.passed = when, passed
    return Report


def test_a_line_stands_as_it_was_told_with_its_time_and_whether_its_test_failed():
    told = proofs.lines(
        [report(("figures", "days: 3")), report(("figures", "bytes lost 1"), passed=False, seconds=600)]
    )

    assert list(told) == ["days: 3 (2 s)", "FAILED  bytes lost 1 (10 min)"]


def test_what_many_tests_count_is_one_line_and_says_failed_where_one_did():
    kills = [report(("counted", "kills survived"), passed=number != 1) for number in range(3)]

    assert list(proofs.lines([*kills, report(("counted", "inputs"))])) == [
        "FAILED  kills survived: 2 of 3 (6 s)",
        "inputs: 1 of 1 (2 s)",
    ]


def test_only_the_test_itself_counts_and_not_what_sets_it_up():
    assert list(proofs.lines([report(("figures", "x"), when="setup"), report(("figures", "x"), when="teardown")])) == []


def test_a_draw_is_the_same_for_the_same_seed_and_keeps_the_order(monkeypatch):
    monkeypatch.delenv("PYSPOTIFY_TEST_PROVE", raising=False)
    monkeypatch.setenv("PYSPOTIFY_TEST_SEED", "5")
    first = proofs.all_or_drawn(range(1000), 5)

    assert proofs.all_or_drawn(range(1000), 5) == first == sorted(first)
    assert proofs.all_or_drawn(range(3), 5) == [0, 1, 2]
    monkeypatch.setenv("PYSPOTIFY_TEST_SEED", "6")
    assert proofs.all_or_drawn(range(1000), 5) != first
    monkeypatch.setenv("PYSPOTIFY_TEST_PROVE", "all")
    assert proofs.all_or_drawn(range(1000), 5) == list(range(1000))


@pytest.mark.slow
def test_asking_for_figures_makes_a_test_a_proof_whose_line_ends_the_run(pytester, monkeypatch):
    monkeypatch.setenv("PYSPOTIFY_TEST_SEED", "5")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent.parent))
    pytester.makeini("[pytest]\nmarkers = proof: a proof\n")
    pytester.makepyfile("def test_proof(figures): figures.line('all is well')\ndef test_other(): assert 0")

    run = pytester.runpytest_subprocess("-p", "pyspotify_assets_tests.conftest", "-m", "proof")

    run.assert_outcomes(passed=1, deselected=1)
    run.stdout.re_match_lines([r"=+ proofs, seed 5 =+", r"all is well \(0 s\)"])
