"""What a mart's rows say at a glance: figures that the UI plots over the partitions, and a picture per feed. Pure.

Figures are named `<feed>/<figure>`, since feeds of different sizes have no sum; what has no value on a day, such as
newcomers without an earlier snapshot or popularity where it is not given, is left out rather than nought.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import TYPE_CHECKING, Any

from pyspotify_assets.health.judgement import strain
from pyspotify_assets.health.rules import RULES
from pyspotify_assets.pictures import Bar, bars, columns, lines
from pyspotify_assets.tables import (
    CHART_EXITS,
    CHART_MOVEMENT,
    LISTENING_ARTISTS,
    LISTENING_HOURS,
    LISTENING_TRACKS,
    PIPELINE_HEALTH,
    RELEASE_PROFILE,
    TOP_ARTISTS,
    Table,
)

if TYPE_CHECKING:
    import pyarrow as pa

Row = Mapping[str, Any]

PICTURED = 6
"""Feeds that have a picture, the first by name: each costs up to a kilobyte of every materialization."""

_SHOWN, _YEARS, _LEADERS, _DAYS = 8, 40, 5, 14
_MOST_STRAINED = 5
"""Times its usual range that a bar is drawn at most: others could not be seen beside it."""
_BANDS = ((1, 10), (11, 50), (51, 100), (101, 250), (251, 500), (501, 1000), (1001, None))
"""First and last rank of what exits are counted by."""


@dataclass(frozen=True)
class Glance:
    """`figures`: name → number. `pictures`: name → Markdown."""

    figures: dict[str, int | float] = field(default_factory=dict)
    pictures: dict[str, str] = field(default_factory=dict)


def of_mart(mart: Table, rows: pa.Table, day: str, compared: Sequence[str] = ()) -> Glance:
    """What one day (of the listening history: one year) of a mart says; nothing where it has no rows.

    `compared`: the feeds that have a previous snapshot, so that of theirs no exit is a figure too.
    """
    if mart.name in _OF_LISTENING:
        listened = rows.to_pylist()
        return Glance(_played(listened), {"chart": _OF_LISTENING[mart.name](listened)}) if listened else Glance()
    figures, picture = _OF_FEEDS[mart.name]
    found = Glance({f"{feed}/exits": 0 for feed in compared} if mart is CHART_EXITS else {})
    for number, (feed, of_feed) in enumerate(_by_feed(rows)):
        given = {name: value for name, value in figures(of_feed, day).items() if value is not None}
        found.figures.update({f"{feed}/{name}": value for name, value in given.items()})
        if number < PICTURED:
            found.pictures[f"{feed}/chart"] = picture(of_feed)
    return found


def of_report(history: pa.Table, day: str) -> Glance:
    """What `ReportData.history` says of `day`: the way of the day's leaders."""
    found = Glance()
    columns_read = ["feed", "snapshot_date", "rank", "track_key", "track_name"]
    for feed, rows in list(_by_feed(history.select(columns_read)))[:PICTURED]:
        days = sorted({row["snapshot_date"] for row in rows})[-_DAYS:]
        leaders = sorted((row for row in rows if row["snapshot_date"] == day), key=_rank)[:_LEADERS]
        places = {(row["track_key"], row["snapshot_date"]): row["rank"] for row in rows}
        ways = [(row["track_name"], [places.get((row["track_key"], other)) for other in days]) for row in leaders]
        if ways:
            heading = f"The day's first {len(ways)} over {len(days)} snapshots"
            found.pictures[f"{feed}/chart"] = lines(heading, ways)
    return found


def of_years(hours: Sequence[Row]) -> Glance:
    """What the rows of `listening_hours` of all years say: the minutes of each."""
    minutes: dict[str, float] = defaultdict(float)
    for row in sorted(hours, key=lambda row: row[LISTENING_HOURS.partition]):
        minutes[row[LISTENING_HOURS.partition]] += row["minutes"]
    shown = [Bar(value, f"{value:,.0f} in {year}") for year, value in list(minutes.items())[-_SHOWN:]]
    return Glance(pictures={"chart": bars("Minutes a year", shown)}) if shown else Glance()


def _by_feed(rows: pa.Table) -> Iterator[tuple[str, list[Row]]]:
    parts = defaultdict(list)
    for row in rows.to_pylist():
        parts[row["feed"]].append(row)
    yield from sorted(parts.items())


def _rank(row: Row) -> int:
    return row["rank"]


def _movement(rows: Sequence[Row], day: str) -> dict[str, int | float | None]:
    compared = any(row["previous_date"] for row in rows)
    moves = [row["movement"] for row in rows if row["movement"] is not None]
    newcomers, returns = (sum(bool(row[name]) for row in rows) for name in ("is_new", "is_returning"))
    figures = {
        "newcomers": newcomers,
        "returns": returns,
        "churn_share": round((newcomers + returns) / len(rows), 4),
        "climbers": sum(move > 0 for move in moves),
        "fallers": sum(move < 0 for move in moves),
        "biggest_climb": max(0, *moves, 0),
        "biggest_fall": max(0, *(-move for move in moves), 0),
    }
    mean = _mean(row["popularity"] for row in rows)
    return {"tracks": len(rows), "mean_popularity": mean, **(figures if compared else {})}


