"""The tables: every column's name, type, nullability, meaning and origin, declared once.

Plain Python without any import of the project (the Lambda uses it). What is derived from these declarations (CSV
header, Arrow, Athena and DuckDB types, the UI's column schema) lives in `schemas.py`. Changing a declaration is a
migration, since the lake keeps files of the old one: `docs/migrations.md` says how, `contract.py` what follows.

Types are Arrow's names: string, list<string>, bool, int16, int32, int64, double, date32, timestamp (microseconds, UTC).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

PARTITION_COLUMN = "snapshot_date"
"""The partition of every table of snapshots: their day, text YYYY-MM-DD, in the path and not in the file."""

PLAY_YEAR = "play_year"
"""The partition of the listening history's tables: the year of `ts`, UTC, text YYYY, in the path likewise."""


@dataclass(frozen=True)
class Column:
    """One column.

    `origin`, where the table is not made by SQL, is what it comes from: the path of Spotify's field; `source: name` for
    what is no field of Spotify; of a `refined_only` column the raw one that it is derived from. See `lineage.py`.
    """

    name: str
    type: str
    description: str
    origin: str = ""
    nullable: bool = True
    refined_only: bool = False
    example: str = ""
    """A value as text, made up; those of a table are one row. Empty for null."""
    formerly: tuple[str, ...] = ()
    """Names that it had before, whichever first: older files have it under one of them."""
    since: str = ""
    """The first day (YYYY-MM-DD) whose files all have it; earlier ones may lack it, and it is null there."""


@dataclass(frozen=True)
class Dropped:
    """A column that is no more: older files have it, and nobody reads it.

    Its place in the raw CSV, behind the column `after`, stays, and is empty from then on: Athena reads CSV by position.
    One that never was in a raw CSV (a mart's, a derived one) needs no `after`.
    """

    name: str
    after: str = ""


@dataclass(frozen=True)
class Table:
    """One table, or one shape that several tables share (all feeds have the shape `SNAPSHOT`)."""

    name: str
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    """Together with the partition these name one row."""
    partition: str = PARTITION_COLUMN
    dropped: tuple[Dropped, ...] = ()

    def with_example(self, **values: str) -> Table:
        """The table with one made-up row: column → its value as text. What is not named is null in it."""
        assert values.keys() <= set(self.column_names)
        columns = tuple(replace(column, example=values.get(column.name, "")) for column in self.columns)
        return replace(self, columns=columns)

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def shape(self) -> tuple[object, ...]:
        """What identifies the rows' form: another description does not make a partition another one."""
        return (self.name, self.key, [(column.name, column.type, column.nullable) for column in self.columns])

    @property
    def raw_columns(self) -> tuple[str, ...]:
        """The columns of the raw CSV, in order: all that are not derived in refining, and the places of dropped ones.

        What has been added comes behind what was there before, wherever it is declared: see `Dropped`.
        """
        written = sorted((column for column in self.columns if not column.refined_only), key=lambda one: one.since)
        names = [column.name for column in written]
        for dropped in self.dropped:
            if dropped.after:
                names.insert(names.index(dropped.after) + 1, dropped.name)
        return tuple(names)

    @property
    def former_names(self) -> dict[str, str]:
        """Name that a column had before → the one that it has."""
        return {former: column.name for column in self.columns for former in column.formerly}


