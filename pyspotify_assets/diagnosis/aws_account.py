"""Whose credentials these are, in which account and region, and at which endpoint: what all other looks build on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from pyspotify_assets.aws.refusals import CREDENTIALS, explained
from pyspotify_assets.diagnosis.finding import Finding
from pyspotify_assets.errors import AwsError


@dataclass(frozen=True)
class Identity:
    """Whom AWS takes us for: the caller's ARN, its account, and the region that calls go to."""

    arn: str
    account: str
    region: str

    @property
    def is_root(self) -> bool:
        return self.arn.endswith(":root")


def identity() -> Identity:
    """Who we are, from AWS itself. AwsError without usable credentials, or where AWS cannot be reached."""
    from pyspotify_assets.aws.session import client, region

    with explained(AwsError, "The identity of these credentials"):
        answer = client("sts").get_caller_identity()
    return Identity(str(answer["Arn"]), str(answer["Account"]), region())


def told(who: Identity) -> Iterator[Finding]:
    """What is to be said of the identity, region and endpoint."""
    from pyspotify_assets.aws.session import DEFAULT_REGION, session

    if who.is_root:
        yield Finding(
            "warning",
            "credentials",
            f"{who.arn}: the account's root, which may do everything",
            f"Use a user or role instead. {CREDENTIALS}",
        )
    else:
        yield Finding("ok", "credentials", who.arn)
    yield Finding("ok", "account", who.account)
    chosen = session().region_name
    yield Finding("ok", "region", who.region if chosen else f"{DEFAULT_REGION}, since none is set")
    for name in sorted(os.environ):
        if name.startswith("AWS_ENDPOINT_URL") and os.environ[name]:
            yield Finding("ok", name, f"{without_user(os.environ[name])}: not the usual address of AWS")


def without_user(address: str) -> str:
    """An address without the name and password that some carry before an @."""
    scheme, separator, rest = address.partition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}"