def _movers(rows: Sequence[Row]) -> str:
    moved = [row for row in rows if row["movement"]]
    if not moved:
        return "No earlier snapshot in the window, or no track that moved since"
    ordered = sorted(moved, key=lambda row: (-row["movement"], row["rank"]))
    up = [row for row in ordered if row["movement"] > 0][: _SHOWN // 2]
    down = [row for row in reversed(ordered) if row["movement"] < 0][: _SHOWN // 2]
    return bars(
        "Biggest climbs and falls",
        [Bar(row["movement"], f"▲ {row['movement']} {row['track_name']}") for row in up]
        + [Bar(row["movement"], f"▼ {-row['movement']} {row['track_name']}", falls=True) for row in down],
    )


def _exits(rows: Sequence[Row], day: str) -> dict[str, int | float | None]:
    return {
        "exits": len(rows),
        "best_rank_lost": min(row["last_rank"] for row in rows),
        "mean_days_on_chart": _mean(row["days_on_chart"] for row in rows),
    }


def _bands(rows: Sequence[Row]) -> str:
    counted = {
        f"{first}–{last}" if last else f"from {first}": sum(
            first <= row["last_rank"] and (last is None or row["last_rank"] <= last) for row in rows
        )
        for first, last in _BANDS
    }
    reached = [place for place, number in enumerate(counted.values()) if number]
    shown = list(counted.items())[: reached[-1] + 1]
    return bars("Exits by last rank", [Bar(number, f"{number}: rank {band}") for band, number in shown])


def _artists(rows: Sequence[Row], day: str) -> dict[str, int | float | None]:
    return {
        "artists": len(rows),
        "most_tracks": max(row["tracks"] for row in rows),
        "largest_share": round(max(row["chart_share"] for row in rows), 4),
    }


def _most_tracks(rows: Sequence[Row]) -> str:
    first = sorted(rows, key=lambda row: (-row["tracks"], row["best_rank"]))[:_SHOWN]
    return bars(
        "Artists with most tracks",
        [Bar(row["tracks"], f"{row['tracks']} {row['artist_name'] or row['artist_key']}") for row in first],
    )


def _releases(rows: Sequence[Row], day: str) -> dict[str, int | float | None]:
    tracks = sum(row["tracks"] for row in rows)
    dated = {row["release_year"]: row["tracks"] for row in rows if row["release_year"] is not None}
    lengths = [(row["mean_duration_ms"], row["tracks"]) for row in rows if row["mean_duration_ms"] is not None]
    counted = sum(number for _, number in lengths)
    return {
        "years": len(dated),
        "tracks_without_a_year": tracks - sum(dated.values()),
        "share_of_this_year": round(dated.get(int(day[:4]), 0) / tracks, 4),
        "mean_duration_s": round(sum(mean * number for mean, number in lengths) / counted / 1000, 1)
        if counted
        else None,
    }


def _years(rows: Sequence[Row]) -> str:
    dated = {row["release_year"]: row["tracks"] for row in rows if row["release_year"] is not None}
    if not dated:
        return "No track has a year of release"
    last = max(dated)
    first = max(min(dated), last - _YEARS + 1)
    before = sum(number for year, number in dated.items() if year < first)
    if len(dated) <= _SHOWN:
        return bars(
            "Tracks by year of release", [Bar(dated[year], f"{dated[year]} of {year}") for year in sorted(dated)]
        )
    heading = f"Tracks by year of release, {first} to {last}" + (f" ({before} are older)" if before else "")
    return columns(heading, {str(year): dated.get(year, 0) for year in range(first, last + 1)})


def _played(rows: Sequence[Row]) -> dict[str, int | float]:
    return {"plays": sum(row["plays"] for row in rows), "minutes": round(sum(row["minutes"] for row in rows), 1)}


def _most_played(name: str) -> Callable[[Sequence[Row]], str]:
    def picture(rows: Sequence[Row]) -> str:
        first = sorted(rows, key=_rank)[:_SHOWN]
        return bars("Most played", [Bar(row["plays"], f"{row['plays']:,} {row[name]}") for row in first])

    return picture


def _hours(rows: Sequence[Row]) -> str:
    minutes = dict.fromkeys(range(24), 0.0)
    for row in rows:
        minutes[row["hour"]] += row["minutes"]
    return columns("Minutes by hour of the day", {f"{hour} h": value for hour, value in minutes.items()})


def _figures(rows: Sequence[Row], day: str) -> dict[str, int | float | None]:
    return {row["figure"]: None if row["value"] is None else round(row["value"], 4) for row in rows}


def _strained(rows: Sequence[Row]) -> str:
    used = {rule.words: strain(rule, row) for rule in RULES for row in rows if row["figure"] == rule.figure}
    known = sorted((part, words) for words, part in used.items() if part is not None)[::-1][:_SHOWN]
    if not known:
        return "No figure has a history of its own yet"
    return bars(
        "How much of its usual range a figure uses",
        [Bar(min(part, _MOST_STRAINED), f"{part:.0%} {words}", falls=part > 1) for part, words in known],
    )


def _mean(values: Iterator[int | None]) -> float | None:
    given = [value for value in values if value is not None]
    return round(fmean(given), 2) if given else None


_OF_FEEDS = {
    CHART_MOVEMENT.name: (_movement, _movers),
    CHART_EXITS.name: (_exits, _bands),
    TOP_ARTISTS.name: (_artists, _most_tracks),
    RELEASE_PROFILE.name: (_releases, _years),
    PIPELINE_HEALTH.name: (_figures, _strained),
}
_OF_LISTENING = {
    LISTENING_TRACKS.name: _most_played("track_name"),
    LISTENING_ARTISTS.name: _most_played("artist_name"),
    LISTENING_HOURS.name: _hours,
}
