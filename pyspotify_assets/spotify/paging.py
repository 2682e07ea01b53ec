"""Paging: a listing is read by offset, several pages at once, and comes out in its order whatever the order of arrival.

The first page is read alone: it tells how large pages are and how many entries there are. Who answers, and what an
entry is, is not known here.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

from pyspotify_assets.errors import RefusedError, SpotifyError
from pyspotify_assets.spotify import stopping
from pyspotify_assets.spotify.pages import Page

Ask = Callable[[int, int], Page]
"""Gives the page of `limit` entries from `offset` on; called from several threads at once."""


@dataclass(frozen=True)
class Reading:
    """A listing as it came. `pages` in its order; `requests` counts all that were made, for pages left out too;
    `page_size` is the step from page to page."""

    pages: list[Page]
    requests: int
    page_size: int

    @property
    def entries(self) -> list[Any]:
        """Every entry, in the listing's order."""
        return [entry for page in self.pages for entry in page.entries]

    @property
    def total(self) -> int | None:
        """How many entries there are in all, by the last page; None where it does not say."""
        return self.pages[-1].total

    @property
    def is_steady(self) -> bool:
        """Whether all pages tell the same total: else something came or went between them."""
        return len({page.total for page in self.pages}) == 1


def read_listing(ask: Ask, page_size: int, reach: int | None = None, at_once: int = 1) -> Reading:
    """All pages of a listing, or its first `reach` entries, by pages of `page_size`; up to `at_once` at the same time.

    A page that is short is not the last one unless it says so: a search may leave results out of a page. But its `next`
    may go on for ever, so an empty page, `total` and `reach` end the listing too. Pages behind the end are left out.
    Raises the error of the first page that cannot be had, soon, and leaves no thread behind.
    """
    first = ask(page_size if reach is None else min(page_size, reach), 0)
    if _is_over(first, first.limit, reach):
        return Reading([first], first.requests, first.limit)
    # Without a total nobody knows whether there is a next page: then they are asked for one by one.
    workers = _Workers(ask, 1 if first.total is None else max(1, at_once))
    pages, end, upcoming = [first], first.limit, first.limit
    try:
        while not _is_over(pages[-1], end, reach):
            while workers.are_free and not _is_over(pages[-1], upcoming, reach):
                limit = first.limit if reach is None else min(first.limit, reach - upcoming)
                workers.begin(limit, upcoming)
                upcoming += limit
            pages.append(workers.next())
            end = min(end + first.limit, reach or upcoming)
    finally:
        workers.dismiss()
    return Reading(pages, first.requests + workers.requests, first.limit)


def _is_over(page: Page, end: int, reach: int | None) -> bool:
    """Whether nothing is left from position `end` on, as far as `page`, the latest one, tells."""
    beyond_total = page.total is not None and end >= page.total
    return page.is_last or not page.entries or beyond_total or (reach is not None and end >= reach)


class _Workers:
    """Threads that ask for pages; what they bring is taken in the order in which it was begun."""

    def __init__(self, ask: Ask, number: int) -> None:
        self._ask, self._number = ask, number
        self._stop = threading.Event()
        self._pool = ThreadPoolExecutor(
            number, "spotify-page", initializer=stopping.obey, initargs=(self._stop,)
        )  # Its threads begin with the work.
        self._begun: list[Future[Page]] = []
        self._waiting: deque[Future[Page]] = deque()

    @property
    def are_free(self) -> bool:
        return len(self._waiting) < self._number

    @property
    def requests(self) -> int:
        """Page requests for all pages that came, also for those that nobody took. To be asked after `dismiss`."""
        came = (future for future in self._begun if not future.cancelled() and future.exception() is None)
        return sum(future.result().requests for future in came)

    def begin(self, limit: int, offset: int) -> None:
        future = self._pool.submit(_uncut, self._ask, limit, offset)
        self._begun.append(future)
        self._waiting.append(future)

    def next(self) -> Page:
        """The first page of those begun. Raises as soon as any of them has failed."""
        while not self._waiting[0].done():
            wait([future for future in self._waiting if not future.done()], return_when=FIRST_COMPLETED)
            if any(future.done() and future.exception() for future in self._waiting):
                break
        if any(future.done() and future.exception() for future in self._waiting):
            self.dismiss()
            raise self._failure()
        return self._waiting.popleft().result()

    def dismiss(self) -> None:
        """Stop whoever is at work, and wait for the end of the threads."""
        self._stop.set()
        self._pool.shutdown(cancel_futures=True)

    def _failure(self) -> BaseException:
        """The failure to tell of: a refusal, since it says until when; else that of the foremost page."""
        failures = [future.exception() for future in self._begun if not future.cancelled()]
        telling = [error for error in failures if error is not None and not isinstance(error, stopping.Stopped)]
        return next((error for error in telling if isinstance(error, RefusedError)), telling[0])


def _uncut(ask: Ask, limit: int, offset: int) -> Page:
    page = ask(limit, offset)
    if page.limit < limit and page.entries and not page.is_last:
        raise SpotifyError(
            f"Spotify gave pages of {limit} entries and then one of {page.limit}: what is between them is missing.",
            "Run it again: nothing has been written.",
        )
    return page
