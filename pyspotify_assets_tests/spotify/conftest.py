"""The sample's server, and clients of it whose pauses take no time."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import pytest

from pyspotify_assets.errors import SpotifyError
from pyspotify_assets.feeds import DEFAULT_FEEDS
from pyspotify_assets.spotify.client import SpotifyClient
from pyspotify_assets.spotify.sample.web_api import Response
from pyspotify_assets.spotify.simulator import Fault, Simulator
from pyspotify_assets.spotify.snapshot import Snapshot, take_snapshot

DAY = date(2026, 11, 22)
NOW = datetime(2026, 11, 22, 9, 15, tzinfo=UTC)
PLAYLIST = DEFAULT_FEEDS[1].playlist


def refusal(status, message, **headers):
    body = json.dumps({"error": {"status": status, "message": message}}).encode()
    return Response(status, {"Content-Type": "application/json", **headers}, body)


def search(client):
    return client.search_page("year:2025-2026", market="US", limit=50, offset=0)


def playlist(client):
    return client.playlist_page(PLAYLIST, market="US", limit=50, offset=0)


def failure(ask, client):
    with pytest.raises(SpotifyError) as caught:
        ask(client)
    return caught.value


@dataclass
class Connections:
    """Makes clients of a simulator; `pauses` are the seconds that they would have slept."""

    simulator: Simulator
    pauses: list[float] = field(default_factory=list)
    clients: list[SpotifyClient] = field(default_factory=list)

    def client(self, day: date = DAY, **options: Any) -> SpotifyClient:
        client = SpotifyClient(
            "an-app",
            "its-own-key",
            **{
                "base_url": f"{self.simulator.base_url}/as-of/{day}",
                "sleep": self.pauses.append,
                "clock": lambda: NOW,
                **options,
            },
        )
        self.clients.append(client)
        return client

    def snapshot(self, feed: Any, day: date = DAY) -> Snapshot:
        return take_snapshot(self.client(day), feed, day, clock=lambda: NOW, sample=True)


@pytest.fixture(scope="session")
def server() -> Iterator[Simulator]:
    with Simulator(seed=2023, clock=lambda: NOW) as simulator:
        yield simulator


@pytest.fixture
def simulator(server: Simulator) -> Simulator:
    server.reset()
    return server


@pytest.fixture
def connections(simulator: Simulator) -> Iterator[Connections]:
    connections = Connections(simulator)
    yield connections
    for client in connections.clients:
        client.close()


@pytest.fixture
def fail(simulator: Simulator) -> Callable[..., None]:
    """Have the simulator answer the next requests whose path has `applies` in it with these responses."""

    def script(applies: str, *responses: Any) -> None:
        simulator.faults.extend(Fault(applies, response) for response in responses)

    return script
