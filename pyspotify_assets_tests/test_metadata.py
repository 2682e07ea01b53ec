"""What the UI is told of an asset, before and after it is made, is read as text and never as Markdown of others."""

from __future__ import annotations

import dagster as dg
import pytest

from pyspotify_assets.assets.metadata import address, columns_from, facts, lineage_metadata, preview, with_example
from pyspotify_assets.feeds import DEFAULT_FEEDS, Feed
from pyspotify_assets.tables import CHART_MOVEMENT, TOP_ARTISTS


def test_no_character_of_a_name_means_anything_in_a_fact():
    shown = facts(["“[Song](http://x/) *b* `c` <img src=x> & #1 | ~d~ \\ ![e](f)” is new"]).value
    assert shown.startswith("- “&#91;Song&#93;")
    assert not set("<>`*[]\\|~!") & set(shown)


def test_a_preview_shows_the_first_rows_without_ids_and_long_texts_cut():
    rows = [{"track_id": "x", "track_name": "n" * 99, "share": 1 / 3, "is_new": None}] * 9

    shown = preview(rows)

    assert [column.name for column in shown.schema.columns] == ["track_name", "share", "is_new"]
    assert [record.data for record in shown.records] == [
        {"track_name": "n" * 59 + "…", "share": 0.333, "is_new": None}
    ] * 5
    assert preview([]).records == []


def test_a_description_ends_with_a_made_up_row_that_fits():
    words = with_example("Artists.", TOP_ARTISTS)
    assert words.splitlines() == [
        "Artists.",
        "",
        "A row, made up:",
        "",
        "| feed | artist_name | tracks | best_rank | mean_popularity | chart_share |",
        "| --- | --- | --- | --- | --- | --- |",
        "| `top_played` | `Velmor` | `4` | `3` | `68.5` | `0.08` |",
    ]
    assert "movement" in with_example("Movement.", CHART_MOVEMENT)
    assert with_example("Some.", TOP_ARTISTS, ["tracks"]).endswith("| tracks |\n| --- |\n| `4` |")


def test_lineage_is_for_dagster_and_for_a_person():
    told = lineage_metadata("spotify_marts.chart_movement", DEFAULT_FEEDS)

    deps = told["dagster/column_lineage"].value.deps_by_column
    assert deps["movement"] == [
        dg.TableColumnDep(dg.AssetKey(["spotify_refined", feed.name]), "rank") for feed in DEFAULT_FEEDS
    ]
    assert deps["feed"] == []  # What comes from a declaration is no asset's column.
    shown = columns_from("spotify_marts.chart_movement", DEFAULT_FEEDS)["columns_from"]
    rows = {record.data["column"]: record.data for record in shown.records}
    assert rows["movement"] == {"column": "movement", "from spotify_refined": "rank", "at Spotify": "position"}
    assert rows["feed"]["at Spotify"] == "feeds.toml: name"
    assert rows["days_on_chart"]["at Spotify"] == "the rows"


def test_a_page_on_s3_has_a_link_too_and_one_in_a_folder_none_that_no_browser_would_open():
    assert set(address("/lake/report/2026-11-25.html")) == {"page"}
    link = address("s3://bucket/report/2026-11-25.html")["open"].value
    assert link == "https://s3.console.aws.amazon.com/s3/object/bucket?prefix=report/2026-11-25.html"


@pytest.mark.parametrize("kind", ["search", "saved_tracks"])
def test_a_raw_table_is_made_from_its_own_endpoint(kind):
    told = lineage_metadata("raw/some", (Feed("some", kind),))
    assert told["dagster/column_lineage"].value.deps_by_column["album_name"] == [
        dg.TableColumnDep(dg.AssetKey(["spotify", kind]), "album.name")
    ]
