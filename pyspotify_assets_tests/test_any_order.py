"""Whatever the order of runs, re-runs, kills, late days and runs at once: the lake ends in the same bytes.

Drawn sequences of what happens to a pipeline in its life, over two feeds and two days with a few tracks each. At the
end the sensors tick until they ask for nothing; where a run was killed, after one ordinary run. Then raw, refined,
quarantine, the marts' rows and the reports are those of a lake in which every file landed once and one run took all.

The slow tests draw a few short sequences, `make prove` many long ones (see `proofs.py`).
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as drawn_by
from hypothesis import strategies as st

from pyspotify_assets import history, sensors
from pyspotify_assets.raw_csv import write_raw_csv
from pyspotify_assets.stores import folder as folder_store
from pyspotify_assets_tests.builders import track
from pyspotify_assets_tests.desk import Desk
from pyspotify_assets_tests.kill_points import contents
from pyspotify_assets_tests.pipelines import DAYS, FEEDS, NOON, Pipeline, Served
from pyspotify_assets_tests.proofs import proving, seed

NOWHERE = "http://127.0.0.1:9"
"""A Spotify that nobody asks: snapshots land."""
SNAPSHOTS: Sequence[Sequence[dict[str, object]]] = (
    [track(1, "A"), track(2, "B"), track(3, "C", popularity=None)],
    [track(1, "B"), track(2, "D", duration_ms="long"), track(3, "A"), track(4, "A")],
    [track(1, "E", track_name="=1+1"), track(2, None)],
)
"""What may land: a plain one; one with a row that cannot be typed and a track twice; one without an id."""

lands = st.tuples(st.just("land"), st.sampled_from(FEEDS), st.sampled_from(DAYS[:2]), st.sampled_from(range(3)))
happens = st.one_of(
    lands,
    lands,
    st.just(("sensors",)),
    st.just(("refresh",)),
    st.just(("two at once",)),
    st.tuples(st.just("kill"), st.integers(0, 60)),
)
tried = {"sequences": 0, "alike": 0, "kills": 0, "runs": 0}


class Killed(BaseException):
    """What no `except Exception` catches: a run that it goes through ends where it is, as a killed one does."""


class Life:
    """One pipeline, and what happens to it."""

    def __init__(self, folder: Path, instance: dg.DagsterInstance) -> None:
        self.pipeline = Pipeline(folder, source="live", overrides={"spotify": Served(NOWHERE), "clock": lambda: NOON})
        self.desk, self.instance, self.killed = Desk(self.pipeline, instance), instance, False

    def land(self, feed: str, day: str, number: int) -> None:
        store = self.pipeline.lake.stores["landing"]
        with store.staging("a.csv") as staged:
            with open(staged, "wb") as file:
                write_raw_csv(SNAPSHOTS[number], file)
            store.publish(staged, f"{feed}/{day}/a.csv")

    def refresh(self, instance: dg.DagsterInstance | None = None) -> None:
        run = self.pipeline.run(instance or self.instance, DAYS[0], DAYS[1])
        assert run.success, run.failures()
        tried["runs"] += 1

    def two_at_once(self) -> None:
        """Two processes of a user: each has a Dagster that knows nothing of the other's."""
        failures: list[BaseException] = []

        def refresh() -> None:
            try:
                with dg.DagsterInstance.ephemeral() as instance:
                    self.refresh(instance)
            except BaseException as error:  # Handed to the test's own thread.
                failures.append(error)

        threads = [threading.Thread(target=refresh) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        self.killed = True  # What they made, the sensors' Dagster has not heard of.

    def kill(self, number: int) -> None:
        """A refresh that is killed before its change of that number, should it come to so many."""
        with killed_before(number):
            try:
                run = self.pipeline.run(self.instance, DAYS[0], DAYS[1])
                killed = not run.success
            except Killed:
                killed = True
            else:  # Within a step Dagster sees it and ends the run, which does nothing more either.
                assert all("Killed" in words for words in run.failures().values())
        tried["kills"] += killed
        self.killed = self.killed or killed

    def settle(self) -> dict[str, object]:
        if self.killed:
            self.refresh()
        self.desk.until_quiet()
        return self.contents()

    def contents(self) -> dict[str, object]:
        """Not what was replaced: how often that was is the history, and no part of the end."""
        found = contents(self.pipeline.folder, self.pipeline)
        return {name: what for name, what in found.items() if not name.startswith(("replaced/", "quarantine/landing/"))}


@contextmanager
def killed_before(number: int) -> Iterator[None]:
    replace, left = folder_store._replace, [number]

    def counted(staged: Path, path: Path) -> None:
        if left[0] == 0:  # And whatever it would have done after that.
            raise Killed
        left[0] -= 1
        replace(staged, path)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(folder_store, "_replace", counted)
        yield


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch) -> None:
    """What was killed has been so for hours, and what failed is asked for again at once."""
    monkeypatch.setattr(history, "AGAIN_AFTER", timedelta(0))
    monkeypatch.setattr(history, "LONGEST_RUN", timedelta(0))
    monkeypatch.setattr(sensors, "LONGEST_RUN", timedelta(0))


@pytest.mark.slow
def test_any_order_ends_in_the_same_bytes(figures):
    try:
        any_order_ends_alike()
    finally:
        figures.line(
            f"orders tried: {tried['sequences']}, with {tried['runs']} runs and {tried['kills']} kills: "
            f"{tried['alike']} ended in the same bytes"
        )
    assert tried["kills"] or not proving()


@drawn_by(seed())
@settings(
    max_examples=40 if proving() else 4,
    phases=tuple(Phase) if proving() else [Phase.generate],
    suppress_health_check=list(HealthCheck),
    database=None,
)
@given(st.lists(happens, min_size=1, max_size=10 if proving() else 5))
def any_order_ends_alike(events):
    assert_ends_alike(events)


@pytest.mark.slow
def test_a_life_with_a_kill_and_a_replaced_day_ends_in_the_same_bytes():
    assert_ends_alike([("kill", 17), ("land", "top_played", DAYS[0], 1)])


def assert_ends_alike(events: Sequence[tuple]) -> None:
    landed: dict[tuple[str, str], int] = {("top_played", DAYS[0]): 0}
    with tempfile.TemporaryDirectory() as place, dg.DagsterInstance.ephemeral() as instance:
        life = Life(Path(place, "lived"), instance)
        life.land("top_played", DAYS[0], 0)
        for name, *arguments in events:
            if name == "land":
                feed, day, number = arguments
                life.land(feed, day, number)
                landed[feed, day] = number
            elif name == "sensors":
                life.desk.until_quiet()
            elif name == "refresh":
                life.refresh()
            elif name == "two at once":
                life.two_at_once()
            else:
                life.kill(*arguments)
        lived = life.settle()
        with dg.DagsterInstance.ephemeral() as another:
            plain = Life(Path(place, "plain"), another)
            for (feed, day), number in landed.items():
                plain.land(feed, day, number)
            plain.refresh()
            expected = plain.contents()
    tried["sequences"] += 1
    assert lived.keys() == expected.keys()
    assert [name for name in lived if lived[name] != expected[name]] == []
    tried["alike"] += 1
