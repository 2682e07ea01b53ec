"""`--live`: one small request of every kind that the pipeline makes, for real. The only part that writes or costs.

Crawlers are not started: each crawl is billed for ten minutes at least, and `pyspotify run` starts them anyway.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from functools import partial

from pyspotify_assets.diagnosis.alerts import message_looks
from pyspotify_assets.diagnosis.finding import Finding, Look
from pyspotify_assets.feeds import Feed
from pyspotify_assets.settings import Settings

GROUP = "Tried"
PATIENCE = 60
"""Seconds that the one query may take."""

_FOLDER = "glue/doctor"
"""In `state`: there the pipeline's role may remove, and what a killed process leaves behind expires after two days."""

_CONTENT = b"pyspotify doctor was here\n"


def live_looks(settings: Settings, feeds: Sequence[Feed]) -> Iterator[Look]:
    """A tiny object, a SELECT 1, a search for one track, a message by each channel of alerts.

    On AWS also the Lambda's dry run, and a word on crawls.
    """
    yield Look(GROUP, "an object", partial(_object, settings))
    yield Look(GROUP, "SELECT 1", partial(_query, settings))
    yield Look(GROUP, "Spotify", partial(_search, settings, feeds))
    yield from message_looks(settings)
    if settings.env == "aws":
        name = settings.names.function
        yield Look(GROUP, f"Lambda {name}", partial(_dry_run, name), "lambda:InvokeFunction", "warning")
        yield Look(GROUP, "crawlers", _crawls)


def _object(settings: Settings) -> Iterator[Finding]:
    from pyspotify_assets.lake import Lake

    store, key = Lake.at(**settings.lake_places()).store("state"), f"{_FOLDER}/{uuid.uuid4().hex}.txt"
    with store.staging("doctor.txt") as staged:
        staged.write_bytes(_CONTENT)
        store.publish(staged, key)
    try:
        same = store.read(key) == _CONTENT
    finally:
        store.delete(key)
    place = store.uri(key)
    if same:
        yield Finding("ok", "an object", f"put, read and removed: {place}")
    else:
        yield Finding("problem", "an object", f"came back changed: {place}", "Look what else writes there.")


def _query(settings: Settings) -> Iterator[Finding]:
    from pyspotify_assets.warehouse.engines import sql_engine

    bounded = settings.model_copy(update={"query_timeout": min(settings.query_timeout, PATIENCE)})
    engine = sql_engine(bounded)
    with engine.metered() as figures:
        [row] = engine.query("SELECT 1 AS one").to_pylist()
    cost = f", ${figures['cost_usd']:.5f}" if isinstance(figures.get("cost_usd"), float) else ""
    if row == {"one": 1}:
        yield Finding("ok", "SELECT 1", f"answered{cost}")
    else:
        yield Finding("problem", "SELECT 1", f"answered {row}", "Please report this.")


def _search(settings: Settings, feeds: Sequence[Feed]) -> Iterator[Finding]:
    if settings.resolved_source() == "sample":
        yield Finding("ok", "Spotify", "not asked: the built-in sample needs nobody")
        return
    from pyspotify_assets.aws.secret import spotify_credentials
    from pyspotify_assets.clock import system_clock
    from pyspotify_assets.spotify.client import SpotifyClient

    secret = (settings.secret or settings.names.secret) if settings.env == "aws" else ""
    client_id, client_secret = spotify_credentials(secret)
    today = settings.today(system_clock())
    query = next((feed.query_on(today) for feed in feeds if feed.kind == "search"), f"year:{today.year}")
    # Once: whoever looks wants to hear of a refusal now, not after its retries.
    with SpotifyClient(
        client_id, client_secret, base_url=settings.spotify_url, timeout=settings.spotify_timeout, attempts=1
    ) as client:
        page = client.search_page(query, market="US", limit=1, offset=0)
    yield Finding("ok", "Spotify", f"{client.host} gave {len(page.entries)} of {page.total} for {query!r}")


def _dry_run(name: str) -> Iterator[Finding]:
    from pyspotify_assets.aws.refusals import explained
    from pyspotify_assets.aws.session import client
    from pyspotify_assets.errors import AwsError

    with explained(AwsError, f"Lambda {name}"):
        client("lambda").invoke(FunctionName=name, InvocationType="DryRun")
    yield Finding("ok", f"Lambda {name}", "may be invoked; it was not")


def _crawls() -> Iterator[Finding]:
    yield Finding("ok", "crawlers", "not started: each crawl is billed for 10 minutes at least (docs/costs.md)")
