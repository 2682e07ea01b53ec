"""`spotify_raw/<feed>` and `spotify_refined/<feed>`: the tables that the crawlers keep. One crawl, all its tables.

Crawls are not partitioned: one covers however many days have changed.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg

from pyspotify_assets.assets.each_day import (
    ONLY_CHANGED,
    OPENS_DOWNSTREAM,
    PARTITION,
    RANGE_END,
    RANGE_START,
    Result,
    check_results,
    check_specs,
)
from pyspotify_assets.assets.metadata import (
    OWNERS,
    PREVIEWED,
    columns_from,
    lineage_metadata,
    table_metadata,
    with_example,
)
from pyspotify_assets.checks import CATALOG_SCHEMA, COUNTS_AGREE
from pyspotify_assets.daily.fingerprints import fingerprint
from pyspotify_assets.daily.notes import Notes
from pyspotify_assets.feeds import Feed
from pyspotify_assets.history import CRAWL_STARTED, last_crawl, last_materialized
from pyspotify_assets.io_manager import LakeIOManager
from pyspotify_assets.names import CRAWLERS, DATABASES
from pyspotify_assets.planning import CrawlPlan, plan_crawl
from pyspotify_assets.schemas import dagster_schema
from pyspotify_assets.tables import SNAPSHOT
from pyspotify_assets.warehouse import CrawledTable, Crawler, SqlEngine

COUNTED_DAYS = 31
"""Days back from the newest that the raw and refined counts are compared for: what a check reads stays bounded."""


def table_keys(area: str, feeds: Sequence[Feed]) -> list[dg.AssetKey]:
    """The keys of the tables that one crawler keeps."""
    return [dg.AssetKey([DATABASES[area], feed.name]) for feed in feeds]


def crawl_plan(instance: dg.DagsterInstance, area: str, feeds: Sequence[Feed]) -> CrawlPlan:
    """Whether the area should be crawled now: the rule that the sensors, the noon schedule and full_refresh share."""
    inputs = [dg.AssetKey([area, feed.name]) for feed in feeds]
    return plan_crawl(last_materialized(instance, inputs), last_crawl(instance, table_keys(area, feeds)))


def crawl_assets(area: str, feeds: Sequence[Feed]) -> dg.AssetsDefinition:
    """The tables of one area, materialized together by its crawler."""
    database, crawler_name = DATABASES[area], CRAWLERS[area]

    @dg.multi_asset(
        name=f"crawl__{area}",
        description=f"The crawler {crawler_name}: keeps the tables of the database {database}.",
        specs=[
            dg.AssetSpec(
                key,
                deps=[[area, feed.name]],
                description=with_example(
                    f"Table {database}.{feed.name} over {area}/{feed.name}, kept by crawler {crawler_name}.",
                    SNAPSHOT,
                    PREVIEWED[area],
                ),
                group_name=database,
                kinds={"table", "glue"},
                owners=OWNERS,
                tags={"feed": feed.name, "crawler": crawler_name},
                metadata={
                    **table_metadata(database, feed.name, dagster_schema(SNAPSHOT, raw=area == "raw")),
                    **columns_from(f"{database}.{feed.name}", (feed,)),
                },
                skippable=True,
            )
            for key, feed in zip(table_keys(area, feeds), feeds, strict=True)
        ],
        check_specs=[spec for feed in feeds for spec in check_specs([database, feed.name], [CATALOG_SCHEMA])],
        can_subset=True,
        pool=crawler_name,
    )
    def crawl(
        context: dg.AssetExecutionContext,
        crawler: dg.ResourceParam[Crawler],
        sql: dg.ResourceParam[SqlEngine],
        lake_io_manager: dg.ResourceParam[LakeIOManager],
    ) -> Iterator[Result]:
        selected = context.selected_asset_keys
        if context.run.tags.get(ONLY_CHANGED) == "true":
            plan = crawl_plan(context.instance, area, feeds)
            asked = days_of_run(context.run)
            unknown = any(unknown_days(sql, lake_io_manager, area, feed.name, *asked) for feed in feeds)
            if not plan.needed and not unknown:
                context.log.info(f"Not crawled. {plan.reason}")
                for key in sorted(selected):
                    yield dg.MaterializeResult(asset_key=key, metadata=OPENS_DOWNSTREAM)
                return
        started = time.time()  # Dagster's own clock: it is compared with the times of events.
        for crawled in crawler.crawl(area, feeds):
            key = dg.AssetKey([database, crawled.table.name])
            if key in selected:
                yield from crawl_results(context, key, crawled, _metadata(crawled, started, feeds))

    return crawl


def crawl_results(
    context: dg.AssetExecutionContext, key: dg.AssetKey, crawled: CrawledTable, metadata: Mapping[str, Any]
) -> Iterator[Result]:
    """What a crawl has made of one table: its materialization, and whether files and declaration agree."""
    # A crawl is news to the marts only if the table's shape changed: what is in it, they know from refined.
    shape = dg.DataVersion(fingerprint(dict(crawled.table.columns)))
    yield dg.MaterializeResult(asset_key=key, metadata=metadata, data_version=shape)
    finding = CATALOG_SCHEMA.finding(not crawled.drift, "; ".join(crawled.drift) or "no difference")
    yield from check_results(context, [CATALOG_SCHEMA], {"files": [finding]}, key)


def days_of_run(run: dg.DagsterRun) -> tuple[str, str]:
    """First and last day that the run is about, though a crawl itself has no days; all days where it does not say."""
    day = run.tags.get(PARTITION)
    return (day, day) if day else (run.tags.get(RANGE_START, ""), run.tags.get(RANGE_END, "9999-12-31"))


def unknown_days(
    sql: SqlEngine, lake_io_manager: LakeIOManager, area: str, feed: str, first: str, last: str
) -> list[str]:
    """Days that lie in the lake and not in the catalog: after a crawl, because somebody has deleted the catalog."""
    known = {partition.day for partition in sql.partitions(DATABASES[area], feed, first, last)}
    return [day for day in lake_io_manager.lake.days((area, feed), first, last) if day not in known]


def counts_check(feed: Feed) -> dg.AssetChecksDefinition:
    """The raw table's reader: raw and refined rows of each recent day, counted by SQL, must add up."""

    @dg.asset_check(
        asset=dg.AssetKey([DATABASES["refined"], feed.name]),
        name=COUNTS_AGREE.name,
        description=COUNTS_AGREE.description,
        additional_deps=[dg.AssetKey([DATABASES["raw"], feed.name])],
    )
    def counts_agree(
        sql: dg.ResourceParam[SqlEngine], lake_io_manager: dg.ResourceParam[LakeIOManager]
    ) -> dg.AssetCheckResult:
        days = [partition.day for partition in sql.partitions(DATABASES["refined"], feed.name)][-COUNTED_DAYS:]
        differing = differing_days(sql, lake_io_manager, feed.name, days) if days else []
        return dg.AssetCheckResult(
            passed=not differing,
            severity=dg.AssetCheckSeverity.ERROR,
            description="; ".join(differing) or f"{len(days)} days agree",
            metadata={"days_checked": len(days), "days_failed": len(differing)},
        )

    return counts_agree


