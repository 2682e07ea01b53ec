"""SQL statements as sqlglot's trees: what may be asked, and in which databases it is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pyspotify_assets.errors import QueryError
from pyspotify_assets.sql import athena_text

if TYPE_CHECKING:
    from sqlglot import exp


def parse_select(sql: str) -> exp.Query:
    """One Athena SELECT as sqlglot's tree; QueryError for anything else, naming what it is."""
    import sqlglot
    from sqlglot import exp

    try:
        statements = [statement for statement in sqlglot.parse(sql, read="athena") if statement is not None]
    except sqlglot.errors.SqlglotError as error:
        raise QueryError(f"The SQL cannot be read: {error}", "Athena's SQL is understood, such as SELECT 1.") from None
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        what = statements[0].key.upper() if len(statements) == 1 else f"{len(statements)} statements"
        raise QueryError(f"One SELECT is understood, not {what}", "Tables are written by the pipeline only.")
    return statements[0]


def in_databases(sql: str, databases: Mapping[str, str]) -> str:
    """One SELECT with its databases replaced: `databases` has the name that is written → the name that there is.

    Text in which nothing is to be replaced stays as it is. QueryError for anything but one SELECT.
    """
    from sqlglot import exp

    tree, replaced = parse_select(sql), False
    for node in tree.find_all(exp.Table, exp.Column):  # A column may be written database.table.column.
        written = node.text("db")
        database = databases.get(written.lower(), "")
        if database and database != written:
            node.set("db", exp.to_identifier(database, quoted=True))
            replaced = True
    return athena_text(tree) if replaced else sql.strip().rstrip(";").rstrip()
