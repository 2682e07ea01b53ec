"""How one day's refined object comes to be where one machine is too small: a Glue job writes, this publishes.

The job (`glue_job/refine.py`) leaves its files in a workspace of its own under `state/glue/` and reports what it
counted. No row passes through this process: it reads the file's footer, judges, and lets S3 copy the objects into
place.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from pyspotify_assets import refine, typed_rows
from pyspotify_assets.checks import Finding, judge_refined, require
from pyspotify_assets.daily.notes import Notes
from pyspotify_assets.daily.refined import Made, RefinedDay, counts_of, refined_day, refined_fingerprint
from pyspotify_assets.errors import GlueJobError, LakeError, PySpotifyError, RawFormatError, SettingsError
from pyspotify_assets.lake import Lake
from pyspotify_assets.stores.s3 import S3Store

if TYPE_CHECKING:
    import pyarrow as pa

log = logging.getLogger(__name__)


class JobRunner(Protocol):
    """Who runs the Glue job to its end. See `pipes_glue.py`."""

    def __call__(
        self, store: S3Store, workspace: str, arguments: Mapping[str, str], extras: Mapping[str, Any]
    ) -> list[Any]:
        """Run the job, told `arguments` and `extras`; gives what it reported. GlueJobError if it does not succeed.

        What job and pipeline tell each other lies in `store` under the prefix `workspace`.
        """


def refine_day_on_glue(lake: Lake, feed: str, day: str, run: JobRunner) -> Made:
    """Have one day of a feed refined by the Glue job, and publish it and its quarantine.

    Raises MissingPartitionError where the raw day is not there, RawFormatError, GlueJobError, CheckFailedError,
    LakeError; SettingsError for a lake that is not on S3. In every case the workspace is gone afterwards.
    """
    task = refined_day(lake, feed, day)
    state, target, quarantine = (_on_s3(store) for store in (lake.stores["state"], task.place.store, task.quarantine))
    workspace = f"glue/{feed}/{day}/{uuid.uuid4().hex}"
    try:
        report = _report(task, state, workspace, run)
        refined_key = _one_object(state, f"{workspace}/refined/", ".parquet")
        quarantine_key = _one_object(state, f"{workspace}/quarantine/", "") if report["quarantined"] else ""
        rows, findings = _judge(state, refined_key, report)
        if refined_fingerprint(task.raw) != task.made_from:
            raise GlueJobError(f"{task.raw.uri} was replaced while it was being refined", "Refine that day again.")
        counts = counts_of(
            report["raw_rows"],
            report["duplicates"],
            report["quarantined"],
            report["popularity_given"],
            report["reasons"],
        )
        # The rows follow from what they were made from: that is their version. Spark's bytes differ each time.
        notes = Notes.of(task.made_from, task.made_from, rows, counts, findings)
        # Quarantine first: a kill between the two leaves a row in both places rather than in neither.
        if quarantine_key:
            quarantine.adopt(state, quarantine_key, task.quarantine_key)
        else:
            quarantine.delete(task.quarantine_key)
        return Made(notes, target.adopt(state, refined_key, task.place.key, notes.to_texts()))
    finally:
        _clear(state, workspace)


def _report(task: RefinedDay, state: S3Store, workspace: str, run: JobRunner) -> Mapping[str, Any]:
    """What the job counted."""
    arguments = {"--raw": task.raw.uri, "--staging": f"{state.uri(workspace)}/"}
    extras = {"version": refine.VERSION, "columns": typed_rows.rules(), "raw_columns": typed_rows.raw_rules()}
    try:
        reported = run(state, workspace, arguments, extras)
    except GlueJobError as error:
        for message in error.reported:
            if isinstance(message, dict) and "fault" in message:
                raise RawFormatError(message["fault"], message["remedy"]) from error
        raise
    for message in reported:
        if isinstance(message, dict) and "refined" in message:
            return message["refined"]
    raise GlueJobError(
        f"The Glue job that refined {task.raw.uri} ended without a report",
        "Deploy the script that belongs to this version: make deploy",
    )


def _judge(state: S3Store, key: str, report: Mapping[str, Any]) -> tuple[int, list[Finding]]:
    """The rows of the staged file, by its footer, and what the checks find."""
    schema, rows = _footer(state, key)
    findings = judge_refined(
        schema,
        rows,
        report["raw_rows"],
        report["duplicates"],
        report["quarantined"],
        report["reasons"],
        report["repeated"],
        (report["popularity_min"], report["popularity_max"]),
    )
    return rows, list(require(findings))


def _footer(store: S3Store, key: str) -> tuple[pa.Schema, int]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    filesystem, root = store.arrow()
    try:
        with filesystem.open_input_file(f"{root}{key}") as file:
            footer = pq.read_metadata(file)
    except (OSError, pa.ArrowInvalid) as error:
        raise LakeError(
            f"{store.uri(key)}, written by the Glue job, cannot be read: {error}", "Refine that day again."
        ) from error
    return footer.schema.to_arrow_schema(), footer.num_rows


def _one_object(store: S3Store, prefix: str, suffix: str) -> str:
    """The key of the one object under `prefix` that has something in it."""
    found = [info.key for info in store.objects(prefix) if info.size and info.key.endswith(suffix)]
    if len(found) != 1:
        raise GlueJobError(
            f"The Glue job has left {len(found)} objects under {store.uri(prefix.rstrip('/'))} where one was expected",
            "Deploy the script that belongs to this version: make deploy",
        )
    return found[0]


def _on_s3(store: object) -> S3Store:
    if not isinstance(store, S3Store):
        raise SettingsError(
            "PYSPOTIFY_REFINE_ENGINE = 'glue' cannot be used with a lake in a folder: the Glue job reads S3",
            "Unset it, or set PYSPOTIFY_ENV=aws.",
        )
    return store


def _clear(store: S3Store, workspace: str) -> None:
    """Remove what the job and its run have left. What cannot be removed expires, and must not hide what happened."""
    try:
        for info in list(store.objects(workspace)):
            store.delete(info.key)
    except PySpotifyError as error:
        log.warning("The workspace of the Glue job could not be removed: %s", error)
