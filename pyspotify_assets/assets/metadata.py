"""What the UI is told of an asset: owners and names common to all, definition metadata, previews, pictures, lineage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cache

import dagster as dg

from pyspotify_assets.feeds import Feed
from pyspotify_assets.glance import Glance
from pyspotify_assets.lineage import OUTSIDE, ROWS, Lineage, Origin, column_lineage, declared_lineage, roots
from pyspotify_assets.names import DATABASES
from pyspotify_assets.sql import sql_text
from pyspotify_assets.tables import Table

OWNERS = ["team:spotify-dataops"]
FRESHNESS = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=48), warn_window=timedelta(hours=30))
"""A daily partition is due every 24 hours: late after 30, failed after 48."""

_TRACK = ["rank", "track_name", "artist_name", "popularity", "duration_ms"]
PREVIEWED = {"raw": [*_TRACK, "release_date"], "refined": [*_TRACK, "released_on"]}
"""Area → the columns of a snapshot that are shown of a few rows."""

_PREVIEW_ROWS = 5
_CELL = 60
_WIDE = 95
"""Characters of a row that the UI has room for beside a description."""
_IDS = ("_id", "_key", "_uri")


def table_metadata(database: str, name: str, schema: dg.TableSchema) -> dict[str, object]:
    """Table name and column schema, seen before anything has run."""
    return {"dagster/table_name": f"{database}.{name}" if database else name, "dagster/column_schema": schema}


def with_example(words: str, table: Table, columns: Sequence[str] = ()) -> str:
    """A description that ends with the table's made-up row; of its `columns` only, if named, and never of ids."""
    wanted = columns or [column.name for column in table.columns if not column.name.endswith(_IDS)]
    shown = [column for column in table.columns if column.example and column.name in wanted]
    while sum(max(len(column.name), len(column.example)) for column in shown) > _WIDE:
        shown.pop()
    lines = [" | ".join(column.name for column in shown), " | ".join("---" for _ in shown)]
    lines.append(" | ".join(f"`{column.example}`" for column in shown))
    return "\n".join([words, "", "A row, made up:", "", *(f"| {line} |" for line in lines)])


def preview(rows: Sequence[Mapping[str, object]]) -> dg.TableMetadataValue:
    """The first rows, without ids, as a table, which the UI unfolds. Names are other people's text and shown so."""
    names = [name for name in (rows[0] if rows else ["no rows"]) if not name.endswith(_IDS)]
    records = [dg.TableRecord({name: _cell(row[name]) for name in names}) for row in rows[:_PREVIEW_ROWS]]
    return dg.MetadataValue.table(records, dg.TableSchema([dg.TableColumn(name) for name in names]))


def query(mart: Table) -> dict[str, dg.MetadataValue]:
    """The SQL of a mart, to be read beside its columns."""
    return {"sql": dg.MetadataValue.md(f"```sql\n{sql_text(mart.name)}```")}


def facts(sentences: Sequence[str]) -> dg.MarkdownMetadataValue:
    """Sentences as a list. Names in them are other people's text: no character of theirs means anything."""
    return dg.MetadataValue.md("\n".join(f"- {_escaped(sentence)}" for sentence in sentences))


def pictures(glance: Glance) -> dict[str, dg.MetadataValue]:
    """The pictures of a day, one per feed."""
    return {name: dg.MetadataValue.md(picture) for name, picture in glance.pictures.items()}


def figures(glance: Glance) -> dict[str, dg.MetadataValue]:
    """The figures of a day, which the UI plots over the partitions."""
    return {
        name: dg.MetadataValue.int(figure) if isinstance(figure, int) else dg.MetadataValue.float(figure)
        for name, figure in glance.figures.items()
    }


def address(uri: str) -> dict[str, dg.MetadataValue]:
    """Where a page lies: its path, and for one on S3 a link that opens it. Browsers open no file from the UI."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    link = f"https://s3.console.aws.amazon.com/s3/object/{bucket}?prefix={key}"
    path: dict[str, dg.MetadataValue] = {"page": dg.MetadataValue.path(uri)}
    return {**path, "open": dg.MetadataValue.url(link)} if uri.startswith("s3://") else path


@cache
def lineage_metadata(table: str, feeds: tuple[Feed, ...]) -> Mapping[str, dg.MetadataValue]:
    """Column lineage of a table as Dagster+ draws it, for its materializations. Computed once per process."""
    deps = {
        column: [
            dg.TableColumnDep(asset_key(origin.table), origin.column)
            for origin in origins
            if origin.table not in OUTSIDE
        ]
        for column, origins in _lineage(table, feeds)[table].items()
    }
    return {"dagster/column_lineage": dg.MetadataValue.column_lineage(dg.TableColumnLineage(deps))}


@cache
def columns_from(table: str, feeds: tuple[Feed, ...]) -> Mapping[str, dg.MetadataValue]:
    """The same as a table for everybody: column, what it is made of, and what that is at Spotify.

    For the definition of what no SQL makes. A mart's is told with its materialization, since definitions load without
    sqlglot.
    """
    lineage = _lineage(table, feeds)
    read = {origin.table for origins in lineage[table].values() for origin in origins if origin.table not in OUTSIDE}
    # Tables of several feeds are of one database, and the UI shows beside this which they are.
    source = "from " + (next(iter(read)) if len(read) == 1 else ", ".join(sorted({asset_key(t).path[0] for t in read})))
    return {
        "columns_from": dg.MetadataValue.table(
            [
                dg.TableRecord(
                    {"column": column, source: _words(origins), "at Spotify": _words(roots(lineage, table, column))}
                )
                for column, origins in lineage[table].items()
            ]
        )
    }


def _lineage(table: str, feeds: tuple[Feed, ...]) -> Lineage:
    return column_lineage(feeds) if table.startswith(DATABASES["marts"]) else declared_lineage(feeds)


def asset_key(table: str) -> dg.AssetKey:
    """The asset of a table: `spotify_marts.top_artists` and `raw/top_played` are its key, written otherwise."""
    return dg.AssetKey(table.replace(".", "/", 1).split("/"))


def _words(origins: Sequence[Origin]) -> str:
    """The columns of origins as a person reads them, those of several feeds once."""
    return ", ".join(dict.fromkeys(_column_words(origin) for origin in origins))


def _column_words(origin: Origin) -> str:
    if origin.column == ROWS:
        return "the rows"
    return f"{origin.table}: {origin.column}" if origin.table in OUTSIDE else origin.column


def _escaped(text: str) -> str:
    return " ".join(text.split()).translate({ord(character): f"&#{ord(character)};" for character in "&<>\\|`*_[]#~!"})


def _cell(value: object) -> str | int | float | bool | None:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return round(value, 3)
    text = " ".join(str(value).split())
    return text if len(text) <= _CELL else text[: _CELL - 1] + "…"
