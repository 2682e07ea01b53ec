"""`refined/<feed>`: the raw day typed, deduplicated and ordered, as Parquet. What cannot be typed is in quarantine."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import dagster as dg

from pyspotify_assets import refine
from pyspotify_assets.assets.each_day import (
    LeftAlone,
    Published,
    Result,
    check_specs,
    each_day,
    missed_in_this_run,
)
from pyspotify_assets.assets.metadata import (
    FRESHNESS,
    OWNERS,
    PREVIEWED,
    columns_from,
    lineage_metadata,
    preview,
    table_metadata,
    with_example,
)
from pyspotify_assets.checks import REFINED_CHECKS
from pyspotify_assets.daily.notes import Notes
from pyspotify_assets.daily.refined import Made, refined_fingerprint
from pyspotify_assets.errors import MissingPartitionError
from pyspotify_assets.feeds import Feed
from pyspotify_assets.io_manager import LakeIOManager
from pyspotify_assets.lake import Place
from pyspotify_assets.refiners import Refiner
from pyspotify_assets.schemas import dagster_schema
from pyspotify_assets.table_files import read_reader
from pyspotify_assets.tables import SNAPSHOT


def refined_asset(feed: Feed, partitions: dg.PartitionsDefinition) -> dg.AssetsDefinition:
    """The asset `refined/<feed>`."""
    key, raw_key = ["refined", feed.name], ["raw", feed.name]

    @dg.multi_asset(
        name=f"refined__{feed.name}",
        description=f"Refines the raw snapshots of {feed.name}.",
        specs=[
            dg.AssetSpec(
                key,
                deps=[raw_key],
                description=with_example(
                    f"The snapshot of {feed.name} with types, one row per track, ordered by rank: Parquet.",
                    SNAPSHOT,
                    PREVIEWED["refined"],
                ),
                group_name="refined",
                kinds={"python", "parquet"},
                owners=OWNERS,
                tags={"feed": feed.name, "kind": feed.kind},
                metadata={
                    **table_metadata("", "/".join(key), dagster_schema(SNAPSHOT)),
                    **columns_from("/".join(key), (feed,)),
                },
                code_version=refine.VERSION,
                freshness_policy=FRESHNESS,
                skippable=True,
                partitions_def=partitions,
            ).with_io_manager_key("lake_io_manager")
        ],
        check_specs=check_specs(key, REFINED_CHECKS),
        backfill_policy=dg.BackfillPolicy.single_run(),
        can_subset=True,
    )
    def refined(
        context: dg.AssetExecutionContext,
        lake_io_manager: dg.ResourceParam[LakeIOManager],
        refiner: dg.ResourceParam[Refiner],
    ) -> Iterator[Result]:
        lake = lake_io_manager.lake

        def left_alone(day: str) -> LeftAlone | None:
            raw, place = lake.place(raw_key, day), lake.place(key, day)
            of_raw = raw.info()
            if of_raw is None:
                _, instead = missed_in_this_run(context, raw_key, day) or ("", "")
                return None if instead else LeftAlone("there is no raw snapshot of that day")
            info = place.info()
            notes = Notes.kept_with(info)
            if info is None or notes is None or notes.fingerprint != refined_fingerprint(raw, of_raw):
                return None
            return LeftAlone("nothing has changed", Published(place.uri, info.size, notes))

        def make(day: str) -> Published | LeftAlone:
            try:
                made, shown = refiner.refine(context, lake, feed.name, day)
            except MissingPartitionError:
                missed, instead = missed_in_this_run(context, raw_key, day) or ("", "")
                if missed and not instead:
                    return LeftAlone(f"its raw snapshot was missed: {missed}")
                if not instead:
                    raise
                day = instead
                made, shown = refiner.refine(context, lake, feed.name, day)
            place = lake.place(key, day)
            details = {"preview": preview(_first_rows(made, place)), **shown}
            return Published(place.uri, made.info.size, made.notes, details, day)

        lineage = partial(lineage_metadata, "/".join(key), (feed,))
        yield from each_day(context, REFINED_CHECKS, left_alone, make, lineage, refiner.at_once)

    return refined


def _first_rows(made: Made, place: Place) -> Sequence[Mapping[str, object]]:
    """What is shown of a day; read where another has made it."""
    rows = made.first_rows
    if rows is None:
        with read_reader([(place, made.info)], PREVIEWED["refined"], False) as batches:
            rows = next(batches, None)
    return [] if rows is None else rows.slice(0, refine.FIRST_ROWS).select(PREVIEWED["refined"]).to_pylist()
