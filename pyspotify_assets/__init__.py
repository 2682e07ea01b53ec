"""A daily snapshot of Spotify in a lake, and Dagster assets that keep it.

In a notebook:

    import pyspotify_assets

    frame = pyspotify_assets.read("refined/popular_songs", "2026-11-22")
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read"]


def read(
    table: str, days: str | tuple[str, str] | None = None, *, columns: Sequence[str] | None = None
) -> pd.DataFrame:
    """A table of the current environment's lake (see `settings`) as a DataFrame with Arrow types.

    `table` is an asset's key, such as "refined/popular_songs" or "raw/top_played" (all text). `days` is one day
    (YYYY-MM-DD), the first and the last of several, or None for all that are there; several days have the column
    `snapshot_date`. `columns` reads only these.

        read("refined/popular_songs", ("2026-11-01", "2026-11-22"), columns=["rank", "track_name", "popularity"])

    Raises MissingPartitionError if no such day is there, LakeError if it cannot be read, SettingsError.
    """
    from pyspotify_assets.io_manager import LakeIOManager
    from pyspotify_assets.settings import load_settings

    return LakeIOManager(**load_settings().lake_places()).read(table, days, columns=columns)
