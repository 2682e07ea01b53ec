"""What S3 and boto3 say when something goes wrong, as errors that name the bucket, the key and the remedy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pyspotify_assets.errors import LakeError, MissingPartitionError

_ACTIONS = {
    "PutObject": "s3:PutObject",
    "CreateMultipartUpload": "s3:PutObject",
    "UploadPart": "s3:PutObject",
    "CompleteMultipartUpload": "s3:PutObject",
    "AbortMultipartUpload": "s3:AbortMultipartUpload",
    "GetObject": "s3:GetObject",
    "HeadObject": "s3:GetObject",
    "DeleteObject": "s3:DeleteObject",
    "ListObjectsV2": "s3:ListBucket",
    "HeadBucket": "s3:ListBucket",
}
_LOG_IN = "Log in again (aws sso login) or renew AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN."
_CREDENTIALS = "Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run where a role provides them."
_REGION = "Set AWS_DEFAULT_REGION to the bucket's region."
_ENDPOINT = "Check the network, AWS_DEFAULT_REGION and, if it is set, AWS_ENDPOINT_URL."
_AGAIN = "Run it again later: a run that is repeated replaces its own partition and nothing else."

_BY_CODE = {
    "ExpiredToken": _LOG_IN,
    "ExpiredTokenException": _LOG_IN,
    "TokenRefreshRequired": _LOG_IN,
    "InvalidToken": _LOG_IN,
    "InvalidAccessKeyId": _CREDENTIALS,
    "SignatureDoesNotMatch": _CREDENTIALS,
    "RequestTimeTooSkewed": "Set this machine's clock.",
    "PermanentRedirect": _REGION,
    "AuthorizationHeaderMalformed": _REGION,
    "IllegalLocationConstraintException": _REGION,
    "301": _REGION,
    "400": "Check the credentials and AWS_DEFAULT_REGION: S3 gives no reason here.",
    "SlowDown": _AGAIN,
    "ServiceUnavailable": _AGAIN,
    "InternalError": _AGAIN,
    "RequestTimeout": _AGAIN,
    "500": _AGAIN,
    "503": _AGAIN,
}
_BY_EXCEPTION = {
    "NoCredentialsError": _CREDENTIALS,
    "PartialCredentialsError": _CREDENTIALS,
    "CredentialRetrievalError": _CREDENTIALS,
    "ProfileNotFound": "Set AWS_PROFILE to a profile of ~/.aws/config.",
    "TokenRetrievalError": _LOG_IN,
    "SSOTokenLoadError": _LOG_IN,
    "UnauthorizedSSOTokenError": _LOG_IN,
    "NoRegionError": _REGION,
}


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
        raise LakeError(f"{uri}: {error}", _AGAIN) from error
    except (BotoCoreError, ValueError) as error:  # ValueError: AWS_ENDPOINT_URL is no address.
        remedy = _BY_EXCEPTION.get(type(error).__name__, _ENDPOINT)
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
    if code in ("AccessDenied", "AllAccessDisabled", "Forbidden", "403"):
        action = _ACTIONS.get(operation, f"s3:{operation}")
        return LakeError(
            f"{uri}: access denied in {operation}{f' ({words})' if words else ''}",
            f"Allow {action} on the bucket {bucket} to these credentials (and, where the bucket has a key of its own, "
            "the use of that key).",
        )
    return LakeError(f"{uri}: S3 refused {operation}: {code} {words}".rstrip(), _BY_CODE.get(code, _AGAIN))
