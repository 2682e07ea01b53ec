"""The budget of page requests: counted across runs and processes, never exceeded, and refused before Spotify does."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import dagster as dg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyspotify_assets.daily.budget import BATCH, requests_counted
from pyspotify_assets.daily.lake_gate import LakeGate
from pyspotify_assets.daily.refusals import kept_refusal
from pyspotify_assets.daily.state import write_state
from pyspotify_assets.errors import RefusedError
from pyspotify_assets.lake import Lake
from pyspotify_assets.spotify.simulator import Simulator
from pyspotify_assets_tests.pipelines import DAYS, NOON, Pipeline, Served

DAY = DAYS[-1]
MIDNIGHT = datetime(2024, 3, 4, tzinfo=UTC)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake.at(str(tmp_path / "lake"))


def passed(gate: LakeGate, tries: int) -> int:
    """How many of so many requests were let through."""
    number = 0
    for _ in range(tries):
        try:
            gate.pass_one()
        except RefusedError:
            break
        number += 1
    return number


def test_what_was_not_needed_is_given_back(lake):
    with LakeGate(lake, lambda: NOON, 200) as gate:
        assert passed(gate, 13) == 13

    assert requests_counted(lake, DAY) == 13


def test_at_any_moment_no_more_than_a_batch_is_counted_and_not_made(lake):
    gate = LakeGate(lake, lambda: NOON, 200)  # As if its process were killed: nothing is given back.
    for made in range(1, 45):
        gate.pass_one()
        assert made <= requests_counted(lake, DAY) < made + BATCH


@settings(max_examples=60)
@given(
    runs=st.lists(st.tuples(st.integers(0, 40), st.booleans()), max_size=8),
    most=st.integers(1, 60),
)
def test_runs_together_never_make_more_than_the_budget_and_those_that_end_well_waste_nothing(runs, most):
    made = wasted = 0
    with TemporaryDirectory() as folder:
        lake = Lake.at(folder)
        for tries, killed in runs:
            gate = LakeGate(lake, lambda: NOON, most)
            if killed:
                before = requests_counted(lake, DAY)
                number = passed(gate, tries)
                wasted += requests_counted(lake, DAY) - before - number
            else:
                with gate:
                    number = passed(gate, tries)
            made += number
            assert number == tries or made + wasted == most
        assert made <= most
        assert requests_counted(lake, DAY) == made + wasted


def test_threads_that_ask_at_once_share_it(lake):
    with LakeGate(lake, lambda: NOON, 57) as gate, ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lambda _: passed(gate, 20), range(8))) == 57


def test_processes_that_ask_at_once_share_it(lake):
    code = (
        "import sys; from datetime import datetime, UTC\n"
        "from pyspotify_assets.daily.lake_gate import LakeGate; from pyspotify_assets.lake import Lake\n"
        "from pyspotify_assets_tests.test_budget import NOON, passed\n"
        "with LakeGate(Lake.at(sys.argv[1]), lambda: NOON, 45) as gate: print(passed(gate, 30))\n"
    )
    command = [sys.executable, "-c", code, lake.address]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]  # noqa: S603
    numbers = [int(process.communicate(timeout=60)[0]) for process in processes]

    assert sum(numbers) <= 45
    assert requests_counted(lake, DAY) == sum(numbers)


def test_used_up_it_refuses_until_the_next_midnight_in_utc_and_says_which_setting_it_is(lake):
    with LakeGate(lake, lambda: NOON, 3) as gate:
        assert passed(gate, 5) == 3
        with pytest.raises(RefusedError) as refused:
            gate.pass_one()

    assert refused.value.until == MIDNIGHT
    assert "all 3 page requests of 2024-03-03 are used up" in str(refused.value)
    assert "PYSPOTIFY_SPOTIFY_DAILY_REQUESTS" in str(refused.value)
    assert kept_refusal(lake, NOON).until == MIDNIGHT


def test_a_new_day_has_a_new_one_even_for_a_run_that_began_the_day_before(lake):
    now = [MIDNIGHT - timedelta(seconds=1)]
    with LakeGate(lake, lambda: now[0], 3) as gate:
        assert passed(gate, 2) == 2
        now[0] = MIDNIGHT
        assert passed(gate, 5) == 3

    assert requests_counted(lake, DAY) == 2
    assert requests_counted(lake, "2024-03-04") == 3


def test_one_that_is_raised_lets_requests_pass_at_once(lake):
    with LakeGate(lake, lambda: NOON, 3) as gate:
        passed(gate, 5)

    with LakeGate(lake, lambda: NOON, 5) as gate:
        assert passed(gate, 5) == 2


def test_it_does_not_put_a_refusal_of_spotifys_aside(lake):
    gate = LakeGate(lake, lambda: NOON, 3)
    gate.close(NOON + timedelta(hours=20), "429")
    write_state(lake, f"spotify/requests/{DAY}.json", {"count": 3})

    with LakeGate(lake, lambda: NOON, 200) as raised, pytest.raises(RefusedError, match="429"):
        raised.pass_one()


@pytest.mark.parametrize("content", [b"", b"{}", b'{"count": -1}', b'{"count": true}', b'{"count": "many"}', b"\xff"])
def test_a_count_that_is_damaged_stops_no_run(lake, caplog, content):
    path = Path(lake.stores["state"].uri(f"spotify/requests/{DAY}.json"))
    path.parent.mkdir(parents=True)
    path.write_bytes(content)

    with LakeGate(lake, lambda: NOON, 200) as gate:
        gate.pass_one()

    assert "is damaged" in caplog.text
    assert requests_counted(lake, DAY) == 1


def test_counts_of_days_that_are_long_over_go(lake):
    for day in ("2023-12-01", "2024-02-20", "2024-03-02"):
        write_state(lake, f"spotify/requests/{day}.json", {"count": 1})

    LakeGate(lake, lambda: NOON, 200).pass_one()

    kept = [info.key[-15:-5] for info in lake.stores["state"].objects("spotify/requests/")]
    assert kept == ["2024-02-20", "2024-03-02", DAY]


class TestInARun:
    @pytest.fixture
    def instance(self) -> Iterator[dg.DagsterInstance]:
        with dg.DagsterInstance.ephemeral() as instance:
            yield instance

    def test_is_counted_and_ends_well_what_would_exceed_it(self, tmp_path, instance):
        with Simulator() as simulator:
            spotify = Served(simulator.base_url, clock=lambda: NOON)
            overrides = {"spotify": spotify, "clock": lambda: NOON}
            pipeline = Pipeline(tmp_path, overrides=overrides, spotify_daily_requests=5)
            taken = pipeline.run(instance, DAY, DAY, "daily_snapshot")
            counted = requests_counted(pipeline.lake, DAY)
            refused = pipeline.run(instance, DAY, DAY, "daily_snapshot")
            pages = sum(request.is_page for request in simulator.requests)

        assert set(taken.made()) > {"raw/popular_songs", "raw/top_played"}
        assert counted <= 4
        assert refused.success
        assert pages == requests_counted(pipeline.lake, DAY) == 5
        assert "The daily budget refuses requests" in refused.failed_checks()["raw/top_played:spotify_answers"]