def differing_days(sql: SqlEngine, lake_io_manager: LakeIOManager, feed: str, days: Sequence[str]) -> list[str]:
    """The days on which raw rows are not refined rows plus what refining is known to have left out, in words."""
    raw, refined = (_counts(sql, DATABASES[area], feed, days) for area in ("raw", "refined"))
    differing = []
    for day in days:
        info = lake_io_manager.lake.place(("refined", feed), day).info()
        notes = Notes.kept_with(info)
        left_out = notes.counts.get("duplicates", 0) + notes.counts.get("quarantined", 0) if notes else 0
        if raw.get(day, 0) != refined.get(day, 0) + left_out:
            differing.append(f"{day}: {raw.get(day, 0)} raw, {refined.get(day, 0)} refined, {left_out} left out")
    return differing


def _counts(sql: SqlEngine, database: str, feed: str, days: Sequence[str]) -> dict[str, int]:
    from pyspotify_assets.marts import counts_sql

    rows = sql.query(counts_sql(database, feed, days[0], days[-1]), days[0], days[-1]).to_pylist()
    return {row["snapshot_date"]: row["row_count"] for row in rows}


def _metadata(crawled: CrawledTable, started: float, feeds: Sequence[Feed]) -> dict[str, Any]:
    table = crawled.table
    return {
        CRAWL_STARTED: dg.MetadataValue.timestamp(started),
        "partitions": crawled.partitions,
        "partitions_added": len(crawled.added),
        "partitions_removed": len(crawled.removed),
        "added": ", ".join(crawled.added[-31:]) or "none",
        **lineage_metadata(f"{table.database}.{table.name}", tuple(feeds)),
    }
