"""For whom the dashboard is: the user or group of QuickSight that PYSPOTIFY_QUICKSIGHT_PRINCIPAL names."""

from __future__ import annotations

from dataclasses import dataclass

from pyspotify_assets.errors import QuickSightError
from pyspotify_assets.quicksight.refusals import SETTING, asked

FIND = "aws quicksight list-users (or list-groups) --namespace default --aws-account-id … has the ARNs"


@dataclass(frozen=True)
class Principal:
    """A user or group. `region` is where QuickSight keeps the account's users, whatever region the dashboard is in."""

    arn: str
    region: str
    account: str
    kind: str
    namespace: str
    name: str


def principal_of(arn: str) -> Principal:
    """The parts of an ARN that the setting has taken: arn:aws:quicksight:us-east-1:123456789012:user/default/anna."""
    *_, region, account, resource = arn.split(":", 5)
    kind, namespace, name = resource.split("/", 2)
    return Principal(arn, region, account, kind, namespace, name)


def look_up(principal: Principal, account: str) -> str:
    """What QuickSight says of the principal, in words. QuickSightError where it cannot be given a dashboard.

    It has to be of this account, be there, and be allowed to own: a reader may only be shown what others own.
    """
    from pyspotify_assets.aws.session import client

    if principal.account != account:
        raise QuickSightError(
            f"{principal.arn} is of the account {principal.account}, these credentials are of {account}",
            f"Set {SETTING} to a user or group of this account. {FIND}.",
        )
    who = f"QuickSight's {principal.kind} {principal.name} (namespace {principal.namespace}, {principal.region})"
    place = {"AwsAccountId": account, "Namespace": principal.namespace}
    with asked(who, f"Correct {SETTING}: {FIND}."):
        if principal.kind == "group":
            client("quicksight", principal.region).describe_group(GroupName=principal.name, **place)
            return f"{who} is there; its members need not all be authors"
        user = client("quicksight", principal.region).describe_user(UserName=principal.name, **place)["User"]
    role = user.get("Role", "")
    if "READER" in role:
        raise QuickSightError(
            f"{who} is a {role}, who may only look at what others own",
            f"Set {SETTING} to an author or an administrator, who can share the dashboard with readers.",
        )
    return f"{who} is {role or 'there'}{'' if user.get('Active', True) else ', and has not signed in yet'}"
