"""Edits: a playlist that its owner changes while somebody is reading it."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

Edit = Callable[[list[int]], list[int]]
"""What an edit makes of a playlist: positions (from 0) of the day's playlist in, positions out. A position beyond the
playlist's length is a track that was not on it."""


def first_goes(positions: list[int]) -> list[int]:
    """The first is taken off: whatever follows moves up, and a page read after it leaves one out."""
    return positions[1:]


def newcomer_first(positions: list[int]) -> list[int]:
    """A track that was not on it comes first: whatever follows moves down, and a page read after it repeats one."""
    return [max(positions, default=-1) + 1, *positions]


def first_to_the_end(positions: list[int]) -> list[int]:
    """The first moves to the end: as long as before, and a page read after it leaves one out and repeats another."""
    return [*positions[1:], *positions[:1]]


def saved_again(positions: list[int]) -> list[int]:
    """Nothing moves: only the playlist's snapshot_id is another."""
    return positions


@dataclass
class _Scheduled:
    after: int
    edit: Edit


class Edits:
    """What is going to happen to which playlist, counted by the requests for it; safe for several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._scheduled: dict[str, list[_Scheduled]] = {}
        self._done: dict[str, list[Edit]] = {}

    def schedule(self, playlist: str, edit: Edit, after: int) -> None:
        """Have `edit` happen as soon as `after` more requests for the playlist have been answered."""
        with self._lock:
            self._scheduled.setdefault(playlist, []).append(_Scheduled(after, edit))

    def so_far(self, playlist: str) -> list[Edit]:
        """Count one request for the playlist, and give the edits that have happened before it."""
        with self._lock:
            waiting = self._scheduled.get(playlist, [])
            done = self._done.setdefault(playlist, [])
            for scheduled in [*waiting]:
                if scheduled.after <= 0:
                    done.append(scheduled.edit)
                    waiting.remove(scheduled)
                scheduled.after -= 1
            return [*done]

    def forget(self) -> None:
        """All playlists are as the day has them."""
        with self._lock:
            self._scheduled.clear()
            self._done.clear()
