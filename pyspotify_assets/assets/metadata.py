"""What the UI is told of an asset: owners and names common to all, definition metadata, preview tables."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from datetime import timedelta

import dagster as dg

OWNERS = ["team:spotify-dataops"]
FRESHNESS = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=48), warn_window=timedelta(hours=30))
"""A daily partition is due every 24 hours: late after 30, failed after 48."""

_PREVIEW_ROWS = 5
_CELL = 60


def table_metadata(database: str, name: str, schema: dg.TableSchema) -> dict[str, object]:
    """Table name and column schema, seen before anything has run."""
    return {"dagster/table_name": f"{database}.{name}" if database else name, "dagster/column_schema": schema}


def preview(rows: Sequence[Mapping[str, object]]) -> dg.MarkdownMetadataValue:
    """The first rows as a table. Names are other people's text: they are shown, not interpreted."""
    if not rows:
        return dg.MetadataValue.md("*no rows*")
    columns = list(rows[0])
    lines = ["| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]
    lines += ["| " + " | ".join(_cell(row[name]) for name in columns) + " |" for row in rows[:_PREVIEW_ROWS]]
    return dg.MetadataValue.md("\n".join(lines))


def _cell(value: object) -> str:
    if value is None:
        return ""
    text = " ".join(str(value).split())
    text = html.escape(text if len(text) <= _CELL else text[: _CELL - 1] + "…")
    for character in "\\|`*_[]":
        text = text.replace(character, f"&#{ord(character)};")
    return text
