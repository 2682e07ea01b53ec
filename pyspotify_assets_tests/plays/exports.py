"""Made-up exports of the listening history, as Spotify packs them: a few records written by hand, or millions."""

from __future__ import annotations

import io
import json
import random
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from pyspotify_assets.lake import Lake
from pyspotify_assets.plays.take import REFINED

FOLDER = "Spotify Extended Streaming History"
AUDIO = f"{FOLDER}/Streaming_History_Audio_2023_0.json"
IP = "203.0.113.77"


def play(ts: str = "2023-03-01T12:00:00Z", track: str = "A", **fields: Any) -> dict[str, Any]:
    """One record with all the fields that Spotify writes; those of a track unless given otherwise."""
    record: dict[str, Any] = {
        "ts": ts,
        "platform": "android",
        "ms_played": 180_000,
        "conn_country": "BR",
        "ip_addr": IP,
        "master_metadata_track_name": f"Song {track}",
        "master_metadata_album_artist_name": f"Artist of {track}",
        "master_metadata_album_album_name": f"Album {track}",
        "spotify_track_uri": f"spotify:track:{track}",
        "episode_name": None,
        "episode_show_name": None,
        "spotify_episode_uri": None,
        "audiobook_title": None,
        "audiobook_uri": None,
        "audiobook_chapter_uri": None,
        "audiobook_chapter_title": None,
        "reason_start": "trackdone",
        "reason_end": "trackdone",
        "shuffle": False,
        "skipped": False,
        "offline": False,
        "offline_timestamp": None,
        "incognito_mode": False,
    }
    return record | fields


def episode(ts: str, name: str, **fields: Any) -> dict[str, Any]:
    """One record of a podcast."""
    nothing = dict.fromkeys(key for key in play() if key.startswith(("master_", "spotify_track")))
    of_episode = {"episode_name": name, "episode_show_name": "Show", "spotify_episode_uri": f"spotify:episode:{name}"}
    return play(ts, **{**nothing, **of_episode, **fields})


def packed(path: Path, files: Mapping[str, Any]) -> Path:
    """A ZIP of these files: text and bytes as they are, anything else as JSON. A readme lies beside them, as always."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{FOLDER}/ReadMeFirst_ExtendedStreamingHistory.pdf", b"%PDF-1.4")
        for name, content in files.items():
            archive.writestr(name, content if isinstance(content, (str, bytes)) else json.dumps(content))
    return path


def export(path: Path, plays: Iterable[Mapping[str, Any]], file: str = AUDIO) -> Path:
    """A ZIP with these records in one file."""
    return packed(path, {file: list(plays)})


def large_export(path: Path, number: int, years: int = 12, seed: int = 2023, file_records: int = 16_000) -> Path:
    """A ZIP of so many made-up plays over so many years up to 2025, in files of the size that Spotify makes them."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for place, start in enumerate(range(0, number, file_records)):
            with archive.open(f"{FOLDER}/Streaming_History_Audio_{place}.json", "w") as file:
                text = io.TextIOWrapper(file, encoding="utf-8")
                text.write("[")
                for row, line in enumerate(_lines(number, start, min(start + file_records, number), years, seed)):
                    text.write(("," if row else "") + line)
                text.write("]")
                text.flush()
                text.detach()
    return path


def _lines(number: int, start: int, end: int, years: int, seed: int) -> Iterator[str]:
    dice = random.Random(seed + start)  # noqa: S311 - made-up data
    first, step = datetime(2026 - years, 1, 1, tzinfo=UTC), timedelta(days=365.2 * years) / number
    template = json.dumps(play("TS", "TRACK", ms_played="MS"))
    for row in range(start, end):
        track = f"{int(dice.paretovariate(0.9)) % 40_000:022d}"
        ts = f"{first + row * step:%Y-%m-%dT%H:%M:%SZ}"
        yield template.replace('"TS"', f'"{ts}"').replace("TRACK", track).replace('"MS"', str(dice.randrange(400_000)))


NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
"""What a handed-in clock says."""


def plays_in(lake: Lake) -> list[dict[str, Any]]:
    """Every play of the lake, in order of years and rows, with its `play_year`."""
    found = []
    for year in lake.days(REFINED):
        place = lake.place(REFINED, year)
        with place.store.local(place.key) as file:
            rows = pq.read_table(file, partitioning=None).to_pylist()
        found += [{**row, "play_year": year} for row in rows]
    return found
