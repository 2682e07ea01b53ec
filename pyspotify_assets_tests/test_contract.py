"""The contract: which differences there are between what is found and what is declared, and what follows from each."""

from __future__ import annotations

import re

import hypothesis.strategies as st
import pytest
from hypothesis import given

from pyspotify_assets.checks import CATALOG_SCHEMA, MART_CHECKS, RAW_CHECKS, REFINED_CHECKS
from pyspotify_assets.contract import (
    RULES,
    Difference,
    Follows,
    Kind,
    Step,
    catalog_differences,
    described,
    file_differences,
    header_differences,
    is_of,
    reported,
    staged_differences,
)
from pyspotify_assets.tables import LISTENING, MARTS, PLAYS, SNAPSHOT, Column, Dropped, Table
from scripts.documents import rules_table

SONGS = Table(
    "songs",
    "",
    (
        Column("rank", "int32", "", nullable=False),
        Column("label", "string", "", since="2026-12-01"),
        Column("title", "string", "", formerly=("name", "song")),
        Column("year", "int32", "", refined_only=True),
        Column("share", "double", ""),
    ),
    ("rank",),
    dropped=(Dropped("mood", after="title"), Dropped("derived_mood")),
)
NOW = ["rank", "title", "mood", "share", "label"]
TYPES = {"rank": "int32", "label": "string", "title": "string", "year": "int32", "share": "double"}


def of_header(*columns: str, day: str = "") -> dict[str, Kind]:
    return {difference.column: difference.kind for difference in header_differences(columns, SONGS, day)}


def of_file(day: str = "", **types: str) -> dict[str, Kind]:
    return {difference.column: difference.kind for difference in file_differences(types, SONGS, day)}


def without(*names: str) -> dict[str, str]:
    return {name: type_ for name, type_ in TYPES.items() if name not in names}


def test_what_is_added_comes_last_in_the_raw_csv_and_what_is_dropped_keeps_its_place():
    assert list(SONGS.raw_columns) == NOW


class TestTheHeaderOfARawCsv:
    def test_as_declared_it_has_no_difference(self):
        assert of_header(*NOW) == {}

    @pytest.mark.parametrize("former", ["name", "song"])
    def test_a_former_name_is_accepted(self, former):
        assert of_header("rank", former, "mood", "share", "label") == {"title": Kind.RENAMED}

    def test_two_names_of_one_column_are_refused(self):
        assert of_header(*NOW, "song")["title"] in (Kind.TWICE, Kind.RENAMED)
        assert "more than once: title" in described(header_differences([*NOW, "song"], SONGS))

    def test_a_column_that_was_added_may_be_lacking_before_its_day_and_not_from_then_on(self):
        assert of_header(*NOW[:-1]) == of_header(*NOW[:-1], day="2026-11-30") == {"label": Kind.ADDED}
        assert of_header(*NOW[:-1], day="2026-12-01") == {"label": Kind.MISSING}

    def test_missing_and_unknown_columns_are_refused_by_name(self):
        words = described(header_differences(["title", "mood", "share", "label", "surprise"], SONGS))
        assert words == "missing: rank; unknown: surprise"

    def test_another_order_is_reported_since_athena_reads_by_position(self):
        (difference,) = header_differences(NOW[::-1], SONGS)
        assert (difference.kind, difference.follows) == (Kind.ORDER, Follows.REPORTED)
        assert "declared rank, title" in str(difference)


