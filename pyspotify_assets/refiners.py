"""Who refines: this process, or the Glue job. Dagster resources for the key `refiner`, with one method alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Protocol

import dagster as dg
from pydantic import ConfigDict

from pyspotify_assets.daily.refined import refine_day

if TYPE_CHECKING:
    from pyspotify_assets.daily.refined import Made
    from pyspotify_assets.lake import Lake


class Refiner(Protocol):
    """What the assets `refined/<feed>` ask for."""

    at_once: ClassVar[int]
    """Days that are refined at the same time."""

    def refine(
        self, context: dg.AssetExecutionContext, lake: Lake, feed: str, day: str
    ) -> tuple[Made, Mapping[str, object]]:
        """Make and publish one refined day; gives what was made, and what else the UI shall show of it."""


class LocalRefiner:
    """This process refines."""

    at_once: ClassVar[int] = 2

    def refine(
        self, context: dg.AssetExecutionContext, lake: Lake, feed: str, day: str
    ) -> tuple[Made, Mapping[str, object]]:
        return refine_day(lake, feed, day), {}


class GlueRefiner(dg.ConfigurableResource):
    """The Glue job `job` refines raw days of `from_bytes` bytes and more, this process smaller ones.

    `timeout`: seconds that one run of the job may take.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    job: str
    timeout: int = 3600
    from_bytes: int = 0
    at_once: ClassVar[int] = 1
    """Each run of the job costs a minute at least, and an account may have a limit of one at a time."""

    def refine(
        self, context: dg.AssetExecutionContext, lake: Lake, feed: str, day: str
    ) -> tuple[Made, Mapping[str, object]]:
        raw = lake.place(("raw", feed), day).info()
        if raw is None or raw.size < self.from_bytes:
            return refine_day(lake, feed, day), {}
        from pyspotify_assets.daily.glue_refine import refine_day_on_glue
        from pyspotify_assets.pipes_glue import GlueJob

        job = GlueJob(context, self.job, self.timeout)
        made = refine_day_on_glue(lake, feed, day, job)
        # StartJobRun's answer has them; see https://docs.aws.amazon.com/glue/latest/webapi/API_JobRun.html
        shown = {"glue_run": job.last_run["Id"], "glue_seconds": int(job.last_run.get("ExecutionTime", 0))}
        return made, shown
