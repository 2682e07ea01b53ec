"""Spotify changes its records: the pipeline goes on, warns or refuses, as the contract says. On a real server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dagster as dg
import pytest

from pyspotify_assets.checks import Finding, types_finding
from pyspotify_assets.daily.raw import extract
from pyspotify_assets.daily.refined import refine_day
from pyspotify_assets.errors import CheckFailedError
from pyspotify_assets.feeds import load_feeds
from pyspotify_assets.spotify.sample.messages import json_response
from pyspotify_assets_tests.pipelines import DAYS, NOON, SMALL_FEEDS, Pipeline, Run, serving

DAY = DAYS[-1]
PLAYLIST = "[[feed]]" + SMALL_FEEDS.split("[[feed]]")[2]
ASSETS = [dg.AssetKey([layer, "top_played"]) for layer in ("raw", "refined")]
TRACKS = 10


def page(odd: int, **fields: Any) -> dict[str, Any]:
    """A playlist of ten tracks, the last `odd` of which have other fields."""
    tracks = [{"type": "track", "id": f"id{n}", "name": f"Song {n}", "popularity": 50} for n in range(TRACKS)]
    items = [
        {"added_at": None, "item": track | (fields if number >= TRACKS - odd else {})}
        for number, track in enumerate(tracks)
    ]
    return {"items": items, "total": TRACKS, "next": None}


@pytest.fixture
def pipeline(tmp_path) -> Pipeline:
    return Pipeline(tmp_path, feeds=PLAYLIST)


@pytest.fixture
def taken(pipeline) -> Callable[..., dict[str, Finding]]:
    """Take such a playlist as the day's raw object; gives what the checks found."""

    def take(odd: int, **fields: Any) -> dict[str, Finding]:
        with serving(as_of=False, clock=lambda: NOON) as (spotify, simulator):
            simulator.fail("/items", json_response(200, page(odd, **fields)))
            (feed,) = load_feeds(pipeline.settings.feeds)
            taken = extract(pipeline.lake, spotify, feed, DAY, lambda: NOON, "UTC")
        return {finding.check.name: finding for finding in taken.findings}

    return take


def there(pipeline: Pipeline, layer: str) -> bool:
    return pipeline.lake.place((layer, "top_played"), DAY).info() is not None


def test_known_fields_are_no_news(taken):
    found = taken(TRACKS, disc_number=1, is_local=False, preview_url=None)["fields_as_known"]
    assert (found.passed, found.summary) == (True, "as known")


def test_a_new_field_in_every_track_is_told_in_the_ui_and_nothing_fails(tmp_path):
    with serving(as_of=False, clock=lambda: NOON) as (spotify, simulator), dg.DagsterInstance.ephemeral() as instance:
        simulator.fail("/items", json_response(200, page(TRACKS, mood="blue", **{"<b>`x`": 1})))
        pipeline = Pipeline(tmp_path, feeds=PLAYLIST, overrides={"spotify": spotify, "clock": lambda: NOON})
        run: Run = pipeline.run(instance, DAY, DAY, assets=ASSETS)
    assert run.success, run.failures()
    check = run.checks()["raw/top_played:fields_as_known"]
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert f"new field mood in {TRACKS} of {TRACKS} tracks" in check.description
    assert not set("<`") & set(check.description)
    assert run.metadata("raw/top_played", DAY)["unknown_field_mood"] == TRACKS
    assert there(pipeline, "refined")


def test_an_odd_value_sets_its_row_aside_and_is_told(taken, pipeline):
    found = taken(1, popularity="high")["fields_as_known"]
    assert found.summary == f"popularity is text in 1 of {TRACKS} tracks"
    notes = refine_day(pipeline.lake, "top_played", DAY).notes
    assert (notes.rows, notes.counts["quarantined"]) == (TRACKS - 1, 1)


def test_a_type_that_has_changed_leaves_raw_as_it_came_and_refines_nothing(taken, pipeline):
    taken(TRACKS, popularity="high")
    with pytest.raises(CheckFailedError, match=f"not a whole number from 0 to 100: {TRACKS} of {TRACKS} rows"):
        refine_day(pipeline.lake, "top_played", DAY)
    place = pipeline.lake.place(("raw", "top_played"), DAY)
    assert place.store.read(place.key).count(b'"high"') == TRACKS
    assert not there(pipeline, "refined")


@pytest.mark.parametrize("name", ["id", "name"])
def test_ids_or_titles_that_are_no_texts_any_more_are_not_published(taken, pipeline, name):
    with pytest.raises(CheckFailedError, match=f"identity_as_text: {name} is object in {TRACKS} of {TRACKS} tracks"):
        taken(TRACKS, **{name: {"en": "Song"}})
    assert not there(pipeline, "raw")


def test_one_title_that_is_no_text_is_told_and_kept_as_it_came(taken, pipeline):
    found = taken(1, name={"en": "Song"})["fields_as_known"]
    assert found.summary == f"name is object in 1 of {TRACKS} tracks"
    assert there(pipeline, "raw")


@pytest.mark.parametrize(("rows", "passed"), [(0, True), (5, True), (6, False), (10, False)])
def test_most_rows_in_quarantine_for_one_reason_are_another_type(rows, passed):
    assert types_finding(10, {"popularity is not a whole number": rows, "name is missing": 1}).passed is passed
