"""What the dashboard shows: its sheets and their visuals, declared. Nothing here knows QuickSight's JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pyspotify_assets.quicksight.data_sets import DataSet, data_set

COLUMNS = 36
"""Columns of QuickSight's grid: a visual is as many wide."""

_CHART, _EXITS, _ARTISTS, _RELEASES = (
    data_set(mart) for mart in ("chart_movement", "chart_exits", "top_artists", "release_profile")
)


@dataclass(frozen=True)
class Value:
    """What is measured: a column, how many rows become one number, and whether that is written as a positive."""

    field: str
    by: Literal["SUM", "AVERAGE", "MIN", "MAX", "DISTINCT_COUNT"]
    unsigned: bool = False
    """Written without its sign: `height` is the rank upside down, so that rank 1 stands at the top of an axis."""
    decimals: int = 0


@dataclass(frozen=True)
class Only:
    """What a visual leaves out: all but these texts of a column, or all but numbers between two, both included."""

    field: str
    texts: tuple[str, ...] = ()
    least: int | None = None
    most: int | None = None


@dataclass(frozen=True)
class Visual:
    """One visual. `along`: the axis or, in a table, the columns; `colour`: what tells lines and parts of bars apart.

    `of_one_day`: it shows the day that is chosen above, not all days. `limit`: how many bars or lines at most.
    """

    id: str
    kind: Literal["number", "line", "bars", "columns", "table"]
    title: str
    subtitle: str
    data_set: DataSet
    width: int
    height: int
    along: tuple[str, ...] = ()
    value: Value | None = None
    colour: str = ""
    only: tuple[Only, ...] = ()
    of_one_day: bool = True
    order: Literal["ASC", "DESC"] = "DESC"
    limit: int = 15


@dataclass(frozen=True)
class Sheet:
    """One sheet, its visuals from left to right and from the top."""

    id: str
    title: str
    visuals: tuple[Visual, ...]


SHEETS = (
    Sheet(
        "movement",
        "Movement",
        (
            Visual(
                "tracks",
                "number",
                "Tracks",
                "on the chart of the day",
                _CHART,
                12,
                5,
                value=Value("track_key", "DISTINCT_COUNT"),
            ),
            Visual(
                "newcomers",
                "number",
                "New",
                "not on any earlier chart of the window",
                _CHART,
                12,
                5,
                value=Value("track_key", "DISTINCT_COUNT"),
                only=(Only("course", texts=("new",)),),
            ),
            Visual(
                "leavers",
                "number",
                "Left",
                "on the previous chart, not on this one",
                _EXITS,
                12,
                5,
                value=Value("track_key", "DISTINCT_COUNT"),
            ),
            Visual(
                "ranks",
                "line",
                "How the top 10 got there",
                "Rank day by day of the tracks that are the first ten on the newest day; rank 1 is at the top",
                _CHART,
                36,
                14,
                along=("day",),
                value=Value("height", "MAX", unsigned=True),
                colour="track",
                only=(Only("newest_rank", least=1, most=10),),
                of_one_day=False,
                limit=10,
            ),
            Visual(
                "climbers",
                "bars",
                "Climbers",
                "Places won since the feed's previous snapshot",
                _CHART,
                18,
                12,
                along=("track",),
                value=Value("movement", "MAX"),
                only=(Only("movement", least=1),),
            ),
            Visual(
                "fallers",
                "bars",
                "Fallers",
                "Places lost since the feed's previous snapshot",
                _CHART,
                18,
                12,
                along=("track",),
                value=Value("movement", "MIN"),
                only=(Only("movement", most=-1),),
                order="ASC",
            ),
        ),
    ),
    Sheet(
        "turnover",
        "Coming and going",
        (
            Visual(
                "courses",
                "columns",
                "Turnover",
                "Tracks of each day by what they did; on a feed's first day there is nothing to compare with",
                _CHART,
                36,
                12,
                along=("day",),
                value=Value("track_key", "DISTINCT_COUNT"),
                colour="course",
                of_one_day=False,
                limit=100,
            ),
            Visual(
                "entries",
                "table",
                "New and returning",
                "By rank",
                _CHART,
                18,
                14,
                along=("rank", "track", "course", "days_on_chart", "peak_rank"),
                only=(Only("course", texts=("new", "returning")),),
                order="ASC",
            ),
            Visual(
                "exits",
                "table",
                "Exits",
                "By the rank that they had",
                _EXITS,
                18,
                14,
                along=("last_rank", "track", "days_on_chart"),
                order="ASC",
            ),
        ),
    ),
    Sheet(
        "artists",
        "Artists",
        (
            Visual(
                "artists-bars",
                "bars",
                "Top artists",
                "By tracks on the day's chart; the first credited artist counts",
                _ARTISTS,
                18,
                14,
                along=("artist",),
                value=Value("tracks", "MAX"),
            ),
            Visual(
                "artists-table",
                "table",
                "All artists",
                "By their best rank",
                _ARTISTS,
                18,
                14,
                along=("best_rank", "artist", "tracks", "mean_popularity"),
                order="ASC",
            ),
            Visual(
                "artists-lines",
                "line",
                "Tracks by artist",
                "Day by day, of the artists that have three tracks or more on the newest day",
                _ARTISTS,
                36,
                12,
                along=("day",),
                value=Value("tracks", "MAX"),
                colour="artist",
                only=(Only("newest_tracks", least=3),),
                of_one_day=False,
                limit=10,
            ),
        ),
    ),
    Sheet(
        "releases",
        "Release years",
        (
            Visual(
                "years",
                "columns",
                "Tracks by year of release",
                "Of the day's chart; unknown where Spotify gives no usable date",
                _RELEASES,
                36,
                12,
                along=("release_year",),
                value=Value("tracks", "SUM"),
                order="ASC",
                limit=100,
            ),
            Visual(
                "lengths",
                "columns",
                "Mean length by year of release",
                "In minutes, of the day's chart",
                _RELEASES,
                36,
                12,
                along=("release_year",),
                value=Value("mean_minutes", "AVERAGE", decimals=1),
                order="ASC",
                limit=100,
            ),
        ),
    ),
    Sheet(
        "popularity",
        "Popularity",
        (
            Visual(
                "popularity-mean",
                "line",
                "Mean popularity",
                "Of each day's chart, 0 to 100. Empty where Spotify gives none: apps made since February 2026 get none",
                _CHART,
                36,
                12,
                along=("day",),
                value=Value("popularity", "AVERAGE", decimals=1),
                of_one_day=False,
            ),
            Visual(
                "popularity-won",
                "bars",
                "Gaining",
                "Popularity won since the feed's previous snapshot",
                _CHART,
                18,
                12,
                along=("track",),
                value=Value("popularity_change", "MAX"),
                only=(Only("popularity_change", least=1),),
            ),
            Visual(
                "popularity-lost",
                "bars",
                "Losing",
                "Popularity lost since the feed's previous snapshot",
                _CHART,
                18,
                12,
                along=("track",),
                value=Value("popularity_change", "MIN"),
                only=(Only("popularity_change", most=-1),),
                order="ASC",
            ),
        ),
    ),
)
