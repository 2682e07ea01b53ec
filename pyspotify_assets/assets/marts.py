"""`spotify_marts/<mart>`: one asset per mart, written by Athena SQL over the crawled tables of all feeds."""

from collections.abc import Iterator, Mapping, Sequence

import dagster as dg

from pyspotify_assets import glance, marts
from pyspotify_assets.assets.each_day import LeftAlone, Published, Result, check_specs, each_day
from pyspotify_assets.assets.metadata import (
    FRESHNESS,
    OWNERS,
    columns_from,
    figures,
    lineage_metadata,
    pictures,
    preview,
    query,
    table_metadata,
    with_example,
)
from pyspotify_assets.assets.report import REPORT
from pyspotify_assets.checks import mart_findings
from pyspotify_assets.daily.mart import SnapshotWindows, checks_of, has_outlived, judged, make_mart_day
from pyspotify_assets.daily.notes import Notes
from pyspotify_assets.feeds import Feed
from pyspotify_assets.io_manager import LakeIOManager
from pyspotify_assets.names import DATABASES
from pyspotify_assets.retention import kept_from
from pyspotify_assets.schemas import dagster_schema
from pyspotify_assets.settings import Settings
from pyspotify_assets.tables import Table
from pyspotify_assets.warehouse import SqlEngine


def mart_asset(
    mart: Table, feeds: Sequence[Feed], settings: Settings, partitions: dg.PartitionsDefinition
) -> dg.AssetsDefinition:
    """The asset `spotify_marts/<mart>`."""
    key, checks = [DATABASES["marts"], mart.name], checks_of(mart)
    window = dg.TimeWindowPartitionMapping(start_offset=-settings.lookback_days)
    refined = [dg.AssetDep(dg.AssetKey(["refined", feed.name]), partition_mapping=window) for feed in feeds]
    crawled = [dg.AssetDep(dg.AssetKey([DATABASES["refined"], feed.name])) for feed in feeds]

    @dg.multi_asset(
        name=f"mart__{mart.name}",
        description=f"Runs sql/{mart.name}.sql.",
        specs=[
            dg.AssetSpec(
                key,
                deps=[*refined, *crawled],
                description=with_example(
                    f"{mart.description} A day looks at the {settings.lookback_days} days before it.", mart
                ),
                group_name="marts",
                kinds={"sql", "athena", "parquet"},
                owners=OWNERS,
                metadata={**table_metadata(DATABASES["marts"], mart.name, dagster_schema(mart)), **query(mart)},
                code_version=marts.VERSION,
                freshness_policy=FRESHNESS,
                skippable=True,
                partitions_def=partitions,
            )
        ],
        check_specs=check_specs(key, checks),
        backfill_policy=dg.BackfillPolicy.single_run(),
        can_subset=True,
    )
    def build(
        context: dg.AssetExecutionContext,
        lake_io_manager: dg.ResourceParam[LakeIOManager],
        sql: dg.ResourceParam[SqlEngine],
    ) -> Iterator[Result]:
        days, lookback = context.partition_keys, settings.lookback_days
        first_day, _ = marts.window_of(days[0], lookback)
        windows = SnapshotWindows(lake_io_manager.lake, sql, feeds, first_day, days[-1])
        kept = kept_from(lake_io_manager.lake)
        present = {partition.day: partition for partition in sql.partitions(key[0], mart.name, days[0], days[-1])}

        def left_alone(day: str) -> LeftAlone | None:
            parts = windows.of(day, lookback)
            if not parts:
                return LeftAlone("no feed has a snapshot on that day")
            partition = present.get(day)
            notes = Notes.kept_with(partition)
            if partition is None or notes is None:
                return None
            published = Published(partition.uri, partition.size, notes)
            if notes.fingerprint == marts.mart_fingerprint(mart, day, parts):
                return LeftAlone("nothing has changed", published)
            outlived = has_outlived(notes, day, lookback, parts, kept)
            return LeftAlone("snapshots that it was made from have been forgotten", published) if outlived else None

        def make(day: str) -> Published:
            with sql.metered() as cost:
                parts = windows.of(day, lookback)
                partition, notes, rows = make_mart_day(sql, mart, day, context.run.run_id, lookback, parts)
            seen = glance.of_mart(mart, rows, day, [part.feed for part in parts if part.previous])
            details = {
                **pictures(seen),
                "preview": preview(rows.slice(0, 5).to_pylist()),
                "shown_in": dg.MetadataValue.asset(dg.AssetKey(REPORT)),
                **figures(seen),
                **cost,
            }
            findings = [*mart_findings(rows, mart), *judged(mart, rows)]
            return Published(partition.uri, partition.size, notes, details, findings=findings)

        def of_all_days() -> Mapping[str, object]:
            name, of = ".".join(key), tuple(feeds)
            return {**columns_from(name, of), **lineage_metadata(name, of)}

        yield from each_day(context, checks, left_alone, make, of_all_days)

    return build
