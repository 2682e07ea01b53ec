"""The catalog: databases, and the tables as they are declared, in the form that Glue's crawler would give them.

A crawler "deprecates" or changes a table that does not look like its own: `classification`, `compressionType` and
`typeOfData` are exactly what it would write.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from infra.places import address, substituted
from pyspotify_assets.feeds import Feed
from pyspotify_assets.names import DATABASES
from pyspotify_assets.settings import Settings
from pyspotify_assets.warehouse import DeclaredTable, declared_tables

QUOTE, DELIMITER = '"', ","
ESCAPE = "\x7f"
"""The reader of CSV has to have an escape character, a backslash unless another is named, and names have backslashes.
This one is in no raw file: `raw_csv.py` replaces control characters. Unlike those below 32 it is allowed in XML."""

_TEXT = {
    "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
    "SerdeInfo": {
        "SerializationLibrary": "org.apache.hadoop.hive.serde2.OpenCSVSerde",
        "Parameters": {"separatorChar": DELIMITER, "quoteChar": QUOTE, "escapeChar": ESCAPE},
    },
}
_PARQUET = {
    "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    "SerdeInfo": {
        "SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
        "Parameters": {"serialization.format": "1"},
    },
}
_AS_CRAWLED = {"EXTERNAL": "TRUE", "compressionType": "none", "typeOfData": "file"}
_RAW = {"classification": "csv", "delimiter": DELIMITER, "columnsOrdered": "true", "skip.header.line.count": "1"}


def table_input(table: DeclaredTable, settings: Settings) -> dict[str, Any]:
    """The TableInput of Glue for a declared table; its location has places for account and region."""
    columns = [{"Name": name, "Type": type_} for name, type_ in table.catalog_columns.items()]
    return {
        "Name": table.name,
        "Description": table.description,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": _AS_CRAWLED | (_RAW if table.area == "raw" else {"classification": "parquet"}),
        "PartitionKeys": [{"Name": table.partition, "Type": "string"}],
        "StorageDescriptor": {
            "Columns": columns,
            "Location": f"{address(settings, table.area)}/{table.name}/",
            **(_TEXT if table.area == "raw" else _PARQUET),
        },
    }


def catalog_resources(settings: Settings, feeds: Sequence[Feed]) -> dict[str, Any]:
    """The databases and tables of the data stack."""
    resources: dict[str, Any] = {}
    account = {"Ref": "AWS::AccountId"}
    for area, plain in DATABASES.items():
        resources[f"{area.title()}Database"] = {
            "Type": "AWS::Glue::Database",
            "Properties": {
                "CatalogId": account,
                "DatabaseInput": {
                    "Name": settings.names.database(area),
                    "Description": f"{plain} of pyspotify_assets, stage {settings.stage}",
                },
            },
        }
        for table in declared_tables(area, feeds):
            resources[logical_id(area, table.name, "Table")] = {
                "Type": "AWS::Glue::Table",
                "Properties": {
                    "CatalogId": account,
                    "DatabaseName": {"Ref": f"{area.title()}Database"},
                    "TableInput": substituted(table_input(table, settings)),
                },
            }
    return resources


def logical_id(area: str, name: str, kind: str) -> str:
    """The id of a table in the template, which has letters and digits only: RawMyUfeedTable for raw/my_feed.

    A capital U stands for an underscore, and names have no capitals: two names never share an id.
    """
    return f"{area.title()}{name[0].upper()}{name[1:].replace('_', 'U')}{kind}"
