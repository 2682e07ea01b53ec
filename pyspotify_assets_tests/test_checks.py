"""The checks that warn about a live snapshot: no popularity, days that were missed, a login that will end soon."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from pyspotify_assets.checks import missed_days_finding, popularity_finding
from pyspotify_assets.spotify.simulator import Simulator
from pyspotify_assets.spotify.token_store import Login
from pyspotify_assets_tests.builders import put_raw, track
from pyspotify_assets_tests.pipelines import DAYS, NOON, SMALL_FEEDS, Pipeline, Run, Served, rows

TODAY = DAYS[-1]
SEARCH = SMALL_FEEDS.partition('[[feed]]\nname = "top')[0]
RAW = [dg.AssetKey(["raw", "top_played"])]


class LoggedIn(Served):
    """A Spotify that somebody has logged in to at `since`."""

    def __init__(self, base_url: str, since: datetime | None) -> None:
        super().__init__(base_url, clock=lambda: NOON)
        self.since = since

    def login(self) -> Login | None:
        return Login("an-app", "a-token", self.since)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture(scope="module")
def refreshed(tmp_path_factory) -> tuple[Pipeline, Run]:
    """A refresh of the search in the regime of new apps."""
    folder, clock = tmp_path_factory.mktemp("restricted"), lambda: NOON
    with Simulator(regime="restricted", clock=clock) as simulator, dg.DagsterInstance.ephemeral() as instance:
        overrides = {"spotify": Served(simulator.base_url, clock=clock), "clock": clock}
        pipeline = Pipeline(folder, feeds=SEARCH, overrides=overrides)
        return pipeline, pipeline.run(instance, TODAY, TODAY)


class TestWithoutPopularity:
    @pytest.mark.parametrize("layer", ["raw", "refined"])
    def test_raw_and_refined_warn_and_say_what_was_absent(self, refreshed, layer):
        _, run = refreshed
        check = run.checks()[f"{layer}/popular_songs:popularity_given"]

        assert run.success, run.failures()
        assert not check.passed
        assert check.severity == dg.AssetCheckSeverity.WARN
        assert check.description.startswith(f"{TODAY}: not given: by position. Absent: popularity")
        assert run.metadata(f"{layer}/popular_songs", TODAY)["popularity_given"] == 0

    def test_raw_names_what_was_absent_as_metadata(self, refreshed):
        _, run = refreshed

        assert run.checks()["raw/popular_songs:popularity_given"].metadata["absent"].value == "popularity"

    def test_absent_is_null_in_every_table_and_never_0(self, refreshed):
        pipeline, _ = refreshed

        for table, column in (
            ("spotify_refined.popular_songs", "popularity"),
            ("spotify_marts.chart_movement", "popularity"),
            ("spotify_marts.top_artists", "mean_popularity"),
            ("spotify_marts.release_profile", "mean_popularity"),
        ):
            assert rows(pipeline, f"SELECT count(*) > 0, count({column}) FROM {table}") == [(True, 0)]

    @pytest.mark.parametrize("mart", ["chart_movement", "top_artists", "release_profile"])
    def test_the_marts_say_that_they_go_by_position(self, refreshed, mart):
        _, run = refreshed

        assert run.metadata(f"spotify_marts/{mart}", TODAY)["popularity_given"] == 0

    def test_the_report_says_so_in_words(self, refreshed):
        pipeline, _ = refreshed
        page = Path(pipeline.lake.place(("report", "daily"), TODAY).uri).read_text(encoding="utf-8")

        assert "Spotify gives no popularity here: everything goes by position." in page

    def test_given_by_a_single_track_it_is_given(self):
        assert popularity_finding(True).passed


class TestDaysThatWereMissed:
    @pytest.mark.parametrize(
        ("before", "told"),
        [
            ([], None),
            (["2024-03-02"], None),
            (["2024-03-01"], "no snapshot of 2024-03-02: 1 missed"),
            (["2024-02-20", "2024-02-27"], "no snapshot of 2024-02-28 to 2024-03-02: 4 missed"),
            (["2024-01-15"], None),
        ],
        ids=["a first day", "yesterday", "one", "several", "longer ago than a month"],
    )
    def test_are_those_since_the_snapshot_before(self, tmp_path, instance, before, told):
        with Simulator(clock=lambda: NOON) as simulator:
            spotify = Served(simulator.base_url, clock=lambda: NOON)
            pipeline = Pipeline(tmp_path, overrides={"spotify": spotify, "clock": lambda: NOON})
            for day in before:
                put_raw(pipeline.lake, "top_played", day, [track(1, "A")])

            check = pipeline.run(instance, TODAY, TODAY, "daily_snapshot", RAW).checks()["raw/top_played:no_day_missed"]

        assert check.passed == (told is None)
        assert check.severity == dg.AssetCheckSeverity.WARN
        assert check.description == f"{TODAY}: {told or 'none'}"

    def test_are_told_though_a_day_behind_them_was_put_into_landing(self, tmp_path, instance):
        """The daemon was down for days; the last of them was landed by hand, and nobody heard of the others."""
        first = NOON - timedelta(days=6)
        now = [first, NOON]
        with Simulator(clock=lambda: now[0]) as simulator:
            spotify = Served(simulator.base_url, clock=lambda: now[0])
            pipeline = Pipeline(tmp_path, overrides={"spotify": spotify, "clock": lambda: now[0]})
            pipeline.run(instance, first.date().isoformat(), first.date().isoformat(), "daily_snapshot", RAW)
            put_raw(pipeline.lake, "top_played", "2024-03-01", [track(1, "A")])
            now.pop(0)

            check = pipeline.run(instance, TODAY, TODAY, "daily_snapshot", RAW).checks()["raw/top_played:no_day_missed"]

        assert not check.passed
        assert check.description == f"{TODAY}: no snapshot of 2024-02-27 to 2024-02-29, 2024-03-02: 4 missed"

    def test_are_counted(self):
        assert missed_days_finding([("2024-02-28", "2024-03-01"), ("2024-03-03",) * 2]).figures == {
            "days_missed": 4,
            "missed_days": "2024-02-28 to 2024-03-01, 2024-03-03",
        }


class TestTheLogin:
    @pytest.mark.parametrize(
        ("since", "passed", "told"),
        [
            (datetime(2023, 10, 4, 12, tzinfo=UTC), True, "The login of 2023-10-04 ends on 2024-04-04"),
            (
                datetime(2023, 10, 3, 12, tzinfo=UTC),
                False,
                "ends on 2024-04-03, in 31 days. Log in again: pyspotify login",
            ),
            (datetime(2023, 9, 3, 12, tzinfo=UTC), False, "The login of 2023-09-03 is over since 2024-03-03"),
            (None, True, "Nobody knows since when the login holds"),
        ],
        ids=["younger than five months", "five months", "six months", "not known"],
    )
    def test_warns_from_five_months_on_and_never_fails_a_run(self, tmp_path, instance, since, passed, told):
        with Simulator(clock=lambda: NOON) as simulator:
            overrides = {"spotify": LoggedIn(simulator.base_url, since), "clock": lambda: NOON}
            pipeline = Pipeline(tmp_path, overrides=overrides)

            run = pipeline.run(instance, TODAY, TODAY, "daily_snapshot", RAW)

        check = run.checks()["raw/top_played:login_fresh"]
        assert run.success
        assert check.passed == passed
        assert check.severity == dg.AssetCheckSeverity.WARN
        assert told in check.description

    def test_is_not_judged_where_nobody_has_logged_in_or_needs_to(self, tmp_path, instance):
        with Simulator(clock=lambda: NOON) as simulator:
            overrides = {"spotify": Served(simulator.base_url, clock=lambda: NOON), "clock": lambda: NOON}
            run = Pipeline(tmp_path / "a", overrides=overrides).run(instance, TODAY, TODAY, "daily_snapshot", RAW)
            overrides["spotify"] = LoggedIn(simulator.base_url, NOON)
            search = Pipeline(tmp_path / "b", feeds=SEARCH, overrides=overrides)
            of_search = search.run(instance, TODAY, TODAY, "daily_snapshot", [dg.AssetKey(["raw", "popular_songs"])])

        assert run.success
        assert of_search.success
        assert not [name for name in (*run.checks(), *of_search.checks()) if name.endswith(":login_fresh")]