SNAPSHOT = Table(
    "snapshot",
    "One snapshot of one feed: a row per track, as Spotify gave it on that day.",
    (
        Column("rank", "int32", "Position in the search result or playlist, from 1", "position", nullable=False),
        Column("track_id", "string", "Spotify's id; null for local files and imported files without ids", "id"),
        Column("track_name", "string", "Title; may be empty for a removed track", "name", nullable=False),
        Column("artist_name", "string", "First credited artist; null when Spotify lists none", "artists[0].name"),
        Column("artist_id", "string", "Spotify's id of the first credited artist", "artists[0].id"),
        Column("artist_names", "list<string>", "All credited artists; a JSON array in the raw CSV", "artists[].name"),
        Column("popularity", "int16", "0 to 100; null where not given: absent is never 0", "popularity"),
        Column("duration_ms", "int32", "Length in milliseconds", "duration_ms"),
        Column("explicit", "bool", "Whether the lyrics are marked explicit", "explicit"),
        Column("isrc", "string", "International Standard Recording Code", "external_ids.isrc"),
        Column("album_id", "string", "Spotify's id of the album", "album.id"),
        Column("album_name", "string", "Title of the album", "album.name"),
        Column("album_type", "string", "album, single or compilation", "album.album_type"),
        Column("release_date", "string", "As sent: 2022, 2022-03, 2022-03-31, 0000 or null", "album.release_date"),
        Column("release_date_precision", "string", "year, month or day", "album.release_date_precision"),
        Column(
            "released_on",
            "date32",
            "First day of the release period; null when release_date is none",
            "release_date",
            refined_only=True,
        ),
        Column("added_at", "timestamp", "When the track was added; playlists only", "added_at"),
        Column("snapshot_at", "timestamp", "Instant of the snapshot, one for all rows", "clock: now", nullable=False),
        Column(
            "source",
            "string",
            "search:<query>, playlist:<id>, sample:<either> or import:<file>",
            "feeds.toml: feed",
            nullable=False,
        ),
    ),
    key=("track_id",),
).with_example(
    rank="3",
    track_id="6kMadeUpTrackIdXYZ0001",
    track_name="Paper Lanterns",
    artist_name="Velmor",
    artist_id="1aMadeUpArtistIdXY0001",
    artist_names='["Velmor", "Tanqui"]',
    popularity="71",
    duration_ms="187000",
    explicit="false",
    isrc="ZZMUP2600001",
    album_id="2bMadeUpAlbumIdXYZ0001",
    album_name="Northwind",
    album_type="album",
    release_date="2026-03",
    release_date_precision="month",
    released_on="2026-03-01",
    added_at="2026-11-20T08:30:00Z",
    snapshot_at="2026-11-25T06:00:00Z",
    source="playlist:6kMadeUpPlaylistId0001",
)

_FEED = Column("feed", "string", "Name of the feed", nullable=False)
_TRACK = (
    Column("track_key", "string", "track_id, or title | artist | album where there is no id", nullable=False),
    Column("track_id", "string", "Spotify's id of the track; null where it has none"),
    Column("track_name", "string", "Title", nullable=False),
    Column("artist_name", "string", "First credited artist"),
)

CHART_MOVEMENT = Table(
    "chart_movement",
    "Every track of the day's chart and how it moved since the feed's previous snapshot within the look-back window.",
    (
        _FEED,
        *_TRACK,
        Column("rank", "int32", "Rank on the day", nullable=False),
        Column("previous_date", "string", "Day of the feed's previous snapshot in the window; null if there is none"),
        Column("previous_rank", "int32", "Rank in the previous snapshot; null if the track was not in it"),
        Column("movement", "int32", "previous_rank - rank: positive is up; null without a previous rank"),
        Column("is_new", "bool", "Not in any earlier snapshot of the window; null when there is none to compare with"),
        Column("is_returning", "bool", "Not in the previous snapshot but in an earlier one; null when there is none"),
        Column(
            "days_on_chart", "int32", "Snapshots of the window that have the track, the day's included", nullable=False
        ),
        Column("peak_rank", "int32", "Best rank in the window, the day's included", nullable=False),
        Column("popularity", "int16", "Popularity on the day"),
        Column("popularity_change", "int16", "Popularity minus that in the previous snapshot"),
    ),
    key=("feed", "track_key"),
).with_example(
    feed="top_played",
    track_key="6kMadeUpTrackIdXYZ0001",
    track_id="6kMadeUpTrackIdXYZ0001",
    track_name="Paper Lanterns",
    artist_name="Velmor",
    rank="3",
    previous_date="2026-11-24",
    previous_rank="5",
    movement="2",
    is_new="false",
    is_returning="false",
    days_on_chart="12",
    peak_rank="2",
    popularity="71",
    popularity_change="1",
)

CHART_EXITS = Table(
    "chart_exits",
    "Every track that was in the feed's previous snapshot and is not in the day's.",
    (
        _FEED,
        *_TRACK,
        Column("previous_date", "string", "Day of the previous snapshot, the track's last", nullable=False),
        Column("last_rank", "int32", "Its rank there", nullable=False),
        Column("days_on_chart", "int32", "Snapshots of the window before the day that have the track", nullable=False),
    ),
    key=("feed", "track_key"),
).with_example(
    feed="top_played",
    track_key="6kMadeUpTrackIdXYZ0001",
    track_id="6kMadeUpTrackIdXYZ0001",
    track_name="Paper Lanterns",
    artist_name="Velmor",
    previous_date="2026-11-24",
    last_rank="48",
    days_on_chart="6",
)

