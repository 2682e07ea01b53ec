"""The templates: what they hold follows from feeds, tables and settings, and every bucket is shut."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.catalog import ESCAPE, logical_id, table_input
from infra.classifier import classifier_input
from infra.templates import body, copies, data_template, pipeline_template
from pyspotify_assets.feeds import DEFAULT_FEEDS, Feed
from pyspotify_assets.raw_csv import CONTROL_CHARACTERS
from pyspotify_assets.schemas import ATHENA_TYPES
from pyspotify_assets.settings import Settings
from pyspotify_assets.tables import LISTENING, MARTS, SNAPSHOT
from pyspotify_assets.warehouse import declared_tables

FEED_NAMES = st.from_regex("[a-z][a-z0-9_]{0,59}", fullmatch=True)


def settings(**given: Any) -> Settings:
    """Settings that no environment variable has a part in."""
    return Settings.model_construct(env="aws", **given)


def both(made: Settings, feeds: tuple[Feed, ...] = DEFAULT_FEEDS) -> dict[str, Any]:
    """All resources of both stacks, by logical id."""
    return data_template(made, feeds)["Resources"] | pipeline_template(made, feeds)["Resources"]


def of_type(resources: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    """Logical id → properties of the resources of one type."""
    return {name: part["Properties"] for name, part in resources.items() if part["Type"] == kind}


def texts(value: Any) -> Iterator[str]:
    """Every text in a part of a template."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from texts(part)


def table_names(resources: dict[str, Any]) -> list[tuple[str, str]]:
    tables = of_type(resources, "AWS::Glue::Table").values()
    return sorted((table["DatabaseName"]["Ref"], table["TableInput"]["Name"]) for table in tables)


def include_paths(resources: dict[str, Any]) -> dict[str, list[str]]:
    return {
        crawler["Name"]: [target["Path"]["Fn::Sub"] for target in crawler["Targets"]["S3Targets"]]
        for crawler in of_type(resources, "AWS::Glue::Crawler").values()
    }


def test_the_committed_copies_are_current():
    for file, text in copies().items():
        assert file.read_text(encoding="utf-8") == text, f"{file} is old: make templates"


