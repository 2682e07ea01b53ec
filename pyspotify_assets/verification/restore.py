"""The way back of a raw day: what was replaced is put into landing, and taken from there like any other file.

So it is checked like any other, too, and no hand but the asset's writes raw.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator

from pyspotify_assets.daily.fingerprints import content_version
from pyspotify_assets.daily.notes import Notes
from pyspotify_assets.daily.raw import set_aside
from pyspotify_assets.lake import Lake, Place
from pyspotify_assets.landing import landing_key
from pyspotify_assets.stores import Replaced
from pyspotify_assets.verification.raw import published


def bring_back(lake: Lake, feed: str, day: str) -> Replaced | None:
    """Put the best of what is kept of a raw day into landing; what lies there now goes to quarantine as well.

    Best is what has the content that was published last, then the newest whose content is what its own notes say.
    None, with nothing changed, where nothing of that kind is kept. Raises LakeError.
    """
    place = lake.place(("raw", feed), day)
    for replaced in _best_first(place):
        with place.store.local(place.key, replaced.version) as file:
            notes = Notes.from_texts(replaced.notes)
            if notes is None or notes.version != content_version(file):
                continue
            key = landing_key(feed, day, f"brought-back-{replaced.published:%Y-%m-%dT%H-%M-%S}.csv")
            if place.info() is not None:
                reason = f"Damaged: what was published on {replaced.published:%Y-%m-%d %H:%M:%S} UTC is brought back."
                set_aside(lake, "raw", place.key, reason)
            store = lake.stores["landing"]
            with store.staging("brought-back.csv") as staged:
                shutil.copyfile(file, staged)
                store.publish(staged, key)
        return replaced
    return None


def _best_first(place: Place) -> Iterator[Replaced]:
    last, kept = published(place), place.store.replaced(place.key)
    same = [one for one in kept if last and one.notes.get("version") == last.version]
    yield from same
    yield from (one for one in kept if one not in same)
