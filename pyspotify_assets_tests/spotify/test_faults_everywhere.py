"""Whatever goes wrong at whatever request: the same CSV comes out, or Spotify refuses and the next run's is whole."""

import io
import itertools
from collections import Counter
from collections.abc import Iterator

import pytest

from pyspotify_assets.errors import RefusedError, SpotifyError
from pyspotify_assets.feeds import Feed
from pyspotify_assets.raw_csv import write_raw_csv
from pyspotify_assets.spotify.client import SpotifyClient
from pyspotify_assets.spotify.sample.faults import (
    FINAL,
    LONG_REFUSALS,
    PASSING,
    Fault,
    at_request,
    no_items,
    not_an_object,
    token_expired,
)
from pyspotify_assets.spotify.sample.people import OWN_PLAYLIST
from pyspotify_assets.spotify.simulator import Simulator
from pyspotify_assets.spotify.snapshot import take_snapshot

from .conftest import DAY, NOW

FEEDS = (
    Feed("few_songs", "search", query="year:2025-2026", maximum=40),
    Feed("mine", "playlist", playlist=OWN_PLAYLIST, maximum=120),
    Feed("top", "top_tracks", range="short_term"),
)
REQUESTS = 1 + 1 + 4 + 1 + 1 + 3 + 1 + 2
"""Restricted: token, probe, four pages; token, what the playlist is, three pages, what it is; two pages of tracks."""
TIMEOUT = 0.6
"""Seconds that the silent fault costs; a busy machine answers sooner."""
PASSING_HERE = {**PASSING, "200 no object": not_an_object(), "200 items null": no_items(), "401": token_expired()}


class Gate:
    """Remembers until when it is closed, and lets nobody through before."""

    def __init__(self):
        self.until, self.passed = None, 0

    def pass_one(self):
        if self.until is not None:
            raise RefusedError("Still refused.", until=self.until)
        self.passed += 1

    def close(self, until, reason):
        self.until = until


@pytest.fixture(scope="module")
def server() -> Iterator[Simulator]:
    with Simulator(seed=2023, clock=lambda: NOW, regime="restricted") as simulator:
        yield simulator


def extract(simulator: Simulator, gate: Gate, pauses: list[float], timeout: float = TIMEOUT) -> list[bytes]:
    """The CSVs of all feeds, as one run with one client takes them."""
    csvs = []
    with SpotifyClient(
        "an-app",
        "its-own-key",
        base_url=f"{simulator.base_url}/as-of/{DAY}",
        refresh_token=simulator.refresh_token,
        timeout=timeout,
        sleep=pauses.append,
        clock=lambda: NOW,
        gate=gate,
    ) as client:
        for feed in FEEDS:
            file = io.BytesIO()
            write_raw_csv(take_snapshot(client, feed, DAY, lambda: NOW).rows, file)
            csvs.append(file.getvalue())
    return csvs


@pytest.fixture(scope="module")
def undisturbed(server: Simulator) -> list[bytes]:
    csvs = extract(server, Gate(), [], timeout=30)  # the first answers take longer: the catalogue is made up
    assert server.requests[-1].number == REQUESTS
    return csvs


def disturbed(server: Simulator, undisturbed: list[bytes], faults: list[tuple[int, str]]) -> None:
    """Runs with these faults, at the request of that number, until one comes to its end."""
    everything = PASSING_HERE | LONG_REFUSALS
    server.reset()
    server.faults.extend(Fault(at_request(number), everything[name]) for number, name in faults)
    gate, pauses, runs = Gate(), [], 1
    while True:
        try:
            csvs = extract(server, gate, pauses)
            break
        except RefusedError as refused:
            assert gate.until == refused.until > NOW
            asked = server.requests[-1].number
            with pytest.raises(RefusedError):
                extract(server, gate, pauses)
            assert server.requests[-1].number == asked  # before its time nothing is asked
            gate, runs = Gate(), runs + 1
    assert csvs == undisturbed
    assert len(server.faults) == sum(number > server.requests[-1].number for number, _ in faults)
    assert runs == 1 + sum(name in LONG_REFUSALS for _, name in faults)
    assert all(pause <= 60 for pause in pauses)


FOR_TOKENS = (1, 7)
EVERYTHING = [
    (number, name)
    for number, name in itertools.product(range(1, REQUESTS + 1), PASSING_HERE | LONG_REFUSALS)
    if not (name == "401" and number in FOR_TOKENS)  # there it says that the credentials are wrong: that is final
]
_ORDER = {name: place for place, name in enumerate(PASSING_HERE | LONG_REFUSALS)}
QUICKLY = [(number, name) for number, name in EVERYTHING if (number + _ORDER[name]) % 5 == 0]
"""What the quick proof takes of them: every request, and every fault several times."""


@pytest.mark.parametrize("number", range(1, REQUESTS + 1))
def test_a_fault_at_any_request_leaves_the_csv_as_it_is_or_ends_the_run_refused(server, undisturbed, number):
    for name in [name for at, name in QUICKLY if at == number]:
        disturbed(server, undisturbed, [(number, name)])


def test_the_quick_proof_has_every_request_and_every_fault_several_times():
    assert min(Counter(number for number, _ in QUICKLY).values()) >= 4
    assert min(Counter(name for _, name in QUICKLY).values()) >= 2
    assert {name for _, name in QUICKLY} == {*PASSING_HERE, *LONG_REFUSALS}


@pytest.mark.slow
@pytest.mark.parametrize(("number", "name"), EVERYTHING, ids=lambda value: str(value).replace(" ", "-"))
def test_every_fault_at_every_request(server, undisturbed, number, name):
    disturbed(server, undisturbed, [(number, name)])


@pytest.mark.parametrize("name", [name for name in PASSING_HERE if name not in ("silence", "401")])
def test_the_same_fault_at_every_second_request_changes_nothing_either(server, undisturbed, name):
    disturbed(server, undisturbed, [(number, name) for number in range(1, 2 * REQUESTS + 1, 2)])


@pytest.mark.parametrize("name", [name for name in FINAL if name != "401"])
@pytest.mark.parametrize("number", [1, 2, 4, 8, 10, 12])
def test_what_spotify_has_decided_ends_the_run_at_once_with_its_reason(server, undisturbed, number, name):
    server.reset()
    server.faults.append(Fault(at_request(number), FINAL[name]))
    pauses: list[float] = []

    with pytest.raises(SpotifyError, match=rf"{FINAL[name].status}") as caught:
        extract(server, Gate(), pauses)

    assert not isinstance(caught.value, RefusedError)
    assert pauses == []
    assert server.requests[-1].number < number + 4
    assert extract(server, Gate(), pauses) == undisturbed
