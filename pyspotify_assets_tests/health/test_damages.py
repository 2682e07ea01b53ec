"""Every kind of damage is found, in both feeds, by landing it in place of an ordinary day; ordinary days pass.

Here small and short. `make prove` takes a year, and every way in which a kind can come about (`test_year.py`).
"""

from __future__ import annotations

import pytest

from pyspotify_assets_tests.builders import put_snapshot, track
from pyspotify_assets_tests.health.damages import KINDS, file_of_yesterday, order_reversed
from pyspotify_assets_tests.health.simulation import Simulation, days_from, feeds_of

DAYS = days_from("2026-03-01", 9)


@pytest.fixture(scope="module")
def simulation(tmp_path_factory) -> Simulation:
    """Nine days of both feeds, two and three pages long, of which the first seven are there."""
    made = Simulation(tmp_path_factory.mktemp("days"), feeds_of(100, 150))
    made.take(DAYS[:7])
    return made


def failed(simulation: Simulation, day: str) -> list[tuple[str, str]]:
    return [(finding.check.name, finding.summary) for finding in simulation.judge(day) if not finding.passed]


def test_an_ordinary_day_passes(simulation):
    assert failed(simulation, DAYS[6]) == []
    assert all(finding.summary == "as usual" for finding in simulation.judge(DAYS[6]))


@pytest.mark.parametrize("kind", KINDS)
def test_damage_is_found_in_both_feeds(simulation, kind):
    found = simulation.found_by(KINDS[kind][0], DAYS[6], DAYS[5])
    print(f"{kind}: {found}")  # noqa: T201
    assert all(found.values()), found


def test_a_first_day_and_the_next_four_pass(simulation):
    for day in DAYS[:5]:
        assert failed(simulation, day) == []
    assert simulation.judge(DAYS[0])[0].summary == "not judged yet: 0 of 5 earlier snapshots"


def test_the_day_after_a_damaged_one_is_no_error(simulation):
    simulation.take([DAYS[7]])
    for damage in (order_reversed, file_of_yesterday):
        with simulation.damaged(damage, DAYS[6], DAYS[5]):
            assert [finding for finding in simulation.judge(DAYS[7]) if finding.grave] == []


class TestFeedsThatAreMeantToChange:
    """Two tiny feeds, as they are in no sample: their figures are counted by the SQL."""

    def judged(self, tmp_path, charts: dict[str, list[dict]]) -> list[tuple[str, str]]:
        made = Simulation(tmp_path, feeds_of(100, 150))
        for day, rows in charts.items():
            put_snapshot(made.lake, "popular_songs", day, [row | {"snapshot_at": f"{day}T06:00:00Z"} for row in rows])
        made.crawl()
        return failed(made, max(charts))

    @staticmethod
    def chart(first: int, **columns: object) -> list[dict]:
        return [track(rank, f"{first + rank}", **columns) for rank in range(1, 31)]

    def test_another_query_is_another_feed(self, tmp_path):
        days = days_from("2026-03-01", 8)
        before = {day: self.chart(number, source="search:this") for number, day in enumerate(days[:7])}
        asked_otherwise = self.chart(1000, source="search:that")[:12]
        assert self.judged(tmp_path / "otherwise", before | {days[7]: asked_otherwise}) == []
        alike = [row | {"source": "search:this"} for row in asked_otherwise]
        assert [name for name, _ in self.judged(tmp_path / "alike", before | {days[7]: alike})] == [
            "rows_as_usual",
            "churn_as_usual",
        ]

    def test_nine_days_without_a_snapshot_change_a_chart(self, tmp_path):
        days = days_from("2026-03-01", 17)
        charts = {day: self.chart(number) for number, day in enumerate(days[:7])}
        assert self.judged(tmp_path, charts | {days[16]: self.chart(500)}) == []

    def test_popularity_that_was_never_given_is_not_missed(self, tmp_path):
        days = days_from("2026-03-01", 7)
        assert (
            self.judged(tmp_path, {day: self.chart(number, popularity=None) for number, day in enumerate(days)}) == []
        )

    def test_a_playlist_that_is_new_every_week_is_known_by_its_third_change(self, tmp_path):
        days = days_from("2026-03-01", 22)
        charts = {day: self.chart(1000 * (number // 7)) for number, day in enumerate(days)}
        until_the_second = {day: charts[day] for day in days[:15]}
        assert [name for name, _ in self.judged(tmp_path / "second", until_the_second)] == ["churn_as_usual"]
        assert self.judged(tmp_path / "third", charts) == []
