"""What the shell completes: commands and options by click's own means, feeds by their declarations, days by the lake.

Whoever presses Tab waits, and has a half-written line on the screen: nothing here reaches beyond this machine, imports
Dagster, or complains. What cannot be told is not offered.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import wraps
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

import click
from click.shell_completion import get_completion_class

if TYPE_CHECKING:
    from pyspotify_assets.settings import Settings

SHELLS = ("bash", "zsh", "fish")
_MANY = 100
"""Days that are offered at most."""

Offer = Callable[[click.Context, click.Parameter, str], list[str]]


def script(shell: str | None, command: click.Command) -> str:
    """What the shell has to be told, in its language; for the shell of this user where none is named."""
    name = shell or PurePath(os.environ.get("SHELL", "")).name
    completion = get_completion_class(name) if name in SHELLS else None
    if completion is None:
        raise click.UsageError(f"Which shell? One of {', '.join(SHELLS)}: pyspotify completion bash")
    return completion(command, {}, "pyspotify", "_PYSPOTIFY_COMPLETE").source()


def _quietly(offers: Callable[[str], Iterator[str]]) -> Offer:
    """The offers as click asks for them, and none where anything is in the way."""

    @wraps(offers)
    def offer(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
        try:
            from dotenv import load_dotenv

            load_dotenv(Path.cwd() / ".env")
            return list(offers(incomplete))
        except Exception:  # A broken feeds.toml, a locked lake: the command itself will say so.
            return []

    return offer


@_quietly
def feeds(incomplete: str) -> Iterator[str]:
    """Names of the declared feeds."""
    from pyspotify_assets.feeds import load_feeds
    from pyspotify_assets.settings import load_settings

    return (feed.name for feed in load_feeds(load_settings().feeds) if feed.name.startswith(incomplete))


@_quietly
def snapshot_days(incomplete: str) -> Iterator[str]:
    """Days of which a feed has a snapshot, and today."""
    from pyspotify_assets.clock import system_clock
    from pyspotify_assets.feeds import load_feeds
    from pyspotify_assets.settings import load_settings

    settings = load_settings()
    prefixes = [f"{feed.name}/snapshot_date=" for feed in load_feeds(settings.feeds)]
    there = {day for prefix in prefixes for day in _days(settings, "raw", prefix, incomplete)}
    today = settings.today(system_clock()).isoformat()
    return iter(sorted(there | {today} if today.startswith(incomplete) else there))


@_quietly
def report_days(incomplete: str) -> Iterator[str]:
    """Days that have a report."""
    from pyspotify_assets.settings import load_settings

    return iter(_days(load_settings(), "report", "", incomplete))


def _days(settings: Settings, area: str, prefix: str, incomplete: str) -> list[str]:
    """Days of an area that begin so: those of the last month, others if it has none. Only of a lake in a folder."""
    from pyspotify_assets.clock import system_clock
    from pyspotify_assets.lake import Lake

    places = settings.lake_places()
    if str(places["address"]).startswith("s3://"):
        return []
    store, month_ago = Lake.at(**places).stores[area], settings.today(system_clock()) - timedelta(days=31)
    for after in (f"{prefix}{month_ago}", ""):
        keys = [info.key.removeprefix(prefix) for info in store.objects(f"{prefix}{incomplete}", after, _MANY)]
        days = [key[:10] for key in keys if key[:4].isdecimal()]
        if days:
            return days
    return []
