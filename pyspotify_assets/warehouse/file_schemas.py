"""How the columns of one file of the lake differ from the declaration, in words: the drift that a crawl reports.

What `contract.py` accepts is no drift: files from before a migration that the declaration tells of.
"""

from __future__ import annotations

from pyspotify_assets.contract import file_differences, header_differences, reported
from pyspotify_assets.csv_structure import header_of
from pyspotify_assets.errors import PySpotifyError
from pyspotify_assets.lake import Place
from pyspotify_assets.schemas import declared_types
from pyspotify_assets.tables import PLAYS, SNAPSHOT

_HEADER = 64 << 10
"""Bytes of a raw file that are read for its header: the file may be larger than memory."""


def differences(place: Place, area: str) -> list[str]:
    """How one file's columns differ from the declaration, in words; an unreadable file is one difference."""
    try:
        return _raw_differences(place) if area == "raw" else _parquet_differences(place)
    except (PySpotifyError, OSError, ValueError) as error:
        return [f"cannot be read: {error}"]


def _raw_differences(place: Place) -> list[str]:
    filesystem, root = place.store.arrow()
    with filesystem.open_input_stream(root + place.key) as file:
        header = header_of(file.read(_HEADER).partition(b"\n")[0], "the header")
    return [f"header: {words}" for words in reported(header_differences(header, SNAPSHOT, place.day))]


def _parquet_differences(place: Place) -> list[str]:
    import pyarrow.parquet as pq

    declared = PLAYS if place.key.startswith(f"{PLAYS.name}/") else SNAPSHOT
    filesystem, root = place.store.arrow()
    found = declared_types(pq.read_schema(root + place.key, filesystem=filesystem))
    return reported(file_differences(found, declared, place.day))
