"""What the roles may do: named actions on named resources, each for a reason, and nothing twice."""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from typing import Any

import pytest

from infra.roles import logical_id, role_resources, trust
from pyspotify_assets.aws.permissions import WILDCARD_RESOURCES, Statement, statements
from pyspotify_assets.names import ROLES
from pyspotify_assets.settings import Settings

ACCOUNT, REGION, KEY = "123456789012", "eu-west-1", "arn:aws:kms:eu-west-1:123456789012:key/abc"
ANNA = f"arn:aws:quicksight:us-east-1:{ACCOUNT}:user/default/anna"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts"
ASKED_FOR: dict[str, Any] = {"kms_key": "some", "quicksight_principal": ANNA, "alert_topic": TOPIC}
"""Settings that make roles larger: an own key, a dashboard in QuickSight, a topic of alerts."""
LONGEST = 10_240
"""Characters without white space that IAM allows all inline policies of a role together."""


def settings(**given: Any) -> Settings:
    """Settings that no environment variable has a part in."""
    return Settings.model_construct(env="aws", **given)


def granted(role: str, **given: Any) -> list[Statement]:
    return [one.filled(ACCOUNT, REGION, KEY, ANNA) for one in statements(role, settings(**given))]


def may(role: str, action: str, resource: str, **given: Any) -> bool:
    """Whether a role may do something; `resource` is an ARN as it would be in a request."""
    return any(
        action in one.actions and any(fnmatchcase(resource, pattern) for pattern in one.resources)
        for one in granted(role, **given)
    )


def in_bucket(kind: str, key: str) -> str:
    return f"arn:aws:s3:::spotify-dataops-{kind}-{ACCOUNT}-{REGION}/{key}"


@pytest.mark.parametrize("role", ROLES)
def test_every_action_is_named_and_every_resource_too(role):
    for one in granted(role, **ASKED_FOR):
        for action in one.actions:
            assert re.fullmatch("[a-z0-9]+:[A-Z][A-Za-z]+", action), f"{one.sid}: {action}"
        for resource in one.resources:
            if resource == "*":
                assert set(one.actions) <= set(WILDCARD_RESOURCES), f"{one.sid}: no reason is given for *"
                continue
            arn, _, service, _, _, name = resource.split(":", 5)
            assert arn == "arn"
            assert "*" not in service
            assert re.match(r"[a-z/-]*:?[\w-]", name), f"{one.sid}: {resource}"
            assert not name.endswith("/*") or name.count("/") or service == "s3"


@pytest.mark.parametrize("role", ROLES)
def test_every_statement_has_a_name_of_its_own_and_a_reason(role):
    found = granted(role, **ASKED_FOR)
    assert len({one.sid for one in found}) == len(found) > 0
    for one in found:
        assert re.fullmatch("[A-Za-z0-9]+", one.sid)
        assert len(one.reason) > 10
        assert one.actions
        assert one.resources


@pytest.mark.parametrize("role", ROLES)
def test_nothing_is_allowed_twice(role):
    """Else one of the two could be taken away without anybody noticing, and nobody could say what it is for."""
    pairs = [
        (one.sid, action, resource)
        for one in granted(role, **ASKED_FOR)
        for action in one.actions
        for resource in one.resources
    ]
    for sid, action, resource in pairs:
        others = [
            other
            for other, same_action, pattern in pairs
            if same_action == action and (other, pattern) != (sid, resource) and fnmatchcase(resource, pattern)
        ]
        assert not others, f"{action} on {resource} of {sid} is in {others} too"


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("given", [{}, ASKED_FOR, {"stage": "dev", "bucket_prefix": "a", "bucket_raw": "ours"}])
def test_a_filled_statement_has_no_places_left(role, given):
    for one in granted(role, **given):
        assert not [resource for resource in one.resources if "{" in resource or "::" in resource[:8]]


@pytest.mark.parametrize(
    ("region", "begins"),
    [("eu-west-1", "arn:aws:"), ("cn-north-1", "arn:aws-cn:"), ("us-gov-west-1", "arn:aws-us-gov:")],
)
def test_arns_are_of_the_regions_partition(region, begins):
    for one in statements("pipeline", settings()):
        assert all(resource.startswith(begins) for resource in one.filled(ACCOUNT, region).resources)


