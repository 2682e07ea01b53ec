"""`pyspotify doctor` on alerts: where they go, whether they would arrive, and with --live a message for real."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

import pytest

from pyspotify_assets.diagnosis.alerts import alert_looks, message_looks
from pyspotify_assets.diagnosis.finding import Finding
from pyspotify_assets.settings import load_settings
from pyspotify_assets_tests.alerts.webhooks import PATH, answers, shown, webhook
from pyspotify_assets_tests.conftest import free_port


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith(("PYSPOTIFY_", "SPOTIPY_"))]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def found(live: bool = False, **settings: str) -> dict[str, Finding]:
    looks = message_looks if live else alert_looks
    findings = [finding for look in looks(load_settings(**settings)) for finding in look.findings()]
    return {finding.thing: finding for finding in findings}


def test_without_channels_it_says_where_trouble_is_told_and_how_to_be_told_elsewhere():
    [finding] = found().values()

    assert finding.status == "ok"
    assert finding.seen.startswith("told in Dagster's log; PYSPOTIFY_ALERT_WEBHOOK")
    assert found(live=True) == {}


def test_a_webhook_is_looked_at_without_a_post_and_with_live_gets_one():
    with webhook() as hook:
        looked = found(alert_webhook=hook.url)
        assert (looked["webhook"].status, hook.posts) == ("ok", [])
        assert looked["alerts"].seen == "told in Dagster's log, by the webhook"
        assert found(live=True, alert_webhook=hook.url)["webhook"].status == "ok"

    [post] = hook.posts
    assert "this is a test by pyspotify doctor, nothing is wrong" in shown(post)[0]


def test_a_webhook_that_is_not_there_or_refuses_is_a_problem_whose_address_is_not_shown():
    with webhook(answers(404)) as hook:
        refused = found(live=True, alert_webhook=hook.url)["webhook"]
    gone = found(alert_webhook=f"http://127.0.0.1:{free_port()}{PATH}")["webhook"]

    for finding in (refused, gone):
        assert finding.status == "problem"
        assert "127.0.0.1" in finding.seen
        assert "PYSPOTIFY_ALERT_WEBHOOK" in finding.remedy
        assert "the-secret" not in repr(finding)


def test_a_topic_that_nobody_has_subscribed_to_is_warned_of(s3_environment):
    import boto3

    name = f"alerts-{uuid.uuid4().hex}"
    topic = boto3.client("sns").create_topic(Name=name)["TopicArn"]

    assert found(alert_topic=topic)["topic"].status == "warning"
    boto3.client("sqs").create_queue(QueueName=name)
    boto3.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=topic.replace(":sns:", ":sqs:"))
    assert found(alert_topic=topic)["topic"].status == "ok"
    assert found(live=True, alert_topic=topic)["topic"].status == "ok"


def test_a_topic_that_is_not_there_is_a_problem(s3_environment):
    finding = found(alert_topic="arn:aws:sns:us-east-1:123456789012:no-such-topic")["topic"]

    assert (finding.status, finding.remedy) == ("problem", "Make it, or correct PYSPOTIFY_ALERT_TOPIC.")
