"""What the report's charts show: figures in, complete Vega-Lite specifications out, holding only the rows they draw.

How they are drawn is in drawings.py, colours and type in theme.py. Each function says what it needs to have.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from statistics import median
from typing import Any

from pyspotify_assets.report import drawings, theme
from pyspotify_assets.report.churn import drawn
from pyspotify_assets.report.figures import Feed, Row
from pyspotify_assets.report.spans import Span
from pyspotify_assets.report.texts import Texts

Spec = dict[str, Any]

ARTISTS = 15
"""Bars in the chart of artists."""

FEW_YEARS = 6
"""Up to so many years are drawn as labelled bars; more of them on an axis."""

STEP_MS = 30_000
"""Width of a column in the histogram of lengths."""

LONGEST_MS = 480_000
"""Lengths from here on share the histogram's last column, so that one long mix does not flatten the others."""

_RANK_HEIGHT, _BAR_HEIGHT, _COLUMNS_HEIGHT, _HEAT_HEIGHT = 34, 38, 180, 190

DAY = 86_400_000
"""Milliseconds of a day."""


def bump(feed: Feed, texts: Texts) -> Spec:
    """Rank per day of the first tracks; below them a strip for days on which they were lower. Needs two days."""
    size = len(feed.top)
    labels = {row["track_key"]: _label(row, place, texts) for place, row in enumerate(feed.top, 1)}
    days = drawn(feed.days)
    rows = [row | labels[row["key"]] for row in _points(feed, days, size + drawings.STRIP)]
    headings = tuple(texts(f"col_{name}") for name in ("track", "artist", "day", "rank"))
    drawing = drawings.lines(size, texts("bump_lower"), headings)
    return filled(drawing, rows, (size + drawings.STRIP) * _RANK_HEIGHT, ticks=ticks(days), found=None)


def artists(feed: Feed, texts: Texts) -> Spec:
    """Tracks per artist, most first. Needs one artist."""
    rows = [
        {
            "name": texts.artist(row),
            "value": row["tracks"],
            "note": f"{texts.number(row['tracks'])} · {texts.percent(row['chart_share'])}",
            "tone": "accent" if row["tracks"] == feed.artists[0]["tracks"] else "quiet",
        }
        for row in feed.artists[:ARTISTS]
    ]
    return _bars(rows, (texts("col_artist"), texts("col_tracks")))


def years(feed: Feed, texts: Texts) -> Spec:
    """Tracks per year of release: labelled bars for a few years, columns on an axis for more. Needs one known year."""
    rows = [row for row in feed.years if row["release_year"] is not None]
    most = max(row["tracks"] for row in rows)
    values = [
        {
            "name": str(row["release_year"]),
            "from": row["release_year"] - 0.4,
            "to": row["release_year"] + 0.4,
            "value": row["tracks"],
            "note": texts.number(row["tracks"]),
            "tone": "accent" if row["tracks"] == most else "quiet",
        }
        for row in rows
    ]
    headings = (texts("col_year"), texts("col_tracks"))
    if len(values) <= FEW_YEARS:
        return _bars(values[::-1], headings)
    first, last = rows[0]["release_year"], rows[-1]["release_year"]
    step = next(step for step in (1, 2, 5, 10, 20, 50, 1000) if (last - first) / step <= 8)
    ticks = tuple(range(first + -first % step, last + 1, step))
    return filled(drawings.columns(headings, (first - 0.6, last + 0.6), ticks, None), values, _COLUMNS_HEIGHT)


