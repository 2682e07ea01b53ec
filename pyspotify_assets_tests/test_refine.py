"""Refining: types, the best rank of each track, quarantine, and the laws that hold for any raw file."""

import csv
import io
import json
import subprocess
import sys
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from pyspotify_assets import casting
from pyspotify_assets.errors import RawFormatError
from pyspotify_assets.raw_csv import map_raw_csv, write_raw_csv
from pyspotify_assets.refine import QUARANTINE, Refined, refine
from pyspotify_assets.schemas import arrow_schema
from pyspotify_assets.tables import SNAPSHOT

ROW = {
    "rank": "1",
    "track_id": "4uLU6hMCjMI75M1A2tKUQC",
    "track_name": "Céu, \"Ao Vivo\"",
    "artist_name": "Ana",
    "artist_id": "a1",
    "artist_names": '["Ana", "Zé \\"Grave\\""]',
    "popularity": "87",
    "duration_ms": "33920.0",
    "explicit": "false",
    "isrc": "BRABC2300001",
    "album_id": "b1",
    "album_name": "Céu",
    "album_type": "album",
    "release_date": "2022-03",
    "release_date_precision": "month",
    "added_at": "2023-07-01T10:00:00Z",
    "snapshot_at": "2023-07-08T12:00:00.000001Z",
    "source": "playlist:x",
}  # fmt: skip
TYPED = {
    **ROW,
    "rank": 1,
    "artist_names": ["Ana", 'Zé "Grave"'],
    "popularity": 87,
    "duration_ms": 33920,
    "explicit": False,
    "released_on": date(2022, 3, 1),
    "added_at": datetime(2023, 7, 1, 10, tzinfo=UTC),
    "snapshot_at": datetime(2023, 7, 8, 12, 0, 0, 1, UTC),
}


class Result:
    """What refining `rows` gave: the outcome, the refined rows and those in quarantine."""

    def __init__(self, folder: Path, rows: list[dict]) -> None:
        raw, self.refined, self.quarantine = folder / "raw.csv", folder / "refined.parquet", folder / "quarantine.csv"
        self.quarantine.unlink(missing_ok=True)
        with open(raw, "wb") as file:
            write_raw_csv(rows, file)
        self.outcome = refine(raw, self.refined, self.quarantine)
        self.table = parquet.read_table(self.refined)
        self.rows = self.table.to_pylist()
        self.refused: list[dict] = []
        if self.quarantine.exists():
            with open(self.quarantine, encoding="utf-8", newline="") as file:
                self.refused = list(csv.DictReader(file, strict=True))


@pytest.fixture
def refined(tmp_path):
    return lambda *rows: Result(tmp_path, [{**ROW, **row} for row in rows])


def test_a_row_gets_its_types(refined):
    result = refined({})
    assert result.rows == [{name: TYPED[name] for name in SNAPSHOT.column_names}]
    assert result.outcome == Refined(raw_rows=1, rows=1, duplicates=0, quarantined=0, reasons={}, popularity_given=1)


def test_the_schema_is_the_declared_one_even_when_all_is_null_or_nothing_is_there(refined):
    nulls = {column.name: None for column in SNAPSHOT.columns if column.nullable}
    for result in (refined(nulls), refined()):
        assert result.table.schema.equals(arrow_schema(SNAPSHOT), check_metadata=False)
        assert result.outcome.popularity_given == 0
    assert result.outcome == Refined(0, 0, 0, 0)
    assert parquet.read_metadata(result.refined).num_rows == 0


def test_the_file_is_compressed_with_zstd(refined):
    metadata = parquet.read_metadata(refined({}).refined)
    assert {metadata.row_group(0).column(number).compression for number in range(metadata.num_columns)} == {"ZSTD"}


def test_an_open_file_can_be_refined_too(tmp_path):
    file = io.BytesIO()
    write_raw_csv([ROW], file)
    file.seek(0)
    assert refine(file, tmp_path / "r.parquet", tmp_path / "q.csv").rows == 1


def test_empty_text_is_null_where_null_is_allowed(refined):
    text_columns = {column.name: "" for column in SNAPSHOT.columns if column.nullable and not column.refined_only}
    [row] = refined({**text_columns, "track_name": "", "source": ""}).rows
    assert {row[name] for name in text_columns} == {None}
    assert (row["track_name"], row["source"]) == ("", "")


