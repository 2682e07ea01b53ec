"""A contender: both default feeds through the project's client. `python -m benchmarks.extracting.ours BASE_URL`"""

import json
import sys
import time
from datetime import date

from pyspotify_assets.clock import system_clock
from pyspotify_assets.feeds import DEFAULT_FEEDS
from pyspotify_assets.spotify.client import SpotifyClient
from pyspotify_assets.spotify.snapshot import take_snapshot

DAY = date(2024, 3, 1)


def main(base_url: str) -> None:
    import spotipy  # noqa: F401 - loaded before the clock starts, as by the other

    started = time.perf_counter()
    with SpotifyClient("id", "secret", base_url=f"{base_url}/as-of/{DAY}") as client:
        taken = [take_snapshot(client, feed, DAY, system_clock) for feed in DEFAULT_FEEDS]
    seconds = time.perf_counter() - started
    pages = sum(snapshot.page_requests for snapshot in taken)
    tracks = len({row["track_id"] for snapshot in taken for row in snapshot.rows})
    print(json.dumps({"seconds": seconds, "page requests": pages, "tracks": tracks}))  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1])
