"""What assets ask for, and who provides it: a lake, a crawler, a SQL engine, Spotify and a clock.

`resources_for(settings)` is the one place that knows environments.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import ConfigDict, Field

from pyspotify_assets.alerts.channels import channels_for
from pyspotify_assets.aws.secret import spotify_credentials
from pyspotify_assets.clock import system_clock
from pyspotify_assets.errors import SettingsError
from pyspotify_assets.io_manager import LakeIOManager
from pyspotify_assets.names import AwsNames
from pyspotify_assets.refiners import GlueRefiner, LocalRefiner
from pyspotify_assets.settings import Settings
from pyspotify_assets.spotify.gate import OPEN, Gate
from pyspotify_assets.spotify.token_store import Login, TokenStore, token_store, user_options
from pyspotify_assets.warehouse.engines import refuse_sample_on_aws

if TYPE_CHECKING:
    from pyspotify_assets.lake import Lake
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

    def login(self) -> Login | None:
        """Nobody logs in to the sample."""
        return None

    @contextmanager
    def client(self, day: str, gate: Gate = OPEN) -> Iterator[SpotifyClient]:
        from pyspotify_assets.spotify.client import SpotifyClient
        from pyspotify_assets.spotify.simulator import Simulator

        with (
            Simulator(seed=self.seed) as simulator,
            SpotifyClient(
                "sample",
                "sample",
                base_url=f"{simulator.base_url}/as-of/{day}",
                refresh_token=simulator.refresh_token,  # the sample's listener shows what is theirs, too
            ) as client,
        ):
            yield client


class LiveSpotify(dg.ConfigurableResource):
    """Spotify's Web API. Credentials are read when a client is made, and kept nowhere else.

    They come from the environment or, where it has none, from the secret of that name in AWS Secrets Manager. A user's
    login lies beside them in the secret or, where none is named, in `token_file`.
    """

    model_config = _STRICT
    timeout: float = 10
    attempts: int = 5
    longest_wait: float = 60
    at_once: int = 4
    secret: str = ""
    token_file: str = ""
    url: str = "https://api.spotify.com"

    @property
    def knows_the_past(self) -> bool:
        return False

    @property
    def identity(self) -> str:
        return "spotify"

    @contextmanager
    def client(self, day: str, gate: Gate = OPEN) -> Iterator[SpotifyClient]:
        from pyspotify_assets.spotify.client import SpotifyClient

        client_id, client_secret = self.credentials()
        with SpotifyClient(
            client_id,
            client_secret,
            base_url=self.url,
            timeout=self.timeout,
            attempts=self.attempts,
            longest_wait=self.longest_wait,
            at_once=self.at_once,
            gate=gate,
            **user_options(self.token_store(), client_id),
        ) as client:
            yield client

    def credentials(self) -> tuple[str, str]:
        """Client id and client secret of the app; empty where there are none."""
        return spotify_credentials(self.secret)

    def token_store(self) -> TokenStore:
        """Where the user's login is kept."""
        return token_store(self.secret, self.token_file)

    def login(self) -> Login | None:
        """The login of a user for this app; None if nobody has logged in."""
        return self.token_store().read(self.credentials()[0])


class _OverLake(dg.ConfigurableResource):
    """What works on the lake at `address`; the fields are those of LakeIOManager."""

    model_config = _STRICT
    address: str
    areas: dict[str, str] = Field(default_factory=dict)
    s3: dict[str, str] = Field(default_factory=dict)

    def _lake(self) -> Lake:
        from pyspotify_assets.lake import Lake

        return Lake.at(self.address, self.areas, self.s3)


class LocalCrawlerResource(_OverLake):
    """The crawler of the local environment."""

    def create_resource(self, context: dg.InitResourceContext) -> Crawler:
        from pyspotify_assets.warehouse.local_crawler import LocalCrawler

        return LocalCrawler(self._lake())


class LocalEngineResource(_OverLake):
    """The SQL engine of the local environment. `timeout`: seconds that one query may take."""

    timeout: float = 600

    def create_resource(self, context: dg.InitResourceContext | None = None) -> SqlEngine:
        from pyspotify_assets.warehouse.local_engine import LocalEngine

        return LocalEngine(self._lake(), self.timeout)


class GlueCrawlerResource(_OverLake):
    """The AWS Glue crawlers of a stage. `timeout`: seconds that one crawl may take."""

    stage: str
    timeout: float

    def create_resource(self, context: dg.InitResourceContext) -> Crawler:
        from pyspotify_assets.warehouse.glue_crawler import GlueCrawler

        return GlueCrawler(self._lake(), AwsNames(self.stage), self.timeout)


class AthenaEngineResource(_OverLake):
    """Amazon Athena, in the workgroup of a stage. `timeout`: seconds that one query may take."""

    stage: str
    timeout: float

    def create_resource(self, context: dg.InitResourceContext | None = None) -> SqlEngine:
        from pyspotify_assets.warehouse.athena_engine import AthenaEngine

        return AthenaEngine(self._lake(), AwsNames(self.stage), self.timeout)


def resources_for(settings: Settings) -> dict[str, Any]:
    """The resources of the settings' environment, by the names that assets use."""
    places = settings.lake_places()
    on_aws = settings.env == "aws"
    refuse_sample_on_aws(settings)
    secret = settings.secret or settings.names.secret
    return {
        "lake_io_manager": LakeIOManager(**places),
        "crawler": GlueCrawlerResource(**places, stage=settings.stage, timeout=settings.crawl_timeout)
        if on_aws
        else LocalCrawlerResource(**places),
        "sql": AthenaEngineResource(**places, stage=settings.stage, timeout=settings.query_timeout)
        if on_aws
        else LocalEngineResource(**places, timeout=settings.query_timeout),
        "spotify": LiveSpotify(
            timeout=settings.spotify_timeout,
            attempts=settings.spotify_attempts,
            longest_wait=settings.spotify_longest_wait,
            at_once=settings.spotify_at_once,
            secret=secret if on_aws else "",
            token_file=str(settings.token_file),
            url=settings.spotify_url,
        )
        if settings.resolved_source() == "live"
        else SampleSpotify(seed=settings.sample_seed),
        "refiner": _refiner(settings),
        "clock": system_clock,
        "alert_channels": channels_for(settings),
    }


def _refiner(settings: Settings) -> LocalRefiner | GlueRefiner:
    on_s3 = settings.lake_address().startswith("s3://")
    if settings.refine_engine == "glue" and not on_s3:
        raise SettingsError(
            "PYSPOTIFY_REFINE_ENGINE = 'glue' cannot be used with a lake in a folder: the Glue job reads S3",
            "Unset it, or set PYSPOTIFY_ENV=aws.",
        )
    if settings.refine_engine == "local" or not on_s3:
        return LocalRefiner()
    return GlueRefiner(
        job=settings.names.glue_job,
        timeout=settings.glue_timeout,
        from_bytes=settings.refine_glue_from if settings.refine_engine == "auto" else 0,
    )