def test_absent_popularity_is_never_zero(refined):
    result = refined({"popularity": None, "track_id": "a"}, {"popularity": "0", "rank": "2", "track_id": "b"})
    assert [row["popularity"] for row in result.rows] == [None, 0]
    assert result.outcome.popularity_given == 1


def test_names_stay_as_they_are(refined):
    names = ["NA", "None", "null", "nan", "007", " padded ", "=1+1", "夜 🎵", "\u202eabc"]
    result = refined(*({"rank": n, "track_id": n, "track_name": name} for n, name in enumerate(names, 1)))
    assert [row["track_name"] for row in result.rows] == names


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2022", date(2022, 1, 1)),
        ("2022-03", date(2022, 3, 1)),
        ("2022-03-31", date(2022, 3, 31)),
        ("2024-02-29", date(2024, 2, 29)),
        ("1900-02-28", date(1900, 2, 28)),
        ("2023-02-29", None),
        ("2022-02-31", None),
        ("2022-13", None),
        ("2022-00", None),
        ("2022-01-00", None),
        ("0000", None),
        ("0000-00-00", None),
        ("2022-3", None),
        ("20220", None),
        ("soon", None),
        ("２０２２", None),
        (None, None),
    ],
)
def test_released_on_is_the_first_day_of_the_period(refined, text, day):
    [row] = refined({"release_date": text}).rows
    assert (row["release_date"], row["released_on"]) == (text, day)


@given(st.dates(), st.sampled_from(["%Y-%m-%d", "%Y-%m"]))
def test_every_day_of_the_calendar_is_understood(day, form):
    text = day.isoformat()[: 10 if form == "%Y-%m-%d" else 7]
    expected = day if form == "%Y-%m-%d" else day.replace(day=1)
    assert casting.first_days(pa.array([text])).to_pylist() == [expected]


@given(st.lists(st.none() | st.dates().map(date.isoformat) | st.text("0123-é", max_size=11)), st.integers(0, 3))
def test_every_date_is_understood_by_itself(texts, skipped):
    """What stands before and behind a text in the same column does not matter."""
    together = casting.first_days(pa.array(texts, pa.string()).slice(skipped)).to_pylist()
    assert together == [casting.first_days(pa.array([text], pa.string()))[0].as_py() for text in texts[skipped:]]
    assert all(day is None for text, day in zip(texts[skipped:], together, strict=True) if text is None)


def test_of_the_same_track_the_best_rank_is_kept(refined):
    result = refined({"rank": "3"}, {"rank": "2", "track_id": "other"}, {"rank": "1"}, {"rank": "4"})
    assert [(row["rank"], row["track_id"]) for row in result.rows] == [(1, ROW["track_id"]), (2, "other")]
    assert result.outcome.duplicates == 2


def test_of_equal_ranks_the_first_in_the_file_is_kept(refined):
    result = refined({"album_name": "first"}, {"album_name": "second"})
    assert [row["album_name"] for row in result.rows] == ["first"]


def test_without_an_id_a_track_is_its_title_artist_and_album(refined):
    local = {"track_id": None, "track_name": "Demo", "artist_name": "Me", "album_name": None}
    result = refined(
        {**local, "rank": "1"},
        {**local, "rank": "2", "track_id": ""},
        {**local, "rank": "3", "artist_name": "You"},
        {**local, "rank": "4", "album_name": "Tape"},
        {**local, "rank": "5", "track_id": "with an id"},
    )
    assert [row["rank"] for row in result.rows] == [1, 3, 4, 5]