def durations(feed: Feed, texts: Texts) -> Spec:
    """Tracks per half minute of length, the median's column standing out. Needs one track with a length."""
    middle = min(median(feed.durations), LONGEST_MS)
    bins = duration_bins(feed.durations, texts)
    values = [
        {
            "name": name,
            "from": start / 60_000 + 0.02,
            "to": (start + STEP_MS) / 60_000 - 0.02,
            "value": count,
            "tone": "accent" if start <= middle < start + STEP_MS else "quiet",
        }
        for name, start, count in bins
    ]
    domain = (bins[0][1] / 60_000, (bins[-1][1] + STEP_MS) / 60_000)
    headings = (texts("col_length"), texts("col_tracks"))
    drawing = drawings.columns(headings, domain, tuple(range(LONGEST_MS // 60_000 + 1)), texts("minutes"))
    return filled(drawing, values, _COLUMNS_HEIGHT)


def duration_bins(lengths: Sequence[int], texts: Texts) -> list[tuple[str, int, int]]:
    """(label, start in milliseconds, tracks) per half minute from the shortest to the longest, empty ones included."""
    counts: dict[int, int] = {}
    for length in lengths:
        start = min(length, LONGEST_MS) // STEP_MS * STEP_MS
        counts[start] = counts.get(start, 0) + 1
    return [
        (
            texts("durations_over", length=texts.duration(start))
            if start == LONGEST_MS
            else f"{texts.duration(start)}–{texts.duration(start + STEP_MS - 1000)}",
            start,
            counts.get(start, 0),
        )
        for start in range(min(counts), max(counts) + 1, STEP_MS)
    ]


def decades(spans: Sequence[Span], texts: Texts) -> Spec:
    """The middle half of lengths by decade of release, newest first, the medians marked. Needs one decade."""
    values = [
        {
            "place": place,
            "name": texts("decade", decade=span.decade),
            "low": span.low / 60_000,
            "middle": span.middle / 60_000,
            "high": span.high / 60_000,
            "value": texts.duration(span.middle),
            "note": f"{texts.duration(span.middle)} · {texts.count('feed_tracks', span.tracks)}",
        }
        for place, span in enumerate(spans)
    ]
    return filled(drawings.spans((texts("col_decade"), texts("col_median"))), values, len(values) * _BAR_HEIGHT)


def heat(minutes: Mapping[tuple[int, int], float], texts: Texts) -> Spec:
    """Minutes by weekday (1 is Monday) and hour as a field of squares, darker for more. Needs one minute."""
    most = max(minutes.values())
    values = [
        {
            "name": texts("weekday_hour", weekday=texts.weekdays[weekday - 1], hour=hour, next=hour + 1),
            "hour": hour,
            "weekday": weekday,
            "value": round(minutes.get((weekday, hour), 0)),
            "tone": theme.ramp(minutes.get((weekday, hour), 0) / most),
        }
        for weekday in range(1, 8)
        for hour in range(24)
    ]
    days = tuple(day[:3] for day in texts.weekdays)
    return filled(drawings.heat((texts("col_hour"), texts("col_minutes")), days), values, _HEAT_HEIGHT)


def hours(minutes: Sequence[float], texts: Texts) -> Spec:
    """Minutes listened in each of the 24 hours of the day, the hour with most standing out."""
    values = [
        {
            "name": texts("hours", hour=hour, next=hour + 1),
            "from": hour + 0.06,
            "to": hour + 0.94,
            "value": round(value),
            "tone": "accent" if value == max(minutes) else "quiet",
        }
        for hour, value in enumerate(minutes)
    ]
    headings = (texts("col_hour"), texts("col_minutes"))
    return filled(drawings.columns(headings, (0, 24), tuple(range(0, 25, 3)), None), values, _COLUMNS_HEIGHT)


def weekdays(minutes: Sequence[float], texts: Texts) -> Spec:
    """Minutes listened on each of the seven days of the week, Monday first, the day with most standing out."""
    values = [
        {
            "name": texts.weekdays[day],
            "value": round(value),
            "note": texts.number(value),
            "tone": "accent" if value == max(minutes) else "quiet",
        }
        for day, value in enumerate(minutes)
    ]
    return _bars(values, (texts("col_weekday"), texts("col_minutes")))


def _bars(values: Sequence[Mapping[str, Any]], headings: tuple[str, str]) -> Spec:
    rows = [{**value, "place": place} for place, value in enumerate(values)]
    return filled(drawings.bars(headings), rows, len(rows) * _BAR_HEIGHT)


def filled(drawing: Spec, rows: Sequence[Mapping[str, Any]], height: float, **values: Any) -> Spec:
    """The drawing with its rows, its height in pixels, and values for its parameters."""
    spec = {**drawing, "height": height, "datasets": {drawings.ROWS: list(rows)}}
    if values:
        spec["params"] = [*spec.get("params", []), *({"name": name, "value": value} for name, value in values.items())]
    return spec


def milliseconds(day: str) -> int:
    """A day as the charts' time axis counts it: milliseconds since 1970, UTC."""
    return (date.fromisoformat(day) - date(1970, 1, 1)).days * DAY


def ticks(days: Sequence[str]) -> list[int]:
    """Up to eight of the days for an axis, the last always among them."""
    return [milliseconds(day) for day in days[:: -max(1, (len(days) + 3) // 7)]]


def _label(row: Row, place: int, texts: Texts) -> dict[str, Any]:
    """What stands where a track's line ends, and its colour."""
    move = row["movement"] or 0
    if row["is_new"] or row["is_returning"]:
        sign = texts("tag_new" if row["is_new"] else "tag_back")
    else:
        sign = f"▲ {move}" if move > 0 else f"▼ {-move}" if move < 0 else ""
    artist = texts.artist(row)
    return {
        "title": texts.title(row),
        "artist": artist,
        "note": f"{sign} · {artist}" if sign else artist,
        "tone": f"series-{place}" if place <= len(theme.SERIES) else "quiet",
        "lead": place <= len(theme.SERIES),
    }


def _points(feed: Feed, days: Sequence[str], strip: float) -> list[dict[str, Any]]:
    """One point per track and drawn day that has it; `run` counts up after each absence, which breaks the line."""
    place_of = {day: place for place, day in enumerate(days)}
    place_today = {row["track_key"]: place for place, row in enumerate(feed.top, 1)}
    latest: dict[str, tuple[int, int]] = {}
    points = []
    for row in feed.history:
        key, day, rank = row["track_key"], row["snapshot_date"], row["rank"]
        if day not in place_of:
            continue
        before, run = latest.get(key, (place_of[day] - 1, 0))
        run += before != place_of[day] - 1
        latest[key] = (place_of[day], run)
        last = day == days[-1]
        # On the day itself places are shown, since ranks have holes where duplicates were taken out.
        shown = place_today[key] if last else rank if rank <= len(feed.top) else strip
        points.append({"key": key, "run": run, "day": day, "rank": rank, "shown": shown, "last": last})
    return points
