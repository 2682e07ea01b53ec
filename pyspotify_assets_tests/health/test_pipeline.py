"""A damaged day in a real run: the check, its severity and figures in Dagster, and what a reader is told."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import dagster as dg
import pytest

from pyspotify_assets.feeds import feed_named, load_feeds
from pyspotify_assets_tests.health.damages import first_half
from pyspotify_assets_tests.health.simulation import Simulation, days_from
from pyspotify_assets_tests.pipelines import Pipeline

DAYS = days_from("2024-03-01", 6)
ROWS = "spotify_marts/pipeline_health:rows_as_usual"


@pytest.fixture(scope="module")
def damaged(tmp_path_factory) -> Iterator[SimpleNamespace]:
    """A run of a day that is well, after five others, and then one of half of its rows."""
    pipeline = Pipeline(tmp_path_factory.mktemp("damaged"))
    feeds = load_feeds(pipeline.settings.feeds)
    simulation = Simulation(pipeline.lake, feeds)
    simulation.take(DAYS)
    with dg.DagsterInstance.ephemeral() as instance:
        well = pipeline.run(instance, DAYS[-1], DAYS[-1])
        feed = feed_named("top_played", feeds)
        simulation.put_into_landing(feed, DAYS[-1], first_half(simulation.rows(feed, DAYS[-1]), []))
        yield SimpleNamespace(pipeline=pipeline, well=well, after=pipeline.run(instance, DAYS[-1], DAYS[-1]))


def test_a_day_that_is_well_passes_every_check(damaged):
    assert damaged.well.success, damaged.well.failures()
    assert damaged.well.failed_checks() == {}
    assert damaged.well.checks()[ROWS].description == f"{DAYS[-1]}: as usual"


def test_the_day_is_published_all_the_same_and_the_check_failed_as_an_error(damaged):
    assert damaged.after.success, damaged.after.failures()
    assert DAYS[-1] in damaged.after.made()["spotify_marts/pipeline_health"]
    check = damaged.after.checks()[ROWS]
    assert not check.passed
    assert check.severity == dg.AssetCheckSeverity.ERROR
    assert not check.blocking
    assert check.description.startswith(f"{DAYS[-1]}: top_played: ")


def test_figures_are_numbers_that_the_ui_plots_beside_the_check_and_over_the_days(damaged):
    check = damaged.after.checks()[ROWS]
    tracks = check.metadata["top_played/tracks"].value
    assert tracks == damaged.after.metadata("spotify_marts/pipeline_health", DAYS[-1])["top_played/tracks"]
    assert tracks == damaged.after.metadata("refined/top_played", DAYS[-1])["dagster/partition_row_count"]
    assert damaged.well.metadata("spotify_marts/pipeline_health", DAYS[-1])["top_played/tracks"] == 2 * tracks


def test_the_report_says_so_above_everything_else(damaged):
    place = damaged.pipeline.lake.place(("report", "daily"), DAYS[-1])
    page = place.store.read(place.key).decode()
    alarm = page.partition('<aside class="alarm">')[2].partition("</aside>")[0]
    assert "top_played: " in alarm
    assert "tracks, usually" in alarm
