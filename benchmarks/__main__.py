"""The command of the benchmark, `python -m benchmarks` here at the top; `make bench` sets up what it needs first."""

from __future__ import annotations

import sys
import tempfile
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

import click

from benchmarks import table
from benchmarks.processes import Failed
from benchmarks.rounds import ROUNDS, Absent, Disagreement, measure

GROUPS = {
    "starting": "benchmarks.starting.rows",
    "extracting": "benchmarks.extracting.rows",
    "refining": "benchmarks.refining.rows",
    "layout": "benchmarks.layout.rows",
    "rebuilding": "benchmarks.rebuilding.rows",
    "history": "benchmarks.history.rows",
    "transfer": "benchmarks.transfer.rows",
}
"""Name, in docs/benchmarks.md too → the module that has its rows."""


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("groups", nargs=-1, type=click.Choice(list(GROUPS)))
@click.option("--quick", is_flag=True, help="Small sizes and one round, nothing written: shows that it works.")
@click.option("--rounds", type=click.IntRange(1), default=ROUNDS, show_default=True, help="Rounds of each row.")
@click.option("--write/--no-write", default=True, help="Whether the figures go into docs/benchmarks.md.")
def main(groups: tuple[str, ...], quick: bool, rounds: int, write: bool) -> None:
    """Measure the pipeline beside its alternatives: all GROUPS, or those that are named.

    Prints medians and ratios, and writes them to docs/benchmarks.md. Ends with an error if contenders fail or their
    results differ; a bar that is missed is told and is no error, since a busy machine misses some.
    """
    broken = False
    for name in groups or GROUPS:
        measured = []
        click.echo(f"{name}", err=True)
        with tempfile.TemporaryDirectory(prefix="benchmarks-") as scratch:
            try:
                for row in import_module(GROUPS[name]).rows(quick, Path(scratch)):
                    click.echo(f"  {row.work}", err=True)
                    measured.append(
                        measure(row, 1 if quick else rounds, lambda line: click.echo(f"    {line}", err=True))
                    )
            except (Absent, Disagreement, Failed) as error:
                click.echo(f"Error: {name}: {error}", err=True)
                broken = True
                continue
        text = table.part(measured, datetime.now(UTC).date())
        click.echo(f"\n{name}: {text}\n")
        for one in measured:
            for words in one.missed():
                click.echo(f"Not held: {one.row.work}: {words}", err=True)
        if write and not quick:
            table.write(name, text)
    sys.exit(broken)


if __name__ == "__main__":
    main()
