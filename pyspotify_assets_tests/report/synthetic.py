"""Made-up mart tables for the report's tests: a seeded chart that moves from day to day, or a few rows by hand.

The tables are derived here in plain Python, independently of the SQL that makes the real ones.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

import pyarrow as pa

from pyspotify_assets.feeds import DEFAULT_FEEDS
from pyspotify_assets.lineage import column_lineage, table_edges
from pyspotify_assets.report import Check, ReportData
from pyspotify_assets.report.data import Lineage, Query
from pyspotify_assets.schemas import arrow_schema
from pyspotify_assets.tables import CHART_EXITS, CHART_MOVEMENT, RELEASE_PROFILE, TOP_ARTISTS, Table

Track = Mapping[str, Any]
DAY = TODAY = "2026-11-22"
YESTERDAY, BEFORE = "2026-11-21", "2026-11-20"
SNAPSHOTS_SCHEMA = pa.schema(
    [
        ("feed", pa.string()), ("snapshot_date", pa.string()), ("previous_date", pa.string()), ("tracks", pa.int64()),
        ("artists", pa.int64()), ("newcomers", pa.int64()), ("returns", pa.int64()), ("mean_popularity", pa.float64()),
    ]
)  # fmt: skip
HISTORY_SCHEMA = pa.schema(
    [
        ("feed", pa.string()), ("snapshot_date", pa.string()), ("track_key", pa.string()),
        ("track_name", pa.string()), ("artist_name", pa.string()), ("rank", pa.int32()),
    ]
)  # fmt: skip
TRACKS_SCHEMA = pa.schema(
    [
        ("feed", pa.string()), ("rank", pa.int32()), ("track_name", pa.string()), ("artist_name", pa.string()),
        ("duration_ms", pa.int32()), ("popularity", pa.int16()), ("explicit", pa.bool_()), ("released_on", pa.date32()),
        ("snapshot_at", pa.timestamp("us", tz="UTC")), ("source", pa.string()),
    ]
)  # fmt: skip
CHECKS = (
    Check("raw/popular_songs", "ranks_complete", True, "error", "Ranks run from 1 to 1,000 without a hole."),
    Check("refined/popular_songs", "keys_unique", True, "error", "1,000 keys, each once."),
    Check("refined/top_played", "popularity_given", False, "warning", "Popularity is missing on 3 of 550 rows."),
    Check("refined/top_played", "popularity_in_range", True, "error", "All within 0 to 100."),
    Check("spotify_refined/top_played", "counts_agree", True, "error", "Raw and refined agree: 553 = 550 + 2 + 1."),
)
COUNTS = {
    "popular_songs": {"raw": 1000, "refined": 1000, "duplicates": 0, "quarantined": 0},
    "top_played": {"raw": 553, "refined": 550, "duplicates": 2, "quarantined": 1},
}
QUERIES = (Query("spotify_marts/chart_movement", 2_400_000), Query("report/daily", 910_000))
_WORDS = """
    amber atlas avenue bloom bridge cactus canyon carnival coral dawn delta echo ember fable feather garden glass
    harbor hollow indigo island juniper kite lantern lemon marble meadow midnight mirror monsoon neon ocean orchid
    paper parade pepper polar quartz radio river saffron satellite shadow silver sugar summer thunder tide velvet
    violet whistle window winter zephyr
""".split()  # noqa: SIM905


def table(declaration: Table, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Rows with any columns left out (null) as a mart's table."""
    return _table(arrow_schema(declaration), rows)


def empty(feeds: Sequence[str] = ("popular_songs", "top_played"), day: str = DAY) -> ReportData:
    """A day on which nothing at all is there."""
    return ReportData(
        day=day,
        sample=False,
        feeds=list(feeds),
        movement=table(CHART_MOVEMENT, []),
        snapshots=_table(SNAPSHOTS_SCHEMA, []),
        history=_table(HISTORY_SCHEMA, []),
        exits=table(CHART_EXITS, []),
        artists=table(TOP_ARTISTS, []),
        years=table(RELEASE_PROFILE, []),
        tracks=_table(TRACKS_SCHEMA, []),
        generated_at=datetime(2026, 11, 22, 6, 15, tzinfo=UTC),
    )


def track(key: str, artist: str | None = "Ada", **more: Any) -> dict[str, Any]:
    """One track of a snapshot, by hand."""
    return {"key": key, "title": key.upper(), "artist": artist, **more}


def chart(*keys: str) -> list[dict[str, Any]]:
    """Tracks of one artist each, in order of rank."""
    return [track(key, f"Artist {key}") for key in keys]


