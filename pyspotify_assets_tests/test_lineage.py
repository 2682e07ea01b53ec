"""Column lineage: complete, true to the SQL that runs, and in three chains worked out by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlglot.errors import SqlglotError

from pyspotify_assets import lineage, sql
from pyspotify_assets.definitions import build_definitions
from pyspotify_assets.feeds import DEFAULT_FEEDS, Feed
from pyspotify_assets.lineage import EXPORT, OUTSIDE, ROWS, Lineage, Origin, chain, column_lineage, roots, table_edges
from pyspotify_assets.settings import load_settings
from pyspotify_assets.spotify.records import read_entry
from pyspotify_assets.tables import LISTENING, MARTS, PLAYS, SNAPSHOT

FEEDS = ("popular_songs", "top_played")
SPOTIFY = {
    "spotify/search": {column.origin for column in SNAPSHOT.columns},
    "spotify/playlist": {column.origin for column in SNAPSHOT.columns},
    EXPORT: {column.origin for column in PLAYS.columns},
}


@pytest.fixture(scope="module")
def found() -> Lineage:
    return column_lineage(DEFAULT_FEEDS)


def of_each_feed(*columns: str) -> tuple[Origin, ...]:
    return tuple(Origin(f"spotify_refined.{feed}", column) for feed in FEEDS for column in columns)


class TestComplete:
    def test_every_table_has_all_its_columns_and_its_partition(self, found):
        declared = {
            **{f"raw/{feed}": {*SNAPSHOT.raw_columns, "snapshot_date"} for feed in FEEDS},
            **{f"spotify_raw.{feed}": {*SNAPSHOT.raw_columns, "snapshot_date"} for feed in FEEDS},
            **{f"refined/{feed}": {*SNAPSHOT.column_names, "snapshot_date"} for feed in FEEDS},
            **{f"spotify_refined.{feed}": {*SNAPSHOT.column_names, "snapshot_date"} for feed in FEEDS},
            **{f"spotify_marts.{mart.name}": {*mart.column_names, "snapshot_date"} for mart in MARTS},
            "refined/plays": {*PLAYS.column_names, "play_year"},
            "spotify_refined.plays": {*PLAYS.column_names, "play_year"},
            **{f"spotify_marts.{mart.name}": {*mart.column_names, "play_year"} for mart in LISTENING},
        }

        assert {table: set(columns) for table, columns in found.items()} == declared

    def test_every_column_has_an_origin_and_every_origin_exists(self, found):
        for table, columns in found.items():
            for column, origins in columns.items():
                assert origins, f"{table}.{column}"
                assert len(set(origins)) == len(origins)
                for origin in origins:
                    there = {**SPOTIFY, **OUTSIDE, **found}[origin.table]
                    assert origin.column in there or origin.column == ROWS, f"{table}.{column} ← {origin}"

    def test_every_way_back_ends_with_spotify_its_export_the_feed_or_the_clock(self, found):
        for table, columns in found.items():
            for column in columns:
                ends = {root.table for root in roots(found, table, column)}
                assert ends
                assert ends <= {*SPOTIFY, *OUTSIDE}

    def test_tables_of_the_asset_graph_are_connected_as_there(self, tmp_path):
        graph = build_definitions(load_settings(feeds=tmp_path / "none")).resolve_asset_graph()

        def name(key: Any) -> str:
            first, second = key.path
            return f"{first}.{second}" if first.startswith("spotify_") else f"{first}/{second}"

        edges = {(name(parent), name(node.key)) for node in graph.asset_nodes for parent in node.parent_keys}
        # A mart waits for both in Dagster; its SQL reads the crawled one.
        edges -= {edge for edge in edges if edge[0].startswith("refined/") and edge[1].startswith("spotify_marts.")}
        assert set(table_edges(DEFAULT_FEEDS)) == edges

    @pytest.mark.parametrize("number", [1, 3])
    def test_any_number_of_feeds_of_any_kind(self, number):
        feeds = [Feed(f"feed_{place}", "recently_played") for place in range(number)]

        found = column_lineage(feeds)

        assert len(found["spotify_marts.top_artists"]["best_rank"]) == number
        assert found["raw/feed_0"]["added_at"] == (Origin("spotify/recently_played", "played_at"),)


class TestTrue:
    @pytest.mark.parametrize(
        "column",
        [each for each in SNAPSHOT.columns if ": " not in each.origin and each.name not in ("rank", "released_on")],
        ids=lambda column: column.name,
    )
    def test_a_raw_column_is_read_from_the_field_that_is_its_origin(self, column):
        track: dict[str, Any] = {"type": "track"}
        entry = {"item": track}
        put(entry if column.name == "added_at" else track, column.origin, "this")

        row = read_entry(entry)

        assert row[column.name] == (["this"] if column.type == "list<string>" else "this")

    def test_movement_is_made_of_ranks(self, found):
        """previous_rank - rank, and previous_rank is max(CASE … THEN rank END) over the track's snapshots."""
        assert chain(found, "spotify_marts.chart_movement", "movement") == [
            of_each_feed("rank"),
            tuple(Origin(f"refined/{feed}", "rank") for feed in FEEDS),
            tuple(Origin(f"raw/{feed}", "rank") for feed in FEEDS),
            (Origin("spotify/search", "position"), Origin("spotify/playlist", "position")),
        ]

    def test_the_mean_duration_is_made_of_durations(self, found):
        assert found["spotify_marts.release_profile"]["mean_duration_ms"] == of_each_feed("duration_ms")
        assert roots(found, "spotify_marts.release_profile", "mean_duration_ms") == (
            Origin("spotify/search", "duration_ms"),
            Origin("spotify/playlist", "duration_ms"),
        )

    def test_a_release_year_comes_from_the_date_as_spotify_sends_it(self, found):
        assert found["spotify_marts.release_profile"]["release_year"] == of_each_feed("released_on")
        assert found["refined/top_played"]["released_on"] == (Origin("raw/top_played", "release_date"),)
        assert roots(found, "spotify_marts.release_profile", "release_year") == (
            Origin("spotify/search", "album.release_date"),
            Origin("spotify/playlist", "album.release_date"),
        )

    def test_a_share_of_the_chart_is_made_of_rows_counted(self, found):
        """count(*) / sum(count(*)) OVER (PARTITION BY feed): no column of a track goes into it."""
        assert found["spotify_marts.top_artists"]["chart_share"] == of_each_feed(ROWS)
        assert roots(found, "spotify_marts.top_artists", "chart_share") == (
            Origin("spotify/search", ROWS),
            Origin("spotify/playlist", ROWS),
        )

    def test_minutes_are_made_of_milliseconds_played(self, found):
        assert chain(found, "spotify_marts.listening_tracks", "minutes") == [
            (Origin("spotify_refined.plays", "ms_played"),),
            (Origin("refined/plays", "ms_played"),),
            (Origin(EXPORT, "ms_played"),),
        ]

    def test_plays_count_the_rows_whose_milliseconds_suffice(self, found):
        """sum(CASE WHEN ms_played >= 30000 THEN 1 ELSE 0 END): the condition is all that it is made of."""
        assert found["spotify_marts.listening_hours"]["plays"] == (Origin("spotify_refined.plays", "ms_played"),)

    def test_a_place_among_the_hundred_is_made_of_what_it_is_ordered_by(self, found):
        assert set(found["spotify_marts.listening_artists"]["rank"]) == {
            Origin("spotify_refined.plays", "ms_played"),
            Origin("spotify_refined.plays", "master_metadata_album_artist_name"),
        }

    def test_a_key_is_made_of_all_that_may_stand_in_for_the_id(self, found):
        assert set(found["spotify_marts.chart_exits"]["track_key"]) == {
            *of_each_feed("track_id", "track_name", "artist_name", "album_name")
        }

    def test_what_the_pipeline_itself_puts_in_is_known_as_such(self, found):
        movement = found["spotify_marts.chart_movement"]
        assert movement["feed"] == (Origin("feeds.toml", "name"),)
        assert movement["previous_date"] == of_each_feed("snapshot_date")
        assert movement["snapshot_date"] == of_each_feed("snapshot_date")
        assert found["raw/top_played"]["snapshot_at"] == (Origin("clock", "now"),)
        assert found["raw/top_played"]["source"] == (Origin("feeds.toml", "feed"),)


