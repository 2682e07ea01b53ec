"""What `pyspotify forget` does: shows what would go, asks, deletes it, and has Dagster know."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date

import click

from pyspotify_assets import retention
from pyspotify_assets.aws.session import filled
from pyspotify_assets.clock import system_clock
from pyspotify_assets.errors import SettingsError
from pyspotify_assets.feeds import feed_named, load_feeds
from pyspotify_assets.lake import Lake
from pyspotify_assets.plays.forget import forget_plays, leaving_plays
from pyspotify_assets.retention import Leaving
from pyspotify_assets.settings import Settings, load_settings
from pyspotify_assets.stores import ObjectInfo
from pyspotify_assets.terminal.document import one_document
from pyspotify_assets.terminal.grid import show_table
from pyspotify_assets.terminal.screen import console, errors, from_here, say, warn
from pyspotify_assets.warehouse.engines import crawler_for


@dataclass
class Part:
    """What one table would lose in one area; without days where it is not of days."""

    area: str
    table: str
    days: int | None = None
    first_day: str | None = None
    last_day: str | None = None
    objects: int = 0
    bytes: int = 0


def forget_days(
    older_than: int | None, before: date | None, names: Sequence[str], dry_run: bool, sure: bool, as_json: bool
) -> None:
    """Forget what is of days before `before`, or older than so many days, or than the setting keeps."""
    with one_document(as_json) as document:
        settings = load_settings()
        feeds = load_feeds(settings.feeds)
        first = _first_kept(settings, older_than, before)
        lake = Lake.at(**settings.lake_places())
        found = list(retention.leaving(lake, first, names or None))
        for name in {*names} - {one.feed for one in found}:
            feed_named(name, feeds)  # One that is no longer declared can be forgotten as long as something is there.
        chosen = names or [feed.name for feed in feeds]
        say(f"Days before {first}, in {from_here(filled(lake.address))}", style="bold")
        parts = _parts((one.area, one.feed, one.day, one.info) for one in found)
        document |= {"before": first} | _shown(parts)
        if not dry_run and (not found or _sure(sure, f"{_total(parts)} There is no way back; marts and reports stay.")):
            with _Bar(len(found)) as bar:
                retention.forget(lake, crawler_for(settings), first, chosen, found, bar.one_more)
            _observe(found, first)
            document["forgotten"] = len(found)
            say(f"Forgotten. {', '.join(chosen)}: kept is what is of {first} or later.")


def forget_listening(dry_run: bool, sure: bool, as_json: bool) -> None:
    """Forget all of the listening history."""
    with one_document(as_json) as document:
        settings = load_settings()
        lake = Lake.at(**settings.lake_places())
        found = list(leaving_plays(lake))
        say(f"The listening history, in {from_here(filled(lake.address))}", style="bold")
        parts = _parts((area, _table(area, info), "", info) for area, info in found)
        document |= {"before": None} | _shown(parts)
        asked = f"{_total(parts)} They come back only with an export that Spotify sends anew."
        if found and not dry_run and _sure(sure, asked):
            forget_plays(lake, crawler_for(settings))
            document["forgotten"] = len(found)
            say("Forgotten: plays, their marts, the page about them.")


def _first_kept(settings: Settings, older_than: int | None, before: date | None) -> str:
    today = settings.today(system_clock())
    if before is not None:
        days = (today - before).days + 1
    else:
        days = older_than or settings.retention_days or 0
        if not days:
            raise SettingsError(
                "Nothing says how long snapshots are kept: PYSPOTIFY_RETENTION_DAYS is not set",
                "Set it, or give --older-than DAYS or --before DAY.",
            )
    if days < 1:
        raise SettingsError(f"--before {before} lies in the future: today is {today}", "Today's is kept at least.")
    if warning := retention.too_short(days, settings.lookback_days):
        warn(warning)
    return retention.first_kept(today, days)


def _parts(found: Iterable[tuple[str, str, str, ObjectInfo]]) -> list[Part]:
    parts: dict[tuple[str, str], Part] = {}
    days: dict[tuple[str, str], set[str]] = {}
    for area, table, day, info in found:
        part = parts.setdefault((area, table), Part(area, table))
        part.objects, part.bytes = part.objects + 1, part.bytes + info.size
        if day:
            seen = days.setdefault((area, table), set())
            seen.add(day)
            part.days, part.first_day, part.last_day = len(seen), min(part.first_day or day, day), day
    return list(parts.values())


def _table(area: str, info: ObjectInfo) -> str:
    folders = info.key.split("/")
    return folders[1] if area == "quarantine" else folders[0]


def _shown(parts: Sequence[Part]) -> dict[str, object]:
    """Show what would go; gives it for a document too."""
    if parts:
        headings = ("area", "table", "days", "first", "last", "objects", "bytes")
        rows = [
            (
                part.area,
                part.table,
                f"{part.days:,}" if part.days else "",
                part.first_day or "",
                part.last_day or "",
                f"{part.objects:,}",
                f"{part.bytes:,}",
            )
            for part in parts
        ]
        show_table(console, headings, rows, figures=("days", "objects", "bytes"))
        say(_total(parts))
    else:
        say("There is nothing to forget.")
    return {
        "tables": [asdict(part) for part in parts],
        "objects": sum(part.objects for part in parts),
        "bytes": sum(part.bytes for part in parts),
        "forgotten": 0,
    }


def _total(parts: Sequence[Part]) -> str:
    return f"{sum(part.objects for part in parts):,} objects, {sum(part.bytes for part in parts):,} bytes."


def _sure(sure: bool, what: str) -> bool:
    """Whether it may be done: somebody has said so beforehand, or says so now."""
    if not sure and not sys.stdin.isatty():
        raise click.UsageError("Nobody can be asked here: give --yes to forget, or --dry-run to look.")
    return sure or click.confirm(f"Forget {what} Sure?", err=True)


class _Bar:
    """Progress, on stderr, where there is something to be told and somebody to see it."""

    def __init__(self, objects: int) -> None:
        from rich.progress import Progress

        self._shown = Progress(console=errors, transient=True, disable=not errors.is_terminal)
        self._task = self._shown.add_task("Forgetting", total=objects)

    def __enter__(self) -> _Bar:
        self._shown.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._shown.stop()

    def one_more(self, one: Leaving) -> None:
        self._shown.update(self._task, advance=1)


def _observe(found: Sequence[Leaving], before: str) -> None:
    if not found:
        return
    from pyspotify_assets.expiry import observations
    from pyspotify_assets.terminal.runs import dagster_instance

    with dagster_instance() as instance:
        for observation in observations(found, before):
            instance.report_runless_asset_event(observation)
