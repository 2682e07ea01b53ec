"""What should be there, worked out again in plain Python, and what became of each day.

Nothing of the pipeline's reading, refining or SQL is used: Spotify is asked over plain HTTP for what it had on a day,
raw is read with `csv`, and the marts are counted with dictionaries. Only finding the objects is left to the lake.
"""

from __future__ import annotations

import base64
import csv
import json
import re
import urllib.parse
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow.parquet as pq

from pyspotify_assets.alerts.incidents import News
from pyspotify_assets.lake import Lake
from pyspotify_assets.names import DATABASES
from pyspotify_assets.tables import PIPELINE_HEALTH
from pyspotify_assets_tests.pipelines import FEEDS

if TYPE_CHECKING:
    from pyspotify_assets_tests.soak.world import World

LOOKBACK = 28


class Track(NamedTuple):
    """What is compared of a track."""

    rank: int
    track_id: str
    name: str
    artist_id: str
    artist: str
    popularity: int | None
    album: str
    released: str

    @property
    def key(self) -> str:
        return self.track_id or f"{self.name} | {self.artist} | {self.album}"


Chart = Sequence[Track]
Charts = Mapping[tuple[str, str], Chart]
"""(feed, day) → its tracks."""


class Spotify:
    """What Spotify had on a day, asked for without any of the pipeline's code. `address`: of a simulator."""

    def __init__(self, address: str) -> None:
        self._address = address

    def chart(self, feed: str, day: str) -> list[Track]:
        """The chart as a snapshot of that day has it: 40 of a search, 40 of a playlist."""
        page = self.page(feed, day)
        items = page["tracks"]["items"] if feed == "popular_songs" else [item["track"] for item in page["items"]]
        tracks = [item for item in items if item and item.get("type") == "track"]
        return [_of_spotify(rank, item) for rank, item in enumerate(tracks, 1)]

    def page(self, feed: str, day: str) -> Any:
        """The page that Spotify answers with on that day."""
        year = int(day[:4])
        if feed == "popular_songs":
            query = {"q": f"year:{year - 1}-{year}", "type": "track", "market": "US", "limit": 40}
            return self._get(day, f"search?{urllib.parse.urlencode(query)}")
        return self._get(day, "playlists/2YRe7HRKNRvXdJBp9nXFza/tracks?market=US&limit=40")

    def _get(self, day: str, what: str) -> Any:
        key = base64.b64encode(b"oracle:oracle").decode()
        asked = urllib.request.Request(  # noqa: S310 - our own loopback address
            f"{self._address}/api/token", b"grant_type=client_credentials", {"Authorization": f"Basic {key}"}
        )
        with urllib.request.urlopen(asked, timeout=30) as answer:  # noqa: S310
            token = json.load(answer)["access_token"]
        asked = urllib.request.Request(  # noqa: S310
            f"{self._address}/as-of/{day}/v1/{what}", headers={"Authorization": f"Bearer {token}"}
        )
        with urllib.request.urlopen(asked, timeout=30) as answer:  # noqa: S310
            return json.load(answer)


def _of_spotify(rank: int, item: Mapping[str, Any]) -> Track:
    artist = item["artists"][0] if item["artists"] else {}
    album = item["album"]
    return Track(
        rank,
        item["id"] or "",
        _one_line(item["name"]),
        artist.get("id") or "",
        _one_line(artist.get("name") or ""),
        item.get("popularity"),
        _one_line(album.get("name") or ""),
        album.get("release_date") or "",
    )


def _one_line(text: str) -> str:
    return "".join(
        " " if not letter.isprintable() and letter not in " \t" and ord(letter) < 0xA0 else letter for letter in text
    )


def of_rows(rows: Iterable[Mapping[str, Any]]) -> list[Track]:
    """The chart in rows of raw, or of what has landed."""
    names = ("track_id", "track_name", "artist_id", "artist_name", "popularity", "album_name", "release_date")
    charts = []
    for row in rows:
        track_id, name, artist_id, artist, popularity, album, released = (row.get(each) for each in names)
        known = None if popularity in (None, "") else int(popularity)
        texts = [text or "" for text in (track_id, name, artist_id, artist)]
        charts.append(Track(int(row["rank"]), *texts, known, album or "", released or ""))
    return charts


def raw_chart(lake: Lake, feed: str, day: str) -> list[Track] | None:
    """What lies in raw."""
    place = lake.place(("raw", feed), day)
    if place.info() is None:
        return None
    with place.store.local(place.key) as file, open(file, encoding="utf-8", newline="") as text:
        return of_rows(csv.DictReader(text))


def refined_rows(lake: Lake, feed: str, day: str) -> list[tuple]:
    """Rank, id, title, artist, popularity and album of what lies in refined; empty if nothing does."""
    place = lake.place(("refined", feed), day)
    if place.info() is None:
        return []
    with place.store.local(place.key) as file:
        columns = ["rank", "track_id", "track_name", "artist_name", "popularity", "album_name"]
        table = pq.ParquetFile(file).read(columns)
    return [tuple(row.values()) for row in table.to_pylist()]


def refined(chart: Chart) -> list[Track]:
    """One row for each track, at its best rank."""
    best: dict[str, Track] = {}
    for track in sorted(chart):
        best.setdefault(track.key, track)
    return list(best.values())


def as_refined(chart: Chart) -> list[tuple]:
    return [
        (one.rank, one.track_id or None, one.name, one.artist or None, one.popularity, one.album or None)
        for one in refined(chart)
    ]


