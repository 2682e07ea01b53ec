"""The harness of the benchmarks: fair turns, ratios within a round, bars that can be missed. No time is asserted."""

from __future__ import annotations

from datetime import date

import pytest

from benchmarks import processes, table
from benchmarks.__main__ import GROUPS
from benchmarks.layout import run as layouts
from benchmarks.layout.rows import LAYOUTS
from benchmarks.refining.compare import difference
from benchmarks.refining.made_up import make
from benchmarks.rounds import Absent, Disagreement, Measured, Row, measure
from pyspotify_assets.raw_csv import write_raw_csv
from pyspotify_assets.refine import refine
from pyspotify_assets_tests.test_refine import ROW


def row(**more: object) -> Row:
    return Row(**({"work": "work", "how": "whole process", "ours": "ours", "contenders": {}} | more))


def measured(bars: dict[str, float] | None = None, **seconds: list[float]) -> Measured:
    return Measured(
        row(bars=bars or {}), {name: [{"seconds": each} for each in all_] for name, all_ in seconds.items()}
    )


def test_contenders_take_turns_and_every_round_begins_with_another():
    order: list[str] = []
    contenders = {name: lambda name=name: order.append(name) or {"seconds": 1.0} for name in ("ours", "b", "c")}
    found = measure(row(contenders=contenders), rounds=3)
    assert order == ["ours", "b", "c", "b", "c", "ours", "c", "ours", "b"]
    assert {name: len(figures) for name, figures in found.found.items()} == {"ours": 3, "b": 3, "c": 3}


def test_a_ratio_is_of_the_same_round():
    # The second round was ten times as busy: ratios of medians would be 1.5.
    found = measured(ours=[1, 30, 3], other=[2, 60, 2])
    assert found.ratio("ours", "seconds", "other") == 0.5


def test_the_bar_is_about_the_fastest_of_the_others_unless_one_is_named():
    found = measured({"seconds": 1.0}, ours=[2], slow=[4], fast=[1])
    assert found.rival("seconds") == "fast"
    assert found.missed() == ["seconds: 2.00 × fast, and not at most 1 ×"]
    named = Measured(row(bars={"seconds": 1.0}, beside="slow"), found.found)
    assert (named.rival("seconds"), named.missed()) == ("slow", [])


def test_what_must_stay_within_a_limit_is_judged_by_its_worst_round():
    found = Measured(row(within={"peak": 100}), {"ours": [{"peak": 90}, {"peak": 101}, {"peak": 80}]})
    assert found.missed() == ["peak: 101, and not at most 100"]


def test_a_bar_with_nobody_to_compare_with_is_missed():
    assert measured({"bytes": 1.0}, ours=[1], other=[1]).missed() == ["bytes: nobody to compare with"]


def test_who_cannot_take_part_is_left_out_and_named_but_ours_may_not_be():
    def absent():
        raise Absent("Java is not installed")

    found = measure(row(contenders={"ours": lambda: {"seconds": 1.0}, "spark": absent}), rounds=2)
    assert (list(found.found), found.absent) == (["ours"], {"spark": "Java is not installed"})
    assert "Java is not installed" in table.details([found])
    with pytest.raises(Absent, match="Java"):
        measure(row(contenders={"ours": absent}))


def test_results_that_differ_end_it_after_one_round():
    rounds = []

    def agree():
        raise Disagreement("row 7 differs")

    with pytest.raises(Disagreement, match="row 7"):
        measure(row(contenders={"ours": lambda: rounds.append(1) or {"seconds": 1.0}}, agree=agree))
    assert rounds == [1]


@pytest.mark.parametrize(
    ("value", "figure", "text"),
    [
        (0.0123, "seconds", "12 ms"),
        (1.2345, "seconds", "1.23 s"),
        (432.1, "seconds", "432 s"),
        (512 << 20, "peak", "512 MiB"),
        (3 << 20, "bytes", "3,072 KiB"),
        (1000, "requests", "1,000 requests"),
    ],
)
def test_figures_have_units(value, figure, text):
    assert table.shown(value, figure) == text


