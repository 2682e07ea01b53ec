"""The buckets: private, encrypted, TLS only, and each with rules for what it does not keep.

A bucket whose name is set (PYSPOTIFY_BUCKET_RAW and its kin) is yours: it exists already, is used, and is neither made,
nor set up, nor emptied, nor removed from here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from infra.places import below_prefix, substituted
from pyspotify_assets.feeds import Feed
from pyspotify_assets.names import BUCKETS
from pyspotify_assets.settings import Settings
from pyspotify_assets.tables import PARTITION_COLUMN

RESULTS_DAYS = 7
"""Days that results of queries are kept: a run reads its own at once, and the console shows those of the week."""
LEFT_BEHIND_DAYS = 2
"""Days that what the Glue job makes for the pipeline is kept, should a killed run have left it."""
OLD_VERSIONS_DAYS = 30
"""Days in which a raw file that was replaced or removed can be brought back: Spotify knows no past."""
UPLOADS_DAYS = 7
"""Days after which the parts of an upload that was never finished are removed: they cost and cannot be seen."""

_ABORT = {
    "Id": "unfinished-uploads",
    "Status": "Enabled",
    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": UPLOADS_DAYS},
}
_ENCRYPTION = {
    "ServerSideEncryptionConfiguration": [
        {
            "BucketKeyEnabled": {"Fn::If": ["HasKmsKey", True, False]},
            "ServerSideEncryptionByDefault": {
                "Fn::If": [
                    "HasKmsKey",
                    {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": {"Ref": "KmsKeyArn"}},
                    {"SSEAlgorithm": "AES256"},
                ]
            },
        }
    ]
}


def of_the_stack(settings: Settings) -> list[str]:
    """The kinds of buckets that the stack makes: those whose names are not set."""
    return [kind for kind in BUCKETS if settings.bucket(kind) == settings.names.bucket(kind)]


def bucket_resources(settings: Settings, feeds: Sequence[Feed]) -> dict[str, Any]:
    """The buckets of the data stack and their policies."""
    resources: dict[str, Any] = {}
    for kind in of_the_stack(settings):
        bucket = f"{kind.title()}Bucket"
        resources[bucket] = {
            "Type": "AWS::S3::Bucket",
            "Properties": {
                "BucketName": substituted(settings.bucket(kind)),
                "BucketEncryption": _ENCRYPTION,
                "PublicAccessBlockConfiguration": dict.fromkeys(
                    ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True
                ),
                "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
                "LifecycleConfiguration": {"Rules": [_ABORT, *_rules(kind, settings, feeds)]},
                **({"VersioningConfiguration": {"Status": "Enabled"}} if kind == "raw" else {}),
            },
        }
        resources[f"{bucket}Policy"] = {
            "Type": "AWS::S3::BucketPolicy",
            "Condition": "RequiresTls",
            "Properties": {
                "Bucket": {"Ref": bucket},
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Sid": "TlsOnly",
                            "Effect": "Deny",
                            "Principal": "*",
                            "Action": "s3:*",
                            "Resource": [
                                {"Fn::GetAtt": [bucket, "Arn"]},
                                {"Fn::Sub": f"${{{bucket}.Arn}}/*"},
                            ],
                            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                        }
                    ],
                },
            },
        }
    return resources


def _rules(kind: str, settings: Settings, feeds: Sequence[Feed]) -> list[dict[str, Any]]:
    """Retention is of what came from Spotify, whose terms are why there is one: of all that is in the bucket of raw,
    landing and quarantine, and of the refined days of each feed. Marts and reports stay, and so do plays."""
    if kind == "raw":
        old_versions = {
            "Id": "old-versions",
            "Status": "Enabled",
            "NoncurrentVersionExpiration": {"NoncurrentDays": OLD_VERSIONS_DAYS},
            "ExpiredObjectDeleteMarker": True,
        }
        return [old_versions, _retention("retention")]
    if kind == "refined":
        left_behind = {
            "Id": "left-behind",
            "Status": "Enabled",
            "Prefix": below_prefix(settings, "state/glue/"),
            "ExpirationInDays": LEFT_BEHIND_DAYS,
        }
        days = [
            _retention(f"retention-{feed.name}", below_prefix(settings, f"{feed.name}/{PARTITION_COLUMN}="))
            for feed in feeds
        ]
        return [left_behind, *days]
    return [{"Id": "results", "Status": "Enabled", "ExpirationInDays": RESULTS_DAYS}] if kind == "athena" else []


def _retention(name: str, prefix: str = "") -> dict[str, Any]:
    rule = {"Id": name, "Status": "Enabled", **({"Prefix": prefix} if prefix else {})}
    return {
        "Fn::If": [
            "KeepsForEver",
            {"Ref": "AWS::NoValue"},
            rule | {"ExpirationInDays": {"Ref": "RetentionDays"}},
        ]
    }
