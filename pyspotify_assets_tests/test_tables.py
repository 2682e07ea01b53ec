"""The declarations: every table shows one made-up row, which is a row that it could have."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, date, datetime

import pyarrow as pa
import pytest

from pyspotify_assets.raw_csv import open_raw_csv, write_raw_csv
from pyspotify_assets.schemas import arrow_schema
from pyspotify_assets.tables import LISTENING, MARTS, PLAYS, SNAPSHOT, Table
from pyspotify_assets.typed_rows import type_rows

MADE_BY_SQL = (*MARTS, *LISTENING)


def example(table: Table) -> dict[str, str | None]:
    return {column.name: column.example or None for column in table.columns}


def test_the_example_of_a_snapshot_can_be_refined_and_comes_out_as_declared():
    given = example(SNAPSHOT)
    file = io.BytesIO()
    write_raw_csv([{name: given[name] for name in SNAPSHOT.raw_columns}], file)
    file.seek(0)

    [batch] = open_raw_csv(file)
    rows, reasons = type_rows(batch)

    assert reasons.to_pylist() == [None]
    assert rows.to_pylist() == [
        {
            **given,
            "rank": 3,
            "artist_names": ["Velmor", "Tanqui"],
            "popularity": 71,
            "duration_ms": 187_000,
            "explicit": False,
            "released_on": date(2026, 3, 1),
            "added_at": datetime(2026, 11, 20, 8, 30, tzinfo=UTC),
            "snapshot_at": datetime(2026, 11, 25, 6, tzinfo=UTC),
        }
    ]


@pytest.mark.parametrize("table", [*MADE_BY_SQL, PLAYS], ids=lambda table: table.name)
def test_an_example_has_the_declared_types_and_a_value_wherever_one_must_be(table: Table):
    for field, text in zip(arrow_schema(table), example(table).values(), strict=True):
        value = pa.array([text], pa.string()).cast(field.type)
        assert field.nullable or not value.null_count, field.name


def test_another_example_makes_no_partition_another_one():
    column, *others = SNAPSHOT.columns
    assert replace(SNAPSHOT, columns=(replace(column, example="4"), *others)).shape == SNAPSHOT.shape
