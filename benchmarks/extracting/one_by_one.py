"""A contender: the way of the first PySpotify, requests one by one and the offset stepping by one.

`python -m benchmarks.extracting.one_by_one BASE_URL REQUESTS`
"""

import json
import sys
import time
from datetime import date

import spotipy

from benchmarks.extracting.ours import DAY
from pyspotify_assets.feeds import DEFAULT_FEEDS


def main(base_url: str, number: int) -> None:
    spotify = spotipy.Spotify(auth=_token(base_url))
    spotify.prefix = f"{base_url}/as-of/{DAY}/v1/"
    query = DEFAULT_FEEDS[0].query_on(date.fromisoformat(str(DAY)))
    started = time.perf_counter()
    titles = set()
    for offset in range(number):
        items = spotify.search(q=query, limit=1, offset=offset, type="track")["tracks"]["items"]
        titles |= {track["name"] for track in items if track}  # Some results are null.
    seconds = time.perf_counter() - started
    print(json.dumps({"seconds": seconds, "page requests": number, "titles": len(titles)}))  # noqa: T201


def _token(base_url: str) -> str:
    import requests

    answer = requests.post(
        f"{base_url}/api/token", {"grant_type": "client_credentials"}, auth=("id", "secret"), timeout=10
    )
    return answer.json()["access_token"]


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
