"""Emptying a bucket: S3 removes none that holds anything, and a versioned one holds what was removed too."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from infra.stacks import Echo
from pyspotify_assets.aws.refusals import code_of, explained
from pyspotify_assets.errors import AwsError

BATCH = 1000
"""Objects that S3 deletes with one request, at most."""


def empty(bucket: str, echo: Echo) -> None:
    """Remove every version of every object, a batch after the other, saying how far it is.

    A bucket that is not there is empty. AwsError naming the first object that may not be removed.
    """
    from botocore.exceptions import ClientError

    from pyspotify_assets.aws.session import account, client

    s3, removed, owner = client("s3"), 0, account()
    with explained(AwsError, f"s3://{bucket}"):
        try:
            versions = _versions(s3, bucket, owner)
            while batch := list(islice(versions, BATCH)):
                answer = s3.delete_objects(
                    Bucket=bucket, Delete={"Objects": batch, "Quiet": True}, ExpectedBucketOwner=owner
                )
                for refused in answer.get("Errors", ()):
                    raise AwsError(
                        f"s3://{bucket}/{refused['Key']} cannot be removed: {refused.get('Message', refused['Code'])}",
                        "Allow s3:DeleteObject and s3:DeleteObjectVersion on it, then run the same command again.",
                    )
                removed += len(batch)
                echo(f"  s3://{bucket}: {removed:,} objects removed")
        except ClientError as refusal:
            if code_of(refusal) != "NoSuchBucket":
                raise


def _versions(s3: Any, bucket: str, owner: str) -> Iterator[dict[str, str]]:
    """Every version and delete marker of a bucket, as DeleteObjects names them."""
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, ExpectedBucketOwner=owner):
        for found in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
            yield {"Key": found["Key"], "VersionId": found["VersionId"]}
