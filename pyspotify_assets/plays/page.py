"""`report/listening`: from the marts of the listening history to the page about them."""

from __future__ import annotations

from typing import Any

from pyspotify_assets.clock import Clock
from pyspotify_assets.daily.fingerprints import content_version, fingerprint
from pyspotify_assets.daily.notes import Notes
from pyspotify_assets.lake import Lake
from pyspotify_assets.names import DATABASES
from pyspotify_assets.sql import athena_text, over_table, sql_tree
from pyspotify_assets.stores import ObjectInfo
from pyspotify_assets.tables import LISTENING, LISTENING_ARTISTS, LISTENING_HOURS, LISTENING_TRACKS, Table
from pyspotify_assets.warehouse import SqlEngine

VERSION = "3"
"""Part of the page's fingerprint: raise it when the same data would come out as another page."""

PAGE = "listening.html"


def page_info(lake: Lake) -> ObjectInfo | None:
    """What lies where the page belongs."""
    return lake.stores["report"].info(PAGE)


def page_fingerprint(sql: SqlEngine, timezone: str, language: str) -> str | None:
    """What the page is made from; None where there is no mart of the listening history."""
    versions = {
        mart.name: {
            partition.day: partition.notes.get("version", "")
            for partition in sql.partitions(DATABASES["marts"], mart.name)
        }
        for mart in LISTENING
    }
    return fingerprint(VERSION, versions, timezone, language) if all(versions.values()) else None


def is_current(lake: Lake, made_from: str | None) -> bool:
    """Whether the page that is there was made from that."""
    info = page_info(lake)
    notes = Notes.kept_with(info)
    return notes is not None and notes.fingerprint == made_from


def make_page(
    lake: Lake, sql: SqlEngine, made_from: str, timezone: str, language: str, clock: Clock
) -> tuple[Notes, ObjectInfo, list[dict[str, Any]]]:
    """Render and publish the page; gives the rows of `listening_hours` too. QueryError, LakeError."""
    from pyspotify_assets.report import texts_in
    from pyspotify_assets.report.listening import ListeningData, render_listening

    tracks, artists, hours = (_rows(sql, mart) for mart in (LISTENING_TRACKS, LISTENING_ARTISTS, LISTENING_HOURS))
    page = render_listening(ListeningData(tracks, artists, hours, timezone, clock()), texts_in(language))
    store = lake.stores["report"]
    with store.staging(PAGE) as staged:
        staged.write_text(page, encoding="utf-8")
        notes = Notes.of(made_from, content_version(staged), len(tracks) + len(artists) + len(hours), {}, [])
        return notes, store.publish(staged, PAGE, notes.to_texts()), hours


def _rows(sql: SqlEngine, mart: Table) -> list[dict[str, Any]]:
    tree = over_table(sql_tree("report_listening"), DATABASES["marts"], mart.name)
    return sql.query(athena_text(tree)).to_pylist()
