"""The raw CSV: the only module that knows how a snapshot is written as text.

UTF-8, header, every value quoted, `\\n` line ends, null as an empty unquoted field, empty text as `""`. Control
characters inside a value become one space, since neither Athena nor Glue can read line breaks in CSV. The same rows
give the same bytes.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import BinaryIO

from pyspotify_assets.tables import SNAPSHOT, Table

CONTROL_CHARACTERS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
"""C0 and C1 controls and Unicode's line and paragraph separators: line breaks to one CSV reader or another."""


@dataclass(frozen=True)
class Written:
    """What `write_raw_csv` found out: rows written, and values in which control characters were replaced."""

    rows: int
    replaced: int


def write_raw_csv(rows: Iterable[Mapping[str, object]], file: BinaryIO, table: Table = SNAPSHOT) -> Written:
    """Write `rows` (column name → value, absent is null) to `file`.

    Values are str, int, float, bool, list of str, aware datetime or None; see `to_text`.
    """
    columns = table.raw_columns
    file.write((",".join(f'"{name}"' for name in columns) + "\n").encode())
    written = replaced = 0
    for row in rows:
        fields = []
        for name in columns:
            text = to_text(row.get(name))
            if text is None:
                fields.append("")
                continue
            clean, changes = CONTROL_CHARACTERS.subn(" ", text)
            replaced += bool(changes)
            fields.append('"' + clean.replace('"', '""') + '"')
        # A lone surrogate cannot be written in UTF-8; Spotify's JSON can carry one as an escape.
        file.write((",".join(fields) + "\n").encode("utf-8", "replace"))
        written += 1
    return Written(written, replaced)


def to_text(value: object) -> str | None:
    """One value as the raw CSV has it: true/false, ISO instants in UTC with microseconds, lists as JSON, null as None."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False)
    return str(value)
