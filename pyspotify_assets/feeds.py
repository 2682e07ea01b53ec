"""The feeds: what is taken from Spotify every day. Declarations only; nothing here talks to Spotify.

A feed is one search, one playlist, or something of the listener's own who has logged in (`pyspotify login`). The two
defaults need no file; a `feeds.toml` replaces them:

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

    [[feed]]
    name = "my_top_tracks"
    kind = "top_tracks"             # or "saved_tracks", or "recently_played" (the latest 50 plays): the listener's own
    range = "short_term"            # top_tracks only: 4 weeks, long_term: a year; medium_term (6 months) unless set
"""

import re
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path

from pyspotify_assets.errors import FeedError

SEARCH_REACH = 1000
"""Spotify answers no search beyond offset + limit = 1000 (Web API reference, "Search for Item")."""

PLAYS_REACH = 50
"""Spotify remembers no more of what was recently played (Web API reference, "Get Recently Played Tracks")."""

KINDS = ("search", "playlist", "top_tracks", "saved_tracks", "recently_played")
NEED_USER = frozenset({"top_tracks", "saved_tracks", "recently_played"})
"""Kinds that are somebody's own: Spotify answers only who comes with that user's token."""

RANGES = ("short_term", "medium_term", "long_term")
"""What Spotify computes top tracks over: some 4 weeks, some 6 months, about a year."""

RESERVED_NAMES = frozenset({"landing", "quarantine", "state", "marts", "report", "catalog", "plays"})
"""Folders and tables of the lake beside the feeds' own: a feed of that name would be crawled into them."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
_PLAYLIST = re.compile(r"[A-Za-z0-9]{22}")
_QUERY = re.compile(r"(?=\s*\S)[^\x00-\x1f\x7f-\x9f\u2028\u2029]{1,1000}")
_MARKET = re.compile(r"[A-Z]{2}")
_OWN_FIELDS = {"search": {"query"}, "playlist": {"playlist"}, "top_tracks": {"range"}}
"""Fields that only one kind has."""
WITHOUT_MARKET = frozenset({"top_tracks", "recently_played"})
"""Kinds that are the same in every country: they are asked for without one."""
_LARGEST_FILE = 1 << 20
_MOST = 1_000_000
"""Entries of one feed: more than any playlist holds."""
_FIELDS = ("name", "kind", "query", "playlist", "range", "market", "maximum")


@dataclass(frozen=True)
class Feed:
    """One feed. `kind` is one of KINDS: a "search" has a `query`, a "playlist" a `playlist` (a Spotify id),
    "top_tracks" a `range` (one of RANGES)."""

    name: str
    kind: str
    query: str = ""
    playlist: str = ""
    market: str = "US"
    maximum: int | None = None
    range: str = ""

    @property
    def needs_user(self) -> bool:
        """Whether it is somebody's own, for which that user must have logged in."""
        return self.kind in NEED_USER

    @property
    def title(self) -> str:
        """What it is, in words: "playlist 2YRe7HRKNRvXdJBp9nXFza"."""
        return {
            "search": f"search “{self.query}”",
            "playlist": f"playlist {self.playlist}",
            "top_tracks": f"listener's own top tracks ({self.range.replace('_', ' ')})",
            "saved_tracks": "listener's own saved tracks",
            "recently_played": "listener's own latest plays",
        }[self.kind]

    def source_on(self, day: date) -> str:
        """What the rows of one day bear as their `source`: kind and, where there is one, what exactly was asked for."""
        asked = {"search": self.query_on(day), "playlist": self.playlist, "top_tracks": self.range}.get(self.kind)
        return f"{self.kind}:{asked}" if asked else self.kind

    def query_on(self, day: date) -> str:
        """The search query of one day, its placeholders filled in."""
        return self.query.replace("{last_year}", str(day.year - 1)).replace("{this_year}", str(day.year))

    def declaration(self) -> dict[str, object]:
        """What identifies this feed's content: part of the fingerprint of every partition made from it."""
        declared = asdict(self)
        if not self.range:  # declarations without it are older: what was made from them is still what they mean
            del declared["range"]
        return declared


DEFAULT_FEEDS = (
    Feed("popular_songs", "search", query="year:{last_year}-{this_year}", maximum=SEARCH_REACH),
    Feed("top_played", "playlist", playlist="2YRe7HRKNRvXdJBp9nXFza"),
)


