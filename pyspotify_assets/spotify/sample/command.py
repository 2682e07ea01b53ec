"""The command `python -m pyspotify_assets.spotify.simulator`: Spotify on a port of this machine, until Ctrl-C."""

import signal
import threading

from pyspotify_assets.spotify.sample.regimes import REGIMES


def main() -> None:
    """Read the command line, serve, and end on Ctrl-C or SIGTERM."""
    import click

    @click.command(context_settings={"max_content_width": 100})
    @click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port of 127.0.0.1; 0: any that is free.")
    @click.option(
        "--regime",
        type=click.Choice(list(REGIMES)),
        default="extended",
        show_default=True,
        help="As Spotify treats which app: with extended quota, in development mode, or a newer one in that mode.",
    )
    @click.option("--seed", type=click.IntRange(0), default=2023, show_default=True, help="Seed of the catalogue.")
    @click.option("--premium/--no-premium", default=True, show_default=True, help="Whether the app's owner has it.")
    @click.option("--window", type=click.IntRange(1), help="Requests that are answered within 30 seconds.")
    @click.option("--daily-quota", type=click.IntRange(0), help="Requests that are answered in a day of UTC.")
    @click.option("--delay", type=click.FloatRange(0, 60), default=0.0, help="Seconds that each answer takes.")
    def serve(
        port: int, regime: str, seed: int, premium: bool, window: int | None, daily_quota: int | None, delay: float
    ) -> None:
        """Stand in for Spotify on this machine: a made-up catalogue, which no request leaves the machine for."""
        from pyspotify_assets.spotify.simulator import Simulator

        simulator = Simulator(
            seed,
            regime=regime,
            premium=premium,
            window=None if window is None else (window, 30),
            daily_quota=daily_quota,
            delay=delay,
            port=port,
        )
        ended = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: ended.set())
        try:
            with simulator:
                click.echo(_welcome(simulator.base_url, regime, seed))
                while not ended.wait(0.5):  # in pieces: on Windows a wait without an end hears no Ctrl-C
                    pass
        except OSError as error:
            raise click.ClickException(f"Port {port} cannot be served on: {error.strerror}.") from None

    serve()


def _welcome(base_url: str, regime: str, seed: int) -> str:
    return f"""Spotify is simulated on {base_url} (regime {regime}, seed {seed}). Ctrl-C ends it.

Point the pipeline at it, in another terminal:

  export PYSPOTIFY_SPOTIFY_URL={base_url}
  export SPOTIPY_CLIENT_ID=any SPOTIPY_CLIENT_SECRET=any
  export PYSPOTIFY_LAKE=./lake-simulated
  pyspotify run
"""
