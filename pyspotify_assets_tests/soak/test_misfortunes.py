"""The plan of faults: the same for the same seed, of every kind, within its days, and quiet at the end."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyspotify_assets.spotify.sample.faults import FINAL, PASSING
from pyspotify_assets_tests.soak.misfortunes import KINDS, QUIET_DAYS, UTC, misfortunes, refusal, stumble
from pyspotify_assets_tests.soak.timeline import Timeline

FIRST = date(2024, 3, 1)
seeds = st.integers(0, 1 << 20)


@given(seeds, st.integers(QUIET_DAYS + 2, 40))
def test_is_the_same_for_the_same_seed_ascending_and_over_before_the_last_quiet_days(seed, days):
    plan = misfortunes(seed, FIRST, days)

    begin = datetime.combine(FIRST, datetime.min.time(), UTC)
    assert plan == misfortunes(seed, FIRST, days)
    assert plan == sorted(plan, key=lambda one: one.at)
    assert all(one.at >= begin + timedelta(days=1) for one in plan)
    assert all(one.at <= one.until <= begin + timedelta(days=days - QUIET_DAYS) for one in plan)


@settings(max_examples=20)
@given(seeds)
def test_a_year_has_every_kind_and_what_spotify_answers_has_a_name(seed):
    plan = misfortunes(seed, FIRST, 365)

    assert {one.kind for one in plan} == {kind.name for kind in KINDS}
    assert all(stumble(one) in PASSING and refusal(one) in FINAL for one in plan)


def test_different_seeds_give_different_years():
    assert len({tuple(misfortunes(seed, FIRST, 30)) for seed in range(20)}) == 20


def test_the_clock_is_turned_forward_and_never_back():
    noon = datetime(2024, 3, 1, 12, tzinfo=UTC)
    timeline = Timeline(noon)

    timeline.turn_to(noon - timedelta(hours=1))
    assert noon <= timeline() < noon + timedelta(minutes=1)
    timeline.sleep(3600)
    assert timeline() >= noon + timedelta(hours=1)


def test_dagster_dates_what_happens_by_the_clock():
    import dagster as dg

    timeline = Timeline(datetime(2024, 3, 1, 12, tzinfo=UTC))

    @dg.op
    def nothing() -> None: ...

    @dg.job
    def job() -> None:
        nothing()

    with dg.DagsterInstance.ephemeral() as instance, timeline.ruling():
        run = job.execute_in_process(instance=instance).dagster_run
        [record] = instance.get_run_records()
        events = instance.get_records_for_run(run.run_id).records

    times = [record.create_timestamp.timestamp(), *(event.timestamp for event in events)]
    assert min(times) >= timeline().timestamp() - 600
    assert max(times) <= timeline().timestamp() == pytest.approx(times[0], abs=600)
