"""What the terminal shows fits it: tables at any width, words of others as they are, lines that may be copied."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from pyspotify_assets.lake import Lake
from pyspotify_assets.terminal.grid import shortened, show_table
from pyspotify_assets.terminal.screen import printable, show_facts, warn
from pyspotify_assets_tests.builders import put_snapshot, track
from pyspotify_assets_tests.pipelines import command, pyspotify, terminal_environment

HEADINGS = ("table", "days", "rows", "bytes", "place")
TABLES = [
    ("spotify_raw.popular_songs", "14", "13,986", "4,276,034", "lake/sample/raw/popular_songs"),
    ("spotify_refined.popular_songs", "14", "13,972", "1,241,204", "lake/sample/refined/popular_songs"),
    ("report/daily", "14", "", "15,158,124", "lake/sample/report/latest.html"),
]


def table(width: int, headings=HEADINGS, rows=TABLES, **kinds) -> list[str]:
    """The lines of a table in a terminal that wide."""
    kinds = kinds or {"figures": ("days", "rows", "bytes"), "places": ("place",)}
    console = Console(width=width, file=StringIO())
    show_table(console, headings, rows, **kinds)
    return console.file.getvalue().splitlines()


class TestTable:
    def test_has_figures_to_the_right_and_places_whole_where_there_is_room(self):
        lines = table(140)

        assert [line.rstrip() for line in lines] == [
            "table                          days    rows       bytes  place",
            "─" * 90,
            "spotify_raw.popular_songs        14  13,986   4,276,034  lake/sample/raw/popular_songs",
            "spotify_refined.popular_songs    14  13,972   1,241,204  lake/sample/refined/popular_songs",
            "report/daily                     14          15,158,124  lake/sample/report/latest.html",
        ]

    def test_shortens_places_before_anything_else(self):
        lines = table(80)

        assert max(map(cell_len, lines)) <= 80
        assert [line.split()[-1] for line in lines[2:]] == [
            "…/raw/popular_songs",
            "…/refined/popular_songs",
            "…/report/latest.html",
        ]

    def test_leaves_places_out_where_they_would_be_stumps(self):
        lines = table(60)

        assert max(map(cell_len, lines)) <= 60
        assert "place" not in lines[0]
        assert [line.split()[0] for line in lines[2:]] == [row[0] for row in TABLES]

    def test_that_does_not_fit_at_all_is_shown_row_by_row_with_nothing_lost(self):
        headings = [f"column_{number}" for number in range(20)]

        lines = table(60, headings, [[f"value-{number}" for number in range(20)]], figures=())

        assert max(map(cell_len, lines)) <= 60
        assert [line.split() for line in lines[1:]] == [[f"column_{n}", f"value-{n}"] for n in range(20)]

    @settings(max_examples=40)
    @given(
        st.integers(30, 200),
        st.lists(
            st.tuples(
                st.text(st.characters(codec="utf-8"), max_size=60),
                st.integers(0, 10**12).map("{:,}".format),
                st.lists(st.sampled_from(["lake", "raw", "s3:", "", "bucket-of-ours"]), max_size=6).map("/".join),
            ),
            max_size=4,
        ),
    )
    def test_of_whatever_content_never_is_wider_than_the_terminal_nor_breaks_a_figure(self, width, rows):
        lines = table(width, ("name", "figure", "place"), rows, figures=("figure",), places=("place",))

        assert max(map(cell_len, lines), default=0) <= width
        shown = "\n".join(lines)
        assert [figure for _, figure, _ in rows if figure not in shown] == []


@given(st.text(st.sampled_from("ab/宇é"), max_size=40), st.integers(3, 40))
def test_a_place_is_shortened_to_what_there_is_and_no_further_than_needed(place, width):
    short = shortened(place, width)

    assert cell_len(short) <= width
    assert (short == place) == (cell_len(place) <= width)


@given(st.text(max_size=30))
def test_what_is_shown_of_outside_words_gives_a_terminal_no_order(text):
    shown = printable(text)

    assert len(shown) == len(text)
    assert not any(ord(letter) < 32 or 127 <= ord(letter) < 160 for letter in shown)


def test_so_it_is_with_facts_and_errors_which_keep_their_lines(capsys):
    show_facts(["“A\x1b[2J” leads"])
    warn("A\x1b[2J failed\n  → [red]Do[/red] this")

    shown = capsys.readouterr()
    assert shown.out == "  • “A [2J” leads\n"
    assert shown.err == "A [2J failed\n  → [red]Do[/red] this\n"


class TestTerminal:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        put_snapshot(Lake.at(str(tmp_path / "lake" / "sample")), "top_played", "2026-11-22", [track(1, "A")])
        return tmp_path

    @pytest.mark.parametrize("width", [60, 80, 140])
    def test_of_some_width_gets_lines_of_that_width_with_no_word_broken(self, folder, width):
        lines = shown_in_terminal(folder, width, "feeds")

        assert max(map(cell_len, lines)) <= width
        words = " ".join(lines).split()
        for word in ("popular_songs", "“year:{last_year}-{this_year}”,", "2YRe7HRKNRvXdJBp9nXFza,", "2026-11-22"):
            assert word in words
        assert any("feed  " in line and line.rstrip().endswith("rows") for line in lines) == (width > 60)

    def test_that_knows_no_letters_but_ascii_is_shown_the_rest_as_question_marks(self, folder):
        done = pyspotify(folder, "feeds", PYTHONIOENCODING="ascii")

        assert done.returncode == 0, done.stderr
        assert "search ?year:{last_year}-{this_year}?, US, at most 1,000" in done.stdout


def shown_in_terminal(folder: Path, width: int, *arguments: str) -> list[str]:
    """What a command writes to a terminal of that width, without its colours."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
    environment = terminal_environment(TERM="xterm")
    del environment["COLUMNS"]
    process = subprocess.Popen(  # noqa: S603 - our own command
        command(*arguments), cwd=folder, env=environment, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    written = b""
    try:
        while chunk := os.read(ours, 4096):
            written += chunk
    except OSError:  # So Linux says that the other end was closed.
        pass
    finally:
        os.close(ours)
    assert process.wait(60) == 0, written
    return re.sub(r"\x1b\[[0-9;]*m|\r", "", written.decode()).splitlines()
