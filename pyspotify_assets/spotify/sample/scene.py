"""The scene of an answer: the catalogue, the day, the address and the regime that all of its parts have in common."""

from dataclasses import dataclass, field
from datetime import date

from pyspotify_assets.spotify.sample.charts import Standing
from pyspotify_assets.spotify.sample.edits import Edits
from pyspotify_assets.spotify.sample.regimes import EXTENDED, Regime
from pyspotify_assets.spotify.sample.shapes import Json, track_json


@dataclass(frozen=True)
class Scene:
    """`base_url` is what the URLs in an answer begin with; `edits` are what happens to playlists meanwhile."""

    seed: int
    day: date
    base_url: str
    regime: Regime = EXTENDED
    edits: Edits = field(default_factory=Edits)

    def track(self, standing: Standing) -> Json:
        """The track object as the regime has it."""
        return self.regime.trimmed(track_json(standing, self.base_url))
