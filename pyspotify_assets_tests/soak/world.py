"""The world of the soak: Spotify, the daemon with its schedules and sensors, people who land files, what they are told.

Spotify is live: it knows only now. Every fault comes by the clock; see `misfortunes.py`.
"""

from __future__ import annotations

import io
import threading
import time as machine
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import dagster as dg

from pyspotify_assets.alerts.incidents import News
from pyspotify_assets.lake import Lake
from pyspotify_assets.raw_csv import write_raw_csv
from pyspotify_assets.settings import load_settings
from pyspotify_assets.spotify.client import SpotifyClient
from pyspotify_assets.spotify.gate import OPEN, Gate
from pyspotify_assets.spotify.sample.faults import FINAL, PASSING, Fault, LoggedRequest, server_error
from pyspotify_assets.spotify.sample.messages import json_response
from pyspotify_assets.spotify.simulator import Simulator
from pyspotify_assets_tests.builders import track
from pyspotify_assets_tests.desk import Desk
from pyspotify_assets_tests.pipelines import FEEDS, Pipeline, Run, Served
from pyspotify_assets_tests.soak import oracle
from pyspotify_assets_tests.soak.breakable import (
    BreakableCrawler,
    BreakableEngine,
    Broken,
    Executioner,
    disk,
    s3_that_breaks,
)
from pyspotify_assets_tests.soak.misfortunes import UTC, Misfortune, refusal, stumble
from pyspotify_assets_tests.soak.timeline import Timeline

HOURS = (0.2, 5.9, 6.0, 6.4, 7.5, 9.0, 11.5, 12.0, 17.0, 23.8)
"""When the daemon is looked at. It ticks every minute; what lies between is waiting."""
SCHEDULES = (("daily_snapshot", 6), ("crawl_raw_at_noon", 12), ("crawl_refined_at_noon", 12))
SENSORS = (*Desk.JOBS, ("snapshot_when_allowed", "daily_snapshot"))
MOST_CAUGHT_UP = 5
"""Missed ticks of a schedule that Dagster's daemon makes up for when it comes back."""


class Spotify(Served):
    """Spotify as an app meets it, whose waiting takes no time."""

    @contextmanager
    def client(self, day: str, gate: Gate = OPEN) -> Iterator[SpotifyClient]:
        with SpotifyClient(
            "some-client",
            "some-secret",
            base_url=self.base_url,
            timeout=3,
            attempts=3,
            sleep=self.clock.sleep,  # type: ignore[attr-defined]
            clock=self.clock,
            gate=gate,
        ) as client:
            yield client


class SoakedPipeline(Pipeline):
    """A pipeline that is loaded once, as a daemon does."""

    def definitions(self) -> dg.Definitions:
        return self._definitions

    @cached_property
    def _definitions(self) -> dg.Definitions:
        return super().definitions()


class Diary:
    """A channel that takes down all that is told."""

    name = "diary"

    def __init__(self) -> None:
        self.news: list[News] = []

    def send(self, news: Sequence[News]) -> None:
        self.news += news


@dataclass
class Cost:
    """What one day took: seconds of CPU, of them those of the rounds of alerts; size of state, and of cursors."""

    day: str
    seconds: float = 0.0
    alerting: float = 0.0
    runs: int = 0
    state_objects: int = 0
    state_bytes: int = 0
    cursors: int = 0


