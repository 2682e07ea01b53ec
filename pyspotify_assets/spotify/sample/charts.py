"""The made-up charts: how popular every track is on a day, what a search finds, and what is on a playlist.

Popularity is a sum of slow waves, a start after the release, a decline with age, and now and then a sudden fashion,
each computed for the day itself: a day costs the same however far away it is. Charts move from day to day as real ones
do, by a few ranks and a few percent of newcomers.
"""

import math
import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from pyspotify_assets.feeds import DEFAULT_FEEDS
from pyspotify_assets.spotify.sample.catalogue import Track, tracks_on
from pyspotify_assets.spotify.sample.dice import Dice, fraction

MOST_PLAYED = next(feed.playlist for feed in DEFAULT_FEEDS if feed.kind == "playlist")
"""The playlist that is everyone's most played: the one of the default feed."""
MOST_PLAYED_LENGTH = 550
_STRETCH = 90
"""Days within which a track comes into fashion at most once."""
_YEARS = re.compile(r"year:(\d{4})(?:-(\d{4}))?")


@dataclass(frozen=True)
class Standing:
    """A track on a day: `score` is its popularity before rounding, unbounded."""

    track: Track
    score: float

    @property
    def popularity(self) -> int:
        """0 to 100, as Spotify has it."""
        return max(0, min(100, round(self.score)))


@lru_cache(maxsize=32)
def standings(seed: int, day: date) -> tuple[Standing, ...]:
    """Every track that is out on `day`, in no particular order."""
    return tuple(Standing(track, _score(seed, track, day)) for track in tracks_on(seed, day))


@lru_cache(maxsize=64)
def search(seed: int, day: date, query: str) -> tuple[Standing, ...]:
    """What a search finds, by relevance: nearly the order of popularity, and a little different every day.

    `year:2025` and `year:2025-2026` choose by year of release, other words by the names of track and artists. Where no
    name has them, some tracks are found nonetheless, the same for the same words: no query is without results.
    """
    found = standings(seed, day)
    years = _YEARS.search(query)
    if years:
        first, last = int(years[1]), int(years[2] or years[1])
        found = tuple(standing for standing in found if first <= standing.track.album.released.year <= last)
    words = [word.rpartition(":")[2].strip('"').casefold() for word in _YEARS.sub(" ", query).split()]
    if words:
        named = tuple(standing for standing in found if all(word in _names(standing.track) for word in words))
        found = named or tuple(standing for standing in found if Dice(seed, words, standing.track.id).chance(0.15))

    def relevance(standing: Standing) -> float:
        return standing.score + 2 * _liking(seed, "search", standing.track.id) + _unrest(seed, "search", standing, day)

    return tuple(sorted(found, key=relevance, reverse=True))


def playlist(seed: int, day: date, playlist_id: str) -> tuple[Standing, ...]:
    """What is on a playlist, in its order: on MOST_PLAYED what is played most, on any other by a taste of its own."""
    return ranking(seed, day, playlist_id)[: playlist_length(seed, playlist_id)]


def playlist_length(seed: int, playlist_id: str) -> int:
    """How many tracks are on a playlist, every day."""
    return MOST_PLAYED_LENGTH if playlist_id == MOST_PLAYED else Dice(seed, "playlist", playlist_id).whole(50, 300)


@lru_cache(maxsize=64)
def ranking(seed: int, day: date, taste: str) -> tuple[Standing, ...]:
    """All tracks in the order in which a taste has them, such as that of a playlist: an id, or any other words."""
    width = 3 if taste == MOST_PLAYED else 30

    def plays(standing: Standing) -> float:
        return standing.score + width * _liking(seed, taste, standing.track.id) + _unrest(seed, taste, standing, day)

    return tuple(sorted(standings(seed, day), key=plays, reverse=True))


def added_at(seed: int, playlist_id: str, track: Track, day: date) -> datetime:
    """When a track was put on a playlist: some days after its release, at the latest on `day`."""
    dice = Dice(seed, "added", playlist_id, track.id)
    added = min(max(track.album.released, date(2019, 1, 1)) + timedelta(days=dice.whole(0, 40)), day)
    return datetime.combine(added, time(0, dice.whole(0, 59), dice.whole(0, 59)))


def _names(track: Track) -> str:
    return " ".join([track.name, *(artist.name for artist in track.artists)]).casefold()


@lru_cache(maxsize=32768)
def _liking(seed: int, where: str, track_id: str) -> float:
    """What a list makes of a track whatever the day: from -1 to 1."""
    return 2 * fraction(f"{seed}/liking/{where}/{track_id}") - 1


def _unrest(seed: int, where: str, standing: Standing, day: date) -> float:
    """What a single day adds or takes: little at the top of a chart, more below."""
    swing = min(1.0, max(0.1, (100 - standing.score) / 45))
    return swing * (2 * fraction(f"{seed}/unrest/{where}/{standing.track.id}/{day}") - 1)


def _score(seed: int, track: Track, day: date) -> float:
    age = (day - track.album.released).days
    number = day.toordinal()
    waves = sum(wave.height(number) for wave in track.waves)
    decline = (2.5 if track.is_evergreen else 6.0) * math.log2(1 + age / 150)
    start = 9 * math.exp(-age / 20) - 14 * math.exp(-age / 1.5)  # nobody has heard it on the first day
    return track.potential + waves - decline + start + _fashion(seed, track, number)


def _fashion(seed: int, track: Track, number: int) -> float:
    """What a sudden fashion adds: it rises within three days and fades within weeks."""
    stretch, position = divmod(number + int(track.waves[0].phase * _STRETCH), _STRETCH)
    onset, height = _fashion_of(seed, track.id, stretch)
    since = position - onset
    return 0.0 if since < 0 else height * min(1.0, (since + 1) / 3) * math.exp(-since / 9)


@lru_cache(maxsize=32768)
def _fashion_of(seed: int, track_id: str, stretch: int) -> tuple[int, float]:
    """Day of the stretch and height of its fashion; one stretch in eight has one, over before the next begins."""
    dice = Dice(seed, "fashion", track_id, stretch)
    return (dice.whole(0, 50), dice.between(5, 18)) if dice.chance(0.125) else (0, 0.0)