TOP_ARTISTS = Table(
    "top_artists",
    "Every first credited artist of the day's chart.",
    (
        _FEED,
        Column("artist_key", "string", "artist_id, or the name where there is no id", nullable=False),
        Column("artist_id", "string", "Spotify's id of the artist"),
        Column("artist_name", "string", "The artist's name"),
        Column("tracks", "int32", "Tracks on the day's chart", nullable=False),
        Column("best_rank", "int32", "Best rank among them", nullable=False),
        Column("mean_popularity", "double", "Mean of the popularities that are given"),
        Column("chart_share", "double", "tracks divided by all tracks of the feed's day, 0 to 1", nullable=False),
    ),
    key=("feed", "artist_key"),
).with_example(
    feed="top_played",
    artist_key="1aMadeUpArtistIdXY0001",
    artist_id="1aMadeUpArtistIdXY0001",
    artist_name="Velmor",
    tracks="4",
    best_rank="3",
    mean_popularity="68.5",
    chart_share="0.08",
)

RELEASE_PROFILE = Table(
    "release_profile",
    "The day's chart by year of release.",
    (
        _FEED,
        Column("release_year", "int32", "Year of released_on; null for tracks without a usable date"),
        Column("tracks", "int32", "Tracks released in that year", nullable=False),
        Column("mean_popularity", "double", "Mean of the popularities that are given"),
        Column("mean_duration_ms", "double", "Mean length in milliseconds"),
    ),
    key=("feed", "release_year"),
).with_example(feed="top_played", release_year="2026", tracks="27", mean_popularity="64.2", mean_duration_ms="191250.5")

PIPELINE_HEALTH = Table(
    "pipeline_health",
    "The day's figures of every feed, beside what each was in the snapshots before it within the look-back window.",
    (
        _FEED,
        Column("figure", "string", "Name of the figure, such as tracks or newcomer_share", nullable=False),
        Column("value", "double", "The figure on the day; null where it cannot be known. A share is 0 to 1"),
        Column("previous_value", "double", "The figure in the feed's previous snapshot"),
        Column(
            "snapshots",
            "int32",
            "Snapshots of the window before the day that have the figure and are of the same source",
            nullable=False,
        ),
        Column("median", "double", "The median of the figure in these snapshots"),
        Column("deviation", "double", "The median of their distances from that median (MAD)"),
        Column("lowest", "double", "The least value among them"),
        Column("highest", "double", "The greatest value among them"),
        Column("weekday_lowest", "double", "The lesser of its values 7 and 14 days before; null unless both are known"),
        Column("weekday_highest", "double", "The greater of the two"),
    ),
    key=("feed", "figure"),
).with_example(
    feed="top_played",
    figure="kept_share",
    value="0.932",
    previous_value="0.947",
    snapshots="27",
    median="0.935",
    deviation="0.0074",
    lowest="0.912",
    highest="0.958",
    weekday_lowest="0.928",
    weekday_highest="0.951",
)

MARTS = (CHART_MOVEMENT, CHART_EXITS, TOP_ARTISTS, RELEASE_PROFILE, PIPELINE_HEALTH)

_TRACK_NAME = Column("track_name", "string", "Title", nullable=False)
_ARTIST_NAME = Column("artist_name", "string", "The album's artist")
_PLAYED = (
    Column("plays", "int32", "Plays of 30 seconds or more: what Spotify counts as a stream", nullable=False),
    Column("minutes", "double", "Minutes listened, the shorter plays included", nullable=False),
)


def _exported(name: str, type: str, description: str, nullable: bool = True) -> Column:
    """A field of the export, which keeps its name."""
    return Column(name, type, description, name, nullable)


