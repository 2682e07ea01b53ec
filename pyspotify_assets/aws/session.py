"""Sessions and clients of AWS: made when first used, shared by whoever has the same environment variables.

Whatever boto3 understands is understood: AWS_PROFILE, AWS_ENDPOINT_URL, roles. The region is us-east-1 unless set.
"""

from __future__ import annotations

import os
import threading
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from pyspotify_assets.aws.refusals import explained
from pyspotify_assets.errors import AwsError

DEFAULT_REGION = "us-east-1"

ATTEMPTS = 4
"""How often botocore sends one request at most: again only for throttling, 5xx and cut connections."""

_MAKING = threading.RLock()
"""Clients may be shared by threads, making them from one session may not."""

_SECRET = ("secretsmanager",)
"""Services whose answers are secrets; all others sign their requests, and carry none."""

Environment = tuple[tuple[str, str], ...]


def client(service: str, elsewhere: str = "") -> Any:
    """The client of a service, for the environment of this moment; in another region if one is named."""
    with _MAKING:
        return _client(service, _environment(), elsewhere)


def impatient_client(service: str, region_name: str, seconds: float, attempts: int) -> Any:
    """A client of another region for what must not wait: each attempt ends within twice the seconds."""
    from botocore.config import Config

    config = Config(
        retries={"mode": "standard", "total_max_attempts": attempts},
        connect_timeout=seconds,
        read_timeout=seconds,
        user_agent_extra="pyspotify_assets",
    )
    with _MAKING, explained(AwsError, f"The client of {service}"):
        return _session(_environment()).client(service, region_name=region_name, config=config)


def session() -> Any:
    """The session for the environment of this moment: it holds descriptions of services, slow to read."""
    with _MAKING:
        return _session(_environment())


def region() -> str:
    """The region that the environment says."""
    return session().region_name or DEFAULT_REGION


def account() -> str:
    """The number of the account that the credentials belong to. AwsError without usable credentials."""
    with _MAKING:
        return _account(_environment())


def filled(text: str) -> str:
    """`text` with `{account}` and `{region}` replaced by those of the credentials; asked only if they are in it."""
    if "{account}" in text:
        text = text.replace("{account}", account())
    return text.replace("{region}", region()) if "{region}" in text else text


def _environment() -> Environment:
    return tuple(sorted((name, text) for name, text in os.environ.items() if name.startswith("AWS_")))


@lru_cache(4)
def _session(environment: Environment) -> Any:
    import boto3

    with explained(AwsError, "The credentials of AWS"):
        return boto3.session.Session()


@lru_cache(32)
def _client(service: str, environment: Environment, elsewhere: str = "") -> Any:
    from botocore.config import Config

    with explained(AwsError, f"The client of {service}"):
        config = Config(
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
            connect_timeout=5,
            read_timeout=60,
            user_agent_extra="pyspotify_assets",
        )
        made = _session(environment)
        client = made.client(service, region_name=elsewhere or made.region_name or DEFAULT_REGION, config=config)
    if service in _SECRET and not _is_private(client.meta.endpoint_url):
        raise AwsError(
            f"The endpoint {client.meta.endpoint_url} of {service} is not encrypted: secrets are not asked for there",
            "Use an https address in AWS_ENDPOINT_URL, or one on loopback.",
        )
    return client


def _is_private(address: str) -> bool:
    """Whether nobody on the way can read along: TLS, or no way at all."""
    parts = urlsplit(address)
    return parts.scheme == "https" or parts.hostname in ("127.0.0.1", "localhost", "::1")


@lru_cache(4)
def _account(environment: Environment) -> str:
    with explained(AwsError, "The account of these credentials"):
        return str(_client("sts", environment).get_caller_identity()["Account"])
