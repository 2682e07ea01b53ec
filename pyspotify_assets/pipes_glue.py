"""One run of a Glue job, through Dagster Pipes: started, waited for, listened to, and stopped if nobody waits any more.

dagster-aws starts the job and carries the messages. Added here: an end to the waiting, a stop whatever interrupts it,
words for what Glue says, and messages that lie where the run's other files do. Imported when a job is to be run.
"""

import json
import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import dagster as dg
from dagster_aws.pipes import PipesGlueClient, PipesS3ContextInjector, PipesS3MessageReader
from dagster_pipes import PIPES_PROTOCOL_VERSION, PIPES_PROTOCOL_VERSION_FIELD

from pyspotify_assets.aws.refusals import explained
from pyspotify_assets.aws.session import client
from pyspotify_assets.errors import GlueJobError
from pyspotify_assets.stores.s3 import S3Store

GRACE = 300
"""Seconds beyond the run's own limit, which begins only when its machines have started, until this side gives up."""

ENDED = ("SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT", "ERROR")
"""As PipesGlueClient has them. https://docs.aws.amazon.com/glue/latest/dg/job-run-statuses.html"""

log = logging.getLogger(__name__)


class GlueJob:
    """The Glue job `name`, one run of which may take `timeout` seconds."""

    def __init__(self, context: dg.AssetExecutionContext, name: str, timeout: int) -> None:
        # Pipes asks for `run_id`, which Dagster itself calls deprecated on an asset's context.
        self._context = context.op_execution_context
        self._name, self._timeout = name, timeout
        self.last_run: dict[str, Any] = {}
        """What Glue said last of the run."""

    def __call__(
        self, store: S3Store, workspace: str, arguments: Mapping[str, str], extras: Mapping[str, Any]
    ) -> list[Any]:
        """Run the job to its end; gives what it reported, in order. See `daily.glue_refine.JobRunner`."""
        glue = _Watched(client("glue"), self._name, self._timeout + GRACE)
        prefix = f"{store.prefix}{workspace}/pipes/"
        reader = _Reader(store.bucket, prefix, glue)
        # Not forwarded by dagster-aws, which knows only Dagster's own interrupt: the reader stops the run for any.
        pipes = PipesGlueClient(
            PipesS3ContextInjector(bucket=store.bucket, client=client("s3"), key_prefix=prefix),
            reader,
            client=glue,
            forward_termination=False,
        )
        minutes = max(1, -(-self._timeout // 60))
        request = {"JobName": self._name, "Arguments": dict(arguments), "Timeout": minutes}
        try:
            with explained(GlueJobError, f"The Glue job {self._name}"):
                pipes.run(context=self._context, start_job_run_params=request, extras=dict(extras))
        except RuntimeError as error:  # What PipesGlueClient makes of every end but a good one.
            if not glue.ended or glue.run["JobRunState"] == "SUCCEEDED":
                raise
            raise GlueJobError(*_words(self._name, glue.run, self._timeout), reader.reported()) from error
        finally:
            self.last_run = glue.run
        return reader.reported()


class _Watched:
    """The Glue client as PipesGlueClient uses it, which waits for ever: here it ends after `seconds`."""

    def __init__(self, client: Any, job: str, seconds: float) -> None:
        self._client, self._job, self._seconds = client, job, seconds
        self.meta = client.meta
        self.run: dict[str, Any] = {}
        self._deadline = 0.0

    @property
    def ended(self) -> bool:
        return self.run.get("JobRunState") in ENDED

    def start_job_run(self, **request: Any) -> dict[str, Any]:
        answer = self._client.start_job_run(**request)
        self.run = {"Id": answer["JobRunId"]}
        self._deadline = time.monotonic() + self._seconds
        return answer

    def get_job_run(self, **request: Any) -> dict[str, Any]:
        answer = self._client.get_job_run(**request)
        self.run = {"Id": self.run["Id"], **answer["JobRun"]}
        if not self.ended and time.monotonic() > self._deadline:
            raise GlueJobError(
                f"The Glue job {self._job} was waited for {self._seconds:.0f} seconds and still is "
                f"{self.run['JobRunState']}, in run {self.run['Id']}: it has been stopped",
                "Raise PYSPOTIFY_GLUE_TIMEOUT, or see in the Glue console what it waits for.",
            )
        return answer

    def stop(self) -> None:
        """Stop the run, if there is one that has not ended. Never fails: something else has happened already."""
        if not self.run or self.ended:
            return
        try:
            answer = self._client.batch_stop_job_run(JobName=self._job, JobRunIds=[self.run["Id"]])
            refused = [error.get("ErrorDetail", {}).get("ErrorMessage", "") for error in answer.get("Errors", ())]
        except Exception as error:
            refused = [str(error)]
        if refused:
            log.warning("Run %s of the Glue job %s could not be stopped: %s", self.run["Id"], self._job, refused[0])


class _Reader(PipesS3MessageReader):
    """Messages under `prefix`; once the run has ended, or is given up, none are waited for that are not there."""

    def __init__(self, bucket: str, prefix: str, glue: _Watched) -> None:
        super().__init__(bucket=bucket, client=client("s3"))
        self._prefix, self._glue = prefix, glue
        self._given_up = False
        self._handler: Any = None

    @property
    def expected_writer_count(self) -> int:
        """As inherited, which warns of itself: Dagster calls it a preview."""
        return 1

    def reported(self) -> list[Any]:
        """What the job has reported, in order."""
        return list(self._handler.get_custom_messages()) if self._handler else []

    @contextmanager
    def read_messages(self, handler: Any) -> Iterator[Any]:
        self._handler = handler
        with super().read_messages(handler) as params:
            try:
                yield params
            except BaseException:  # Interrupts too: what nobody waits for any more shall not go on to cost.
                self._given_up = True
                self._glue.stop()
                raise

    @contextmanager
    def get_params(self) -> Iterator[Any]:
        with super().get_params() as params:
            yield {**params, "key_prefix": f"{self._prefix}messages"}

    def messages_are_readable(self, params: Any) -> bool:
        return self._over or super().messages_are_readable(params)

    def download_messages_chunk(self, index: int, params: Any) -> str | None:
        over = self._over  # Asked before reading: what the job wrote until its end is then there to be read.
        chunk = super().download_messages_chunk(index, params)
        if chunk is None and over:
            return json.dumps({PIPES_PROTOCOL_VERSION_FIELD: PIPES_PROTOCOL_VERSION, "method": "closed", "params": {}})
        return chunk

    @property
    def _over(self) -> bool:
        return self._given_up or self._glue.ended


def _words(job: str, run: Mapping[str, Any], timeout: int) -> tuple[str, str]:
    """Message and remedy for a run that did not end well."""
    state, group = run["JobRunState"], run.get("LogGroupName", "/aws-glue/jobs")
    said = run.get("ErrorMessage") or "Glue gave no reason"
    where = f"Its log is in CloudWatch: group {group}/error, stream {run['Id']}."
    remedy = {
        "TIMEOUT": f"Raise PYSPOTIFY_GLUE_TIMEOUT ({timeout} seconds). {where}",
        "STOPPED": f"Somebody stopped it: refine that day again. {where}",
    }.get(state, where)
    return f"The Glue job {job} ended {state} in run {run['Id']}: {said}", remedy
