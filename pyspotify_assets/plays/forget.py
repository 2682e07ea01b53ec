"""Forgetting the listening history: plays, its marts, its page, and whatever was refused of it. A deliberate act.

It is the listener's own, and no retention touches it. What is forgotten comes back only with an export that Spotify
sends anew.
"""

from __future__ import annotations

from collections.abc import Iterator

from pyspotify_assets.lake import Lake
from pyspotify_assets.plays.page import PAGE
from pyspotify_assets.stores import ObjectInfo
from pyspotify_assets.tables import LISTENING, PLAYS
from pyspotify_assets.warehouse import Crawler

_WHERE = (
    ("landing", f"{PLAYS.name}/"),
    ("report", PAGE),
    *(("marts", f"{mart.name}/") for mart in LISTENING),
    ("quarantine", f"landing/{PLAYS.name}/"),
    ("quarantine", f"refined/{PLAYS.name}/"),
    ("refined", f"{PLAYS.name}/"),
)


def leaving_plays(lake: Lake) -> Iterator[tuple[str, ObjectInfo]]:
    """Area and object of all that the lake has of the listening history. Nothing is changed."""
    for area, prefix in _WHERE:
        for info in lake.stores[area].objects(prefix):
            if prefix.endswith("/") or info.key == prefix:
                yield area, info


def forget_plays(lake: Lake, crawler: Crawler) -> None:
    """Delete it, and nothing else. Can be killed at any moment and done again. Raises LakeError, CrawlError."""
    with lake.lock(PLAYS.name):
        for mart in LISTENING:
            crawler.forget("marts", mart.name)
        crawler.forget("refined", PLAYS.name)
        for area, info in list(leaving_plays(lake)):
            lake.stores[area].delete(info.key)
