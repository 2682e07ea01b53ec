"""A stage of its own for tests: buckets, databases and declared tables, made by boto3 wherever S3 and Glue are."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence

import pytest

from infra.catalog import table_input
from infra.places import filled_in
from pyspotify_assets.aws.session import client, filled
from pyspotify_assets.feeds import DEFAULT_FEEDS, Feed
from pyspotify_assets.names import DATABASES
from pyspotify_assets.settings import Settings, load_settings
from pyspotify_assets.warehouse import declared_tables


def new_stage(feeds: Sequence[Feed] = DEFAULT_FEEDS, **overrides: object) -> Settings:
    """The settings of a stage that nobody else has, its buckets, databases and declared tables made."""
    settings = load_settings(env="aws", stage=f"t{uuid.uuid4().hex[:8]}", **overrides)
    for kind in ("raw", "refined", "athena"):
        client("s3").create_bucket(Bucket=filled(settings.bucket(kind)))
    for area, logical in DATABASES.items():
        client("glue").create_database(DatabaseInput={"Name": settings.names.database(area)})
        for table in declared_tables(area, feeds):
            declare(settings, logical, filled_in(table_input(table, settings)))
    return settings


def stage_on(address: str) -> Settings:
    """A new stage on a server that no test has been pointed to yet."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", address)
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "test")
        return new_stage()


def declare(settings: Settings, database: str, table: Mapping[str, object]) -> None:
    """Make a table of the stage."""
    client("glue").create_table(DatabaseName=stage_name(settings, database), TableInput=table)


def add_partition(settings: Settings, database: str, table: str, day: str) -> None:
    """What a crawler does for one new folder: a partition that inherits from the table."""
    request = {"DatabaseName": stage_name(settings, database)}
    storage = client("glue").get_table(**request, Name=table)["Table"]["StorageDescriptor"]
    location = f"{storage['Location'].rstrip('/')}/snapshot_date={day}/"
    entry = {"Values": [day], "StorageDescriptor": storage | {"Location": location}}
    client("glue").create_partition(**request, TableName=table, PartitionInput=entry)


def stage_name(settings: Settings, database: str) -> str:
    """What the settings' stage calls a database."""
    return next(settings.names.database(area) for area, logical in DATABASES.items() if logical == database)
