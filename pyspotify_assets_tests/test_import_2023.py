"""The two files that the first PySpotify wrote in July 2023 go through to the marts, every row accounted for.

They are not part of this repository: PYSPOTIFY_TEST_2023_DATA names the folder that has them.
"""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest

from pyspotify_assets.daily.notes import Notes
from pyspotify_assets.lake import Lake
from pyspotify_assets.settings import load_settings
from pyspotify_assets_tests.pipelines import MARTS, Pipeline, assert_whole, pyspotify, rows

DAY = "2023-07-08"
FILES = {"popular_songs": ("SpotifyDataframe.csv", 1045), "top_played": ("SpotifyTopPlayedQuery.csv", 546)}
DATA = os.environ.get("PYSPOTIFY_TEST_2023_DATA", "")

pytestmark = pytest.mark.skipif(not DATA, reason="PYSPOTIFY_TEST_2023_DATA does not name the folder of the 2023 files")


@pytest.fixture(scope="module")
def imported(tmp_path_factory) -> Pipeline:
    """Both files imported and run from the terminal, as their owner would."""
    folder = tmp_path_factory.mktemp("imported")
    for feed, (name, number) in FILES.items():
        process = pyspotify(folder, "import", str(Path(DATA, name)), "--feed", feed, "--date", DAY)
        assert process.returncode == 0, process.stderr
        assert f"{number} rows (pyspotify-2023) wait in" in process.stdout
    process = pyspotify(folder, "run")
    assert process.returncode == 0, process.stderr
    return Pipeline(folder, lake=str(folder / "lake"), source="live")


def old_rows(feed: str) -> list[dict[str, str]]:
    with open(Path(DATA, FILES[feed][0]), encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def notes(lake: Lake, layer: str, feed: str) -> Notes:
    return Notes.from_texts(lake.place((layer, feed), DAY).info().notes)


@pytest.mark.parametrize("feed", FILES)
def test_every_row_arrives_or_is_accounted_for(imported, feed):
    number = FILES[feed][1]
    raw, refined = (notes(imported.lake, layer, feed) for layer in ("raw", "refined"))

    assert raw.rows == number
    assert refined.rows + refined.counts["duplicates"] + refined.counts["quarantined"] == number
    assert refined.counts["quarantined"] == 0
    [(by_sql,)] = rows(imported, f"SELECT count(*) FROM spotify_raw.{feed}")
    assert by_sql == number


@pytest.mark.parametrize("feed", FILES)
def test_names_with_commas_quotes_and_letters_of_all_kinds_are_as_they_were(imported, feed):
    album = "album_nm" if feed == "popular_songs" else "album_name"
    wanted = {(row["artist"], row["track"], row[album]) for row in old_rows(feed)}

    found = set(rows(imported, f"SELECT artist_name, track_name, album_name FROM spotify_refined.{feed}"))

    assert found == {tuple(text or None for text in row) for row in wanted}
    names = "".join("".join(row) for row in wanted)
    assert "," in names
    assert '"' in names
    assert any(ord(letter) > 127 for letter in names)


def test_year_only_dates_are_the_first_of_january_and_stay_what_they_were(imported):
    years = [row["album_dt"] for row in old_rows("popular_songs") if len(row["album_dt"]) == 4]

    found = rows(
        imported,
        "SELECT release_date, released_on FROM spotify_refined.popular_songs WHERE release_date_precision = 'year'",
    )

    assert years
    assert 0 < len(found) <= len(years)
    assert all(released_on.isoformat() == f"{year}-01-01" for year, released_on in found)


def test_the_marts_hold_every_track_artist_and_release_year(imported):
    refined = {feed: notes(imported.lake, "refined", feed).rows for feed in FILES}
    counted = {mart: rows(imported, f"SELECT feed, count(*) FROM spotify_marts.{mart} GROUP BY 1") for mart in MARTS}

    assert dict(counted["chart_movement"]) == refined
    assert counted["chart_exits"] == []
    for mart in ("top_artists", "release_profile"):
        tracks = rows(imported, f"SELECT feed, sum(tracks) FROM spotify_marts.{mart} GROUP BY 1")
        assert {feed: int(total) for feed, total in tracks} == refined
    for mart in MARTS:
        print(f"spotify_marts.{mart}: {sorted(counted[mart])}")  # noqa: T201


def test_the_report_is_there_and_says_nothing_of_made_up_data(imported):
    assert_whole(imported.lake)
    page = imported.lake.stores["report"].read("latest.html").decode()

    assert "made-up" not in page.partition("<script")[0].lower()
    assert load_settings(lake=imported.settings.lake).resolved_source() == "live"
