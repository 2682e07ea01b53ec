"""Deploy and destroy: on a full endpoint, from nothing to nothing and back; for everyone, what is refused before."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner

from infra.__main__ import main
from infra.code import Code
from infra.crawlers import bring_to_rest
from infra.deploy import LONGEST_BODY, Options, deploy
from infra.destroy import destroy
from infra.templates import body, data_template
from pyspotify_assets.aws import session
from pyspotify_assets.aws.refusals import DENIED, code_of
from pyspotify_assets.aws.session import filled
from pyspotify_assets.errors import AwsError, SettingsError
from pyspotify_assets.feeds import DEFAULT_FEEDS, Feed
from pyspotify_assets.names import CRAWLERS, DATABASES
from pyspotify_assets.settings import Settings, load_settings
from pyspotify_assets_tests.aws.judgement import grant_as_judged
from pyspotify_assets_tests.aws.stacks import as_administrator, environment
from pyspotify_assets_tests.scripted_aws import Refusal, scripted_aws

ANOTHER = Feed("another", "search", query="x")


def silent(line: str) -> None:
    """Somebody to tell who does not listen."""


@pytest.fixture
def code(tmp_path: Path) -> Code:
    """Files in the place of what is built: what is in them is not what these tests are about."""
    files = [tmp_path / name for name in ("function.zip", "refine.py", "packages.zip")]
    for file in files:
        file.write_bytes(b"PK\x05\x06" + bytes(18))  # An empty zip.
    return Code(*files)


@pytest.fixture
def stage() -> Iterator[Callable[..., Settings]]:
    """Settings of a stage of its own on the full endpoint, which is destroyed at the end."""
    with as_administrator():
        name = f"t{uuid.uuid4().hex[:8]}"
        yield lambda **given: load_settings(env="aws", stage=name, **given)
        destroy(load_settings(env="aws", stage=name), data=True, echo=silent)


def standing(settings: Settings) -> set[str]:
    """Names of what is there of a stage, asked of the services and not of CloudFormation."""
    mark = settings.stage
    glue, s3 = boto3.client("glue"), boto3.client("s3")
    found = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    found += [database["Name"] for database in glue.get_databases()["DatabaseList"]]
    found += [crawler["Name"] for crawler in glue.get_crawlers()["Crawlers"]]
    found += [job["Name"] for job in glue.get_jobs()["Jobs"]]
    found += [one["CsvClassifier"]["Name"] for one in glue.get_classifiers()["Classifiers"]]
    found += [role["RoleName"] for role in boto3.client("iam").list_roles()["Roles"]]
    found += [function["FunctionName"] for function in boto3.client("lambda").list_functions()["Functions"]]
    found += [schedule["Name"] for schedule in boto3.client("scheduler").list_schedules()["Schedules"]]
    found += [secret["Name"] for secret in boto3.client("secretsmanager").list_secrets()["SecretList"]]
    found += [group["Name"] for group in boto3.client("athena").list_work_groups()["WorkGroups"]]
    found += [group["logGroupName"] for group in boto3.client("logs").describe_log_groups()["logGroups"]]
    return {name for name in found if mark in name}


def tables(settings: Settings, area: str) -> set[str]:
    found = boto3.client("glue").get_tables(DatabaseName=settings.names.database(area))
    return {table["Name"] for table in found["TableList"]}


def include_paths(settings: Settings) -> list[str]:
    crawlers = [boto3.client("glue").get_crawler(Name=settings.names.crawler(area))["Crawler"] for area in CRAWLERS]
    return [target["Path"] for crawler in crawlers for target in crawler["Targets"]["S3Targets"]]


@pytest.mark.aws
def test_from_nothing_to_nothing(stage, code):
    settings = stage()
    assert standing(settings) == set()
    deploy(settings, DEFAULT_FEEDS, silent, code=code)

    names = settings.names
    assert standing(settings) == {
        *(filled(names.bucket(kind)) for kind in ("raw", "refined", "athena", "code")),
        *(names.database(area) for area in DATABASES),
        *(names.crawler(area) for area in CRAWLERS),
        *(names.role(role) for role in ("pipeline", "crawler", "glue-job", "lambda", "scheduler")),
        names.glue_job,
        names.classifier,
        names.function,
        f"/aws/lambda/{names.function}",
        names.secret,
        names.workgroup,
    }
    cloudformation = boto3.client("cloudformation")
    (data,) = cloudformation.describe_stacks(StackName=names.data_stack)["Stacks"]
    assert data["EnableTerminationProtection"]

    destroy(settings, data=True, echo=silent)
    assert standing(settings) == set()


@pytest.mark.aws
def test_deploying_again_changes_nothing(stage, code):
    deploy(stage(), DEFAULT_FEEDS, silent, code=code)
    said: list[str] = []
    deploy(stage(), DEFAULT_FEEDS, said.append, code=code)
    assert [line for line in said if "nothing to change" in line] == ["  nothing to change"] * 2
    assert f"  {stage().names.classifier}: unchanged" in said
    assert len([line for line in said if line.startswith("  unchanged s3://")]) == 3
    assert not [line for line in said if "_COMPLETE" in line or "uploaded" in line]


@pytest.mark.aws
def test_options_that_are_not_given_stay_as_they_are(stage, code):
    settings, scheduler = stage(), boto3.client("scheduler")
    deploy(settings, DEFAULT_FEEDS, silent, code=code)
    assert scheduler.get_schedule(Name=settings.names.function)["State"] == "DISABLED"
    deploy(settings, DEFAULT_FEEDS, silent, Options(True, retention_days=60, scan_cutoff=20_000_000), code)
    deploy(settings, DEFAULT_FEEDS, silent, code=code)
    assert scheduler.get_schedule(Name=settings.names.function)["State"] == "ENABLED"
    workgroup = boto3.client("athena").get_work_group(WorkGroup=settings.names.workgroup)["WorkGroup"]
    assert int(workgroup["Configuration"]["BytesScannedCutoffPerQuery"]) == 20_000_000
    (data,) = boto3.client("cloudformation").describe_stacks(StackName=settings.names.data_stack)["Stacks"]
    assert {"ParameterKey": "RetentionDays", "ParameterValue": "60"} in data["Parameters"]
    deploy(settings, DEFAULT_FEEDS, silent, Options(extract_by_lambda=False), code)
    assert scheduler.get_schedule(Name=settings.names.function)["State"] == "DISABLED"


@pytest.mark.aws
def test_quicksight_has_a_role_while_a_dashboard_is_asked_for(stage, code):
    anna = f"arn:aws:quicksight:us-east-1:{session.account()}:user/default/anna"
    role, iam = stage().names.role("quicksight"), boto3.client("iam")
    deploy(stage(quicksight_principal=anna), DEFAULT_FEEDS, silent, code=code)
    assert role in standing(stage())
    trust = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    assert [one["Principal"] for one in trust["Statement"]] == [{"Service": "quicksight.amazonaws.com"}]
    policies = iam.list_role_policies(RoleName=stage().names.role("pipeline"))["PolicyNames"]
    assert "dashboard" in policies

    deploy(stage(), DEFAULT_FEEDS, silent, code=code)
    assert role not in standing(stage())


@pytest.mark.aws
def test_a_feed_more_gets_tables_and_targets_and_the_others_keep_their_days(stage, code):
    settings, glue = stage(), boto3.client("glue")
    deploy(settings, DEFAULT_FEEDS, silent, code=code)
    place = {"DatabaseName": settings.names.database("raw"), "TableName": "top_played"}
    columns = glue.get_table(DatabaseName=place["DatabaseName"], Name="top_played")["Table"]["StorageDescriptor"]
    glue.create_partition(**place, PartitionInput={"Values": ["2026-11-22"], "StorageDescriptor": columns})

    deploy(settings, (*DEFAULT_FEEDS, ANOTHER), silent, code=code)

    for area in CRAWLERS:
        assert tables(settings, area) - {"plays"} == {"popular_songs", "top_played", "another"}
    assert len(include_paths(settings)) == 6 + 1  # The listening history has no raw table.
    assert len([path for path in include_paths(settings) if path.endswith("/another/")]) == 2
    assert [one["Values"] for one in glue.get_partitions(**place)["Partitions"]] == [["2026-11-22"]]

    deploy(settings, DEFAULT_FEEDS, silent, code=code)
    assert tables(settings, "raw") == {"popular_songs", "top_played"}
    assert len(include_paths(settings)) == 4 + 1


@pytest.mark.aws
def test_destroying_leaves_data_and_deploying_again_finds_them(stage, code):
    settings, s3 = stage(), boto3.client("s3")
    deploy(settings, DEFAULT_FEEDS, silent, code=code)
    bucket = filled(settings.bucket("raw"))
    s3.put_object(Bucket=bucket, Key="top_played/snapshot_date=2026-11-22/top_played.csv", Body=b"x")
    boto3.client("secretsmanager").put_secret_value(SecretId=settings.names.secret, SecretString="kept")
    marts = {"DatabaseName": settings.names.database("marts"), "TableName": "top_artists"}
    glue = boto3.client("glue")
    glue.create_partition(**marts, PartitionInput={"Values": ["2026-11-22"], "StorageDescriptor": {"Columns": []}})

    destroy(settings, echo=silent)
    assert settings.names.crawler("raw") not in standing(settings)
    assert bucket in standing(settings)
    deploy(settings, DEFAULT_FEEDS, silent, code=code)

    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 1
    secret = boto3.client("secretsmanager").get_secret_value(SecretId=settings.names.secret)
    assert secret["SecretString"] == "kept"
    assert [one["Values"] for one in glue.get_partitions(**marts)["Partitions"]] == [["2026-11-22"]]


@pytest.mark.aws
def test_destroying_data_takes_every_version_and_can_be_repeated(stage, code):
    settings, s3 = stage(), boto3.client("s3")
    deploy(settings, DEFAULT_FEEDS, silent, code=code)
    for text in (b"one", b"two"):
        s3.put_object(Bucket=filled(settings.bucket("raw")), Key="a.csv", Body=text)
    s3.delete_object(Bucket=filled(settings.bucket("raw")), Key="a.csv")
    for _ in range(2):
        destroy(settings, data=True, echo=silent)
        assert standing(settings) == set()


@pytest.mark.aws
def test_a_failed_creation_is_explained_and_the_next_one_begins_anew(stage, code):
    settings, s3 = stage(), boto3.client("s3")
    in_the_way = settings.names.workgroup
    boto3.client("athena").create_work_group(Name=in_the_way)
    with pytest.raises(AwsError, match=rf"{settings.names.pipeline_stack} could not be made .*Workgroup") as caught:
        deploy(settings, DEFAULT_FEEDS, silent, code=code)
    assert caught.value.remedy
    boto3.client("athena").delete_work_group(WorkGroup=in_the_way, RecursiveDeleteOption=True)

    deploy(settings, DEFAULT_FEEDS, silent, code=code)
    assert settings.names.crawler("raw") in standing(settings)
    assert s3.head_bucket(Bucket=filled(settings.bucket("raw")))


@pytest.mark.aws
def test_a_bucket_of_your_own_is_used_and_outlives_the_stacks(stage, code):
    s3, bucket = boto3.client("s3"), f"ours-{uuid.uuid4().hex[:8]}"
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="other/people.txt", Body=b"x")
    settings = stage(bucket_raw=bucket, bucket_prefix="team")
    deploy(settings, DEFAULT_FEEDS, silent, code=code)
    assert f"s3://{bucket}/team/top_played/" in include_paths(settings)
    destroy(settings, data=True, echo=silent)
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 1


@pytest.mark.aws
def test_a_bucket_that_is_named_as_the_stacks_own_is_the_stacks(stage, code):
    deploy(stage(), DEFAULT_FEEDS, silent, code=code)
    settings, said = stage(bucket_raw=filled(stage().bucket("raw"))), list[str]()
    deploy(settings, DEFAULT_FEEDS, said.append, code=code)
    assert said.count("  nothing to change") == 2


@pytest.mark.aws
def test_a_key_of_your_own_is_found_by_its_alias_encrypts_results_and_roles_may_use_it(stage, code):
    kms, iam = boto3.client("kms"), boto3.client("iam")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    settings = stage(kms_key=f"alias/{stage().stage}")
    kms.create_alias(AliasName=settings.kms_key, TargetKeyId=key)

    deploy(settings, DEFAULT_FEEDS, silent, code=code)

    workgroup = boto3.client("athena").get_work_group(WorkGroup=settings.names.workgroup)["WorkGroup"]
    assert workgroup["Configuration"]["ResultConfiguration"]["EncryptionConfiguration"]["KmsKey"] == key
    policy = iam.get_role_policy(RoleName=settings.names.role("lambda"), PolicyName="key")["PolicyDocument"]
    assert policy["Statement"][0]["Resource"] == [key]


@contextmanager
def as_pipeline(settings: Settings) -> Iterator[None]:
    """The environment of a process that works in the pipeline's role; skips where roles are not enforced."""
    role = f"arn:aws:iam::{session.account()}:role/{settings.names.role('pipeline')}"
    given = boto3.client("sts").assume_role(RoleArn=role, RoleSessionName="pyspotify-test")["Credentials"]
    names = {
        "AWS_ACCESS_KEY_ID": "AccessKeyId",
        "AWS_SECRET_ACCESS_KEY": "SecretAccessKey",
        "AWS_SESSION_TOKEN": "SessionToken",
    }
    with environment({variable: given[name] for variable, name in names.items()}):
        try:
            session.client("iam").list_roles()
        except ClientError:
            yield
        else:
            pytest.skip("this endpoint does not enforce permissions")


