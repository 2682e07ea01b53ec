"""The jobs: named selections of assets that schedules, sensors, the terminal and a person in the UI start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import dagster as dg

from pyspotify_assets.assets.each_day import ONLY_CHANGED, RANGE_END, RANGE_START
from pyspotify_assets.names import DATABASES

FULL_REFRESH = "full_refresh"
LISTENING_HISTORY = "listening_history"
QUICKSIGHT_DASHBOARD = "quicksight_dashboard"
CRAWL_JOBS = {"raw": "crawl_raw", "refined": "crawl_refined"}
CRAWL_GROUPS = {area: DATABASES[area] for area in CRAWL_JOBS}
"""Crawled area → group of its tables in the UI: the database."""


@dataclass(frozen=True)
class Jobs:
    """All jobs, by name of their part."""

    full_refresh: dg.UnresolvedAssetJobDefinition
    daily_snapshot: dg.UnresolvedAssetJobDefinition
    crawl: dict[str, dg.UnresolvedAssetJobDefinition]
    marts_and_report: dg.UnresolvedAssetJobDefinition
    listening_history: dg.UnresolvedAssetJobDefinition
    dashboard: dg.UnresolvedAssetJobDefinition | None = None
    retention: dg.JobDefinition | None = None

    def all(self) -> Sequence[dg.UnresolvedAssetJobDefinition | dg.JobDefinition]:
        return [
            self.full_refresh,
            self.daily_snapshot,
            *self.crawl.values(),
            self.marts_and_report,
            self.listening_history,
            *([self.dashboard] if self.dashboard else []),
            *([self.retention] if self.retention else []),
        ]


def build_jobs(has_dashboard: bool = False, retention: dg.JobDefinition | None = None) -> Jobs:
    """The project's jobs; that of the dashboard in QuickSight, and that of retention, only where there is one."""
    only_changed = {ONLY_CHANGED: "true"}
    groups = dg.AssetSelection.groups
    return Jobs(
        full_refresh=dg.define_asset_job(
            FULL_REFRESH,
            selection=groups("raw", "refined", *CRAWL_GROUPS.values(), "marts", "report"),
            description="Everything in order, for one day or a range: snapshot, refine, crawl, marts, report. "
            "Days that have not changed are left alone.",
            tags=only_changed,
        ),
        daily_snapshot=dg.define_asset_job(
            "daily_snapshot",
            selection=groups("raw", "refined"),
            description="Takes the day's snapshot of every feed and refines it.",
        ),
        crawl={
            area: dg.define_asset_job(
                name,
                selection=groups(CRAWL_GROUPS[area]),
                description=f"Starts the crawler of {area} and waits for it. One crawl covers all days that are new.",
            )
            for area, name in CRAWL_JOBS.items()
        },
        marts_and_report=dg.define_asset_job(
            "marts_and_report",
            selection=groups("marts", "report"),
            description="Makes marts and report of one day or a range. Days that have not changed are left alone.",
            tags=only_changed,
        ),
        listening_history=dg.define_asset_job(
            LISTENING_HISTORY,
            selection=groups("listening"),
            description="Takes the exports that wait in landing: plays, table, marts, page. "
            "Years that have not changed are left alone.",
        ),
        dashboard=dg.define_asset_job(
            QUICKSIGHT_DASHBOARD,
            selection=groups("quicksight"),
            description="Brings the dashboard in QuickSight to what is declared. No schedule starts it: the dashboard "
            "asks Athena by itself, and changes only with an upgrade or a setting.",
        )
        if has_dashboard
        else None,
        retention=retention,
    )


def day_range(first: str, last: str) -> dict[str, str]:
    """The run tags for all days from `first` to `last`, both included."""
    return {RANGE_START: first, RANGE_END: last}
