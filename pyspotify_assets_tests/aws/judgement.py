"""How a stand-in judges calls that AWS judges otherwise, so that roles can be tried where permissions are enforced.

AWS judges StartCrawler on the crawler, GetDatabase on the database, GetQueryExecution on the workgroup of the query.
The stand-in that these tests know goes by parameters: whatever has a `Name` is a table of that name to it, and a call
that names no workgroup is one on `*`. The policies of the project are AWS's; only here are they translated.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import boto3

from pyspotify_assets.aws import session
from pyspotify_assets.aws.permissions import Statement, statements
from pyspotify_assets.settings import Settings

POLICY = "as-the-stand-in-judges"
_BY_NAME = {
    "glue:GetDatabase": ":database/",
    "glue:GetCrawler": ":crawler/",
    "glue:StartCrawler": ":crawler/",
    "glue:StopCrawler": ":crawler/",
}
_ON_ANYTHING = ("athena:GetQueryExecution", "athena:GetQueryResults", "athena:StopQueryExecution")


def as_judged(allowed: Sequence[Statement]) -> list[Statement]:
    """What must be allowed besides, for the stand-in to allow what the statements do on AWS."""
    translated = []
    for one in allowed:
        for action in one.actions:
            if kind := _BY_NAME.get(action):
                names = tuple(name.replace(kind, ":table/") for name in one.resources if kind in name)
                translated.append(replace(one, sid=f"{one.sid}{action[5:]}", actions=(action,), resources=names))
        if on_anything := tuple(action for action in one.actions if action in _ON_ANYTHING):
            translated.append(replace(one, actions=on_anything, resources=("*",)))
    return translated


def grant_as_judged(settings: Settings, role: str = "pipeline") -> None:
    """Grant a deployed role the translation of its statements. On AWS itself nothing is to be done."""
    if "amazonaws.com" in session.client("iam").meta.endpoint_url:
        return
    allowed = as_judged(
        [one.filled(session.account(), session.region(), settings.kms_key) for one in statements(role, settings)]
    )
    document = {"Version": "2012-10-17", "Statement": [one.document() for one in allowed]}
    boto3.client("iam").put_role_policy(
        RoleName=settings.names.role(role), PolicyName=POLICY, PolicyDocument=json.dumps(document)
    )