def refused(call: Callable[..., Any], **parameters: Any) -> bool:
    """Whether AWS refuses a call for want of permission."""
    try:
        call(**parameters)
    except ClientError as refusal:
        assert code_of(refusal) in DENIED, refusal
        return True
    return False


@pytest.mark.aws
def test_the_pipelines_role_may_what_it_needs_and_no_more(stage, code):
    settings = stage()
    deploy(settings, DEFAULT_FEEDS, silent, code=code)
    grant_as_judged(settings)
    bucket, day = filled(settings.bucket("raw")), "top_played/snapshot_date=2026-11-22/top_played.csv"
    databases = {area: settings.names.database(area) for area in DATABASES}
    partition = {"PartitionInput": {"Values": ["2026-11-22"], "StorageDescriptor": {}}}
    with as_pipeline(settings):
        s3, glue, athena = (session.client(service) for service in ("s3", "glue", "athena"))
        assert not refused(s3.put_object, Bucket=bucket, Key=day, Body=b"x")
        assert not refused(s3.list_objects_v2, Bucket=bucket)
        assert not refused(s3.delete_object, Bucket=bucket, Key="landing/top_played/2026-11-22/a.csv")
        assert not refused(glue.get_table, DatabaseName=databases["raw"], Name="top_played")
        assert not refused(glue.create_partition, DatabaseName=databases["marts"], TableName="top_artists", **partition)
        assert not refused(glue.start_crawler, Name=settings.names.crawler("raw"))
        query = athena.start_query_execution(QueryString="SELECT 1", WorkGroup=settings.names.workgroup)
        assert not refused(athena.get_query_execution, QueryExecutionId=query["QueryExecutionId"])

        assert refused(s3.delete_object, Bucket=bucket, Key=day)
        assert refused(s3.delete_bucket, Bucket=bucket)
        assert refused(glue.delete_table, DatabaseName=databases["raw"], Name="top_played")
        assert refused(glue.create_partition, DatabaseName=databases["raw"], TableName="top_played", **partition)
        assert refused(glue.start_crawler, Name="somebody-elses")
        assert refused(athena.start_query_execution, QueryString="SELECT 1", WorkGroup="primary")
        assert refused(session.client("lambda").invoke, FunctionName=settings.names.function)


