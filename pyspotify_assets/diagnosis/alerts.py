"""Where alerts go to, and whether they would arrive. A test message is sent by `live.py` only."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial

from pyspotify_assets.alerts.channels import Channel, Topic, Webhook, channels_for
from pyspotify_assets.alerts.incidents import News, Trouble
from pyspotify_assets.diagnosis.finding import Finding, Look
from pyspotify_assets.settings import Settings

GROUP = "Alerts"


def alert_looks(settings: Settings) -> Iterator[Look]:
    """Every channel beside the log."""
    yield Look(GROUP, "alerts", partial(_named, settings))
    for channel in channels_for(settings):
        if isinstance(channel, Webhook):
            yield Look(GROUP, "webhook", partial(_reachable, channel))
        if isinstance(channel, Topic):
            yield Look(GROUP, "topic", partial(_subscribed, channel.arn), "sns:ListSubscriptionsByTopic")


def message_looks(settings: Settings) -> Iterator[Look]:
    """A message through every channel beside the log, for real."""
    for channel in channels_for(settings):
        if isinstance(channel, Webhook | Topic):
            yield Look("Tried", channel.name, partial(_told, channel))


def _named(settings: Settings) -> Iterator[Finding]:
    places = [channel.name for channel in channels_for(settings)]
    more = "" if places[1:] else "; PYSPOTIFY_ALERT_WEBHOOK and PYSPOTIFY_ALERT_TOPIC send them elsewhere too"
    yield Finding("ok", "alerts", f"told in Dagster's {', by the '.join(places)}{more}")


def _reachable(webhook: Webhook) -> Iterator[Finding]:
    webhook.connect()
    yield Finding("ok", "webhook", f"{webhook.host} can be reached; nothing was posted")


def _subscribed(arn: str) -> Iterator[Finding]:
    from pyspotify_assets.aws.refusals import explained, is_missing
    from pyspotify_assets.aws.session import impatient_client
    from pyspotify_assets.errors import AwsError

    try:
        with explained(AwsError, f"The topic {arn}"):
            client = impatient_client("sns", arn.split(":")[3], 10, 2)
            subscriptions = client.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]
    except AwsError as error:
        if not is_missing(error):
            raise
        yield Finding("problem", "topic", f"{arn} is not there", "Make it, or correct PYSPOTIFY_ALERT_TOPIC.")
        return
    # One that waits to be confirmed has no ARN yet, only a word in its place.
    confirmed = sum(one["SubscriptionArn"].startswith("arn:") for one in subscriptions)
    if confirmed:
        yield Finding("ok", "topic", f"{arn}, {confirmed} confirmed subscription{'' if confirmed == 1 else 's'}")
    else:
        seen = f"{arn} has no confirmed subscription: nobody would hear"
        yield Finding("warning", "topic", seen, "Subscribe to it, and confirm.")


def _told(channel: Channel) -> Iterator[Finding]:
    now = datetime.now(UTC)
    title = "this is a test by pyspotify doctor, nothing is wrong"
    channel.send([News("new", Trouble("lake", "test", now, title, grave=False), now)])
    yield Finding("ok", channel.name, "took a test message; see whether it has arrived")
