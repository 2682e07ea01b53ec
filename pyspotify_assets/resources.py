"""What assets ask for, and who provides it: a lake, a crawler, a SQL engine, Spotify and a clock.

`resources_for(settings)` is the one place that knows environments.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import dagster as dg
from pydantic import ConfigDict, Field

from pyspotify_assets.clock import system_clock
from pyspotify_assets.errors import SettingsError
from pyspotify_assets.io_manager import LakeIOManager
from pyspotify_assets.settings import Settings

if TYPE_CHECKING:
    from pyspotify_assets.spotify.client import SpotifyClient
    from pyspotify_assets.warehouse import Crawler, SqlEngine

_STRICT = ConfigDict(extra="forbid", frozen=True)


class SampleSpotify(dg.ConfigurableResource):
    """The built-in sample: a simulator of Spotify on loopback with a made-up catalogue, which knows every past day."""

    model_config = _STRICT
    seed: int = 2023

    @property
    def knows_the_past(self) -> bool:
        return True

    @property
    def identity(self) -> str:
        return f"sample {self.seed}"

    @contextmanager
    def client(self, day: str) -> Iterator[SpotifyClient]:
        from pyspotify_assets.spotify.client import SpotifyClient
        from pyspotify_assets.spotify.simulator import Simulator

        with (
            Simulator(seed=self.seed) as simulator,
            SpotifyClient("sample", "sample", base_url=f"{simulator.base_url}/as-of/{day}") as client,
        ):
            yield client


class LiveSpotify(dg.ConfigurableResource):
    """Spotify's Web API. Credentials are read from the environment when a client is made, and kept nowhere else."""

    model_config = _STRICT
    timeout: float = 10
    attempts: int = 5

    @property
    def knows_the_past(self) -> bool:
        return False

    @property
    def identity(self) -> str:
        return "spotify"

    @contextmanager
    def client(self, day: str) -> Iterator[SpotifyClient]:
        from pyspotify_assets.spotify.client import SpotifyClient

        client_id, client_secret = (os.environ.get(f"SPOTIPY_CLIENT_{name}", "") for name in ("ID", "SECRET"))
        with SpotifyClient(client_id, client_secret, timeout=self.timeout, attempts=self.attempts) as client:
            yield client


class LocalCrawlerResource(dg.ConfigurableResource):
    """The crawler of the local environment over the lake at `address`."""

    model_config = _STRICT
    address: str
    areas: dict[str, str] = Field(default_factory=dict)

    def create_resource(self, context: dg.InitResourceContext) -> Crawler:
        from pyspotify_assets.lake import Lake
        from pyspotify_assets.warehouse.local_crawler import LocalCrawler

        return LocalCrawler(Lake.at(self.address, self.areas))


class LocalEngineResource(dg.ConfigurableResource):
    """The SQL engine of the local environment over the lake at `address`."""

    model_config = _STRICT
    address: str
    areas: dict[str, str] = Field(default_factory=dict)

    def create_resource(self, context: dg.InitResourceContext | None = None) -> SqlEngine:
        from pyspotify_assets.lake import Lake
        from pyspotify_assets.warehouse.local_engine import LocalEngine

        return LocalEngine(Lake.at(self.address, self.areas))


def resources_for(settings: Settings) -> dict[str, object]:
    """The resources of the settings' environment, by the names that assets use."""
    if settings.env == "aws":
        raise SettingsError(
            "PYSPOTIFY_ENV = 'aws' is not there yet", "Use local; PYSPOTIFY_LAKE may be an s3:// address there too."
        )
    address = settings.lake_address()
    live = settings.resolved_source() == "live"
    return {
        "lake_io_manager": LakeIOManager(address=address),
        "crawler": LocalCrawlerResource(address=address),
        "sql": LocalEngineResource(address=address),
        "spotify": LiveSpotify(timeout=settings.spotify_timeout, attempts=settings.spotify_attempts)
        if live
        else SampleSpotify(seed=settings.sample_seed),
        "clock": system_clock,
    }


def sql_engine(settings: Settings) -> SqlEngine:
    """The SQL engine of the settings' environment, for use outside of a run."""
    resource = resources_for(settings)["sql"]
    assert isinstance(resource, LocalEngineResource)
    return resource.create_resource()