@pytest.mark.aws
def test_more_feeds_than_one_request_can_hold(stage, code):
    feeds = tuple(Feed(f"feed_{number}", "search", query="x") for number in range(30))
    settings = stage()
    assert len(body(data_template(settings, feeds))) > LONGEST_BODY
    deploy(settings, feeds, silent, code=code)
    assert tables(settings, "refined") == {"plays", *(feed.name for feed in feeds)}
    assert len(include_paths(settings)) == 60 + 1


@pytest.mark.aws
def test_two_stages_live_in_one_account(stage, code):
    one, other = stage(), load_settings(env="aws", stage=f"u{uuid.uuid4().hex[:8]}")
    deploy(one, DEFAULT_FEEDS, silent, code=code)
    before = standing(one)
    try:
        deploy(other, (ANOTHER,), silent, code=code)
        assert len(standing(other)) == len(before)
    finally:
        destroy(other, data=True, echo=silent)
    assert standing(one) == before
    assert standing(other) == set()


def test_a_bucket_that_is_named_but_missing_is_refused_before_anything_is_made(s3_environment, code):
    settings = load_settings(env="aws", bucket_refined="not-there-at-all")
    before = boto3.client("cloudformation").list_stacks()["StackSummaries"]
    with pytest.raises(AwsError, match="PYSPOTIFY_BUCKET_REFINED") as caught:
        deploy(settings, DEFAULT_FEEDS, silent, code=code)
    assert "unset PYSPOTIFY_BUCKET_REFINED" in caught.value.remedy
    assert boto3.client("cloudformation").list_stacks()["StackSummaries"] == before


