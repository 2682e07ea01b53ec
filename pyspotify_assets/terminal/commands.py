"""What the commands do and show: plan the days, run the jobs with progress, print tables, facts and places."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from pyspotify_assets import landing
from pyspotify_assets.aws.session import filled
from pyspotify_assets.clock import system_clock
from pyspotify_assets.daily.refusals import kept_refusal
from pyspotify_assets.errors import LakeError, PySpotifyError
from pyspotify_assets.feeds import Feed, feed_named, load_feeds
from pyspotify_assets.jobs import FULL_REFRESH
from pyspotify_assets.lake import Lake
from pyspotify_assets.planning import ranges
from pyspotify_assets.resources import resources_for, sql_engine
from pyspotify_assets.settings import Settings, load_settings
from pyspotify_assets.tables import MARTS
from pyspotify_assets.terminal import listening, runs
from pyspotify_assets.terminal.overview import newest_facts, summarize
from pyspotify_assets.terminal.refresh_plan import plan_refresh

console = Console()
if not console.is_terminal:
    console.width = 140  # A log has no width; 80 would fold the places of tables.
errors = Console(stderr=True)
MISSED = 3
"""Exit code where nothing failed and a day has no snapshot all the same: Spotify or the budget refuses until later."""


def run_pipeline(days: int, until: date | None) -> int:
    """Run full_refresh over every range of days that there is something to do for; gives the exit code."""
    settings, feeds = _start()
    lake, today = Lake.at(**settings.lake_places()), settings.today(system_clock())
    last = _day(until, settings, today)
    first = max(last - timedelta(days=days - 1), settings.start)
    planned = plan_refresh(lake, feeds, settings, first, last, today)
    due = listening.is_due(lake, sql_engine(settings), settings.timezone)
    failures = listening.bring_up_to_date(_say) if due else []
    if not planned and (due or listening.page_address(lake)):
        _show_listening(lake)
        return _show_failures(failures)
    if not planned:
        console.print("There is nothing to take: no Spotify credentials, and no file in landing.")
        console.print("Set SPOTIPY_CLIENT_ID and SPOTIPY_CLIENT_SECRET, or import a file.")
        console.print("PYSPOTIFY_SOURCE=sample shows the sample.")
        return 1
    more, missed = _execute(FULL_REFRESH, planned, 2 * len(feeds) + len(MARTS) + 1)
    failures += more
    _show_tables(settings, lake, feeds, planned[0], planned[-1])
    _show_report(settings, lake, feeds)
    _show_listening(lake)
    return _show_missed(missed, lake) if missed and not failures else _show_failures(failures)


def take_snapshots(names: Sequence[str], day: date | None) -> int:
    """Run daily_snapshot for one day, of all feeds or those named; gives the exit code."""
    settings, feeds = _start()
    chosen = [feed_named(name, feeds) for name in names] or feeds
    taken = _day(day, settings, settings.today(system_clock()))
    assets = [dg.AssetKey([area, feed.name]) for feed in chosen for area in ("raw", "refined")]
    failures, missed = _execute("daily_snapshot", [taken.isoformat()], len(assets), assets)
    lake = Lake.at(**settings.lake_places())
    for feed in chosen:
        for area in ("raw", "refined"):
            place = lake.place((area, feed.name), taken.isoformat())
            info = place.info()
            if info is not None:
                console.print(
                    f"{area}/{feed.name}: {info.notes.get('rows', '?')} rows, {info.size:,} bytes, {place.uri}",
                    soft_wrap=True,
                )
    return _show_missed(missed, lake) if missed and not failures else _show_failures(failures)


def import_file(file: Path, feed: str, day: date) -> None:
    """Check that a CSV can become raw, then put it into the live lake's landing."""
    settings = load_settings(source="live")
    feeds = load_feeds(settings.feeds)
    feed_named(feed, feeds)
    _day(day, settings, settings.today(system_clock()))
    if not file.is_file():
        raise LakeError(f"There is no file {file}", "Give the path of a CSV file.")
    form = landing.recognise(file)
    rows = sum(1 for _ in landing.rows_of(file, form, system_clock()))
    store = Lake.at(**settings.lake_places()).stores["landing"]
    key = landing.landing_key(feed, day.isoformat(), file.name)
    with store.staging(Path(key).name) as staged:
        shutil.copyfile(file, staged)
        store.publish(staged, key)
    console.print(f"{rows} rows ({form}) wait in {store.uri(key)}", soft_wrap=True)
    console.print("Next: `pyspotify run` takes them, and so does the sensor raw_landed of a running `dagster dev`.")
    console.print("One that was started on the sample has to reload its definitions first, to see the live lake.")
    if load_settings().resolved_source() != "live":
        console.print(
            "PYSPOTIFY_SOURCE=sample is set: unset it, or set it to live, to see imported data.", style="yellow"
        )


def import_export(file: Path) -> int:
    """Take an export of the listening history into the live lake, up to the page about it; gives the exit code."""
    lake = Lake.at(**load_settings(source="live").lake_places())
    if not file.is_file():
        raise LakeError(f"There is no file {file}", "Give the path of the ZIP that Spotify sent.")
    key = listening.land_export(lake, file)
    if load_settings().resolved_source() != "live":
        console.print(f"The export waits in {lake.stores['landing'].uri(key)}", soft_wrap=True)
        console.print(
            "PYSPOTIFY_SOURCE=sample is set: unset it, or set it to live; then `pyspotify run`.", style="yellow"
        )
        return 0
    failures = listening.bring_up_to_date(_say)
    _show_listening(lake)
    return _show_failures(failures)


