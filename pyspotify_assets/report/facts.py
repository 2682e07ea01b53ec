"""Three plain sentences worth knowing about a day, for the report's head and for the terminal.

Each sentence is something that the tables say; where they say nothing (a first day, a feed missing, popularity not
given) there is another sentence, or fewer of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from pyspotify_assets.report.data import ReportData
from pyspotify_assets.report.figures import Feed, figures
from pyspotify_assets.report.languages import ENGLISH
from pyspotify_assets.report.texts import Texts


def three_facts(data: ReportData, texts: Texts = ENGLISH) -> list[str]:
    """Up to three sentences, the most telling first; exactly one where no feed has a snapshot of the day."""
    return facts(figures(data), data.day, texts)


def facts(feeds: Sequence[Feed], day: str, texts: Texts = ENGLISH) -> list[str]:
    """As `three_facts`, from figures that are there already."""
    present = [feed for feed in feeds if feed.rows]
    if not present:
        return [texts("fact_no_snapshot", day=texts.day(day))]
    # The reader must not take one chart for all of them.
    missing = [texts("fact_feed_missing", feed=texts.feed(feed.name)) for feed in feeds if not feed.rows]
    return [*islice(_candidates(present, texts), 3 - len(missing[:1])), *missing[:1]]


def _candidates(feeds: Sequence[Feed], texts: Texts) -> Iterator[str]:
    """Every sentence that the tables support, by interest; one of each sort, but for the sizes at the end."""
    for sentence in (_leader(feeds, texts), _climber(feeds, texts), _entries(feeds, texts), _artist(feeds, texts)):
        if sentence:
            yield sentence
    for sentence in (_year(feeds, texts), _longest(feeds, texts)):
        if sentence:
            yield sentence
    for feed in feeds:
        yield texts.count("fact_size", len(feed.rows), feed=texts.feed(feed.name))


def _leader(feeds: Sequence[Feed], texts: Texts) -> str | None:
    """The number one: a new one of any feed before an old one of the first feed."""
    changed = [feed for feed in feeds if _changed(feed)]
    feed = (changed or feeds)[0]
    leaders = feed.leaders or {}
    now = feed.rows[0]
    values = {"track": texts.track(now), "feed": texts.feed(feed.name)}
    if changed:
        before = leaders[feed.previous or ""]
        still_there = any(row["track_key"] == before["track_key"] for row in feed.rows)
        name = "fact_new_leader" if still_there else "fact_new_leader_alone"
        return texts(name, **values, before=texts.track(before))
    run = feed.reign
    if run < 2:  # a first day, or a previous snapshot that the window does not show
        return texts("fact_leader_first", **values) if feed.previous is None else None
    name = "fact_leader_always" if run == len(feed.days) else "fact_leader_since"
    return texts(name, **values, days=texts.number(run), since=texts.short_day(feed.days[-run]))


def _changed(feed: Feed) -> bool:
    before = (feed.leaders or {}).get(feed.previous or "")
    return before is not None and before["track_key"] != feed.rows[0]["track_key"]


def _climber(feeds: Sequence[Feed], texts: Texts) -> str | None:
    climbs = [(feed.climbers[0], feed) for feed in feeds if feed.climbers]
    if not climbs:
        return None
    row, feed = max(climbs, key=lambda climb: climb[0]["movement"])
    return texts(
        "fact_climber",
        track=texts.track(row),
        places=texts.count("places", row["movement"]),
        previous=texts.number(row["previous_rank"]),
        rank=texts.number(row["rank"]),
        feed=texts.feed(feed.name),
    )


def _entries(feeds: Sequence[Feed], texts: Texts) -> str | None:
    """Who came and left, of the feed where most did."""
    known = [feed for feed in feeds if feed.previous and feed.totals and feed.totals.newcomers is not None]
    if not known:
        return None
    feed = max(known, key=lambda feed: (feed.totals.newcomers or 0) + len(feed.exits) if feed.totals else 0)
    name = texts.feed(feed.name)
    new = feed.newcomers
    left = len(feed.exits)
    if new:
        return texts(
            "fact_entries",
            came=texts.count("came", len(new)),
            left=texts.count("left", left) if left else texts("none_left"),
            feed=name,
            track=texts.track(new[0]),
            rank=texts.number(new[0]["rank"]),
        )
    if feed.returning:
        return None
    if left:
        return texts("fact_only_exits", left=texts.count("tracks_left", left), feed=name)
    return texts("fact_same_tracks", feed=name, previous=texts.short_day(feed.previous or ""))


def _artist(feeds: Sequence[Feed], texts: Texts) -> str | None:
    """The artist with the most tracks, of the feed where that is the largest share; nothing where all have one."""
    leading = [feed for feed in feeds if feed.artists and feed.artists[0]["tracks"] > 1]
    if not leading:
        return None
    feed = max(leading, key=lambda feed: feed.artists[0]["chart_share"])
    first = feed.artists[0]
    values = {
        "feed": texts.feed(feed.name),
        "tracks": texts.number(first["tracks"]),
        "total": texts.number(len(feed.rows)),
    }
    tied = sum(row["tracks"] == first["tracks"] for row in feed.artists)
    if tied > 1:
        return texts("fact_artists_tied", **values, n=texts.number(tied))
    return texts("fact_artist", **values, artist=texts.artist(first), share=texts.percent(first["chart_share"]))


def _year(feeds: Sequence[Feed], texts: Texts) -> str | None:
    feed = feeds[0]
    dated = [row for row in feed.years if row["release_year"] is not None]
    if not dated:
        return None
    row = max(dated, key=lambda row: (row["tracks"], row["release_year"]))
    total = sum(row["tracks"] for row in feed.years)
    return texts(
        "fact_year",
        share=texts.percent(row["tracks"] / total),
        feed=texts.feed(feed.name),
        year=row["release_year"],
        tracks=texts.number(row["tracks"]),
        total=texts.number(total),
    )


def _longest(feeds: Sequence[Feed], texts: Texts) -> str | None:
    timed = [row for row in feeds[0].tracks if row["duration_ms"]]
    if not timed:
        return None
    row = max(timed, key=lambda row: row["duration_ms"])
    return texts(
        "fact_longest",
        feed=texts.feed(feeds[0].name),
        track=texts.track(row),
        duration=texts.duration(row["duration_ms"]),
    )
