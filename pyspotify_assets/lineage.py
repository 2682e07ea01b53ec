"""Column lineage: what every column of every table is made of, back to Spotify's own field. Pure; knows no Dagster.

Derived, not typed: of raw and refined columns from `tables.py`, of marts by sqlglot from the very SQL that the engine
is given. What an origin is:

- It is what a value is made of. What only chooses the rows is none: WHERE, GROUP BY and HAVING, a window's PARTITION
  BY, the condition of a CASE. Where there is nothing else (`row_number()`, CASE … THEN 1), the value is made of these.
- `spotify/<kind>` has Spotify's fields, by their path in the track object; `position` is an entry's place in the
  answer, which is no field.
- A value that counts rows is made of the rows: column `*` (ROWS). So is one that is made of most of their columns.
- What Spotify does not say comes from OUTSIDE of it: the feed's declaration, or the clock.
- A partition is the day or year of the rows that a table is made from; in raw the clock says it, in plays `ts`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from pyspotify_assets.feeds import Feed
from pyspotify_assets.names import DATABASES
from pyspotify_assets.tables import LISTENING, MARTS, PLAYS, SNAPSHOT, Column, Table

if TYPE_CHECKING:
    from sqlglot import exp
    from sqlglot.lineage import Node

ROWS = "*"
"""The column that stands for a table's rows, where a value only counts them."""

CLOCK, FEEDS = "clock", "feeds.toml"
OUTSIDE = {CLOCK: ("now",), FEEDS: ("name", "feed")}
"""Sources that are no tables → their columns. `name` of a feed; `feed`: all that it declares."""

EXPORT = "spotify/listening_history"
REPORTS = {"report/daily": MARTS, "report/listening": LISTENING}
"""Page → the marts that it shows."""

_DAY, _BEFORE, _YEAR = "2000-02-02", "2000-02-01", "2000"
"""Literals by which the SQL's placeholders are known again."""

_NAMED = 8
"""Columns of one table that a value is said to be made of; of more, it is made of the rows."""

_OF_THE_ENTRY = {"recently_played": {"added_at": "played_at"}}
"""Kind of feed → fields that the entries of its listing call otherwise."""


@dataclass(frozen=True, order=True)
class Origin:
    """A column of a table, by the table's name in the catalog or the lake's path (`raw/popular_songs`)."""

    table: str
    column: str


Lineage = Mapping[str, Mapping[str, tuple[Origin, ...]]]
"""Table → column → its direct origins, those of the first feed first."""


def column_lineage(feeds: Sequence[Feed]) -> Lineage:
    """The direct origins of every column of every table of these feeds and of the listening history.

    Computed once per process and feeds. Raises sqlglot's errors where the SQL reads a column that is not declared.
    """
    return _column_lineage(tuple(feeds))


def declared_lineage(feeds: Sequence[Feed]) -> Lineage:
    """The same of the tables that no SQL makes, raw, refined and crawled, for which nothing need be parsed."""
    lineage: dict[str, Mapping[str, tuple[Origin, ...]]] = {}
    for feed in feeds:
        raw, refined = f"raw/{feed.name}", f"refined/{feed.name}"
        lineage[raw] = {
            **{column.name: (_of_spotify(column, feed),) for column in SNAPSHOT.columns if not column.refined_only},
            SNAPSHOT.partition: (Origin(CLOCK, "now"),),
        }
        lineage[refined] = {
            **{
                column.name: (Origin(raw, column.origin if column.refined_only else column.name),)
                for column in SNAPSHOT.columns
            },
            SNAPSHOT.partition: (Origin(raw, SNAPSHOT.partition),),
        }
        for area, path in (("raw", raw), ("refined", refined)):
            lineage[f"{DATABASES[area]}.{feed.name}"] = _same(lineage[path], path)
    plays = f"refined/{PLAYS.name}"
    lineage[plays] = {
        **{column.name: (Origin(EXPORT, column.origin),) for column in PLAYS.columns},
        PLAYS.partition: (Origin(EXPORT, "ts"),),
    }
    lineage[f"{DATABASES['refined']}.{PLAYS.name}"] = _same(lineage[plays], plays)
    return lineage


