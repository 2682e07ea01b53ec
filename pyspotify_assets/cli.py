"""`pyspotify`: the pipeline from a terminal. Commands only; what they do is done elsewhere, and imported when they run.

Those that set things up and look after them are in `terminal/upkeep.py`.
"""

from __future__ import annotations

import sys
from datetime import date, datetime
from io import TextIOWrapper
from pathlib import Path

import click

from pyspotify_assets.terminal import completion as complete
from pyspotify_assets.terminal.help import Sections
from pyspotify_assets.terminal.keeping import forget, quarantine
from pyspotify_assets.terminal.options import DAY, as_json_option, ending_plainly, feeds_option
from pyspotify_assets.terminal.upkeep import completion, doctor, login, verify

_SECTIONS = {
    "Take and keep": ("run", "extract", "import"),
    "Look": ("report", "sql", "feeds"),
    "Set up and look after": ("login", "doctor", "verify", "quarantine", "forget", "completion"),
}


def _date(day: datetime | None) -> date | None:
    return day.date() if day else None


@click.group(cls=Sections, sections=_SECTIONS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="pyspotify_assets")
def main() -> None:
    """A daily snapshot of Spotify: raw CSV, refined Parquet, crawled tables, Athena SQL, a report.

    Works on the built-in, made-up sample until there are Spotify credentials or imported files. Settings come from
    PYSPOTIFY_… variables or a .env file; see the README.

    \b
      pyspotify run               14 days of the sample, up to the report
      pyspotify report --open     look at it

    Every command ends with 0 if all went well, 1 if something failed, 2 if it was typed wrongly, 130 after Ctrl-C. With
    --json an error is a document too: {"error": {"kind", "message", "remedy"}}.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # A terminal without letters for a name gets “?”, not an error.
    _load_env_file(Path.cwd() / ".env")


def _load_env_file(file: Path) -> None:
    """Settings of the `.env` of the working directory, and of no folder above it: what is set already wins."""
    from dotenv import load_dotenv

    try:
        load_dotenv(file)
    except (OSError, ValueError) as error:
        raise click.ClickException(f"{file} cannot be read: {error}\n  → Save it as text in UTF-8.") from None


@main.command()
@click.option(
    "--days", default=14, show_default=True, type=click.IntRange(1, 366), help="How many days, the last included."
)
@click.option(
    "--until",
    type=DAY,
    metavar="DAY",
    shell_complete=complete.snapshot_days,
    help="The last day, YYYY-MM-DD.  [default: today]",
)
@as_json_option
@ending_plainly
def run(days: int, until: datetime | None, as_json: bool) -> None:
    """Bring everything up to date, from snapshots to the report.

    Takes snapshots, refines, crawls, makes marts and reports. Days that have not changed are left alone. Files that
    wait in landing are taken, whatever their day.

    \b
      pyspotify run --days 3 --until 2026-11-22

    --json: source, lake, first_day, last_day, tables (table, days, rows, bytes, place), report (day, facts, place),
    listening, incidents (key, since, title, happened, remedy), failures, missed, refused_until.

    Exit code 1 if something failed; 3 if nothing did and Spotify, or the daily budget, refuses until later.
    """
    from pyspotify_assets.terminal.pipeline import run_pipeline

    sys.exit(run_pipeline(days, _date(until), as_json))


@main.command()
@feeds_option
@click.option(
    "--date",
    "day",
    type=DAY,
    metavar="DAY",
    shell_complete=complete.snapshot_days,
    help="The day, YYYY-MM-DD; the past only of the sample.  [default: today]",
)
@as_json_option
@ending_plainly
def extract(feeds: tuple[str, ...], day: datetime | None, as_json: bool) -> None:
    """Take one day's snapshot and refine it.

    It is taken again if it is there.

    \b
      pyspotify extract --feed top_played

    --json: source, lake, day, snapshots (table, rows, bytes, place), incidents (key, since, title, happened, remedy),
    failures, missed, refused_until.

    Exit code 1 if something failed; 3 if nothing did and Spotify, or the daily budget, refuses until later.
    """
    from pyspotify_assets.terminal.pipeline import take_snapshots

    sys.exit(take_snapshots(feeds, _date(day), as_json))


@main.command(name="import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--feed", shell_complete=complete.feeds, help="Of a CSV, which needs it: the feed that the file is a snapshot of."
)
@click.option(
    "--date", "day", type=DAY, metavar="DAY", help="Of a CSV, which needs it: the day of the snapshot, YYYY-MM-DD."
)
@as_json_option
@ending_plainly
def import_(file: Path, feed: str | None, day: datetime | None, as_json: bool) -> None:
    """Import an old CSV, or Spotify's ZIP of what you played.

    A CSV is put into landing, from where the sensor raw_landed or `pyspotify run` takes it. Understood are the first
    PySpotify's files of 2023 and the raw CSV of this project.

    A ZIP (“Extended streaming history”, from spotify.com/account/privacy) is taken at once, up to a page about it:
    no app, no login, no Premium. Plays that are known already are not doubled; IP addresses are not kept.

    Imported data are real: they go into the live lake, never among the sample.

    \b
      pyspotify import songs.csv --feed popular_songs --date 2023-07-08
      pyspotify import my_spotify_data.zip

    --json: of a CSV: feed, day, format, rows, landing. Of a ZIP: landing (null once it is taken), page, failures.

    Exit code 1 if the file cannot be taken; nothing of it is kept then.
    """
    from pyspotify_assets.terminal.importing import import_export, import_file

    if file.suffix.lower() == ".zip":
        if feed or day:
            raise click.UsageError(
                "A ZIP of the listening history has plays of many days: leave --feed and --date out."
            )
        sys.exit(import_export(file, as_json))
    if not feed or not day:
        raise click.UsageError("A CSV needs --feed and --date; only a ZIP of the listening history needs neither.")
    import_file(file, feed, day.date(), as_json)


@main.command()
@click.option(
    "--date",
    "day",
    type=DAY,
    metavar="DAY",
    shell_complete=complete.report_days,
    help="Of that day, YYYY-MM-DD.  [default: the newest]",
)
@click.option("--listening", is_flag=True, help="The page about the listening history instead.")
@click.option("--open", "open_it", is_flag=True, help="Open it in the browser; without it nothing is opened.")
@as_json_option
@ending_plainly
def report(day: datetime | None, listening: bool, open_it: bool, as_json: bool) -> None:
    """Say what the report tells and where it lies; open it.

    The page is one file that needs no network. One that lies on S3 is opened as a copy in a temporary folder that only
    you can look into; delete it when you like.

    \b
      pyspotify report --open
      pyspotify report --date 2026-11-22

    --json: day and facts (not with --listening), place, bytes, made_at.

    Exit code 1 if there is no such report, or no browser to open it.
    """
    from pyspotify_assets.terminal.report import show_report

    if listening and day:
        raise click.UsageError("There is one page about the listening history, not one a day: leave --date out.")
    show_report(_date(day), listening, open_it, as_json)


@main.command()
@click.argument("query")
@click.option(
    "--limit",
    type=click.IntRange(1),
    help="Rows that are printed at most.  [default: 50 in a table, all of them with --json]",
)
@as_json_option
@ending_plainly
def sql(query: str, limit: int | None, as_json: bool) -> None:
    """Run Athena SQL over the tables and print the result.

    The tables are those of the current environment: spotify_raw, spotify_refined and spotify_marts.

    \b
      pyspotify sql "SELECT artist_name, tracks FROM spotify_marts.top_artists
                     WHERE snapshot_date = '2026-11-22' ORDER BY tracks DESC LIMIT 10"

    --json: columns (names, in order), rows (an object each), row_count (of the whole result).

    Exit code 1 if the query cannot be answered.
    """
    from pyspotify_assets.terminal.query import print_query

    print_query(query, limit, as_json)


@main.command()
@click.option("--example", is_flag=True, help="Print a feeds.toml to begin with: the defaults, others as comments.")
@as_json_option
@ending_plainly
def feeds(example: bool, as_json: bool) -> None:
    """Show what is taken every day, and what the lake has.

    Feeds are declared in feeds.toml (PYSPOTIFY_FEEDS), or are the two defaults where there is no such file. Adding one
    is adding a [[feed]] there: tables, marts and the report follow with the next run.

    \b
      pyspotify feeds --example > feeds.toml      # where there is none yet

    --json: declared_in (null: the defaults), source, refused_until, feeds (name, kind, query, playlist, range, market,
    maximum, first_day, newest_day, rows of the newest, missed_days of the last 31).

    Exit code 1 if feeds.toml, or the lake, cannot be read.
    """
    from pyspotify_assets.terminal.feeds import print_example, show_feeds

    if example and as_json:
        raise click.UsageError("The example is TOML: leave --json out.")
    print_example() if example else show_feeds(as_json)


main.add_command(login)
main.add_command(doctor)
main.add_command(verify)
main.add_command(quarantine)
main.add_command(forget)
main.add_command(completion)


if __name__ == "__main__":
    main()
