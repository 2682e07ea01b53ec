"""Simulated days on a lake of their own: the sample's snapshots through the real path, and damaged ones by landing.

Raw → refined → crawl → `pipeline_health` → judgement, without Dagster, whose part in it is tested elsewhere.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from pyspotify_assets.checks import Finding
from pyspotify_assets.daily.mart import SnapshotWindows, judged, make_mart_day
from pyspotify_assets.daily.raw import extract
from pyspotify_assets.daily.refined import refine_day
from pyspotify_assets.errors import CheckFailedError, RawFormatError
from pyspotify_assets.feeds import DEFAULT_FEEDS, Feed
from pyspotify_assets.lake import Lake
from pyspotify_assets.marts import window_of
from pyspotify_assets.raw_csv import write_raw_csv
from pyspotify_assets.spotify.simulator import Simulator
from pyspotify_assets.tables import PIPELINE_HEALTH
from pyspotify_assets.warehouse.local_crawler import LocalCrawler
from pyspotify_assets.warehouse.local_engine import LocalEngine
from pyspotify_assets_tests.health.damages import Damage, Rows
from pyspotify_assets_tests.pipelines import Served

LOOKBACK = 28


def feeds_of(search: int, playlist: int) -> tuple[Feed, ...]:
    """The two default feeds, of at most so many entries."""
    return tuple(replace(feed, maximum=most) for feed, most in zip(DEFAULT_FEEDS, (search, playlist), strict=True))


def days_from(first: str, number: int) -> list[str]:
    return [(date.fromisoformat(first) + timedelta(days=n)).isoformat() for n in range(number)]


class Simulation:
    """Days of some feeds in a lake, or in one in a folder."""

    def __init__(self, lake: Lake | Path, feeds: Sequence[Feed]) -> None:
        self.feeds, self.lake = feeds, Lake.at(str(lake)) if isinstance(lake, Path) else lake
        self.crawler, self.sql = LocalCrawler(self.lake), LocalEngine(self.lake)

    def take(self, days: Iterable[str]) -> None:
        """Ordinary days, refined and crawled."""
        with Simulator() as simulator:
            source = Served(simulator.base_url, knows_the_past=True)
            for day in days:
                for feed in self.feeds:
                    extract(self.lake, source, feed, day, lambda: datetime(2030, 1, 1, tzinfo=UTC), "UTC")
                    refine_day(self.lake, feed.name, day)
        self.crawl()

    def crawl(self) -> None:
        self.crawler.crawl("refined", self.feeds)

    def rows(self, feed: Feed, day: str) -> Rows:
        """The day's raw rows as text; an empty value is null."""
        place = self.lake.place(("raw", feed.name), day)
        lines = csv.DictReader(io.StringIO(place.store.read(place.key).decode(), newline=""))
        return [{name: value or None for name, value in row.items()} for row in lines]

    def land(self, feed: Feed, day: str, rows: Rows) -> str:
        """Have `rows` take the place of the day by landing. What refused them, if something did: nothing is changed
        then."""
        self.put_into_landing(feed, day, rows)
        try:
            extract(self.lake, _Nobody(), feed, day, lambda: datetime(2030, 1, 1, tzinfo=UTC), "UTC")
            refine_day(self.lake, feed.name, day)
        except RawFormatError as error:
            return "refused in landing: " + next((name for name in _names(error)), "format")
        except CheckFailedError as error:
            return "not published: " + ", ".join(_names(error))
        return ""

    def put_into_landing(self, feed: Feed, day: str, rows: Rows) -> None:
        store = self.lake.stores["landing"]
        with store.staging("damaged.csv") as staged:
            with open(staged, "wb") as file:
                write_raw_csv(rows, file)
            store.publish(staged, f"{feed.name}/{day}/damaged.csv")

    def judge(self, day: str) -> list[Finding]:
        """What the checks with memory find in the day, the mart made anew."""
        windows = SnapshotWindows(self.lake, self.sql, self.feeds, window_of(day, LOOKBACK)[0], day)
        _, _, rows = make_mart_day(self.sql, PIPELINE_HEALTH, day, "run", LOOKBACK, windows.of(day, LOOKBACK))
        return list(judged(PIPELINE_HEALTH, rows))

    def failures(self, day: str) -> dict[str, str]:
        """Feed → the checks that failed on its day and what they say; feeds of which none did are left out."""
        failed = [finding for finding in self.judge(day) if not finding.passed]
        words = {
            feed.name: "; ".join(
                f"{one.check.name}: {one.summary}" for one in failed if f"{feed.name}: " in one.summary
            )
            for feed in self.feeds
        }
        return {feed: said for feed, said in words.items() if said}

    @contextmanager
    def damaged(self, damage: Damage, day: str, before: str) -> Iterator[dict[str, str]]:
        """The feeds' day damaged: gives feed → what refused the rows, empty where nothing did; put right afterwards."""
        right = {feed.name: self.rows(feed, day) for feed in self.feeds}
        refused = {
            feed.name: self.land(feed, day, damage(right[feed.name], self.rows(feed, before))) for feed in self.feeds
        }
        self.crawl()
        try:
            yield refused
        finally:
            for feed in self.feeds:
                assert self.land(feed, day, right[feed.name]) == ""

    def found_by(self, damage: Damage, day: str, before: str) -> dict[str, list[str]]:
        """Feed → what found the damage: checks that failed on the day, `!` where as an error, or what refused it."""
        with self.damaged(damage, day, before) as refused:
            findings = self.judge(day)
        found = {feed: [by] if by else [] for feed, by in refused.items()}
        for finding in findings:
            for feed in found:
                if not finding.passed and not refused[feed] and f"{feed}: " in finding.summary:
                    found[feed].append(finding.check.name + ("!" if finding.grave else ""))
        return found


class _Nobody:
    """A Spotify that nobody asks: there is a file in landing."""

    knows_the_past = True
    identity = "nobody"


def _names(error: Exception) -> list[str]:
    cause = error if isinstance(error, CheckFailedError) else error.__cause__
    findings = getattr(cause, "findings", ())
    return [finding.check.name for finding in findings if finding.check.blocking and not finding.passed]
