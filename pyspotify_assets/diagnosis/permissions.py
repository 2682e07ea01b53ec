"""Each permission that the pipeline needs, judged by IAM itself for the credentials in use.

IAM's simulator judges the policies of a user or role without calling anything:
https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
It knows neither bucket policies nor key policies nor Lake Formation: those the looks themselves meet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from pyspotify_assets.aws.permissions import Statement, statements
from pyspotify_assets.aws.refusals import explained
from pyspotify_assets.diagnosis.aws_account import Identity
from pyspotify_assets.diagnosis.finding import LOOK_AS_ANOTHER, Finding, Look, is_absent, is_denied
from pyspotify_assets.errors import AwsError
from pyspotify_assets.settings import Settings

GROUP = "Permissions"
_SEVERAL = 3
"""Resources that one finding names at most."""


def permission_look(settings: Settings, who: Identity) -> Look:
    """All statements of the pipeline's role, for the identity that is in use."""
    return Look(GROUP, "permissions", partial(_judged, settings, who))


def policy_source(arn: str) -> str:
    """The user or role whose policies a caller's ARN stands for; empty where there is none: root, a federated user.

    An assumed role's ARN lacks the role's path, which only IAM knows: `_with_path`.
    """
    parts = arn.split(":", 5)
    kind, _, rest = parts[5].partition("/")
    if parts[2] == "iam" and kind == "user":
        return arn
    if parts[2] == "sts" and kind == "assumed-role":
        return f"{parts[0]}:{parts[1]}:iam::{parts[4]}:role/{rest.partition('/')[0]}"
    return ""


def _judged(settings: Settings, who: Identity) -> Iterator[Finding]:
    source = policy_source(who.arn)
    if not source:
        seen = "the account's root may do everything" if who.is_root else f"cannot be judged for {who.arn}"
        yield Finding("ok" if who.is_root else "unseen", "permissions", seen)
        return
    key = _key_arn(settings, who)
    for statement in statements("pipeline", settings):
        filled = statement.filled(who.account, who.region, key, settings.quicksight_principal)
        if not all(resource.startswith("arn:") for resource in filled.resources):
            remedy = "Set PYSPOTIFY_KMS_KEY to the key's ARN: an alias cannot be judged."
            yield Finding("unseen", statement.sid, f"{', '.join(filled.actions)}: not judged", remedy)
            continue
        try:
            denied = _denied(source, filled.actions, filled.resources)
        except AwsError as error:
            if not (is_denied(error) or is_absent(error)):
                raise
            action = "iam:SimulatePrincipalPolicy"
            seen = f"cannot be judged for {source} without {action}; what the other looks were allowed stands there"
            yield Finding("unseen", "permissions", seen, LOOK_AS_ANOTHER)
            return
        yield _finding(filled, denied, settings)


def _finding(statement: Statement, denied: Mapping[str, Sequence[str]], settings: Settings) -> Finding:
    if not denied:
        return Finding("ok", statement.sid, f"allowed: {', '.join(statement.actions)}")
    resources = sorted({resource for found in denied.values() for resource in found})
    named = ", ".join(resources[:_SEVERAL]) + (f" and {len(resources) - _SEVERAL} more" if resources[_SEVERAL:] else "")
    return Finding(
        "problem",
        statement.sid,
        f"denied: {', '.join(denied)} on {named}. Needed since: {statement.reason}",
        f"Allow {', '.join(denied)} to these credentials, or use those of the role {settings.names.role('pipeline')}.",
    )


def _denied(source: str, actions: Sequence[str], resources: Sequence[str]) -> dict[str, list[str]]:
    """The actions that are not allowed, each with the resources that it is not allowed on."""
    from pyspotify_assets.aws.session import client

    denied: dict[str, list[str]] = {}
    with explained(AwsError, f"IAM's simulation for {source}"):
        pages = (
            client("iam")
            .get_paginator("simulate_principal_policy")
            .paginate(PolicySourceArn=_with_path(source), ActionNames=list(actions), ResourceArns=list(resources))
        )
        for page in pages:
            for result in page["EvaluationResults"]:
                action = result["EvalActionName"]
                single = [(found["EvalResourceName"], found["EvalResourceDecision"]) for found in _specific(result)]
                for resource, decision in single or [(", ".join(resources), result["EvalDecision"])]:
                    if decision != "allowed":
                        denied.setdefault(action, []).append(resource)
    return denied


def _specific(result: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The decisions for each resource: the one above them is not about any resource that was asked for."""
    return result.get("ResourceSpecificResults") or ()


def _with_path(source: str) -> str:
    """A role's ARN with its path, which those of AWS's single sign-on have; as it is where IAM may not be asked."""
    if ":role/" not in source:
        return source
    from pyspotify_assets.aws.session import client

    try:
        with explained(AwsError, f"Role {source}"):
            return str(client("iam").get_role(RoleName=source.rpartition("/")[2])["Role"]["Arn"])
    except AwsError:
        return source


def _key_arn(settings: Settings, who: Identity) -> str:
    key = settings.kms_key
    if not key or key.startswith(("arn:", "alias/")):
        return key
    return f"{who.arn.split(':')[0]}:{who.arn.split(':')[1]}:kms:{who.region}:{who.account}:key/{key}"
