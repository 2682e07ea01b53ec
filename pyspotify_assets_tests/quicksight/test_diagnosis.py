"""What `pyspotify doctor` says of QuickSight: nothing unless it is asked for, then what is missing."""

from __future__ import annotations

from typing import Any

import boto3
import pytest

from pyspotify_assets.diagnosis.aws_account import Identity
from pyspotify_assets.diagnosis.aws_quicksight import quicksight_looks
from pyspotify_assets.diagnosis.finding import Finding
from pyspotify_assets.feeds import DEFAULT_FEEDS
from pyspotify_assets.names import AwsNames
from pyspotify_assets.quicksight.apply import apply_dashboard
from pyspotify_assets.quicksight.declared import declared
from pyspotify_assets.quicksight.principal import principal_of
from pyspotify_assets.settings import load_settings
from pyspotify_assets_tests.quicksight.conftest import ACCOUNT, ANNA, BERT, REGION
from pyspotify_assets_tests.scripted_aws import Refusal

WHO = Identity(f"arn:aws:iam::{ACCOUNT}:user/somebody", ACCOUNT, REGION)


def looked(names: AwsNames, principal: str = ANNA, **given: Any) -> dict[str, Finding]:
    settings = load_settings(**{"env": "aws", "stage": names.stage, "quicksight_principal": principal} | given)
    found = [finding for look in quicksight_looks(settings, WHO) for finding in look.findings()]
    return {finding.thing.partition(" spotify")[0]: finding for finding in found}


@pytest.fixture
def stage(names: AwsNames) -> AwsNames:
    """A stage whose stack has the role that QuickSight takes."""
    boto3.client("iam").create_role(RoleName=names.role("quicksight"), AssumeRolePolicyDocument="{}")
    return names


def test_unless_it_is_asked_for_nothing_is_looked_at(quicksight, names):
    assert looked(names, principal="") == {}
    assert looked(names, env="local") == {}
    assert quicksight.requests == []


def test_an_applied_dashboard_is_well(quicksight, stage):
    whole = declared(stage, DEFAULT_FEEDS, ACCOUNT, REGION)
    list(apply_dashboard(whole, principal_of(ANNA), ACCOUNT, stage.stage))

    found = looked(stage)

    assert {thing: one.status for thing, one in found.items()} == dict.fromkeys(
        ("subscription", "principal", "role", "data source", "dashboard"), "ok"
    )
    assert "AUTHOR" in found["principal"].seen


def test_before_the_first_time_it_says_what_makes_it(quicksight, stage):
    found = looked(stage, BERT)

    assert {thing for thing, one in found.items() if one.status == "warning"} == {"data source", "dashboard"}
    assert "quicksight_dashboard" in found["dashboard"].remedy


@pytest.mark.parametrize(
    ("info", "word"),
    [
        ({"Edition": "STANDARD", "AccountSubscriptionStatus": "ACCOUNT_CREATED"}, "STANDARD"),
        ({"Edition": "ENTERPRISE", "AccountSubscriptionStatus": "UNSUBSCRIBED"}, "UNSUBSCRIBED"),
    ],
)
def test_another_edition_and_an_ended_subscription_are_problems(quicksight, stage, info, word):
    quicksight.scripted["DescribeAccountSubscription"] = [{"AccountInfo": info}]

    found = looked(stage)["subscription"]

    assert (found.status, word in found.seen) == ("problem", True)
    assert "docs/quicksight.md" in found.remedy


def test_without_a_subscription_nobody_is_sent_to_make_deploy(quicksight, stage):
    words = f"Account {ACCOUNT} is not signed up with QuickSight with namespace default."
    for operation in ("DescribeAccountSubscription", "DescribeUser", "DescribeDataSource", "DescribeDashboard"):
        quicksight.scripted[operation] = [Refusal("ResourceNotFoundException", words, 404)]

    found = looked(stage)

    for thing in ("subscription", "principal", "data source", "dashboard"):
        assert found[thing].status == "problem"
        assert "no subscription" in found[thing].seen
        assert "make deploy" not in found[thing].remedy


def test_a_principal_that_is_not_there_is_a_problem_of_the_setting(quicksight, stage):
    found = looked(stage, ANNA.replace("anna", "nobody"))["principal"]

    assert found.status == "problem"
    assert "PYSPOTIFY_QUICKSIGHT_PRINCIPAL" in found.remedy


def test_a_role_that_is_missing_is_made_by_deploying(quicksight, names):
    found = looked(names)["role"]

    assert (found.status, found.seen) == ("problem", "is not there")
    assert "make deploy" in found.remedy


def test_what_the_pipeline_need_not_see_is_unseen(quicksight, stage):
    quicksight.scripted["DescribeAccountSubscription"] = [Refusal("AccessDeniedException", "no", 403)]

    assert looked(stage)["subscription"].status == "unseen"


def test_a_data_source_that_failed_says_why(quicksight, stage):
    reason = {"Type": "ACCESS_DENIED", "Message": "Unable to assume role"}
    quicksight.scripted["DescribeDataSource"] = [{"DataSource": {"Status": "CREATION_FAILED", "ErrorInfo": reason}}]

    found = looked(stage)["data source"]

    assert (found.status, found.seen) == ("problem", "CREATION_FAILED: ACCESS_DENIED Unable to assume role")
