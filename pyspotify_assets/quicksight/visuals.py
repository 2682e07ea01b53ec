"""What the dashboard shows: its sheets and their visuals, declared. Nothing here knows QuickSight's JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pyspotify_assets.quicksight.data_sets import DataSet, data_set

COLUMNS = 36
"""Columns of QuickSight's grid: a visual is as many wide."""

_CHART, _EXITS, _ARTISTS, _RELEASES, _HEALTH = (
    data_set(mart) for mart in ("chart_movement", "chart_exits", "top_artists", "release_profile", "pipeline_health")
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


def _number(id: str, title: str, subtitle: str, data_set: DataSet, *only: Only) -> Visual:
    """How many tracks, in large type."""
    value = Value("track_key", "DISTINCT_COUNT")
    return Visual(id, "number", title, subtitle, data_set, 12, 5, value=value, only=only)


def _most(id: str, title: str, subtitle: str, field: str) -> Visual:
    """Bars of the tracks that have won most, the longest first."""
    value, only = Value(field, "MAX"), (Only(field, least=1),)
    return Visual(id, "bars", title, subtitle, _CHART, 18, 12, along=("track",), value=value, only=only)


def _least(id: str, title: str, subtitle: str, field: str) -> Visual:
    """Bars of the tracks that have lost most, the longest first."""
    value, only = Value(field, "MIN"), (Only(field, most=-1),)
    return Visual(id, "bars", title, subtitle, _CHART, 18, 12, ("track",), value, only=only, order="ASC")


def _by_year(id: str, title: str, subtitle: str, value: Value) -> Visual:
    """An upright bar for each year of release, all of them."""
    return Visual(id, "columns", title, subtitle, _RELEASES, 36, 12, ("release_year",), value, limit=100)


def _rows(id: str, title: str, subtitle: str, data_set: DataSet, columns: tuple[str, ...], *only: Only) -> Visual:
    """A table in the order of its first column."""
    return Visual(id, "table", title, subtitle, data_set, 18, 14, along=columns, only=only, order="ASC")


def _figures(id: str, title: str, subtitle: str, width: int, *figures: str) -> Visual:
    """Lines of some figures of `pipeline_health` over all days."""
    only = (Only("figure", texts=figures),)
    value = Value("value", "MAX", decimals=2)
    return Visual(id, "line", title, subtitle, _HEALTH, width, 12, ("day",), value, "figure", only, of_one_day=False)


SHEETS = (
    Sheet(
        "movement",
        "Movement",
        (
            _number("tracks", "Tracks", "on the chart of the day", _CHART),
            _number(
                "newcomers", "New", "not on any earlier chart of the window", _CHART, Only("course", texts=("new",))
            ),
            _number("leavers", "Left", "on the previous chart, not on this one", _EXITS),
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
            _most("climbers", "Climbers", "Places won since the feed's previous snapshot", "movement"),
            _least("fallers", "Fallers", "Places lost since the feed's previous snapshot", "movement"),
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
            _rows(
                "entries",
                "New and returning",
                "By rank",
                _CHART,
                ("rank", "track", "course", "days_on_chart", "peak_rank"),
                Only("course", texts=("new", "returning")),
            ),
            _rows("exits", "Exits", "By the rank that they had", _EXITS, ("last_rank", "track", "days_on_chart")),
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
            _rows(
                "artists-table",
                "All artists",
                "By their best rank",
                _ARTISTS,
                ("best_rank", "artist", "tracks", "mean_popularity"),
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
            _by_year(
                "years",
                "Tracks by year of release",
                "Of the day's chart; unknown where Spotify gives no usable date",
                Value("tracks", "SUM"),
            ),
            _by_year(
                "lengths",
                "Mean length by year of release",
                "In minutes, of the day's chart",
                Value("mean_minutes", "AVERAGE", decimals=1),
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
            _most("popularity-won", "Gaining", "Popularity won since the previous snapshot", "popularity_change"),
            _least("popularity-lost", "Losing", "Popularity lost since the previous snapshot", "popularity_change"),
        ),
    ),
    Sheet(
        "health",
        "Health",
        (
            _figures("health-tracks", "Tracks", "On each day's chart", 18, "tracks"),
            _figures(
                "health-popularity",
                "Popularity",
                "A tenth of the chart is below the low, a tenth above the high",
                18,
                "popularity_low",
                "popularity_median",
                "popularity_high",
            ),
            _figures(
                "health-churn",
                "Churn",
                "Shares of each day's chart, beside the snapshot before: newcomers, kept, on the same rank",
                36,
                "newcomer_share",
                "kept_share",
                "same_rank_share",
            ),
            Visual(
                "health-table",
                "table",
                "All figures of the day",
                "Beside their median, and how far from it they usually are, in the snapshots of the window before",
                _HEALTH,
                36,
                16,
                along=("figure", "value", "median", "deviation", "snapshots"),
                order="ASC",
            ),
        ),
    ),
)
