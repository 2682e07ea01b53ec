"""The made-up catalogue: artists, albums and tracks, and which tracks there are on a day.

Tracks are numbered within the month of their release, the most promising first. The months before a day carry all of
their tracks, older ones fewer and fewer, the oldest one each: so there are some 2,000 to 3,000 tracks on any day, most
of them recent, and none is gone overnight.
"""

import math
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

from pyspotify_assets.spotify.sample.dice import Dice, spotify_id
from pyspotify_assets.spotify.sample.names import INVENTED, Tongue, artist_name, pick_tongue, title

ARTISTS = 350
_TRACKS_A_MONTH = 100
_MONTHS_IN_FULL = 24
_OLDEST_YEAR = 1980


@dataclass(frozen=True)
class Artist:
    """One artist; `tongue` is that of the titles."""

    id: str
    name: str
    tongue: Tongue


@dataclass(frozen=True)
class Album:
    """One album or single. `release_date` is as precise as `release_date_precision` says; `released` is the day."""

    id: str
    name: str
    type: str
    artist: Artist
    released: date
    release_date: str
    release_date_precision: str


class Wave(NamedTuple):
    """A slow rise and fall of popularity. `period` is in days, `phase` a part of it."""

    amplitude: float
    period: float
    phase: float

    def height(self, day: int) -> float:
        """What it adds on a day, counted as `date.toordinal` does."""
        return self.amplitude * math.sin(2 * math.pi * (day / self.period + self.phase))


@dataclass(frozen=True)
class Track:
    """One track. `potential` is how popular it is in the long run, on a scale to 100."""

    id: str
    name: str
    artists: tuple[Artist, ...]
    album: Album
    duration_ms: int
    explicit: bool
    isrc: str
    potential: float
    waves: tuple[Wave, ...]

    @property
    def is_evergreen(self) -> bool:
        """Whether age takes little of its popularity: older tracks that are still heard."""
        return self.potential > 90


def tracks_on(seed: int, day: date) -> list[Track]:
    """The tracks that are out on `day`, latest month first."""
    this_month = day.year * 12 + day.month - 1
    tracks = []
    for month in range(this_month, _OLDEST_YEAR * 12 - 1, -1):
        for number in range(_tracks_left(this_month - month)):
            track = _track(seed, month, number)
            if track.album.released <= day:
                tracks.append(track)
    return tracks


def _tracks_left(months: int) -> int:
    """How many of a month's tracks are still listed when it is `months` past."""
    if months < _MONTHS_IN_FULL:
        return _TRACKS_A_MONTH
    return max(1, round(_TRACKS_A_MONTH * math.exp(-(months - _MONTHS_IN_FULL + 1) / 3)))


@lru_cache(maxsize=2048)
def _artist(seed: int, number: int) -> Artist:
    dice = Dice(seed, "artist", number)
    tongue = pick_tongue(dice)
    return Artist(spotify_id(seed, "artist", number), artist_name(tongue, dice), tongue)


def _pick_artist(seed: int, dice: Dice) -> Artist:
    # To a power, so that a few artists have many tracks and many have few.
    return _artist(seed, int(ARTISTS * dice.fraction() ** 1.6))


@lru_cache(maxsize=8192)
def _album(seed: int, month: int, artist: Artist, single: str | None, number: int) -> Album:
    """An artist's album of a month, or the single of one track (`single` is its title, `number` the track's)."""
    words = (seed, "album", artist.id, month, single and number)
    dice = Dice(*words)
    first = date(month // 12, month % 12 + 1, 1)
    released = first + timedelta(days=dice.whole(0, 27))
    age_of_format = 2.0 if first.year >= 2010 else 9.0
    fraction = dice.fraction() / age_of_format
    precision = "day" if fraction > 0.04 else "month" if fraction > 0.025 else "year"
    if first.year < 2010 and fraction < 0.06:
        precision = "year"
    return Album(
        id=spotify_id(*words),
        name=single if single is not None else title(artist.tongue, dice),
        type="single" if single is not None else "compilation" if dice.chance(0.04) else "album",
        artist=artist,
        released=released,
        release_date=released.isoformat()[: {"day": 10, "month": 7, "year": 4}[precision]],
        release_date_precision=precision,
    )


@lru_cache(maxsize=16384)
def _track(seed: int, month: int, number: int) -> Track:
    dice = Dice(seed, "track", month, number)
    artist = _pick_artist(seed, dice)
    guests = [_pick_artist(seed, dice) for _ in range(dice.pick((0, 0, 0, 0, 1, 1, 2)))]
    artists = tuple(dict.fromkeys([artist, *guests]))
    name = title(artist.tongue, dice)
    if len(artists) > 1 and artist.tongue is INVENTED and dice.chance(0.5):
        name = f"{name} (feat. {artists[1].name})"
    isrc = f"ZZPYS{month // 12 % 100:02}{month % 12:02}{number:03}"  # ZZ is a country of no one
    if number > 20 and dice.chance(0.02):  # the recording before, once more under an id of its own
        original = _track(seed, month, number - 1)
        artists, name, isrc = original.artists, original.name, original.isrc
        artist = artists[0]
    album = _album(seed, month, artist, name if dice.chance(0.6) else None, number)
    place = (number + dice.fraction()) / _TRACKS_A_MONTH  # 0 is the month's best
    return Track(
        id=spotify_id(seed, "track", month, number),
        name=name,
        artists=artists,
        album=album,
        duration_ms=dice.whole(95_000, 330_000),
        explicit=dice.chance(0.3),
        isrc=isrc,
        potential=50 + 46 * (1 - place) ** 2.2 + dice.between(-6, 6),
        waves=(
            Wave(dice.between(1, 6), dice.between(50, 120), dice.fraction()),
            Wave(dice.between(0.5, 3), dice.between(18, 40), dice.fraction()),
            Wave(dice.between(0.1, 0.4), dice.between(6, 12), dice.fraction()),
        ),
    )
