"""From a ZIP in landing to `refined/plays`: what is new is added to the years it belongs to, each published whole.

There is no raw layer of plays. The typed table loses nothing of what is declared, a re-import restores it, and the ZIP
has an IP address in every record, which shall not stay: what has been taken leaves landing.
"""

from __future__ import annotations

import logging
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

from pyspotify_assets.checks import require
from pyspotify_assets.daily.raw import leave_landing, leave_quarantine, to_quarantine
from pyspotify_assets.errors import CheckFailedError, ExportError
from pyspotify_assets.lake import Lake
from pyspotify_assets.landing import safe_name
from pyspotify_assets.plays import export
from pyspotify_assets.plays.years import Taken, findings, spill, staged_year
from pyspotify_assets.stores import ObjectInfo
from pyspotify_assets.tables import PLAYS

REFINED = ("refined", PLAYS.name)
log = logging.getLogger(__name__)


def export_key(name: str) -> str:
    """Where the export `name` lands: a key of the lake's landing area."""
    return f"{PLAYS.name}/{safe_name(name, '.zip')}"


def is_export(key: str) -> bool:
    """Whether a key of landing is that of an export."""
    folder, _, name = key.partition("/")
    return folder == PLAYS.name and "/" not in name and name.lower().endswith(".zip") and not name.startswith(".")


def landed_exports(lake: Lake, limit: int | None = None) -> list[ObjectInfo]:
    """The exports that wait in landing, in order of their names."""
    return [info for info in lake.stores["landing"].objects(f"{PLAYS.name}/", limit=limit) if is_export(info.key)]


def take_landed(lake: Lake, landed: ObjectInfo, now: datetime) -> Taken:
    """Take one export out of landing. ExportError if it cannot be read: it is in quarantine then, beside the reason."""
    store = lake.stores["landing"]
    try:
        with store.local(landed.key) as file:
            taken = take(lake, file, now, Path(landed.key).name)
    except (ExportError, CheckFailedError) as error:
        kept = to_quarantine(lake, landed, str(error))
        raise ExportError(
            f"{store.uri(landed.key)} cannot be taken: {error}",
            f"The file and the reason are kept in {kept}; nothing of it has become plays.",
        ) from error
    leave_landing(lake, landed)
    leave_quarantine(lake, landed.key)
    log.info("%s taken: %d new plays of %d records", landed.key, taken.added, taken.records)
    return taken


def take(lake: Lake, file: Path, now: datetime, name: str = "") -> Taken:
    """Add the plays of an export to `refined/plays`: each play once, each year of it replaced whole or left alone.

    Nothing is published before everything is read and checked. ExportError, CheckFailedError, LakeError.
    """
    taken = Taken()
    key = f"refined/{PLAYS.name}/{name or file.name}.jsonl"
    quarantine = lake.stores["quarantine"]
    with (
        lake.lock(PLAYS.name),
        lake.stores["refined"].staging("years") as folder,
        quarantine.staging("refused.jsonl") as refused,
    ):
        with export.opened(file, name) as opened:
            spilled = spill(opened, folder, refused, taken, now)
        with ExitStack() as stack:
            staged = [
                (place, path, stack.enter_context(staged_year(place, path, taken)))
                for place, path in ((lake.place(REFINED, year), path) for year, path in spilled.items())
            ]
            require(findings(taken, {place.day: path for place, _, path in staged if path is not None}))
            # Quarantine first: a kill between the two leaves a row in both places rather than in neither.
            if taken.quarantined:
                quarantine.publish(refused, key)
            else:
                quarantine.delete(key)
            for place, _, path in staged:
                if path is not None:
                    place.publish(path, taken.years[place.day].to_texts())
    return taken
