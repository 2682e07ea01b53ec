"""The rows of extracting."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks import processes
from benchmarks.rounds import Figures, Row

DELAY = 0.06
"""Seconds that an answer takes: what Spotify's took where this was first measured."""
REQUESTS = 1000
OURS, OLD = "pyspotify", "one by one, as the first PySpotify"


def rows(quick: bool, scratch: Path) -> Iterator[Row]:
    from pyspotify_assets.spotify.simulator import Simulator

    asked = 50 if quick else REQUESTS

    def one_by_one() -> Figures:
        found = dict(processes.python("benchmarks.extracting.one_by_one", simulator.base_url, asked).figures)
        return {**found, "seconds": found["seconds"] * REQUESTS / asked, "page requests": REQUESTS}

    with Simulator(delay=DELAY) as simulator:
        yield Row(
            work="extract both feeds at 60 ms a request" + (f" (the other: {asked} requests, times 20)" * quick),
            how="the work alone",
            ours=OURS,
            contenders={
                OURS: lambda: processes.python("benchmarks.extracting.ours", simulator.base_url).figures,
                OLD: one_by_one,
            },
            bars={"seconds": 1 / 60, "page requests": 31 / REQUESTS},
        )
