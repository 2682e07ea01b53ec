"""The catalog: databases, declared tables, crawlers and the classifier, compared with what is declared here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from pyspotify_assets.aws.refusals import explained
from pyspotify_assets.aws.session import filled
from pyspotify_assets.contract import catalog_differences, reported
from pyspotify_assets.diagnosis.finding import DEPLOY, Finding, Look
from pyspotify_assets.errors import AwsError
from pyspotify_assets.feeds import Feed
from pyspotify_assets.names import CRAWLERS, DATABASES
from pyspotify_assets.settings import Settings
from pyspotify_assets.warehouse import DeclaredTable, declared_tables

TABLES, CRAWLS = "Catalog", "Crawlers"


def catalog_looks(settings: Settings, feeds: Sequence[Feed]) -> Iterator[Look]:
    """Databases, tables, classifier and crawlers of the stage."""
    names = settings.names
    for area in DATABASES:
        database = names.database(area)
        yield Look(TABLES, f"database {database}", partial(_database, database))
        for table in declared_tables(area, feeds):
            yield Look(
                TABLES,
                f"{database}.{table.name}",
                partial(_table, table, database, _root(settings, table)),
            )
    yield Look(
        CRAWLS, f"classifier {names.classifier}", partial(_classifier, names.classifier), beyond="glue:GetClassifier"
    )
    for area in CRAWLERS:
        crawler = names.crawler(area)
        paths = [_root(settings, table) for table in declared_tables(area, feeds)]
        yield Look(CRAWLS, crawler, partial(_crawler, crawler, paths))


def _root(settings: Settings, table: DeclaredTable) -> str:
    """The address under which a table's objects lie, without a slash at its end."""
    return f"{filled(settings.lake_places()['areas'][table.area])}/{table.name}"


def _database(name: str) -> Iterator[Finding]:
    with explained(AwsError, f"Database {name}"):
        _glue().get_database(Name=name)
    yield Finding("ok", f"database {name}", "is there")


def _table(declared: DeclaredTable, database: str, root: str) -> Iterator[Finding]:
    thing = f"{database}.{declared.name}"
    with explained(AwsError, f"Table {thing}"):
        table = _glue().get_table(DatabaseName=database, Name=declared.name)["Table"]
    storage = table.get("StorageDescriptor", {})
    found = {column["Name"]: column.get("Type", "") for column in storage.get("Columns", [])}
    differences = reported(catalog_differences(found, declared.catalog_columns))
    keys = [key["Name"] for key in table.get("PartitionKeys", [])]
    if keys != [declared.partition]:
        differences.append(f"partitioned by {', '.join(keys) or 'nothing'}, declared {declared.partition}")
    location = storage.get("Location", "").rstrip("/")
    if location != root:
        differences.append(f"lies at {location or 'no place'}, declared {root}")
    if differences:
        yield Finding("problem", thing, "; ".join(differences), f"{DEPLOY} It changes tables to what is declared.")
    else:
        yield Finding("ok", thing, f"{len(declared.columns)} columns as declared")


def _classifier(name: str) -> Iterator[Finding]:
    with explained(AwsError, f"Classifier {name}"):
        found = _glue().get_classifier(Name=name)["Classifier"].get("CsvClassifier")
    if found and found.get("Serde", "OpenCSVSerDe") == "OpenCSVSerDe" and found.get("ContainsHeader") == "PRESENT":
        yield Finding("ok", f"classifier {name}", "reads our CSV")
    else:
        yield Finding("problem", f"classifier {name}", "is not the one that reads our CSV", DEPLOY)


def _crawler(name: str, paths: Sequence[str]) -> Iterator[Finding]:
    with explained(AwsError, f"Crawler {name}"):
        crawler = _glue().get_crawler(Name=name)["Crawler"]
    crawled = [target["Path"].rstrip("/") for target in crawler.get("Targets", {}).get("S3Targets", [])]
    missing = [path for path in paths if path not in crawled]
    if missing:
        yield Finding("problem", name, f"does not crawl {', '.join(missing)}", DEPLOY)
    strange = [path for path in crawled if path not in paths]
    if strange:
        yield Finding("warning", name, f"crawls what no feed declares: {', '.join(strange)}", DEPLOY)
    last, state = crawler.get("LastCrawl") or {}, str(crawler.get("State", "")).lower()
    status, when = last.get("Status"), last.get("StartTime")
    began = f" at {when:%Y-%m-%d %H:%M %Z}" if isinstance(when, datetime) else ""
    if status == "FAILED":
        log = f"{last.get('LogGroup', '/aws-glue/crawlers')}, stream {last.get('LogStream', name)}"
        words = f"its last crawl{began} failed: {last.get('ErrorMessage', 'Glue gives no reason')}"
        yield Finding("problem", name, words, f"Read its log, {log}; then run the job crawl_… again.")
    elif not missing and not strange:
        yield Finding("ok", name, f"{state}; {f'last crawl{began}: {status.lower()}' if status else 'no crawl yet'}")


def _glue() -> Any:
    from pyspotify_assets.aws.session import client

    return client("glue")
