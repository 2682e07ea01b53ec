"""The three kinds of things that QuickSight keeps for us: how the calls about each are named, and what is granted.

The actions are those by which QuickSight's own console makes somebody a user of a data source or data set, and the
owner of a dashboard: https://docs.aws.amazon.com/quicksight/latest/developerguide/resource-permissions.html.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pyspotify_assets.aws.refusals import is_missing
from pyspotify_assets.errors import QuickSightError
from pyspotify_assets.quicksight.declared import Declared
from pyspotify_assets.quicksight.refusals import NotSubscribedError, asked


@dataclass(frozen=True)
class Kind:
    """One kind. `name` is in every operation (create_data_set), `id` names its id, `answer` what a describe gives."""

    noun: str
    name: str
    id: str
    answer: str
    granted: tuple[str, ...]
    only_created_with: tuple[str, ...] = ()
    """Arguments that an update does not take."""

    def grant(self, principal: str) -> list[dict[str, Any]]:
        """The permissions of the principal, as requests name them."""
        return [{"Principal": principal, "Actions": [f"quicksight:{action}" for action in self.granted]}]

    def update_arguments(self, one: Declared) -> dict[str, Any]:
        return {name: value for name, value in one.arguments.items() if name not in self.only_created_with}


DATA_SOURCE = Kind(
    "data source",
    "data_source",
    "DataSourceId",
    "DataSource",
    ("DescribeDataSource", "DescribeDataSourcePermissions", "PassDataSource"),
    ("Type",),
)
DATA_SET = Kind(
    "data set",
    "data_set",
    "DataSetId",
    "DataSet",
    ("DescribeDataSet", "DescribeDataSetPermissions", "PassDataSet", "DescribeIngestion", "ListIngestions"),
)
DASHBOARD = Kind(
    "dashboard",
    "dashboard",
    "DashboardId",
    "Dashboard",
    (
        "DescribeDashboard",
        "ListDashboardVersions",
        "UpdateDashboardPermissions",
        "QueryDashboard",
        "UpdateDashboard",
        "DeleteDashboard",
        "DescribeDashboardPermissions",
        "UpdateDashboardPublishedVersion",
    ),
)


def call(operation: str, kind: Kind, id: str, account: str, **arguments: Any) -> Mapping[str, Any]:
    """Call an operation on one thing, such as `update_{}_permissions`. QuickSightError where it is refused."""
    from pyspotify_assets.aws.session import client

    with asked(f"QuickSight's {kind.noun} {id}"):
        method = getattr(client("quicksight"), operation.format(kind.name))
        return method(AwsAccountId=account, **{kind.id: id}, **arguments)


def described(kind: Kind, id: str, account: str, **arguments: Any) -> Mapping[str, Any] | None:
    """What QuickSight says of one thing; None where there is none."""
    try:
        found = call("describe_{}", kind, id, account, **arguments)[kind.answer]
        return None if status_of(kind, found) == "DELETED" else found
    except NotSubscribedError:
        raise
    except QuickSightError as error:
        if is_missing(error):
            return None
        raise


def status_of(kind: Kind, found: Mapping[str, Any]) -> str:
    """What state a described thing is in, such as CREATION_SUCCESSFUL; data sets have none and are always well."""
    return str((found["Version"] if kind is DASHBOARD else found).get("Status", ""))


def faults_of(kind: Kind, found: Mapping[str, Any]) -> str:
    """Why a described thing has failed, in QuickSight's words."""
    if kind is DASHBOARD:
        errors = found["Version"].get("Errors", ())
        places = [", ".join(one.get("Path", "") for one in error.get("ViolatedEntities", ())) for error in errors]
        told = [
            f"{error.get('Type', '')}: {error.get('Message', '')}{f' at {place}' if place else ''}"
            for error, place in zip(errors, places, strict=True)
        ]
        return "; ".join(told) or "QuickSight gives no reason"
    reason = found.get("ErrorInfo") or {}
    return f"{reason.get('Type', '')} {reason.get('Message', '')}".strip() or "QuickSight gives no reason"
