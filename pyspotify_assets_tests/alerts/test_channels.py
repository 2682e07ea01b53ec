"""The channels against real servers: what arrives, and how soon they give up, whatever the other side does."""

from __future__ import annotations

import json
import logging
import time
import traceback
import uuid
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from pyspotify_assets.alerts.channels import Log, Topic, Webhook, channels_for
from pyspotify_assets.alerts.incidents import News, Trouble
from pyspotify_assets.alerts.messages import Letterhead
from pyspotify_assets.errors import AlertError
from pyspotify_assets.settings import load_settings
from pyspotify_assets_tests.alerts.webhooks import PATH, answers, drips, hangs, shown, talks_rubbish, webhook
from pyspotify_assets_tests.conftest import free_port

HEAD = Letterhead("PySpotify test", "http://127.0.0.1:3000")
AT = datetime(2024, 3, 3, 6, 5, tzinfo=UTC)
TROUBLE = Trouble("failure", "raw/a", AT, "raw/a failed on 2024-03-03", "500: <Server> error", "Again later.", "runs/1")
NEWS = [News("new", TROUBLE, AT)]
IMPATIENT = 0.3
ACCOUNT = "123456789012"
TOPICS = f"arn:aws:sns:us-east-1:{ACCOUNT}"


def at(url: str) -> Webhook:
    return Webhook(SecretStr(url), HEAD, IMPATIENT)


class TestWebhook:
    def test_gets_what_happened_since_when_what_to_do_and_a_link(self):
        with webhook() as hook:
            at(hook.url).send(NEWS)

        [post] = hook.posts
        assert post["path"] == PATH
        assert post["text"] == "🔴 [PySpotify test] New: raw/a failed on 2024-03-03"
        assert shown(post) == [
            "🔴 *New: raw/a failed on 2024-03-03*\n500: <Server> error\n*Since* 2024-03-03 06:05 UTC\n"
            "*What to do* Again later.\n<http://127.0.0.1:3000/runs/1|Open in Dagster>"
        ]

    @pytest.mark.parametrize("status", [400, 403, 404, 410, 429, 500, 503])
    def test_that_refuses_is_tried_twice_and_then_said_to_have_refused(self, status):
        with webhook(answers(status)) as hook, pytest.raises(AlertError, match=f"at 127.0.0.1 answered {status}"):
            at(hook.url).send(NEWS)

        assert len(hook.posts) == 2

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_that_redirects_is_not_followed(self, status):
        with (
            webhook() as elsewhere,
            webhook(answers(status, Location=elsewhere.url)) as hook,
            pytest.raises(AlertError, match="redirects elsewhere"),
        ):
            at(hook.url).send(NEWS)

        assert elsewhere.posts == []

    @pytest.mark.parametrize("behaviour", [hangs, drips, talks_rubbish], ids=lambda one: one.__name__)
    def test_that_does_not_answer_properly_is_given_up_in_time(self, behaviour):
        with webhook(behaviour) as hook:
            began = time.monotonic()
            with pytest.raises(AlertError, match="did not answer in time or at all"):
                at(hook.url).send(NEWS)

            assert time.monotonic() - began < 10 * IMPATIENT
        assert len(hook.posts) == 2

    def test_that_is_not_there_is_said_to_be_unreachable(self):
        with pytest.raises(AlertError, match="Connection refused"):
            at(f"http://127.0.0.1:{free_port()}{PATH}").send(NEWS)

    @pytest.mark.parametrize("behaviour", [answers(500), answers(302), hangs, talks_rubbish])
    def test_its_address_is_in_no_error(self, behaviour):
        with webhook(behaviour) as hook, pytest.raises(AlertError) as raised:
            at(hook.url).send(NEWS)

        assert "the-secret" not in "".join(traceback.format_exception(raised.value))

    def test_can_be_looked_at_without_a_post(self):
        with webhook() as hook:
            at(hook.url).connect()

        assert hook.posts == []


class TestTopic:
    @pytest.fixture
    def name(self, s3_environment) -> str:
        """The name of a topic of moto's and of a queue that listens to it."""
        import boto3

        name = f"alerts-{uuid.uuid4().hex}"
        topic = boto3.client("sns").create_topic(Name=name)["TopicArn"]
        boto3.client("sqs").create_queue(QueueName=name)
        boto3.client("sns").subscribe(
            TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"
        )
        return name

    def heard(self, name: str) -> list[dict[str, str]]:
        import boto3

        sqs = boto3.client("sqs")
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
        return [json.loads(one["Body"]) for one in sqs.receive_message(QueueUrl=url).get("Messages", [])]

    def test_gets_a_subject_and_the_same_in_plain_text(self, name):
        Topic(f"{TOPICS}:{name}", HEAD).send(NEWS)

        [message] = self.heard(name)
        assert message["Subject"] == "[PySpotify test] New: raw/a failed on 2024-03-03"
        assert message["Message"] == (
            "New: raw/a failed on 2024-03-03\n  since 2024-03-03 06:05 UTC\n  500: <Server> error\n"
            "  → Again later.\n  http://127.0.0.1:3000/runs/1"
        )

    def test_that_is_not_there_is_named_with_the_remedy(self, name):
        with pytest.raises(AlertError, match="no-such-topic") as raised:
            Topic(f"{TOPICS}:no-such-topic", HEAD).send(NEWS)

        assert "PYSPOTIFY_ALERT_TOPIC" in str(raised.value)


def test_the_log_tells_it_as_a_warning(caplog):
    Log(HEAD).send(NEWS)

    [record] = caplog.records
    assert (record.name, record.levelno) == ("pyspotify_assets.alerts", logging.WARNING)
    assert record.getMessage().startswith("New: raw/a failed on 2024-03-03\n  since 2024-03-03 06:05 UTC")


def test_the_log_always_hears_and_the_others_where_they_are_set():
    def names(**settings: str) -> list[str]:
        return [channel.name for channel in channels_for(load_settings(source="sample", **settings))]

    topic = "arn:aws:sns:us-east-1:123456789012:alerts"
    assert names() == ["log"]
    assert names(alert_webhook="https://hooks.example.org/x", alert_topic=topic) == ["log", "webhook", "topic"]
