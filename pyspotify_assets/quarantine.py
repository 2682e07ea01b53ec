"""Quarantine, read: what lies there, of which feed and day, why, and which rows and lines it is. Knows no Dagster.

Refining sets rows aside that cannot be typed (`refine.QUARANTINE`), and forgets them once none is left; what could not
be taken from landing lies here whole, its reason beside it, until a file of that name is taken; an export's records
that are no plays lie here as JSON, a line each. Whatever lies here came from outside: it is read, and never believed.
"""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Literal

from pyspotify_assets.daily.raw import REASON_BESIDE, SUPERSEDED
from pyspotify_assets.errors import LakeError, RawFormatError
from pyspotify_assets.lake import Lake
from pyspotify_assets.landing import parse_landing_key
from pyspotify_assets.plays.take import is_export
from pyspotify_assets.raw_csv import open_raw_csv
from pyspotify_assets.refine import QUARANTINE
from pyspotify_assets.stores import ObjectInfo
from pyspotify_assets.tables import PARTITION_COLUMN, PLAYS, SNAPSHOT

Kind = Literal["rows", "file", "export", "records", "other"]

AROUND = 2
"""Lines that are shown before and after the one that a reason names."""

_LONGEST_REASON = 1 << 16
_LONGEST_LINE = 1 << 20
_ROWS = re.compile(rf"refined/([a-z][a-z0-9_]*)/{PARTITION_COLUMN}=(\d{{4}}-\d{{2}}-\d{{2}})/\1\.csv")
_SHORT = re.compile(r"refined/([a-z][a-z0-9_]*)/(\d{4}-\d{2}-\d{2})")


@dataclass(frozen=True)
class Item:
    """One thing in quarantine. `name` is what a person calls it by; feed and day are empty where it is of none."""

    name: str
    kind: Kind
    feed: str
    day: str
    info: ObjectInfo

    @property
    def landing_key(self) -> str:
        """Where a file or an export lay in landing."""
        return self.info.key.removeprefix("landing/")


@dataclass(frozen=True)
class Contents:
    """How much an item is, and why it is there: reason → rows, the commonest first; a file has one reason, no rows."""

    rows: int | None
    reasons: Mapping[str, int]


@dataclass(frozen=True)
class Row:
    """One row or record that was set aside, or one line of a file. `line` is how it stands in the raw file; None where
    that is gone, or has been replaced since by another."""

    number: int
    reason: str = ""
    values: Mapping[str, str | None] = field(default_factory=dict)
    line: str | None = None


def items(lake: Lake, feed: str = "", first: str = "", last: str = "9999-12-31") -> Iterator[Item]:
    """What lies in quarantine, in order of its names; of one feed, and of days between two, where these are given."""
    folders = [f"{area}/{feed}/" for area in ("landing", "raw", "refined")] if feed else [""]
    for folder in folders:
        for info in lake.stores["quarantine"].objects(folder):
            if not info.key.endswith(REASON_BESIDE):
                item = _item(info)
                if first <= item.day <= last or not (first or item.day or last < "9999"):
                    yield item


def item_named(lake: Lake, name: str) -> Item:
    """The item that a person calls by this name, or by its key. LakeError where there is none."""
    short = _SHORT.fullmatch(name)
    key = f"refined/{short[1]}/{PARTITION_COLUMN}={short[2]}/{short[1]}.csv" if short else name
    info = lake.stores["quarantine"].info(key) if not key.endswith(REASON_BESIDE) else None
    if info is None:
        raise LakeError(f"There is no {name} in quarantine", "pyspotify quarantine list names all that is there.")
    return _item(info)


def contents(lake: Lake, item: Item) -> Contents:
    """Read the item to its end, a block at a time."""
    if item.kind not in ("rows", "records"):
        return Contents(None, {_reason_beside(lake, item): 1})
    try:
        with lake.stores["quarantine"].local(item.info.key) as file:
            counted = Counter(_reasons_of_rows(file) if item.kind == "rows" else (row.reason for row in _records(file)))
    except RawFormatError as error:
        return Contents(None, {f"cannot be read: {error.args[0]}": 1})
    return Contents(counted.total(), dict(counted.most_common()))


def rows(lake: Lake, item: Item, limit: int) -> list[Row]:
    """The first rows of an item; of a file the lines around the one that its reason names, or its first.

    RawFormatError where quarantine itself cannot be read.
    """
    with lake.stores["quarantine"].local(item.info.key) as file:
        if item.kind == "rows":
            found = list(islice(_rows(file), limit))
            lines = _raw_lines(lake, item, [row.number for row in found])
            return [_with_line(row, lines) for row in found]
        if item.kind == "records":
            return list(islice(_records(file), limit))
        return [] if item.kind == "export" else _lines(file, _line_named(_reason_beside(lake, item)), limit)