@pytest.mark.parametrize(
    ("column", "texts", "values"),
    [
        ("rank", ["1", "007", "3.0", "2147483647"], [1, 7, 3, 2147483647]),
        ("popularity", ["0", "100", "55.0", "55."], [0, 100, 55, 55]),
        ("duration_ms", ["0", "33920.0", "33920.000", "2147483647"], [0, 33920, 33920, 2147483647]),
        ("explicit", ["true", "false"], [True, False]),
        (
            "artist_names",
            [
                "[]",
                '["A"]',
                '["A", "B"]',
                '[ "A","B" ]',
                '["\\u00e9 \\"x\\", \\\\"]',
                '[""]',
                '["], ["]',
                '["é", "夜"]',
            ],
            [[], ["A"], ["A", "B"], ["A", "B"], ['é "x", \\'], [""], ["], ["], ["é", "夜"]],
        ),
        (
            "added_at",
            ["2023-07-01T10:00:00Z", "2023-07-01 10:00:00.5+01:30", "2024-02-29T23:59:59.999999-00:30"],
            [
                datetime(2023, 7, 1, 10, tzinfo=UTC),
                datetime(2023, 7, 1, 8, 30, 0, 500000, UTC),
                datetime(2024, 3, 1, 0, 29, 59, 999999, UTC),
            ],
        ),
    ],
)
def test_texts_that_mean_something(refined, column, texts, values):
    for text, value in zip(texts, values, strict=True):
        [row] = refined({column: text}).rows
        assert row[column] == value


WRONG = {
    "rank": ["0", "-1", "x", "1.5", "2147483648", "1e3", "0x1F", " 7", "9" * 30, "", "١"],
    "popularity": ["-1", "101", "ten", "55.5", "1" * 19, "NaN", "5%"],
    "duration_ms": ["2147483648", "-2147483649", "3:20", "33920.5", ".0"],
    "explicit": ["yes", "True", "1", "0", " true"],
    "artist_names": ["Ana", '"Ana"', "[1]", '["A", null]', '["A"', "null", "{}", '[["A"]]', '["A"] ["B"]', "[" * 9999],
    "added_at": ["2023-07-01", "2023-07-01T10:00:00", "2023-02-29T10:00:00Z", "2023-07-01T24:00:00Z", "1688205600"],
    "snapshot_at": ["", "now", "0000-01-01T00:00:00Z", "2023-07-01T10:00:00.1234567Z"],
}


@pytest.mark.parametrize(("column", "text"), [(column, text) for column, texts in WRONG.items() for text in texts])
def test_what_cannot_be_typed_goes_to_quarantine_with_the_reason(refined, column, text):
    result = refined({"rank": "5", "track_id": "before"}, {column: text}, {"rank": "6", "track_id": "after"})
    assert [row["track_id"] for row in result.rows] == ["before", "after"]
    [refused] = result.refused
    assert refused == {**ROW, column: text, "row_number": "2", "reason": refused["reason"]}
    assert refused["reason"].startswith(f"{column} is not ")
    assert result.outcome.reasons == {refused["reason"]: 1}


@pytest.mark.parametrize("column", [column.name for column in SNAPSHOT.columns if not column.nullable])
def test_what_must_not_be_null_goes_to_quarantine_when_it_is(refined, column):
    result = refined({column: None})
    assert result.outcome == Refined(1, 0, 0, 1, {f"{column} is missing": 1})
    assert result.rows == []


def test_one_reason_per_row_and_counts_that_add_up(refined):
    result = refined({"rank": "x", "popularity": "x"}, {"popularity": "x"}, {"popularity": "101"}, {"source": None})
    assert result.outcome.reasons == {
        "rank is not a whole number from 1 to 2147483647": 1,
        "popularity is not a whole number from 0 to 100": 2,
        "source is missing": 1,
    }
    assert [row["row_number"] for row in result.refused] == ["1", "2", "3", "4"]


def test_a_row_in_quarantine_does_not_shadow_a_good_one_of_the_same_track(refined):
    result = refined({"rank": "1", "popularity": "x"}, {"rank": "2"})
    assert [row["rank"] for row in result.rows] == [2]
    assert result.outcome.duplicates == 0


def test_the_quarantine_file_is_a_raw_csv_with_two_columns_more(refined):
    lines = refined({"track_name": "a", "isrc": None, "album_id": "", "rank": "x"}).quarantine.read_text("utf-8")
    header, row = lines.splitlines()
    assert header == ",".join(f'"{name}"' for name in (*SNAPSHOT.raw_columns, "row_number", "reason"))
    assert ',,"",' in row
    assert QUARANTINE.raw_columns[:-2] == SNAPSHOT.raw_columns


def test_without_bad_rows_no_quarantine_is_written(refined):
    assert not refined({}).quarantine.exists()


