"""What the dashboard in QuickSight needs: the pipeline may make it, and QuickSight asks Athena as a role of the stack.

That role reads the marts and nothing else. Without it QuickSight would ask as a role that it has for the whole account,
which somebody would have to let into the buckets by hand:
https://docs.aws.amazon.com/quicksight/latest/user/datasource-run-as-role.html
"""

from __future__ import annotations

from pyspotify_assets.aws.statement import Arns, Statement
from pyspotify_assets.settings import Settings
from pyspotify_assets.tables import MARTS


def dashboard_statements(role: str, settings: Settings) -> list[Statement]:
    """What the role may do in QuickSight, where somebody has asked for a dashboard: the pipeline makes it."""
    if role != "pipeline":
        return []
    arns, names = Arns(settings), settings.names
    sets = tuple(names.quicksight_data_set(mart.name) for mart in MARTS)
    kinds = (
        ("DataSource", "datasource", (names.quicksight_source,)),
        ("DataSet", "dataset", sets),
        ("Dashboard", "dashboard", (names.quicksight_dashboard,)),
    )
    everything = tuple(arn for _, kind, ids in kinds for arn in arns.quicksight(kind, *ids))
    return [
        *(
            Statement(
                f"Keep{name}InQuickSight",
                tuple(
                    f"quicksight:{action}"
                    for action in (
                        f"Create{name}",
                        f"Describe{name}",
                        f"Update{name}",
                        f"Describe{name}Permissions",
                        f"Update{name}Permissions",
                        "UpdateDashboardPublishedVersion" if name == "Dashboard" else f"Pass{name}",
                    )
                ),
                arns.quicksight(kind, *ids),
                "quicksight/dashboard makes it, compares it and lets people in; what stands on it has to pass it",
            )
            for name, kind, ids in kinds
        ),
        Statement(
            "MarkInQuickSight",
            ("quicksight:TagResource", "quicksight:ListTagsForResource"),
            everything,
            "A tag has the fingerprint of the definition, by which a second run knows that nothing has changed",
        ),
        Statement(
            "FindPrincipalOfQuickSight",
            ("quicksight:DescribeUser", "quicksight:DescribeGroup"),
            ("{quicksight_principal}",),
            "For whom the dashboard is has to be there, and more than a reader",
        ),
        Statement(
            "PassRoleToQuickSight",
            ("iam:PassRole",),
            (f"arn:{{partition}}:iam::{{account}}:role/{names.role('quicksight')}",),
            "QuickSight asks Athena as this role, and only who may pass it can say so",
        ),
    ]


def quicksight_statements(arns: Arns) -> list[Statement]:
    """What QuickSight may do: ask in the workgroup, read the marts, keep results."""
    results = arns.objects("athena")
    return [
        Statement(
            "Query",
            (
                "athena:StartQueryExecution",
                "athena:GetQueryExecution",
                "athena:BatchGetQueryExecution",
                "athena:GetQueryResults",
                "athena:GetQueryResultsStream",
                "athena:StopQueryExecution",
                "athena:GetWorkGroup",
            ),
            arns.workgroup(),
            "Each visual is a query, and the workgroup bounds what it may scan",
        ),
        Statement(
            "ReadCatalog",
            (
                "glue:GetDatabase",
                "glue:GetDatabases",
                "glue:GetTable",
                "glue:GetTables",
                "glue:GetPartition",
                "glue:GetPartitions",
                "glue:BatchGetPartition",
            ),
            arns.catalog("marts"),
            "The marts, and no other table",
        ),
        Statement("ReadDefaultDatabase", ("glue:GetDatabase",), arns.glue("database/default"), "Athena looks it up"),
        Statement("ReadMarts", ("s3:GetObject",), arns.objects("refined", "marts/"), "What is shown, and nothing else"),
        Statement("FindMarts", ("s3:ListBucket",), arns.bucket("refined"), "Athena looks for the files of a day"),
        Statement(
            "KeepResults",
            ("s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"),
            results,
            "Athena writes results with the caller's rights, and QuickSight reads them",
        ),
        Statement(
            "FindResults",
            ("s3:ListBucket", "s3:ListBucketMultipartUploads"),
            arns.bucket("athena"),
            "Athena looks for its results",
        ),
        Statement(
            "FindBuckets",
            ("s3:GetBucketLocation",),
            arns.bucket("athena", "refined"),
            "Athena asks for the region of what it reads and writes",
        ),
    ]
