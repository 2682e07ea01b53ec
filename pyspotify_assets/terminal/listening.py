"""The listening history in the terminal: an export is checked, landed and taken, up to the page about it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from pyspotify_assets.clock import system_clock
from pyspotify_assets.jobs import LISTENING_HISTORY
from pyspotify_assets.lake import Lake
from pyspotify_assets.plays import export
from pyspotify_assets.plays.listening import crawled_years, stale_years
from pyspotify_assets.plays.page import is_current, page_fingerprint, page_info
from pyspotify_assets.plays.records import batches
from pyspotify_assets.plays.take import REFINED, export_key, landed_exports
from pyspotify_assets.tables import LISTENING
from pyspotify_assets.terminal import runs
from pyspotify_assets.terminal.screen import from_here, say
from pyspotify_assets.warehouse import SqlEngine


def land_export(lake: Lake, file: Path) -> str:
    """Read an export to its end, then put it into landing. Gives its key. ExportError if it is none, LakeError."""
    with export.opened(file) as opened:
        for name in opened.files:
            for _ in batches(opened.records(name), name, system_clock()):
                pass
    store, key = lake.stores["landing"], export_key(file.name)
    with store.staging(Path(key).name) as staged:
        shutil.copyfile(file, staged)
        store.publish(staged, key)
    return key


def is_due(lake: Lake, sql: SqlEngine, timezone: str, language: str) -> bool:
    """Whether there is something to do: an export waits, or plays are newer than the table, a mart or the page."""
    if landed_exports(lake):
        return True
    years = lake.days(REFINED)
    if not years:
        return False
    crawled = crawled_years(lake, sql)
    return (
        set(crawled) != set(years)
        or any(stale_years(sql, mart, crawled, timezone) for mart in LISTENING)
        or not is_current(lake, page_fingerprint(sql, timezone, language))
    )


def bring_up_to_date(on_done: Callable[[str], None]) -> list[str]:
    """Run the job listening_history; gives what failed, in words. `on_done` is told of each part that is done."""
    with runs.dagster_instance() as instance:
        return runs.execute_whole(instance, LISTENING_HISTORY, on_done)


def page_address(lake: Lake) -> str:
    """Where the page lies; empty if there is none."""
    info = page_info(lake)
    return lake.stores["report"].uri(info.key) if info else ""


def show_page(lake: Lake) -> str | None:
    """Say where the page lies, and give that; None if there is none."""
    address = page_address(lake)
    if address:
        say(f"Listening history: {from_here(address)}")
    return address or None
