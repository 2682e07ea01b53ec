"""A lake with raw days of both feeds, five days of the sample over and over.

`python -m benchmarks.rebuilding.lake LAKE DAYS`
"""

import sys
import tempfile
from datetime import UTC, date, datetime, timedelta
from typing import cast

from pyspotify_assets.daily.raw import SpotifySource, extract
from pyspotify_assets.feeds import DEFAULT_FEEDS
from pyspotify_assets.lake import Lake
from pyspotify_assets.resources import SampleSpotify

FIRST = date(2023, 1, 1)
TAKEN = 5
NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


def days(number: int) -> list[str]:
    """The days, ascending."""
    return [(FIRST + timedelta(days=day)).isoformat() for day in range(number)]


def main(address: str, number: int) -> None:
    lake, spotify = Lake.at(address), cast(SpotifySource, SampleSpotify())
    with tempfile.TemporaryDirectory() as folder:
        taken = Lake.at(folder)
        for feed in DEFAULT_FEEDS:
            for day in days(TAKEN):
                extract(taken, spotify, feed, day, lambda: NOON, "UTC")
            for place, day in enumerate(days(number)):
                source, target = (
                    taken.place(("raw", feed.name), days(TAKEN)[place % TAKEN]),
                    lake.place(("raw", feed.name), day),
                )
                with target.staged() as staged:
                    staged.write_bytes(source.store.read(source.key))
                    target.publish(staged, source.require().notes)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
