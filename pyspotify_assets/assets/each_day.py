"""A run over one day or many: every day is made, checked, published and reported for itself.

Dagster stamps one returned result on all partitions of a run alike. Here each day logs its own materialization instead,
so that in a run over a range a day that failed, or was left alone, is not shown as made, and the others are.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import dagster as dg

from pyspotify_assets.ahead import ahead
from pyspotify_assets.checks import Check, Finding
from pyspotify_assets.daily.notes import FoundBy, Notes
from pyspotify_assets.errors import CheckFailedError, PySpotifyError

ONLY_CHANGED = "pyspotify/only_changed"
"""Run tag: days whose inputs, declarations and code version have not changed are left alone."""

PARTITION = "dagster/partition"
RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"
"""Run tags of Dagster: the run's one day, or the first and last of its days."""

OPENS_DOWNSTREAM = {"__source_asset_observation__": True}
"""Metadata of a result that lets the steps after this one begin and stamps no partition.

Dagster's own key for assets that log their events in the body (dagster/_core/execution/plan/execute_step.py,
`_log_materialization_or_observation_events_for_asset`). `test_each_day.py` fails should a release drop it.
"""

_DATA_VERSION = "dagster/data_version"
_TRUTHS = ("popularity_given",)
"""Counts of the notes that only say yes or no."""

_NAMED, _LISTED = 20, 31
"""Days that are named in the sentence, and listed in the table, of what a check found."""

Result = dg.MaterializeResult | dg.AssetCheckResult | dg.Output
"""What the bodies of the assets yield."""

progress = logging.getLogger("pyspotify_assets.progress")
days_made = logging.getLogger("pyspotify_days_made")
"""For who waits for the run. Not below the project's name, or Dagster would write it into the run's log, where each
day's materialization says the same."""

MISSED, INSTEAD = "missed", "instead"
"""Metadata of an observation: why a day has no output, and the day that has it in its place."""

FAILED_DAYS = "failed_days"
"""Metadata of a failed step: its days that failed → the name of the error."""


@dataclass(frozen=True)
class Published:
    """One day that lies in the lake: its address, size in bytes, notes, and what else the UI shall show of it.

    `day` is set where it is not the day that was to be made; `findings` where they say more than the notes keep.
    """

    uri: str
    size: int
    notes: Notes
    details: Mapping[str, object] = field(default_factory=dict)
    day: str = ""
    findings: Sequence[Finding] = ()


@dataclass(frozen=True)
class LeftAlone:
    """A day that needs no work, and why; `published` is what is there already, if anything is."""

    reason: str
    published: Published | None = None


@dataclass(frozen=True)
class Missed:
    """A day that ends well without output, and why; what the checks found; what was made in its place, if anything."""

    reason: str
    findings: Sequence[Finding] = ()
    instead: Published | None = None


def each_day(
    context: dg.AssetExecutionContext,
    checks: Sequence[Check],
    left_alone: Callable[[str], LeftAlone | None],
    make: Callable[[str], Published | LeftAlone | Missed],
    of_all_days: Callable[[], Mapping[str, object]] = dict,
    at_once: int = 1,
) -> Iterator[Result]:
    """Make every day of the run's partitions; yields the results of the one asset of `context`.

    `left_alone(day)` is asked only in runs tagged ONLY_CHANGED. A day whose `make` raises does not stop the others; at
    the end the step fails and names every such day. One that was missed is no failure: it is observed, with the reason.
    `of_all_days` gives metadata that is the same for every day: only the last one of a run tells it, since a thousand
    times the same costs more than the days. `at_once`: days that may be made at the same time, each in a thread.
    """
    key = context.asset_key
    only_changed = context.run.tags.get(ONLY_CHANGED) == "true"
    days = context.partition_keys
    told = _told_versions(context, key, days) if only_changed else {}
    made_after = _newest_inputs(context)
    found: dict[str, Sequence[Finding | FoundBy]] = {}
    failures: dict[str, Exception] = {}

    def outcome_of(day: str) -> Published | LeftAlone | Missed | Exception:
        try:
            return (left_alone(day) if only_changed else None) or make(day)
        except Exception as error:  # Whatever it is, it shall not take the other days with it.
            return error

    def tell(day: str, made: str, published: Published) -> None:
        told_once = of_all_days() if day == days[-1] else {}
        context.log_event(_materialization(context, made, published, made_after, told_once))

    # One day alone is made in this thread, where an interrupt reaches it.
    outcomes = ahead(outcome_of, days, at_once) if min(at_once, len(days)) > 1 else map(outcome_of, days)
    for day, outcome in zip(days, outcomes, strict=True):
        name = f"{key.to_user_string()} {day}"
        try:
            if isinstance(outcome, Exception):
                raise outcome
            if isinstance(outcome, LeftAlone):
                # A new Dagster instance over an old lake; or a run was killed before it could tell what it had made.
                if outcome.published is not None and told.get(day) != outcome.published.notes.version:
                    found[day] = outcome.published.notes.findings
                    tell(day, day, outcome.published)
                progress.info("%s: left alone, %s", name, outcome.reason, extra={"day_done": True})
                continue
            if isinstance(outcome, Missed):
                found[day] = outcome.findings
                context.log_event(_observation(key, day, outcome))
                progress.warning("%s: missed, %s", name, outcome.reason, extra={"day_done": True, "missed": True})
            published = outcome.instead if isinstance(outcome, Missed) else outcome
            if published is not None:
                made = published.day or day
                found[made] = published.findings or published.notes.findings
                tell(day, made, published)
                rows = f"{key.to_user_string()} {made}: {published.notes.rows} rows"
                days_made.info(rows, extra={"day_done": made == day})
        except Exception as error:
            if isinstance(error, CheckFailedError):
                found[day] = error.findings
            failures[day] = error
            unexpected = not isinstance(error, PySpotifyError)
            progress.error("%s: %s", name, error, exc_info=unexpected, extra={"day_done": True})
    yield dg.MaterializeResult(metadata=OPENS_DOWNSTREAM)
    yield from check_results(context, checks, found, key)
    if failures:
        raise _failure(key, failures, len(context.partition_keys))


