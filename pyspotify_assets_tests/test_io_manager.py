"""The IO manager: what is written is what is read, on a folder and on S3, alone and in Dagster."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

import pyspotify_assets
from pyspotify_assets.errors import LakeError, MissingPartitionError, RawFormatError
from pyspotify_assets.io_manager import LakeIOManager
from pyspotify_assets.schemas import arrow_schema, raw_arrow_schema
from pyspotify_assets.tables import SNAPSHOT

DAY = "2026-11-22"
ROWS = pa.table(
    {
        "text": pa.array(["São João", "", None, 'a "quoted", one\\']),
        "number": pa.array([1, None, -3, 4], pa.int32()),
        "flag": pa.array([True, None, False, True]),
        "share": pa.array([0.5, None, 1.0, -2.25]),
        "names": pa.array([["a", "b"], [], None, [""]], pa.list_(pa.string())),
        "at": pa.array([datetime(2026, 11, 22, 12, 0, 0, 1, UTC), None, None, None], pa.timestamp("us", "UTC")),
        "on": pa.array([date(2026, 11, 22), None, None, None]),
        "never": pa.array([None] * 4, pa.string()),
    }
)
KINDS = [pd.DataFrame, pa.Table, pa.RecordBatchReader]


@pytest.fixture
def lake(address: str) -> LakeIOManager:
    return LakeIOManager(address=address)


def as_kind(table: pa.Table, kind: type):
    if kind is pd.DataFrame:
        return table.to_pandas(types_mapper=pd.ArrowDtype)
    return table if kind is pa.Table else table.to_reader()


def as_table(data) -> pa.Table:
    if isinstance(data, pd.DataFrame):
        return pa.Table.from_pandas(data, preserve_index=False).replace_schema_metadata(None)
    return data.read_all() if isinstance(data, pa.RecordBatchReader) else data


def snapshot(ranks: list[int], **columns: list) -> pa.Table:
    """A refined table with these ranks; columns that are not given are null, or text where they may not be."""
    filled = {"track_name": "x", "snapshot_at": datetime(2026, 11, 22, tzinfo=UTC), "source": "sample:test"}
    values = {"rank": ranks} | {name: [value] * len(ranks) for name, value in filled.items()} | columns
    return pa.Table.from_pydict(
        {field.name: values.get(field.name, [None] * len(ranks)) for field in arrow_schema(SNAPSHOT)},
        schema=arrow_schema(SNAPSHOT),
    )


def failing(table: pa.Table, after: int) -> pa.RecordBatchReader:
    """A reader that gives the table so many times and then breaks."""

    def batches() -> Iterator[pa.RecordBatch]:
        for _ in range(after):
            yield from table.to_batches()
        raise InterruptedError("the source broke")

    return pa.RecordBatchReader.from_batches(table.schema, batches())


class TestRoundTrip:
    @pytest.mark.parametrize("read_as", KINDS)
    @pytest.mark.parametrize("written_as", KINDS)
    def test_parquet_comes_back_as_it_went_in(self, lake, written_as, read_as):
        stored = lake.write("stats/rows", DAY, as_kind(ROWS, written_as))

        found = lake.read("stats/rows", DAY, as_=read_as)
        assert isinstance(found, read_as)
        assert as_table(found).equals(ROWS)
        assert (stored.rows, stored.uri) == (4, lake.lake.place(("stats", "rows"), DAY).uri)
        assert stored.info == lake.lake.place(("stats", "rows"), DAY).info()

    def test_a_frame_of_pandas_own_types_keeps_its_nulls(self, lake):
        frame = pd.DataFrame(
            {"text": ["a", None, ""], "number": [1.5, None, 2], "whole": [1, 2, 3], "none": [None] * 3}
        )

        lake.write("stats/rows", DAY, frame)

        assert lake.read("stats/rows", DAY, as_=pa.Table).to_pydict() == {
            "text": ["a", None, ""],
            "number": [1.5, None, 2.0],
            "whole": [1, 2, 3],
            "none": [None, None, None],
        }
        assert {str(kind) for kind in lake.read("stats/rows", DAY, as_=pa.Table).schema.types} == {
            "string",
            "double",
            "int64",
        }

    def test_a_frame_that_is_read_has_arrow_types(self, lake):
        lake.write("stats/rows", DAY, ROWS)

        frame = lake.read("stats/rows", DAY)
        assert frame["number"].dtype == pd.ArrowDtype(pa.int32())
        assert frame["number"].isna().tolist() == [False, True, False, False]

    @pytest.mark.parametrize("kind", KINDS)
    def test_a_table_without_rows_keeps_its_columns(self, lake, kind):
        lake.write("stats/rows", DAY, as_kind(ROWS.slice(0, 0), kind))

        assert lake.read("stats/rows", DAY, as_=pa.Table).equals(ROWS.slice(0, 0))
        assert lake.read("stats/rows", DAY, as_=pa.RecordBatchReader).read_all().equals(ROWS.slice(0, 0))

    def test_a_table_without_partitions_has_no_day(self, lake):
        stored = lake.write("stats/rows", None, ROWS)

        assert stored.uri.endswith("stats/rows/rows.parquet")
        assert lake.read("stats/rows", as_=pa.Table).equals(ROWS)

    def test_a_refined_table_gets_the_declared_schema(self, lake):
        loose = snapshot([1, 2], popularity=[50, None]).to_pandas().drop(columns="released_on")
        loose["released_on"] = None

        lake.write("refined/popular_songs", DAY, loose[sorted(loose.columns)])

        found = lake.read("refined/popular_songs", DAY, as_=pa.Table)
        assert found.schema.equals(arrow_schema(SNAPSHOT))
        assert found["popularity"].to_pylist() == [50, None]
        columns = lake.read("refined/popular_songs", DAY, as_=pa.Table, columns=["popularity", "rank"]).schema
        assert columns.equals(pa.schema([arrow_schema(SNAPSHOT).field(name) for name in ("popularity", "rank")]))

    @pytest.mark.parametrize(
        ("column", "values"), [("rank", [1, None]), ("popularity", ["x", "1"]), ("rank", [1.5, 2])]
    )
    def test_what_does_not_go_into_a_declared_column_is_refused(self, lake, column, values):
        lake.write("refined/popular_songs", DAY, snapshot([7]))
        wrong = snapshot([1, 2]).to_pandas()
        wrong[column] = values

        with pytest.raises(LakeError, match=column):
            lake.write("refined/popular_songs", DAY, wrong)
        assert lake.read("refined/popular_songs", DAY)["rank"].tolist() == [7]

    def test_row_groups_have_one_size_whatever_the_batches(self, lake, tmp_path):
        numbers = pa.table({"number": pa.array(range(300_000), pa.int32())})

        lake.write("stats/rows", DAY, numbers.to_reader(max_chunksize=1_000))
        lake.write("stats/rows", "2026-11-23", numbers)

        for day in (DAY, "2026-11-23"):
            with lake.lake.place(("stats", "rows"), day).store.local(f"rows/snapshot_date={day}/rows.parquet") as path:
                metadata = pq.ParquetFile(path).metadata
            assert metadata.num_row_groups == 3
            assert metadata.row_group(0).num_rows >= 122_880
        assert lake.read("stats/rows", DAY, as_=pa.Table).equals(numbers)
        assert lake.read("stats/rows", "2026-11-23", as_=pa.RecordBatchReader).read_all().equals(numbers)

    def test_what_is_no_table_is_refused(self, lake):
        with pytest.raises(LakeError, match="A list cannot be stored"):
            lake.write("stats/rows", DAY, [1])
        lake.write("stats/rows", DAY, ROWS)
        with pytest.raises(LakeError, match="cannot be read as list"):
            lake.read("stats/rows", DAY, as_=list)

    def test_a_key_has_two_parts(self, lake):
        for key in ("rows", "a/b/c", ("a",)):
            with pytest.raises(LakeError, match="two parts"):
                lake.write(key, DAY, ROWS)


class TestRaw:
    def test_raw_is_text_with_null_and_empty_apart(self, lake):
        lake.write("raw/others", DAY, ROWS)

        found = lake.read("raw/others", DAY, as_=pa.Table)
        assert set(found.schema.types) == {pa.string()}
        assert found["text"].to_pylist() == ["São João", "", None, 'a "quoted", one\\']
        assert found["number"].to_pylist() == ["1", None, "-3", "4"]
        assert found["names"].to_pylist() == ['["a", "b"]', "[]", None, '[""]']
        assert found["at"].to_pylist()[0] == "2026-11-22T12:00:00.000001Z"
        assert found["flag"].to_pylist() == ["true", None, "false", "true"]

    def test_the_file_is_the_raw_format(self, lake):
        lake.write("raw/others", DAY, pa.table({"a": ["x", "", None], "b": [1, 2, None]}))

        place = lake.lake.place(("raw", "others"), DAY)
        assert place.store.read(place.key) == b'"a","b"\n"x","1"\n"","2"\n,\n'

    def test_integers_that_pandas_made_floats_are_integers_in_a_declared_raw_table(self, lake):
        frame = snapshot([1, 2], popularity=[50, None]).drop_columns("released_on").to_pandas()
        assert frame["popularity"].dtype == "float64"

        lake.write("raw/popular_songs", DAY, frame)

        found = lake.read("raw/popular_songs", DAY, as_=pa.Table)
        assert found.schema.equals(raw_arrow_schema(SNAPSHOT))
        assert found["popularity"].to_pylist() == ["50", None]

    def test_an_instant_without_a_zone_is_utc(self, lake, monkeypatch):
        monkeypatch.setenv("TZ", "America/Sao_Paulo")
        lake.write(
            "raw/others", DAY, pa.table({"at": pa.array([datetime(2026, 11, 22, 12)], pa.timestamp("ns")), "b": [1]})
        )

        assert lake.read("raw/others", DAY)["at"].tolist() == ["2026-11-22T12:00:00.000000Z"]

    def test_one_column_alone_is_refused_since_null_would_be_an_empty_line(self, lake):
        with pytest.raises(LakeError, match="one column alone"):
            lake.write("raw/others", DAY, pa.table({"a": ["x", None]}))

    def test_a_raw_file_that_is_none_is_named_by_its_address(self, lake):
        place = lake.lake.place(("raw", "others"), DAY)
        for content in (b"", b'"a"\n"broken\n', b'"a"\n"\xff"\n', b'"a"\n"1","2"\n'):
            with place.staged() as path:
                path.write_bytes(content)
                place.publish(path)
            with pytest.raises(RawFormatError) as error:
                lake.read("raw/others", DAY)
            assert place.uri in str(error.value)

    @given(
        st.integers(2, 3).flatmap(
            lambda width: st.lists(
                st.tuples(
                    *[st.none() | st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), max_size=8)]
                    * width
                ),
                min_size=1,
                max_size=5,
            )
        )
    )
    def test_any_text_comes_back_as_it_went_in(self, tmp_path_factory, rows):
        lake = LakeIOManager(address=str(tmp_path_factory.getbasetemp() / "any"))
        names = "abc"[: len(rows[0])]
        table = pa.table(
            {name: pa.array(column, pa.string()) for name, column in zip(names, zip(*rows, strict=True), strict=True)}
        )

        lake.write("raw/others", DAY, table)

        assert lake.read("raw/others", DAY, as_=pa.Table).equals(table)


class TestDays:
    @pytest.fixture
    def days(self, lake) -> LakeIOManager:
        for day, ranks in {"2026-11-20": [1, 2], "2026-11-22": [3], "2026-11-25": [4, 5]}.items():
            lake.write("refined/songs", day, snapshot(ranks))
        return lake

    @pytest.mark.parametrize("kind", KINDS)
    def test_a_range_is_the_days_that_are_there_in_order_with_their_day(self, days, kind):
        found = as_table(days.read("refined/songs", ("2026-11-20", "2026-11-24"), as_=kind))

        assert found["rank"].to_pylist() == [1, 2, 3]
        assert found["snapshot_date"].to_pylist() == ["2026-11-20", "2026-11-20", "2026-11-22"]
        assert found.schema.names == [*SNAPSHOT.column_names, "snapshot_date"]
        assert found.schema.field("snapshot_date").type == pa.string()

    @pytest.mark.parametrize("kind", KINDS)
    def test_without_days_it_is_all_of_them(self, days, kind):
        assert as_table(days.read("refined/songs", as_=kind))["rank"].to_pylist() == [1, 2, 3, 4, 5]

    def test_one_day_is_the_table_that_was_written(self, days):
        assert days.read("refined/songs", "2026-11-22", as_=pa.Table).equals(snapshot([3]))

    @pytest.mark.parametrize("kind", KINDS)
    def test_columns_are_those_asked_for(self, days, kind):
        def columns(wanted: list[str], span: str | tuple[str, str] | None = None) -> dict:
            return as_table(days.read("refined/songs", span, as_=kind, columns=wanted)).to_pydict()

        assert columns(["source", "rank"], "2026-11-22") == {"source": ["sample:test"], "rank": [3]}
        assert list(columns(["rank"])) == ["rank", "snapshot_date"]
        assert list(columns(["snapshot_date", "rank"])) == ["snapshot_date", "rank"]
        assert columns(["snapshot_date"], ("2026-11-20", "2026-11-22")) == {
            "snapshot_date": ["2026-11-20", "2026-11-20", "2026-11-22"]
        }

    def test_a_column_that_there_is_not_is_named(self, days):
        with pytest.raises(LakeError, match="no column loudness"):
            days.read("refined/songs", "2026-11-22", columns=["rank", "loudness"])

    def test_a_day_that_is_not_there_names_asset_day_address_and_remedy(self, days):
        with pytest.raises(MissingPartitionError) as error:
            days.read("refined/songs", "2026-11-21")
        for word in (
            "refined/songs",
            "2026-11-21",
            days.lake.place(("refined", "songs"), "2026-11-21").uri,
            "Materialize",
        ):
            assert word in str(error.value)
        with pytest.raises(MissingPartitionError, match="from 2027-01-01 to 2027-12-31"):
            days.read("refined/songs", ("2027-01-01", "2027-12-31"))
        with pytest.raises(MissingPartitionError, match="refined/nothing"):
            days.read("refined/nothing")

    @pytest.mark.parametrize("kind", KINDS)
    def test_days_with_other_columns_are_not_mixed(self, lake, kind):
        lake.write("stats/rows", "2026-11-01", pa.table({"a": [1], "b": [1]}))
        lake.write("stats/rows", "2026-11-02", pa.table({"a": [1], "c": [1]}))

        with pytest.raises(LakeError, match=r"other columns than .*: b, c"):
            as_table(lake.read("stats/rows", as_=kind))
        assert as_table(lake.read("stats/rows", as_=kind, columns=["a"]))["a"].to_pylist() == [1, 1]

    def test_the_partition_column_is_not_written_twice(self, lake):
        with_day = pa.table({"a": [1, 2], "snapshot_date": [DAY, DAY]})

        lake.write("stats/rows", DAY, with_day)

        assert lake.read("stats/rows", DAY, as_=pa.Table).column_names == ["a"]
        assert lake.read("stats/rows", as_=pa.Table).equals(with_day)
        with pytest.raises(LakeError, match="say snapshot_date = 2026-11-22"):
            lake.write("stats/rows", "2026-11-23", with_day)


class TestWriteCheckPublish:
    @pytest.mark.parametrize("asset", ["stats/rows", "raw/others"])
    def test_an_exception_in_the_middle_of_a_write_leaves_the_old_object(self, lake, asset):
        lake.write(asset, DAY, ROWS)
        before = lake.lake.place(tuple(asset.split("/")), DAY).require()

        with pytest.raises(InterruptedError, match="the source broke"):
            lake.write(asset, DAY, failing(ROWS, after=2000))

        assert lake.lake.place(tuple(asset.split("/")), DAY).require() == before
        assert lake.read(asset, DAY, as_=pa.Table).num_rows == 4

    def test_an_object_of_many_megabytes_is_replaced_whole_or_not_at_all(self, lake, monkeypatch):
        monkeypatch.setattr("pyspotify_assets.stores.s3.MULTIPART_FROM", 6 << 20)
        monkeypatch.setattr("pyspotify_assets.stores.s3.PART", 5 << 20)
        monkeypatch.setattr("pyspotify_assets.table_files.WHOLE", 1 << 20)
        import random

        large = pa.table({"noise": [random.Random(0).randbytes(9 << 20), b"x"]})  # noqa: S311
        lake.write("stats/rows", DAY, large)
        with pytest.raises(InterruptedError):
            lake.write("stats/rows", DAY, failing(large, after=2))

        for kind in KINDS:
            assert as_table(lake.read("stats/rows", DAY, as_=kind)).equals(large)

    def test_a_reader_whose_object_is_replaced_meanwhile_says_so_or_reads_the_old_one(self, lake, monkeypatch):
        monkeypatch.setattr("pyspotify_assets.table_files.WHOLE", 0)
        numbers = pa.table({"number": pa.array(range(300_000), pa.int32())})
        lake.write("stats/rows", DAY, numbers)

        reader = lake.read("stats/rows", DAY, as_=pa.RecordBatchReader)
        reader.read_next_batch()
        lake.write("stats/rows", DAY, numbers.slice(1))

        if lake.address.startswith("s3://"):
            with pytest.raises(LakeError, match="was replaced while it was being read"):
                reader.read_all()
        else:
            assert reader.read_all()["number"][-1].as_py() == 299_999

    def test_a_file_that_is_no_parquet_is_named(self, lake):
        place = lake.lake.place(("stats", "rows"), DAY)
        with place.staged() as path:
            path.write_bytes(b"PAR1 but not really PAR1")
            place.publish(path)
        with pytest.raises(LakeError) as error:
            lake.read("stats/rows", DAY)
        assert place.uri in str(error.value)


class TestConfiguration:
    def test_an_unknown_field_is_refused(self):
        with pytest.raises(ValidationError):
            LakeIOManager(address="lake", adress="typo")

    def test_areas_can_lie_elsewhere(self, tmp_path):
        lake = LakeIOManager(address=str(tmp_path / "lake"), areas={"raw": str(tmp_path / "raw-elsewhere")})

        stored = lake.write("raw/others", DAY, ROWS)

        assert stored.uri.startswith(str(tmp_path / "raw-elsewhere" / "others"))

    def test_importing_it_imports_nothing_heavy(self):
        script = (
            "import sys, pyspotify_assets, pyspotify_assets.io_manager\n"
            "print([name for name in ('pandas', 'pyarrow', 'boto3', 'duckdb', 'numpy') if name in sys.modules])"
        )
        found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)  # noqa: S603
        assert found.stdout == "[]\n"

    def test_a_notebook_reads_from_the_lake_of_its_environment(self, tmp_path, monkeypatch):
        monkeypatch.setenv("PYSPOTIFY_LAKE", str(tmp_path))
        monkeypatch.setenv("PYSPOTIFY_SOURCE", "sample")
        LakeIOManager(address=str(Path(tmp_path, "sample"))).write("refined/songs", DAY, snapshot([1, 2]))

        assert pyspotify_assets.read("refined/songs", DAY)["rank"].tolist() == [1, 2]
        assert pyspotify_assets.read("refined/songs", (DAY, DAY), columns=["rank"]).columns.tolist() == [
            "rank",
            "snapshot_date",
        ]
