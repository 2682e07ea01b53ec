"""The Glue job's script on a real Spark: the same rows as the local engine, value by value, and the same refusals.

One Spark for the module, and few but large files: each run of Spark costs seconds, whatever it is given.
"""

from __future__ import annotations

import csv
import gc
import io
import json
import random
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import pyarrow.parquet as pq
import pytest

from pyspotify_assets import refine, typed_rows
from pyspotify_assets.errors import RawFormatError
from pyspotify_assets.raw_csv import write_raw_csv
from pyspotify_assets.tables import SNAPSHOT, Column, Dropped
from pyspotify_assets_tests.test_refine import ROW, WRONG

RIGHT = {
    "rank": ["1", "007", "3.0", "2147483647", "1.", "1." + "0" * 30],
    "track_id": ["", "a", "Ａ", "a\\", 'a"b', '"', ",", "\\N", "NULL", " "],
    "track_name": [
        *("", "é, \"x\"", "夜 🎵", "\\", "\\\\\"", "'", "#"),
        *("\u0085", "a\u2028b", "\x00", "\ufeff", "a\tb", "\x1b[0m"),
    ],
    "artist_name": ["", "NA", "null", "-0", "\\n"],
    "popularity": ["0", "100", "-0", "55.", "0100", "-0.0"],
    "duration_ms": ["-1", "-2147483648", "2147483647", "33920.000"],
    "explicit": ["true", "false", ""],
    "artist_names": [
        "[]",
        " [ ] ",
        '[""]',
        '["", ""]',
        '[ "A","B" ]\t',
        '["], ["]',
        '["a\\", \\"b"]',
        '["\\u00e9 \\"x\\", \\\\ \\/ \\b\\f\\n\\r\\t"]',
        '["\\ud83c\\udfb5"]',
        '["\\ud83c"]',
        '["\\udfb5x\\ud83c"]',
        '["\\ud83c\\ud83c\\udfb5"]',
        '["\\ud83c🎵"]',
        '["\\u0000"]',
        '["夜 🎵"]',
        '["' + "x" * 5000 + '", "' + '\\"' * 5000 + '"]',
        "[" + ", ".join(['"a"'] * 3000) + "]",
    ],
    "release_date": [
        *("2022", "2022-03", "2022-03-31", "2024-02-29", "1900-02-28", "0001", "9999-12-31", "1582-10-10"),
        *("0004-02-29", "2023-02-29", "1900-02-29", "2022-02-31", "2022-13", "2022-00", "2022-01-00"),
        *("0000", "0000-01-01", "2022-3", "20220", "soon", "２０２２", ""),
        *("2022-", "2022-03-"),
        *("2022-03-31 ", "+2022", "2022-1-01"),
    ],
    "added_at": [
        "2023-07-01T10:00:00Z",
        "2023-07-01 10:00:00.5+01:30",
        "2024-02-29T23:59:59.999999-00:30",
        "1000-01-01T00:00:00+23:59",
        "2999-12-31T23:59:59.000001-23:59",
        "1582-10-10T00:00:00.1Z",
        "1969-12-31T23:59:59.999999Z",
        "2023-03-26T02:30:00-18:30",
        "2023-07-01T10:00:00.12+00:00",
        "",
    ],
    "source": ["", "search:x"],
}  # fmt: skip
ALSO_WRONG = {
    "rank": ["+1", "1_000", "--1", "1.0.0", "-", "０", "9" * 18, "1\u0085"],
    "popularity": ["100.5", "1e1", "-1.0", "101.0", " ", "null"],
    "duration_ms": ["9223372036854775808", "0" * 19, "-0000000000000000001", "1\u2028"],
    "explicit": ["TRUE", "t", "false "],
    "artist_names": [
        *('["a",]', "['a']", '["a" "b"]', '["a"]]', '["\\x"]', '["\\u00g0"]', '["\t"]', '["a"', '[["a"]', "[true]"),
        *('[,"a"]', '{"a":"b"}', '["a"]x', "[NaN]", '\ufeff["a"]', '\u00a0["a"]', '["\x00"]', '["\\ud83"]', "[a]"),
    ],
    "added_at": [
        *("2023-07-01t10:00:00Z", "2023-07-01T10:00:00z", "2023-7-1T10:00:00Z", "2023-07-01T10:00Z", "soon"),
        *("0999-12-31T10:00:00Z", "3000-01-01T00:00:00Z", "2023-07-01T10:00:60Z", "2023-07-01T10:00:00+24:00"),
        *("2023-07-01T10:00:00.Z", "2023-07-01T10:00:00+0100", "2023-13-01T10:00:00Z", "2023-00-10T10:00:00Z"),
        *("2023-04-31T10:00:00Z", "2023-07-01T10:00:00Z\u0085", "\u20282023-07-01T10:00:00Z"),
    ],
    "snapshot_at": [" ", "2023-02-30T10:00:00Z"],
}