def test_the_tables_say_whom_ours_is_compared_with_and_whether_the_bar_holds():
    found = measured({"seconds": 0.7}, ours=[0.5, 0.6, 0.7], other=[1, 1, 1])
    [verdict] = table.verdicts([found]).splitlines()[2:]
    assert verdict == "| work | whole process | 600 ms | other 1 s | 0.60 × | ≤ 0.7 × | yes |"
    assert "| work | other | 3 | 1 s | 1 s | 1.67 × |" in table.details([found])


def test_only_the_part_of_the_group_is_written(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("by hand\n<!-- made by `make bench`: a -->\nstale\n<!-- end -->\n", encoding="utf-8")
    table.write("a", table.part([measured(ours=[1.0], other=[2.0])], date(2026, 11, 25)), page)
    text = page.read_text(encoding="utf-8")
    assert text.startswith("by hand\n") and "stale" not in text and "2026-11-25" in text
    with pytest.raises(ValueError, match="no place for 'b'"):
        table.write("b", "", page)


@pytest.mark.parametrize("name", GROUPS)
def test_every_group_has_its_part_of_the_page(name):
    assert f"<!-- made by `make bench`: {name} -->" in table.PAGE.read_text(encoding="utf-8")


def test_a_process_tells_its_time_its_memory_and_what_it_says(tmp_path):
    (tmp_path / "contender.py").write_text("held = b'x' * (64 << 20)\nprint('a line')\nprint('{\"rows\": 3}')\n")
    finished = processes.python("contender", environment={"PYTHONPATH": str(tmp_path)})
    assert finished.said == {"rows": 3}
    assert finished.peak >= 64 << 20
    assert set(finished.figures) == {"seconds", "peak", "rows"}


def test_the_peak_counts_what_a_child_holds_at_the_same_time(tmp_path):
    (tmp_path / "child.py").write_text("import time\nheld = b'x' * (200 << 20)\ntime.sleep(0.3)\n")
    (tmp_path / "parent.py").write_text(
        "import subprocess, sys\nheld = b'x' * (200 << 20)\nsubprocess.run([sys.executable, '-m', 'child'])\n"
    )
    assert processes.python("parent", environment={"PYTHONPATH": str(tmp_path)}).peak >= 400 << 20


def test_a_contender_that_fails_says_why(tmp_path):
    (tmp_path / "contender.py").write_text("raise SystemExit('no such table')\n")
    with pytest.raises(processes.Failed, match="no such table"):
        processes.python("contender", environment={"PYTHONPATH": str(tmp_path)})


def test_refined_files_that_differ_in_one_value_are_told_apart(tmp_path):
    files = []
    for name, popularity in (("ours", "50"), ("same", "50"), ("other", "51")):
        folder = tmp_path / name
        folder.mkdir()
        with open(folder / "raw.csv", "wb") as file:
            write_raw_csv([ROW, ROW | {"rank": "2", "track_id": "b", "popularity": popularity}], file)
        refine(folder / "raw.csv", folder / "refined.parquet", folder / "quarantine.csv")
        files.append(folder / "refined.parquet")
    assert difference(files[0], files[1]) == ""
    assert difference(files[0], files[2]) == "row 1, popularity: 50 in ours, 51 in other"


def test_the_same_number_of_rows_is_the_same_made_up_file_and_has_what_it_promises(tmp_path):
    for name in ("one.csv", "two.csv"):
        make(6_000, tmp_path / name)
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()
    found = refine(tmp_path / "one.csv", tmp_path / "refined.parquet", tmp_path / "quarantine.csv")
    assert found.raw_rows == 6_000
    assert found.duplicates > 0 and found.quarantined > 0


def test_the_layouts_that_are_measured_are_those_that_can_be_written():
    assert tuple(layouts.LAYOUTS) == LAYOUTS
