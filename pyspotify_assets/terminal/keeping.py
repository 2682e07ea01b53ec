"""The commands of `pyspotify` about what is kept: quarantine and forget. Commands only."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import click

from pyspotify_assets.terminal import completion as complete
from pyspotify_assets.terminal.options import DAY, as_json_option, ending_plainly, feeds_option


@click.command()
@click.option("--older-than", type=click.IntRange(1), metavar="DAYS", help="Keep this many days, today included.")
@click.option("--before", type=DAY, metavar="DAY", help="Forget the days before this one, YYYY-MM-DD.")
@feeds_option
@click.option("--plays", is_flag=True, help="The whole listening history instead: plays, their marts and the page.")
@click.option("--dry-run", is_flag=True, help="Only show what would go.")
@click.option("--yes", "sure", is_flag=True, help="Do not ask.")
@as_json_option
@ending_plainly
def forget(
    older_than: int | None,
    before: datetime | None,
    feeds: tuple[str, ...],
    plays: bool,
    dry_run: bool,
    sure: bool,
    as_json: bool,
) -> None:
    """Delete raw and refined days that shall not be kept.

    With them goes what holds their rows: quarantine, kept copies of replaced raw files, files in landing. Marts and
    reports stay. Without --older-than and --before it keeps PYSPOTIFY_RETENTION_DAYS, as the schedule of that name does
    every day.

    \b
      pyspotify forget --older-than 90 --dry-run
      pyspotify forget --plays

    --json: before (the first day that is kept), tables (area, table, days, first_day, last_day, objects, bytes),
    objects, bytes, forgotten (objects). It asks nothing: give --yes or --dry-run.

    Exit code 1 if something could not be deleted; the same command goes on from there.
    """
    from pyspotify_assets.terminal.forgetting import forget_days, forget_listening

    if older_than and before:
        raise click.UsageError("--older-than and --before say the same: give one of them.")
    if as_json and not (sure or dry_run):
        raise click.UsageError("--json asks nothing: give --yes to forget, or --dry-run to look.")
    if plays:
        if older_than or before or feeds:
            raise click.UsageError("--plays is all of the listening history: leave days and feeds out.")
        forget_listening(dry_run, sure, as_json)
        return
    forget_days(older_than, before.date() if before else None, feeds, dry_run, sure, as_json)


@click.group()
def quarantine() -> None:
    """Look at what could not be taken, and try it again.

    Rows that cannot be typed, files in landing and exports that cannot be read are set aside with the reason, and
    counted: nothing is dropped. An ITEM is named as `list` names it, such as refined/top_played/2026-11-22.

    \b
      pyspotify quarantine list
      pyspotify quarantine show refined/top_played/2026-11-22
      pyspotify quarantine replay --all

    --json: of each of the three, see its own help.

    Exit code 1 if there is no such item, or, of replay, if something is still in quarantine.
    """


@quarantine.command(name="list")
@click.option("--feed", default="", shell_complete=complete.feeds, help="Only of this feed.  [default: all]")
@click.option("--from", "first", type=DAY, metavar="DAY", help="The first day, YYYY-MM-DD.")
@click.option("--to", "last", type=DAY, metavar="DAY", help="The last day, YYYY-MM-DD.")
@as_json_option
@ending_plainly
def list_(feed: str, first: datetime | None, last: datetime | None, as_json: bool) -> None:
    """Show what is in quarantine, how much, and why.

    \b
      pyspotify quarantine list --feed top_played --from 2026-11-01

    --json: items (item, kind, feed, day, rows, reasons (reason, rows), bytes, place).

    Exit code 0 whether something is there or not.
    """
    from pyspotify_assets.terminal.quarantine import list_items

    list_items(feed, first.date() if first else None, last.date() if last else None, as_json)


@quarantine.command()
@click.argument("item")
@click.option("--limit", type=click.IntRange(1), default=10, show_default=True, help="Rows that are shown at most.")
@as_json_option
@ending_plainly
def show(item: str, limit: int, as_json: bool) -> None:
    """Show rows of one item: why, the values, the line.

    Of a file that could not be read: the lines around the one that the reason names.

    \b
      pyspotify quarantine show refined/top_played/2026-11-22 --limit 3

    --json: what `list` has of the item, and shown (number, reason, values, line).

    Exit code 1 if there is no such item.
    """
    from pyspotify_assets.terminal.quarantine import show_item

    show_item(item, limit, as_json)


@quarantine.command()
@click.argument("items", nargs=-1, metavar="[ITEM]...")
@click.option("--all", "everything", is_flag=True, help="Everything that another try can change.")
@click.option("--feed", default="", shell_complete=complete.feeds, help="With --all: only of this feed.")
@click.option("--date", "day", type=DAY, metavar="DAY", help="With --all: only of this day, YYYY-MM-DD.")
@click.option("--with", "mended", type=click.Path(path_type=Path), help="Take this file instead of the one ITEM.")
@as_json_option
@ending_plainly
def replay(
    items: tuple[str, ...], everything: bool, feed: str, day: datetime | None, mended: Path | None, as_json: bool
) -> None:
    """Try again, after code, rules or a file were mended.

    Rows: their day is refined again. A file goes back into landing and is taken from there; so does an export. What is
    refused again comes back with its reason. A raw day that is replaced by it is kept: docs/quarantine.md.

    \b
      pyspotify quarantine replay refined/top_played/2026-11-22
      pyspotify quarantine replay landing/top_played/2023-07-08/songs.csv --with mended.csv

    --json: replayed (item, rows_before, rows_now, changed), failures.

    Exit code 1 if something failed, or is still in quarantine.
    """
    from pyspotify_assets.terminal.replay import replay

    if everything == bool(items):
        raise click.UsageError("Which? Name items, or give --all.")
    if (feed or day) and not everything:
        raise click.UsageError("--feed and --date go with --all.")
    if mended and len(items) != 1:
        raise click.UsageError("--with mends one ITEM.")
    sys.exit(replay(items, feed if everything else None, day.date() if day else None, mended, as_json))