@pytest.mark.parametrize("role", ROLES)
def test_the_role_in_the_stack_has_exactly_its_statements(role):
    made = role_resources(settings())[logical_id(role)]["Properties"]
    plain, *conditional = made["Policies"]
    declared = statements(role, settings())
    entries = plain["PolicyDocument"]["Statement"]
    assert [(entry["Sid"], tuple(entry["Action"])) for entry in entries] == [(one.sid, one.actions) for one in declared]
    assert {entry["Effect"] for entry in entries} == {"Allow"}
    for entry, one in zip(entries, declared, strict=True):
        assert len(entry["Resource"]) == len(one.resources)
    found = {
        part["Fn::If"][0]: [entry["Sid"] for entry in part["Fn::If"][1]["PolicyDocument"]["Statement"]]
        for part in conditional
    }
    conditions = {"HasKmsKey": "kms_key", "HasDashboard": "quicksight_principal", "HasAlertTopic": "alert_topic"}
    for condition, setting in conditions.items():
        more = statements(role, settings(**{setting: ASKED_FOR[setting]}))[len(declared) :]
        assert found.pop(condition, []) == [one.sid for one in more]
    assert found == {}
    assert not {"ManagedPolicyArns"} & set(made)


@pytest.mark.parametrize("role", ROLES)
def test_policies_stay_within_what_iam_allows_even_with_the_longest_names(role):
    found = granted(
        role,
        stage="a123456789",
        bucket_raw="r" * 63,
        bucket_refined="s" * 63,
        bucket_prefix="p" * 60,
        **{**ASKED_FOR, "alert_topic": f"{TOPIC}{'t' * 250}"},
    )
    assert len(json.dumps([one.document() for one in found], separators=(",", ":"))) < LONGEST


@pytest.mark.parametrize(
    ("role", "service"),
    [
        ("crawler", "glue"),
        ("glue-job", "glue"),
        ("lambda", "lambda"),
        ("scheduler", "scheduler"),
        ("quicksight", "quicksight"),
    ],
)
def test_a_workers_role_is_taken_by_its_service_alone(role, service):
    (entry,) = trust(role)
    assert entry["Principal"] == {"Service": f"{service}.amazonaws.com"}


@pytest.mark.parametrize("role", ["crawler", "glue-job", "scheduler", "pipeline"])
def test_a_service_takes_a_role_for_this_account_only(role):
    (entry,) = [entry for entry in trust(role) if "Service" in entry["Principal"]]
    assert entry["Condition"] == {"StringEquals": {"aws:SourceAccount": "{account}"}}


def test_the_pipelines_role_is_taken_by_whom_the_account_lets_and_by_ecs():
    account, service = trust("pipeline")
    assert account["Principal"] == {"AWS": "arn:{partition}:iam::{account}:root"}
    assert service["Principal"] == {"Service": "ecs-tasks.amazonaws.com"}


def test_nobody_may_delete_a_day_of_raw_or_refined():
    day = "popular_songs/snapshot_date=2026-11-22/popular_songs"
    for role in ROLES:
        assert not may(role, "s3:DeleteObject", in_bucket("raw", f"{day}.csv"))
        assert not may(role, "s3:DeleteObject", in_bucket("refined", f"{day}.parquet"))
        assert not any("Bucket" in action and "Delete" in action for one in granted(role) for action in one.actions)


def test_the_pipeline_takes_from_landing_and_replaces_marts():
    assert may("pipeline", "s3:DeleteObject", in_bucket("raw", "landing/top_played/2026-11-22/a.csv"))
    assert may("pipeline", "s3:DeleteObject", in_bucket("refined", "marts/top_artists/run/a.parquet"))


def test_the_lambda_only_lands_files():
    assert may("lambda", "s3:PutObject", in_bucket("raw", "landing/top_played/2026-11-22/a.csv"))
    assert not may("lambda", "s3:PutObject", in_bucket("raw", "top_played/snapshot_date=2026-11-22/top_played.csv"))
    assert not [action for one in granted("lambda") for action in one.actions if action.startswith("s3:List")]


def test_the_job_publishes_nothing_by_itself():
    assert may("glue-job", "s3:PutObject", in_bucket("refined", "state/glue/top_played/2026-11-22/x/part.parquet"))
    assert not may("glue-job", "s3:PutObject", in_bucket("refined", "top_played/snapshot_date=2026-11-22/a.parquet"))


def test_a_crawler_adds_days_to_declared_tables_and_writes_no_object():
    actions = {action for one in granted("crawler") for action in one.actions}
    assert "glue:BatchCreatePartition" in actions
    assert not actions & {"glue:CreateTable", "glue:DeleteTable", "glue:DeletePartition", "s3:PutObject"}


def test_only_marts_are_pointed_to_by_the_pipeline():
    table = f"arn:aws:glue:{REGION}:{ACCOUNT}:table"
    assert may("pipeline", "glue:UpdatePartition", f"{table}/spotify_marts/top_artists")
    assert not may("pipeline", "glue:UpdatePartition", f"{table}/spotify_raw/top_played")


