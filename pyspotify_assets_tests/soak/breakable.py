"""Crawler, SQL engine, stores and runs that break when they are told to, as the real ones do: with the same errors."""

from __future__ import annotations

import errno
import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from pyspotify_assets.aws import session
from pyspotify_assets.errors import CrawlError, QueryError
from pyspotify_assets.feeds import Feed
from pyspotify_assets.stores import folder as folder_store
from pyspotify_assets.stores.folder import FolderStore
from pyspotify_assets.stores.s3 import S3Store
from pyspotify_assets.warehouse import CrawledTable
from pyspotify_assets.warehouse.local_crawler import LocalCrawler
from pyspotify_assets.warehouse.local_engine import LocalEngine

Broken = Callable[[], str]
"""What is wrong at this moment; empty if nothing is."""


class BreakableCrawler(LocalCrawler):
    """A crawler that fails while something is wrong."""

    def __init__(self, lake: Any, broken: Broken) -> None:
        super().__init__(lake)
        self._broken = broken

    def crawl(self, area: str, feeds: Sequence[Feed]) -> list[CrawledTable]:
        if words := self._broken():
            raise CrawlError(f"The crawl of {area} failed: {words}", "Run it again later.")
        return super().crawl(area, feeds)


class BreakableEngine(LocalEngine):
    """A SQL engine that fails while something is wrong: at a query, or at writing or pointing to a partition."""

    def __init__(self, lake: Any, broken: Broken) -> None:
        super().__init__(lake)
        self._broken = broken

    def query(self, *arguments: Any, **named: Any) -> Any:
        self._check()
        return super().query(*arguments, **named)

    def write_partition(self, *arguments: Any, **named: Any) -> Any:
        self._check()
        return super().write_partition(*arguments, **named)

    def point(self, *arguments: Any, **named: Any) -> Any:
        self._check()
        return super().point(*arguments, **named)

    def _check(self) -> None:
        if words := self._broken():
            raise QueryError(f"The query failed: {words}", "Run it again later.")


@contextmanager
def disk(full: Callable[[], bool]) -> Iterator[None]:
    """A disk that takes nothing more while it is full."""
    replace = folder_store._replace

    def or_full(staged: Path, path: Path) -> None:
        if full():
            raise OSError(errno.ENOSPC, "No space left on device")
        replace(staged, path)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(folder_store, "_replace", or_full)
        yield


@contextmanager
def s3_that_breaks(refuses: Callable[[], bool]) -> Iterator[None]:
    """An S3 that slows down, fails or hangs up when it is asked to change something and `refuses`.

    Within the client, where a request would be sent: a front in this process could not answer while DuckDB reads, which
    waits for the files of pyarrow and lets no other thread of Python run. `test_store_faults.py` has the real wire.
    """
    from botocore.awsrequest import AWSResponse
    from botocore.exceptions import ConnectionClosedError

    ways = itertools.cycle([(503, "SlowDown"), None, (500, "InternalError")])

    def instead_of_sending(request: Any, **_: Any) -> AWSResponse | None:
        if request.method not in ("PUT", "POST", "DELETE") or not refuses():
            return None
        way = next(ways)
        if way is None:
            raise ConnectionClosedError(endpoint_url=request.url)
        status, code = way
        content = f"<Error><Code>{code}</Code><Message>made up</Message></Error>".encode()
        answer = AWSResponse(request.url, status, {}, None)
        answer._content = content
        return answer

    events = session.client("s3").meta.events
    events.register("before-send.s3", instead_of_sending)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0.0)
            yield
    finally:
        events.unregister("before-send.s3", instead_of_sending)


class Killed(BaseException):
    """What no `except Exception` catches."""


class Executioner:
    """Kills a run before one of its changes to the lake: from then on nothing of it reaches the lake or Dagster's
    history, in which it stands as started for ever, as after `kill -9`."""

    def __init__(self) -> None:
        self.before: int | None = None
        """How many changes runs are still allowed before the one at which one of them dies; None: they shall live."""
        self.dead = False
        self._watched: int | None = None
        """The thread of the run that may die. What else goes on beside it is no part of it."""

    @contextmanager
    def at_work(self) -> Iterator[None]:
        event, publishes = dg.DagsterInstance.handle_new_event, {}

        def unless_dead(*arguments: Any, **named: Any) -> None:
            if self._is_dead():
                raise Killed
            event(*arguments, **named)

        def counted(publish: Callable) -> Callable:
            def or_die(*arguments: Any, **named: Any) -> Any:
                if threading.get_ident() == self._watched and self.before is not None:
                    self.before -= 1
                    self.dead = self.dead or self.before < 0
                if self._is_dead():
                    raise Killed
                return publish(*arguments, **named)

            return or_die

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(dg.DagsterInstance, "handle_new_event", unless_dead)
            for store in (FolderStore, S3Store):
                publishes[store] = store.publish
                patch.setattr(store, "publish", counted(store.publish))
            yield

    @contextmanager
    def around_a_run(self) -> Iterator[None]:
        """A run that may be killed; afterwards the machine goes on."""
        self._watched = threading.get_ident()
        try:
            yield
        except Killed:
            pass
        finally:
            self.before = None if self.dead else self.before
            self.dead, self._watched = False, None

    def _is_dead(self) -> bool:
        return self.dead and threading.get_ident() == self._watched