# Py4J leaves its connections to the JVM to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    pytest.importorskip("pyspark", reason="PySpark is not installed: pip install 'pyspotify_assets[spark]'")
    if shutil.which("java") is None:
        pytest.skip("no `java` on the PATH: Spark needs Java 17")
    from pyspark.sql import SparkSession

    settings = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.sql.shuffle.partitions": "3",
        "spark.sql.session.timeZone": "America/Sao_Paulo",  # What this machine thinks must not matter.
    }
    builder = SparkSession.builder.master("local[2]")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    yield session
    session.stop()
    gc.collect()


class Both:
    """What the local engine and Spark make of the same bytes; Spark reads them in blocks of `block` bytes."""

    def __init__(self, spark: Any, folder: Path, content: bytes, block: int = 128 << 20) -> None:
        from glue_job import refine as job

        raw, here, there = folder / "raw.csv", folder / "here", folder / "there"
        for path in (here, there):
            shutil.rmtree(path, ignore_errors=True)
        here.mkdir()
        raw.write_bytes(content)
        spark.conf.set("spark.sql.files.maxPartitionBytes", block)
        self.report = job.refine(spark, str(raw), str(there), typed_rows.rules(), typed_rows.raw_rules())
        self.outcome = refine.refine(raw, here / "refined.parquet", here / "quarantine.csv")
        self.here, self.there = pq.read_table(here / "refined.parquet"), pq.read_table(_only(there / "refined"))
        self.quarantine_here = (here / "quarantine.csv").read_bytes() if self.outcome.quarantined else b""
        self.quarantine_there = _only(there / "quarantine").read_bytes() if (there / "quarantine").exists() else b""

    def assert_the_same(self) -> None:
        assert self.there.schema.equals(self.here.schema, check_metadata=False)
        for there, here in zip(self.there.to_pylist(), self.here.to_pylist(), strict=True):
            assert there == here
        assert self.quarantine_there.splitlines() == self.quarantine_here.splitlines()
        assert self.quarantine_there == self.quarantine_here
        popularity = [value for value in self.here["popularity"].to_pylist() if value is not None]
        assert self.report == {
            "raw_rows": self.outcome.raw_rows,
            "rows": self.outcome.rows,
            "duplicates": self.outcome.duplicates,
            "quarantined": self.outcome.quarantined,
            "reasons": self.outcome.reasons,
            "popularity_given": self.outcome.popularity_given,
            "popularity_min": min(popularity, default=None),
            "popularity_max": max(popularity, default=None),
            "repeated": 0,
        }


def raw_csv(rows: Sequence[Mapping[str, str | None]]) -> bytes:
    """A raw CSV of these texts. Unlike `write_raw_csv`, with control characters, which strangers' files may have."""

    def quoted(text: str | None) -> str:
        return "" if text is None else '"' + text.replace('"', '""') + '"'

    lines = [",".join(f'"{name}"' for name in SNAPSHOT.raw_columns)]
    lines += [",".join(quoted(row[name]) for name in SNAPSHOT.raw_columns) for row in rows]
    return ("\n".join(lines) + "\n").encode()


def _only(folder: Path) -> Path:
    [file] = folder.glob("part-*")
    return file