class TestAPublishedFile:
    def test_as_declared_in_whatever_order_it_has_no_difference(self):
        assert of_file(**dict(reversed(TYPES.items()))) == {}

    def test_migrations_are_accepted(self):
        found = {**without("label", "title"), "name": "string", "mood": "string", "derived_mood": "string"}
        differences = file_differences(found, SONGS)
        assert {difference.kind for difference in differences} == {Kind.RENAMED, Kind.ADDED, Kind.DROPPED}
        assert reported(differences) == []

    @pytest.mark.parametrize(
        ("column", "type_", "kind", "follows"),
        [
            ("rank", "int16", Kind.NARROWER, Follows.ACCEPTED),
            ("share", "float", Kind.NARROWER, Follows.ACCEPTED),
            ("rank", "int64", Kind.WIDER, Follows.REPORTED),
            ("rank", "string", Kind.TYPE, Follows.REPORTED),
            ("title", "int32", Kind.TYPE, Follows.REPORTED),
        ],
    )
    def test_another_type_is_accepted_only_if_it_is_narrower(self, column, type_, kind, follows):
        (difference,) = file_differences({**TYPES, column: type_}, SONGS)
        assert (difference.kind, difference.follows) == (kind, follows)
        assert str(difference) == f"{column} is {type_}, declared {TYPES[column]}"

    def test_a_renamed_columns_type_is_compared_under_its_new_name(self):
        assert of_file(**without("title"), name="int32") == {"title": Kind.TYPE}

    def test_unknown_and_missing_columns_are_reported(self):
        assert reported(file_differences({**without("rank"), "surprise": "string"}, SONGS)) == [
            "rank is missing",
            "surprise is not declared",
        ]


def test_a_file_that_is_to_be_published_has_to_be_as_declared_now():
    declared = {"title": "string", "rank": "int32"}
    for found in ({"title": "string"}, {**declared, "x": "string"}, {**declared, "rank": "int16"}):
        (difference,) = staged_differences(found, declared)
        assert difference.follows is Follows.REFUSED


def test_a_catalog_that_differs_is_reported_and_order_only_where_it_matters():
    found, declared = {"b": "int", "a": "array<string>"}, {"a": "array<string>", "b": "int"}
    assert [difference.kind for difference in catalog_differences(found, declared)] == [Kind.ORDER]
    assert catalog_differences(found, declared, ordered=False) == []
    assert reported(catalog_differences({"a": "bigint", "c": "int"}, declared)) == [
        "b is missing, declared int",
        "c is not declared, but there as int",
        "a is bigint, declared array<string>",
    ]


NAMES = st.sampled_from([*NOW, "name", "song", "year", "surprise", "", "derived_mood"])


@given(st.lists(NAMES, max_size=8), st.sampled_from(["", "2026-11-30", "2026-12-01"]))
def test_every_difference_has_a_rule_and_words(names, day):
    for difference in [
        *header_differences(names, SONGS, day),
        *file_differences(dict.fromkeys(names, "x"), SONGS, day),
    ]:
        assert difference.follows in Follows
        assert str(difference)


@given(st.lists(NAMES, max_size=8))
def test_a_header_that_is_not_refused_gives_every_column_once_or_null(names):
    if not described(header_differences(names, SONGS)):
        now = [SONGS.former_names.get(name, name) for name in names if name != "derived_mood"]
        assert len(now) == len(set(now))
        assert set(NOW) - set(now) <= {"label", "mood"}


def test_a_table_of_others_is_not_taken_for_ours():
    assert is_of([*TYPES], SONGS)
    assert is_of([*without("label", "title"), "song", "mood"], SONGS)
    assert not is_of([*without("rank")], SONGS)
    assert not is_of([*TYPES, "surprise"], SONGS)


@pytest.mark.parametrize("table", [SNAPSHOT, PLAYS, *MARTS, *LISTENING], ids=lambda table: table.name)
def test_declarations_hold_together(table):
    names = [*table.column_names, *table.former_names, *(column.name for column in table.dropped)]
    assert len(names) == len(set(names)), "a name that was once used means one thing for ever"
    assert all(column.nullable for column in table.columns if column.since), "it is null in files of before"
    assert len(table.raw_columns) == len(set(table.raw_columns))


def test_a_difference_without_a_rule_cannot_come_about():
    with pytest.raises(KeyError):
        _ = Difference(Step.CATALOG, Kind.NARROWER, "rank").follows
    assert {step for step, _ in RULES} == set(Step)


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`([a-z_]+)`", rules_table())) - {"id", "name"}))
def test_every_check_that_a_rule_names_exists(name):
    known = {check.name for check in (*RAW_CHECKS, *REFINED_CHECKS, *MART_CHECKS, CATALOG_SCHEMA)}
    assert name in known