@dataclass
class World:
    """A pipeline and everything around it.

    `truth`: Spotify as it is without faults. `landed`: (feed, day) → the rows of the last good file that landed.
    """

    pipeline: SoakedPipeline
    instance: dg.DagsterInstance
    simulator: Simulator
    truth: Simulator
    timeline: Timeline
    diary: Diary
    executioner: Executioner
    plan: Sequence[Misfortune]
    first: date
    s3: str = ""
    landed: dict[tuple[str, str], list[dict[str, object]]] = field(default_factory=dict)
    befallen: Counter[str] = field(default_factory=Counter)
    failed_ticks: Counter[str] = field(default_factory=Counter)
    runs: Counter[str] = field(default_factory=Counter)
    costs: list[Cost] = field(default_factory=list)
    stumbles: int = 0
    """Changes to the lake that are still to fail."""

    def __post_init__(self) -> None:
        self.to_come = list(self.plan)
        self.desk = Desk(self.pipeline, self.instance)
        self.looked = self.timeline()
        standing = Fault(lambda request: request.is_page and self.wrong("spotify is down"), server_error(), 10**9)
        self.simulator.faults.append(standing)

    @property
    def lake(self) -> Lake:
        return self.pipeline.lake

    def wrong(self, kind: str) -> bool:
        """Whether this lasts at the moment."""
        now = self.timeline()
        return any(one.kind == kind and one.at <= now < one.until for one in self.plan)

    def lake_refuses(self) -> bool:
        """Whether the lake refuses to be changed: for a while, or for as often as it still stumbles."""
        if self.stumbles:
            self.stumbles -= 1
            return True
        return self.wrong("the lake cannot be written")

    def live(self, days: int) -> None:
        """So many days, hour by hour."""
        for number in range(days):
            day = self.first + timedelta(days=number)
            began, cost = machine.process_time(), Cost(day.isoformat())
            before = self.runs.total()
            for hour in HOURS:
                self.timeline.turn_to(datetime.combine(day, time(), UTC) + timedelta(hours=hour))
                self._let_happen()
                self._tick(cost)
            cost.seconds, cost.runs = machine.process_time() - began, self.runs.total() - before
            sizes = [info.size for info in self.lake.stores["state"].objects("") if not info.key.startswith("notes/")]
            cost.state_objects, cost.state_bytes = len(sizes), sum(sizes)
            cost.cursors = sum(len(cursor or "") for cursor in self.desk.cursors.values())
            self.costs.append(cost)

    def _tick(self, cost: Cost) -> None:
        if self.wrong("the daemon is down"):
            return
        now = self.timeline()
        for name, at in self._due(now):
            with self._tolerated(name):
                for request in self.desk.scheduled(name, at).run_requests:
                    self._run(request, name.removesuffix("_at_noon"))
        self.looked = now
        for _ in range(8):
            before = self.runs.total()
            for name, job in SENSORS:
                with self._tolerated(name):
                    for request in self.desk.tick(name).run_requests:
                        self._run(request, request.job_name or job)
            self.timeline.sleep(30)
            if self.runs.total() == before:
                break
        began = machine.process_time()
        with self._tolerated("alerts"):
            self.desk.tick("alerts")
        cost.alerting += machine.process_time() - began

    def _due(self, now: datetime) -> list[tuple[str, datetime]]:
        """Ticks of schedules since the last look, ascending, as many as the daemon makes up for."""
        due = []
        for name, hour in SCHEDULES:
            days = ((self.looked + timedelta(days=number)).date() for number in range((now - self.looked).days + 2))
            ats = [at for day in days if self.looked < (at := datetime.combine(day, time(hour), UTC)) <= now]
            due += [(name, at) for at in ats[-MOST_CAUGHT_UP:]]
        return sorted(due, key=lambda tick: tick[1])

    def _run(self, request: dg.RunRequest, job: str) -> Run | None:
        run: Run | None = None
        with self.executioner.around_a_run():
            run = self.desk.run(request, job)
            if run is None:  # Under that run key it has run already.
                return None
        self.runs["killed" if run is None else "succeeded" if run.success else "failed"] += 1
        return run

    @contextmanager
    def _tolerated(self, name: str) -> Iterator[None]:
        """A tick that fails is a failed tick, and the daemon lives on."""
        try:
            yield
        except Exception:
            self.failed_ticks[name] += 1

    def _let_happen(self) -> None:
        while self.to_come and self.to_come[0].at <= self.timeline():
            misfortune = self.to_come.pop(0)
            self.befallen[misfortune.kind] += 1
            self._befall(misfortune)

    def _befall(self, misfortune: Misfortune) -> None:
        chance, simulator = misfortune.detail(), self.simulator
        match misfortune.kind:
            case "spotify stumbles":
                answer = PASSING[stumble(misfortune)]
                # Silence is waited for: it takes real time, so there is little of it.
                simulator.fail("/v1/", *[answer] * (1 if answer.instead == "silence" else chance.randint(1, 4)))
            case "spotify refuses" | "spotify's quota is used up":
                simulator.refuse_until(misfortune.until, quota="quota" in misfortune.kind)
            case "spotify says no":
                lasting = Fault(
                    lambda request: request.is_page and self.timeline() < misfortune.until,
                    FINAL[refusal(misfortune)],
                    10**9,
                )
                simulator.faults.append(lasting)
            case "spotify sends nonsense":
                self._send_nonsense(chance.choice(FEEDS), chance.choice((_half, _without_popularity)))
            case "the lake stumbles":
                self.stumbles += chance.randint(1, 12 if self.s3 else 3)  # Of S3 a request is made four times.
            case "a run is killed":
                self.executioner.before = chance.randrange(25)
            case "the machine sleeps past midnight":
                simulator.faults.append(Fault(self._sleep_past_midnight(), server_error()))
            case "an old day lands":
                self._land(chance.choice(FEEDS), -chance.randint(1, 20), chance.randrange(1 << 20))
            case "today lands twice":
                feed = chance.choice(FEEDS)
                self._land(feed, 0, chance.randrange(1 << 20), "earlier.csv")
                self._land(feed, 0, chance.randrange(1 << 20), "later.csv")
            case "rubbish lands":
                self._put(chance.choice(FEEDS), -chance.randint(0, 3), "rubbish.csv", b'"no","snapshot"\n"at","all"\n')
            case "somebody runs beside it":
                self._run_beside()

    def _send_nonsense(self, feed: str, damage: Callable[[Any], None]) -> None:
        """The day's answer, once, well-formed and wrong."""
        today = self.timeline().date()
        if today - self.first < timedelta(days=10):  # Before that nobody can know what is usual.
            return
        answer = oracle.Spotify(self.truth.base_url).page(feed, today.isoformat())
        page = answer.get("tracks", answer)
        damage(page)

        def applies(request: LoggedRequest) -> bool:
            asked = request.path.endswith("/search" if feed == "popular_songs" else ("/tracks", "/items"))
            return asked and self.timeline().date() == today

        self.simulator.faults.append(Fault(applies, json_response(200, answer)))

    def _sleep_past_midnight(self) -> Callable[[LoggedRequest], bool]:
        slept: list[LoggedRequest] = []

        def sleep(request: LoggedRequest) -> bool:
            if request.is_page and not slept:
                slept.append(request)
                tomorrow = self.timeline().date() + timedelta(days=1)
                self.timeline.turn_to(datetime.combine(tomorrow, time(0, 5), UTC))
            return False

        return sleep

    def _land(self, feed: str, back: int, number: int, name: str = "mine.csv") -> None:
        day = self.timeline().date() + timedelta(days=back)
        if day < self.first:
            return
        noon = datetime.combine(day, time(12), UTC)
        rows = [
            track(rank, f"landed{(number + 7 * rank) % 60}", snapshot_at=noon, popularity=(number + rank) % 101)
            for rank in range(1, 13 + number % 10)
        ]
        buffer = io.BytesIO()
        write_raw_csv(rows, buffer)
        self._put(feed, back, name, buffer.getvalue())
        self.landed[feed, day.isoformat()] = rows

    def _put(self, feed: str, back: int, name: str, content: bytes) -> None:
        """Somebody copies a file: their disk is another, and their process is not killed."""
        day = self.timeline().date() + timedelta(days=back)
        uri = self.lake.stores["landing"].uri(f"{feed}/{day}/{name}")
        if self.s3:
            address = uri.replace("s3:/", self.s3, 1)
            # Without a type urllib says that it is a form, whose body moto takes for fields: the object would be empty.
            typed = {"Content-Type": "text/csv"}
            asked = urllib.request.Request(address, content, typed, method="PUT")  # noqa: S310 - our own loopback address
            urllib.request.urlopen(asked, timeout=30).close()  # noqa: S310
        else:
            Path(uri).parent.mkdir(parents=True, exist_ok=True)
            Path(uri).write_bytes(content)
        landed = self.lake.stores["landing"].info(f"{feed}/{day}/{name}")
        assert landed is not None
        assert landed.size == len(content), f"{uri} did not land as it is"

    def _run_beside(self) -> None:
        """`pyspotify run`, in a process of its own: its Dagster knows nothing of the daemon's."""
        today = self.timeline().date()

        def run() -> None:
            with dg.DagsterInstance.ephemeral() as instance:
                first = max(self.first, today - timedelta(days=2))
                self.pipeline.run(instance, first.isoformat(), today.isoformat())

        beside = threading.Thread(target=run)
        beside.start()
        self._tick(Cost(""))
        beside.join()


