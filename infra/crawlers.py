"""The Glue crawlers: one per area, one include path per table, adding partitions and changing nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from infra.places import address, substituted
from pyspotify_assets.aws.refusals import MISSING, code_of, explained
from pyspotify_assets.aws.waiting import Pauses
from pyspotify_assets.errors import AwsError
from pyspotify_assets.feeds import Feed
from pyspotify_assets.names import CRAWLERS
from pyspotify_assets.settings import Settings
from pyspotify_assets.warehouse import declared_tables

PATIENCE = 300
"""Seconds that a crawler may take to stop."""

_PAUSES = Pauses(first=0.2, longest=5)
_AT_ITS_END = ("CrawlerNotRunningException", "CrawlerStoppingException")
_CONFIGURATION = {
    "Version": 1.0,
    # Made by default, for tables with many thousands of partitions; a change of the table, and a permission more:
    # https://docs.aws.amazon.com/glue/latest/dg/crawler-configure-partition-indexes.html
    "CreatePartitionIndex": False,
    "CrawlerOutput": {"Partitions": {"AddOrUpdateBehavior": "InheritFromTable"}},
    "Grouping": {"TableGroupingPolicy": "CombineCompatibleSchemas"},
}


def targets(area: str, settings: Settings, feeds: Sequence[Feed]) -> list[str]:
    """The include paths of an area's crawler, with places."""
    return [f"{address(settings, area)}/{table.name}/" for table in declared_tables(area, feeds)]


def crawler_resources(settings: Settings, feeds: Sequence[Feed]) -> dict[str, Any]:
    """The crawlers of the pipeline stack, by logical id (`logical_id`)."""
    return {
        logical_id(area): {
            "Type": "AWS::Glue::Crawler",
            "Properties": {
                "Name": settings.names.crawler(area),
                "Description": "Adds new days to the tables; started by Dagster, never by a schedule of its own",
                "Role": {"Fn::GetAtt": ["CrawlerRole", "Arn"]},
                "DatabaseName": settings.names.database(area),
                **({"Classifiers": [settings.names.classifier]} if area == "raw" else {}),
                "Targets": {"S3Targets": [{"Path": path} for path in substituted(targets(area, settings, feeds))]},
                "RecrawlPolicy": {"RecrawlBehavior": "CRAWL_NEW_FOLDERS_ONLY"},
                # The only policy that goes with new folders only, and the one that leaves declared tables alone:
                # https://docs.aws.amazon.com/glue/latest/dg/incremental-crawls.html
                "SchemaChangePolicy": {"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"},
                "Configuration": json.dumps(_CONFIGURATION, separators=(",", ":")),
            },
        }
        for area in CRAWLERS
    }


def logical_id(area: str) -> str:
    return f"{area.title()}Crawler"


def bring_to_rest(settings: Settings, areas: Sequence[str], echo: Callable[[str], object]) -> None:
    """Stop crawlers that are at work: Glue removes none that is. The next crawl finds what they had not reached."""
    from botocore.exceptions import ClientError

    from pyspotify_assets.aws.session import client

    glue = client("glue")
    for name in (settings.names.crawler(area) for area in areas):
        with explained(AwsError, f"Crawler {name}"):
            for _ in _PAUSES.looks(PATIENCE):
                try:
                    state = glue.get_crawler(Name=name)["Crawler"]["State"]
                    if state == "RUNNING":
                        echo(f"  {name} is at work: stopping it")
                        glue.stop_crawler(Name=name)
                except ClientError as refusal:
                    if code_of(refusal) in MISSING:
                        break
                    if code_of(refusal) not in _AT_ITS_END:
                        raise
                    continue
                if state == "READY":
                    break
            else:
                raise AwsError(f"Crawler {name} did not stop within {PATIENCE} seconds", "Run the same command again.")
