"""The channels that alerts go through: the log (which is the terminal in `local`), a webhook, an SNS topic.

A channel that does not take a message says so with an AlertError, within a bounded time; the others are not its affair.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Sequence
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import SplitResult, urlsplit

from pyspotify_assets.alerts.incidents import News
from pyspotify_assets.alerts.messages import Letterhead, slack, subject, text
from pyspotify_assets.errors import AlertError

if TYPE_CHECKING:
    from pydantic import SecretStr

    from pyspotify_assets.settings import Settings

PATIENCE = 5.0
"""Seconds that one attempt at a webhook may take, from the first byte to the answer's status."""

ATTEMPTS = 2
"""How often a channel is tried at one time; the next round tries again."""

log = logging.getLogger("pyspotify_assets.alerts")


class Channel(Protocol):
    """Something that news can be sent through. `name`: "log", "webhook", "topic"; by it, what is unsent is kept."""

    name: str

    def send(self, news: Sequence[News]) -> None:
        """Deliver all of it as one message. AlertError where it was not taken: it may have arrived all the same."""


class Log:
    """The log of this process: what a terminal shows in `local`, and CloudWatch on AWS."""

    name = "log"

    def __init__(self, head: Letterhead) -> None:
        self._head = head

    def send(self, news: Sequence[News]) -> None:
        log.warning("%s", text(news, self._head))


class Webhook:
    """A webhook that takes Slack's format: Slack itself, Mattermost, Rocket.Chat, and Discord with `/slack` at the end.

    Its address lets whoever has it post, so it is in no message, log or error. Only a status of 2xx counts as taken;
    no redirect is followed, and nothing of the answer's body is read.
    """

    name = "webhook"

    def __init__(self, url: SecretStr, head: Letterhead, patience: float = PATIENCE) -> None:
        self._url, self._head, self._patience = url, head, patience

    @property
    def host(self) -> str:
        """The part of the address that may be shown."""
        return self._split().hostname or ""

    def send(self, news: Sequence[News]) -> None:
        body = json.dumps(slack(news, self._head)).encode()
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._post(body)
            except AlertError:
                if attempt == ATTEMPTS:
                    raise
        return None

    def connect(self) -> None:
        """Open a connection and close it again, sending nothing of the address. AlertError where that fails."""
        connection = self._connection()
        try:
            connection.connect()
        except (OSError, HTTPException) as error:
            raise self._unreachable(error) from None
        finally:
            connection.close()

    def _post(self, body: bytes) -> None:
        split, connection = self._split(), self._connection()
        # A time-out of a socket is for each read: a server that drips would hold us for as long as it likes.
        cut = threading.Event()
        deadline = threading.Timer(self._patience, _cut, [connection, cut])
        deadline.daemon = True
        deadline.start()
        try:
            target = f"{split.path or '/'}{f'?{split.query}' if split.query else ''}"
            connection.request("POST", target, body, {"Content-Type": "application/json", "User-Agent": "pyspotify"})
            status = connection.getresponse().status
        except (OSError, HTTPException, ValueError) as error:
            raise self._unreachable(error) from None  # Without its cause, which may quote the address.
        finally:
            deadline.cancel()
            connection.close()
        if cut.is_set():  # What had come by then may look like an answer.
            raise self._unreachable(TimeoutError())
        if 300 <= status < 400:
            raise AlertError(
                f"The webhook at {self.host} redirects elsewhere ({status}), which is not followed",
                "Set PYSPOTIFY_ALERT_WEBHOOK to the address that it has now.",
            )
        if not 200 <= status < 300:
            raise AlertError(f"The webhook at {self.host} answered {status}", _MEND_WEBHOOK)

    def _connection(self) -> HTTPConnection:
        split = self._split()
        kind = HTTPSConnection if split.scheme == "https" else HTTPConnection
        return kind(split.hostname or "", split.port, timeout=self._patience)

    def _split(self) -> SplitResult:
        return urlsplit(self._url.get_secret_value())

    def _unreachable(self, error: Exception) -> AlertError:
        why = f"{error.strerror}" if isinstance(error, OSError) and error.strerror else type(error).__name__
        return AlertError(f"The webhook at {self.host} did not answer in time or at all: {why}", _MEND_WEBHOOK)


class Topic:
    """An SNS topic by its ARN, in the region that the ARN names: mails, text messages, chat, whatever subscribes."""

    name = "topic"

    def __init__(self, arn: str, head: Letterhead) -> None:
        self.arn, self._head = arn, head

    def send(self, news: Sequence[News]) -> None:
        from pyspotify_assets.aws.refusals import explained

        with explained(AlertError, f"The topic {self.arn}", "Make it, or correct PYSPOTIFY_ALERT_TOPIC."):
            self._client().publish(TopicArn=self.arn, Subject=subject(news, self._head), Message=text(news, self._head))

    def _client(self) -> Any:
        from pyspotify_assets.aws.session import impatient_client

        return impatient_client("sns", self.arn.split(":")[3], PATIENCE, ATTEMPTS)


def channels_for(settings: Settings) -> list[Channel]:
    """The channels that the settings name: always the log, then webhook and topic where they are set."""
    head = letterhead(settings)
    found: list[Channel] = [Log(head)]
    if settings.alert_webhook:
        found.append(Webhook(settings.alert_webhook, head))
    if settings.alert_topic:
        found.append(Topic(settings.alert_topic, head))
    return found


def letterhead(settings: Settings) -> Letterhead:
    """Which pipeline speaks, and where its Dagster is."""
    which = f"{settings.stage}" if settings.env == "aws" else f"local, {settings.resolved_source()}"
    return Letterhead(f"PySpotify {which}", settings.ui_address())


_MEND_WEBHOOK = "It is tried again with the next round. If it stays so, see whether PYSPOTIFY_ALERT_WEBHOOK is right."


def _cut(connection: HTTPConnection, cut: threading.Event) -> None:
    import socket

    cut.set()
    if connection.sock is not None:
        with suppress(OSError):
            connection.sock.shutdown(socket.SHUT_RDWR)
