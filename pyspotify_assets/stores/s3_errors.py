"""What S3 and boto3 say when something goes wrong, as errors that name the bucket, the key and the remedy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pyspotify_assets.aws.refusals import AGAIN, DENIED, ENDPOINT, REMEDIES, REMEDIES_BY_EXCEPTION
from pyspotify_assets.errors import AwsError, LakeError, MissingPartitionError

_ACTIONS = {
    "PutObject": "s3:PutObject",
    "CreateMultipartUpload": "s3:PutObject",
    "UploadPart": "s3:PutObject",
    "CompleteMultipartUpload": "s3:PutObject",
    "CopyObject": "s3:PutObject (and s3:GetObject on what is copied)",
    "UploadPartCopy": "s3:PutObject (and s3:GetObject on what is copied)",
    "AbortMultipartUpload": "s3:AbortMultipartUpload",
    "GetObject": "s3:GetObject",
    "HeadObject": "s3:GetObject",
    "DeleteObject": "s3:DeleteObject",
    "ListObjectsV2": "s3:ListBucket",
    "HeadBucket": "s3:ListBucket",
}
_REMEDIES = REMEDIES | {"400": "Check the credentials and AWS_DEFAULT_REGION: S3 gives no reason here."}


@contextmanager
def named(uri: str) -> Iterator[None]:
    """Turn what boto3 raises in the block, about the object or bucket at `uri`, into a LakeError.

    MissingPartitionError where S3 says that there is no such object; bucket and key are in `uri`.
    """
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        raise _refused(uri, error) from error
    except Boto3Error as error:  # S3UploadFailedError keeps what it was caused by only as its context.
        if isinstance(error.__context__, ClientError):
            raise _refused(uri, error.__context__) from error
        raise LakeError(f"{uri}: {error}", AGAIN) from error
    except AwsError as error:  # There is no session or client to ask with.
        raise LakeError(f"{uri} cannot be reached: {error.args[0]}", error.remedy) from error
    except (BotoCoreError, ValueError) as error:  # ValueError: AWS_ENDPOINT_URL is no address.
        remedy = REMEDIES_BY_EXCEPTION.get(type(error).__name__, ENDPOINT)
        raise LakeError(f"{uri} cannot be reached: {error}", remedy) from error


def _refused(uri: str, error) -> LakeError:
    operation = error.operation_name
    details = error.response.get("Error", {})
    code, words = str(details.get("Code", "")), str(details.get("Message", ""))
    bucket = uri.removeprefix("s3://").partition("/")[0]
    if code == "NoSuchBucket" or (code == "404" and operation == "HeadBucket"):
        return LakeError(f"{uri}: there is no bucket {bucket}", "Create it, or set PYSPOTIFY_LAKE to another.")
    if code in ("NoSuchKey", "404"):
        return MissingPartitionError(f"{uri} is not there")
    if code in DENIED:
        action = _ACTIONS.get(operation, f"s3:{operation}")
        return LakeError(
            f"{uri}: access denied in {operation}{f' ({words})' if words else ''}",
            f"Allow {action} on the bucket {bucket} to these credentials (and, where the bucket has a key of its own, "
            "the use of that key).",
        )
    return LakeError(f"{uri}: S3 refused {operation}: {code} {words}".rstrip(), _REMEDIES.get(code, AGAIN))
