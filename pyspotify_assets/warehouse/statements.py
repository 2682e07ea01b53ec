"""SQL statements as sqlglot's trees: what may be asked, in which databases, and under which names of columns."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from pyspotify_assets.errors import QueryError
from pyspotify_assets.sql import athena_text

if TYPE_CHECKING:
    from sqlglot import exp

    from pyspotify_assets.warehouse import DeclaredTable

    Known = Callable[[str, str], DeclaredTable | None]


_LONGEST = 2000
"""Characters of what sqlglot says of a query: it quotes from it."""


def parse_select(sql: str) -> exp.Query:
    """One Athena SELECT as sqlglot's tree; QueryError for anything else, naming what it is."""
    import sqlglot
    from sqlglot import exp

    try:
        statements = [statement for statement in sqlglot.parse(sql, read="athena") if statement is not None]
    except sqlglot.errors.SqlglotError as error:
        words = re.sub(r"\x1b\[\d*m", "", str(error))  # sqlglot underlines for a terminal, whoever reads it
        raise QueryError(
            f"The SQL cannot be read: {words[:_LONGEST]}", "Athena's SQL is understood, such as SELECT 1."
        ) from None
    except RecursionError:
        raise QueryError("The SQL cannot be read: it is nested too deeply", "Write it with fewer levels.") from None
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        what = statements[0].key.upper() if len(statements) == 1 else f"{len(statements)} statements"
        raise QueryError(f"One SELECT is understood, not {what}", "Tables are written by the pipeline only.")
    return statements[0]


def selected(table: DeclaredTable) -> str:
    """What to SELECT from a table's files, as Athena SQL, to have each column under the name that it has now."""
    columns = [
        f"coalesce({', '.join(_quoted(one) for one in (name, *table.formerly[name]))}) AS {_quoted(name)}"
        if name in table.formerly
        else _quoted(name)
        for name in table.columns
    ]
    return ", ".join([*columns, _quoted(table.partition)])


def under_present_names(tree: exp.Query, known: Known) -> bool:
    """Put into the place of each table that has renamed columns what `selected` gives; says whether there was one.

    `known` gives the declaration of a database's table, or None.
    """
    import sqlglot
    from sqlglot import exp

    replaced = set()
    for reference in list(tree.find_all(exp.Table)):
        table = known(reference.db, reference.name) if reference.db else None
        if table is None or not table.formerly:
            continue
        replaced.add((reference.db, reference.name))
        alias = exp.TableAlias(this=exp.to_identifier(reference.alias or reference.name))
        source = reference.copy()
        source.set("alias", None)
        select = sqlglot.parse_one(f"SELECT {selected(table)}", read="athena").from_(source)  # type: ignore[attr-defined]
        reference.replace(exp.Subquery(this=select, alias=alias))
    for column in tree.find_all(exp.Column):  # It may be written database.table.column, which is no table any more.
        if (column.text("db"), column.table) in replaced:
            column.set("db", None)
    return bool(replaced)


def _quoted(name: str) -> str:
    return f'"{name}"'


def in_databases(sql: str, databases: Mapping[str, str], known: Known = lambda database, name: None) -> str:
    """One SELECT with its databases replaced: `databases` has the name that is written → the name that there is.

    Tables with renamed columns, of those that are `known`, are replaced as well: see `under_present_names`. Text in
    which nothing is to be replaced stays as it is. QueryError for anything but one SELECT.
    """
    from sqlglot import exp

    tree = parse_select(sql)
    replaced = under_present_names(tree, known)
    for node in tree.find_all(exp.Table, exp.Column):  # A column may be written database.table.column.
        written = node.text("db")
        database = databases.get(written.lower(), "")
        if database and database != written:
            node.set("db", exp.to_identifier(database, quoted=True))
            replaced = True
    return athena_text(tree) if replaced else sql.strip().rstrip(";").rstrip()
