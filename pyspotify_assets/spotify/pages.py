"""Pages: one answer of Spotify's Web API that lists entries, checked for the parts that paging depends on.

What an entry is made of is `records.py`'s part.
"""

from dataclasses import dataclass
from typing import Any

from pyspotify_assets.errors import SpotifyError

PAGE_SIZE = 50
"""Entries asked for at once: the most that Spotify gives to an app with extended quota."""


@dataclass(frozen=True)
class Page:
    """One page. `total` is how many entries there are in all, None where a search does not say; `is_last` is that
    Spotify names no next page; `requests` is how many page requests it took to get it."""

    entries: list[Any]
    total: int | None
    is_last: bool
    requests: int


def search_page(answer: Any, requests: int) -> Page:
    """The page in an answer of /search. SpotifyError naming the part that is missing."""
    if not isinstance(answer, dict) or not isinstance(answer.get("tracks"), dict):
        raise _unexpected("a search", "`tracks`")
    return _page(answer["tracks"], "a search", requests)


def playlist_page(answer: Any, requests: int) -> Page:
    """The page in an answer of /playlists/{id}/items. SpotifyError naming the part that is missing."""
    page = _page(answer, "a playlist", requests)
    if page.total is None:  # without it, nobody could tell whether all entries have come
        raise _unexpected("a playlist", "`total`")
    return page


def _page(listing: Any, what: str, requests: int) -> Page:
    if not isinstance(listing, dict) or not isinstance(listing.get("items"), list):
        raise _unexpected(what, "`items`")
    total = listing.get("total")
    if isinstance(total, bool) or not isinstance(total, (int, float)) or not 0 <= total < 2**53:
        total = None
    return Page(listing["items"], total if total is None else int(total), not listing.get("next"), requests)


def _unexpected(what: str, part: str) -> SpotifyError:
    return SpotifyError(
        f"Spotify's answer to {what} has no usable {part}.",
        "Spotify may have changed its Web API: look for a newer version of pyspotify_assets.",
    )
