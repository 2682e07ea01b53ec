"""What `pyspotify run` and `pyspotify extract` do: plan the days, run the jobs with progress, show what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, timedelta

import dagster as dg
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from pyspotify_assets.aws.session import filled
from pyspotify_assets.clock import system_clock
from pyspotify_assets.daily.notes import Notes
from pyspotify_assets.day_ranges import ranges
from pyspotify_assets.feeds import Feed, feed_named, load_feeds
from pyspotify_assets.jobs import FULL_REFRESH
from pyspotify_assets.lake import Lake
from pyspotify_assets.names import DATABASES
from pyspotify_assets.report import texts_in
from pyspotify_assets.resources import resources_for
from pyspotify_assets.settings import Settings, load_settings
from pyspotify_assets.tables import MARTS
from pyspotify_assets.terminal import incidents, listening, runs
from pyspotify_assets.terminal.document import one_document
from pyspotify_assets.terminal.ending import ended
from pyspotify_assets.terminal.grid import show_table
from pyspotify_assets.terminal.overview import NewestReport, TableSummary, newest_facts, summarize
from pyspotify_assets.terminal.refresh_plan import partition_day, plan_refresh
from pyspotify_assets.terminal.screen import console, from_here, say, show_facts
from pyspotify_assets.warehouse.engines import sql_engine

_NOTHING = (
    "There is nothing to take: no Spotify credentials, and no file in landing.",
    "Set SPOTIPY_CLIENT_ID and SPOTIPY_CLIENT_SECRET, or import a file.",
    "PYSPOTIFY_SOURCE=sample shows the sample.",
)


def run_pipeline(days: int, until: date | None, as_json: bool = False) -> int:
    """Run full_refresh over every range of days that there is something to do for; gives the exit code."""
    with one_document(as_json) as document:
        settings, feeds = _start(document)
        lake, today = Lake.at(**settings.lake_places()), settings.today(system_clock())
        last = partition_day(until, settings, today)
        first = max(last - timedelta(days=days - 1), settings.start)
        document |= {"first_day": first, "last_day": last, "tables": [], "report": None, "listening": None}
        planned = plan_refresh(lake, feeds, settings, first, last, today)
        due = listening.is_due(lake, sql_engine(settings), settings.timezone, settings.report_language)
        failures = listening.bring_up_to_date(say) if due else []
        missed: list[str] = []
        if planned:
            more, missed = _execute(FULL_REFRESH, planned, 2 * len(feeds) + len(MARTS) + 1)
            failures += more
            summaries = summarize(lake, sql_engine(settings), feeds, planned[0], planned[-1])
            newest = newest_facts(lake, sql_engine(settings), feeds, settings)
            document |= {"first_day": planned[0], "last_day": planned[-1], "tables": list(map(asdict, summaries))}
            document["report"] = asdict(newest) if newest else None
            if not as_json:
                _show_tables(summaries, planned[0], planned[-1])
                _show_report(newest, settings)
        elif not due and not listening.page_address(lake):
            for line in _NOTHING:
                say(line)
            document |= {"incidents": [], "failures": list(_NOTHING[:1]), "missed": [], "refused_until": None}
            return 1
        document["listening"] = listening.show_page(lake)
        document["incidents"] = incidents.show_open(settings, lake, feeds, failures, missed)
        return ended(failures, missed, lake, document)


def take_snapshots(names: Sequence[str], day: date | None, as_json: bool = False) -> int:
    """Run daily_snapshot for one day, of all feeds or those named; gives the exit code."""
    with one_document(as_json) as document:
        settings, feeds = _start(document)
        chosen = [feed_named(name, feeds) for name in names] or feeds
        taken = partition_day(day, settings, settings.today(system_clock())).isoformat()
        assets = [dg.AssetKey([area, feed.name]) for feed in chosen for area in ("raw", "refined")]
        failures, missed = _execute("daily_snapshot", [taken], len(assets), assets)
        lake = Lake.at(**settings.lake_places())
        document |= {"day": taken, "snapshots": [there for feed in chosen for there in _snapshot(lake, feed, taken)]}
        document["incidents"] = incidents.show_open(settings, lake, feeds, failures, missed)
        return ended(failures, missed, lake, document)


def _start(document: dict[str, object]) -> tuple[Settings, Sequence[Feed]]:
    settings = load_settings()
    resources_for(settings)
    what = "the built-in sample (made-up data)" if settings.resolved_source() == "sample" else "live data"
    address = filled(settings.lake_address())
    say(f"PySpotify on {what}, lake {address}", style="bold")
    document |= {"source": settings.resolved_source(), "lake": address}
    return settings, load_feeds(settings.feeds)


def _execute(
    job: str, days: Sequence[str], assets: int, selection: Sequence[dg.AssetKey] | None = None
) -> tuple[list[str], list[str]]:
    """Run a job over the days, with its progress; what failed and what was missed, in words."""
    failures: list[str] = []
    missed: list[str] = []
    bar = min(40, console.width // 4)
    longest = max(10, min(60, console.width - bar - 20))  # Beside the words stand the bar, "123/456" and "0:01:23".
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as shown, runs.dagster_instance() as instance:
        task = shown.add_task(job, total=len(days) * assets)
        for first, last in ranges(days):

            def on_day(message: str) -> None:
                shown.update(task, advance=1, description=_short(message, longest))
                if not console.is_terminal and shown.tasks[0].completed % (2 * assets) == 0:
                    say(f"{int(shown.tasks[0].completed)} of {int(shown.tasks[0].total or 0)}: {message}")

            def on_notice(message: str, is_missed: bool) -> None:
                if is_missed:
                    missed.append(message)
                else:
                    say(message, style="yellow")

            failures += runs.execute(instance, job, first, last, on_day, selection, on_notice)
        shown.update(task, description=job)
    return failures, missed


def _snapshot(lake: Lake, feed: Feed, day: str) -> list[dict[str, object]]:
    """What the lake has of one feed's day, shown as well."""
    found: list[dict[str, object]] = []
    for area in ("raw", "refined"):
        place = lake.place((area, feed.name), day)
        info = place.info()
        if info is not None:
            notes = Notes.from_texts(info.notes)
            rows = notes.rows if notes else None
            say(f"{area}/{feed.name}: {'?' if rows is None else rows} rows, {info.size:,} bytes, {place.uri}")
            found.append(
                {"table": f"{DATABASES[area]}.{feed.name}", "rows": rows, "bytes": info.size, "place": place.uri}
            )
    return found


def _show_tables(summaries: Sequence[TableSummary], first: str, last: str) -> None:
    if not any(summary.days for summary in summaries):
        return
    rows = [
        (
            summary.table,
            f"{summary.days:,}",
            "" if summary.rows is None else f"{summary.rows:,}",
            f"{summary.bytes:,}",
            from_here(summary.place),
        )
        for summary in summaries
    ]
    console.print(f"{first} to {last}", style="italic", highlight=False)
    headings = ("table", "days", "rows", "bytes", "place")
    show_table(console, headings, rows, figures=("days", "rows", "bytes"), places=("place",))


def _show_report(newest: NewestReport | None, settings: Settings) -> None:
    if newest is not None:
        say(texts_in(settings.report_language)("facts_today", day=newest.day), style="bold")
        show_facts(newest.facts)
        say(f"Report: {from_here(newest.place)}")


def _short(message: str, longest: int) -> str:
    line = message.partition("\n")[0]
    return line if len(line) <= longest else line[: longest - 1] + "…"