def missed_in_this_run(context: dg.AssetExecutionContext, key: Sequence[str], day: str) -> tuple[str, str] | None:
    """Why this run missed another asset's day, and the day that was made in its place ("" if none was); None if it
    did not miss it."""
    wanted = dg.AssetRecordsFilter(asset_key=dg.AssetKey(list(key)), asset_partitions=[day])
    for record in context.instance.fetch_observations(wanted, limit=1).records:
        metadata = record.asset_observation.metadata if record.asset_observation else {}
        if record.run_id == context.run.run_id and MISSED in metadata:
            return str(metadata[MISSED].value), str(metadata[INSTEAD].value) if INSTEAD in metadata else ""
    return None


def check_results(
    context: dg.AssetExecutionContext,
    checks: Sequence[Check],
    found: Mapping[str, Sequence[Finding | FoundBy]],
    key: dg.AssetKey,
) -> Iterator[dg.AssetCheckResult | dg.Output]:
    """One result per check of the asset over all days that were judged: passed if it held on every one.

    A check that judged nothing gives a bare output: without one, the steps behind a blocking check would wait for ever
    (dagster/_core/execution/plan/active.py, `_all_upstream_outputs_produced`).
    """
    selected = {check_key.name for check_key in context.selected_asset_check_keys if check_key.asset_key == key}
    outputs = {
        spec.name: name for name, spec in context.assets_def.check_specs_by_output_name.items() if spec.asset_key == key
    }
    for check in checks:
        verdicts = {
            day: finding for day, findings in found.items() for finding in findings if _name(finding) == check.name
        }
        if check.name not in selected:
            continue
        if not verdicts:
            yield dg.Output(None, outputs[check.name])
            continue
        broken = {day: finding for day, finding in verdicts.items() if not finding.passed}
        grave = check.blocking or any(finding.grave for finding in broken.values())
        newest = dict(list(verdicts.items())[-1:])
        shown = broken or newest
        figures = getattr(next(iter(shown.values())), "figures", {})
        yield dg.AssetCheckResult(
            asset_key=key,
            check_name=check.name,
            passed=not broken,
            severity=dg.AssetCheckSeverity.ERROR if grave else dg.AssetCheckSeverity.WARN,
            description=_in_words(verdicts, shown),
            metadata={
                "days_checked": len(verdicts),
                "days_failed": len(broken),
                **figures,
                "days": _days_table(verdicts),
            },
        )


def _in_words(verdicts: Mapping[str, Finding | FoundBy], shown: Mapping[str, Finding | FoundBy]) -> str:
    """What is told of all days that were judged: those that failed, or that all passed and the newest as an example."""
    words = "; ".join(f"{day}: {finding.summary}" for day, finding in list(shown.items())[:_NAMED])
    if len(shown) > _NAMED:
        words += f"; and {len(shown) - _NAMED} more"
    if len(verdicts) == 1 or not all(finding.passed for finding in shown.values()):
        return words
    return f"Holds on all {len(verdicts)} days, {min(verdicts)} to {max(verdicts)}. {words}"


