"""What `pyspotify quarantine replay` does: has ordinary runs try again what is in quarantine, and says what left it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import dagster as dg

from pyspotify_assets import landing, quarantine
from pyspotify_assets.clock import system_clock
from pyspotify_assets.daily.raw import leave_quarantine
from pyspotify_assets.day_ranges import ranges
from pyspotify_assets.errors import LakeError
from pyspotify_assets.feeds import feed_named, load_feeds
from pyspotify_assets.lake import Lake
from pyspotify_assets.quarantine import Contents, Item
from pyspotify_assets.settings import load_settings
from pyspotify_assets.terminal import listening, runs
from pyspotify_assets.terminal.document import one_document
from pyspotify_assets.terminal.quarantine import the_lake
from pyspotify_assets.terminal.refresh_plan import partition_day
from pyspotify_assets.terminal.screen import console, say, warn


def replay(names: Sequence[str], all_of: str | None, day: date | None, mended: Path | None, as_json: bool) -> int:
    """Try items again, or all there are (of one feed and day); gives the exit code.

    `all_of`: a feed's name, empty for all; None where `names` say which. `mended`: a file to be taken instead.
    """
    with one_document(as_json) as document:
        lake = the_lake()
        if all_of is None:
            found = [quarantine.item_named(lake, name) for name in names]
            chosen = [(item, quarantine.contents(lake, item)) for item in found]
        else:
            chosen = _all(lake, all_of, str(day or ""))
        if mended is not None:
            _check_mended(chosen[0][0], mended)
        for item, _ in chosen:
            _check(item)
        with console.status("Trying again"):
            failures = _run(lake, [item for item, _ in chosen], mended)
        results = [_result(lake, item, before) for item, before in chosen]
        document |= {"replayed": results, "failures": failures}
        for failure in failures:
            warn(failure, style="red")
        left = [result for result in results if result["rows_now"] != 0]
        if not chosen:
            say("Nothing in quarantine can be tried again.")
        elif any(result["changed"] for result in results):
            say("`pyspotify run`, or the sensors of a running `dagster dev`, bring marts and reports up to date.")
        return 1 if failures or left else 0


def _all(lake: Lake, feed: str, day: str) -> list[tuple[Item, Contents]]:
    """All items that another try can change: a file that a later one was taken instead of stays where it is."""
    found = []
    for item in quarantine.items(lake, feed, day, day or "9999-12-31"):
        if item.kind in ("rows", "file", "export"):
            read = quarantine.contents(lake, item)
            if not quarantine.is_superseded(read.reasons):
                found.append((item, read))
    return found


def _check(item: Item) -> None:
    if item.kind == "records":
        raise LakeError(
            f"{item.name} cannot be tried again: the export it is from has not been kept",
            "Import the ZIP again, pyspotify import ZIP: plays that are known already are not doubled.",
        )
    if item.kind == "other":
        raise LakeError(
            f"{item.name} cannot be tried again: it is kept to be looked at",
            "pyspotify import FILE --feed FEED --date DAY takes a file for a day.",
        )
    settings = load_settings()
    if item.day:
        feed_named(item.feed, load_feeds(settings.feeds))
        partition_day(date.fromisoformat(item.day), settings, settings.today(system_clock()))


def _check_mended(item: Item, mended: Path) -> None:
    """Refuse what would only come back: it is read to its end before anything is done."""
    if item.kind != "file":
        raise LakeError(
            f"{item.name} is no file that was put into landing: --with cannot mend it",
            "Rows are set aside from a raw file: import a mended one, pyspotify import FILE --feed FEED --date DAY.",
        )
    if not mended.is_file():
        raise LakeError(f"There is no file {mended}", "Give the path of the mended CSV.")
    for _ in landing.rows_of(mended, landing.recognise(mended), system_clock()):
        pass


def _run(lake: Lake, items: Sequence[Item], mended: Path | None) -> list[str]:
    landed = [(item, _put_back(lake, item, mended)) for item in items if item.kind != "rows"]
    days: dict[tuple[str, bool], set[str]] = {}
    for item in items:
        if item.kind != "export":
            days.setdefault((item.feed, item.kind == "file"), set()).add(item.day)
    failures: list[str] = []
    with runs.dagster_instance() as instance:
        for (feed, of_files), wanted in sorted(days.items()):
            assets = [dg.AssetKey([area, feed]) for area in (("raw", "refined") if of_files else ("refined",))]
            for first, last in ranges(sorted(wanted)):
                failures += runs.execute(instance, "daily_snapshot", first, last, assets=assets)
    if any(item.kind == "export" for item in items):
        failures += listening.bring_up_to_date(say)
    for item, key in landed:
        taken = lake.stores["landing"].info(key) is None and lake.stores["quarantine"].info(f"landing/{key}") is None
        if taken:  # Under another name, if it was mended: then this is what it was mended from.
            leave_quarantine(lake, item.landing_key)
    return failures


def _put_back(lake: Lake, item: Item, mended: Path | None) -> str:
    """Put a file into landing once more, and give its key; a mended file has its own name.

    What is refused again comes back to quarantine, and what is taken leaves it.
    """
    store = lake.stores["landing"]
    key = landing.landing_key(item.feed, item.day, mended.name) if mended else item.landing_key
    with (
        lake.stores["quarantine"].local(item.info.key) as file,
        store.staging(Path(item.info.key).name) as staged,
    ):
        shutil.copyfile(mended or file, staged)
        store.publish(staged, key)
    return key


def _result(lake: Lake, item: Item, before: Contents) -> dict[str, object]:
    info = lake.stores["quarantine"].info(item.info.key)
    now = quarantine.contents(lake, item) if info is not None else None
    rows_now = 0 if now is None else now.rows
    if now is None:
        left = "it has" if before.rows is None else f"all {before.rows:,} rows have"
        say(f"{item.name}: {left} left quarantine", style="green")
    elif before.rows is not None and now.rows is not None and now.rows != before.rows:
        say(f"{item.name}: {now.rows:,} rows are in quarantine, of {before.rows:,} before", style="yellow")
    else:
        reason = next(iter(now.reasons), "").partition("\n")[0]
        say(f"{item.name}: still in quarantine: {reason}", style="yellow")
    changed = now is None or now.rows != before.rows
    return {"item": item.name, "rows_before": before.rows, "rows_now": rows_now, "changed": changed}