def marts(charts: Charts, day: str) -> dict[str, Counter[tuple]]:
    """The rows of the day's marts, of those columns that say something, over refined charts by feed and day."""
    found: dict[str, Counter[tuple]] = defaultdict(Counter)
    first = (date.fromisoformat(day) - timedelta(days=LOOKBACK)).isoformat()
    for feed in FEEDS:
        if (feed, day) not in charts:
            continue
        window = {
            other: charts[feed, other] for name, other in sorted(charts) if name == feed and first <= other <= day
        }
        previous = max((other for other in window if other < day), default=None)
        ranks = {other: {track.key: track for track in chart} for other, chart in window.items()}
        before = ranks[previous] if previous else {}
        for track in window[day]:
            seen = [other for other in ranks if track.key in ranks[other]]
            was = before.get(track.key)
            found["chart_movement"][
                feed,
                track.key,
                track.rank,
                previous,
                was.rank if was else None,
                len(seen) == 1 if previous else None,
                len(seen) > 1 and was is None if previous else None,
                len(seen),
                min(ranks[other][track.key].rank for other in seen),
                track.popularity,
            ] += 1
        for key, track in before.items():
            if key not in ranks[day]:
                found["chart_exits"][
                    feed, key, previous, track.rank, sum(key in chart for chart in ranks.values())
                ] += 1
        artists: dict[str, list[Track]] = defaultdict(list)
        years: Counter[int | None] = Counter()
        for track in window[day]:
            artists[track.artist_id or track.artist].append(track)
            years[int(track.released[:4]) if track.released[:4].strip("0").isdigit() else None] += 1
        for key, tracks in artists.items():
            if key:
                found["top_artists"][feed, key, len(tracks), min(track.rank for track in tracks)] += 1
        for year, tracks in years.items():
            found["release_profile"][feed, year, tracks] += 1
    return found


MART_COLUMNS = {
    "chart_movement": "feed, track_key, rank, previous_date, previous_rank, is_new, is_returning, days_on_chart, "
    "peak_rank, popularity",
    "chart_exits": "feed, track_key, previous_date, last_rank, days_on_chart",
    "top_artists": "feed, artist_key, tracks, best_rank",
    "release_profile": "feed, release_year, tracks",
}


@dataclass
class Verdict:
    """What became of every day: complete and right, reported as missing, or else what is wrong with it in words."""

    right: list[str] = field(default_factory=list)
    reported: list[str] = field(default_factory=list)
    suspected: list[str] = field(default_factory=list)
    """Feeds and days that are not what there was, which a check has told."""
    wrong: dict[str, list[str]] = field(default_factory=dict)


def judge(world: World, days: Sequence[str]) -> Verdict:
    """Judge these days of a world."""
    lake, spotify = world.lake, Spotify(world.truth.base_url)
    verdict, charts = Verdict(), {}
    faults: dict[str, list[str]] = defaultdict(list)
    missing: dict[str, list[str]] = defaultdict(list)
    for day in days:
        for feed in FEEDS:
            there = raw_chart(lake, feed, day)
            if there is None:
                missing[day].append(feed)
                continue
            landed = world.landed.get((feed, day))
            truth = of_rows(landed) if landed else spotify.chart(feed, day)
            if there != truth and not _told_wrong(world.diary.news, day):
                faults[day].append(f"raw/{feed} is not what there was")
            elif there != truth:
                verdict.suspected.append(f"{feed} {day}")
            if refined_rows(lake, feed, day) != as_refined(there):
                faults[day].append(f"refined/{feed} is not what raw gives")
            charts[feed, day] = refined(there)
    made = {name: _mart_rows(world, name) for name in MART_COLUMNS}
    for day in days:
        for name, rows in marts(charts, day).items():
            if made[name].get(day, Counter()) != rows:
                faults[day].append(f"{name} is not what refined gives")
        if len(missing[day]) < len(FEEDS) and lake.place(("report", "daily"), day).info() is None:
            faults[day].append("there is no report")
        unreported = [feed for feed in missing[day] if not _told(world.diary.news, feed, day)]
        faults[day] += [f"nobody was told that {feed} is missing" for feed in unreported]
        if faults[day]:
            verdict.wrong[day] = faults[day]
        elif missing[day]:
            verdict.reported.append(day)
        else:
            verdict.right.append(day)
    return verdict


def _mart_rows(world: World, name: str) -> dict[str, Counter[tuple]]:
    rows: dict[str, Counter[tuple]] = defaultdict(Counter)
    table = world.pipeline.sql.query(f"SELECT snapshot_date, {MART_COLUMNS[name]} FROM spotify_marts.{name}")
    for row in table.to_pylist():
        day, *values = row.values()
        rows[day][tuple(values)] += 1
    return rows


def _told_wrong(news: Sequence[News], day: str) -> bool:
    """Whether somebody was told that the day does not look right."""
    about = f"{DATABASES['marts']}/{PIPELINE_HEALTH.name}:"
    return any(one.is_alarm and one.trouble.subject.startswith(about) and day in one.trouble.happened for one in news)


def _named(day: str, words: str) -> bool:
    """Whether the check's words name the day as missed, by itself or as one of `first to last`."""
    gaps = re.findall(r"(\d{4}-\d\d-\d\d)(?: to (\d{4}-\d\d-\d\d))?", words.partition("no snapshot of")[2])
    return any(first <= day <= (last or first) for first, last in gaps)


def _told(news: Sequence[News], feed: str, day: str) -> bool:
    """Whether somebody was told of something that says that the feed's day is missing."""
    for one in news:
        trouble = one.trouble
        if not one.is_alarm:
            continue
        if trouble.kind in ("failure", "late") and trouble.subject == f"raw/{feed}" and day in trouble.days:
            return True
        if trouble.kind == "login" and day in trouble.days:
            return True
        if trouble.kind == "refusal" and one.at.date().isoformat() == day:
            return True
        if trouble.subject == f"raw/{feed}:no_day_missed" and _named(day, trouble.happened):
            return True
    return False
