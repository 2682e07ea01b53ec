"""Every parser of outside data takes a broken input or refuses it by name, in bounded time; see `law`."""

from __future__ import annotations

import logging
import random
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pyspotify_assets.errors import RawFormatError
from pyspotify_assets_tests.fuzzing.law import broken_by
from pyspotify_assets_tests.fuzzing.mutations import mutated
from pyspotify_assets_tests.fuzzing.prove import bad_inputs
from pyspotify_assets_tests.fuzzing.readers import READERS, Reader
from pyspotify_assets_tests.proofs import proving, seed

CORPUS = sorted(path for path in (Path(__file__).parent / "corpus").rglob("*") if path.is_file())


@pytest.fixture(params=READERS.values(), ids=READERS)
def reader(request) -> Reader:
    return request.param


@pytest.mark.parametrize("file", CORPUS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_what_is_damaged_in_a_known_way_is_taken_or_refused_by_name(file, tmp_path):
    assert broken_by(READERS[file.parent.name], file.read_bytes(), tmp_path) == ""


def test_every_parser_has_damaged_documents_of_its_own():
    assert {file.parent.name for file in CORPUS} == set(READERS)


def test_what_is_sound_is_taken(reader, tmp_path):
    for content in reader.sound():
        if reader.name not in ("answer_refusal", "landing_name"):
            reader.read(content, tmp_path)


def test_whatever_is_changed_in_what_is_sound_is_taken_or_refused_by_name(reader, tmp_path_factory):
    folder, sound = tmp_path_factory.mktemp(reader.name), reader.sound()

    @settings(max_examples=4 if reader.dear else 25, suppress_health_check=list(HealthCheck))
    @given(st.randoms(use_true_random=False))
    def law(dice: random.Random) -> None:
        assert broken_by(reader, mutated(sound, dice), folder) == ""

    law()


@pytest.fixture
def unraisable(monkeypatch) -> list[str]:
    """What destructors raised meanwhile, where nobody could hear it. That of a stack that is at its end is left out:

    what is nested a thousand deep takes Python there, and whatever it happens to clear away at that moment fails.
    """
    heard: list[str] = []

    def hear(told) -> None:
        if told.exc_type is not RecursionError:
            heard.append(f"{told.object!r}: {told.exc_value!r}")

    monkeypatch.setattr(sys, "unraisablehook", hear)
    return heard


@pytest.mark.slow
def test_so_it_is_with_as_many_more_as_fit_into_two_minutes_or_where_it_is_to_be_proven_an_hour(
    figures, tmp_path, caplog, unraisable
):
    caplog.set_level(logging.CRITICAL)
    tried, unnamed = bad_inputs(seed(), 3600 if proving() else 120, keep=tmp_path)

    figures.line(f"bad inputs tried {tried.total():,}, unnamed errors {unnamed.total()}")
    assert unnamed.total() == 0
    assert unraisable == []
    assert set(tried) == set(READERS)


def _stumbles(content: bytes, folder: Path) -> None:
    if content == b"silent":
        raise RawFormatError(" ")
    if content == b"endless":
        while True:
            pass
    raise KeyError(content) if content == b"unnamed" else RawFormatError("x" * (50_000 if content == b"long" else 9))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"unnamed", "KeyError"),
        (b"silent", "without words"),
        (b"long", "50000 characters"),
        (b"endless", "longer than"),
        (b"named", ""),
    ],
)
def test_a_parser_that_breaks_the_law_is_found_out(content, said, tmp_path, monkeypatch):
    monkeypatch.setattr("pyspotify_assets_tests.fuzzing.law.PATIENCE", 0.2)

    found = broken_by(Reader("stumbles", _stumbles, lambda: [b""]), content, tmp_path)

    assert bool(found) == bool(said)
    assert said in found
