"""The page about the listening history: when there was listening, and what was played most, year by year."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pyspotify_assets.report import charts
from pyspotify_assets.report.heat_section import heat_fields
from pyspotify_assets.report.languages import ENGLISH
from pyspotify_assets.report.markup import Html, join, table, tag
from pyspotify_assets.report.page import document
from pyspotify_assets.report.panels import empty, figure, pair, track_cell
from pyspotify_assets.report.texts import Texts

Rows = Sequence[Mapping[str, Any]]

LISTED = 10
"""Tracks and artists shown of each year; the marts have a hundred."""

FIELDS = 4
"""Years whose weekdays and hours are shown together, as a field: the newest ones."""


@dataclass(frozen=True)
class ListeningData:
    """What the page is made from: rows of the marts with the columns of `tables.py` and `play_year`, all years."""

    tracks: Rows
    artists: Rows
    hours: Rows
    timezone: str
    generated_at: datetime
    """When the page was made, aware; shown in UTC."""


def render_listening(data: ListeningData, texts: Texts = ENGLISH) -> str:
    """One HTML document that needs nothing else. Identical data give identical text; without plays it says so."""
    years = sorted({row["play_year"] for row in data.hours}, reverse=True)
    span = texts("span", first=years[-1], last=years[0]) if len(years) > 1 else "".join(years)
    title = texts("listening_page", span=span) if years else texts("listening_page_empty")
    body = join(
        tag("a", texts("skip"), class_="skip", href="#report"),
        tag(
            "header",
            tag(
                "p", join(texts("listening_kicker"), f": {_sum(data.hours, texts)}" if years else None), class_="kicker"
            ),
            tag("h1", span or texts("listening_page_empty")),
            class_="sleeve",
        ),
        _contents(years, texts),
        tag(
            "main",
            _when(data, texts) if years else tag("section", empty(texts("listening_empty"))),
            [_year(year, data, texts) for year in years],
            id="report",
        ),
        tag("footer", tag("p", texts("footer", instant=texts.instant(data.generated_at.astimezone(UTC))))),
    )
    return document(title, body, texts)


def _contents(years: Sequence[str], texts: Texts) -> Html | None:
    if not years:
        return None
    links = [("when", texts("when")), *((f"year-{year}", year) for year in years)]
    items = [tag("li", tag("a", label, href=f"#{target}")) for target, label in links]
    return tag("nav", tag("ul", items), aria_label=texts("contents"), class_="contents")


def _sum(hours: Rows, texts: Texts) -> str:
    plays, minutes = sum(row["plays"] for row in hours), sum(row["minutes"] for row in hours)
    return texts(
        "listening_sum",
        plays=texts.count("plays_of", plays),
        listened=texts.count("hours_of", round(minutes / 60)),
    )


def _when(data: ListeningData, texts: Texts) -> Html:
    newest = sorted({row["play_year"] for row in data.hours})[-FIELDS:]
    by_hour, by_weekday = _grouped(data.hours, "hour", range(24)), _grouped(data.hours, "weekday", range(1, 8))
    hours, weekdays = [minutes for _, minutes in by_hour], [minutes for _, minutes in by_weekday]
    hour, weekday = hours.index(max(hours)), weekdays.index(max(weekdays))
    quiet_hour, quiet_day = hours.index(min(hours)), weekdays.index(min(weekdays))
    of_hours = texts(
        "hours_label",
        minutes=texts.number(hours[hour]),
        hour=hour,
        next=hour + 1,
        fewest=texts.number(hours[quiet_hour]),
        low=quiet_hour,
        after=quiet_hour + 1,
    )
    of_days = texts(
        "weekdays_label",
        minutes=texts.number(weekdays[weekday]),
        weekday=texts.weekdays[weekday],
        fewest=texts.number(weekdays[quiet_day]),
        low=texts.weekdays[quiet_day],
    )
    return tag(
        "section",
        tag(
            "div",
            tag("h2", texts("when")),
            tag("p", texts("when_note", timezone=data.timezone), class_="note"),
            tag("p", texts("listening_counts"), class_="note"),
            class_="feed-head",
        ),
        tag(
            "div",
            figure(
                texts("hours_title"),
                texts("hours_note"),
                of_hours,
                "hours",
                charts.hours(hours, texts),
                _columns("col_hour", texts),
                [_figures(texts("hour", hour=place), *found, texts) for place, found in enumerate(by_hour)],
                texts,
            ),
            figure(
                texts("weekdays_title"),
                texts("weekdays_note"),
                of_days,
                "weekdays",
                charts.weekdays(weekdays, texts),
                _columns("col_weekday", texts),
                [_figures(texts.weekdays[place], *found, texts) for place, found in enumerate(by_weekday)],
                texts,
            ),
            class_="columns",
        ),
        heat_fields([row for row in data.hours if row["play_year"] in newest], texts),
        id="when",
        class_="feed",
    )


def _grouped(rows: Rows, column: str, values: Sequence[int]) -> list[tuple[int, float]]:
    """Plays and minutes of each of these values of the column, those without any included."""
    sums = {value: [0, 0.0] for value in values}
    for row in rows:
        sums[row[column]][0] += row["plays"]
        sums[row[column]][1] += row["minutes"]
    return [(int(plays), minutes) for plays, minutes in sums.values()]


def _year(year: str, data: ListeningData, texts: Texts) -> Html:
    tracks, artists, hours = ([row for row in rows if row["play_year"] == year] for rows in _parts(data))
    rank = (texts("col_rank"), "n rank")
    played = [(texts(f"col_{name}"), "n") for name in ("plays", "minutes")]
    of_tracks = [
        (texts.number(row["rank"]), track_cell(row, texts), texts.number(row["plays"]), texts.number(row["minutes"]))
        for row in tracks[:LISTED]
    ]
    of_artists = [
        (texts.number(row["rank"]), texts.artist(row), texts.number(row["plays"]), texts.number(row["minutes"]))
        for row in artists[:LISTED]
    ]
    return tag(
        "section",
        tag("div", tag("h2", year), tag("p", _sum(hours, texts), class_="note"), class_="feed-head"),
        pair(
            texts("top_of_year", year=year),
            _listed("tracks_of_year", year, [rank, (texts("col_track"), ""), *played], of_tracks, texts),
            _listed("artists_of_year", year, [rank, (texts("col_artist"), ""), *played], of_artists, texts),
        ),
        id=f"year-{year}",
        class_="feed",
    )


def _parts(data: ListeningData) -> tuple[Rows, Rows, Rows]:
    """Tracks and artists in order of rank, and hours."""
    tracks, artists = (sorted(rows, key=lambda row: row["rank"]) for rows in (data.tracks, data.artists))
    return tracks, artists, data.hours


def _listed(name: str, year: str, columns: Sequence[tuple[str, str]], rows: Sequence[Sequence[object]], texts: Texts):
    filled = table(texts(name), columns, rows) if rows else empty(texts(f"{name}_empty", year=year))
    return tag("div", tag("h4", texts(name)), filled)


def _columns(first: str, texts: Texts) -> list[tuple[str, str]]:
    return [(texts(first), ""), (texts("col_plays"), "n"), (texts("col_minutes"), "n")]


def _figures(name: str, plays: int, minutes: float, texts: Texts) -> tuple[str, str, str]:
    return name, texts.number(plays), texts.number(minutes)
