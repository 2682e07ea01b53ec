"""`raw/<feed>`: the snapshot of one feed and day as CSV. One asset per feed, so that they fail apart."""

import csv
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from functools import partial

import dagster as dg

from pyspotify_assets.assets.each_day import LeftAlone, Missed, Published, Result, check_specs, each_day
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
from pyspotify_assets.assets.spotify import root_of
from pyspotify_assets.checks import RAW_CHECKS, SPOTIFY_ANSWERS
from pyspotify_assets.clock import Clock, system_clock
from pyspotify_assets.daily import raw as daily_raw
from pyspotify_assets.daily.lake_gate import LakeGate
from pyspotify_assets.daily.notes import Notes
from pyspotify_assets.daily.raw import SpotifySource, Taken
from pyspotify_assets.daily.refusals import in_minutes
from pyspotify_assets.errors import RefusedError
from pyspotify_assets.feeds import Feed
from pyspotify_assets.io_manager import LakeIOManager
from pyspotify_assets.lake import Place
from pyspotify_assets.retention import first_kept, keep_from, kept_from
from pyspotify_assets.schemas import dagster_schema
from pyspotify_assets.settings import Settings
from pyspotify_assets.tables import SNAPSHOT


def raw_asset(feed: Feed, settings: Settings, partitions: dg.PartitionsDefinition) -> dg.AssetsDefinition:
    """The asset `raw/<feed>`."""
    key, asked = ["raw", feed.name], _asked(feed, settings.today(system_clock()))

    @dg.multi_asset(
        name=f"raw__{feed.name}",
        description=f"Takes the daily snapshot of {feed.name}.",
        specs=[
            dg.AssetSpec(
                key,
                deps=[root_of(feed.kind)],
                description=with_example(
                    f"The snapshot of the {asked} as Spotify gave it (market {feed.market}): all text.",
                    SNAPSHOT,
                    PREVIEWED["raw"],
                ),
                group_name="raw",
                kinds={"python", "csv"},
                owners=OWNERS,
                tags={"feed": feed.name, "kind": feed.kind},
                metadata={
                    **table_metadata("", "/".join(key), dagster_schema(SNAPSHOT, raw=True)),
                    **columns_from("/".join(key), (feed,)),
                },
                code_version=daily_raw.VERSION,
                freshness_policy=FRESHNESS,
                skippable=True,
                partitions_def=partitions,
            ).with_io_manager_key("lake_io_manager")
        ],
        check_specs=check_specs(key, RAW_CHECKS),
        backfill_policy=dg.BackfillPolicy.single_run(),
        can_subset=True,
        pool="spotify",
    )
    def raw(
        context: dg.AssetExecutionContext,
        lake_io_manager: dg.ResourceParam[LakeIOManager],
        spotify: dg.ResourceParam[SpotifySource],
        clock: dg.ResourceParam[Clock],
    ) -> Iterator[Result]:
        lake = lake_io_manager.lake
        now = settings.today(clock())
        today = now.isoformat()
        made_from = daily_raw.raw_fingerprint(feed, spotify)
        if settings.env == "aws" and settings.retention_days:  # There the bucket's rules delete, and tell nobody.
            keep_from(lake, first_kept(now, settings.retention_days), [feed.name])
        kept = kept_from(lake).get(feed.name, "")

        def left_alone(day: str) -> LeftAlone | None:
            if daily_raw.landed(lake, feed, day):
                return None
            place = lake.place(key, day)
            published = _published(place)
            past_of_live = day < today and not spotify.knows_the_past
            if published is None and day < kept:
                return LeftAlone(f"it has been forgotten: kept is what is of {kept} or later")
            if published is None:
                return (
                    LeftAlone("no snapshot was taken on that day, and Spotify only knows now") if past_of_live else None
                )
            current = published.notes.fingerprint == made_from or not daily_raw.asked_spotify(published.notes)
            return LeftAlone("nothing has changed", published) if past_of_live or current else None

        def take(day: str) -> Taken:
            if spotify.knows_the_past:  # The sample: nobody refuses, and nobody counts.
                return daily_raw.extract(lake, spotify, feed, day, clock, settings.timezone)
            with LakeGate(lake, clock, settings.spotify_daily_requests) as gate:
                return daily_raw.extract(lake, spotify, feed, day, clock, settings.timezone, gate)

        def make(day: str) -> Published | Missed:
            try:
                taken = take(day)
            except RefusedError as refused:
                until = f" until {in_minutes(refused.until)}" if refused.until else ""
                return Missed(f"refused{until}", [SPOTIFY_ANSWERS.finding(False, str(refused.args[0]))])
            if taken.notes is None:
                return Missed(f"it was {taken.day} when the snapshot was complete, and that day has its own already")
            place = lake.place(key, taken.day)
            # What this run has made is reported, even if another has replaced it since.
            size = place.require().size
            published = Published(place.uri, size, taken.notes, _details(place), taken.day, taken.findings)
            if taken.day == day:
                return published
            return Missed(f"the snapshot was completed on {taken.day} and is that day's", instead=published)

        yield from each_day(context, RAW_CHECKS, left_alone, make, partial(lineage_metadata, "/".join(key), (feed,)))

    return raw


def _asked(feed: Feed, today: date) -> str:
    """What the feed is, in words; where its query goes with the day, what it is today."""
    filled = replace(feed, query=feed.query_on(today))
    return feed.title if filled == feed else f"{filled.title} (these years in {today.year}; they go with the day)"


def _published(place: Place) -> Published | None:
    """What lies at the place; None if nothing does, or something that this pipeline did not put there."""
    info = place.info()
    notes = Notes.kept_with(info)
    return Published(place.uri, info.size, notes) if info and notes else None


def _details(place: Place) -> Mapping[str, object]:
    with place.store.local(place.key) as file, open(file, encoding="utf-8", newline="") as text:
        rows = itertools.islice(csv.DictReader(text), 5)
        return {"preview": preview([{name: row[name] for name in PREVIEWED["raw"]} for row in rows])}
