"""QuickSight on loopback for the tests of this folder, with an author, a reader and a group."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import boto3
import pytest

from pyspotify_assets.names import AwsNames
from pyspotify_assets.quicksight import apply
from pyspotify_assets_tests.quicksight_front import QuickSight, quicksight_front

ACCOUNT, REGION = "123456789012", "us-east-1"
ANNA = f"arn:aws:quicksight:{REGION}:{ACCOUNT}:user/default/anna"
BERT = f"arn:aws:quicksight:{REGION}:{ACCOUNT}:group/default/bert"


@pytest.fixture(scope="module")
def served(s3_server: str) -> Iterator[QuickSight]:
    """One front for all tests, since boto3 is slow to make clients; moto has a user and a group."""
    client = boto3.session.Session("test", "test", region_name=REGION).client("quicksight", endpoint_url=s3_server)
    place = {"AwsAccountId": ACCOUNT, "Namespace": "default"}
    for name, role in (("anna", "AUTHOR"), ("rita", "READER")):
        client.register_user(IdentityType="QUICKSIGHT", Email="a@example.org", UserRole=role, UserName=name, **place)
    client.create_group(GroupName="bert", **place)
    with quicksight_front(s3_server) as front:
        yield front


@pytest.fixture
def quicksight(served: QuickSight, s3_environment: str, monkeypatch: pytest.MonkeyPatch) -> QuickSight:
    monkeypatch.setenv("AWS_ENDPOINT_URL_QUICKSIGHT", served.address)
    monkeypatch.setattr(apply, "PAUSES", apply.Pauses(first=0.01, longest=0.05))
    served.requests.clear()
    served.scripted.clear()
    return served


@pytest.fixture
def names() -> AwsNames:
    """Those of a stage that no other test has."""
    return AwsNames(f"t{uuid.uuid4().hex[:8]}")
