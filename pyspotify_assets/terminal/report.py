"""What `pyspotify report` does: says where a page lies and what it tells, and opens it if asked to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from pyspotify_assets.daily.report import LATEST
from pyspotify_assets.errors import MissingPartitionError
from pyspotify_assets.lake import Lake
from pyspotify_assets.plays.page import PAGE
from pyspotify_assets.report import texts_in
from pyspotify_assets.settings import Settings, load_settings
from pyspotify_assets.stores import ObjectInfo, Store
from pyspotify_assets.terminal.browser import open_page
from pyspotify_assets.terminal.document import one_document
from pyspotify_assets.terminal.screen import from_here, say, show_facts


def show_report(day: date | None, listening: bool, open_it: bool, as_json: bool = False) -> None:
    """Show the newest report, that of a day, or the page about the listening history.

    MissingPartitionError where there is none, PySpotifyError where no browser can be opened.
    """
    with one_document(as_json) as document:
        settings = load_settings()
        lake = Lake.at(**settings.lake_places())
        store = lake.stores["report"]
        page = _page(store, day.isoformat() if day else "", listening)
        place = store.uri(page.key)
        document |= {"place": place, "bytes": page.size, "made_at": page.modified}
        if open_it:  # First: whoever wants to look at the page need not wait for the facts.
            say(f"Opened: {from_here(str(open_page(store, page.key)))}")
        if not listening:
            of_day = day.isoformat() if day else page.notes.get("day", "")
            facts = _facts(settings, lake, of_day) if of_day else []
            document |= {"day": of_day or None, "facts": list(facts)}
            if not as_json:
                texts = texts_in(settings.report_language)
                say(texts("facts_of", day=of_day) if of_day else "The newest report", style="bold")
                show_facts(facts)
        if not as_json:
            say(f"{'Listening history' if listening else 'Report'}: {from_here(place)}")


def _page(store: Store, day: str, listening: bool) -> ObjectInfo:
    key = PAGE if listening else f"{day}.html" if day else LATEST
    info = store.info(key)
    if info is not None:
        return info
    if listening:
        raise MissingPartitionError(
            f"There is no page about the listening history yet: {store.uri(key)}",
            "pyspotify import my_spotify_data.zip makes it, from the export that Spotify sends you.",
        )
    latest, first = store.info(LATEST), next(store.objects("", limit=1), None)
    if not day or latest is None or first is None:
        raise MissingPartitionError(f"There is no report yet: {store.uri(key)}", "pyspotify run makes one.")
    there = f"the first is of {first.key[:10]}, the newest of {latest.notes.get('day', 'a day that is not known')}"
    raise MissingPartitionError(
        f"There is no report of {day}: {there}",
        f"pyspotify run --days 1 --until {day} makes it, if the day has a snapshot.",
    )


def _facts(settings: Settings, lake: Lake, day: str) -> Sequence[str]:
    from pyspotify_assets.feeds import load_feeds
    from pyspotify_assets.terminal.overview import facts_of
    from pyspotify_assets.warehouse.engines import sql_engine

    return facts_of(lake, sql_engine(settings), load_feeds(settings.feeds), settings, day)