def test_cfn_lint_finds_nothing_in_the_copies_nor_in_templates_of_other_settings(tmp_path):
    given = {"bucket_raw": "ours", "bucket_prefix": "a/b", "s3_encryption": "aws:kms", "kms_key": "k", "secret": "mine"}
    unusual = settings(stage="dev", **given)
    for name, make in {"data": data_template, "pipeline": pipeline_template}.items():
        (tmp_path / f"{name}.json").write_text(body(make(unusual, DEFAULT_FEEDS)))
    files = [*copies(), *tmp_path.glob("*.json")]
    linted = subprocess.run(  # noqa: S603 - our own command
        [Path(sys.executable).with_name("cfn-lint"), "--", *files],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (linted.stdout, linted.stderr, linted.returncode) == ("", "", 0)


def test_no_account_and_no_region_is_in_a_template():
    for text in copies().values():
        assert "{account}" not in text.replace("${", "")
        assert "us-east-1" not in text
        assert "arn:aws:" not in text


@pytest.mark.parametrize("kind", ["Raw", "Refined", "Athena", "Code"])
def test_every_bucket_is_private_encrypted_and_refuses_what_is_not_tls(kind):
    template = data_template(settings(), DEFAULT_FEEDS)
    bucket = template["Resources"][f"{kind}Bucket"]["Properties"]
    assert bucket["PublicAccessBlockConfiguration"] == {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": True,
        "IgnorePublicAcls": True,
        "RestrictPublicBuckets": True,
    }
    assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    condition, with_key, without = rule["ServerSideEncryptionByDefault"]["Fn::If"]
    assert condition == "HasKmsKey"
    assert with_key == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": {"Ref": "KmsKeyArn"}}
    assert without == {"SSEAlgorithm": "AES256"}
    uploads = [rule.get("AbortIncompleteMultipartUpload") for rule in bucket["LifecycleConfiguration"]["Rules"]]
    assert {"DaysAfterInitiation": 7} in uploads

    policy = template["Resources"][f"{kind}BucketPolicy"]
    (statement,) = policy["Properties"]["PolicyDocument"]["Statement"]
    assert policy["Properties"]["Bucket"] == {"Ref": f"{kind}Bucket"}
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert len(statement["Resource"]) == 2
    assert policy["Condition"] == "RequiresTls"
    assert template["Parameters"]["RequireTls"]["Default"] == "true"


def rules(kind: str, **given: Any) -> dict[str, Any]:
    """Id → lifecycle rule of a bucket; that of retention as it is when there is one."""
    bucket = data_template(settings(**given), DEFAULT_FEEDS)["Resources"][f"{kind}Bucket"]["Properties"]
    found = [rule["Fn::If"][2] if "Fn::If" in rule else rule for rule in bucket["LifecycleConfiguration"]["Rules"]]
    return {rule["Id"]: rule for rule in found}


def test_raw_files_that_were_replaced_can_be_brought_back_for_thirty_days():
    buckets = of_type(data_template(settings(), DEFAULT_FEEDS)["Resources"], "AWS::S3::Bucket")
    assert buckets["RawBucket"]["VersioningConfiguration"] == {"Status": "Enabled"}
    assert [name for name, bucket in buckets.items() if "VersioningConfiguration" in bucket] == ["RawBucket"]
    assert rules("Raw")["old-versions"]["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}


def test_results_of_queries_expire_after_a_week():
    assert rules("Athena")["results"]["ExpirationInDays"] == 7


def test_what_a_killed_run_of_the_job_left_expires_and_only_that():
    left_behind = rules("Refined", bucket_prefix="team")["left-behind"]
    assert (left_behind["Prefix"], left_behind["ExpirationInDays"]) == ("team/state/glue/", 2)


def test_retention_is_of_raw_and_the_refined_days_of_each_feed_and_off_unless_asked_for():
    prefixes = {
        kind: [
            rule.get("Prefix", "") for name, rule in rules(kind, bucket_prefix="team").items() if "retention" in name
        ]
        for kind in ("Raw", "Refined", "Athena", "Code")
    }
    assert prefixes == {
        "Raw": [""],  # Landing and quarantine are there, too.
        "Refined": ["team/popular_songs/snapshot_date=", "team/top_played/snapshot_date="],
        "Athena": [],
        "Code": [],
    }
    template = data_template(settings(), DEFAULT_FEEDS)
    assert template["Parameters"]["RetentionDays"]["Default"] == 0
    assert template["Conditions"]["KeepsForEver"] == {"Fn::Equals": [{"Ref": "RetentionDays"}, "0"]}


@hypothesis.settings(max_examples=25)
@given(names=st.lists(FEED_NAMES, min_size=1, max_size=5, unique=True), another=FEED_NAMES)
def test_one_feed_more_is_one_raw_and_one_refined_table_one_target_each_and_one_rule_of_retention(names, another):
    feeds = tuple(Feed(name, "search", query="x") for name in names if name != another)
    before, after = (both(settings(), made) for made in (feeds, (*feeds, Feed(another, "search", query="x"))))

    assert sorted(set(table_names(after)) - set(table_names(before))) == [
        ("RawDatabase", another),
        ("RefinedDatabase", another),
    ]
    assert len(table_names(after)) == len(table_names(before)) + 2
    for name, paths in include_paths(after).items():
        [added] = [path for path in paths if path not in include_paths(before)[name]]
        assert added.endswith(f"/{another}/")
        assert len(paths) == len(include_paths(before)[name]) + 1
    rules_before, rules_after = (
        made["RefinedBucket"]["Properties"]["LifecycleConfiguration"]["Rules"] for made in (before, after)
    )
    assert [rule for rule in rules_before if rule not in rules_after] == []
    assert len(rules_after) == len(rules_before) + 1
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed == {
        logical_id("raw", another, "Table"),
        logical_id("refined", another, "Table"),
        "RawCrawler",
        "RefinedCrawler",
        "RefinedBucket",  # Which has a retention rule for each feed.
    }


@given(one=FEED_NAMES, other=FEED_NAMES)
def test_two_feeds_never_share_a_logical_id(one, other):
    assert (logical_id("raw", one, "Table") == logical_id("raw", other, "Table")) == (one == other)
    assert logical_id("raw", one, "Table").isalnum()


def test_every_mart_has_a_table():
    tables = table_names(data_template(settings(), DEFAULT_FEEDS)["Resources"])
    assert [name for database, name in tables if database == "MartsDatabase"] == sorted(
        mart.name for mart in (*MARTS, *LISTENING)
    )


def test_raw_tables_are_all_text_and_refined_ones_typed_as_declared():
    raw, refined = (table_input(declared_tables(area, DEFAULT_FEEDS)[0], settings()) for area in ("raw", "refined"))
    raw_columns, refined_columns = (made["StorageDescriptor"]["Columns"] for made in (raw, refined))
    assert [column["Name"] for column in raw_columns] == list(SNAPSHOT.raw_columns)
    assert {column["Type"] for column in raw_columns} == {"string"}
    assert [(column["Name"], column["Type"]) for column in refined_columns] == [
        (column.name, ATHENA_TYPES[column.type]) for column in SNAPSHOT.columns
    ]
    for made in (raw, refined):
        assert made["PartitionKeys"] == [{"Name": "snapshot_date", "Type": "string"}]


def test_the_reader_of_raw_csv_skips_the_header_and_escapes_with_what_no_raw_file_holds():
    raw = table_input(declared_tables("raw", DEFAULT_FEEDS)[0], settings())
    assert raw["Parameters"]["skip.header.line.count"] == "1"
    assert raw["StorageDescriptor"]["SerdeInfo"]["Parameters"]["escapeChar"] == ESCAPE
    assert CONTROL_CHARACTERS.fullmatch(ESCAPE)


def test_the_classifier_names_the_columns_of_the_raw_csv():
    made = classifier_input(settings(stage="dev"))
    assert made["Header"] == list(SNAPSHOT.raw_columns)
    assert (made["Name"], made["Serde"], made["ContainsHeader"]) == ("spotify-csv-dev", "OpenCSVSerDe", "PRESENT")


def test_crawlers_add_new_folders_and_change_no_table():
    crawlers = of_type(pipeline_template(settings(), DEFAULT_FEEDS)["Resources"], "AWS::Glue::Crawler")
    for crawler in crawlers.values():
        assert crawler["RecrawlPolicy"] == {"RecrawlBehavior": "CRAWL_NEW_FOLDERS_ONLY"}
        assert crawler["SchemaChangePolicy"] == {"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"}
        configuration = json.loads(crawler["Configuration"])
        assert configuration["CrawlerOutput"]["Partitions"]["AddOrUpdateBehavior"] == "InheritFromTable"
        assert configuration["Grouping"]["TableGroupingPolicy"] == "CombineCompatibleSchemas"
        assert configuration["CreatePartitionIndex"] is False
        assert "Schedule" not in crawler
    assert crawlers["RawCrawler"]["Classifiers"] == ["spotify-csv"]


def named(stage: str) -> set[str]:
    """Every name that the stacks of a stage give to something outside the template, as one would find it in AWS."""
    keys = ("BucketName", "RoleName", "FunctionName", "LogGroupName", "Name")
    made, names = settings(stage=stage), set()
    for part in both(made).values():
        properties = part["Properties"]
        if part["Type"] == "AWS::Glue::Database":
            names.add(f"database {properties['DatabaseInput']['Name']}")
        for key in keys:
            if isinstance(name := properties.get(key), str) or (isinstance(name, dict) and "Fn::Sub" in name):
                names.add(f"{part['Type']} {name if isinstance(name, str) else name['Fn::Sub']}")
    return names | {made.names.data_stack, made.names.pipeline_stack, classifier_input(made)["Name"]}


def test_stages_share_no_name():
    prod, dev, another = named("prod"), named("dev"), named("dev2")
    assert len(prod) == len(dev) == len(another) > 20
    assert not (prod & dev or dev & another or prod & another)


def test_what_a_stage_works_on_is_its_own():
    """No text of the stage dev is that of another stage's bucket or database."""
    others = [text for text in texts(both(settings(stage="dev"))) if "spotify-dataops-" in text]
    assert others
    assert all("-dev-" in text for text in others)


def test_a_bucket_that_is_named_in_the_settings_is_used_and_not_made():
    resources = both(settings(bucket_raw="ours"))
    assert "RawBucket" not in resources
    assert "RawBucketPolicy" not in resources
    assert "s3://ours/popular_songs/" in [
        target["Path"] for target in resources["RawCrawler"]["Properties"]["Targets"]["S3Targets"]
    ]
    assert [text for text in texts(resources) if "dataops-raw" in text] == []


def test_a_secret_that_is_named_in_the_settings_is_used_and_not_made():
    name = "mine"
    resources = both(settings(secret=name))
    assert of_type(resources, "AWS::SecretsManager::Secret") == {}
    assert resources["ExtractFunction"]["Properties"]["Environment"]["Variables"]["PYSPOTIFY_SECRET"] == name


def test_the_stack_makes_the_secret_without_a_value():
    (secret,) = of_type(both(settings()), "AWS::SecretsManager::Secret").values()
    assert secret["Name"] == "PySpotify"
    assert not {"SecretString", "GenerateSecretString"} & set(secret)


def test_a_bucket_prefix_is_in_every_place_of_the_lake():
    resources = both(settings(bucket_prefix="team/spotify"))
    places = [text for text in texts(resources) if text.startswith("s3://") and "-code-" not in text]
    assert len(places) > 10
    assert all("/team/spotify/" in f"{place}/" for place in places)


def test_the_schedule_of_the_lambda_is_off_unless_asked_for_and_keeps_to_the_settings():
    template = pipeline_template(settings(timezone="America/Sao_Paulo", snapshot_hour=4), DEFAULT_FEEDS)
    schedule = template["Resources"]["ExtractSchedule"]["Properties"]
    assert schedule["State"] == {"Fn::If": ["ExtractsByLambda", "ENABLED", "DISABLED"]}
    assert template["Parameters"]["ExtractByLambda"]["Default"] == "false"
    assert schedule["ScheduleExpression"] == "cron(0 4 * * ? *)"
    assert schedule["ScheduleExpressionTimezone"] == "America/Sao_Paulo"


def test_a_snapshot_by_the_lambda_is_never_tried_twice():
    resources = pipeline_template(settings(), DEFAULT_FEEDS)["Resources"]
    assert resources["ExtractInvocations"]["Properties"]["MaximumRetryAttempts"] == 0
    assert resources["ExtractSchedule"]["Properties"]["Target"]["RetryPolicy"]["MaximumRetryAttempts"] == 0


def test_the_workgroup_enforces_where_results_go_and_what_a_query_may_scan():
    template = pipeline_template(settings(), DEFAULT_FEEDS)
    configuration = template["Resources"]["Workgroup"]["Properties"]["WorkGroupConfiguration"]
    assert configuration["EnforceWorkGroupConfiguration"] is True
    assert configuration["BytesScannedCutoffPerQuery"] == {"Ref": "ScanCutoff"}
    assert template["Parameters"]["ScanCutoff"]["Default"] == 10 * 2**30
    assert "dataops-athena" in configuration["ResultConfiguration"]["OutputLocation"]["Fn::Sub"]
    assert configuration["ResultConfiguration"]["EncryptionConfiguration"]["Fn::If"][0] == "HasKmsKey"


def test_the_data_stack_holds_what_cannot_be_made_again_and_the_other_holds_none_of_it():
    kept = {"AWS::S3::Bucket", "AWS::Glue::Database", "AWS::Glue::Table", "AWS::SecretsManager::Secret"}
    data, pipeline = (
        {part["Type"] for part in make(settings(), DEFAULT_FEEDS)["Resources"].values()}
        for make in (data_template, pipeline_template)
    )
    assert data == kept | {"AWS::S3::BucketPolicy"}
    assert not pipeline & data


def test_the_copies_lie_beside_the_code_that_makes_them():
    assert {file.name for file in copies()} == {file.name for file in Path("infra/templates").glob("*.yaml")}