def test_a_crawler_at_work_is_stopped_before_it_is_removed(s3_environment, monkeypatch):
    states = [{"Crawler": {"Name": "spotify-raw", "State": state}} for state in ("RUNNING", "STOPPING", "READY")]
    said: list[str] = []
    with scripted_aws(GetCrawler=states, StopCrawler={}) as aws:
        monkeypatch.setenv("AWS_ENDPOINT_URL_GLUE", aws.address)
        bring_to_rest(load_settings(env="aws"), ["raw"], said.append)
    assert aws.operations == ["GetCrawler", "StopCrawler", "GetCrawler", "GetCrawler"]
    assert said == ["  spotify-raw is at work: stopping it"]


def test_a_crawler_that_is_not_there_or_at_rest_is_left_alone(s3_environment, monkeypatch):
    answers = [Refusal("EntityNotFoundException"), {"Crawler": {"Name": "spotify-refined", "State": "READY"}}]
    with scripted_aws(GetCrawler=answers) as aws:
        monkeypatch.setenv("AWS_ENDPOINT_URL_GLUE", aws.address)
        bring_to_rest(load_settings(env="aws"), ["raw", "refined"], silent)
    assert aws.operations == ["GetCrawler", "GetCrawler"]


def test_retention_within_the_window_of_the_marts_is_refused(code):
    with pytest.raises(SettingsError, match="28 days of retention"):
        deploy(load_settings(env="aws"), DEFAULT_FEEDS, silent, Options(retention_days=28), code)


def run(*words: str, **given: Any) -> Any:
    return CliRunner().invoke(main, list(words), **given)


@pytest.mark.parametrize("words", [(), ("deploy",), ("destroy",), ("templates",)])
def test_every_command_has_help(words):
    assert run(*words, "--help").exit_code == 0


def test_destroying_data_asks_for_the_stages_name(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)  # No .env here.
    ended = run("destroy", "--data", "--stage", "dev", input="prod\n")
    assert ended.exit_code == 1
    assert "stage dev, for good" in ended.output
    assert ended.output.rstrip().endswith("Nothing was removed.")


def test_a_wrong_stage_ends_with_our_words(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    ended = run("deploy", "--stage", "Über")
    assert ended.exit_code == 1
    assert "PYSPOTIFY_STAGE" in ended.output
    assert "Traceback" not in ended.output
