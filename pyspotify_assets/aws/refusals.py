"""What AWS says when something goes wrong, as errors that name the thing, the action and the remedy.

For S3, where the address says it all, see `stores/s3_errors.py`, which shares the remedies.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pyspotify_assets.errors import PySpotifyError

LOG_IN = "Log in again (aws sso login) or renew AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN."
CREDENTIALS = "Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run where a role provides them."
REGION = "Set AWS_DEFAULT_REGION to the region of the stack (us-east-1 unless another was chosen)."
ENDPOINT = "Check the network, AWS_DEFAULT_REGION and, if it is set, AWS_ENDPOINT_URL."
AGAIN = "Run it again later: a run that is repeated replaces its own partition and nothing else."

DENIED = ("AccessDenied", "AccessDeniedException", "AllAccessDisabled", "Forbidden", "403", "UnauthorizedOperation")
MISSING = ("EntityNotFoundException", "ResourceNotFoundException", "NoSuchEntity", "NotFound", "404")
REMEDIES = {
    "ExpiredToken": LOG_IN,
    "ExpiredTokenException": LOG_IN,
    "TokenRefreshRequired": LOG_IN,
    "InvalidToken": LOG_IN,
    "InvalidAccessKeyId": CREDENTIALS,
    "InvalidClientTokenId": CREDENTIALS,
    "UnrecognizedClientException": CREDENTIALS,
    "SignatureDoesNotMatch": CREDENTIALS,
    "InvalidSignatureException": CREDENTIALS,
    "MissingAuthenticationToken": CREDENTIALS,
    "RequestTimeTooSkewed": "Set this machine's clock.",
    "PermanentRedirect": REGION,
    "AuthorizationHeaderMalformed": REGION,
    "IllegalLocationConstraintException": REGION,
    "301": REGION,
}
"""Code of an answer → what to do; for any other code: again later."""
REMEDIES_BY_EXCEPTION = {
    "NoCredentialsError": CREDENTIALS,
    "PartialCredentialsError": CREDENTIALS,
    "CredentialRetrievalError": CREDENTIALS,
    "ProfileNotFound": "Set AWS_PROFILE to a profile of ~/.aws/config.",
    "TokenRetrievalError": LOG_IN,
    "SSOTokenLoadError": LOG_IN,
    "UnauthorizedSSOTokenError": LOG_IN,
    "NoRegionError": REGION,
}
"""Name of a botocore exception that no answer led to → what to do; for any other: check the network."""


@contextmanager
def explained(
    error: type[PySpotifyError], what: str, missing: str = "It is made by `make deploy`; `pyspotify doctor` looks."
) -> Iterator[None]:
    """Turn what boto3 raises in the block into `error`, saying `what` it was about, such as "Crawler spotify-raw".

    `missing` is the remedy where AWS says that there is no such thing.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as refusal:
        raise error(*_words(what, refusal, missing)) from refusal
    except (BotoCoreError, ValueError) as failure:  # ValueError: AWS_ENDPOINT_URL is no address.
        remedy = REMEDIES_BY_EXCEPTION.get(type(failure).__name__, ENDPOINT)
        raise error(f"{what} cannot be reached: {failure}", remedy) from failure


def is_missing(error: PySpotifyError) -> bool:
    """Whether `explained` raised it because AWS says that there is no such thing."""
    from botocore.exceptions import ClientError

    return isinstance(error.__cause__, ClientError) and code_of(error.__cause__) in MISSING


def code_of(refusal: Any) -> str:
    """The code of a ClientError, such as EntityNotFoundException."""
    return str(refusal.response.get("Error", {}).get("Code", ""))


def action_of(refusal: Any, service: str = "") -> str:
    """The IAM action that a ClientError was about, such as glue:StartCrawler; AWS itself says it where it can."""
    words = str(refusal.response.get("Error", {}).get("Message", ""))
    _, found, rest = words.partition("not authorized to perform: ")
    return rest.split()[0].strip(".,") if found and rest else f"{service}{refusal.operation_name}"


def _words(what: str, refusal: Any, missing: str) -> tuple[str, str]:
    code, operation = code_of(refusal), refusal.operation_name
    words = str(refusal.response.get("Error", {}).get("Message", ""))
    if code in DENIED:
        return (
            f"{what}: access denied in {operation}{f' ({words})' if words else ''}",
            f"Allow {action_of(refusal)} on it to these credentials; the stack's pipeline role has it.",
        )
    if code in MISSING:
        return f"{what} is not there{f': {words}' if words else ''}", missing
    return f"{what}: AWS refused {operation}: {code} {words}".rstrip(), REMEDIES.get(code, AGAIN)
