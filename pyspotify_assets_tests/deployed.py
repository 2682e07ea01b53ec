"""All that `pyspotify doctor` looks at in the `aws` environment, made by boto3 call by call, as the stack would."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from typing import Any

from pyspotify_assets.feeds import DEFAULT_FEEDS
from pyspotify_assets.names import DATABASES
from pyspotify_assets.settings import Settings, load_settings
from pyspotify_assets.tables import SNAPSHOT
from pyspotify_assets.warehouse import declared_tables

SECRET = {"client_id": "id-of-the-app", "client_secret": "the-secret-nobody-may-see"}


class Deployed:
    """The resources of one stage in one account, made and removed one at a time."""

    def __init__(self, endpoint: str, stage: str) -> None:
        import boto3

        self._session = boto3.session.Session("test", "test", region_name="us-east-1")
        self._endpoint = endpoint
        self.settings: Settings = load_settings(env="aws", stage=stage)
        self.names = self.settings.names
        self.account = self.client("sts").get_caller_identity()["Account"]

    def client(self, service: str) -> Any:
        return self._session.client(service, endpoint_url=self._endpoint)

    def filled(self, text: str) -> str:
        return text.replace("{account}", self.account).replace("{region}", "us-east-1")

    def bucket(self, kind: str) -> str:
        return self.filled(self.settings.bucket(kind))

    def make_everything(self) -> None:
        for kind in ("raw", "refined", "athena", "code"):
            self.make_bucket(kind)
        for area in DATABASES:
            self.client("glue").create_database(DatabaseInput={"Name": self.names.database(area)})
            for table in declared_tables(area, DEFAULT_FEEDS):
                self.make_table(area, table.name)
        self.make_role()
        for area in ("raw", "refined"):
            self.make_crawler(area)
        self.make_secret()
        self.make_workgroup()
        self.make_job()
        self.make_function()
        self.make_schedule()
        for stack in (self.names.data_stack, self.names.pipeline_stack):
            self.make_stack(stack)

    def make_bucket(self, kind: str) -> None:
        s3, name = self.client("s3"), self.bucket(kind)
        s3.create_bucket(Bucket=name)
        rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
        s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": [rule]})
        self.close_bucket(kind)

    def close_bucket(self, kind: str) -> None:
        names = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
        self.client("s3").put_public_access_block(
            Bucket=self.bucket(kind), PublicAccessBlockConfiguration=dict.fromkeys(names, True)
        )

    def root(self, area: str, table: str) -> str:
        return self.filled(self.settings.lake_places()["areas"][area]) + f"/{table}/"

    def make_table(self, area: str, name: str, columns: dict[str, str] | None = None) -> None:
        [declared] = [table for table in declared_tables(area, DEFAULT_FEEDS) if table.name == name]
        types = columns or declared.columns
        self.client("glue").create_table(
            DatabaseName=self.names.database(area),
            TableInput={
                "Name": name,
                "PartitionKeys": [{"Name": declared.partition, "Type": "string"}],
                "StorageDescriptor": {
                    "Columns": [{"Name": column, "Type": type_} for column, type_ in types.items()],
                    "Location": self.root(area, name),
                },
            },
        )

    def delete_table(self, area: str, name: str) -> None:
        self.client("glue").delete_table(DatabaseName=self.names.database(area), Name=name)

    def make_crawler(self, area: str, tables: Sequence[str] = ()) -> None:
        """The crawler of an area; of all its tables, unless only some are named."""
        crawled = tables or [table.name for table in declared_tables(area, DEFAULT_FEEDS)]
        self.client("glue").create_crawler(
            Name=self.names.crawler(area),
            Role="crawler",
            DatabaseName=self.names.database(area),
            Targets={"S3Targets": [{"Path": self.root(area, name)} for name in crawled]},
        )

    def make_secret(self, value: str | None = None) -> None:
        text = json.dumps(SECRET) if value is None else value
        self.client("secretsmanager").create_secret(Name=self.names.secret, SecretString=text)

    def delete_secret(self) -> None:
        self.client("secretsmanager").delete_secret(SecretId=self.names.secret, ForceDeleteWithoutRecovery=True)

    def make_workgroup(self, **configuration: Any) -> None:
        asked = {
            "EnforceWorkGroupConfiguration": True,
            "BytesScannedCutoffPerQuery": 10_000_000_000,
            "ResultConfiguration": {"OutputLocation": f"s3://{self.bucket('athena')}/"},
        } | configuration
        self.client("athena").create_work_group(Name=self.names.workgroup, Configuration=asked)

    def delete_workgroup(self) -> None:
        self.client("athena").delete_work_group(WorkGroup=self.names.workgroup)

    def make_job(self) -> None:
        self.client("glue").create_job(
            Name=self.names.glue_job,
            Role="job",
            Command={"Name": "glueetl"},
            GlueVersion="5.0",
            WorkerType="G.1X",
            NumberOfWorkers=10,
        )

    def make_role(self) -> str:
        iam, name = self.client("iam"), self.names.role("pipeline")
        trust = {"Version": "2012-10-17", "Statement": []}
        return iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]

    def make_function(self) -> None:
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as package:
            package.writestr("handler.py", "def handler(event, context): ...\n")
        self.client("lambda").create_function(
            FunctionName=self.names.function,
            Runtime="python3.13",
            Handler="handler.handler",
            Role=f"arn:aws:iam::{self.account}:role/{self.names.role('pipeline')}",
            Code={"ZipFile": code.getvalue()},
        )

    def make_schedule(self, state: str = "DISABLED") -> None:
        self.client("scheduler").create_schedule(
            Name=self.names.function,
            State=state,
            ScheduleExpression="cron(0 6 * * ? *)",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": "arn:aws:lambda:us-east-1:123456789012:function:f", "RoleArn": "arn:aws:iam::1:role/r"},
        )

    def delete_schedule(self) -> None:
        self.client("scheduler").delete_schedule(Name=self.names.function)

    def make_stack(self, name: str) -> None:
        template = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}
        self.client("cloudformation").create_stack(StackName=name, TemplateBody=json.dumps(template))


CLASSIFIER = {"Name": "", "Serde": "OpenCSVSerDe", "ContainsHeader": "PRESENT", "Header": list(SNAPSHOT.raw_columns)}
