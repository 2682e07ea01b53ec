"""docs/odd-records.md says what becomes of every odd record; here each goes the whole way, and the table is right."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.csv as csv
import pyarrow.parquet as pq
import pytest

from pyspotify_assets.errors import SpotifyError
from pyspotify_assets.feeds import DEFAULT_FEEDS, Feed
from pyspotify_assets.raw_csv import write_raw_csv
from pyspotify_assets.refine import refine
from pyspotify_assets.spotify.records import SKIP_REASONS, read_entry
from pyspotify_assets.spotify.sample import edits, odd_records
from pyspotify_assets.spotify.sample.faults import cut_body, empty, html, no_items, not_an_object
from pyspotify_assets.spotify.sample.people import ODD_PLAYLIST
from pyspotify_assets.spotify.snapshot import take_snapshot

from .conftest import DAY, NOW

PAGE = Path(__file__).parents[2] / "docs" / "odd-records.md"
TOP_PLAYED = DEFAULT_FEEDS[1]
ODD = Feed("odd", "playlist", playlist=ODD_PLAYLIST)
Json = dict[str, Any]


def _without(field: str) -> Callable[[Json], Json]:
    return lambda entry: _inside(entry, lambda track: {key: value for key, value in track.items() if key != field})


def _with(**fields: Any) -> Callable[[Json], Json]:
    return lambda entry: _inside(entry, lambda track: {**track, **fields})


def _inside(entry: Json, change: Callable[[Json], Any]) -> Json:
    return {**entry, **{key: change(entry[key]) for key in ("item", "track") if key in entry}}


MADE_HERE: dict[str, Callable[[Json], Any]] = {
    "chapter": _with(type="chapter"),
    "empty entry": lambda entry: {},
    "no object": lambda entry: _inside(entry, lambda track: "track"),
    "artists null": _with(artists=None),
    "no album": _without("album"),
    "popularity gone": _without("popularity"),
    "release date that is none": lambda entry: _inside(
        entry, lambda track: {**track, "album": {**track["album"], "release_date": "2022-02-30"}}
    ),
    "name missing": _without("name"),
    "duration in words": _with(duration_ms="three minutes"),
    "half a millisecond": _with(duration_ms=33920.5),
    "popularity beyond 100": _with(popularity=101),
    "explicit in words": _with(explicit="maybe"),
    "added at no time": lambda entry: {**entry, "added_at": "yesterday"},
}
"""Records that the sample does not have: each is the plain one with something changed."""
OF_PAGES = ("page without items", "page that is no object", "playlist that changes")


def table() -> dict[str, str]:
    """Record → fate, as the page has them."""
    rows = [line.strip("|").split("|") for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| ")]
    assert rows[0][0].strip() == "record"
    return {cells[0].strip(): cells[-1].strip() for cells in rows[1:]}


TABLE = table()


@pytest.fixture
def entries(connections, simulator) -> Json:
    """Every odd entry by name: the sample's as they come over HTTP, and those that are made here."""
    client = connections.client(refresh_token=simulator.refresh_token)
    page = client.playlist_page(ODD_PLAYLIST, "US", 50, 0)
    sample = dict(zip(odd_records.CATALOGUE, page.entries, strict=True))
    return {**sample, **{name: change(sample["plain"]) for name, change in MADE_HERE.items()}}


def fate(entry: Any, plain: Json, folder: Path, twice: bool = False) -> str:
    """What becomes of `entry` on its way into the refined table, in the words of the page."""
    row = read_entry(entry)
    if isinstance(row, str):
        return f"skipped: {row}"
    rows = [read_entry(plain), row] if twice else [row]
    raw, refined, quarantine = (folder / name for name in ("raw.csv", "refined.parquet", "quarantine.csv"))
    with open(raw, "wb") as file:
        write_raw_csv(
            [{"rank": rank, **each, "snapshot_at": NOW, "source": "x"} for rank, each in enumerate(rows, 1)], file
        )
    found = refine(raw, refined, quarantine)
    if found.quarantined:
        return f"quarantined: {csv.read_csv(quarantine)['reason'][0]}"
    if found.duplicates:
        return "duplicate"
    [kept] = pq.read_table(refined).to_pylist()
    nulls = [name for name, value in kept.items() if value is None]
    return f"kept with nulls: {', '.join(nulls)}" if nulls else "kept"


@pytest.mark.parametrize("name", [name for name in TABLE if name not in OF_PAGES])
def test_every_record_of_the_table_has_the_fate_that_it_says(entries, tmp_path, name):
    assert fate(entries[name], entries["plain"], tmp_path, twice=name == "twice") == TABLE[name]


def test_the_table_has_every_record_that_the_sample_and_these_tests_know():
    assert set(TABLE) == {*odd_records.CATALOGUE, *MADE_HERE, *OF_PAGES}


def test_the_table_has_every_reason_for_which_an_entry_is_skipped():
    told = {found[1] for text in TABLE.values() if (found := re.fullmatch("skipped: (.*)", text))}

    assert told == set(SKIP_REASONS)


@pytest.mark.parametrize("response", [no_items()], ids=["items null"])
def test_a_page_without_items_is_asked_for_again(connections, fail, response):
    _is_asked_for_again(connections, fail, response)
    assert TABLE["page without items"] == "asked again"


@pytest.mark.parametrize(
    "response", [not_an_object(), html(), empty(), cut_body()], ids=["list", "HTML", "empty", "cut"]
)
def test_a_page_that_is_no_object_is_asked_for_again(connections, fail, response):
    _is_asked_for_again(connections, fail, response)
    assert TABLE["page that is no object"] == "asked again"


def _is_asked_for_again(connections, fail, response):
    undisturbed = connections.snapshot(TOP_PLAYED)
    fail("/items", response)
    disturbed = connections.snapshot(TOP_PLAYED)
    assert (disturbed.rows, disturbed.page_requests) == (undisturbed.rows, undisturbed.page_requests + 1)

    fail("/items", *[response] * 5)
    with pytest.raises(SpotifyError, match="5 attempts"):
        connections.snapshot(TOP_PLAYED)


def test_a_playlist_that_changes_is_read_again(connections, simulator):
    simulator.edit_playlist(TOP_PLAYED.playlist, after=4, edit=edits.saved_again)

    assert connections.snapshot(TOP_PLAYED).readings == 2
    assert TABLE["playlist that changes"] == "read again"


def test_the_odd_playlist_is_reconciled(connections, simulator):
    client = connections.client(refresh_token=simulator.refresh_token)

    snapshot = take_snapshot(client, ODD, DAY, lambda: NOW)

    assert snapshot.received == snapshot.expected == len(odd_records.CATALOGUE)
    assert snapshot.skipped == {"null entry": 2, "episode": 1}
    assert len(snapshot.rows) + 3 == snapshot.received
    assert snapshot.duplicates == 1


def test_a_search_that_finds_odd_records_counts_each(connections):
    snapshot = connections.snapshot(Feed("odd", "search", query=odd_records.QUERY))

    assert snapshot.received == len(odd_records.IN_SEARCH) == len(snapshot.rows) + snapshot.skipped["null entry"]
