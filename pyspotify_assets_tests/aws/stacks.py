"""A stage of its own on the endpoint under test: deployed, worked on as an administrator or in a role, destroyed."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from infra.deploy import Options, deploy
from infra.destroy import destroy
from pyspotify_assets.aws import session
from pyspotify_assets.feeds import load_feeds
from pyspotify_assets.settings import Settings, load_settings
from pyspotify_assets_tests.aws.judgement import grant_as_judged
from pyspotify_assets_tests.pipelines import SMALL_FEEDS

ENDPOINT = "PYSPOTIFY_TEST_AWS_ENDPOINT"
SECRET = {"client_id": "some-client", "client_secret": "some-secret"}


def required_endpoint() -> str:
    """The endpoint under test; skips the test where none is set."""
    endpoint = os.environ.get(ENDPOINT)
    if endpoint is None:
        pytest.skip(f"{ENDPOINT} is not set: this needs an endpoint that crawls and queries for real")
    return endpoint


@contextmanager
def environment(variables: Mapping[str, str | None]) -> Iterator[None]:
    """These environment variables within the block; None takes one away."""
    before = {name: os.environ.get(name) for name in variables}

    def put(values: Mapping[str, str | None]) -> None:
        for name, text in values.items():
            if text is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = text

    put(variables)
    try:
        yield
    finally:
        put(before)


@contextmanager
def as_administrator() -> Iterator[None]:
    """The endpoint under test with an administrator's credentials: those of the environment, or a stand-in's."""
    endpoint = required_endpoint()
    defaults = {} if not endpoint else {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    given = {name: os.environ.get(name, text) for name, text in defaults.items()}
    region = os.environ.get("AWS_DEFAULT_REGION", session.DEFAULT_REGION)
    with environment({"AWS_ENDPOINT_URL": endpoint or None, "AWS_DEFAULT_REGION": region, **given}):
        yield


@dataclass(frozen=True)
class Stack:
    """One stage with two small feeds."""

    stage: str
    folder: Path

    def settings(self, **settings: Any) -> Settings:
        given = {"env": "aws", "stage": self.stage, "feeds": self.folder / "feeds.toml", "start": "2023-01-01"}
        return load_settings(**(given | settings))

    def deploy(self, **options: Any) -> list[str]:
        """Make the stacks, or bring them up to date, and set the secret; gives what was said."""
        said: list[str] = []
        settings = self.settings()
        deploy(settings, load_feeds(settings.feeds), echo=said.append, options=Options(**options))
        grant_as_judged(settings)
        self._mend_stand_in()
        session.client("secretsmanager").put_secret_value(
            SecretId=settings.names.secret, SecretString=json.dumps(SECRET)
        )
        return said

    def _mend_stand_in(self) -> None:
        """What a stand-in makes of the templates differently from AWS, put right; see `judgement.py` too."""
        if "AWS_ENDPOINT_URL" not in os.environ:
            return
        # A number that is a parameter stays a text there, with which bytes cannot be compared.
        athena, workgroup = session.client("athena"), self.settings().names.workgroup
        configuration = athena.get_work_group(WorkGroup=workgroup)["WorkGroup"]["Configuration"]
        cutoff = {"BytesScannedCutoffPerQuery": int(configuration["BytesScannedCutoffPerQuery"])}
        athena.update_work_group(WorkGroup=workgroup, ConfigurationUpdates=cutoff)

    def destroy(self, data: bool = True) -> None:
        destroy(self.settings(), data=data, echo=lambda line: None)

    @contextmanager
    def as_role(self, kind: str = "pipeline", policy: Mapping[str, Any] | None = None) -> Iterator[None]:
        """Credentials of one of the stage's roles; `policy` narrows them further."""
        role = f"arn:aws:iam::{session.account()}:role/{self.settings().names.role(kind)}"
        narrowed = {"Policy": json.dumps(policy)} if policy else {}
        answer = boto3.client("sts").assume_role(RoleArn=role, RoleSessionName="pyspotify-test", **narrowed)
        credentials = answer["Credentials"]
        with environment(
            {
                "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
                "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
                "AWS_SESSION_TOKEN": credentials["SessionToken"],
            }
        ):
            yield

    def empty(self) -> None:
        """Take all data away and leave the stacks: as after the first deployment."""
        settings = self.settings()
        for kind in ("raw", "refined"):
            bucket = boto3.resource("s3").Bucket(session.filled(settings.bucket(kind)))
            bucket.object_versions.delete()
        glue = session.client("glue")
        for area in ("raw", "refined", "marts"):
            database = settings.names.database(area)
            for table in glue.get_tables(DatabaseName=database)["TableList"]:
                pages = glue.get_paginator("get_partitions").paginate(DatabaseName=database, TableName=table["Name"])
                for values in [partition["Values"] for page in pages for partition in page["Partitions"]]:
                    glue.delete_partition(DatabaseName=database, TableName=table["Name"], PartitionValues=values)


@contextmanager
def stack(folder: Path, feeds: str | None = SMALL_FEEDS) -> Iterator[Stack]:
    """A new stage, not yet deployed; whatever is there at the end is destroyed. Without `feeds`: the two defaults."""
    with as_administrator():
        made = Stack(f"t{uuid.uuid4().hex[:8]}", folder)
        if feeds is not None:
            (folder / "feeds.toml").write_text(feeds, encoding="utf-8")
        try:
            yield made
        finally:
            made.destroy()
