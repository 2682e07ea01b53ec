"""The data's health in one section: what the checks found, how fresh the snapshots are, what is missing or set aside,
and what it took to make the tables.

Good news is short and folded away; what failed comes first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime

from pyspotify_assets.day_ranges import days_between
from pyspotify_assets.report.data import Check, Quarantine, Query, ReportData
from pyspotify_assets.report.figures import Feed
from pyspotify_assets.report.markup import Html, table, tag
from pyspotify_assets.report.panels import empty, english, panel
from pyspotify_assets.report.texts import Texts

PARTS = ("refined", "duplicates", "quarantined")
"""What the raw rows of a feed become."""

MISSED_NAMED = 5
"""Missed days of a feed that are named."""


def health(data: ReportData, feeds: Sequence[Feed], texts: Texts) -> Html:
    """The whole section."""
    judged = [_checks(data.checks, texts), _queries(data.queries, texts)]
    return tag(
        "section",
        tag("div", tag("h2", texts("health")), class_="feed-head"),
        _tiles(data, feeds, texts),
        # What failed needs room to say so.
        tag("div", *judged, class_="columns") if all(check.passed for check in data.checks) else judged,
        _snapshots(data, feeds, texts),
        _quarantine(data.quarantine, texts) if data.quarantine else None,
        class_="feed",
        id="health",
    )


def missed_days(feed: Feed, day: str) -> list[str]:
    """Days between the feed's first snapshot in the window and `day`, both included, that have none."""
    if not feed.days:
        return []
    there = set(feed.days)
    every = days_between(date.fromisoformat(feed.days[0]), date.fromisoformat(day))
    return [one for one in every if one not in there]