def chain(lineage: Lineage, table: str, column: str) -> list[tuple[Origin, ...]]:
    """The way back, a generation at a time: direct origins, theirs, and so on; the last are Spotify's fields.

    `column` may be ROWS. Nothing for what has no origin itself. KeyError for a column that the table has not.
    """
    generations, current = [], _parents(lineage, Origin(table, column))
    while current:
        generations.append(current)
        current = _distinct(parent for origin in current for parent in _parents(lineage, origin))
    return generations


def roots(lineage: Lineage, table: str, column: str) -> tuple[Origin, ...]:
    """Where the way back ends: fields of Spotify, and what comes from OUTSIDE."""
    generations = chain(lineage, table, column)
    return _distinct(origin for step in generations for origin in step if origin.table not in lineage)


def table_edges(feeds: Sequence[Feed]) -> list[tuple[str, str]]:
    """Every table and page with each one that it is made from, `(from, to)`, from Spotify to the reports."""
    made_from = [
        (origin.table, table)
        for table, columns in column_lineage(feeds).items()
        for origins in columns.values()
        for origin in origins
        if origin.table not in OUTSIDE
    ]
    shown = [(_mart_name(mart), page) for page, marts in REPORTS.items() for mart in marts]
    return list(dict.fromkeys([*made_from, *shown]))


@cache
def _column_lineage(feeds: tuple[Feed, ...]) -> Lineage:
    from pyspotify_assets.marts import FeedWindow, mart_sql
    from pyspotify_assets.plays.listening import listening_sql

    database = DATABASES["refined"]
    sources = {f"{database}.{feed.name}": SNAPSHOT for feed in feeds} | {f"{database}.{PLAYS.name}": PLAYS}
    lineage = dict(declared_lineage(feeds))
    windows = [FeedWindow(feed.name, _BEFORE, {_BEFORE: "", _DAY: ""}) for feed in feeds]
    for mart in MARTS if feeds else ():
        lineage[_mart_name(mart)] = _of_select(mart_sql(mart, _DAY, 1, windows), mart, sources)
    for mart in LISTENING:
        lineage[_mart_name(mart)] = _of_select(listening_sql(mart, _YEAR, "UTC"), mart, sources)
    return lineage


def _mart_name(mart: Table) -> str:
    return f"{DATABASES['marts']}.{mart.name}"


def _same(columns: Mapping[str, tuple[Origin, ...]], of: str) -> dict[str, tuple[Origin, ...]]:
    """A crawled table's columns: those of what it lies over."""
    return {name: (Origin(of, name),) for name in columns}


def _of_spotify(column: Column, feed: Feed) -> Origin:
    """The field, or what is outside of Spotify, that a raw column is read from."""
    source, _, name = column.origin.rpartition(": ")
    if source:
        return Origin(source, name)
    return Origin(f"spotify/{feed.kind}", _OF_THE_ENTRY.get(feed.kind, {}).get(name, name))


def _of_select(sql: str, mart: Table, sources: Mapping[str, Table]) -> dict[str, tuple[Origin, ...]]:
    """The origins of a mart's columns, from its complete SELECT over `sources`: table → its declaration."""
    import sqlglot
    from sqlglot.lineage import lineage

    from pyspotify_assets.schemas import athena_columns

    schema: dict[str, dict[str, dict[str, str]]] = {}
    for name, table in sources.items():
        database, _, short = name.partition(".")
        schema.setdefault(database, {})[short] = {**athena_columns(table), table.partition: "string"}
    tree = _only_values(sqlglot.parse_one(sql, read="athena"))
    nodes = lineage(None, tree, schema, dialect="athena", validate_qualify_columns=True, trim_selects=False)
    read = _read(tree)
    places = {name: [ROWS, *table.column_names, table.partition] for name, table in sources.items()}

    def place(origin: Origin) -> tuple[int, int]:
        """By feed, then as declared: sqlglot's own order is that of a set."""
        return (
            (read.index(origin.table), places[origin.table].index(origin.column)) if origin.table in read else (-1, 0)
        )

    found = {
        name: tuple(
            sorted(_gathered(origin for step in node.walk() for origin in _made_of(step, sources, read)), key=place)
        )
        for name, node in nodes.items()
    }
    return {**found, mart.partition: tuple(Origin(name, sources[name].partition) for name in read)}