def charts(
    by_feed: Mapping[str, Mapping[str, Sequence[Mapping[str, Any]]]], day: str = DAY, **fields: Any
) -> ReportData:
    """The report's input from snapshots: feed → day → tracks by rank (key, title, artist, popularity, ms, year)."""
    moves, window, history, exits, artists, years, tracks = [], [], [], [], [], [], []
    for feed, snapshots in by_feed.items():
        moved = _moves(feed, snapshots)
        window += moved.snapshots
        history += moved.history
        if day not in snapshots:
            continue
        moves += moved.latest
        previous = max((other for other in snapshots if other < day), default=None)
        today = snapshots[day]
        keys = {track["key"] for track in today}
        exits += [
            _named(feed, track)
            | {"previous_date": previous, "last_rank": rank, "days_on_chart": _stay(track["key"], snapshots, previous)}
            for rank, track in enumerate(snapshots[previous] if previous else [], 1)
            if track["key"] not in keys
        ]
        per_artist = Counter(track["artist"] for track in today)
        artists += [
            {
                "feed": feed, "artist_key": name or "?", "artist_name": name, "tracks": n,
                "chart_share": n / len(today),
                "best_rank": next(rank for rank, track in enumerate(today, 1) if track["artist"] == name),
                "mean_popularity": _mean([t.get("popularity") for t in today if t["artist"] == name]),
            }
            for name, n in per_artist.items()
        ]  # fmt: skip
        years += [
            {
                "feed": feed, "release_year": year, "tracks": n,
                "mean_popularity": _mean([t.get("popularity") for t in today if t.get("year") == year]),
                "mean_duration_ms": _mean([t.get("ms") for t in today if t.get("year") == year]),
            }
            for year, n in Counter(track.get("year") for track in today).items()
        ]  # fmt: skip
        tracks += [
            {
                "feed": feed, "rank": rank, "track_name": t["title"], "artist_name": t["artist"], "explicit": False,
                "duration_ms": t.get("ms"), "popularity": t.get("popularity"),
                "released_on": date(t["year"], 1, 1) if t.get("year") else None,
                "snapshot_at": datetime(2026, 11, 22, 6, tzinfo=UTC), "source": f"sample:{feed}",
            }
            for rank, t in enumerate(today, 1)
        ]  # fmt: skip
    data = replace(
        empty(list(by_feed), day),
        movement=table(CHART_MOVEMENT, moves),
        snapshots=_table(SNAPSHOTS_SCHEMA, window),
        history=_table(HISTORY_SCHEMA, history),
        exits=table(CHART_EXITS, exits),
        artists=table(TOP_ARTISTS, artists),
        years=table(RELEASE_PROFILE, years),
        tracks=_table(TRACKS_SCHEMA, tracks),
    )
    return replace(data, **fields)


def full_day(
    days: int = 14, popularity: bool = True, sizes: tuple[int, int] = (1000, 550), **fields: Any
) -> ReportData:
    """Both default feeds, of full size unless others are given, as many days as asked for: the same every time."""
    settings: dict[str, Any] = {"sample": True, "checks": CHECKS, "counts": COUNTS, "queries": QUERIES}
    settings |= {"hours": hours(), "timezone": "America/Sao_Paulo", "lineage": lineage()} | fields
    return charts(
        {
            "popular_songs": _wander("popular_songs", sizes[0], days, range(2025, 2027), popularity),
            "top_played": _wander("top_played", sizes[1], days, range(1968, 2027), popularity),
        },
        **settings,
    )


def full_year() -> ReportData:
    """One feed of 25 tracks on each day of a year."""
    return charts({"top_played": _wander("top_played", 25, 366, range(1968, 2027), True)}, checks=CHECKS, counts=COUNTS)


def hours(*years: str) -> list[dict[str, Any]]:
    """Rows of `listening_hours`: evenings and mornings of the working week, later at its end; nobody up at four."""
    dice = random.Random("hours")  # noqa: S311 - a seeded game, not a secret
    return [
        {
            "play_year": year, "weekday": weekday, "hour": hour, "plays": 3,
            "minutes": dice.uniform(40, 120) * (0.4 + (hour in (8, 9, 18, 19, 20)) * (1 + (weekday < 6))),
        }
        for year in years or ("2025", "2026")
        for weekday in range(1, 8)
        for hour in range(24)
        if hour not in (3, 4, 5)
    ]  # fmt: skip


def lineage() -> Lineage:
    """That of the default feeds, as it is derived."""
    columns = {
        table: {name: [(origin.table, origin.column) for origin in origins] for name, origins in found.items()}
        for table, found in column_lineage(DEFAULT_FEEDS).items()
    }
    return Lineage(table_edges(DEFAULT_FEEDS), columns)


