"""The SQL files in `sql/`: read, and made complete with tables and literals. Works on sqlglot's tree, never on text."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlglot import exp


@cache
def sql_text(name: str) -> str:
    """The text of `sql/<name>.sql`."""
    return files("pyspotify_assets.sql").joinpath(f"{name}.sql").read_text(encoding="utf-8")


def sql_tree(name: str, **literals: str | None) -> exp.Expr:
    """`sql/<name>.sql` as sqlglot's tree, its `:placeholders` replaced by text literals or NULL."""
    import sqlglot
    from sqlglot import exp

    values = {key: exp.Null() if text is None else exp.Literal.string(text) for key, text in literals.items()}
    return exp.replace_placeholders(sqlglot.parse_one(sql_text(name), read="athena"), **values)


def over_table(tree: exp.Expr, database: str, table: str) -> exp.Expr:
    """The tree with every table in it replaced by this one."""
    from sqlglot import exp

    for reference in list(tree.find_all(exp.Table)):
        reference.replace(exp.table_(table, db=database, quoted=True))
    return tree


def athena_text(tree: exp.Expr) -> str:
    """The tree as Athena SQL, for a person to read too.

    AT TIME ZONE stays the operator that it is: sqlglot would write Trino's function, which it cannot read again.
    """
    from sqlglot import exp

    def as_it_is(node: exp.Expr) -> exp.Expr:
        if not isinstance(node, exp.AtTimeZone):
            return node
        return exp.Var(this=f"{athena_text(node.this)} AT TIME ZONE {athena_text(node.args['zone'])}")

    return tree.transform(as_it_is).sql(dialect="athena", pretty=True, comments=False)
