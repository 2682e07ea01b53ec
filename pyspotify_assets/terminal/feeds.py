"""What `pyspotify feeds` does: shows what is declared and what the lake has of it, or a feeds.toml to begin with.

The work is bounded: the first day is the first of a listing, the newest is looked for from today backwards, and missed
days are counted within a month. Nothing is read of what lies between.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta

from pyspotify_assets.clock import system_clock
from pyspotify_assets.daily.notes import Notes
from pyspotify_assets.daily.refusals import kept_refusal
from pyspotify_assets.day_ranges import ranges, span
from pyspotify_assets.feeds import DEFAULT_FEEDS, WITHOUT_MARKET, Feed, load_feeds
from pyspotify_assets.lake import Lake
from pyspotify_assets.settings import load_settings
from pyspotify_assets.terminal.document import one_document
from pyspotify_assets.terminal.grid import show_table
from pyspotify_assets.terminal.screen import console, from_here, say, warn
from pyspotify_assets.warehouse.engines import refuse_sample_on_aws

MONTH = timedelta(days=31)

_HEAD = """\
# What is taken every day: one [[feed]] each. This file replaces the defaults, which are these two.

"""
_MORE = """
# A playlist: the letters and digits behind open.spotify.com/playlist/. All its items, unless a maximum is set.
# [[feed]]
# name = "my_playlist"
# kind = "playlist"
# playlist = "2YRe7HRKNRvXdJBp9nXFza"
# market = "BR"

# What is your own, after `pyspotify login`.
# [[feed]]
# name = "my_top_tracks"
# kind = "top_tracks"
# range = "short_term"      # 4 weeks; medium_term: 6 months; long_term: a year

# [[feed]]
# name = "my_saved_tracks"
# kind = "saved_tracks"

# [[feed]]
# name = "my_latest_plays"
# kind = "recently_played"  # the latest 50
"""


@dataclass(frozen=True)
class Kept:
    """What the lake has of a feed. `rows`: of the newest raw snapshot, None where nobody noted them.

    `missed_days`: those without a snapshot between the first one and yesterday, in the last 31 days.
    """

    first_day: str | None
    newest_day: str | None
    rows: int | None
    missed_days: Sequence[str]


def show_feeds(as_json: bool = False) -> None:
    """Show the declared feeds, and what the lake has of each. FeedError where they cannot be read."""
    with one_document(as_json) as document:
        settings = load_settings()
        refuse_sample_on_aws(settings)
        feeds, lake, now = load_feeds(settings.feeds), Lake.at(**settings.lake_places()), system_clock()
        there = [kept_of(lake, feed, settings.today(now)) for feed in feeds]
        declared_in = str(settings.feeds.absolute()) if settings.feeds.exists() else None
        refusal = kept_refusal(lake, now)
        refused = refusal if refusal and refusal.until > now else None
        document |= {
            "declared_in": declared_in,
            "source": settings.resolved_source(),
            "refused_until": refused.until if refused else None,
            "feeds": [_fields(feed) | asdict(kept) for feed, kept in zip(feeds, there, strict=True)],
        }
        if not as_json:
            of = f"declared in {from_here(declared_in)}" if declared_in else f"the defaults: no {settings.feeds} here"
            say(f"{len(feeds)} feed{'' if len(feeds) == 1 else 's'}, {of}", style="bold")
            _show(feeds, there)
            if not declared_in:
                say(f"To declare your own: pyspotify feeds --example > {settings.feeds}")
        if refused:
            warn(refused.in_words())


def print_example() -> None:
    """Print a feeds.toml that declares the defaults, and in comments one feed of every other kind."""
    declared = "\n".join(
        "[[feed]]\n" + "".join(f"{name} = {_toml(value)}\n" for name, value in _fields(feed).items() if value)
        for feed in DEFAULT_FEEDS
    )
    console.file.write(f"{_HEAD}{declared}{_MORE}")


def kept_of(lake: Lake, feed: Feed, today: date) -> Kept:
    """What the lake has of a feed, as of `today`."""
    first = next(lake.partitions(("raw", feed.name)), None)
    if first is None:
        return Kept(None, None, None, ())
    first_day, recent = first[0].day, lake.days(("raw", feed.name), (today - MONTH).isoformat())
    newest_day = recent[-1] if recent else _last_before(lake, feed, first_day, today - MONTH)
    info = lake.place(("raw", feed.name), newest_day).info()
    notes = Notes.kept_with(info)
    month = [(today - timedelta(days=ago)).isoformat() for ago in range(MONTH.days, 0, -1)]
    missed = [day for day in month if day > first_day and day not in recent]
    return Kept(first_day, newest_day, notes.rows if notes else None, missed)


def _last_before(lake: Lake, feed: Feed, first_day: str, day: date) -> str:
    """The newest day of a feed that has been silent since `day`: looked for in spans that grow, as far as the first."""
    for months in (4, 16, 64):
        days = lake.days(("raw", feed.name), (day - months * MONTH).isoformat())
        if days:
            return days[-1]
    return max(lake.days(("raw", feed.name)), default=first_day)


def _fields(feed: Feed) -> dict[str, object]:
    """The declaration, fields that its kind does not have as null."""
    fields = {name: value or None for name, value in asdict(feed).items()}
    return fields | {"market": None} if feed.kind in WITHOUT_MARKET else fields


def _show(feeds: Sequence[Feed], there: Sequence[Kept]) -> None:
    headings = ("feed", "takes", "first day", "newest day", "rows")
    rows = []
    for feed, kept in zip(feeds, there, strict=True):
        market = "" if feed.kind in WITHOUT_MARKET else f", {feed.market}"
        takes = f"{feed.title}{market}" + (f", at most {feed.maximum:,}" if feed.maximum else "")
        counted = "" if kept.rows is None else f"{kept.rows:,}"
        rows.append((feed.name, takes, kept.first_day or "none yet", kept.newest_day or "", counted))
    show_table(console, headings, rows, figures=("first day", "newest day", "rows"))
    for feed, kept in zip(feeds, there, strict=True):
        if kept.missed_days:
            say(f"{feed.name} missed {len(kept.missed_days)} of the last {MONTH.days} days: {_spans(kept.missed_days)}")


def _spans(days: Sequence[str]) -> str:
    """Days in words, the newest first: those that follow each other as one, and no more than three of such."""
    found = [span(first, last) for first, last in ranges(days)][::-1]
    return ", ".join(found[:3]) + (" …" if len(found) > 3 else "")


def _toml(value: object) -> str:
    return str(value) if isinstance(value, int) else f'"{value}"'
