"""What shall be in the account, request by request: a data source, a data set over each mart, and the dashboard.

Each has a fingerprint of all that it is made from. QuickSight adds to what it is sent, so that what it says afterwards
cannot be compared with what was meant; the fingerprint, which it keeps as a tag or as a version's description, can.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pyspotify_assets.aws.statement import partition_of
from pyspotify_assets.daily.fingerprints import fingerprint
from pyspotify_assets.feeds import Feed
from pyspotify_assets.names import DATABASES, AwsNames
from pyspotify_assets.quicksight.data_sets import DATA_SETS, DataSet
from pyspotify_assets.quicksight.definition import dashboard_definition


@dataclass(frozen=True)
class Declared:
    """One thing of QuickSight: its id, and the arguments by which it is created or updated, without its id."""

    id: str
    arn: str
    arguments: Mapping[str, Any]

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.id, self.arguments)


@dataclass(frozen=True)
class Dashboard:
    """The dashboard and all below it."""

    data_source: Declared
    data_sets: tuple[Declared, ...]
    dashboard: Declared


def declared(names: AwsNames, feeds: Sequence[Feed], account: str, region: str) -> Dashboard:
    """All that there shall be of the stage in one account and region; the first feed is what is seen at first."""
    partition = partition_of(region)

    def arn(kind: str, name: str) -> str:
        return f"arn:{partition}:quicksight:{region}:{account}:{kind}/{name}"

    stage = "" if names.stage == AwsNames().stage else f" ({names.stage})"
    source = Declared(
        names.quicksight_source,
        arn("datasource", names.quicksight_source),
        {
            "Name": f"PySpotify marts{stage}",
            "Type": "ATHENA",
            "DataSourceParameters": {
                "AthenaParameters": {
                    "WorkGroup": names.workgroup,
                    "RoleArn": f"arn:{partition}:iam::{account}:role/{names.role('quicksight')}",
                }
            },
        },
    )
    sets = {
        one.mart: Declared(
            names.quicksight_data_set(one.mart),
            arn("dataset", names.quicksight_data_set(one.mart)),
            _data_set(one, source.arn, names, f"PySpotify: {one.title}{stage}"),
        )
        for one in DATA_SETS
    }
    dashboard = Declared(
        names.quicksight_dashboard,
        arn("dashboard", names.quicksight_dashboard),
        {
            "Name": f"PySpotify{stage}",
            "Definition": dashboard_definition({mart: one.arn for mart, one in sets.items()}, feeds[0].name),
            "ValidationStrategy": {"Mode": "STRICT"},
            "DashboardPublishOptions": {
                "AdHocFilteringOption": {"AvailabilityStatus": "ENABLED"},
                "ExportToCSVOption": {"AvailabilityStatus": "ENABLED"},
                "SheetControlsOption": {"VisibilityState": "EXPANDED"},
            },
        },
    )
    return Dashboard(source, tuple(sets.values()), dashboard)


def dashboard_url(dashboard: Dashboard, region: str) -> str:
    """Where the dashboard is looked at."""
    return f"https://{region}.quicksight.aws.amazon.com/sn/dashboards/{dashboard.dashboard.id}"


def data_set_sql(one: DataSet, names: AwsNames) -> str:
    """The Athena SELECT of a data set, in the stage's databases."""
    from pyspotify_assets.sql import athena_text, sql_tree
    from pyspotify_assets.warehouse.statements import in_databases

    stages = {plain: names.database(area) for area, plain in DATABASES.items()}
    return in_databases(athena_text(sql_tree(one.sql_name)), stages)


def _data_set(one: DataSet, source_arn: str, names: AwsNames, name: str) -> dict[str, Any]:
    return {
        "Name": name,
        "ImportMode": "DIRECT_QUERY",
        "PhysicalTableMap": {
            "mart": {
                "CustomSql": {
                    "DataSourceArn": source_arn,
                    "Name": one.sql_name,
                    "SqlQuery": data_set_sql(one, names),
                    "Columns": [{"Name": field.name, "Type": field.type} for field in one.fields],
                }
            }
        },
    }