def _half(page: Any) -> None:
    page["items"] = page["items"][: len(page["items"]) // 2]
    page["total"] = len(page["items"])
    page["next"] = None


def _without_popularity(page: Any) -> None:
    for item in page["items"]:
        (item.get("track") or item)["popularity"] = 0


@contextmanager
def world(folder: Path, plan: Sequence[Misfortune], first: date, s3: str = "", bucket: str = "") -> Iterator[World]:
    """A world that has not begun yet. Its lake is in `folder` or, where there is an S3 server, in a bucket of that."""
    timeline = Timeline(datetime.combine(first, time(), UTC))
    with ExitStack() as stack:
        simulator, truth = stack.enter_context(Simulator(clock=timeline)), stack.enter_context(Simulator())
        instance = stack.enter_context(dg.DagsterInstance.ephemeral())
        stack.enter_context(timeline.ruling())
        executioner, diary = Executioner(), Diary()
        stack.enter_context(executioner.at_work())
        made: list[World] = []

        def broken(kind: str) -> Broken:
            return lambda: kind if made and made[0].wrong(kind) else ""

        stack.enter_context(disk(lambda: bool(made) and made[0].lake_refuses()))
        if s3:
            stack.enter_context(s3_that_breaks(lambda: bool(made) and made[0].lake_refuses()))
        address = f"s3://{bucket}/lake" if s3 else str(folder / "lake")
        settings = {"source": "live", "start": first.isoformat(), "lake": address}
        lake = Lake.at(**load_settings(**settings).lake_places())
        overrides = {
            "spotify": Spotify(simulator.base_url, as_of=False, clock=timeline),
            "clock": timeline,
            "crawler": BreakableCrawler(lake, broken("the crawler fails")),
            "sql": BreakableEngine(lake, broken("the engine fails")),
            "alert_channels": [diary],
        }
        pipeline = SoakedPipeline(folder, overrides=overrides, **settings)
        made.append(World(pipeline, instance, simulator, truth, timeline, diary, executioner, plan, first, s3))
        yield made[0]
