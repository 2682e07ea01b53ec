"""The roles: who may take each, and what it may do (`policies.py`)."""

from __future__ import annotations

from typing import Any

from infra.places import substituted
from pyspotify_assets.aws.dashboard_permissions import dashboard_statements
from pyspotify_assets.aws.permissions import alert_statements, key_statements, statements
from pyspotify_assets.aws.statement import Statement
from pyspotify_assets.names import ROLES
from pyspotify_assets.settings import Settings

_DESCRIPTIONS = {
    "pipeline": "What Dagster runs as",
    "crawler": "The Glue crawlers",
    "glue-job": "The Glue job that refines",
    "lambda": "The Lambda that takes a snapshot",
    "scheduler": "The schedule that starts the Lambda",
    "quicksight": "What QuickSight asks Athena as, for the dashboard over the marts",
}
_SERVICES = {
    "crawler": "glue",
    "glue-job": "glue",
    "lambda": "lambda",
    "scheduler": "scheduler",
    "pipeline": "ecs-tasks",
    "quicksight": "quicksight",
}
_WITHOUT_CONDITION = ("lambda", "quicksight")
"""QuickSight takes roles of its own account only: https://docs.aws.amazon.com/quicksight/latest/user/datasource-run-as-role.html.
Lambda's guide names no such condition for the role that a function runs as, and neither does QuickSight's."""
_OF_OUR_ACCOUNT = {"StringEquals": {"aws:SourceAccount": "{account}"}}
"""A service acts for us only, whoever else asks it to ("confused deputy" in the guides of Glue, ECS and Scheduler)."""


def trust(role: str) -> list[dict[str, Any]]:
    """Who may take a role: its service, and the pipeline's also whoever the account lets (sts:AssumeRole)."""
    service: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"Service": f"{_SERVICES[role]}.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    if role not in _WITHOUT_CONDITION:
        service["Condition"] = _OF_OUR_ACCOUNT
    account = {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:{partition}:iam::{account}:root"},
        "Action": "sts:AssumeRole",
    }
    return [account, service] if role == "pipeline" else [service]


def role_resources(settings: Settings) -> dict[str, Any]:
    """The roles of the pipeline stack, by logical id (`logical_id`)."""
    plain = settings.model_copy(update={"kms_key": "", "quicksight_principal": "", "alert_topic": ""})
    return {
        logical_id(role): {
            "Type": "AWS::IAM::Role",
            **({"Condition": "HasDashboard"} if role == "quicksight" else {}),
            "Properties": {
                "RoleName": settings.names.role(role),
                "Description": f"{_DESCRIPTIONS[role]}; pyspotify_assets, stage {settings.stage}",
                "AssumeRolePolicyDocument": _document(trust(role)),
                "Policies": [
                    _policy("permissions", statements(role, plain)),
                    *_conditional("HasKmsKey", "key", key_statements(role)),
                    *_conditional("HasDashboard", "dashboard", dashboard_statements(role, plain)),
                    *_conditional("HasAlertTopic", "alerts", alert_statements(role, "${AlertTopicArn}")),
                ],
            },
        }
        for role in ROLES
    }


def logical_id(role: str) -> str:
    return f"{role.title().replace('-', '')}Role"


def _conditional(condition: str, name: str, allowed: list[Statement]) -> list[dict[str, Any]]:
    return [{"Fn::If": [condition, _policy(name, allowed), {"Ref": "AWS::NoValue"}]}] if allowed else []


def _policy(name: str, allowed: list[Statement]) -> dict[str, Any]:
    return {"PolicyName": name, "PolicyDocument": _document([statement.document() for statement in allowed])}


def _document(entries: list[dict[str, Any]]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": substituted(entries)}
