"""Made-up mart tables for the report's tests: a seeded chart that moves from day to day, or a few rows by hand.

The tables are derived here in plain Python, independently of the SQL that makes the real ones.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa

from pyspotify_assets.report import Check, ReportData
from pyspotify_assets.schemas import arrow_schema
from pyspotify_assets.tables import CHART_EXITS, CHART_MOVEMENT, RELEASE_PROFILE, TOP_ARTISTS, Table

Track = Mapping[str, Any]
DAY = TODAY = "2026-11-22"
YESTERDAY, BEFORE = "2026-11-21", "2026-11-20"
MOVEMENT_SCHEMA = arrow_schema(CHART_MOVEMENT).append(pa.field("snapshot_date", pa.string()))
TRACKS_SCHEMA = pa.schema(
    [
        ("feed", pa.string()), ("rank", pa.int32()), ("track_name", pa.string()), ("artist_name", pa.string()),
        ("duration_ms", pa.int32()), ("popularity", pa.int16()), ("explicit", pa.bool_()), ("released_on", pa.date32()),
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
_WORDS = """
    amber atlas avenue bloom bridge cactus canyon carnival coral dawn delta echo ember fable feather garden glass
    harbor hollow indigo island juniper kite lantern lemon marble meadow midnight mirror monsoon neon ocean orchid
    paper parade pepper polar quartz radio river saffron satellite shadow silver sugar summer thunder tide velvet
    violet whistle window winter zephyr
""".split()  # noqa: SIM905


def table(declaration: Table, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Rows with any columns left out (null) as a mart's table."""
    return _table(arrow_schema(declaration), rows)


def movement(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Rows of `chart_movement` with `snapshot_date`."""
    return _table(MOVEMENT_SCHEMA, rows)


def empty(feeds: Sequence[str] = ("popular_songs", "top_played"), day: str = DAY) -> ReportData:
    """A day on which nothing at all is there."""
    return ReportData(
        day=day,
        sample=False,
        feeds=list(feeds),
        movement=movement([]),
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
    moves, exits, artists, years, tracks = [], [], [], [], []
    for feed, snapshots in by_feed.items():
        ranks = {d: {t["key"]: (rank, t) for rank, t in enumerate(tracks, 1)} for d, tracks in snapshots.items()}
        moves += [row for date_ in sorted(snapshots) for row in _moves(feed, date_, snapshots, ranks)]
        if day not in snapshots:
            continue
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
            }
            for rank, t in enumerate(today, 1)
        ]  # fmt: skip
    data = replace(
        empty(list(by_feed), day),
        movement=movement(moves),
        exits=table(CHART_EXITS, exits),
        artists=table(TOP_ARTISTS, artists),
        years=table(RELEASE_PROFILE, years),
        tracks=_table(TRACKS_SCHEMA, tracks),
    )
    return replace(data, **fields)


def full_day(days: int = 14, popularity: bool = True, **fields: Any) -> ReportData:
    """Both default feeds at full size, as many days as asked for, with checks and counts: the same every time."""
    settings: dict[str, Any] = {"sample": True, "checks": CHECKS, "counts": COUNTS} | fields
    return charts(
        {
            "popular_songs": _wander("popular_songs", 1000, days, range(2025, 2027), popularity),
            "top_played": _wander("top_played", 550, days, range(1968, 2027), popularity),
        },
        **settings,
    )


def full_year() -> ReportData:
    """One feed of 25 tracks on each day of a year."""
    return charts({"top_played": _wander("top_played", 25, 366, range(1968, 2027), True)}, checks=CHECKS, counts=COUNTS)


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


def _moves(
    feed: str, day: str, snapshots: Mapping[str, Sequence[Track]], ranks: Mapping[str, Mapping[str, tuple[int, Track]]]
) -> list[dict[str, Any]]:
    earlier = sorted(other for other in snapshots if other < day)
    previous = earlier[-1] if earlier else None
    rows = []
    for rank, track in enumerate(snapshots[day], 1):
        key = track["key"]
        before, then = ranks[previous].get(key, (None, None)) if previous else (None, None)
        history = [ranks[d][key][0] for d in earlier if key in ranks[d]]
        both = before is not None and track.get("popularity") is not None and then.get("popularity") is not None
        rows.append(
            _named(feed, track)
            | {
                "snapshot_date": day, "rank": rank, "previous_date": previous, "previous_rank": before,
                "movement": None if before is None else before - rank,
                "is_new": not history if previous else None,
                "is_returning": bool(history) and before is None if previous else None,
                "days_on_chart": len(history) + 1, "peak_rank": min([rank, *history]),
                "popularity": track.get("popularity"),
                "popularity_change": track["popularity"] - then["popularity"] if both else None,
            }
        )  # fmt: skip
    return rows


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
