"""Pages: one answer of Spotify's Web API that lists entries, or tells of the list, checked for what paging depends on.

What an entry is made of is `records.py`'s part.
"""

from dataclasses import dataclass
from typing import Any

from pyspotify_assets.spotify.failures import WrongShape

LARGEST_PAGE = 50
"""Entries that are asked for at once, to begin with: the most that Spotify gives anybody."""
SMALLEST_PAGE = 10
"""The most that a search gives to an app in development mode, and so what is asked for after "Invalid limit"."""


@dataclass(frozen=True)
class Page:
    """One page. `total` is how many entries there are in all, None where Spotify does not say; `is_last` is that it
    names no next page; `requests` is how many page requests it took to get it; `limit` is how far the next page is."""

    entries: list[Any]
    total: int | None
    is_last: bool
    requests: int
    limit: int


@dataclass(frozen=True)
class PlaylistFacts:
    """What a playlist says of itself. `snapshot_id` is another whenever its items change; None if it is not told.
    `owner` is the id of the user whose it is. `requests`: how many it took to ask."""

    snapshot_id: str | None
    owner: str | None
    requests: int


def search_page(answer: Any, requests: int, limit: int) -> Page:
    """The page in an answer of /search to `limit` results. WrongShape, naming the part, where one is missing."""
    if not isinstance(answer, dict) or not isinstance(answer.get("tracks"), dict):
        raise WrongShape("`tracks`")
    return read_page(answer["tracks"], requests, limit)


def counted_page(answer: Any, requests: int, limit: int) -> Page:
    """The page in an answer whose `total` is exact, such as that of /playlists/{id}/items. WrongShape likewise."""
    page = read_page(answer, requests, limit)
    if page.total is None:  # without it, nobody could tell whether all entries have come
        raise WrongShape("`total`")
    return page


def read_page(answer: Any, requests: int, limit: int) -> Page:
    """The page in a bare paging object. WrongShape naming the part that is missing."""
    if not isinstance(answer, dict):
        raise WrongShape("`items`")
    total, entries = _whole(answer.get("total")), answer.get("items")
    if not isinstance(entries, list):  # null has been seen: it is nobody's empty listing, that is []
        raise WrongShape("`items`")
    given = _whole(answer.get("limit")) or limit
    return Page(entries, total, not answer.get("next"), requests, min(limit, max(given, len(entries))))


def playlist_facts(answer: Any, requests: int) -> PlaylistFacts:
    """The facts in an answer of /playlists/{id}. WrongShape if it is no object."""
    if not isinstance(answer, dict):
        raise WrongShape("`snapshot_id`")
    owner = answer.get("owner")
    told = (answer.get("snapshot_id"), owner.get("id") if isinstance(owner, dict) else None)
    snapshot_id, owner_id = (text if isinstance(text, str) else None for text in told)
    return PlaylistFacts(snapshot_id, owner_id, requests)


def _whole(number: Any) -> int | None:
    if isinstance(number, bool) or not isinstance(number, (int, float)) or not 0 <= number < 2**53:
        return None
    return int(number)