def load_feeds(file: Path) -> tuple[Feed, ...]:
    """The feeds declared in `file`, or the two defaults where there is no such file.

    Raises FeedError naming the file, the feed and the field of the first thing that cannot be used.
    """
    try:
        with open(file, encoding="utf-8") as opened:
            text = opened.read(_LARGEST_FILE + 1)
    except FileNotFoundError:
        return DEFAULT_FEEDS
    except (OSError, UnicodeDecodeError) as error:
        raise FeedError(f"{file} cannot be read: {error}", "PYSPOTIFY_FEEDS names the file.") from error
    if len(text) > _LARGEST_FILE:
        raise FeedError(f"{file} has more than {_LARGEST_FILE:,} characters", "Write one [[feed]] table per feed.")
    try:
        document = tomllib.loads(text)
    except RecursionError:
        raise FeedError(f"{file} is nested too deeply", "Write one [[feed]] table per feed.") from None
    except ValueError as error:  # Beside TOMLDecodeError: a number of thousands of digits.
        raise FeedError(
            f"{file} is not TOML: {error}", "See the example at the head of pyspotify_assets/feeds.py."
        ) from error
    unknown = sorted(set(document) - {"feed"})
    if unknown or not isinstance(document.get("feed"), list) or not document["feed"]:
        raise FeedError(
            f"{file} declares no feed{f' but {_quoted(unknown)}' if unknown else ''}",
            "Write one [[feed]] table per feed.",
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
        raise FeedError(f"{where}: unknown field {_quoted(unknown[0])}", f"The fields are: {', '.join(_FIELDS)}.")

    def text(field: str, pattern: re.Pattern[str] | None, meaning: str, default: str = "") -> str:
        value = entry.get(field, default)
        if not isinstance(value, str) or (pattern and not pattern.fullmatch(value)):
            raise FeedError(f"{where}: {field} = {_quoted(value)} cannot be used", f"{field} is {meaning}.")
        return value

    name = text("name", _NAME, "1 to 60 of a-z, 0-9 and _, beginning with a letter: it names a folder and a table")
    where = f"{where} ({name})"
    if name in RESERVED_NAMES:
        raise FeedError(
            f"{where}: the name is taken by a folder of the lake", f"Any name but {', '.join(sorted(RESERVED_NAMES))}."
        )
    kind = text("kind", re.compile("|".join(KINDS)), f"one of {', '.join(KINDS)}")
    foreign = sorted(field for owner, own in _OWN_FIELDS.items() if owner != kind for field in own if entry.get(field))
    if kind in WITHOUT_MARKET and "market" in entry:
        foreign.append("market")
    if foreign:
        raise FeedError(f"{where}: a feed of kind {kind} has no {foreign[0]}", f"Remove {foreign[0]}, or set its kind.")
    market = text("market", _MARKET, "a country code of two capitals, such as BR", "US")
    maximum = entry.get("maximum")
    if maximum is not None and (isinstance(maximum, bool) or not isinstance(maximum, int) or not 1 <= maximum <= _MOST):
        raise FeedError(
            f"{where}: maximum = {_quoted(maximum)} cannot be used", f"maximum is a whole number from 1 to {_MOST:,}."
        )
    reach = {"search": SEARCH_REACH, "recently_played": PLAYS_REACH}.get(kind)
    if maximum is not None and reach is not None and maximum > reach:
        raise FeedError(f"{where}: maximum = {maximum} is out of reach", f"Spotify gives {reach} entries at most.")
    feed = Feed(name, kind, market=market, maximum=maximum or reach)
    if kind == "search":
        return replace(feed, query=_query(text, feed, where))
    if kind == "playlist":
        of_link = "the 22 letters and digits behind open.spotify.com/playlist/"
        return replace(feed, playlist=text("playlist", _PLAYLIST, of_link))
    if kind == "top_tracks":
        of_range = f"one of {', '.join(RANGES)}"
        return replace(feed, range=text("range", re.compile("|".join(RANGES)), of_range, "medium_term"))
    return feed


def _quoted(value: object) -> str:
    """A value as an error shows it; not the whole of a very long one."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # An integer of thousands of digits.
        return f"<{type(value).__name__}>"
    return text if len(text) <= 200 else f"{text[:200]}…"


def _query(text: Callable[..., str], feed: Feed, where: str) -> str:
    query = text("query", _QUERY, "the text of a Spotify search, such as year:2025-2026, in up to 1,000 characters")
    unfilled = re.findall(r"\{[^}]*\}", replace(feed, query=query).query_on(date(2000, 1, 1)))
    if unfilled:
        raise FeedError(
            f"{where}: query has the unknown placeholder {unfilled[0]}", "Known are {last_year} and {this_year}."
        )
    return query