def print_query(query: str, limit: int) -> None:
    """Run one query and print its rows, at most `limit` of them."""
    result = sql_engine(load_settings()).query(query)
    table = Table(show_lines=False)
    for name in result.column_names:
        table.add_column(name, overflow="fold")
    for row in result.slice(0, limit).to_pylist():
        table.add_row(*("" if value is None else _plain(value) for value in row.values()))
    console.print(table)
    shown = min(limit, result.num_rows)
    console.print(f"{shown} of {result.num_rows} rows" if shown < result.num_rows else f"{shown} rows")


def _start() -> tuple[Settings, Sequence[Feed]]:
    settings = load_settings()
    resources_for(settings)
    what = "the built-in sample (made-up data)" if settings.resolved_source() == "sample" else "live data"
    console.print(f"PySpotify on {what}, lake {filled(settings.lake_address())}", style="bold", soft_wrap=True)
    return settings, load_feeds(settings.feeds)


def _day(day: date | None, settings: Settings, today: date) -> date:
    chosen = day or today
    if not settings.start <= chosen <= today:
        raise PySpotifyError(
            f"{chosen} is not a day that partitions exist for: {settings.start} to {today} ({settings.timezone})",
            "PYSPOTIFY_START sets the first day.",
        )
    return chosen


def _execute(
    job: str, days: Sequence[str], assets: int, selection: Sequence[dg.AssetKey] | None = None
) -> tuple[list[str], list[str]]:
    """Run a job over the days, with its progress; what failed and what was missed, in words."""
    failures: list[str] = []
    missed: list[str] = []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as shown, runs.dagster_instance() as instance:
        task = shown.add_task(job, total=len(days) * assets)
        for first, last in ranges(days):

            def on_day(message: str) -> None:
                shown.update(task, advance=1, description=_short(message))
                if not console.is_terminal and shown.tasks[0].completed % (2 * assets) == 0:
                    console.print(
                        f"{int(shown.tasks[0].completed)} of {int(shown.tasks[0].total or 0)}: {message}",
                        soft_wrap=True,
                    )

            def on_notice(message: str, is_missed: bool) -> None:
                if is_missed:
                    missed.append(message)
                else:
                    shown.console.print(message, style="yellow", soft_wrap=True, markup=False)

            failures += runs.execute(instance, job, first, last, on_day, selection, on_notice)
        shown.update(task, description=job)
    return failures, missed


def _show_tables(settings: Settings, lake: Lake, feeds: Sequence[Feed], first: str, last: str) -> None:
    table = Table(title=f"{first} to {last}", title_justify="left")
    for name in ("table", "days", "rows", "bytes", "place"):
        figure = name in ("days", "rows", "bytes")
        table.add_column(name, justify="right" if figure else "left", no_wrap=name != "place", overflow="fold")
    summaries = summarize(lake, sql_engine(settings), feeds, first, last)
    for summary in summaries:
        rows = "" if summary.rows is None else f"{summary.rows:,}"
        table.add_row(summary.table, f"{summary.days:,}", rows, f"{summary.bytes:,}", _from_here(summary.place))
    if any(summary.days for summary in summaries):
        console.print(table)


def _show_report(settings: Settings, lake: Lake, feeds: Sequence[Feed]) -> None:
    newest = newest_facts(lake, sql_engine(settings), feeds, settings)
    if newest is None:
        return
    day, facts, uri = newest
    console.print(f"Three facts today ({day})", style="bold")
    for fact in facts:
        console.print(f"  • {fact}", soft_wrap=True, markup=False)
    console.print(f"Report: {_from_here(uri)}", soft_wrap=True, markup=False)


def _say(message: str) -> None:
    console.print(_from_here(message), soft_wrap=True, markup=False, highlight=False)


def _show_listening(lake: Lake) -> None:
    address = listening.page_address(lake)
    if address:
        console.print(f"Listening history: {_from_here(address)}", soft_wrap=True, markup=False)


def _show_missed(missed: Sequence[str], lake: Lake) -> int:
    for message in missed:
        errors.print(message, style="yellow", soft_wrap=True, markup=False)
    refusal = kept_refusal(lake, system_clock())
    if refusal is not None:
        errors.print(str(refusal.error()), soft_wrap=True, markup=False)
    return MISSED


def _show_failures(failures: Sequence[str]) -> int:
    for failure in failures:
        errors.print(failure, style="red", soft_wrap=True, markup=False)
    if failures:
        errors.print("Everything else is done and stays. The same command tries again what is missing.", soft_wrap=True)
    return 1 if failures else 0


def _short(message: str) -> str:
    line = message.partition("\n")[0]
    return line if len(line) <= 60 else line[:59] + "…"


def _from_here(place: str) -> str:
    """A path below the working directory without what is above it; any other place as it is."""
    here = f"{Path.cwd()}{os.sep}"
    return place.removeprefix(here)


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
