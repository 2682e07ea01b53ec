"""What is to be done about faults: which days of which assets the ordinary runs shall make again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from pyspotify_assets.names import DATABASES
from pyspotify_assets.planning import touched_days
from pyspotify_assets.verification.fault import Fault
from pyspotify_assets.verification.reports import LATEST_REPORT, REPORT


@dataclass(frozen=True)
class Plan:
    """`raw`: feed → days to be brought back first. `refined`, `marts`: name → days to be made again, whatever their
    notes say, and so with `reports`. `crawl`: both crawlers shall run. `rebuild`: days whose marts and reports shall be
    looked at and made where something has changed."""

    raw: dict[str, list[str]] = field(default_factory=dict)
    refined: dict[str, list[str]] = field(default_factory=dict)
    crawl: bool = False
    marts: dict[str, list[str]] = field(default_factory=dict)
    reports: Sequence[str] = ()
    rebuild: Sequence[str] = ()


def plan_repair(faults: Sequence[Fault], lookback_days: int, today: str) -> Plan:
    """The plan for these faults. Days after a changed one that look back at it come along, up to `today`."""
    raw, refined, marts = (_days(faults, area) for area in ("raw", "refined", DATABASES["marts"]))
    crawled = [fault for fault in faults if _is_of(fault, DATABASES["raw"], DATABASES["refined"]) and _can_mend(fault)]
    reports = {fault.day for fault in faults if fault.asset in (REPORT, LATEST_REPORT) and _can_mend(fault)}
    changed = {day for days in (*raw.values(), *refined.values()) for day in days} | {one.day for one in crawled}
    rebuild = {*touched_days(changed, lookback_days, today), *reports}.union(*marts.values())
    return Plan(
        raw=raw,
        refined={feed: days for feed in refined if (days := [d for d in refined[feed] if d not in raw.get(feed, ())])},
        crawl=bool(changed),
        marts=marts,
        reports=sorted(reports),
        rebuild=sorted(rebuild),
    )


def _days(faults: Sequence[Fault], area: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for fault in faults:
        if _is_of(fault, area) and _can_mend(fault):
            found.setdefault(fault.asset.partition("/")[2], []).append(fault.day)
    return {name: sorted(set(days)) for name, days in found.items()}


def _is_of(fault: Fault, *areas: str) -> bool:
    return fault.asset.partition("/")[0] in areas


def _can_mend(fault: Fault) -> bool:
    return fault.kind in ("missing", "damaged", "stale")
