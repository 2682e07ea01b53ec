"""Records: one entry of Spotify's JSON becomes one row of the raw table, or the reason why it is none.

Pure functions, for any JSON. Nothing is corrected and nothing invented: what is absent is None, and a value of a wrong
type is kept as text, for refining to put into quarantine where text will not do (see `contract.py`). Rank, instant and
source are the snapshot's part.
"""

import json
from datetime import UTC, datetime
from typing import Any

Row = dict[str, object]

NULL_ENTRY = "null entry"
EPISODE = "episode"
NOT_A_TRACK = "not a track"
SKIP_REASONS = (NULL_ENTRY, EPISODE, NOT_A_TRACK)


def read_entry(entry: Any) -> Row | str:
    """The row of one entry of a listing (search, playlist, top or saved tracks, plays), or one of SKIP_REASONS.

    The row has the columns of `tables.SNAPSHOT` that come from the entry: text, int, bool, list of text, aware datetime
    or None.
    """
    track = unwrap(entry)
    if track is None:
        return NULL_ENTRY
    if not isinstance(track, dict):
        return NOT_A_TRACK
    if track.get("type") == "episode" or track.get("episode") is True:
        return EPISODE
    if track.get("type") != "track":
        return NOT_A_TRACK
    artists = track.get("artists")
    credited = artists if isinstance(artists, list) else []
    album, external_ids = _object(track.get("album")), _object(track.get("external_ids"))
    return {
        "track_id": _text(track.get("id")),
        "track_name": _text(track.get("name")),
        "artist_name": _artist_name(credited[0]) if credited else None,
        "artist_id": _text(_object(credited[0]).get("id")) if credited else None,
        "artist_names": [name for name in map(_artist_name, credited) if name is not None]
        if isinstance(artists, list)
        else _text(artists),
        "popularity": _integer(track.get("popularity")),
        "duration_ms": _integer(track.get("duration_ms")),
        "explicit": _boolean(track.get("explicit")),
        "isrc": _text(external_ids.get("isrc")),
        "album_id": _text(album.get("id")),
        "album_name": _text(album.get("name")),
        "album_type": _text(album.get("album_type")),
        "release_date": _text(album.get("release_date")),
        "release_date_precision": _text(album.get("release_date_precision")),
        "added_at": _instant(entry.get("added_at", entry.get("played_at"))),
    }


def unwrap(entry: Any) -> Any:
    """What an entry holds: a playlist's has it under `item`, `track` or both; a search's is the track itself.

    The value decides, not the key: inside a playlist the track object has a boolean `track` of its own.
    """
    if not isinstance(entry, dict):
        return entry
    wrapped = [entry[key] for key in ("item", "track") if key in entry and not isinstance(entry[key], bool)]
    if not wrapped:
        return entry
    return next((value for value in wrapped if value is not None), None)


def _artist_name(artist: Any) -> str | None:
    return _text(artist.get("name") if isinstance(artist, dict) else artist)


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False)
    except (ValueError, RecursionError):  # an integer of thousands of digits, lists in lists in lists
        return f"<{type(value).__name__}>"


def _integer(value: Any) -> int | str | None:
    if isinstance(value, bool):
        return _text(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:  # Spotify sends 33920.0 at times
        return int(value)
    if isinstance(value, int) and abs(value) < 2**63:
        return value
    return _text(value)


def _boolean(value: Any) -> bool | str | None:
    return value if isinstance(value, bool) else _text(value)


def _instant(value: Any) -> datetime | str | None:
    if isinstance(value, str):
        try:
            instant = datetime.fromisoformat(value)
            if instant.tzinfo is not None:
                return instant.astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    return _text(value)
