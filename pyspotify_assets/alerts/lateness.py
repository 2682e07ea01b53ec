"""What is late: days that should be in the lake by now and are not. Goes by what lies there, not by Dagster's history.

A day is due when its snapshot's hour has come. Only what had a day within the last month is waited for: a feed without
any is new, or has been given up; but what has been reported late stays so until it comes. A newer snapshot ends the
waiting for an older one, which Spotify gives to nobody any more; what is made from snapshots can be made whenever
somebody wants it, and once reported stays late until every day is made that there is something to make from.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from pyspotify_assets.alerts.incidents import Trouble
from pyspotify_assets.day_ranges import days_between
from pyspotify_assets.feeds import Feed
from pyspotify_assets.lake import Lake
from pyspotify_assets.settings import Settings

SNAPSHOT_LATE = timedelta(hours=3)
"""After the hour of the snapshot: a run takes minutes."""

MADE_LATE = timedelta(hours=6)
"""After the same hour, for what is made from it: a day and these six hours are the window of the freshness policy."""

LOOKED_BACK = timedelta(days=31)
_REMEDY = (
    "See in Dagster, under Automation, whether daily_snapshot and the sensors are running, and what their last ticks "
    "say; pyspotify run brings everything up to date."
)


def late(
    lake: Lake,
    feeds: Sequence[Feed],
    settings: Settings,
    now: datetime,
    explained: Callable[[str, str], bool] = lambda asset, day: False,
    reported: Collection[str] = (),
) -> list[Trouble]:
    """What is late, the first of a chain only: where a feed has no raw, nobody needs to hear that it has no refined.

    `explained(asset, day)`: another trouble is told that keeps it away; `reported`: the assets that were late when it
    was last looked. Raises LakeError.
    """
    found = []
    for feed in feeds:
        raw, refined = ("raw", feed.name), ("refined", feed.name)
        trouble = _late(lake, raw, settings, now, SNAPSHOT_LATE, reported)
        if trouble is None and _is_there(lake, raw, settings, now):
            trouble = _late(lake, refined, settings, now, MADE_LATE, reported, [raw])
        found += [trouble] if trouble else []
    if any(_is_there(lake, ("refined", feed.name), settings, now) for feed in feeds):
        inputs = [("refined", feed.name) for feed in feeds]
        report = _late(lake, ("report", "daily"), settings, now, MADE_LATE, reported, inputs)
        found += [report] if report else []
    return [trouble for trouble in found if not explained(trouble.subject, trouble.days[-1])]


def due_day(settings: Settings, now: datetime, patience: timedelta) -> date:
    """The newest day whose snapshot's hour is at least `patience` ago, which is less than a day."""
    local = now.astimezone(ZoneInfo(settings.timezone))
    days = (local.date() - timedelta(days=back) for back in range(3))
    return next(day for day in days if now >= _hour_of(day, settings) + patience)


def _is_there(lake: Lake, asset: tuple[str, str], settings: Settings, now: datetime) -> bool:
    return lake.place(asset, due_day(settings, now, MADE_LATE).isoformat()).info() is not None


def _late(
    lake: Lake,
    asset: tuple[str, str],
    settings: Settings,
    now: datetime,
    patience: timedelta,
    reported: Collection[str],
    made_from: Sequence[tuple[str, str]] = (),
) -> Trouble | None:
    name, due = "/".join(asset), due_day(settings, now, patience)
    # One look at the day itself: as a rule it is there, and nothing has to be listed.
    is_there = lake.place(asset, due.isoformat()).info() is not None
    if is_there and not (made_from and name in reported):
        return None
    first, today = due - LOOKED_BACK, settings.today(now).isoformat()
    there = _days(lake, asset, first.isoformat(), today)
    if is_there or (there and there[-1] >= due.isoformat()):
        # A newer day ends the waiting; that one before it was missed is told by the check no_day_missed.
        inputs = {day for one in made_from if name in reported for day in _days(lake, one, first.isoformat(), today)}
        days = tuple(sorted(day for day in inputs - set(there) if day <= due.isoformat()))
        if not days:
            return None
        due = date.fromisoformat(days[-1])
    elif not there and name not in reported:
        return None
    else:
        begin = date.fromisoformat(there[-1]) + timedelta(days=1) if there else first
        days = tuple(days_between(begin, due))
    missing_from = date.fromisoformat(days[0])
    newest = f"The newest is that of {there[-1]}" if there else f"There has been none since {first}"
    hour = f"{settings.snapshot_hour:02}:00 {settings.timezone}"
    return Trouble(
        "late",
        name,
        _hour_of(missing_from, settings).astimezone(UTC),
        f"{name} is late: there is no {due}",
        f"{newest}; that of {due} was due at {hour}, and has been waited for since.",
        _REMEDY,
        f"assets/{name}",
        days,
    )


def _days(lake: Lake, asset: tuple[str, str], first: str, last: str) -> list[str]:
    if asset[0] != "report":
        return lake.days(asset, first, last)
    return [info.key[:10] for info in lake.stores["report"].objects("", first) if first <= info.key[:10] <= last]


def _hour_of(day: date, settings: Settings) -> datetime:
    return datetime.combine(day, time(settings.snapshot_hour), ZoneInfo(settings.timezone))
