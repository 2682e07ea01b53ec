"""What QuickSight says when it refuses, as errors that name the reason: no subscription, another region, no such user.

Its words for the same thing differ from call to call. Without a subscription DescribeDashboard says
UnsupportedUserEditionException ("is not subscribed for QuickSight"), DescribeUser says ResourceNotFoundException ("is
not signed up with QuickSight"): https://github.com/hashicorp/terraform-provider-aws/pull/32323 met both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from pyspotify_assets.aws.refusals import code_of, explained
from pyspotify_assets.errors import QuickSightError

SETTING = "PYSPOTIFY_QUICKSIGHT_PRINCIPAL"
SUBSCRIBE = f"Subscribe to its Enterprise edition as docs/quicksight.md says, or unset {SETTING}."
_UNSUBSCRIBED = re.compile(r"not (?:subscribed|signed up)|UnsupportedUserEdition|no subscription", re.IGNORECASE)
_ELSEWHERE = re.compile(r"identity region is ([a-z]{2}(?:-[a-z]+)+-\d)")
_PRINCIPAL = re.compile(r"principal", re.IGNORECASE)


class NotSubscribedError(QuickSightError):
    """The account has no subscription to QuickSight, or one to an edition that knows no dashboards by API."""


@contextmanager
def asked(what: str, missing: str = "") -> Iterator[None]:
    """Turn what boto3 raises in the block into a QuickSightError about `what`; NotSubscribedError where that is why.

    `missing` is the remedy where there is no such thing.
    """
    from botocore.exceptions import ClientError

    with explained(QuickSightError, what, missing or "Materialize quicksight/dashboard: it makes what is missing."):
        try:
            yield
        except ClientError as refusal:
            code, words = code_of(refusal), str(refusal.response.get("Error", {}).get("Message", ""))
            if _UNSUBSCRIBED.search(f"{code} {words}"):
                raise NotSubscribedError(
                    f"This account has no subscription to QuickSight's Enterprise edition: {words or code}", SUBSCRIBE
                ) from refusal
            if elsewhere := _ELSEWHERE.search(words):
                raise QuickSightError(
                    f"{what}: QuickSight keeps this account's users in {elsewhere[1]}: {words}",
                    f"Put {elsewhere[1]} into the ARN of {SETTING}.",
                ) from refusal
            if code == "InvalidParameterValueException" and _PRINCIPAL.search(words):
                raise QuickSightError(
                    f"{what}: QuickSight does not take the user or group: {words}",
                    f"{SETTING} has to be an author, an administrator, or a group; `pyspotify doctor` looks.",
                ) from refusal
            raise
