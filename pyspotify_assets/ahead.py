"""Work done ahead of the one who waits for it, in threads: pieces go in and come out in the same order.

It pays where the work leaves Python's lock alone, as pyarrow's does.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future

Piece = TypeVar("Piece")
Done = TypeVar("Done")

WAITING = 4
"""Pieces that are begun and not yet asked for: with those in work, what is held in memory."""


def ahead(
    work: Callable[[Piece], Done],
    pieces: Iterable[Piece],
    threads: int = 1,
    waiting: int = WAITING,
    worth: Callable[[Piece], bool] = lambda first: True,
) -> Iterator[Done]:
    """What `work` gives for each of `pieces`, in their order; up to `waiting` pieces are worked on beforehand.

    `pieces` are taken in the thread of the caller. What fails, taking or working, fails where its result would have
    come, after the results of the pieces before it. If the first piece is not `worth` it, which is when it looks like
    the only one, there are no threads: to start them takes as long as refining a hundred rows.
    """
    from concurrent.futures import ThreadPoolExecutor

    failures: list[Exception] = []
    source = _until_failure(pieces, failures)
    first = list(islice(source, 1))
    in_threads, source = all(map(worth, first)), chain(first, source)
    del first  # Otherwise it would be held to the end.
    if not in_threads:
        yield from map(work, source)
    else:
        begun: deque[Future[Done]] = deque()
        with ThreadPoolExecutor(threads) as pool:
            try:
                for piece in source:
                    begun.append(pool.submit(work, piece))
                    if len(begun) == waiting:
                        yield begun.popleft().result()
                while begun:
                    yield begun.popleft().result()
            finally:
                for each in begun:
                    each.cancel()
    for failure in failures:
        raise failure


def _until_failure(pieces: Iterable[Piece], failures: list[Exception]) -> Iterator[Piece]:
    try:
        yield from pieces
    except Exception as failure:
        failures.append(failure)
