"""The listening history: `refined/plays` from an imported export, its table, its marts and the page about them.

None of it has partitions in Dagster: an import is one event, whatever years it touches, and nobody makes a year for
itself. In the lake each table has a partition a year, and only years that have changed are made again.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import dagster as dg

from pyspotify_assets import glance
from pyspotify_assets.assets.catalog import crawl_results, unknown_days
from pyspotify_assets.assets.each_day import OPENS_DOWNSTREAM, Result, check_results, check_specs, progress
from pyspotify_assets.assets.metadata import (
    OWNERS,
    address,
    columns_from,
    figures,
    lineage_metadata,
    pictures,
    preview,
    query,
    table_metadata,
    with_example,
)
from pyspotify_assets.checks import CATALOG_SCHEMA, MART_CHECKS, Check
from pyspotify_assets.clock import Clock
from pyspotify_assets.daily.fingerprints import fingerprint
from pyspotify_assets.errors import PySpotifyError
from pyspotify_assets.io_manager import LakeIOManager
from pyspotify_assets.names import CRAWLERS, DATABASES
from pyspotify_assets.plays import listening, page, take, years
from pyspotify_assets.schemas import dagster_schema
from pyspotify_assets.settings import Settings
from pyspotify_assets.tables import LISTENING, PLAYS, Table
from pyspotify_assets.warehouse import Crawler, SqlEngine

GROUP = "listening"
EXPORT = dg.AssetKey(["spotify", "listening_history"])
REFINED = dg.AssetKey(take.REFINED)
TABLE = dg.AssetKey([DATABASES["refined"], PLAYS.name])
PAGE = dg.AssetKey(["report", "listening"])

_SHOWN = ["ts", "ms_played", "platform", "master_metadata_track_name", "master_metadata_album_artist_name"]


def listening_assets(settings: Settings) -> list[dg.AssetSpec | dg.AssetsDefinition]:
    """All assets of the listening history, its root outside of this project included."""
    return [_export(), _plays(), _crawl(), *(_mart(mart, settings) for mart in LISTENING), _page(settings)]


def mart_key(mart: Table) -> dg.AssetKey:
    return dg.AssetKey([DATABASES["marts"], mart.name])


def _export() -> dg.AssetSpec:
    return dg.AssetSpec(
        EXPORT,
        description="Spotify's export “extended streaming history”, a ZIP that it sends to the listener who asks.",
        group_name="spotify",
        kinds={"spotify", "json"},
        owners=OWNERS,
        metadata={"reference": dg.MetadataValue.url("https://www.spotify.com/account/privacy/")},
    )


def _asset(
    key: dg.AssetKey,
    deps: Sequence[dg.AssetKey],
    description: str,
    kinds: set[str],
    metadata: Mapping[str, object],
    checks: Sequence[Check] = (),
    pool: str | None = None,
    version: str | None = None,
) -> Callable:
    """A decorator: one asset of the group, skippable, without partitions."""
    spec = dg.AssetSpec(
        key,
        deps=deps,
        description=description,
        group_name=GROUP,
        kinds=kinds,
        owners=OWNERS,
        metadata=metadata,
        code_version=version,
        skippable=True,
    ).with_io_manager_key("lake_io_manager")
    return dg.multi_asset(
        name="__".join(key.path),
        description=description,
        specs=[spec],
        check_specs=check_specs(key.path, checks),
        can_subset=True,
        pool=pool,
    )


def _left_alone(
    context: dg.AssetExecutionContext, key: dg.AssetKey, why: str, checks: Sequence[Check] = ()
) -> Iterator[Result]:
    progress.info("%s: left alone, %s", key.to_user_string(), why, extra={"day_done": True})
    yield dg.MaterializeResult(asset_key=key, metadata=OPENS_DOWNSTREAM)
    yield from check_results(context, checks, {}, key)


def _plays() -> dg.AssetsDefinition:
    @_asset(
        REFINED,
        [EXPORT],
        with_example(
            "Every play of the imported exports, once, with types: Parquet, an object a year. No IP address is kept.",
            PLAYS,
            _SHOWN,
        ),
        {"python", "parquet"},
        {
            **table_metadata("", REFINED.to_user_string(), dagster_schema(PLAYS)),
            **columns_from(REFINED.to_user_string(), ()),
        },
        years.CHECKS,
        pool=PLAYS.name,
        version=years.VERSION,
    )
    def plays(
        context: dg.AssetExecutionContext,
        lake_io_manager: dg.ResourceParam[LakeIOManager],
        clock: dg.ResourceParam[Clock],
    ) -> Iterator[Result]:
        lake = lake_io_manager.lake
        found, failures = {}, {}
        for landed in take.landed_exports(lake):
            try:
                found[landed.key] = taken = take.take_landed(lake, landed, clock())
                progress.info("%s: %s", REFINED.to_user_string(), taken.summary(landed.key), extra={"day_done": True})
            except PySpotifyError as error:
                failures[landed.key] = error
        if found:
            touched = {year: notes for taken in found.values() for year, notes in taken.years.items()}
            counted = {
                name: sum(getattr(taken, name) for taken in found.values())
                for name in ("records", "added", "known", "quarantined")
            }
            metadata = {
                "dagster/uri": lake.root(take.REFINED),
                "years": ", ".join(sorted(touched)),
                "years_changed": ", ".join(sorted({year for taken in found.values() for year in taken.changed})),
                "fields_not_kept": ", ".join(sorted(set().union(*(taken.left_out for taken in found.values())))),
                **counted,
                **lineage_metadata(REFINED.to_user_string(), ()),
            }
            version = dg.DataVersion(fingerprint({year: notes.version for year, notes in touched.items()}))
            yield dg.MaterializeResult(asset_key=REFINED, metadata=metadata, data_version=version)
            judged = {key: taken.findings for key, taken in found.items()}
            yield from check_results(context, years.CHECKS, judged, REFINED)
        else:
            yield from _left_alone(context, REFINED, "no export waits in landing", years.CHECKS)
        if failures:
            words = "\n".join(str(error) for error in failures.values())
            raise dg.Failure(f"{REFINED.to_user_string()}: {words}", allow_retries=False)

    return plays


def _crawl() -> dg.AssetsDefinition:
    @_asset(
        TABLE,
        [REFINED],
        with_example(
            f"Table {DATABASES['refined']}.{PLAYS.name} over refined/plays, kept by crawler {CRAWLERS['refined']}.",
            PLAYS,
            _SHOWN,
        ),
        {"table", "glue"},
        {
            **table_metadata(DATABASES["refined"], PLAYS.name, dagster_schema(PLAYS)),
            **columns_from(".".join(TABLE.path), ()),
        },
        [CATALOG_SCHEMA],
        pool=CRAWLERS["refined"],
    )
    def crawl(
        context: dg.AssetExecutionContext,
        crawler: dg.ResourceParam[Crawler],
        sql: dg.ResourceParam[SqlEngine],
        lake_io_manager: dg.ResourceParam[LakeIOManager],
    ) -> Iterator[Result]:
        if not unknown_days(sql, lake_io_manager, "refined", PLAYS.name, "", "9999"):
            yield from _left_alone(context, TABLE, "the catalog knows all years", [CATALOG_SCHEMA])
            return
        for crawled in crawler.crawl("refined", []):
            if crawled.table.name == PLAYS.name:
                added = ", ".join(crawled.added)
                progress.info("%s: new are %s", TABLE.to_user_string(), added, extra={"day_done": True})
                lineage = lineage_metadata(".".join(TABLE.path), ())
                metadata = {"partitions": crawled.partitions, "added": added, **lineage}
                yield from crawl_results(context, TABLE, crawled, metadata)

    return crawl


def _mart(mart: Table, settings: Settings) -> dg.AssetsDefinition:
    key = mart_key(mart)

    @_asset(
        key,
        [REFINED, TABLE],
        with_example(mart.description, mart),
        {"sql", "athena", "parquet"},
        {**table_metadata(DATABASES["marts"], mart.name, dagster_schema(mart)), **query(mart)},
        MART_CHECKS,
        version=listening.VERSION,
    )
    def build(
        context: dg.AssetExecutionContext,
        lake_io_manager: dg.ResourceParam[LakeIOManager],
        sql: dg.ResourceParam[SqlEngine],
    ) -> Iterator[Result]:
        versions = listening.crawled_years(lake_io_manager.lake, sql)
        stale = listening.stale_years(sql, mart, versions, settings.timezone)
        if not stale:
            yield from _left_alone(context, key, "nothing has changed", MART_CHECKS)
            return
        found, shown = {}, dict[str, Any]()
        with sql.metered() as cost:
            for year in stale:
                _, notes, rows = listening.make_listening_year(
                    sql, mart, year, context.run.run_id, versions[year], settings.timezone
                )
                found[year] = notes.findings
                shown = {  # Of the latest, which is the last.
                    **pictures(seen := glance.of_mart(mart, rows, year)),
                    "preview": preview(rows.slice(0, 5).to_pylist()),
                    **figures(seen),
                }
        progress.info("%s: made %s", key.to_user_string(), ", ".join(stale), extra={"day_done": True})
        yield dg.MaterializeResult(
            asset_key=key,
            metadata={
                "years": len(versions),
                "years_made": ", ".join(stale),
                **shown,
                "shown_in": dg.MetadataValue.asset(PAGE),
                **columns_from(".".join(key.path), ()),
                **lineage_metadata(".".join(key.path), ()),
                **cost,  # type: ignore[dict-item]
            },
            data_version=dg.DataVersion(fingerprint(versions, settings.timezone)),
        )
        yield from check_results(context, MART_CHECKS, found, key)

    return build


def _page(settings: Settings) -> dg.AssetsDefinition:
    @_asset(
        PAGE,
        [mart_key(mart) for mart in LISTENING],
        "The listening history in one page: top tracks and artists by year, listening by hour and weekday.",
        {"html", "altair"},
        {},
        version=page.VERSION,
    )
    def build(
        context: dg.AssetExecutionContext,
        lake_io_manager: dg.ResourceParam[LakeIOManager],
        sql: dg.ResourceParam[SqlEngine],
        clock: dg.ResourceParam[Clock],
    ) -> Iterator[Result]:
        lake = lake_io_manager.lake
        made_from = page.page_fingerprint(sql, settings.timezone, settings.report_language)
        if made_from is None:
            yield from _left_alone(context, PAGE, "no play has been imported")
        elif page.is_current(lake, made_from):
            yield from _left_alone(context, PAGE, "nothing has changed")
        else:
            notes, info, hours = page.make_page(
                lake, sql, made_from, settings.timezone, settings.report_language, clock
            )
            uri = lake.stores["report"].uri(info.key)
            progress.info("%s: %s", PAGE.to_user_string(), uri, extra={"day_done": True})
            metadata: dict[str, Any] = {**pictures(glance.of_years(hours)), **address(uri), "bytes": info.size}
            yield dg.MaterializeResult(asset_key=PAGE, metadata=metadata, data_version=dg.DataVersion(notes.version))

    return build