def _wander(feed: str, size: int, days: int, years: range, popularity: bool) -> dict[str, list[dict[str, Any]]]:
    """Snapshots of a chart in which tracks drift, a few leave and a few come in every day."""
    dice = random.Random(feed)  # noqa: S311 - a seeded game, not a secret
    artists = [" ".join(dice.sample(_WORDS, 2)).title() for _ in range(size // 3)]
    pool = [
        {
            "key": f"{feed}-{number}",
            "title": " ".join(dice.sample(_WORDS, dice.choice((1, 2, 3)))).capitalize(),
            "artist": artists[min(int(dice.expovariate(5 / len(artists))), len(artists) - 1)],
            "popularity": dice.randint(35, 98) if popularity else None,
            "ms": int(min(max(dice.gauss(198_000, 42_000), 61_000), 640_000)),
            "year": max(years.start, years.stop - 1 - int(dice.expovariate(0.11))) if dice.random() > 0.02 else None,
        }
        for number in range(size + 200)
    ]
    strength = {track["key"]: float(place) for place, track in enumerate(pool)}
    snapshots = {}
    for day in range(days):
        for track in pool:
            place = strength[track["key"]]
            strength[track["key"]] = place + dice.gauss(0, 1.1 + place * 0.035)
        for _ in range(6):  # some come in from nowhere, high up
            strength[dice.choice(pool[size - 60 :])["key"]] = dice.uniform(3, size * 0.7)
        ranked = sorted(pool, key=lambda track: strength[track["key"]])
        snapshots[(date.fromisoformat(DAY) - timedelta(days - 1 - day)).isoformat()] = ranked[:size]
    return snapshots


class Moved(NamedTuple):
    """What the days of one feed come to: rows of the window, all ranks of it, and the movement of its last day."""

    snapshots: list[dict[str, Any]]
    history: list[dict[str, Any]]
    latest: list[dict[str, Any]]


def _moves(feed: str, snapshots: Mapping[str, Sequence[Mapping[str, Any]]]) -> Moved:
    """One pass over the days, which remembers of every track how often it was there, its best and its last rank."""
    moved = Moved([], [], [])
    stays, peaks = Counter(), dict[str, int]()
    before, previous = dict[str, tuple[int, Mapping[str, Any]]](), None
    last = sorted(snapshots)[-1] if snapshots else ""
    wanted = {track["key"] for track in snapshots.get(last, ())[:30]}
    for day in sorted(snapshots):
        now = {track["key"]: (rank, track) for rank, track in enumerate(snapshots[day], 1)}
        new = [key for key in now if not stays[key]]
        back = [key for key in now if stays[key] and key not in before]
        for key, (rank, track) in now.items():
            stays[key] += 1
            peaks[key] = min(rank, peaks.get(key, rank))
            if key in wanted or rank <= 5:
                moved.history.append(_named(feed, track) | {"snapshot_date": day, "rank": rank})
        moved.snapshots.append(
            {
                "feed": feed, "snapshot_date": day, "previous_date": previous, "tracks": len(now),
                "artists": len({track["artist"] for _, track in now.values() if track["artist"]}),
                "newcomers": len(new) if previous else 0, "returns": len(back) if previous else 0,
                "mean_popularity": _mean([track.get("popularity") for _, track in now.values()]),
            }
        )  # fmt: skip
        if day == last:
            moved.latest.extend(_move(feed, now[key], before.get(key), previous, stays[key], peaks[key]) for key in now)
        before, previous = now, day
    return moved


def _move(feed: str, now: Any, before: Any, previous: str | None, stay: int, peak: int) -> dict[str, Any]:
    (rank, track), (rank_before, then) = now, before or (None, {})
    both = track.get("popularity") is not None and then.get("popularity") is not None
    return _named(feed, track) | {
        "rank": rank, "previous_date": previous, "previous_rank": rank_before,
        "movement": None if rank_before is None else rank_before - rank,
        "is_new": stay == 1 if previous else None,
        "is_returning": stay > 1 and rank_before is None if previous else None,
        "days_on_chart": stay, "peak_rank": peak, "popularity": track.get("popularity"),
        "popularity_change": track["popularity"] - then["popularity"] if both else None,
    }  # fmt: skip


def _named(feed: str, track: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "feed": feed,
        "track_key": track["key"],
        "track_id": track["key"],
        "track_name": track["title"],
        "artist_name": track["artist"],
    }


def _stay(key: str, snapshots: Mapping[str, Sequence[Mapping[str, Any]]], until: str | None) -> int:
    return sum(any(t["key"] == key for t in tracks) for day, tracks in snapshots.items() if until and day <= until)


def _mean(values: Sequence[Any]) -> float | None:
    given = [value for value in values if value is not None]
    return sum(given) / len(given) if given else None


def _table(schema: pa.Schema, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist([{name: row.get(name) for name in schema.names} for row in rows], schema=schema)
