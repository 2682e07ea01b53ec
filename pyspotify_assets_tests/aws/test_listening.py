"""The listening history on AWS: an imported export becomes the same marts as on a laptop."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from pyspotify_assets.jobs import LISTENING_HISTORY
from pyspotify_assets.plays.take import export_key
from pyspotify_assets.tables import LISTENING
from pyspotify_assets_tests.aws.stacks import stack
from pyspotify_assets_tests.pipelines import Pipeline
from pyspotify_assets_tests.plays.exports import NOW, episode, export, play

pytestmark = pytest.mark.aws

PLAYS = [
    *(play(f"202{year}-03-0{day}T2{day}:30:00Z", track) for year in (1, 2) for day in (1, 2, 3) for track in "AB"),
    play("2022-12-31T23:59:59Z", "A", ms_played=10_000),
    episode("2022-05-05T05:05:05Z", "Talk"),
]


def marts_of(pipeline: Pipeline, file: Path) -> dict[str, list[dict]]:
    landing = pipeline.lake.stores["landing"]
    with landing.staging("landed.zip") as staged:
        staged.write_bytes(file.read_bytes())
        landing.publish(staged, export_key(file.name))
    with dg.DagsterInstance.ephemeral() as instance:
        run = pipeline.run_tagged(instance, LISTENING_HISTORY, {})
        assert run.success, run.failures()
        assert run.failed_checks() == {}
    assert b"Song A" in pipeline.lake.stores["report"].read("listening.html")
    return {
        mart.name: pipeline.sql.query(
            f"SELECT * FROM spotify_marts.{mart.name} ORDER BY play_year, {', '.join(mart.key)}"
        ).to_pylist()
        for mart in LISTENING
    }


@pytest.mark.parametrize("timezone", ["UTC", "America/Sao_Paulo"])
def test_the_same_plays_give_the_same_marts(tmp_path, timezone):
    file = export(tmp_path / "my_spotify_data.zip", PLAYS)
    clock = {"clock": lambda: NOW}
    here = marts_of(Pipeline(tmp_path / "local", overrides=clock, source="live", timezone=timezone), file)
    (tmp_path / "stack").mkdir()

    with stack(tmp_path / "stack") as made:
        made.deploy()
        with made.as_role("pipeline"):
            settings = {"env": "aws", "stage": made.stage, "source": "auto", "timezone": timezone}
            there = marts_of(Pipeline(tmp_path / "aws", overrides=clock, **settings), file)

    assert there == here
    assert all(here.values())
