"""What `pyspotify verify` does and shows: looks at a range of days, has the ordinary runs repair it, looks again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, timedelta
from itertools import groupby

import dagster as dg
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from pyspotify_assets.assets.report import REPORT
from pyspotify_assets.clock import system_clock
from pyspotify_assets.day_ranges import ranges, span
from pyspotify_assets.errors import PySpotifyError
from pyspotify_assets.feeds import feed_named, load_feeds
from pyspotify_assets.jobs import CRAWL_JOBS
from pyspotify_assets.lake import Lake
from pyspotify_assets.names import DATABASES
from pyspotify_assets.settings import Settings, load_settings
from pyspotify_assets.terminal import runs
from pyspotify_assets.terminal.document import print_document
from pyspotify_assets.terminal.grid import show_table
from pyspotify_assets.terminal.screen import screen
from pyspotify_assets.verification import Verified, verify
from pyspotify_assets.verification.fault import Fault, Scope
from pyspotify_assets.verification.marts import remove_leftovers
from pyspotify_assets.verification.repair import Plan, plan_repair
from pyspotify_assets.verification.restore import bring_back
from pyspotify_assets.warehouse.engines import sql_engine

_SHOWN = 40
"""Faults that the table shows; --json has all."""


def verify_lake(
    first: date | None, last: date | None, feeds: Sequence[str], deep: bool, repair: bool, as_json: bool
) -> int:
    """Verify the days of the lake, repair them if asked to, and show what was found; gives the exit code."""
    settings = load_settings()
    scope = _scope(settings, first, last, feeds, deep)
    console = screen(stderr=as_json)
    done: list[str] = []
    with _progress() as progress:
        before = verified = verify(scope, progress)
    if repair and not before.whole:
        _show(console, scope, before)
        done = _repair(settings, scope, before, lambda words: console.print(words, soft_wrap=True, markup=False))
        with _progress() as progress:
            verified = verify(scope, progress)
    if as_json:
        print_document(_document(scope, before, verified, done))
    else:
        _show(console, scope, verified)
        if not verified.whole and not repair:
            console.print("Nothing was changed.", style="bold")
    return 0 if verified.whole else 1


def _scope(settings: Settings, first: date | None, last: date | None, feeds: Sequence[str], deep: bool) -> Scope:
    declared, now = load_feeds(settings.feeds), system_clock()
    chosen = [feed_named(name, declared) for name in feeds] or list(declared)
    end = last or settings.today(now)
    begin = first or max(end - timedelta(days=settings.lookback_days), settings.start)
    if begin > end:
        raise PySpotifyError(f"There is no day from {begin} to {end}", "--from is the first day, --to the last.")
    return Scope(
        Lake.at(**settings.lake_places()),
        sql_engine(settings),
        chosen,
        begin.isoformat(),
        end.isoformat(),
        settings.lookback_days,
        now,
        settings.report_language,
        deep,
        all_feeds=len(chosen) == len(declared),
    )


def _repair(settings: Settings, scope: Scope, found: Verified, say: Callable[[str], None]) -> list[str]:
    """Have the ordinary runs make again what can be made; what was done, and what failed, in words."""
    today = settings.today(system_clock()).isoformat()
    plan = plan_repair(found.faults, scope.lookback_days, today)
    done: list[str] = []

    def tell(words: str) -> None:
        done.append(words)
        say(words)

    _bring_back(settings, scope, plan, tell)
    with runs.dagster_instance() as instance:
        for feed, days in plan.raw.items():
            names = [dg.AssetKey([area, feed]) for area in ("raw", "refined")]
            _run(instance, "daily_snapshot", _takeable(settings, scope, feed, days), names, tell)
        for feed, days in plan.refined.items():
            _run(instance, "daily_snapshot", days, [dg.AssetKey(["refined", feed])], tell)
        if plan.crawl:
            for job in CRAWL_JOBS.values():
                _told(runs.execute_whole(instance, job), f"{job}: done", tell)
        for mart, days in plan.marts.items():
            _run(instance, "marts_and_report", days, [dg.AssetKey([DATABASES["marts"], mart])], tell)
        _run(instance, "marts_and_report", plan.rebuild, None, tell, forced=False)
        _run(instance, "marts_and_report", plan.reports, [dg.AssetKey(REPORT)], tell)
    for uri in remove_leftovers(scope.lake, found.faults):
        tell(f"removed {uri}")
    return done


def _bring_back(settings: Settings, scope: Scope, plan: Plan, tell: Callable[[str], None]) -> None:
    for feed, days in plan.raw.items():
        for day in days:
            replaced = bring_back(scope.lake, feed, day)
            if replaced is not None:
                tell(f"raw/{feed} {day}: {replaced.uri} is brought back, published {replaced.published:%Y-%m-%d %H:%M}")
            elif settings.resolved_source() != "sample":
                tell(f"raw/{feed} {day}: nothing is kept that could be brought back")


def _takeable(settings: Settings, scope: Scope, feed: str, days: Sequence[str]) -> list[str]:
    """The days whose raw snapshot can be had: from landing, or of the sample."""
    landing = scope.lake.stores["landing"]
    sample = settings.resolved_source() == "sample"
    return [day for day in days if sample or next(landing.objects(f"{feed}/{day}/", limit=1), None)]


def _run(
    instance: dg.DagsterInstance,
    job: str,
    days: Sequence[str],
    assets: Sequence[dg.AssetKey] | None,
    tell: Callable[[str], None],
    forced: bool = True,
) -> None:
    """Run a job over exactly these days."""
    for first, last in ranges(days):
        failures = runs.execute(instance, job, first, last, assets=assets, forced=forced)
        names = ", ".join(key.to_user_string() for key in assets) if assets else "marts and reports that have changed"
        _told(failures, f"{names}: {span(first, last)} made again", tell)


def _told(failures: Sequence[str], done: str, tell: Callable[[str], None]) -> None:
    for failure in failures:
        tell(f"failed: {failure}")
    if not failures:
        tell(done)


@contextmanager
def _progress() -> Iterator[Callable[[int, int, str], None]]:
    errors = screen(stderr=True)
    columns = (TextColumn("Reading {task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as shown:
        task = shown.add_task("the lake", total=None)

        def progress(done: int, total: int, thing: str) -> None:
            shown.update(task, completed=done, total=total, description=thing[:40])

        yield progress


def _show(console: Console, scope: Scope, verified: Verified) -> None:
    if verified.faults:
        rows = list(_in_rows(verified.faults))
        shown = [(fault.kind, fault.asset, days, fault.seen) for fault, days in rows[:_SHOWN]]
        show_table(console, ("what", "of", "day", "seen"), shown)
        if len(rows) > _SHOWN:
            console.print(f"… and {len(rows) - _SHOWN} more; --json has all")
        for remedy, number in _remedies(verified.faults).items():
            console.print(Text(f"→ {remedy}{f' ({number} times)' if number > 1 else ''}"), soft_wrap=True)
    for feed, days in verified.gaps.items():
        some = ", ".join(days[:7]) + (f" and {len(days) - 7} more" if len(days) > 7 else "")
        console.print(Text(f"raw/{feed} has no snapshot of {some}: no fault, Spotify knows no past"), soft_wrap=True)
    looked = ", ".join(f"{number} of {area}" for area, number in verified.looked_at.items()) or "nothing there"
    state = f"{len(verified.faults)} faults" if len(verified.faults) != 1 else "1 fault"
    words = "Whole" if verified.whole else state
    console.print(f"{scope.first} to {scope.last}: {words}. Looked at: {looked}.", style="bold", soft_wrap=True)


def _in_rows(faults: Sequence[Fault]) -> Iterator[tuple[Fault, str]]:
    """Faults that are alike on days that follow each other in one row: its first fault, and the days in words."""
    for _, alike in groupby(faults, lambda fault: (fault.kind, fault.asset, fault.seen)):
        found = list(alike)
        for first, last in ranges([fault.day for fault in found]) if found[0].day else [("", "")]:
            fault = next(one for one in found if one.day == first)
            yield fault, span(first, last)


def _remedies(faults: Sequence[Fault]) -> dict[str, int]:
    counted: dict[str, int] = {}
    for fault in faults:
        counted[fault.remedy] = counted.get(fault.remedy, 0) + 1
    return counted


def _document(scope: Scope, before: Verified, verified: Verified, done: Sequence[str]) -> dict[str, object]:
    """What --json prints. `faults` are those that remain; `repaired`, what a repair has done."""
    return {
        "first_day": scope.first,
        "last_day": scope.last,
        "whole": verified.whole,
        "faults": [asdict(fault) for fault in verified.faults],
        "faults_before": len(before.faults),
        "repaired": list(done),
        "looked_at": dict(verified.looked_at),
        "gaps": {feed: list(days) for feed, days in verified.gaps.items()},
    }