def age(taken: datetime, now: datetime, texts: Texts) -> str:
    """How long before the report a snapshot was taken, in the largest unit of which there are two."""
    minutes = max(0, round((_utc(now) - _utc(taken)).total_seconds() / 60))
    for unit, size in (("days", 1440), ("hours", 60)):
        if minutes >= 2 * size:
            return texts.count(f"age_{unit}", minutes // size)
    return texts.count("age_minutes", minutes)


def _tiles(data: ReportData, feeds: Sequence[Feed], texts: Texts) -> Html:
    failed = sum(not check.passed for check in data.checks)
    taken = [feed.taken_at for feed in feeds if feed.taken_at is not None]
    missed = sum(len(missed_days(feed, data.day)) for feed in feeds)
    aside = sum(counts.get("quarantined", 0) for counts in data.counts.values())
    size = sum(query.bytes_scanned for query in data.queries)
    unknown = texts("none")
    tiles = [
        ("tile_checks", f"{len(data.checks) - failed}/{len(data.checks)}" if data.checks else unknown, failed == 0),
        ("tile_age", age(min(taken), data.generated_at, texts) if taken else unknown, True),
        ("tile_missed", texts.number(missed) if any(feed.days for feed in feeds) else unknown, missed == 0),
        ("tile_aside", texts.number(aside) if data.counts else unknown, aside == 0),
        ("tile_read", texts.size(size) if data.queries else unknown, True),
    ]
    return tag(
        "dl",
        [
            tag("div", tag("dt", texts(name)), tag("dd", tag("b", value, class_=None if good else "bad-figure")))
            for name, value, good in tiles
        ],
        class_="tiles",
    )


def _checks(checks: Sequence[Check], texts: Texts) -> Html:
    title = texts("checks")
    if not checks:
        return panel(title, empty(texts("checks_empty")))
    failed, passed = ([check for check in checks if check.passed is good] for good in (False, True))
    summary = (
        texts.count("checks_some_failed", len(failed), total=texts.number(len(checks)))
        if failed
        else texts.count("checks_all_passed", len(checks))
    )
    return panel(
        title,
        tag("p", summary, class_="verdict bad" if failed else "verdict good"),
        _check_table(title, failed, texts) if failed else None,
        tag(
            "details",
            tag("summary", texts.count("checks_passed", len(passed))),
            _check_table(texts.count("checks_passed", len(passed)), passed, texts),
        )
        if passed
        else None,
    )


def _check_table(title: str, checks: Sequence[Check], texts: Texts) -> Html:
    columns = [(texts(f"col_{name}"), "") for name in ("result", "check", "table", "summary", "severity")]
    rows = [
        (
            tag("span", texts("check_passed" if c.passed else "check_failed"), class_="good" if c.passed else "bad"),
            english(c.name.replace("_", " "), texts),
            tag("code", c.asset),
            english(c.summary, texts) if c.summary else texts("none"),
            texts(f"severity_{c.severity}") if f"severity_{c.severity}" in texts.messages else c.severity,
        )
        for c in checks
    ]
    return table(title, columns, rows, class_="stacked")


def _snapshots(data: ReportData, feeds: Sequence[Feed], texts: Texts) -> Html:
    """A row per feed: when it was taken, what was missed, and raw = refined + duplicates + quarantined."""
    broken = any(_off(counts) for counts in data.counts.values())
    title = texts("counts_broken" if broken else "counts_whole") if data.counts else texts("counts")
    columns = [
        (texts("col_feed"), ""),
        (texts("col_taken"), ""),
        (texts("col_age"), "n"),
        *((texts(f"col_{name}"), "n") for name in ("raw", *PARTS)),
        (texts("col_sum"), ""),
    ]
    rows = []
    for feed in feeds:
        taken = feed.taken_at
        rows.append(
            [
                texts.feed(feed.name),
                texts.instant(_utc(taken)) if taken else texts("not_taken"),
                age(taken, data.generated_at, texts) if taken else texts("none"),
                *_count_cells(data.counts.get(feed.name), texts),
            ]
        )
    return panel(
        title,
        tag("p", texts("counts_note" if data.counts else "counts_empty"), class_="note"),
        table(title, columns, rows, class_="stacked") if rows else None,
        [_missed(feed, data.day, texts) for feed in feeds],
    )


def _count_cells(counts: Mapping[str, int] | None, texts: Texts) -> list[object]:
    if counts is None:
        return [texts("not_counted"), *[texts("none")] * 4]
    off = _off(counts)
    verdict = texts("sum_no", n=texts.number(off, signed=True)) if off else texts("sum_yes")
    return [
        *(texts.number(counts.get(part, 0)) for part in ("raw", *PARTS)),
        tag("span", verdict, class_="bad" if off else "good"),
    ]


def _off(counts: Mapping[str, int]) -> int:
    """Raw rows that are in no other place, or fewer."""
    return counts.get("raw", 0) - sum(counts.get(part, 0) for part in PARTS)


def _missed(feed: Feed, day: str, texts: Texts) -> Html | None:
    missed = missed_days(feed, day)
    if not missed:
        return None
    named = ", ".join(texts.short_day(one) for one in missed[-MISSED_NAMED:])
    days = texts.count("missed_days", len(missed), feed=texts.feed(feed.name), named=named)
    return tag("p", days, class_="bad note after")


def _quarantine(found: Sequence[Quarantine], texts: Texts) -> Html:
    columns = [(texts("col_feed"), ""), (texts("col_reason"), ""), (texts("col_rows"), "n"), (texts("col_place"), "")]
    rows = [
        (texts.feed(one.feed), english(reason, texts), texts.number(n), tag("code", one.place))
        for one in found
        for reason, n in one.reasons.items()
    ]
    title = texts("quarantine")
    return panel(
        title, tag("p", texts("quarantine_note"), class_="note"), table(title, columns, rows, class_="stacked")
    )


def _queries(queries: Sequence[Query], texts: Texts) -> Html:
    title = texts("queries")
    if not queries:
        return panel(title, empty(texts("queries_empty")))
    costs = [query.cost_usd for query in queries if query.cost_usd is not None]
    size = texts.size(sum(query.bytes_scanned for query in queries))
    columns = [(texts("col_table"), ""), (texts("col_read"), "n"), (texts("col_cost"), "n")]
    rows = [
        (
            tag("code", query.table),
            texts.size(query.bytes_scanned),
            texts("none") if query.cost_usd is None else texts("dollars", amount=texts.number(query.cost_usd, 6)),
        )
        for query in queries
    ]
    words = (
        texts("queries_cost", size=size, amount=texts("dollars", amount=texts.number(sum(costs), 6)))
        if costs
        else texts("queries_free", size=size)
    )
    return panel(
        title,
        tag("p", words, class_="note"),
        tag("details", tag("summary", texts("as_table")), table(title, columns, rows)),
    )


def _utc(instant: datetime) -> datetime:
    return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)