def test_what_is_not_the_raw_format_writes_nothing(tmp_path):
    file = io.BytesIO()
    write_raw_csv([{**ROW, "rank": "x"}, ROW], file)
    (tmp_path / "raw.csv").write_bytes(file.getvalue()[:-20] + b"\n")
    with pytest.raises(RawFormatError, match="line 3"):
        refine(tmp_path / "raw.csv", tmp_path / "refined.parquet", tmp_path / "quarantine.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["raw.csv"]


def _texts(column: str) -> st.SearchStrategy:
    good = {
        "rank": st.integers(1, 9).map(str),
        "track_id": st.sampled_from(["a", "b", "c", "", None]),
        "popularity": st.integers(0, 100).map(str) | st.none(),
        "artist_names": st.lists(st.text(max_size=3), max_size=3).map(json.dumps),
        "release_date": st.sampled_from(["2022", "2022-03", "2022-02-31", "0000", None]),
    }.get(column, st.just(ROW[column]))
    bad = st.sampled_from(["", "x", "1.5", "007", '"', "[]", "[1]", "2022-02-31T00:00:00Z", None])
    return st.one_of(good, good, good, good, good, good, good, bad)


raw_rows = st.lists(st.fixed_dictionaries({column: _texts(column) for column in SNAPSHOT.raw_columns}), max_size=8)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw_rows)
def test_the_laws(tmp_path, rows):
    result = Result(tmp_path, rows)
    outcome = result.outcome
    assert outcome.raw_rows == len(rows) == outcome.rows + outcome.duplicates + outcome.quarantined
    assert (len(result.rows), len(result.refused)) == (outcome.rows, outcome.quarantined)
    assert sum(outcome.reasons.values()) == outcome.quarantined
    ranks = [row["rank"] for row in result.rows]
    assert ranks == sorted(ranks)
    keys = [_key(row) for row in result.rows]
    assert len(set(keys)) == len(keys)

    first = result.refined.read_bytes()
    assert Result(tmp_path, rows).refined.read_bytes() == first

    # A bad row changes nothing else: without those in quarantine the same file comes out.
    refused = {int(row["row_number"]) for row in result.refused}
    good = [row for number, row in enumerate(rows, 1) if number not in refused]
    assert Result(tmp_path, good).rows == result.rows

    # And the same as the rule in plain words: of the good rows, the best of each key, by rank.
    alone = [row for raw in good for row in Result(tmp_path, [raw]).rows]
    best: dict[tuple, dict] = {}
    for row in sorted(alone, key=lambda row: row["rank"]):
        best.setdefault(_key(row), row)
    assert result.rows == list(best.values())


def _key(row: dict) -> tuple:
    return (row["track_id"],) if row["track_id"] else (row["track_name"], row["artist_name"], row["album_name"])


def test_where_a_batch_ends_does_not_show(tmp_path, monkeypatch):
    rows = [{**ROW, "rank": n, "track_id": n % 70, "popularity": n % 103} for n in range(110, 0, -1)]
    whole = Result(tmp_path, rows)
    monkeypatch.setattr("pyspotify_assets.refine.map_raw_csv", partial(map_raw_csv, block=700))
    pieces = Result(tmp_path, rows)
    assert whole.outcome.quarantined == 2
    assert (pieces.rows, pieces.refused, pieces.outcome) == (whole.rows, whole.refused, whole.outcome)


def test_importing_loads_no_heavy_library():
    code = "import sys, pyspotify_assets.refine, pyspotify_assets.landing; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()  # noqa: S603
    assert not {"pyarrow", "numpy", "pandas", "dagster"} & set(loaded)


INSTANTS = [
    *("2023-07-01T10:00:00Z", "2023-07-01 10:00:00.123456Z", "1000-01-01T00:00:00Z", "2999-12-31T23:59:59.999999Z"),
    *("0999-12-31T23:59:59Z", "3000-01-01T00:00:00Z", "2023-07-01T10:00:60Z", "2023-07-01T10:00:00.1Z"),
]


@given(st.lists(st.sampled_from([*WRONG["added_at"], *WRONG["snapshot_at"], *INSTANTS, None]) | st.text(max_size=28)))
def test_instants_that_are_all_plain_are_understood_as_one_by_one(texts):
    together = casting.instants(pa.array(texts, pa.string()))
    alone = [casting.instants(pa.array([text, "odd"], pa.string())) for text in texts]
    assert together.values.to_pylist() == [each.values[0].as_py() for each in alone]
    assert together.bad.to_pylist() == [each.bad[0].as_py() for each in alone]
