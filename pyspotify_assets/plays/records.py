"""A record of the export as a typed play, or the reason why it is none. Personal fields end here: they are not read.

Fields keep Spotify's names (`tables.PLAYS`). Everything that is not declared there is left out, as are the IP address
(ip_addr), and user name, city and browser of older exports.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pyspotify_assets.tables import PLAYS

if TYPE_CHECKING:
    import pyarrow as pa

BATCH = 10_000
"""Records that are typed at once: some ten megabytes."""

MOST_NAMED = 20
"""Fields that are named as not kept at most: no export of Spotify has so many, and nobody would read more."""

FIRST = datetime(2006, 4, 23, tzinfo=UTC)
"""The day on which Spotify was founded: nothing was played before."""

_NAMES = PLAYS.column_names
_TEXTS = tuple(place for place, column in enumerate(PLAYS.columns) if column.type in ("string", "timestamp"))
_TRUTHS = tuple(place for place, column in enumerate(PLAYS.columns) if column.type == "bool")
_NUMBERS = tuple(place for place, column in enumerate(PLAYS.columns) if column.type == "int64")
_REQUIRED = tuple(place for place, column in enumerate(PLAYS.columns) if not column.nullable)
_TS, _MS_PLAYED = _NAMES.index("ts"), _NAMES.index("ms_played")


@dataclass(frozen=True)
class Refused:
    """A record that is no play: its place in the file, from 1, the reason, and its declared fields, as JSON."""

    file: str
    record: int
    reason: str
    play: str


@dataclass(frozen=True)
class Batch:
    """Some records of one file: the plays among them, in the schema of `PLAYS`, and those that are none."""

    plays: pa.RecordBatch
    refused: list[Refused]
    left_out: frozenset[str]
    """Names of fields that the records had and that are not kept."""


def batches(records: Iterable[object], file: str, now: datetime) -> Iterator[Batch]:
    """The records of one file, typed, `BATCH` at a time. `now`, aware: later plays than that are none."""
    rows: dict[int, list[Any]] = {}
    refused: list[Refused] = []
    left_out: frozenset[str] = frozenset()
    for number, record in enumerate(records, 1):
        if number == 1 and isinstance(record, dict):  # All records of a file have the same fields.
            left_out = frozenset(sorted(set(record).difference(_NAMES))[:MOST_NAMED])
        row = _row(record)
        if isinstance(row, str):
            refused.append(Refused(file, number, row, _declared(record)))
        else:
            rows[number] = row
        if number % BATCH == 0:
            yield _typed(rows, refused, left_out, file, now)
            rows, refused = {}, []
    if rows or refused:
        yield _typed(rows, refused, left_out, file, now)


def _typed(
    rows: Mapping[int, list[Any]], refused: list[Refused], left_out: frozenset[str], file: str, now: datetime
) -> Batch:
    import pyarrow as pa
    import pyarrow.compute as pc

    from pyspotify_assets import casting
    from pyspotify_assets.schemas import arrow_schema

    schema = arrow_schema(PLAYS)
    columns = list(zip(*rows.values(), strict=True)) if rows else [()] * len(_NAMES)
    instants = casting.instants(_text(columns[_TS]))
    first, last = pa.scalar(FIRST, schema.types[_TS]), pa.scalar(now + timedelta(days=1), schema.types[_TS])
    early, late = pc.less(instants.values, first), pc.greater(instants.values, last)
    numbers = list(rows)
    for bad, reason in (
        (instants.bad, "ts is not an ISO 8601 instant with a time zone"),
        (early, "ts lies before Spotify"),
        (late, "ts lies in the future"),
    ):
        for place in pc.indices_nonzero(pc.fill_null(bad, False)).to_pylist():
            play = _declared(dict(zip(_NAMES, rows[numbers[place]], strict=True)))
            refused.append(Refused(file, numbers[place], reason, play))
    arrays = [
        instants.values if place == _TS else _text(values) if place in _TEXTS else pa.array(values, schema.types[place])
        for place, values in enumerate(columns)
    ]
    good = pc.invert(pc.fill_null(pc.or_(early, late), True))
    plays = pa.RecordBatch.from_arrays([array.filter(good) for array in arrays], schema=schema)
    return Batch(plays, sorted(refused, key=lambda each: each.record), left_out)


def _row(record: Any) -> list[Any] | str:
    """The values of a play in the order of the columns, `ts` still as text; or why the record is none."""
    if type(record) is not dict:
        return "it is no object"
    values: list[Any] = [record.get(name) for name in _NAMES]
    for place in _TEXTS:
        value = values[place]
        if value is not None and type(value) is not str:
            return f"{_NAMES[place]} is not text"
        if not value:
            values[place] = None
    for place in _NUMBERS:
        value = values[place]
        if type(value) is float and value.is_integer():
            value = values[place] = int(value)
        if value is not None and (type(value) is not int or not -(2**63) <= value < 2**63):
            return f"{_NAMES[place]} is not a whole number"
    for place in _TRUTHS:
        if values[place] is not None and type(values[place]) is not bool:
            return f"{_NAMES[place]} is not true or false"
    for place in _REQUIRED:
        if values[place] is None:
            return f"{_NAMES[place]} is missing"
    return values if values[_MS_PLAYED] >= 0 else "ms_played is negative"


def _text(values: Iterable[str | None]) -> pa.StringArray:
    import pyarrow as pa

    try:
        return pa.array(values, pa.string())
    except UnicodeEncodeError:  # JSON can escape half of a surrogate pair, which no UTF-8 can hold.
        clean = [None if value is None else value.encode("utf-8", "replace").decode() for value in values]
        return pa.array(clean, pa.string())


def _declared(record: object) -> str:
    return json.dumps({name: record[name] for name in _NAMES if name in record} if isinstance(record, dict) else {})
