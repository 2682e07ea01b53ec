"""State: small JSON objects in the lake's `state` area, for what has to be known across runs and processes.

None of them is worth a run: one that is damaged counts as absent, and is said to be.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from contextlib import AbstractContextManager

from pyspotify_assets.errors import MissingPartitionError
from pyspotify_assets.lake import Lake

log = logging.getLogger(__name__)


def read_state(lake: Lake, key: str) -> dict[str, object] | None:
    """The object at `key`; None where there is none, or one that is no JSON object."""
    store = lake.stores["state"]
    try:
        content = store.read(key)
    except MissingPartitionError:
        return None
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        damaged(lake, key)
        return None
    return document


def write_state(lake: Lake, key: str, document: Mapping[str, object]) -> None:
    """Put `document` in place, whole. Raises LakeError."""
    store = lake.stores["state"]
    with store.staging("state.json") as staged:
        # JSON of elsewhere can escape half of a surrogate pair, which no UTF-8 can hold.
        staged.write_bytes(f"{json.dumps(document, ensure_ascii=False)}\n".encode("utf-8", "replace"))
        store.publish(staged, key)


def forget_state(lake: Lake, key: str) -> None:
    """Remove the object; nothing happens if there is none."""
    lake.stores["state"].delete(key)


def damaged(lake: Lake, key: str) -> None:
    """Say that what lies there cannot be used, and is taken for absent."""
    log.warning("%s is damaged: the run goes on as if it were not there", lake.stores["state"].uri(key))


def locked(lake: Lake) -> AbstractContextManager[None]:
    """Hold what is known of Spotify still among the processes of this machine, to read, change and write it back."""
    return lake.lock("spotify")
