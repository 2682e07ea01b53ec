"""A stack is made, brought up to date, removed; what failed is named; waiting ends. And buckets are emptied."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import boto3
import pytest

from infra import emptying
from infra.code import Code, upload
from infra.stacks import Change, Stack
from pyspotify_assets.errors import AwsError
from pyspotify_assets_tests.infra.scripted_stack import Story, told

BUCKET = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": {"Ref": "Name"}}}
TEMPLATE = {"Parameters": {"Name": {"Type": "String"}}, "Resources": {"One": BUCKET}}
EMPTY_CHANGE = Change({"TemplateBody": "{}"}, {}, {})


def change(template: dict[str, Any], name: str | None) -> Change:
    return Change({"TemplateBody": json.dumps(template)}, {"Name": name}, {"stage": "test"})


@pytest.fixture
def said() -> list[str]:
    return []


def apply(story: Story, monkeypatch: pytest.MonkeyPatch, said: list[str], patience: float = 5) -> bool:
    """Bring the stack of a story up to date, with some change."""
    with told(story) as address:
        for name, text in {
            "AWS_ENDPOINT_URL": address,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_CONFIG_FILE": os.devnull,
        }.items():
            monkeypatch.setenv(name, text)
        return Stack("some-stack", said.append, patience).apply(EMPTY_CHANGE)


def test_a_stack_is_made_once_left_alone_changed_and_removed(s3_environment, s3_bucket, said):
    stack, s3 = Stack(f"of-{s3_bucket}", said.append), boto3.client("s3")
    assert stack.described() is None
    assert stack.apply(change(TEMPLATE, f"{s3_bucket}-of-stack"))
    assert s3.head_bucket(Bucket=f"{s3_bucket}-of-stack")

    assert not stack.apply(change(TEMPLATE, f"{s3_bucket}-of-stack"))
    with_two = {**TEMPLATE, "Resources": {"One": BUCKET, "Two": {"Type": "AWS::S3::Bucket"}}}
    assert stack.apply(change(with_two, None)), "a parameter of None keeps its value"
    assert s3.head_bucket(Bucket=f"{s3_bucket}-of-stack")

    assert stack.remove()
    assert stack.described() is None
    assert not stack.remove()


def test_what_happens_is_told_and_a_failure_names_the_first_that_failed_and_why(monkeypatch, said):
    bucket = "AWS::S3::Bucket"
    story = Story(
        states=["", "CREATE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "ROLLBACK_COMPLETE"],
        events=[
            ("CREATE_IN_PROGRESS", "CodeBucket", bucket, ""),
            ("CREATE_COMPLETE", "CodeBucket", bucket, ""),
            ("CREATE_FAILED", "AthenaBucket", bucket, "Resource creation cancelled"),
            ("CREATE_FAILED", "RawBucket", bucket, "mine already exists"),
            ("CREATE_FAILED", "RefinedBucket", bucket, "another already exists"),
            ("ROLLBACK_IN_PROGRESS", "some-stack", "AWS::CloudFormation::Stack", "The following failed: …"),
        ],
    )
    with pytest.raises(AwsError, match=r"could not be made \(ROLLBACK_COMPLETE\): RawBucket .*: mine already exists"):
        apply(story, monkeypatch, said)
    assert [line.split() for line in said][:2] == [
        ["CREATE_COMPLETE", "CodeBucket", "(AWS::S3::Bucket)"],
        ["CREATE_FAILED", "AthenaBucket", "(AWS::S3::Bucket)"],
    ]


@pytest.mark.parametrize("left", ["ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "REVIEW_IN_PROGRESS"])
def test_what_a_failed_creation_left_is_removed_first(left, monkeypatch, said):
    story = Story(states=[left, left, "DELETE_COMPLETE", "CREATE_COMPLETE"])
    assert apply(story, monkeypatch, said)
    assert story.actions() == ["DeleteStack", "CreateStack"]


def test_a_change_of_somebody_else_is_waited_for(monkeypatch, said):
    story = Story(states=["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_COMPLETE"])
    assert apply(story, monkeypatch, said)
    assert story.actions() == ["UpdateStack"]


def test_nothing_to_change_is_no_failure(monkeypatch, said):
    story = Story(states=["UPDATE_COMPLETE"], refusals={"UpdateStack": "No updates are to be performed."})
    assert not apply(story, monkeypatch, said)


@pytest.mark.parametrize(
    ("state", "remedy"), [("UPDATE_ROLLBACK_FAILED", "continue-update-rollback"), ("DELETE_FAILED", "make destroy")]
)
def test_a_stuck_stack_is_left_alone_and_the_way_out_is_named(state, remedy, monkeypatch, said):
    story = Story(states=[state])
    with pytest.raises(AwsError, match=remedy):
        apply(story, monkeypatch, said)
    assert story.actions() == []


def test_waiting_ends(monkeypatch, said):
    story = Story(states=["UPDATE_COMPLETE", "UPDATE_IN_PROGRESS"])
    with pytest.raises(AwsError, match=r"could not be updated within 0\.5 seconds") as caught:
        apply(story, monkeypatch, said, patience=0.5)
    assert "CloudFormation goes on" in caught.value.remedy


def test_a_refused_change_says_what_cloudformation_said(monkeypatch, said):
    story = Story(states=["CREATE_COMPLETE"], refusals={"UpdateStack": "Template error: no such thing"})
    with pytest.raises(AwsError, match=r"some-stack.*no such thing"):
        apply(story, monkeypatch, said)


def test_emptying_removes_every_version_and_every_delete_marker(s3_environment, s3_bucket, monkeypatch, said):
    s3 = boto3.client("s3")
    s3.put_bucket_versioning(Bucket=s3_bucket, VersioningConfiguration={"Status": "Enabled"})
    for key in ("a", "b", "b", "c"):
        s3.put_object(Bucket=s3_bucket, Key=key, Body=b"x")
    s3.delete_object(Bucket=s3_bucket, Key="c")
    monkeypatch.setattr(emptying, "BATCH", 2)

    emptying.empty(s3_bucket, said.append)

    assert said == [f"  s3://{s3_bucket}: {number} objects removed" for number in (2, 4, 5)]
    s3.delete_bucket(Bucket=s3_bucket)


def test_a_bucket_that_is_gone_is_empty(s3_environment, said):
    emptying.empty("never-was-there", said.append)
    assert said == []


def test_code_is_uploaded_once_under_a_key_that_changes_with_it(s3_environment, s3_bucket, tmp_path, said):
    function, script, packages = (tmp_path / name for name in ("f.zip", "refine.py", "p.zip"))
    for file in (function, script, packages):
        file.write_text(file.name)
    code = Code(function, script, packages)
    first = upload(code, s3_bucket, said.append)
    again = upload(code, s3_bucket, said.append)
    script.write_text("another")
    changed = upload(code, s3_bucket, said.append)

    assert first == again
    assert [line.split()[0] for line in said] == ["uploaded"] * 3 + ["unchanged"] * 3 + [
        "unchanged",
        "uploaded",
        "unchanged",
    ]
    assert {name for name in first if first[name] != changed[name]} == {"JobScriptKey"}
    body = boto3.client("s3").get_object(Bucket=s3_bucket, Key=first["JobScriptKey"])["Body"].read()
    assert body == b"refine.py", "what a former stack points to is still there"
    assert Path(first["JobScriptKey"]).name == "refine.py"
