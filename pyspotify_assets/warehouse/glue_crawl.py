"""One crawl of one AWS Glue crawler: started, waited for, judged; stopped when nobody waits for it any more.

What it has found is not read here, see `glue_crawler.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, suppress
from typing import Any

from pyspotify_assets.aws.refusals import code_of, explained, is_missing
from pyspotify_assets.aws.session import client
from pyspotify_assets.aws.waiting import Pauses
from pyspotify_assets.errors import CrawlError

STARTS = 3
"""How often a crawl is started at most, when somebody else is faster each time."""

_SETTLING = 60
"""Seconds in which Glue has to know of a crawl that it has accepted: its answers may lag behind."""

_LONGER = "Look in its log what takes so long; PYSPOTIFY_CRAWL_TIMEOUT allows more seconds."


class GlueCrawl:
    """Runs the crawler `name`. `timeout`: seconds that one crawl may take, ours or the one that is waited for."""

    def __init__(self, name: str, timeout: float, pauses: Pauses) -> None:
        self.name, self._timeout, self._pauses = name, timeout, pauses

    def require(self) -> None:
        """CrawlError if there is no such crawler, or it may not be looked at."""
        self._look()

    def run(self) -> None:
        """Crawl, from begin to end. CrawlError with what Glue says, and where its log is, unless it succeeded.

        A crawl that is running already is waited for and followed by one more: it may have passed by what is new.
        Whatever ends the waiting early, an interrupt above all, stops the crawl that was started here.
        """
        for _ in range(STARTS):
            before, started = self._wait_until_idle(), False
            try:
                started = self._start()
                last = self._wait_for_end(before) if started else None
            except BaseException as error:
                # Interrupted in the middle of the start, nobody knows whether it has been accepted.
                if started or not isinstance(error, Exception):
                    self._stop()
                raise
            if last is not None:
                return self._judge(last)
        raise CrawlError(
            f"The crawler {self.name} was started by somebody else {STARTS} times while it was waited for",
            "Look what starts it so often: one schedule or sensor should.",
        )

    def _wait_until_idle(self) -> Mapping[str, Any]:
        """What Glue says of the last crawl once the crawler is READY."""
        state = ""
        for _ in self._pauses.looks(self._timeout):
            crawler = self._look()
            state = crawler.get("State", "")
            if state == "READY":
                return crawler.get("LastCrawl") or {}
        raise CrawlError(
            f"The crawler {self.name} was busy with a crawl that somebody else had started, for {self._timeout:g} s; "
            f"its last state is {state}",
            _LONGER,
        )

    def _start(self) -> bool:
        """False if somebody else was faster."""
        from botocore.exceptions import ClientError

        with self._explained():
            try:
                client("glue").start_crawler(Name=self.name)
            except ClientError as refusal:
                if code_of(refusal) == "CrawlerRunningException":
                    return False
                raise
        return True

    def _wait_for_end(self, before: Mapping[str, Any]) -> Mapping[str, Any]:
        """What Glue says of our crawl: the first one that is another than the one `before`.

        Told apart by what Glue says, not by its clock and ours.
        """
        state = ""
        for waited in self._pauses.looks(self._timeout):
            crawler = self._look_meanwhile()
            state, last = crawler.get("State", ""), crawler.get("LastCrawl") or {}
            if state != "READY":
                continue
            if _identity(last) != _identity(before):
                return last
            if waited >= _SETTLING:
                break
        if state == "READY":
            raise CrawlError(
                f"The crawler {self.name} has been started, but Glue knows nothing of that crawl",
                "Look at the crawler's runs in the Glue console, then crawl again.",
            )
        raise CrawlError(
            f"The crawl of {self.name} was waited for {self._timeout:g} s and has not ended; its last state is "
            f"{state}. It has been told to stop",
            _LONGER,
        )

    def _judge(self, last: Mapping[str, Any]) -> None:
        status, words = last.get("Status", "unknown"), last.get("ErrorMessage") or "Glue gives no reason"
        if status == "CANCELLED":
            raise CrawlError(f"The crawl of {self.name} was stopped by somebody before its end: {words}", _log(last))
        if status != "SUCCEEDED":
            raise CrawlError(f"The crawl of {self.name} ended with {status}: {words}", _log(last))

    def _stop(self) -> None:
        """Tell the crawler to stop; it may have done so already. What failed before is what the user shall see."""
        from botocore.exceptions import BotoCoreError, ClientError

        with suppress(ClientError, BotoCoreError, CrawlError):
            client("glue").stop_crawler(Name=self.name)

    def _look(self) -> Mapping[str, Any]:
        with self._explained():
            return client("glue").get_crawler(Name=self.name)["Crawler"]

    def _look_meanwhile(self) -> Mapping[str, Any]:
        try:
            return self._look()
        except CrawlError as error:
            if not is_missing(error):
                raise
            words = f"The crawler {self.name} was deleted while its crawl was waited for"
            raise CrawlError(words, "`make deploy` makes it again; then crawl again.") from error

    def _explained(self) -> AbstractContextManager[None]:
        return explained(CrawlError, f"The crawler {self.name}")


def _log(last: Mapping[str, Any]) -> str:
    """What to do about a crawl that did not succeed: where its log is (Glue API reference, LastCrawlInfo)."""
    group, stream = last.get("LogGroup") or "/aws-glue/crawlers", last.get("LogStream") or "of the crawler's name"
    lines = f", lines with {last['MessagePrefix']}" if last.get("MessagePrefix") else ""
    return f"Its log is in CloudWatch: group {group}, stream {stream}{lines}. Mend what it names, then crawl again."


def _identity(last: Mapping[str, Any]) -> tuple[object, object]:
    return last.get("StartTime"), last.get("MessagePrefix")
