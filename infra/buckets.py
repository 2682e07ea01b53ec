"""The buckets: private, encrypted, TLS only, and each with rules for what it does not keep.

A bucket whose name is set (PYSPOTIFY_BUCKET_RAW and its kin) is yours: it exists already, is used, and is neither made,
nor set up, nor emptied, nor removed from here.
"""

from __future__ import annotations

from typing import Any

from infra.places import below_prefix, substituted
from pyspotify_assets.names import BUCKETS
from pyspotify_assets.settings import Settings

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
_RETENTION = {
    "Fn::If": [
        "KeepsForEver",
        {"Ref": "AWS::NoValue"},
        {"Id": "retention", "Status": "Enabled", "ExpirationInDays": {"Ref": "RetentionDays"}},
    ]
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


def bucket_resources(settings: Settings) -> dict[str, Any]:
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
                "LifecycleConfiguration": {"Rules": [_ABORT, *_rules(kind, settings)]},
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


def _rules(kind: str, settings: Settings) -> list[dict[str, Any]]:
    """Retention is of all that came from Spotify, whose terms are why there is one: marts and reports too."""
    if kind == "raw":
        old_versions = {
            "Id": "old-versions",
            "Status": "Enabled",
            "NoncurrentVersionExpiration": {"NoncurrentDays": OLD_VERSIONS_DAYS},
            "ExpiredObjectDeleteMarker": True,
        }
        return [old_versions, _RETENTION]
    if kind == "refined":
        left_behind = {
            "Id": "left-behind",
            "Status": "Enabled",
            "Prefix": below_prefix(settings, "state/glue/"),
            "ExpirationInDays": LEFT_BEHIND_DAYS,
        }
        return [left_behind, _RETENTION]
    return [{"Id": "results", "Status": "Enabled", "ExpirationInDays": RESULTS_DAYS}] if kind == "athena" else []
