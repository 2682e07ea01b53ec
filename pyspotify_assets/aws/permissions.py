"""What each role may do: every permission of the project, declared once, with its reason. Pure data, no AWS call.

The roles of the stack are made from these statements, and `pyspotify doctor` looks whether they are granted.
What a statement is, and the ARNs in it, are in `statement.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pyspotify_assets.aws.dashboard_permissions import dashboard_statements, quicksight_statements
from pyspotify_assets.aws.statement import Arns, Statement
from pyspotify_assets.names import DATABASES
from pyspotify_assets.settings import Settings

WILDCARD_RESOURCES: Mapping[str, str] = {}
"""Action → why it is allowed on every resource (`*`). None is: all that the roles touch has a name."""


def statements(role: str, settings: Settings) -> list[Statement]:
    """The statements of one of `names.ROLES` in the stage of `settings`.

    With an own KMS key and with a topic of alerts those for it too, with a dashboard in QuickSight those that make it.
    """
    return (
        _ROLES[role](Arns(settings))
        + (key_statements(role) if settings.kms_key else [])
        + (dashboard_statements(role, settings) if settings.quicksight_principal else [])
        + (alert_statements(role, settings.alert_topic) if settings.alert_topic else [])
    )


def key_statements(role: str) -> list[Statement]:
    """What the role may do with the KMS key, where objects are encrypted with one of your own."""
    actions = {"crawler": ("kms:Decrypt",), "scheduler": ()}.get(role, ("kms:Decrypt", "kms:GenerateDataKey"))
    reason = "Objects and the secret are under the key; an upload in parts needs Decrypt too"
    return [Statement("UseKey", actions, ("{kms_key}",), reason)] if actions else []


def alert_statements(role: str, topic: str) -> list[Statement]:
    """What the role may do with the SNS topic of that ARN, where alerts are published to one."""
    actions, reason = ("sns:Publish",), "What is wrong is told to whoever subscribes to it"
    return [Statement("TellOfTrouble", actions, (topic,), reason)] if role == "pipeline" else []


def _read_secret(arns: Arns) -> Statement:
    actions = ("secretsmanager:GetSecretValue",)
    return Statement("ReadSpotifySecret", actions, arns.secret(), "Spotify's credentials, that one only")


def _pipeline(arns: Arns) -> list[Statement]:
    return [
        Statement(
            "FindObjects",
            ("s3:ListBucket",),
            arns.bucket("raw", "refined"),
            "What lies in the lake; without it a missing object reads as a denied one",
        ),
        Statement(
            "ReadLake",
            ("s3:GetObject",),
            (*arns.objects("raw"), *arns.objects("refined")),
            "Assets, checks and, with the caller's rights, Athena read the lake",
        ),
        Statement(
            "WriteLake",
            ("s3:PutObject", "s3:AbortMultipartUpload"),
            (*arns.objects("raw"), *arns.objects("refined")),
            "Assets publish; an upload in parts that fails is aborted",
        ),
        Statement(
            "RemoveWhatWasTaken",
            ("s3:DeleteObject",),
            arns.objects("raw", "landing/", "quarantine/"),
            "A file leaves landing once it is taken; a day without rejected rows has no quarantine file",
        ),
        Statement(
            "RemoveWhatWasReplaced",
            ("s3:DeleteObject",),
            arns.objects("refined", "marts/", "state/glue/"),
            "A mart's files that no partition points to, and what the Glue job left for the pipeline",
        ),
        Statement(
            "ReadCatalog",
            ("glue:GetDatabase", "glue:GetTable", "glue:GetPartition", "glue:GetPartitions"),
            arns.catalog(*DATABASES),
            "The catalog is read back after crawls, and says where a mart's days lie",
        ),
        Statement(
            "ReadCatalogForAthena",
            ("glue:GetDatabases", "glue:GetTables", "glue:BatchGetPartition"),
            arns.catalog(*DATABASES),
            "Athena reads the catalog with the caller's rights",
        ),
        Statement(
            "ReadDefaultDatabase",
            ("glue:GetDatabase",),
            arns.glue("database/default"),
            "Athena looks it up whatever the query is: "
            "https://docs.aws.amazon.com/athena/latest/ug/fine-grained-access-to-glue-resources.html",
        ),
        Statement(
            "PointMartsPartitions",
            ("glue:CreatePartition", "glue:UpdatePartition"),
            arns.catalog("marts"),
            "A mart's day is written first and pointed to after",
        ),
        Statement(
            "Crawl",
            ("glue:GetCrawler", "glue:StartCrawler", "glue:StopCrawler"),
            arns.crawlers(),
            "Catalog assets start a crawler, wait for it, and stop it when they are interrupted",
        ),
        Statement(
            "Query",
            (
                "athena:StartQueryExecution",
                "athena:GetQueryExecution",
                "athena:GetQueryResults",
                "athena:StopQueryExecution",
                "athena:GetWorkGroup",
            ),
            arns.workgroup(),
            "Marts, checks, the report and `pyspotify sql`",
        ),
        Statement("ReadResults", ("s3:GetObject",), arns.objects("athena"), "Results are read as a file"),
        Statement(
            "WriteResultsForAthena",
            ("s3:PutObject", "s3:AbortMultipartUpload"),
            arns.objects("athena"),
            "Athena writes results with the caller's rights",
        ),
        Statement(
            "WriteInPartsForAthena",
            ("s3:ListMultipartUploadParts",),
            (*arns.objects("athena"), *arns.objects("refined", "marts/")),
            "Athena writes results and UNLOAD's files in parts",
        ),
        Statement(
            "FindBucketsForAthena",
            ("s3:GetBucketLocation",),
            arns.bucket("athena", "raw", "refined"),
            "Athena asks for the region of what it reads and writes",
        ),
        Statement("FindResultsForAthena", ("s3:ListBucket",), arns.bucket("athena"), "Athena looks for its results"),
        Statement(
            "FindUploadsForAthena",
            ("s3:ListBucketMultipartUploads",),
            arns.bucket("athena", "refined"),
            "Athena looks for what it has written in parts",
        ),
        Statement(
            "RunJob",
            ("glue:StartJobRun", "glue:GetJobRun", "glue:BatchStopJobRun"),
            arns.job(),
            "Days that one machine cannot hold are refined by the Glue job, which an interrupt stops",
        ),
        _read_secret(arns),
        Statement(
            "KeepLogin",
            ("secretsmanager:PutSecretValue",),
            arns.secret(),
            "Spotify may hand out another refresh token, and the one before is then of no use",
        ),
    ]


def _crawler(arns: Arns) -> list[Statement]:
    return [
        Statement(
            "FindObjects",
            ("s3:ListBucket", "s3:GetBucketLocation"),
            arns.bucket("raw", "refined"),
            "A crawl lists folders",
        ),
        Statement(
            "ReadObjects",
            ("s3:GetObject",),
            (*arns.objects("raw"), *arns.objects("refined")),
            "A crawl reads headers and footers",
        ),
        Statement(
            "ReadCatalog",
            (
                "glue:GetDatabase",
                "glue:GetTable",
                "glue:GetTables",
                "glue:GetPartition",
                "glue:GetPartitions",
                "glue:BatchGetPartition",
            ),
            arns.catalog("raw", "refined"),
            "What the tables know already",
        ),
        Statement(
            "AddPartitions",
            ("glue:CreatePartition", "glue:BatchCreatePartition", "glue:UpdatePartition", "glue:UpdateTable"),
            arns.catalog("raw", "refined"),
            "New days, and the table's figures; no CreateTable: tables are declared, a stray one fails the crawl",
        ),
        Statement(
            "WriteLog",
            ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"),
            arns.logs("/aws-glue/crawlers", "/aws-glue/crawlers:*"),
            "Every crawler of an account logs to this group, made by the first: the reason of a failed crawl is there",
        ),
    ]


def _glue_job(arns: Arns) -> list[Statement]:
    return [
        Statement("ReadScript", ("s3:GetObject",), arns.objects("code", "glue/"), "The script and what it imports"),
        Statement(
            "FindObjects", ("s3:ListBucket",), arns.bucket("raw", "refined"), "Spark lists what it reads and writes"
        ),
        Statement("ReadRaw", ("s3:GetObject",), arns.objects("raw"), "The day to be refined"),
        Statement(
            "WriteForPipeline",
            ("s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"),
            arns.objects("refined", "state/glue/"),
            "What it makes, before the pipeline checks and publishes it, and its messages; Spark renames and removes",
        ),
        Statement(
            "WriteLog",
            ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"),
            arns.logs("/aws-glue/jobs/*"),
            "Glue's jobs of an account log to groups of these names, made by the first",
        ),
    ]


def _lambda(arns: Arns) -> list[Statement]:
    return [
        Statement(
            "PutIntoLanding",
            ("s3:PutObject", "s3:GetObject"),
            arns.objects("raw", "landing/"),
            "A snapshot lands, and is looked at once; nothing is listed or removed",
        ),
        _read_secret(arns),
        Statement(
            "WriteLog",
            ("logs:CreateLogStream", "logs:PutLogEvents"),
            arns.logs(f"/aws/lambda/{arns.function_name}:*"),
            "Its own log; the group is the stack's",
        ),
    ]


def _scheduler(arns: Arns) -> list[Statement]:
    return [Statement("Invoke", ("lambda:InvokeFunction",), arns.function(), "The schedule starts this function only")]


_ROLES: Mapping[str, Callable[[Arns], list[Statement]]] = {
    "pipeline": _pipeline,
    "crawler": _crawler,
    "glue-job": _glue_job,
    "lambda": _lambda,
    "scheduler": _scheduler,
    "quicksight": quicksight_statements,
}
