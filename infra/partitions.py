"""Partitions after a migration: each says in Glue which types its file has, and Athena casts them to the table's.

A partition keeps the columns that the table had when it was crawled. That is right as long as its file is the one of
then, and wrong once the day has been refined again under a declaration with wider types: crawlers of new folders do not
look at it again. So a deployment does, and opens the files of those partitions only whose types are not the table's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pyspotify_assets.aws.refusals import explained
from pyspotify_assets.errors import AwsError, LakeError
from pyspotify_assets.feeds import Feed
from pyspotify_assets.lake import Lake, Place
from pyspotify_assets.schemas import ATHENA_TYPES, declared_types
from pyspotify_assets.settings import Settings
from pyspotify_assets.warehouse import DeclaredTable, declared_tables


def follow_files(settings: Settings, feeds: Sequence[Feed]) -> int:
    """Have the partitions of refined tables say the types that their files have now; gives how many were changed.

    A partition whose file is gone or cannot be read stays as it is: crawls and `pyspotify verify` tell of those.
    """
    lake, changed = Lake.at(**settings.lake_places()), 0
    database = settings.names.database("refined")
    for table in declared_tables("refined", feeds):
        with explained(AwsError, f"The partitions of {database}.{table.name}"):
            for partition in _other_than_declared(database, table):
                changed += _follow(lake, database, table, partition)
    return changed


def _other_than_declared(database: str, table: DeclaredTable) -> Iterator[Mapping[str, Any]]:
    from pyspotify_assets.aws.session import client

    for page in client("glue").get_paginator("get_partitions").paginate(DatabaseName=database, TableName=table.name):
        for partition in page["Partitions"]:
            types = {column["Name"]: column["Type"] for column in partition["StorageDescriptor"]["Columns"]}
            if any(types.get(name, type_) != type_ for name, type_ in table.catalog_columns.items()):
                yield partition


def _follow(lake: Lake, database: str, table: DeclaredTable, partition: Mapping[str, Any]) -> bool:
    from pyspotify_assets.aws.session import client

    try:
        found = _types(lake.place((table.area, table.name), partition["Values"][0]))
    except (LakeError, OSError, ValueError):  # ArrowInvalid is one.
        return False
    storage = partition["StorageDescriptor"]
    columns = [{**column, "Type": found.get(column["Name"], column["Type"])} for column in storage["Columns"]]
    if columns == storage["Columns"]:
        return False
    kept = {name: partition[name] for name in ("Values", "Parameters") if name in partition}
    client("glue").update_partition(
        DatabaseName=database,
        TableName=table.name,
        PartitionValueList=partition["Values"],
        PartitionInput={**kept, "StorageDescriptor": {**storage, "Columns": columns}},
    )
    return True


def _types(place: Place) -> dict[str, str]:
    """Column → Athena type of one Parquet file; of a type that no declaration has, nothing."""
    import pyarrow.parquet as pq

    filesystem, root = place.store.arrow()
    found = declared_types(pq.read_schema(root + place.key, filesystem=filesystem))
    return {name: ATHENA_TYPES[type_] for name, type_ in found.items() if type_ in ATHENA_TYPES}
