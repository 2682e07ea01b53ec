"""`report/daily`: the day as one HTML page, made from the marts."""

from collections.abc import Iterator, Sequence

import dagster as dg

from pyspotify_assets import glance
from pyspotify_assets.assets.each_day import LeftAlone, Published, Result, each_day
from pyspotify_assets.assets.metadata import FRESHNESS, OWNERS, address, facts, pictures
from pyspotify_assets.clock import Clock
from pyspotify_assets.daily import report as daily_report
from pyspotify_assets.daily.notes import Notes
from pyspotify_assets.daily.raw import SpotifySource
from pyspotify_assets.daily.report import has_outlived, make_report_day, report_fingerprint
from pyspotify_assets.feeds import Feed
from pyspotify_assets.io_manager import LakeIOManager
from pyspotify_assets.names import DATABASES
from pyspotify_assets.retention import kept_from
from pyspotify_assets.settings import Settings
from pyspotify_assets.tables import CHART_MOVEMENT, MARTS
from pyspotify_assets.warehouse import SqlEngine

REPORT = ["report", "daily"]


def report_asset(feeds: Sequence[Feed], settings: Settings, partitions: dg.PartitionsDefinition) -> dg.AssetsDefinition:
    """The asset `report/daily`."""
    window = dg.TimeWindowPartitionMapping(start_offset=-settings.lookback_days)
    deps = [
        dg.AssetDep([DATABASES["marts"], mart.name], partition_mapping=window if mart is CHART_MOVEMENT else None)
        for mart in MARTS
    ]

    @dg.multi_asset(
        name="report__daily",
        description="Renders the report.",
        specs=[
            dg.AssetSpec(
                REPORT,
                deps=deps,
                description="The day in one page: three facts, movement, artists, what the checks found. "
                "The newest is report/latest.html.",
                group_name="report",
                kinds={"html", "altair"},
                owners=OWNERS,
                code_version=daily_report.VERSION,
                freshness_policy=FRESHNESS,
                skippable=True,
                partitions_def=partitions,
            )
        ],
        backfill_policy=dg.BackfillPolicy.single_run(),
        can_subset=True,
    )
    def build(
        context: dg.AssetExecutionContext,
        lake_io_manager: dg.ResourceParam[LakeIOManager],
        sql: dg.ResourceParam[SqlEngine],
        spotify: dg.ResourceParam[SpotifySource],
        clock: dg.ResourceParam[Clock],
    ) -> Iterator[Result]:
        lake, lookback, language = lake_io_manager.lake, settings.lookback_days, settings.report_language
        kept = kept_from(lake)

        def left_alone(day: str) -> LeftAlone | None:
            made_from = report_fingerprint(lake, sql, feeds, day, lookback, language)
            if made_from is None:
                return LeftAlone("the day has no marts")
            place = lake.place(REPORT, day)
            info = place.info()
            notes = Notes.kept_with(info)
            if info is None or notes is None:
                return None
            published = Published(place.uri, info.size, notes)
            if notes.fingerprint == made_from:
                return LeftAlone("nothing has changed", published)
            outlived = has_outlived(lake, day, kept)
            return LeftAlone("snapshots that it shows have been forgotten", published) if outlived else None

        def make(day: str) -> Published:
            from pyspotify_assets.daily.report_data import report_data
            from pyspotify_assets.report import begin_runtime

            begin_runtime()  # Beside the queries, which are slower than it.
            made_from = report_fingerprint(lake, sql, feeds, day, lookback, language)
            with sql.metered() as figures:
                data = report_data(lake, sql, feeds, day, lookback, spotify.knows_the_past, settings.timezone, clock)
            notes, info, three = make_report_day(lake, made_from, data, language)
            place = lake.place(REPORT, day)
            seen = pictures(glance.of_report(data.history, day))
            details = {"three_facts": facts(three), **seen, **address(place.uri), **figures}
            return Published(place.uri, info.size, notes, details)

        yield from each_day(context, (), left_alone, make)

    return build
