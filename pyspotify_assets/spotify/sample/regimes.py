"""The three regimes: what Spotify answers to which kind of app, as data."""

from dataclasses import dataclass

from pyspotify_assets.spotify.sample.shapes import Json


@dataclass(frozen=True)
class Regime:
    """How Spotify treats an app of one kind. Other pages than those of searches are the same to all: 50, 20 unless
    asked."""

    name: str
    search_page: int
    """The most results of a search at once; more is 400 "Invalid limit"."""
    search_default: int
    """Results of a search whose request names no limit."""
    gone: frozenset[str]
    """Fields that no track has any more."""
    entry_keys: tuple[str, ...]
    """Under which keys an entry of a playlist has its track."""
    listing_keys: tuple[str, ...]
    """Under which keys a playlist has its first page, and under which paths below its own the others are."""
    others: bool
    """Whether the items of somebody else's public playlist are given."""
    editorial: bool
    """Whether Spotify's own playlists are given."""
    needs_premium: bool
    """Whether the app's owner must have Premium."""
    user_details: bool
    """Whether a user's country and product are told."""

    def trimmed(self, track: Json) -> Json:
        """`track` without what is gone."""
        if self.gone.isdisjoint(track):
            return track
        return {key: value for key, value in track.items() if key not in self.gone}


_BOTH = {"entry_keys": ("item", "track"), "listing_keys": ("items", "tracks")}
EXTENDED = Regime(
    "extended", 50, 20, frozenset(), **_BOTH, others=True, editorial=True, needs_premium=False, user_details=True
)
DEVELOPMENT = Regime(
    "development", 50, 20, frozenset(), **_BOTH, others=True, editorial=False, needs_premium=True, user_details=True
)
RESTRICTED = Regime(
    "restricted",
    search_page=10,
    search_default=5,
    gone=frozenset({"popularity", "available_markets", "linked_from"}),
    entry_keys=("item",),
    listing_keys=("items",),
    others=False,
    editorial=False,
    needs_premium=True,
    user_details=False,
)
REGIMES = {regime.name: regime for regime in (EXTENDED, DEVELOPMENT, RESTRICTED)}
"""By name: extended quota; development mode with an app made before 2026-02-11; development mode with a newer app."""
