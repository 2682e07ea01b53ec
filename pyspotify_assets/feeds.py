"""The feeds: what is taken from Spotify every day. Declarations only; nothing here talks to Spotify.

A feed is one search or one playlist. The two defaults need no file; a `feeds.toml` replaces them:

    [[feed]]
    name = "my_playlist"            # becomes raw/my_playlist, refined/my_playlist and the tables of that name
    kind = "playlist"               # or "search"
    playlist = "2YRe7HRKNRvXdJBp9nXFza"
    market = "BR"                   # optional: US unless set
    maximum = 500                   # optional: 1000 for a search, all items for a playlist unless set

    [[feed]]
    name = "popular_songs"
    kind = "search"
    query = "year:{last_year}-{this_year}"     # the two placeholders are those of the snapshot's day
"""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from pyspotify_assets.errors import FeedError

SEARCH_REACH = 1000
"""Spotify answers no search beyond offset + limit = 1000 (Web API reference, "Search for Item")."""

RESERVED_NAMES = frozenset({"landing", "quarantine", "state", "marts", "report", "catalog"})
"""Folders of the lake beside the feeds' own: a feed of that name would be crawled into them."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
_PLAYLIST = re.compile(r"[A-Za-z0-9]{22}")
_MARKET = re.compile(r"[A-Z]{2}")
_FIELDS = ("name", "kind", "query", "playlist", "market", "maximum")


@dataclass(frozen=True)
class Feed:
    """One feed. `kind` is "search" (then `query`) or "playlist" (then `playlist`, a Spotify id)."""

    name: str
    kind: str
    query: str = ""
    playlist: str = ""
    market: str = "US"
    maximum: int | None = None

    def query_on(self, day: date) -> str:
        """The search query of one day, its placeholders filled in."""
        return self.query.replace("{last_year}", str(day.year - 1)).replace("{this_year}", str(day.year))

    def declaration(self) -> dict[str, object]:
        """What identifies this feed's content: part of the fingerprint of every partition made from it."""
        return asdict(self)


DEFAULT_FEEDS = (
    Feed("popular_songs", "search", query="year:{last_year}-{this_year}", maximum=SEARCH_REACH),
    Feed("top_played", "playlist", playlist="2YRe7HRKNRvXdJBp9nXFza"),
)


def load_feeds(file: Path) -> tuple[Feed, ...]:
    """The feeds declared in `file`, or the two defaults where there is no such file.

    Raises FeedError naming the file, the feed and the field of the first thing that cannot be used.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return DEFAULT_FEEDS
    except (OSError, UnicodeDecodeError) as error:
        raise FeedError(f"{file} cannot be read: {error}") from error
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FeedError(
            f"{file} is not TOML: {error}", "See the example at the head of pyspotify_assets/feeds.py."
        ) from error
    unknown = sorted(set(document) - {"feed"})
    if unknown or not isinstance(document.get("feed"), list) or not document["feed"]:
        raise FeedError(
            f"{file} declares no feed{f' but {unknown}' if unknown else ''}", "Write one [[feed]] table per feed."
        )
    feeds = tuple(_parse(entry, f"{file}, feed {number}") for number, entry in enumerate(document["feed"], 1))
    names = [feed.name for feed in feeds]
    for name in names:
        if names.count(name) > 1:
            raise FeedError(f"{file} declares the feed {name!r} twice", "Give each feed a name of its own.")
    return feeds


def feed_named(name: str, feeds: Sequence[Feed]) -> Feed:
    """The feed of that name; FeedError with the names that exist where there is none."""
    for feed in feeds:
        if feed.name == name:
            return feed
    raise FeedError(f"There is no feed {name!r}", f"The feeds are: {', '.join(feed.name for feed in feeds)}.")


def _parse(entry: object, where: str) -> Feed:
    if not isinstance(entry, dict):
        raise FeedError(f"{where} is not a table", "Write one [[feed]] table per feed.")
    unknown = sorted(set(entry) - set(_FIELDS))
    if unknown:
        raise FeedError(f"{where}: unknown field {unknown[0]!r}", f"The fields are: {', '.join(_FIELDS)}.")

    def text(field: str, pattern: re.Pattern[str] | None, meaning: str, default: str = "") -> str:
        value = entry.get(field, default)
        if not isinstance(value, str) or (pattern and not pattern.fullmatch(value)):
            raise FeedError(f"{where}: {field} = {value!r} cannot be used", f"{field} is {meaning}.")
        return value

    name = text("name", _NAME, "1 to 60 of a-z, 0-9 and _, beginning with a letter: it names a folder and a table")
    where = f"{where} ({name})"
    if name in RESERVED_NAMES:
        raise FeedError(
            f"{where}: the name is taken by a folder of the lake", f"Any name but {', '.join(sorted(RESERVED_NAMES))}."
        )
    kind = text("kind", re.compile("search|playlist"), '"search" or "playlist"')
    market = text("market", _MARKET, "a country code of two capitals, such as BR", "US")
    maximum = entry.get("maximum")
    if maximum is not None and (isinstance(maximum, bool) or not isinstance(maximum, int) or maximum < 1):
        raise FeedError(f"{where}: maximum = {maximum!r} cannot be used", "maximum is a whole number from 1.")
    if kind == "playlist":
        if entry.get("query"):
            raise FeedError(f"{where}: a playlist has no query", 'Remove query, or set kind = "search".')
        playlist = text("playlist", _PLAYLIST, "the 22 letters and digits behind open.spotify.com/playlist/")
        return Feed(name, kind, playlist=playlist, market=market, maximum=maximum)
    if entry.get("playlist"):
        raise FeedError(f"{where}: a search has no playlist", 'Remove playlist, or set kind = "playlist".')
    query = text(
        "query", re.compile(r"[^\x00-\x1f]*\S[^\x00-\x1f]*"), "the text of a Spotify search, such as year:2025-2026"
    )
    unfilled = re.findall(r"\{[^}]*\}", Feed(name, kind, query=query).query_on(date(2000, 1, 1)))
    if unfilled:
        raise FeedError(
            f"{where}: query has the unknown placeholder {unfilled[0]}", "Known are {last_year} and {this_year}."
        )
    if maximum is not None and maximum > SEARCH_REACH:
        raise FeedError(f"{where}: maximum = {maximum} is out of reach", f"A search ends at {SEARCH_REACH} results.")
    return Feed(name, kind, query=query, market=market, maximum=maximum or SEARCH_REACH)
