"""Quarantine: what lies there is named, shown as it is and never obeyed; another try empties it, or says why not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pyspotify_assets import quarantine
from pyspotify_assets.cli import main
from pyspotify_assets.lake import Lake
from pyspotify_assets.terminal.screen import console
from pyspotify_assets_tests.builders import put_raw, put_snapshot, track
from pyspotify_assets_tests.pipelines import DAYS, SMALL_FEEDS

DAY = DAYS[0]
ITEM = f"refined/top_played/{DAY}"
FILE = f"landing/top_played/{DAY}/old.csv"
OLD = "artist,track,track_pop,duration_ms,album_nm\nA,One,90,1000,X\nB,Two,91,2000,Y\nC,Three,92,3000,Z\n"
BROKEN = OLD.replace("B,Two", 'B,T"wo')


@pytest.fixture
def lake(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lake]:
    monkeypatch.setattr(console, "width", 100)  # Whatever had the first word in this process.
    (folder / "feeds.toml").write_text(SMALL_FEEDS, encoding="utf-8")
    yield Lake.at("lake/sample")


def typed(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["quarantine", *arguments], prog_name="pyspotify")


def document(*arguments: str) -> dict:
    return json.loads(typed(*arguments, "--json").stdout)


def refuse_rows(lake: Lake, day: str = DAY, feed: str = "top_played", **bad: object) -> None:
    """A day with one good row and one that cannot be typed."""
    put_snapshot(lake, feed, day, [track(1, "a"), track(2, "b", **(bad or {"popularity": "many"}))])


def refuse_file(lake: Lake, name: str = "old.csv", content: str = BROKEN, reason: str = "") -> None:
    """A file in quarantine, as landing would have left it there."""
    store = lake.stores["quarantine"]
    for key, text in ((name, content), (f"{name}.reason.txt", reason or "old.csv, line 3: a broken quote")):
        with store.staging("file") as staged:
            staged.write_text(text, encoding="utf-8")
            store.publish(staged, f"landing/top_played/{DAY}/{key}")


class TestList:
    def test_names_each_item_with_its_rows_and_the_commonest_reasons_first(self, lake):
        rows = [track(n, str(n), popularity="many") for n in (1, 2)] + [track(3, "c", duration_ms="long")]
        put_snapshot(lake, "top_played", DAY, rows + [track(n, f"fine {n}") for n in range(4, 12)])
        refuse_file(lake)

        items = document("list")["items"]

        assert [(item["item"], item["kind"], item["rows"]) for item in items] == [
            (FILE, "file", None),
            (ITEM, "rows", 3),
        ]
        assert [reason["rows"] for reason in items[1]["reasons"]] == [2, 1]
        assert items[1]["reasons"][0]["reason"] == "popularity is not a whole number from 0 to 100"
        assert items[0]["reasons"] == [{"reason": "old.csv, line 3: a broken quote", "rows": 1}]
        assert Path(items[1]["place"]).is_file()

    def test_is_narrowed_to_a_feed_and_to_days(self, lake):
        for feed in ("top_played", "popular_songs"):
            for day in DAYS:
                refuse_rows(lake, day, feed)

        found = document("list", "--feed", "top_played", "--from", DAYS[1], "--to", DAYS[1])["items"]

        assert [item["item"] for item in found] == [f"refined/top_played/{DAYS[1]}"]
        assert len(document("list")["items"]) == 6

    def test_says_so_where_nothing_is(self, lake):
        result = typed("list")
        assert (result.exit_code, result.output) == (0, "Nothing is in quarantine.\n")

    def test_what_cannot_be_read_is_listed_with_the_reason(self, lake):
        refuse_rows(lake)
        [info] = lake.stores["quarantine"].objects("")
        Path(lake.stores["quarantine"].uri(info.key)).write_text("torn\n", encoding="utf-8")

        [item] = document("list")["items"]

        assert (item["item"], item["rows"]) == (ITEM, None)
        assert item["reasons"][0]["reason"].startswith("cannot be read")

    @pytest.mark.parametrize("width", [60, 80, 200])
    def test_fits_the_terminal(self, lake, monkeypatch, width):
        monkeypatch.setattr(console, "width", width)
        refuse_rows(lake)
        refuse_file(lake)

        *table, _ = typed("list").output.splitlines()

        assert {len(line) <= width for line in table} == {True}
        assert {"broken", "quote"} <= {*" ".join(table).split()}


class TestShow:
    def test_gives_reason_row_values_and_the_line_as_it_stands_in_the_raw_file(self, lake):
        refuse_rows(lake)
        line = lake.stores["raw"].read(lake.place(("raw", "top_played"), DAY).key).decode().split("\n")[2]

        shown = document("show", ITEM)

        [row] = shown["shown"]
        assert (shown["rows"], row["number"], row["line"]) == (1, 2, line)
        assert row["reason"] == "popularity is not a whole number from 0 to 100"
        assert (row["values"]["popularity"], row["values"]["artist_id"]) == ("many", None)
        assert "row 2 of the raw file, line 3" in typed("show", ITEM).output

    def test_a_line_of_another_raw_file_is_not_shown_for_its_own(self, lake):
        refuse_rows(lake)
        put_raw(lake, "top_played", DAY, [track(1, "x"), track(2, "y", popularity="many")])
        assert document("show", ITEM)["shown"][0]["line"] is None

    def test_shows_so_many_rows_and_says_how_many_more_there_are(self, lake):
        bad = [track(n, str(n), popularity="x") for n in range(1, 8)]
        put_snapshot(lake, "top_played", DAY, bad + [track(n, str(n)) for n in range(8, 30)])
        result = typed("show", ITEM, "--limit", "2")
        assert result.output.count("of the raw file") == 2
        assert "5 more" in result.output

    def test_of_a_file_it_shows_the_lines_around_the_one_that_the_reason_names(self, lake):
        refuse_file(lake, content="\n".join(f"line {n}" for n in range(1, 50)), reason="old.csv, line 20: broken")
        shown = document("show", FILE)["shown"]
        assert [(line["number"], line["line"]) for line in shown] == [(n, f"line {n}") for n in range(18, 23)]

    def test_what_stands_there_is_shown_and_not_obeyed(self, lake):
        refuse_rows(lake, track_name="[red]x[/] =cmd()", popularity="\x1b[2J")
        refuse_file(lake, content="[bold]\x1b]0;owned\x07\n", reason="[link=http://x]\x1b[31m no")

        for name in (ITEM, FILE):
            output = typed("show", name).output
            assert "\x1b" not in output
            assert "\x07" not in output
        assert "[red]x[/] =cmd()" in typed("show", ITEM).output
        assert "[bold]" in typed("show", FILE).output
        assert "\x1b" not in typed("list").output

    @pytest.mark.parametrize("name", ["refined/top_played/2024-01-01", "../raw/x", f"{FILE}.reason.txt", "", "nothing"])
    def test_what_is_not_there_is_an_error_that_says_what_to_do(self, lake, name):
        refuse_file(lake)
        result = typed("show", name)
        assert result.exit_code == 1
        assert "→" in result.output


class TestReplay:
    def test_rows_that_can_be_typed_now_leave_quarantine(self, lake):
        refuse_rows(lake)
        put_raw(lake, "top_played", DAY, [track(1, "a"), track(2, "b")])

        result = typed("replay", ITEM)

        assert result.exit_code == 0, result.output
        assert "all 1 rows have left quarantine" in result.output
        assert list(quarantine.items(lake)) == []
        assert lake.place(("refined", "top_played"), DAY).require().notes["rows"] == "2"

    def test_what_cannot_be_typed_still_is_said_and_ends_with_1(self, lake):
        refuse_rows(lake)
        result = typed("replay", "--all", "--json")
        assert result.exit_code == 1
        assert json.loads(result.stdout) == {
            "replayed": [{"item": ITEM, "rows_before": 1, "rows_now": 1, "changed": False}],
            "failures": [],
        }

    def test_only_the_days_that_are_asked_for_are_refined_again(self, lake):
        for day in DAYS:
            refuse_rows(lake, day)
        before = {day: lake.place(("refined", "top_played"), day).require().identity for day in DAYS}

        typed("replay", "--all", "--feed", "top_played", "--date", DAYS[1])

        after = {day: lake.place(("refined", "top_played"), day).require().identity for day in DAYS}
        assert [day for day in DAYS if before[day] != after[day]] == [DAYS[1]]

    def test_a_mended_file_is_taken_and_the_one_it_was_mended_from_leaves(self, lake, folder):
        refuse_file(lake)
        (folder / "mended.csv").write_text(OLD, encoding="utf-8")

        result = typed("replay", FILE, "--with", "mended.csv")

        assert result.exit_code == 0, result.output
        assert lake.place(("raw", "top_played"), DAY).require().notes["rows"] == "3"
        assert [*lake.stores["landing"].objects(""), *lake.stores["quarantine"].objects("")] == []

    def test_a_file_that_is_refused_again_is_where_it_was_with_its_reason(self, lake):
        refuse_file(lake)
        result = typed("replay", FILE)
        assert result.exit_code == 1
        assert [item.name for item in quarantine.items(lake)] == [FILE]
        assert lake.stores["quarantine"].read(FILE).decode() == BROKEN
        assert list(lake.stores["landing"].objects("")) == []

    def test_a_mended_file_that_is_broken_still_is_refused_before_anything_happens(self, lake, folder):
        refuse_file(lake)
        (folder / "mended.csv").write_text(BROKEN, encoding="utf-8")
        there = {path for path in Path("lake").rglob("*") if path.is_file()}

        result = typed("replay", FILE, "--with", "mended.csv")

        assert (result.exit_code, {path for path in Path("lake").rglob("*") if path.is_file()}) == (1, there)
        assert "line 3" in result.output

    def test_all_leaves_what_nothing_is_wrong_with_where_it_is(self, lake):
        refuse_file(lake, reason="Superseded: another was put into landing later.", content=OLD)
        result = typed("replay", "--all")
        assert result.exit_code == 0
        assert "can be tried again" in result.output
        assert [item.name for item in quarantine.items(lake)] == [FILE]

    def test_records_of_an_export_say_what_to_do_instead(self, lake):
        store = lake.stores["quarantine"]
        with store.staging("x") as staged:
            staged.write_text('{"file": "a.json", "record": 3, "reason": "no ts", "play": {}}\nodd\n', encoding="utf-8")
            store.publish(staged, "refined/plays/x.zip.jsonl")

        assert document("show", "refined/plays/x.zip.jsonl")["reasons"] == [
            {"reason": "no ts", "rows": 1},
            {"reason": "not one of our lines", "rows": 1},
        ]
        result = typed("replay", "refined/plays/x.zip.jsonl")
        assert result.exit_code == 1
        assert "Import the ZIP again" in result.output

    @pytest.mark.parametrize(
        "arguments", [(), (ITEM, "--all"), (ITEM, "--date", DAY), ("--all", "--with", "x"), ("a", "b", "--with", "x")]
    )
    def test_what_says_too_little_or_too_much_is_typed_wrongly(self, lake, arguments):
        assert typed("replay", *arguments).exit_code == 2