def _days_table(verdicts: Mapping[str, Finding | FoundBy]) -> dg.TableMetadataValue:
    """Day by day what was found: those that failed first, then the newest."""
    ordered = sorted(verdicts.items(), key=lambda verdict: verdict[0], reverse=True)
    ordered.sort(key=lambda verdict: verdict[1].passed)
    return dg.MetadataValue.table(
        [
            dg.TableRecord({"day": day, "holds": "yes" if finding.passed else "no", "found": finding.summary})
            for day, finding in ordered[:_LISTED]
        ]
    )


def check_specs(key: Sequence[str], checks: Sequence[Check]) -> list[dg.AssetCheckSpec]:
    """The checks as Dagster declares them on the asset `key`."""
    return [
        dg.AssetCheckSpec(
            check.name, asset=dg.AssetKey(list(key)), description=check.description, blocking=check.blocking
        )
        for check in checks
    ]


def _name(finding: Finding | FoundBy) -> str:
    return finding.check.name if isinstance(finding, Finding) else finding.name


def _newest_inputs(context: dg.AssetExecutionContext) -> dict[str, str]:
    """The tags by which Dagster knows later whether an input is newer than a day; without them every day is "unsynced".

    Per input its newest event and data version, as Dagster itself tags what a step returns
    (dagster/_core/execution/plan/execute_step.py, `_build_data_version_observation_tags` and its kin).
    """
    tags = {}
    for dep in context.assets_def.specs_by_key[context.asset_key].deps:
        name = dep.asset_key.to_user_string()
        newest = next(iter(context.instance.fetch_materializations(dep.asset_key, limit=1).records), None)
        event = newest.asset_materialization if newest else None
        tags[f"dagster/input_event_pointer/{name}"] = str(newest.storage_id) if newest else "NULL"
        tags[f"dagster/input_data_version/{name}"] = (
            (event.tags or {}).get(_DATA_VERSION, "INITIAL") if event else "INITIAL"
        )
    return tags


def _told_versions(context: dg.AssetExecutionContext, key: dg.AssetKey, days: Sequence[str]) -> dict[str, str]:
    """Day → the version of it that Dagster was told last, of those `days` that it has been told of."""
    tags = context.instance.event_log_storage.get_latest_tags_by_partition(
        key, dg.DagsterEventType.ASSET_MATERIALIZATION, [_DATA_VERSION], days
    )
    return {day: of_day[_DATA_VERSION] for day, of_day in tags.items()}


def _observation(key: dg.AssetKey, day: str, missed: Missed) -> dg.AssetObservation:
    instead = {INSTEAD: missed.instead.day} if missed.instead else {}
    return dg.AssetObservation(
        key, partition=day, description=f"Missed: {missed.reason}", metadata={MISSED: missed.reason, **instead}
    )


def _materialization(
    context: dg.AssetExecutionContext,
    day: str,
    published: Published,
    made_after: Mapping[str, str],
    told_once: Mapping[str, object],
) -> dg.AssetMaterialization:
    notes = published.notes
    counts = {name.replace(": ", "_").replace(" ", "_"): count for name, count in notes.counts.items()}
    truths = {name: dg.MetadataValue.bool(bool(counts[name])) for name in _TRUTHS if name in counts}
    return dg.AssetMaterialization(
        asset_key=context.asset_key,
        partition=day,
        metadata={
            **published.details,  # type: ignore[dict-item]
            **told_once,  # type: ignore[dict-item]
            "dagster/partition_row_count": notes.rows,
            "dagster/uri": published.uri,
            "bytes": published.size,
            "made_from": notes.fingerprint,
            **counts,
            **truths,
        },
        tags={
            _DATA_VERSION: notes.version,
            "dagster/data_version_is_user_provided": "true",
            "dagster/code_version": context.assets_def.specs_by_key[context.asset_key].code_version or "",
            **made_after,
        },
    )


def _failure(key: dg.AssetKey, failures: Mapping[str, Exception], days: int) -> dg.Failure:
    name = key.to_user_string()
    words = "\n".join(f"{day}: {type(error).__name__}: {error}" for day, error in list(failures.items())[:20])
    more = f"\n… and {len(failures) - 20} more" if len(failures) > 20 else ""
    kinds = {day: type(error).__name__ for day, error in failures.items()}
    return dg.Failure(
        f"{name}: {len(failures)} of {days} days failed\n{words}{more}",
        metadata={FAILED_DAYS: kinds},
        allow_retries=False,
    )
