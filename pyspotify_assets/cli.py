"""`pyspotify`: the pipeline from a terminal. Commands only; what they do is done elsewhere."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import click

from pyspotify_assets.terminal.plainly import plainly

_DAY = click.DateTime(["%Y-%m-%d"])


_plainly = plainly("Interrupted. What was done stays; the same command goes on from there.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="pyspotify_assets")
def main() -> None:
    """A daily snapshot of Spotify: raw CSV, refined Parquet, crawled tables, Athena SQL, a report.

    Works on the built-in, made-up sample until there are Spotify credentials or imported files. Settings come from
    PYSPOTIFY_… variables or a .env file; see the README.
    """
    from dotenv import load_dotenv

    load_dotenv(Path.cwd() / ".env")


@main.command()
@click.option(
    "--days", default=14, show_default=True, type=click.IntRange(1, 366), help="How many days, the last included."
)
@click.option("--until", type=_DAY, help="The last day, YYYY-MM-DD.  [default: today]")
@_plainly
def run(days: int, until: datetime | None) -> None:
    """Bring everything up to date: snapshot, refine, crawl, marts, report.

    Days that have not changed are left alone. Files that wait in landing are taken, whatever their day.
    Exit code 1 if something failed; 3 if nothing did and Spotify, or the daily budget, refuses until later.
    """
    from pyspotify_assets.terminal.commands import run_pipeline

    sys.exit(run_pipeline(days, until.date() if until else None))


@main.command()
@click.option("--feed", "feeds", multiple=True, help="Only this feed; can be given several times.  [default: all]")
@click.option("--date", "day", type=_DAY, help="The day, YYYY-MM-DD; the past only of the sample.  [default: today]")
@_plainly
def extract(feeds: tuple[str, ...], day: datetime | None) -> None:
    """Take one day's snapshot and refine it; take it again if it is there.

    Exit code 1 if something failed; 3 if nothing did and Spotify, or the daily budget, refuses until later.
    """
    from pyspotify_assets.terminal.commands import take_snapshots

    sys.exit(take_snapshots(feeds, day.date() if day else None))


@main.command(name="import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--feed", help="Of a CSV, which needs it: the feed that the file is a snapshot of.")
@click.option("--date", "day", type=_DAY, help="Of a CSV, which needs it: the day of the snapshot, YYYY-MM-DD.")
@_plainly
def import_(file: Path, feed: str | None, day: datetime | None) -> None:
    """Import a CSV, or the ZIP of the listening history that Spotify sent you.

    A CSV is put into landing, from where the sensor raw_landed or `pyspotify run` takes it. Understood are the first
    PySpotify's files of 2023 and the raw CSV of this project.

    A ZIP (“Extended streaming history”, from spotify.com/account/privacy) is taken at once, up to a page about it:
    no app, no login, no Premium. Plays that are known already are not doubled; IP addresses are not kept.

    Imported data are real: they go into the live lake, never among the sample.
    """
    from pyspotify_assets.terminal.commands import import_export, import_file

    if file.suffix.lower() == ".zip":
        if feed or day:
            raise click.UsageError(
                "A ZIP of the listening history has plays of many days: leave --feed and --date out."
            )
        sys.exit(import_export(file))
    if not feed or not day:
        raise click.UsageError("A CSV needs --feed and --date; only a ZIP of the listening history needs neither.")
    import_file(file, feed, day.date())


@main.command()
@click.option(
    "--port",
    default=8888,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="Port of the redirect URI; 0: any that is free, if http://127.0.0.1/callback is registered without one.",
)
@click.option("--no-browser", is_flag=True, help="Only print the address of Spotify's page.")
@click.option("--status", "what", flag_value="status", help="Say who is logged in for which app, and until when.")
@click.option("--forget", "what", flag_value="forget", help="Forget the login of this app.")
@_plainly
def login(port: int, no_browser: bool, what: str | None) -> None:
    """Let this program read what only a user may read: own playlists, top tracks, saved tracks, latest plays.

    Opens Spotify's page in a browser, once; the login holds for six months. It needs SPOTIPY_CLIENT_ID, and
    http://127.0.0.1:8888/callback among the redirect URIs of that app. What it gives is kept where the environment
    keeps secrets: in PYSPOTIFY_TOKEN_FILE, or on AWS in the secret that has the app's credentials.
    """
    from pyspotify_assets.terminal import login as commands

    if what == "status":
        sys.exit(commands.show_status())
    if what == "forget":
        sys.exit(commands.forget())
    commands.log_in(port, not no_browser)


@main.command()
@click.argument("query")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1), help="Rows that are printed at most.")
@_plainly
def sql(query: str, limit: int) -> None:
    """Run Athena SQL over the current environment's tables and print the result.

    \b
    pyspotify sql "SELECT artist_name, tracks FROM spotify_marts.top_artists
                   WHERE snapshot_date = '2026-11-22' ORDER BY tracks DESC LIMIT 10"
    """
    from pyspotify_assets.terminal.commands import print_query

    print_query(query, limit)


@main.command()
@click.option("--live", is_flag=True, help="Also try one small request of every kind: costs less than a cent.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON, for scripts.")
@_plainly
def doctor(live: bool, as_json: bool) -> None:
    """Look at settings, credentials, permissions and resources, and say how to mend what is missing.

    Nothing is changed. Ends with 1 if there is any problem; warnings alone end with 0.
    """
    from pyspotify_assets.terminal.doctor import examine

    sys.exit(examine(live, as_json))


if __name__ == "__main__":
    main()