class TestFollowsTheSql:
    """What happens to the SQL happens to the lineage, or is an error."""

    @pytest.fixture
    def changed(self, monkeypatch) -> Callable[[str, str, str], Lineage]:
        """The lineage as it were if the file of that name had `new` in place of `old`."""
        original = sql.sql_text

        def change(name: str, old: str, new: str) -> Lineage:
            texts = {name: original(name).replace(old, new)}
            assert texts[name] != original(name)
            monkeypatch.setattr(sql, "sql_text", lambda wanted: texts.get(wanted) or original(wanted))
            lineage._column_lineage.cache_clear()
            return column_lineage(DEFAULT_FEEDS)

        yield change
        lineage._column_lineage.cache_clear()

    def test_another_expression_has_another_origin(self, changed):
        found = changed("release_profile", "avg(CAST(duration_ms AS double))", "avg(CAST(rank AS double))")
        assert found["spotify_marts.release_profile"]["mean_duration_ms"] == of_each_feed("rank")

    @pytest.mark.parametrize(
        ("name", "old"),
        [
            ("all_feeds", "    duration_ms,\n"),
            ("release_profile", ",\n    avg(CAST(duration_ms AS double)) AS mean_duration_ms"),
            ("chart_movement", "        min(rank) OVER (PARTITION BY feed, track_key) AS peak_rank,\n"),
            ("listening_tracks", "        max(spotify_track_uri) AS spotify_track_uri,\n"),
        ],
    )
    def test_a_column_that_the_sql_no_longer_gives_is_an_error(self, changed, name, old):
        with pytest.raises(SqlglotError):
            changed(name, old, "")

    def test_a_column_that_no_table_has_is_an_error(self, changed):
        with pytest.raises(SqlglotError, match="no_such_column"):
            changed("all_feeds", "    popularity,\n", "    no_such_column AS popularity,\n")


def put(track: dict[str, Any], path: str, value: object) -> None:
    """Set the field of a track that `path` names, such as `album.name`, `artists[0].id` or `artists[].name`."""
    first, _, rest = path.partition(".")
    name, bracket, _ = first.partition("[")
    if not rest:
        track[name] = value
    elif bracket:
        track.setdefault(name, [{}])[0][rest] = value
    else:
        track.setdefault(name, {})[rest] = value
