"""The AWS Glue catalog of one stage: its tables and their partitions, read, and a partition put.

Databases are named as in `names.DATABASES`, whatever the stage calls them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pyspotify_assets.aws.refusals import code_of, explained, is_missing
from pyspotify_assets.aws.session import client
from pyspotify_assets.errors import PySpotifyError
from pyspotify_assets.names import DATABASES, AwsNames
from pyspotify_assets.tables import partition_of

LAST_DAY = "9999-12-31"

_DEPLOY = "`make deploy` makes databases and tables from feeds.toml; `pyspotify doctor` looks."


@dataclass(frozen=True)
class CatalogPartition:
    """One partition: its day, where its objects lie, and its parameters."""

    day: str
    location: str
    parameters: Mapping[str, str]


class GlueCatalog:
    """`error`: what a failure is raised as, CrawlError or QueryError. It names the table and the remedy."""

    def __init__(self, names: AwsNames, error: type[PySpotifyError]) -> None:
        self._databases = {logical: names.database(area) for area, logical in DATABASES.items()}
        self._error = error

    @property
    def databases(self) -> Mapping[str, str]:
        """The name of a database in `names.DATABASES` → what the stage calls it."""
        return self._databases

    def table(self, database: str, name: str) -> Mapping[str, Any]:
        """The table as Glue describes it; an error where it is not there."""
        with explained(self._error, self._named(database, name), _DEPLOY):
            return client("glue").get_table(DatabaseName=self._database(database), Name=name)["Table"]

    def partitions(
        self, database: str, name: str, first_day: str = "", last_day: str = LAST_DAY
    ) -> list[CatalogPartition] | None:
        """The partitions between two days, both included, in order of day; None if there is no such table."""
        # The columns of each partition would be most of the answer, and are the table's.
        request = {"DatabaseName": self._database(database), "TableName": name, "ExcludeColumnSchema": True}
        if between := _between(partition_of(name), first_day, last_day):
            request["Expression"] = between
        found: list[CatalogPartition] = []
        try:
            with explained(self._error, self._named(database, name), _DEPLOY):
                for page in client("glue").get_paginator("get_partitions").paginate(**request):
                    found += [_partition(partition) for partition in page["Partitions"]]
        except self._error as error:
            if not is_missing(error):
                raise
            self._require_database(database)
            return None
        last_day = last_day if last_day < LAST_DAY else "\U0010ffff"  # A folder that is no day is seen where all are.
        return sorted((one for one in found if first_day <= one.day <= last_day), key=lambda one: one.day)

    def partition(self, database: str, name: str, day: str) -> CatalogPartition | None:
        """One day's partition; None if there is none."""
        request = {"DatabaseName": self._database(database), "TableName": name, "PartitionValues": [day]}
        try:
            with explained(self._error, f"{self._named(database, name)}, partition {day}", _DEPLOY):
                return _partition(client("glue").get_partition(**request)["Partition"])
        except self._error as error:
            if not is_missing(error):
                raise
            return None

    def put_partition(self, database: str, name: str, partition: CatalogPartition, replace: bool) -> None:
        """Add the partition, or `replace` the one of that day: what is read of the day changes at once, and whole.

        Columns and format are the table's. A partition that somebody has added meanwhile is replaced.
        """
        storage = self.table(database, name)["StorageDescriptor"] | {"Location": partition.location}
        entry = {"Values": [partition.day], "StorageDescriptor": storage, "Parameters": dict(partition.parameters)}
        request = {"DatabaseName": self._database(database), "TableName": name, "PartitionInput": entry}
        with explained(self._error, f"{self._named(database, name)}, partition {partition.day}", _DEPLOY):
            if not replace and self._create(request):
                return
            client("glue").update_partition(**request, PartitionValueList=[partition.day])

    def _create(self, request: Mapping[str, Any]) -> bool:
        """False if the partition is there already."""
        from botocore.exceptions import ClientError

        try:
            client("glue").create_partition(**request)
        except ClientError as refusal:
            if code_of(refusal) == "AlreadyExistsException":
                return False
            raise
        return True

    def _require_database(self, database: str) -> None:
        """Glue says the same of a missing table and of a missing database."""
        name = self._database(database)
        with explained(self._error, f"The database {name}", _DEPLOY):
            client("glue").get_database(Name=name)

    def _database(self, logical: str) -> str:
        return self._databases.get(logical, logical)

    def _named(self, database: str, name: str) -> str:
        return f"The table {self._database(database)}.{name}"


def _partition(found: Mapping[str, Any]) -> CatalogPartition:
    location = found.get("StorageDescriptor", {}).get("Location", "")
    return CatalogPartition(found["Values"][0], location, found.get("Parameters") or {})


def _between(column: str, first_day: str, last_day: str) -> str:
    """The condition on the partitions; empty where all are asked for."""
    limits = [f"{column} >= '{first_day}'"] if first_day else []
    limits += [f"{column} <= '{last_day}'"] if last_day < LAST_DAY else []
    return " AND ".join(limits)
