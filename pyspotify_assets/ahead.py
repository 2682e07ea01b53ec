"""Work done ahead of the one who waits for it, in threads: pieces go in and come out in the same order.

It pays where the work leaves Python's lock alone, as pyarrow's does; one piece alone is worked on without any thread.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Piece = TypeVar("Piece")
Done = TypeVar("Done")

_WAITING = 4
"""Pieces that are begun and not yet asked for: with those in work, what is held in memory."""


def ahead(work: Callable[[Piece], Done], pieces: Iterable[Piece], threads: int = 1) -> Iterator[Done]:
    """What `work` gives for each of `pieces`, in their order; up to four pieces are worked on beforehand.

    `pieces` are taken in the thread of the caller. What fails, taking or working, fails where its result would have
    come, after the results of the pieces before it.
    """
    source = iter(pieces)
    first = list(_some(source, 2))
    if len(first) < 2:
        yield from map(work, first)
        return
    begun: deque[Future[Done]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            begun.extend(pool.submit(work, piece) for piece in first)
            failed: Exception | None = None
            while begun:
                while failed is None and len(begun) < _WAITING:
                    try:
                        piece = next(source)
                    except StopIteration:
                        break
                    except Exception as error:
                        failed = error
                    else:
                        begun.append(pool.submit(work, piece))
                yield begun.popleft().result()
            if failed is not None:
                raise failed
        finally:
            for each in begun:
                each.cancel()


def _some(source: Iterator[Piece], count: int) -> Iterator[Piece]:
    for _, piece in zip(range(count), source, strict=False):
        yield piece
