"""What Dagster's event log remembers: the facts that planning (see `planning.py`) decides from.

Every question asks for the newest events or for those behind a cursor, never for all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import dagster as dg

from pyspotify_assets import errors

CRAWL_STARTED = "crawl_started"
"""Metadata of a crawled table: when its crawl began, seconds since 1970. What came later it may not have seen."""

ASKED = "pyspotify/asked"
"""Tag of runs that a sensor asked for: the first run key it did so under."""
AGAIN_AFTER = timedelta(minutes=10)
"""Pause before what failed is asked for again; it doubles each time."""
MOST_TIMES = 6
"""How often one thing is asked for at most, over some five hours: what stands in the way by then will not pass."""
LONGEST_RUN = timedelta(hours=2)
"""A run that began earlier and has not ended is one whose process was killed: Dagster shows it as started for ever."""


def snapshot_key(day: str) -> str:
    """What all runs for a day's snapshot are known by, for the last of them to be asked for again."""
    return f"snapshot-{day}"


class Asked(NamedTuple):
    """What became of what was asked for under a key."""

    times: int
    """How often it was."""
    again: str | None
    """The run key to ask under once more, if its last run failed or was killed, and it is time."""
    is_open: bool
    """Whether it may still come to that."""
    went_well: bool
    """Whether its last run did."""


def asked_for(instance: dg.DagsterInstance, key: str, now: datetime | None = None) -> Asked:
    """What became of what was asked for under `key`."""
    asked = instance.get_run_records(dg.RunsFilter(tags={ASKED: key}), limit=MOST_TIMES)
    went_well = bool(asked) and asked[0].dagster_run.is_success
    if not asked or len(asked) == MOST_TIMES or went_well:
        return Asked(len(asked), None, False, went_well)
    since = (now or datetime.now(UTC)) - asked[0].create_timestamp.replace(tzinfo=UTC)
    again = _failed(asked[0], since) and since >= AGAIN_AFTER * 2 ** (len(asked) - 1)
    return Asked(len(asked), _key(key, len(asked)) if again else None, True, False)


def key_to_ask_under(instance: dg.DagsterInstance, key: str, now: datetime | None = None) -> str:
    """The run key for what is asked for: `key`, or another if its last run failed or was killed, and it is time again.

    Dagster runs nothing twice under one run key, not even what failed for a reason that has passed.
    """
    asked = asked_for(instance, key, now)
    return asked.again or _key(key, max(asked.times - 1, 0))


def _key(key: str, number: int) -> str:
    return f"{key}-{number}" if number else key


def _failed(record: dg.RunRecord, since: timedelta) -> bool:
    """Whether the run failed, or was killed and so has no end though it began `since` ago."""
    run = record.dagster_run
    return run.is_failure_or_canceled or (not run.is_finished and since > LONGEST_RUN)


def last_materialized(instance: dg.DagsterInstance, keys: Sequence[dg.AssetKey]) -> dict[str, float]:
    """Asset → time of its newest materialization of any day, seconds since 1970; assets without one are left out."""
    newest = {}
    for key in keys:
        record = instance.get_latest_materialization_event(key)
        if record is not None:
            newest[key.to_user_string()] = record.timestamp
    return newest


def last_crawl(instance: dg.DagsterInstance, tables: Sequence[dg.AssetKey]) -> float | None:
    """When the last crawl that materialized all of `tables` began; None if one of them never was."""
    started = []
    for key in tables:
        event = instance.get_latest_materialization_event(key)
        materialization = event.asset_materialization if event else None
        if materialization is None or CRAWL_STARTED not in materialization.metadata:
            return None
        started.append(float(materialization.metadata[CRAWL_STARTED].value))  # type: ignore[arg-type]
    return min(started, default=None)


def materialized_since(
    instance: dg.DagsterInstance, keys: Sequence[dg.AssetKey], cursor: Mapping[str, int], limit: int
) -> tuple[dict[str, float], dict[str, int]]:
    """Days materialized behind the cursor (day → time of the newest), and the cursor behind what was read.

    `cursor`: asset → storage id of the last event read. At most `limit` events per asset.
    """
    days: dict[str, float] = {}
    behind = dict(cursor)
    for key in keys:
        name = key.to_user_string()
        records = instance.fetch_materializations(
            dg.AssetRecordsFilter(asset_key=key, after_storage_id=cursor.get(name, 0)), limit=limit, ascending=True
        ).records
        for record in records:
            behind[name] = record.storage_id
            if record.partition_key:
                days[record.partition_key] = max(record.timestamp, days.get(record.partition_key, 0.0))
    return days, behind


def newest_by_day(instance: dg.DagsterInstance, key: dg.AssetKey, days: Sequence[str]) -> dict[str, float]:
    """Day → time of the asset's newest materialization of it, for those of `days` that have one."""
    newest: dict[str, float] = {}
    if days:
        wanted = dg.AssetRecordsFilter(asset_key=key, asset_partitions=list(days))
        for record in instance.fetch_materializations(wanted, limit=4 * len(days)).records:
            if record.partition_key:
                newest[record.partition_key] = max(record.timestamp, newest.get(record.partition_key, 0.0))
    return newest


def failure_words(event: dg.DagsterEvent) -> str:
    """What a failed step says: its own words, or those of an error of ours; a traceback only of what is neither."""
    data = event.step_failure_data
    if data.user_failure_data and data.user_failure_data.description:
        return data.user_failure_data.description
    error = data.error
    while error is not None:
        if error.cls_name and issubclass(getattr(errors, error.cls_name, Exception), errors.PySpotifyError):
            return f"{event.step_key}: {error.message.partition(': ')[2].strip()}"
        error = error.cause
    return f"{event.step_key}: {data.error_display_string}"
