"""Retention: which objects of the lake are older than what shall be kept, and forgetting them. Knows no Dagster.

Forgotten is what came from Spotify day by day: raw and refined snapshots, and what holds rows of theirs: quarantine,
copies of replaced raw files, files that wait in landing. Marts and reports, which say what became of the days, stay as
they are. The listening history is the listener's own: `plays/forget.py`.

From which day on a feed is kept is written down before anything is deleted, so that no run takes for missing, and makes
again, what was meant to go.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from pyspotify_assets.daily.raw import leave_landing
from pyspotify_assets.daily.state import read_state, write_state
from pyspotify_assets.lake import Lake
from pyspotify_assets.stores import ObjectInfo, Store
from pyspotify_assets.tables import PARTITION_COLUMN, partition_of
from pyspotify_assets.warehouse import Crawler

KEPT_FROM = "kept_from.json"
"""State: feed → the first day of it that is kept."""

_AT_ONCE = 8
_DAY = r"(\d{4}-\d{2}-\d{2})/"
_PARTITION = f"{PARTITION_COLUMN}={_DAY}"
_WHERE = (
    # Landing first: a file that waits there would bring its day back. Raw last: until then all else can be made again.
    ("landing", "", _DAY),
    ("refined", "", _PARTITION),
    ("quarantine", "landing/", _DAY),
    ("quarantine", "raw/", _PARTITION),
    ("quarantine", "refined/", _PARTITION),
    ("state", "replaced/raw/", _PARTITION),
    ("raw", "", _PARTITION),
)
"""Area, folder in it, and how a table's folder goes on: everywhere that objects of single days lie."""


@dataclass(frozen=True)
class Leaving:
    """One object that is older than what shall be kept: its area, the feed and the day that it is of."""

    area: str
    feed: str
    day: str
    info: ObjectInfo


def first_kept(today: date, days: int) -> str:
    """The first of the `days` days that are kept, today being the last."""
    return (today - timedelta(days=days - 1)).isoformat()


def too_short(days: int, lookback_days: int) -> str:
    """What is to be said of keeping so few days; empty if they are enough."""
    if days > lookback_days:
        return ""
    return (
        f"With {days} days kept, marts cannot look back at {lookback_days} (PYSPOTIFY_LOOKBACK_DAYS): from then on "
        "they know less of days on the chart, and of tracks that return."
    )


def kept_from(lake: Lake) -> dict[str, str]:
    """Feed → the first day of it that is kept; feeds of which nothing was forgotten are not there."""
    found = read_state(lake, KEPT_FROM) or {}
    return {feed: day for feed, day in found.items() if isinstance(day, str)}


def keep_from(lake: Lake, before: str, feeds: Collection[str]) -> None:
    """Note that no day of these feeds before `before` is kept; what was noted before is never taken back."""
    with lake.lock("retention"):
        known = kept_from(lake)
        new: Mapping[str, str] = known | {feed: max(before, known.get(feed, "")) for feed in sorted(feeds)}
        if new != known:
            write_state(lake, KEPT_FROM, new)


def leaving(lake: Lake, before: str, feeds: Collection[str] | None = None) -> Iterator[Leaving]:
    """The objects of days before `before`, of these feeds or of all, declared or not. Nothing is changed.

    What is asked of the lake grows with what is found and with the number of feeds, not with what is kept.
    """
    for area, folder, form in _WHERE:
        store = lake.stores[area]
        for feed in _folders(store, folder) if feeds is None else sorted(feeds):
            if partition_of(feed) == PARTITION_COLUMN:
                for day, info in _days_before(store, f"{folder}{feed}/", form, before):
                    if area not in ("raw", "refined") or info.key == lake.place((area, feed), day).key:
                        yield Leaving(area, feed, day, info)


def forget(
    lake: Lake,
    crawler: Crawler,
    before: str,
    feeds: Collection[str],
    found: Sequence[Leaving],
    on_gone: Callable[[Leaving], object] = lambda one: None,
) -> None:
    """Delete what `leaving` found, and nothing else; `feeds` are those of which no day before `before` is kept now.

    Can be killed at any moment and done again. Raises LakeError, CrawlError.
    """
    keep_from(lake, before, {*feeds, *(one.feed for one in found)})
    # Out of the catalog first: no query shall look for what is gone.
    for area, feed in sorted({(one.area, one.feed) for one in found if one.area in ("raw", "refined")}):
        crawler.forget(area, feed, before)
    for _, there in groupby(found, key=lambda one: one.area):  # In the order of _WHERE.
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for one in pool.map(lambda one: _delete(lake, one), there):
                on_gone(one)


def _delete(lake: Lake, one: Leaving) -> Leaving:
    if one.area == "landing":
        leave_landing(lake, one.info)
    else:
        lake.stores[one.area].delete(one.info.key)
    return one


def _folders(store: Store, folder: str) -> Iterator[str]:
    """The names of the folders in `folder`, each found by one request."""
    after = ""
    while (info := next(iter(store.objects(folder, after, 1)), None)) is not None:
        name, slash, _ = info.key.removeprefix(folder).partition("/")
        if slash:
            yield name
        # “0” comes next after “/”: behind all that lies in the folder.
        after = f"{folder}{name}0" if slash else info.key


def _days_before(store: Store, folder: str, form: str, before: str) -> Iterator[tuple[str, ObjectInfo]]:
    partition = f"{PARTITION_COLUMN}=" if form == _PARTITION else ""
    for info in store.objects(f"{folder}{partition}"):
        match = re.match(form, info.key.removeprefix(folder))
        if match is None:
            continue
        if match[1] >= before:
            return
        yield match[1], info
