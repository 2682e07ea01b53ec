"""What the commands of `pyspotify` have in common: how a day is typed, how JSON is asked for, how they end."""

from __future__ import annotations

import click

from pyspotify_assets.terminal import completion as complete
from pyspotify_assets.terminal.plainly import plainly

DAY = click.DateTime(["%Y-%m-%d"])

ending_plainly = plainly("Interrupted. What was done stays; the same command goes on from there.")

feeds_option = click.option(
    "--feed",
    "feeds",
    multiple=True,
    shell_complete=complete.feeds,
    help="Only this feed; can be given several times.  [default: all]",
)

as_json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document and nothing else, for scripts."
)