def _gathered(origins: Iterable[Origin]) -> set[Origin]:
    """The origins, each once; those that are much of one table as its rows."""
    distinct = set(origins)
    named = Counter(origin.table for origin in distinct)
    much = {table for table, number in named.items() if number > _NAMED}
    return {Origin(origin.table, ROWS) if origin.table in much else origin for origin in distinct}


def _only_values(tree: exp.Expr) -> exp.Expr:
    """The tree without what only chooses rows within an expression; see the head of this module."""
    from sqlglot import exp

    for window in list(tree.find_all(exp.Window)):
        if window.this.find(exp.Column, exp.Star):
            window.replace(window.this)
    for case in reversed(list(tree.find_all(exp.Case))):  # The innermost first.
        results = [branch.args["true"] for branch in case.args["ifs"]]
        results += [case.args["default"]] if case.args.get("default") else []
        if any(result.find(exp.Column, exp.Star) for result in results):
            case.replace(exp.Coalesce(this=results[0], expressions=results[1:]))
    return tree


def _made_of(step: Node, sources: Mapping[str, Table], every: Sequence[str]) -> Iterator[Origin]:
    """The origins that one step of sqlglot's lineage names itself; `every`: all tables that the SELECT reads."""
    from sqlglot import exp

    if isinstance(step.source, exp.Values):
        yield from _written_out(step.source, step.name.rpartition(".")[2], sources, every)
        return

    if isinstance(step.expression, exp.Table):
        yield Origin(_name(step.expression), step.name.rpartition(".")[2])
        return
    for leaf in step.expression.find_all(exp.Star, exp.Literal):
        if isinstance(leaf, exp.Star):
            # A step over other steps counts what they have read.
            yield from (Origin(name, ROWS) for name in _read(step.source) or every)
        elif leaf.this == _BEFORE:  # The feed's latest day before, as the catalog has it: see marts.feed_window.
            yield from (Origin(name, sources[name].partition) for name in _read(step.source) or every)
        elif f"{DATABASES['refined']}.{leaf.this}" in sources:  # `all_feeds` writes each feed's name.
            yield Origin(FEEDS, "name")


def _written_out(
    values: exp.Values, column: str, sources: Mapping[str, Table], every: Sequence[str]
) -> Iterator[Origin]:
    """The origins of a column of rows that stand in the SELECT itself: of `all_snapshots`, or names of figures."""
    place = [name.name for name in values.args["alias"].columns].index(column)
    first = values.expressions[0]
    value = (first.expressions[place] if first.expressions else first).name
    if value in {name.partition(".")[2] for name in every}:
        yield Origin(FEEDS, "name")
    elif value in (_DAY, _BEFORE):
        yield from (Origin(name, sources[name].partition) for name in every)
    else:  # What was counted of the rows, or what is counted of them.
        yield from (Origin(name, ROWS) for name in every)


def _read(tree: exp.Expr) -> list[str]:
    """The tables of the catalog that are read, each once, in order."""
    from sqlglot import exp

    return list(dict.fromkeys(_name(table) for table in tree.find_all(exp.Table, bfs=False) if table.db))


def _name(table: exp.Table) -> str:
    return f"{table.db}.{table.name}"


def _parents(lineage: Lineage, origin: Origin) -> tuple[Origin, ...]:
    """The direct origins of what may be an origin itself."""
    columns = lineage.get(origin.table)
    if columns is None:
        return ()
    if origin.column == ROWS:  # Rows are made of rows.
        above = (parent.table for parents in columns.values() for parent in parents if parent.table not in OUTSIDE)
        return _distinct(Origin(table, ROWS) for table in above)
    return columns[origin.column]


def _distinct(origins: Iterable[Origin]) -> tuple[Origin, ...]:
    return tuple(dict.fromkeys(origins))