def is_superseded(reasons: Mapping[str, int]) -> bool:
    """Whether the item is a file that nothing is wrong with: a later one was taken instead."""
    return any(reason.startswith(SUPERSEDED) for reason in reasons)


def _item(info: ObjectInfo) -> Item:
    area, _, rest = info.key.partition("/")
    if match := _ROWS.fullmatch(info.key):
        return Item(f"refined/{match[1]}/{match[2]}", "rows", match[1], match[2], info)
    if area == "landing" and (parsed := parse_landing_key(rest)):
        return Item(info.key, "file", parsed[0], parsed[1], info)
    if area == "landing" and is_export(rest):
        return Item(info.key, "export", PLAYS.name, "", info)
    if info.key.startswith(f"refined/{PLAYS.name}/") and info.key.endswith(".jsonl"):
        return Item(info.key, "records", PLAYS.name, "", info)
    folders = rest.split("/")
    day = next((part.rpartition("=")[2] for part in folders if part.startswith(f"{PARTITION_COLUMN}=")), "")
    return Item(info.key, "other", folders[0] if len(folders) > 1 else "", day, info)


def _reason_beside(lake: Lake, item: Item) -> str:
    store, key = lake.stores["quarantine"], f"{item.info.key}{REASON_BESIDE}"
    info = store.info(key)
    if info is None:
        return "nobody has said why"
    if info.size > _LONGEST_REASON:
        return f"the reason is longer than any of ours: {info.size:,} bytes"
    return store.read(key).decode("utf-8", "replace").strip()


def _reasons_of_rows(file: Path) -> Iterator[str]:
    for batch in open_raw_csv(file, QUARANTINE):
        yield from (reason or "" for reason in batch.column("reason").to_pylist())


def _rows(file: Path) -> Iterator[Row]:
    for batch in open_raw_csv(file, QUARANTINE):
        for values in batch.to_pylist():
            number, reason = values.pop("row_number") or "", values.pop("reason") or ""
            yield Row(int(number) if number.isdecimal() else 0, reason, values)


def _records(file: Path) -> Iterator[Row]:
    with open(file, "rb") as lines:
        while line := lines.readline(_LONGEST_LINE):
            text = line.decode("utf-8", "replace").rstrip("\n")
            try:
                record = json.loads(text)
                yield Row(int(record["record"]), str(record["reason"]), {"file": str(record["file"])}, text)
            except (ValueError, KeyError, TypeError, RecursionError):
                yield Row(0, "not one of our lines", {}, text)


def _raw_lines(lake: Lake, item: Item, numbers: Sequence[int]) -> dict[int, str]:
    """Row → its line in the raw file; the raw format has no line break within a row, and a header."""
    place, wanted = lake.place(("raw", item.feed), item.day), {*numbers}
    if not wanted or place.info() is None:
        return {}
    found: dict[int, str] = {}
    with place.store.local(place.key) as file, open(file, "rb") as lines:
        for number, line in enumerate(islice(lines, max(wanted) + 1)):
            if number in wanted or number == 0:
                found[number] = line.decode("utf-8", "replace").removeprefix("\ufeff").rstrip("\r\n")
    return found


def _with_line(row: Row, lines: Mapping[int, str]) -> Row:
    """The row with its line, unless what stands there now is another."""
    line = lines.get(row.number) if row.number else None
    if line is None:
        return row
    columns, values = (next(csv.reader([text]), []) for text in (lines[0], line))
    now = {name: value or None for name, value in zip(columns, values, strict=False)}
    same = all(now.get(name) == (row.values[name] or None) for name in SNAPSHOT.raw_columns if name in row.values)
    return Row(row.number, row.reason, row.values, line) if same else row


def _line_named(reason: str) -> int:
    match = re.search(r"\bline (\d{1,9})\b", reason)
    return int(match[1]) if match else 1


def _lines(file: Path, around: int, limit: int) -> list[Row]:
    first = max(1, around - AROUND)
    last = first + limit - 1 if around == 1 else min(around + AROUND, first + limit - 1)
    found = []
    with open(file, "rb") as lines:
        number = 0
        while number < last and (line := lines.readline(_LONGEST_LINE)):
            number += 1
            if number >= first:
                found.append(Row(number, line=line.decode("utf-8", "replace").rstrip("\r\n")))
    return found