def test_a_role_of_one_stage_may_nothing_in_another():
    for role in ROLES:
        for one in granted(role, stage="dev", quicksight_principal=ANNA):
            for resource in one.resources:
                shared = ("catalog", "database/default", "log-group:/aws-glue/", ":user/default/anna")
                assert "dev" in resource or any(name in resource for name in shared), resource


def test_shared_buckets_are_touched_below_the_prefix_only():
    given = {"bucket_raw": "ours", "bucket_prefix": "team"}
    assert may("pipeline", "s3:GetObject", "arn:aws:s3:::ours/team/top_played/a.csv", **given)
    assert not may("pipeline", "s3:GetObject", "arn:aws:s3:::ours/other/a.csv", **given)


def test_a_secret_may_be_read_and_only_that_one():
    secret = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret"
    for role in ("pipeline", "lambda"):
        assert may(role, "secretsmanager:GetSecretValue", f"{secret}:PySpotify-aB3xyz")
        assert not may(role, "secretsmanager:GetSecretValue", f"{secret}:PySpotifyOther-aB3xyz")
        assert not may(role, "secretsmanager:GetSecretValue", f"{secret}:PySpotify-dev-aB3xyz")


def test_a_topic_is_published_to_by_the_pipeline_and_only_the_one_that_is_named():
    assert may("pipeline", "sns:Publish", TOPIC, alert_topic=TOPIC)
    assert not may("pipeline", "sns:Publish", f"{TOPIC}-of-others", alert_topic=TOPIC)
    assert not may("pipeline", "sns:Publish", TOPIC)
    assert [role for role in ROLES if may(role, "sns:Publish", TOPIC, alert_topic=TOPIC)] == ["pipeline"]


def test_nothing_of_quicksight_is_allowed_unless_a_dashboard_is_asked_for():
    def of_quicksight(**given: Any) -> set[str]:
        found = {action for one in granted("pipeline", **given) for action in one.actions}
        return {action for action in found if action.startswith(("quicksight:", "iam:"))}

    assert of_quicksight() == set()
    assert {"quicksight:CreateDashboard", "iam:PassRole"} <= of_quicksight(quicksight_principal=ANNA)
    assert not [action for action in of_quicksight(quicksight_principal=ANNA) if "Delete" in action]
    assert role_resources(settings())[logical_id("quicksight")]["Condition"] == "HasDashboard"


def test_quicksight_reads_marts_and_no_other_table_of_the_lake():
    run = "marts/top_artists/run/snapshot_date=2026-11-22/a.parquet"
    assert may("quicksight", "s3:GetObject", in_bucket("refined", run))
    assert not may("quicksight", "s3:GetObject", in_bucket("refined", "top_played/snapshot_date=2026-11-22/a.parquet"))
    assert not may("quicksight", "s3:GetObject", in_bucket("raw", "top_played/snapshot_date=2026-11-22/a.csv"))
    tables = f"arn:aws:glue:{REGION}:{ACCOUNT}:table"
    assert may("quicksight", "glue:GetTable", f"{tables}/spotify_marts/top_artists")
    assert not may("quicksight", "glue:GetTable", f"{tables}/spotify_refined/top_played")
    writes = {
        action for one in granted("quicksight") for action in one.actions if "Put" in action or "Delete" in action
    }
    assert writes == {"s3:PutObject"}
    assert not may("quicksight", "s3:PutObject", in_bucket("refined", run))


def test_the_pipeline_passes_one_role_and_looks_up_one_principal():
    given = {"quicksight_principal": ANNA}
    roles = f"arn:aws:iam::{ACCOUNT}:role"
    assert may("pipeline", "iam:PassRole", f"{roles}/spotify-quicksight", **given)
    assert not may("pipeline", "iam:PassRole", f"{roles}/spotify-pipeline", **given)
    assert may("pipeline", "quicksight:DescribeUser", ANNA, **given)
    assert not may("pipeline", "quicksight:DescribeUser", ANNA.replace("anna", "bert"), **given)


def test_an_own_key_is_used_by_those_who_read_or_write_objects():
    for role in ROLES:
        used = {action for one in granted(role, kms_key="some") for action in one.actions if action.startswith("kms:")}
        assert used == {
            "scheduler": set(),
            "crawler": {"kms:Decrypt"},
        }.get(role, {"kms:Decrypt", "kms:GenerateDataKey"})
        assert not [action for one in granted(role) for action in one.actions if action.startswith("kms:")]
