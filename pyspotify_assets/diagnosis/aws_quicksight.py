"""The dashboard in QuickSight, where somebody has asked for one: subscription, for whom it is, and how it stands.

Whether QuickSight may take the role that it asks Athena as, only QuickSight knows: it tries when the data source is
made, and says so there.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from pyspotify_assets.diagnosis.aws_account import Identity
from pyspotify_assets.diagnosis.finding import DEPLOY, Finding, Look, is_denied
from pyspotify_assets.errors import QuickSightError
from pyspotify_assets.quicksight.kinds import DASHBOARD, DATA_SOURCE, Kind, described, faults_of, status_of
from pyspotify_assets.quicksight.principal import look_up, principal_of
from pyspotify_assets.quicksight.refusals import SUBSCRIBE, asked
from pyspotify_assets.settings import Settings

GROUP = "QuickSight"
_MATERIALIZE = "Materialize quicksight/dashboard (the job quicksight_dashboard) once there are marts."


def quicksight_looks(settings: Settings, who: Identity) -> Iterator[Look]:
    """Nothing unless PYSPOTIFY_QUICKSIGHT_PRINCIPAL is set."""
    if not settings.has_dashboard:
        return
    names = settings.names
    for thing, look, beyond in (
        ("subscription", _subscription(who), "quicksight:DescribeAccountSubscription"),
        ("principal", _principal(settings, who), ""),
    ):
        yield Look(GROUP, thing, partial(_told, thing, look), beyond)
    role = names.role("quicksight")
    yield Look(GROUP, f"role {role}", partial(_role, role), "iam:GetRole")
    for kind, id in ((DATA_SOURCE, names.quicksight_source), (DASHBOARD, names.quicksight_dashboard)):
        thing = f"{kind.noun} {id}"
        yield Look(GROUP, thing, partial(_told, thing, _thing(kind, id, who)))


def _told(thing: str, look: Iterator[Finding]) -> Iterator[Finding]:
    """The findings of a look, and what stood in its way as it is: `make deploy` makes nothing of it."""
    try:
        yield from look
    except QuickSightError as error:
        if is_denied(error):
            raise
        yield Finding("problem", thing, str(error.args[0]), error.remedy)


def _subscription(who: Identity) -> Iterator[Finding]:
    from pyspotify_assets.aws.session import client

    with asked("The subscription to QuickSight", SUBSCRIBE):
        found = client("quicksight").describe_account_subscription(AwsAccountId=who.account)["AccountInfo"]
    edition, status = str(found.get("Edition", "")), str(found.get("AccountSubscriptionStatus", ""))
    seen = f"{edition or 'no edition'}, {status or 'no status'}"
    # The API knows dashboards of the Enterprise edition only; ENTERPRISE_AND_Q is one.
    is_well = edition.startswith("ENTERPRISE") and status not in ("UNSUBSCRIBED", "UNSUBSCRIBE_IN_PROGRESS")
    yield Finding("ok", "subscription", seen) if is_well else Finding("problem", "subscription", seen, SUBSCRIBE)


def _principal(settings: Settings, who: Identity) -> Iterator[Finding]:
    yield Finding("ok", "principal", look_up(principal_of(settings.quicksight_principal), who.account))


def _role(name: str) -> Iterator[Finding]:
    from pyspotify_assets.aws.session import client

    remedy = f"{DEPLOY} It makes the role where PYSPOTIFY_QUICKSIGHT_PRINCIPAL is set."
    with asked(f"Role {name}", remedy):
        client("iam").get_role(RoleName=name)
    yield Finding("ok", f"role {name}", "is there; QuickSight asks Athena as this role")


def _thing(kind: Kind, id: str, who: Identity) -> Iterator[Finding]:
    thing, found = f"{kind.noun} {id}", described(kind, id, who.account)
    if found is None:
        yield Finding("warning", thing, "is not there yet", _MATERIALIZE)
        return
    status = status_of(kind, found)
    if status.endswith("_FAILED"):
        yield Finding(
            "problem", thing, f"{status}: {faults_of(kind, found)}", f"See docs/quicksight.md. {_MATERIALIZE}"
        )
    else:
        yield Finding("ok", thing, status)
