"""Least privilege, shown: in its role the pipeline can do all its work, and without any one permission it cannot.

What a query or a crawl then reads on somebody's behalf no stand-in checks; those permissions are left out by name, with
the reason. `make prove` tries each of the others; see `proofs.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pyspotify_assets.aws import session
from pyspotify_assets.aws.permissions import Statement, statements
from pyspotify_assets.errors import PySpotifyError
from pyspotify_assets.settings import load_settings
from pyspotify_assets.spotify.simulator import Simulator
from pyspotify_assets_tests.aws.judgement import as_judged
from pyspotify_assets_tests.aws.stacks import Stack, stack
from pyspotify_assets_tests.aws.work import ONE_FEED, Work, denied_calls
from pyspotify_assets_tests.proofs import all_or_drawn

pytestmark = pytest.mark.aws

DRAWN = 3
NOT_SHOWN = {
    "ReadCatalogForAthena": "Athena asks for it, with the caller's rights: no stand-in checks that",
    "ReadDefaultDatabase": "the same",
    "WriteResultsForAthena": "the same",
    "WriteInPartsForAthena": "the same",
    "FindBucketsForAthena": "the same",
    "FindResultsForAthena": "the same",
    "FindUploadsForAthena": "the same",
    "s3:AbortMultipartUpload": "asked for only when an upload in parts has failed",
    "athena:GetWorkGroup": "asked for only to name a cutoff that was exceeded",
    "glue:GetDatabase": "asked for only to tell a missing table from a missing database",
    "KeepLogin": "asked for only when Spotify hands out another refresh token",
    "glue:BatchStopJobRun": "asked for only when a run of the Glue job is interrupted",
}
"""Sid or action → why taking it away is not seen."""


def permissions() -> list[tuple[str, str]]:
    """Sid and action of every permission of the pipeline's role that can be shown."""
    return [
        (statement.sid, action)
        for statement in statements("pipeline", load_settings(env="aws"))
        for action in statement.actions
        if statement.sid not in NOT_SHOWN and action not in NOT_SHOWN
    ]


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Iterator[Stack]:
    with stack(tmp_path_factory.mktemp("stack"), feeds=ONE_FEED) as one:
        one.deploy()
        yield one


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator() as one:
        yield one


def everything(work: Work) -> None:
    """All of the work; the parts that are quick first."""
    work.bring_a_landed_day_to_the_report("A", "B")
    work.take_todays_snapshot()
    work.quarantine_what_cannot_be_read()
    work.stop_what_takes_too_long()
    for names in (("B", "A"), ("C", "A")):  # The third writing of a day removes what the first has left.
        work.bring_a_landed_day_to_the_report(*names)
    work.refine_by_the_glue_job()


def test_in_its_role_the_pipeline_does_all_its_work_and_is_denied_nothing(made, simulator, tmp_path):
    made.empty()
    with made.as_role("pipeline"), denied_calls() as denied:
        everything(Work(made, tmp_path, simulator))

    assert denied == []


@pytest.mark.parametrize(("sid", "action"), all_or_drawn(permissions(), DRAWN), ids=lambda part: str(part))
def test_without_this_permission_it_cannot(made, simulator, tmp_path: Path, sid, action, figures):
    figures.count("permissions without which the work cannot be done")
    [statement] = [one for one in statements("pipeline", made.settings()) if one.sid == sid]
    made.empty()

    with made.as_role("pipeline", policy=all_but(statement, action)), denied_calls() as denied:
        try:
            everything(Work(made, tmp_path, simulator))
        except PySpotifyError as error:
            assert "denied" in str(error).lower() or denied, str(error)
        else:
            assert denied, f"nothing has noticed that {action} of {sid} is missing"


def all_but(statement: Statement, action: str) -> dict:
    """A session policy that takes one permission away and leaves the rest to the role."""
    filled = replace(statement.filled(session.account(), session.region()), actions=(action,))
    resources = [name for one in (filled, *as_judged([filled])) for name in one.resources]
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "*", "Resource": "*"},
            {"Effect": "Deny", "Action": action, "Resource": resources},
        ],
    }


def test_every_reason_for_not_showing_a_permission_is_still_one():
    sids = {statement.sid for statement in statements("pipeline", load_settings(env="aws"))}
    actions = {action for one in statements("pipeline", load_settings(env="aws")) for action in one.actions}
    assert set(NOT_SHOWN) <= sids | actions
