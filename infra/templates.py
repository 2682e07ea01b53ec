"""The two templates, assembled: what holds data, and what works on it. `write_copies` keeps the committed copies.

Names of the stage are in them; account, region and what one deployment chooses are not: those are CloudFormation's
places and parameters. The copies are those of the stage prod and the default feeds, and are deployable as they are.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from infra.buckets import bucket_resources
from infra.catalog import catalog_resources
from infra.crawlers import crawler_resources
from infra.roles import role_resources
from infra.workers import worker_resources
from pyspotify_assets.feeds import DEFAULT_FEEDS, Feed
from pyspotify_assets.settings import Settings

COPIES = Path(__file__).with_name("templates")
SCAN_CUTOFF = 10 << 30
"""Bytes that one query may scan unless set otherwise: five cents. The marts of a day scan some megabytes."""
LOG_DAYS = 30
_CLOUDWATCH_DAYS = [
    1,
    3,
    5,
    7,
    14,
    30,
    60,
    90,
    120,
    150,
    180,
    365,
    400,
    545,
    731,
    1096,
    1827,
    2192,
    2557,
    2922,
    3288,
    3653,
]
"""https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html"""

_KMS_KEY = {
    "Type": "String",
    "Default": "",
    "Description": "ARN of your own KMS key for all objects and the secret; empty: keys that S3 manages",
}
_HAS_KMS_KEY = {"HasKmsKey": {"Fn::Not": [{"Fn::Equals": [{"Ref": "KmsKeyArn"}, ""]}]}}


def data_template(settings: Settings, feeds: Sequence[Feed]) -> dict[str, Any]:
    """The stack of what holds data: buckets, databases, tables, and the secret, which is empty."""
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"pyspotify_assets, stage {settings.stage}: buckets, catalog and secret",
        "Parameters": {
            "KmsKeyArn": _KMS_KEY,
            "RequireTls": _yes_or_no("true", "Refuse requests that are not encrypted; false only for a stand-in"),
            "RetentionDays": {
                "Type": "Number",
                "Default": 0,
                "MinValue": 0,
                "Description": "Days after which raw and refined snapshots are removed; 0 keeps them",
            },
        },
        "Conditions": {
            **_HAS_KMS_KEY,
            "RequiresTls": {"Fn::Equals": [{"Ref": "RequireTls"}, "true"]},
            "KeepsForEver": {"Fn::Equals": [{"Ref": "RetentionDays"}, "0"]},
        },
        "Resources": bucket_resources(settings, feeds) | _secret(settings) | catalog_resources(settings, feeds),
    }


def pipeline_template(settings: Settings, feeds: Sequence[Feed], without: Sequence[str] = ()) -> dict[str, Any]:
    """The stack of what works on the data; `without` leaves out resources that are to be made anew, by logical id."""
    resources = role_resources(settings) | crawler_resources(settings, feeds) | worker_resources(settings)
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"pyspotify_assets, stage {settings.stage}: roles, crawlers, job, function, schedule, workgroup",
        "Parameters": {
            "KmsKeyArn": _KMS_KEY,
            "AlertTopicArn": {
                "Type": "String",
                "Default": "",
                "Description": "ARN of the SNS topic that the pipeline tells of trouble; empty: none",
            },
            "LambdaKey": {"Type": "String", "Description": "Key of the function's zip in the code bucket"},
            "JobScriptKey": {"Type": "String", "Description": "Key of the job's script in the code bucket"},
            "JobPackagesKey": {"Type": "String", "Description": "Key of the zip that the script imports from"},
            "ExtractByLambda": _yes_or_no("false", "Let the schedule start the Lambda daily; never with Dagster's too"),
            "ScanCutoff": {
                "Type": "Number",
                "Default": SCAN_CUTOFF,
                "MinValue": 10_000_000,
                "Description": "Bytes that one query may scan",
            },
            "LogDays": {
                "Type": "Number",
                "Default": LOG_DAYS,
                "AllowedValues": _CLOUDWATCH_DAYS,
                "Description": "Days that the function's log is kept",
            },
            "QuickSightPrincipal": {
                "Type": "String",
                "Default": "",
                "Description": "ARN of the QuickSight user or group that a dashboard is made for; empty: none is made",
            },
        },
        "Conditions": {
            **_HAS_KMS_KEY,
            "ExtractsByLambda": {"Fn::Equals": [{"Ref": "ExtractByLambda"}, "true"]},
            "HasAlertTopic": {"Fn::Not": [{"Fn::Equals": [{"Ref": "AlertTopicArn"}, ""]}]},
            "HasDashboard": {"Fn::Not": [{"Fn::Equals": [{"Ref": "QuickSightPrincipal"}, ""]}]},
        },
        "Resources": {name: part for name, part in resources.items() if name not in without},
    }


def body(template: dict[str, Any]) -> str:
    """The template as it is sent: JSON, as short as it can be."""
    return json.dumps(template, separators=(",", ":"))


def copies() -> dict[Path, str]:
    """File → text of the committed copies, whatever the environment says."""
    import yaml  # type: ignore[import-untyped]

    settings = Settings.model_construct(env="aws")
    made = {"data.yaml": data_template, "pipeline.yaml": pipeline_template}
    head = "# Made by `make templates` from feeds and tables: change those, not this.\n"
    return {
        COPIES / name: head + yaml.dump(json.loads(body(make(settings, DEFAULT_FEEDS))), sort_keys=False, width=118)
        for name, make in made.items()
    }


def write_copies() -> list[Path]:
    """Write the committed copies; gives those that have changed."""
    changed = []
    for file, text in copies().items():
        if not file.is_file() or file.read_text(encoding="utf-8") != text:
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf-8")
            changed.append(file)
    return changed


def _secret(settings: Settings) -> dict[str, Any]:
    if settings.secret not in ("", settings.names.secret):
        return {}  # One of your own: it exists already.
    return {
        "Secret": {
            "Type": "AWS::SecretsManager::Secret",
            "Properties": {
                "Name": settings.names.secret,
                "Description": "Spotify's credentials, put in by hand: client_id and client_secret",
                "KmsKeyId": {"Fn::If": ["HasKmsKey", {"Ref": "KmsKeyArn"}, {"Ref": "AWS::NoValue"}]},
            },
        }
    }


def _yes_or_no(default: str, description: str) -> dict[str, Any]:
    return {"Type": "String", "Default": default, "AllowedValues": ["true", "false"], "Description": description}
