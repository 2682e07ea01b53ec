"""What is gathered for a report, over three days of two tiny feeds in a real lake, worked out by hand.

popular_songs        20th: A B C      21st: A C D      22nd: C B A       B comes back, D leaves
top_played           20th: (none)     21st: X          22nd: X, and a row whose length is no number
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pyspotify_assets.daily.mart import SnapshotWindows, make_mart_day
from pyspotify_assets.daily.report import report_fingerprint
from pyspotify_assets.daily.report_data import report_data
from pyspotify_assets.feeds import DEFAULT_FEEDS
from pyspotify_assets.lake import Lake
from pyspotify_assets.report import render
from pyspotify_assets.report.data import Query
from pyspotify_assets.tables import LISTENING_HOURS, MARTS
from pyspotify_assets.warehouse.local_crawler import LocalCrawler
from pyspotify_assets.warehouse.local_engine import LocalEngine
from pyspotify_assets_tests.builders import NOON, put_snapshot, track

DAYS = ("2026-11-20", "2026-11-21", "2026-11-22")
TODAY = DAYS[-1]


@pytest.fixture(scope="module")
def lake(tmp_path_factory) -> Lake:
    lake = Lake.at(str(tmp_path_factory.mktemp("lake")))
    for day, keys in zip(DAYS, ("ABC", "ACD", "CBA"), strict=True):
        rows = [track(rank, key, popularity=50 + rank) for rank, key in enumerate(keys, 1)]
        put_snapshot(lake, "popular_songs", day, rows)
    put_snapshot(lake, "top_played", DAYS[1], [track(1, "X")])
    put_snapshot(lake, "top_played", TODAY, [track(1, "X"), track(2, "Y", duration_ms="long")])
    LocalCrawler(lake).crawl("refined", DEFAULT_FEEDS)
    sql = LocalEngine(lake)
    for day in DAYS:
        windows = SnapshotWindows(lake, sql, DEFAULT_FEEDS, DAYS[0], day).of(day, 28)
        for mart in MARTS:
            make_mart_day(sql, mart, day, "run", 28, windows)
    return lake


def gathered(lake: Lake, lookback: int = 28, day: str = TODAY):
    now = datetime(2026, 11, 22, 18, tzinfo=UTC)
    return report_data(lake, LocalEngine(lake), DEFAULT_FEEDS, day, lookback, True, "UTC", lambda: now)


def test_every_snapshot_of_the_window_is_one_row(lake):
    assert [tuple(row.values()) for row in gathered(lake).snapshots.to_pylist()] == [
        ("popular_songs", "2026-11-20", None, 3, 3, 0, 0, 52),
        ("popular_songs", "2026-11-21", "2026-11-20", 3, 3, 1, 0, 52),
        ("popular_songs", "2026-11-22", "2026-11-21", 3, 3, 0, 1, 52),
        ("top_played", "2026-11-21", None, 1, 1, 0, 0, 50),
        ("top_played", "2026-11-22", "2026-11-21", 1, 1, 0, 0, 50),
    ]


def test_days_before_the_window_are_not_asked_for(lake):
    data = gathered(lake, lookback=1)
    assert set(data.snapshots.column("snapshot_date").to_pylist()) == set(DAYS[1:])
    assert set(data.history.column("snapshot_date").to_pylist()) == set(DAYS[1:])


def test_ranks_are_followed_back_for_the_tracks_of_the_day(lake):
    ranks = {(row["snapshot_date"], row["track_key"]): row["rank"] for row in gathered(lake).history.to_pylist()}
    assert [ranks.get((day, "B")) for day in DAYS] == [2, None, 2]
    assert [ranks.get((day, "C")) for day in DAYS] == [3, 2, 1]


def test_of_movement_there_is_the_day_alone(lake):
    assert gathered(lake).movement.num_rows == 4


def test_rows_in_quarantine_come_with_their_reason_and_their_place(lake):
    data = gathered(lake)
    assert data.counts["top_played"] == {"raw": 2, "refined": 1, "duplicates": 0, "quarantined": 1}
    (aside,) = data.quarantine
    assert (aside.feed, sum(aside.reasons.values())) == ("top_played", 1)
    assert lake.stores["quarantine"].info(f"refined/top_played/snapshot_date={TODAY}/top_played.csv") is not None
    assert aside.place.endswith(f"quarantine/refined/top_played/snapshot_date={TODAY}/top_played.csv")


def test_what_each_query_read_was_noted_and_costs_nothing_here(lake):
    queries = gathered(lake).queries
    assert [query.table for query in queries] == [*(f"spotify_marts/{mart.name}" for mart in MARTS), "report/daily"]
    refined = sum(info.size for info in lake.stores["refined"].objects(""))
    assert queries[0] == Query("spotify_marts/chart_movement", refined, None)


def test_the_instant_of_the_snapshot_comes_along(lake):
    assert set(gathered(lake).tracks.column("snapshot_at").to_pylist()) == {NOON}


def test_lineage_leads_from_spotify_to_the_report(lake):
    lineage = gathered(lake).lineage
    assert ("raw/top_played", "refined/top_played") in lineage.edges
    assert ("spotify_marts.chart_movement", "report/daily") in lineage.edges
    assert ("spotify_refined.top_played", "rank") in lineage.columns["spotify_marts.chart_movement"]["rank"]


def test_listening_is_that_of_the_newest_years_up_to_the_day_and_part_of_the_fingerprint(lake):
    sql = LocalEngine(lake)

    def made_from() -> str | None:
        return report_fingerprint(lake, sql, DEFAULT_FEEDS, TODAY, 28, "en")

    assert gathered(lake).hours == []
    before = made_from()
    for year in ("2022", "2024", "2025", "2026", "2027"):
        select = "SELECT 1 AS weekday, 9 AS hour, 2 AS plays, CAST(5 AS double) AS minutes"
        sql.write_partition(select, LISTENING_HOURS, year, "run", (year, year))
        sql.point(LISTENING_HOURS, year, "run", {"version": year})
    assert [row["play_year"] for row in gathered(lake).hours] == ["2024", "2025", "2026"]
    assert made_from() != before


def test_the_page_of_it_is_whole(lake):
    page = render(gathered(lake))
    assert "Song B" in page
    assert page.rstrip().endswith("</html>")