PLAYS = Table(
    "plays",
    "The listening history: a row per play, from Spotify's own export (extended streaming history).",
    (
        _exported("ts", "timestamp", "When the play ended", nullable=False),
        _exported("ms_played", "int64", "How long it was played, in milliseconds", nullable=False),
        _exported("platform", "string", "The device's system"),
        _exported("conn_country", "string", "Country of the connection, two capitals; ZZ if unknown"),
        _exported("master_metadata_track_name", "string", "Title; null unless it is a track"),
        _exported("master_metadata_album_artist_name", "string", "The album's artist"),
        _exported("master_metadata_album_album_name", "string", "The album"),
        _exported("spotify_track_uri", "string", "spotify:track:<id>; null unless it is a track"),
        _exported("episode_name", "string", "Title of a podcast's episode"),
        _exported("episode_show_name", "string", "The podcast"),
        _exported("spotify_episode_uri", "string", "spotify:episode:<id>"),
        _exported("audiobook_title", "string", "The audiobook"),
        _exported("audiobook_uri", "string", "Spotify's URI of the audiobook"),
        _exported("audiobook_chapter_title", "string", "Title of its chapter"),
        _exported("audiobook_chapter_uri", "string", "Spotify's URI of its chapter"),
        _exported("reason_start", "string", "Why it began, such as clickrow or trackdone"),
        _exported("reason_end", "string", "Why it ended, such as trackdone or fwdbtn"),
        _exported("shuffle", "bool", "Whether shuffle was on"),
        _exported("skipped", "bool", "Whether it was skipped; null in older exports"),
        _exported("offline", "bool", "Whether it was played offline"),
        _exported("offline_timestamp", "int64", "When, if offline: seconds since 1970, milliseconds in older exports"),
        _exported("incognito_mode", "bool", "Whether it was a private session"),
    ),
    key=("ts", "spotify_track_uri", "spotify_episode_uri", "audiobook_chapter_uri", "ms_played", "platform"),
    partition=PLAY_YEAR,
).with_example(
    ts="2026-07-14T21:03:11Z",
    ms_played="187000",
    platform="ios",
    conn_country="BR",
    master_metadata_track_name="Paper Lanterns",
    master_metadata_album_artist_name="Velmor",
    master_metadata_album_album_name="Northwind",
    spotify_track_uri="spotify:track:6kMadeUpTrackIdXYZ0001",
    reason_start="trackdone",
    reason_end="trackdone",
    shuffle="false",
    skipped="false",
    offline="false",
    offline_timestamp="1784062804",
    incognito_mode="false",
)

LISTENING_TRACKS = Table(
    "listening_tracks",
    "The hundred tracks that were played most in a year. One song under several ids is one track.",
    (
        Column("rank", "int32", "By plays, then minutes, from 1", nullable=False),
        _TRACK_NAME,
        _ARTIST_NAME,
        Column("spotify_track_uri", "string", "One of the ids under which it was played"),
        *_PLAYED,
    ),
    key=("rank",),
    partition=PLAY_YEAR,
).with_example(
    rank="1",
    spotify_track_uri="spotify:track:6kMadeUpTrackIdXYZ0001",
    track_name="Paper Lanterns",
    artist_name="Velmor",
    plays="143",
    minutes="436.5",
)

LISTENING_ARTISTS = Table(
    "listening_artists",
    "The hundred artists that were played most in a year.",
    (
        Column("rank", "int32", "By plays, then minutes, from 1", nullable=False),
        replace(_ARTIST_NAME, nullable=False),
        Column("tracks", "int32", "Different titles played", nullable=False),
        *_PLAYED,
    ),
    key=("rank",),
    partition=PLAY_YEAR,
).with_example(rank="1", tracks="17", artist_name="Velmor", plays="143", minutes="436.5")

LISTENING_HOURS = Table(
    "listening_hours",
    "When there was listening in a year: by weekday and hour in the settings' time zone, podcasts and books included.",
    (
        Column("weekday", "int32", "Day of the week on which plays ended, 1 is Monday", nullable=False),
        Column("hour", "int32", "Hour of the day in which they ended, 0 to 23", nullable=False),
        *_PLAYED,
    ),
    key=("weekday", "hour"),
    partition=PLAY_YEAR,
).with_example(weekday="1", hour="21", plays="143", minutes="436.5")

LISTENING = (LISTENING_TRACKS, LISTENING_ARTISTS, LISTENING_HOURS)


def partition_of(name: str) -> str:
    """The partition column of the table of that name; feeds and other projects' tables have days."""
    return PLAY_YEAR if name in (PLAYS.name, *(mart.name for mart in LISTENING)) else PARTITION_COLUMN
