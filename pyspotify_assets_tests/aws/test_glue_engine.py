"""A day refined by the Glue job for real: deployed, started in the pipeline's role, run on Spark in the job's own."""

from __future__ import annotations

import io
from pathlib import Path

import dagster as dg
import pyarrow.parquet as pq
import pytest

from pyspotify_assets import refine
from pyspotify_assets.assets.refined import refined_asset
from pyspotify_assets.feeds import Feed
from pyspotify_assets.lake import Lake
from pyspotify_assets.raw_csv import write_raw_csv
from pyspotify_assets.resources import resources_for
from pyspotify_assets_tests.aws.stacks import stack
from pyspotify_assets_tests.builders import put_raw, track

pytestmark = pytest.mark.aws

FEED = Feed("top_played", "playlist", playlist="2YRe7HRKNRvXdJBp9nXFza")
DAYS = ("2024-03-01", "2024-03-02")
ROWS = [
    *(track(rank, f"id {rank}", artist_names=["x", 'y "z" \\']) for rank in range(1, 41)),
    track(41, "id 1", album_name="a duplicate"),
    track(42, None, track_name="a local file", isrc="", popularity=None),
    track(43, "out of range", popularity=101, artist_name='a "name", with a comma'),
]


def test_what_spark_publishes_is_what_this_process_would_have(tmp_path: Path) -> None:
    with stack(tmp_path) as made:
        made.deploy()
        settings = made.settings(refine_engine="glue")
        with made.as_role():
            lake = Lake.at(**settings.lake_places())
            put_raw(lake, FEED.name, DAYS[0], ROWS)
            with lake.place(("raw", FEED.name), DAYS[1]).staged() as staged:
                staged.write_bytes(_raw_csv().rpartition(b'","')[0])
                lake.place(("raw", FEED.name), DAYS[1]).publish(staged)
            result = dg.materialize(
                [refined_asset(FEED, dg.DailyPartitionsDefinition(DAYS[0], end_date="2024-03-09"))],
                resources={name: resources_for(settings)[name] for name in ("lake_io_manager", "refiner")},
                tags={"dagster/asset_partition_range_start": DAYS[0], "dagster/asset_partition_range_end": DAYS[1]},
                raise_on_error=False,
            )
            [failed] = result.get_step_failure_events()
            words = str(failed.event_specific_data.error)
            published = pq.read_table(io.BytesIO(lake.stores["refined"].read(_key(lake))))
            quarantine = [lake.stores["quarantine"].read(info.key) for info in lake.stores["quarantine"].objects("")]
            left_behind = [info.key for info in lake.stores["state"].objects("glue/")]

    # The day that is cut short is refused in the words of this process; the other is published.
    assert f"{DAYS[0]}: " not in words
    assert f"{DAYS[1]}: RawFormatError: " in words
    assert "line 44: a broken quote" in words
    here = tmp_path / "refined.parquet"
    refine.refine(io.BytesIO(_raw_csv()), here, tmp_path / "quarantine.csv")
    expected = pq.read_table(here)
    assert published.schema.equals(expected.schema, check_metadata=False)
    assert published.to_pylist() == expected.to_pylist()
    assert quarantine == [(tmp_path / "quarantine.csv").read_bytes()]
    assert left_behind == []


def _raw_csv() -> bytes:
    file = io.BytesIO()
    write_raw_csv(ROWS, file)
    return file.getvalue()


def _key(lake: Lake) -> str:
    return lake.place(("refined", FEED.name), DAYS[0]).key
