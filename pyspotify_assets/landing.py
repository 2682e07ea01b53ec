"""Landing: what may be put into `landing/<feed>/<day>/<name>.csv`, and how it becomes raw rows. No Dagster.

Two formats are known, told apart by their header: the raw format itself (from the Lambda, or another lake), and
"pyspotify-2023", what the first PySpotify wrote. Values are passed on as the text they are; refining judges them.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

from pyspotify_assets.contract import described, header_differences, listed
from pyspotify_assets.csv_structure import QUOTES_REMEDY, blocks, header_of, look_at_quotes, not_utf8
from pyspotify_assets.errors import LakeError, RawFormatError
from pyspotify_assets.raw_csv import open_raw_csv
from pyspotify_assets.tables import SNAPSHOT, Column, Dropped, Table

RAW = "raw"
PYSPOTIFY_2023 = "pyspotify-2023"

_OLD_COLUMNS = ("artist", "track", "track_pop", "duration_ms")
_OLD_ALBUM = ("album_nm", "album_name")
_OLD_OPTIONAL = ("", "Unnamed: 0", "album_dt")
_OLD = Table(
    PYSPOTIFY_2023,
    "What the first PySpotify wrote: a file per feed, one of them without dates, one with the index of its DataFrame.",
    (
        *(Column(name, "string", "") for name in _OLD_COLUMNS),
        Column(_OLD_ALBUM[1], "string", "", formerly=_OLD_ALBUM[:1]),
        Column("album_dt", "string", "", since="2023"),
    ),
    (),
    dropped=tuple(Dropped(name) for name in _OLD_OPTIONAL[:2]),
)
_LONGEST_HEADER = 1 << 16

_KEY = re.compile(r"([a-z][a-z0-9_]{0,59})/([0-9]{4}-[0-9]{2}-[0-9]{2})/([^/\\\x00-\x1f\x7f]+\.csv)", re.IGNORECASE)
_LONGEST_NAME = 255
"""Bytes: what file systems allow in one name."""


def recognise(path: Path) -> str:
    """The format of the CSV at `path`, RAW or PYSPOTIFY_2023, by its header; the rest of the file is not looked at.

    RawFormatError for anything else, naming the columns that are missing or unknown, and those of both formats.
    """
    with open(path, "rb") as file:
        columns = header_of(file.readline(_LONGEST_HEADER), path.name)
    differences = {
        RAW: described(header_differences(columns, SNAPSHOT)),
        PYSPOTIFY_2023: described(header_differences(columns, _OLD)),
    }
    for name, difference in differences.items():
        if not difference:
            return name
    # The differences from the format that the file is nearer to help; those from the other would only confuse.
    shared = set(columns)
    old_is_nearer = len(shared & {*_OLD_COLUMNS, *_OLD_ALBUM, *_OLD_OPTIONAL}) > len(shared & {*SNAPSHOT.raw_columns})
    nearest = PYSPOTIFY_2023 if old_is_nearer else RAW
    raise RawFormatError(
        f"{path.name} is in no format that can be imported; as {nearest} it has {differences[nearest]}",
        f"Known are {RAW}: {listed(SNAPSHOT.raw_columns)}; and {PYSPOTIFY_2023}: {', '.join(_OLD_COLUMNS)}, "
        f"{' or '.join(_OLD_ALBUM)}, optionally album_dt and an unnamed first column.",
    )


def rows_of(path: Path, format: str, snapshot_at: datetime, name: str = "") -> Iterator[dict[str, object]]:
    """The rows of the CSV at `path`, in a format that `recognise` gave, for `raw_csv.write_raw_csv`.

    `snapshot_at`, aware, is the instant given to files that do not carry one; `name` is the file's name for the source
    column where `path` is only a copy. The raw format keeps every value. RawFormatError, naming the line, for what is
    not UTF-8, a broken quote, or a line with too few or too many values; at once or while iterating.
    """
    if format == RAW:
        return _raw_rows(path)
    if format != PYSPOTIFY_2023:
        raise ValueError(f"no format {format!r}")
    _check_structure(path)
    return _old_rows(path, snapshot_at, f"import:{name or path.name}")


def landing_key(feed: str, day: str, name: str) -> str:
    """Where the file `name` lands: `<feed>/<day>/<safe name>.csv`, a key of the lake's landing area.

    Folders in `name` are dropped. Characters that could mislead a shell, a file system or S3 are replaced, and then a
    piece of a hash is added, so that two names never fall together. LakeError if feed or day cannot be part of a key.
    """
    key = f"{feed}/{day}/{safe_name(name, '.csv')}"
    if parse_landing_key(key) is None:
        raise LakeError(f"Landing has no place for feed {feed!r} and day {day!r}", "A day is written YYYY-MM-DD.")
    return key


def safe_name(name: str, suffix: str) -> str:
    """The last part of a path as a name that nothing can be misled by, ending with `suffix`."""
    base = re.split(r"[/\\]", name)[-1]
    stem = base[: -len(suffix)] if base.lower().endswith(suffix) else base
    safe = re.sub(r"[^\w.-]+", "_", stem).lstrip(".")[:50]
    if safe != stem or not safe:
        safe = f"{safe}-{hashlib.sha256(base.encode('utf-8', 'replace')).hexdigest()[:8]}".lstrip("-")
    return f"{safe}{suffix}"


def parse_landing_key(key: str) -> tuple[str, str, str] | None:
    """Feed, day and file name of a landing key; None for a key that is none, or whose day is not in the calendar.

    Whether the feed exists is not asked here.
    """
    match = _KEY.fullmatch(key)
    if match is None:
        return None
    feed, day, name = match.groups()
    if feed != feed.lower() or name.startswith(".") or len(name.encode("utf-8", "replace")) > _LONGEST_NAME:
        return None
    try:
        date.fromisoformat(day)
    except ValueError:
        return None
    return feed, day, name


def _raw_rows(path: Path) -> Iterator[dict[str, object]]:
    for batch in open_raw_csv(path, block=1 << 20):
        yield from batch.to_pylist()


def _old_rows(path: Path, snapshot_at: datetime, source: str) -> Iterator[dict[str, object]]:
    with open(path, encoding="utf-8-sig", newline="") as file:
        lines = csv.reader(file, strict=True)
        try:
            columns = next(lines)
            album_column = next(name for name in _OLD_ALBUM if name in columns)
            rank = 0
            for values in lines:
                if not values:  # An empty line, as editors leave at the end.
                    continue
                if len(values) != len(columns):
                    raise RawFormatError(
                        f"{path.name}, line {lines.line_num}: {len(values)} values where the header has "
                        f"{len(columns)} columns",
                        QUOTES_REMEDY,
                    )
                rank += 1
                old = dict(zip(columns, values, strict=True))
                artist, released = old["artist"] or None, old.get("album_dt") or None
                yield {
                    "rank": rank,
                    "track_name": old["track"],
                    "artist_name": artist,
                    "artist_names": None if artist is None else [artist],
                    "popularity": old["track_pop"] or None,
                    "duration_ms": old["duration_ms"] or None,
                    "album_name": old[album_column] or None,
                    "release_date": released,
                    "release_date_precision": _precision(released),
                    "snapshot_at": snapshot_at,
                    "source": source,
                }
        except csv.Error as error:
            raise RawFormatError(f"{path.name}, line {lines.line_num}: {error}", QUOTES_REMEDY) from None


def _precision(release_date: str | None) -> str | None:
    """Spotify's word for how exact a date is, by its form: 2022, 2022-03 or 2022-03-31."""
    forms = {"year": r"[0-9]{4}", "month": r"[0-9]{4}-[0-9]{2}", "day": r"[0-9]{4}-[0-9]{2}-[0-9]{2}"}
    return next((name for name, form in forms.items() if re.fullmatch(form, release_date or "")), None)


def _check_structure(path: Path) -> None:
    """RawFormatError if the file is not UTF-8 or a quote is out of place; line breaks inside quotes are allowed."""
    inside, line = False, 1
    with open(path, "rb") as file:
        for block in blocks(file):
            _check_utf8(block, line, path)
            misplaced, inside = look_at_quotes(block, inside)
            if misplaced is not None:
                raise _broken_quote(path, line + block.count(b"\n", 0, misplaced))
            line += block.count(b"\n")
    if inside:
        raise _broken_quote(path, line, "the last quote is never closed")


def _check_utf8(block: bytes, line: int, path: Path) -> None:
    try:
        block.decode()
    except UnicodeDecodeError as error:
        number = block.count(b"\n", 0, error.start)
        try:
            block.split(b"\n")[number].decode()
        except UnicodeDecodeError as of_line:
            raise RawFormatError(*not_utf8(path.name, line + number, of_line)) from None


def _broken_quote(path: Path, line: int, what: str = "one within a value, or one left open before") -> RawFormatError:
    return RawFormatError(f"{path.name}, line {line}: a broken quote: {what}", QUOTES_REMEDY)