@pytest.mark.slow
class TestTheSameRows:
    def test_of_every_text_that_means_something_or_nothing(self, spark, tmp_path):
        texts = [
            (column, text) for table in (RIGHT, WRONG, ALSO_WRONG) for column, some in table.items() for text in some
        ]
        texts += [(column, None) for column in SNAPSHOT.raw_columns]
        rows = [ROW | {"track_id": f"id {number}", column: text} for number, (column, text) in enumerate(texts)]
        both = Both(spark, tmp_path, raw_csv(rows))
        both.assert_the_same()
        wrong = sum(len(some) for table in (WRONG, ALSO_WRONG) for some in table.values())
        missing = sum(not column.nullable for column in SNAPSHOT.columns)
        assert both.report["quarantined"] == wrong + missing

    def test_of_days_made_up_at_random_however_spark_splits_the_file(self, spark, tmp_path):
        chance = random.Random(2023)  # noqa: S311 - no secret
        pool = {name: [ROW[name]] * 30 + [*RIGHT.get(name, ()), None] for name in SNAPSHOT.raw_columns}
        for table in (WRONG, ALSO_WRONG):
            for name, some in table.items():
                pool[name] += chance.sample(some, 2)
        pool |= {
            "rank": [str(number % 400 + 1) for number in range(4000)] + ["x"],
            "track_id": [f"{number:04}" for number in range(1500)] + [None, ""] * 100,
            "track_name": [*RIGHT["track_name"], "b", "c"],
            "artist_name": ["x", "y", "", None],
            "album_name": ["z", "", None],
        }
        pool["artist_names"] = [text for text in pool["artist_names"] if len(text or "") < 1000]
        rows = [{name: chance.choice(pool[name]) for name in SNAPSHOT.raw_columns} for _ in range(3000)]
        content = raw_csv(rows)
        both = Both(spark, tmp_path, content, len(content) // 5)
        both.assert_the_same()
        assert min(both.report["duplicates"], both.report["quarantined"], both.report["rows"]) > 100

    def test_of_a_day_without_rows_and_of_one_without_a_good_one(self, spark, tmp_path):
        Both(spark, tmp_path, raw_csv([])).assert_the_same()
        Both(spark, tmp_path, raw_csv([ROW | {"rank": "x"}] * 3)).assert_the_same()

    def test_of_a_file_from_before_a_migration(self, spark, tmp_path, monkeypatch):
        added = Column("label", "string", "", since="2026-12-01")
        changes = {"duration_ms": {"name": "length_ms", "formerly": ("duration_ms",)}, "rank": {"type": "int64"}}
        kept = [replace(one, **changes.get(one.name, {})) for one in SNAPSHOT.columns if one.name != "album_type"]
        migrated = replace(
            SNAPSHOT, columns=(*kept[:2], added, *kept[2:]), dropped=(Dropped("album_type", after="album_name"),)
        )
        content = raw_csv([ROW, ROW | {"track_id": "b", "rank": "2"}, ROW | {"rank": "x"}])
        for module in (refine, typed_rows):
            monkeypatch.setattr(module, "SNAPSHOT", migrated)
        monkeypatch.setattr(refine, "map_raw_csv", partial(refine.map_raw_csv, table=migrated))
        quarantine = [replace(one, type="string", nullable=True) for one in migrated.columns if not one.refined_only]
        last = [replace(one, since=added.since) for one in refine.QUARANTINE.columns[-2:]]
        monkeypatch.setattr(refine, "QUARANTINE", replace(migrated, columns=(*quarantine, *last)))
        Both(spark, tmp_path, content).assert_the_same()

    def test_of_what_is_read_leniently(self, spark, tmp_path):
        order = [*reversed(SNAPSHOT.raw_columns)]
        file = io.StringIO()
        writer = csv.DictWriter(file, order, lineterminator="\r\n")
        writer.writeheader()
        plain = ROW | {"artist_names": '["Ana"]', "track_name": "plain"}
        writer.writerows([plain, ROW | {"track_id": "b", "rank": "2"}, plain | {"track_id": "c", "isrc": None}])
        Both(spark, tmp_path, b"\xef\xbb\xbf" + file.getvalue().encode().removesuffix(b"\r\n")).assert_the_same()


@pytest.mark.slow
class TestTheSameRefusals:
    GOOD = raw_csv([ROW] * 100)
    LAST = raw_csv([ROW]).splitlines()[1]

    CONTENTS: ClassVar = {
        "zero bytes": b"",
        "a line that is cut": GOOD + LAST[:-5],
        "too few values": GOOD + LAST.rpartition(b",")[0] + b"\n",
        "too many values, twice": GOOD + LAST + b',"more"\n' + LAST + b",\n",
        "a quote within a value": GOOD + LAST.replace(b'"playlist:x"', b'"play"list:x"') + b"\n" + LAST,
        "another encoding": GOOD + LAST.replace(b"Ana", b"\xff") + b"\n",
        "half a surrogate pair": GOOD + LAST.replace(b"Ana", b"A\xed\xa0\x80") + b"\n",
        "a carriage return": GOOD + LAST.replace(b"Ana", b"A\rna") + b"\n",
        "a line break in quotes": GOOD + LAST.replace(b"Ana", b"A\nna") + b"\n",
        "an empty line": GOOD + b"\n" + LAST,
        "an unknown column": GOOD.replace(b'"isrc"', b'"irsc"'),
        "a column twice": GOOD.replace(b'"isrc"', b'"rank"'),
        "a column too few": GOOD.replace(b'"isrc",', b""),
        "a broken header": GOOD.replace(b'"rank"', b'"rank'),
    }

    @pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
    def test_in_the_same_words(self, spark, tmp_path, content):
        from glue_job import refine as job

        raw = tmp_path / "raw.csv"
        raw.write_bytes(content)
        with pytest.raises(RawFormatError) as here:
            refine.refine(raw, tmp_path / "refined.parquet", tmp_path / "quarantine.csv")
        spark.conf.set("spark.sql.files.maxPartitionBytes", 8 << 10)
        with pytest.raises(job.Fault) as there:
            job.refine(spark, str(raw), str(tmp_path / "there"), typed_rows.rules(), typed_rows.raw_rules())
        assert (there.value.message, there.value.remedy) == (here.value.args[0], here.value.remedy)
        assert not (tmp_path / "there").exists()


class TestWhatIsDeployed:
    def test_the_rules_of_the_script_are_those_that_the_pipeline_expects(self):
        pytest.importorskip("pyspark", reason="PySpark is not installed: pip install 'pyspotify_assets[spark]'")
        from glue_job import refine as job

        assert job.VERSION == refine.VERSION
        assert {column["type"] for column in typed_rows.rules()} <= set(job.TYPES)
        assert json.loads(json.dumps(typed_rows.rules())) == typed_rows.rules()

    def test_the_zip_beside_it_is_all_that_pipes_needs_and_always_the_same(self, tmp_path):
        from glue_job.package import build

        first, second = build(tmp_path / "a" / "one.zip"), build(tmp_path / "b" / "two.zip")
        assert first.read_bytes() == second.read_bytes()
        assert {name.partition("/")[0] for name in zipfile.ZipFile(first).namelist()} == {"dagster_pipes"}
        code = f"import sys; sys.path.insert(0, {str(first)!r}); import dagster_pipes; print(dagster_pipes.__file__)"
        found = subprocess.run([sys.executable, "-ISc", code], capture_output=True, text=True, check=True).stdout  # noqa: S603
        assert found.startswith(str(first))

    def test_started_by_hand_it_says_that_the_pipeline_starts_it(self):
        pytest.importorskip("pyspark", reason="PySpark is not installed: pip install 'pyspotify_assets[spark]'")
        script = Path(__file__).parents[1] / "glue_job" / "refine.py"
        command = [sys.executable, str(script), "--raw", "s3://b/raw.csv", "--staging", "s3://b/x", "--JOB_NAME", "x"]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        assert ended.returncode != 0
        assert "started by the pipeline" in ended.stderr


def test_what_is_compared_is_written_as_the_raw_format_is(tmp_path):
    file = io.BytesIO()
    write_raw_csv([ROW], file)
    assert raw_csv([ROW]) == file.getvalue()
