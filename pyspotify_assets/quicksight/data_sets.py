"""What QuickSight reads: a data set over each mart of snapshots, the SQL in `sql/dashboard_<mart>.sql`.

The sets are queried when somebody looks (DIRECT_QUERY), not copied into QuickSight's memory (SPICE): nothing has to be
refreshed after a day, and nothing is ever old. A look costs Athena's minimum for each visual, 0.00005 dollars.
"""

from __future__ import annotations

from dataclasses import dataclass

from pyspotify_assets.tables import CHART_EXITS, CHART_MOVEMENT, PIPELINE_HEALTH, RELEASE_PROFILE, TOP_ARTISTS

DAYS = 91
"""Days back from today that the SQL reads: what a look costs does not grow with history."""

NEWEST = "newest"
"""What the column `edition` says of each feed's newest day; of any other it says the day."""


@dataclass(frozen=True)
class Field:
    """A column of a data set: its name in the SQL, QuickSight's type, and what people call it."""

    name: str
    type: str
    label: str


@dataclass(frozen=True)
class DataSet:
    """A data set over one mart. `fields`: exactly the columns of its SQL, in order."""

    mart: str
    title: str
    fields: tuple[Field, ...]

    @property
    def sql_name(self) -> str:
        return f"dashboard_{self.mart}"

    def field(self, name: str) -> Field:
        return next(field for field in self.fields if field.name == name)


_COMMON = (
    Field("feed", "STRING", "Feed"),
    Field("edition", "STRING", "Day"),
    Field("day", "DATETIME", "Day"),
)
_TRACK = (Field("track_key", "STRING", "Key"), Field("track", "STRING", "Track"))

DATA_SETS = (
    DataSet(
        CHART_MOVEMENT.name,
        "Chart movement",
        (
            *_COMMON,
            *_TRACK,
            Field("rank", "INTEGER", "Rank"),
            Field("height", "INTEGER", "Rank"),
            Field("newest_rank", "INTEGER", "Rank on the newest day"),
            Field("previous_rank", "INTEGER", "Previous rank"),
            Field("movement", "INTEGER", "Places"),
            Field("course", "STRING", "Course"),
            Field("days_on_chart", "INTEGER", "Days on the chart"),
            Field("peak_rank", "INTEGER", "Peak"),
            Field("popularity", "INTEGER", "Popularity"),
            Field("popularity_change", "INTEGER", "Change of popularity"),
        ),
    ),
    DataSet(
        CHART_EXITS.name,
        "Chart exits",
        (
            *_COMMON,
            *_TRACK,
            Field("last_rank", "INTEGER", "Last rank"),
            Field("days_on_chart", "INTEGER", "Days on the chart"),
        ),
    ),
    DataSet(
        TOP_ARTISTS.name,
        "Top artists",
        (
            *_COMMON,
            Field("artist", "STRING", "Artist"),
            Field("tracks", "INTEGER", "Tracks"),
            Field("best_rank", "INTEGER", "Best rank"),
            Field("mean_popularity", "DECIMAL", "Mean popularity"),
            Field("chart_share", "DECIMAL", "Share of the chart"),
            Field("newest_tracks", "INTEGER", "Tracks on the newest day"),
        ),
    ),
    DataSet(
        RELEASE_PROFILE.name,
        "Release years",
        (
            *_COMMON,
            Field("release_year", "STRING", "Year of release"),
            Field("tracks", "INTEGER", "Tracks"),
            Field("mean_popularity", "DECIMAL", "Mean popularity"),
            Field("mean_minutes", "DECIMAL", "Mean length in minutes"),
        ),
    ),
    DataSet(
        PIPELINE_HEALTH.name,
        "Pipeline health",
        (
            *_COMMON,
            Field("figure", "STRING", "Figure"),
            Field("value", "DECIMAL", "Value"),
            Field("median", "DECIMAL", "Median before"),
            Field("deviation", "DECIMAL", "Median deviation"),
            Field("snapshots", "INTEGER", "Snapshots before"),
        ),
    ),
)


def data_set(mart: str) -> DataSet:
    """The data set over a mart."""
    return next(one for one in DATA_SETS if one.mart == mart)
