"""The handler that AWS Lambda calls: a snapshot of every feed, put into landing, from where `raw_landed` takes it.

The same code as the assets' takes, judges and writes it, so that the file is the one that Dagster would have written.
A feed that fails does not stop the others; the invocation then fails at its end, and says which and why.
"""

from __future__ import annotations

import json
import logging
import time
import traceback
from collections.abc import Sequence
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

from lambda_function.deadline import Deadline
from lambda_function.environment import read_settings
from pyspotify_assets.aws.secret import spotify_credentials
from pyspotify_assets.checks import raw_findings, require
from pyspotify_assets.clock import Clock, system_clock
from pyspotify_assets.errors import FeedError, PastDayError, PySpotifyError
from pyspotify_assets.feeds import Feed, feed_named, load_feeds
from pyspotify_assets.landing import landing_key
from pyspotify_assets.raw_csv import write_raw_csv
from pyspotify_assets.spotify.client import SpotifyClient
from pyspotify_assets.spotify.snapshot import take_snapshot
from pyspotify_assets.spotify.token_store import token_store, user_options
from pyspotify_assets.stores import Store
from pyspotify_assets.stores.s3 import S3Options, S3Store

log = logging.getLogger("lambda_function")

Landed = dict[str, Any]
"""What came of one feed: rows, uri, and the figures that only the snapshot knows."""


class ExtractError(PySpotifyError):
    """Some feeds have not landed; the message names each, and why."""


def handler(event: object, context: Any, clock: Clock = system_clock) -> dict[str, Landed]:
    """Put the day's snapshot of the feeds into landing: feed → `rows` and `uri` of its file.

    `event` is {} for all feeds, or {"feeds": [names]}. `context` is Lambda's: the time left, and the request's id.
    Raises ExtractError at the end if a feed has not landed; at once SettingsError, FeedError, AwsError (no account, no
    secret) or SpotifyError (unusable credentials), before anything is asked for.
    """
    log.setLevel(logging.INFO)  # Here, not in the stack: Lambda's own level, WARNING, would hide the feeds' lines.
    settings = read_settings()
    feeds = _asked_for(event, load_feeds(settings.feeds))
    deadline = Deadline(lambda: context.get_remaining_time_in_millis() / 1000, settings.timeout)
    landing = S3Store.at(settings.landing, S3Options(settings.encryption, settings.kms_key, owner="{account}"))
    client_id, client_secret = spotify_credentials(settings.secret)
    landed: dict[str, Landed] = {}
    failed: dict[str, str] = {}
    with SpotifyClient(
        client_id,
        client_secret,
        base_url=settings.spotify_url,
        timeout=settings.timeout,
        attempts=settings.attempts,
        sleep=deadline.sleep,
        gate=deadline,
        **user_options(token_store(settings.secret, ""), client_id),
    ) as client:
        for feed in feeds:
            begun = time.monotonic()
            try:
                landed[feed.name] = _land(feed, client, landing, settings.timezone, clock, context.aws_request_id)
            except PySpotifyError as error:
                failed[feed.name] = str(error).removeprefix(f"Feed {feed.name}: ")
            except Exception as error:  # A mistake of ours must not cost the other feeds their day.
                # Frames without the exception's own words: no one has looked for secrets in those.
                log.error("".join(traceback.format_tb(error.__traceback__)))
                failed[feed.name] = f"{type(error).__name__}, which nobody expected; the log has the place"
            outcome = landed.get(feed.name) or {"failed": failed[feed.name]}
            line = {"feed": feed.name, **outcome, "seconds": round(time.monotonic() - begun, 2)}
            log.log(logging.ERROR if feed.name in failed else logging.INFO, json.dumps(line, ensure_ascii=False))
    if failed:
        reasons = "\n".join(f"{name}: {reason}" for name, reason in failed.items())
        others = f"\nLanded: {', '.join(landed)}." if landed else ""
        raise ExtractError(f"{len(failed)} of {len(feeds)} feeds have not landed.\n{reasons}{others}")
    return landed


def _asked_for(event: object, feeds: Sequence[Feed]) -> list[Feed]:
    """The feeds that the event names, all if it names none; each once."""
    remedy = 'It is {}, or {"feeds": ["top_played"]} for some feeds only.'
    if not isinstance(event, dict):
        raise FeedError(f"The event {event!r} cannot be used: it is no JSON object", remedy)
    unknown = sorted(set(event) - {"feeds"})
    # A schedule without an input of its own sends a description of itself.
    if unknown and "detail-type" not in event:
        raise FeedError(f"The event cannot be used: it has {unknown[0]!r}", remedy)
    names = event.get("feeds")
    if names is None:
        return list(feeds)
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise FeedError(f"The event cannot be used: feeds = {names!r} is no list of names", remedy)
    return [feed_named(name, feeds) for name in dict.fromkeys(names)]


def _land(
    feed: Feed, client: SpotifyClient, landing: Store, timezone: ZoneInfo, clock: Clock, request_id: str
) -> Landed:
    began = clock().astimezone(timezone).date()
    snapshot = take_snapshot(client, feed, began, clock)
    day = snapshot.snapshot_at.astimezone(timezone).date()
    # A snapshot is of the day on which it was completed; but the query of a search may be that of the year before.
    if feed.source_on(day) != feed.source_on(began):
        raise PastDayError(
            f"The snapshot was begun on {began} and completed on {day} ({timezone.key}), whose query is another",
            "Invoke it again: nothing has landed.",
        )
    # Only here it is known what was to be received: the file does not say.
    ranks = (int(str(row["rank"])) for row in snapshot.rows)
    skipped = sum(snapshot.skipped.values())
    require(raw_findings(ranks, snapshot.received, snapshot.expected, skipped, snapshot.popularity_given))
    # The instant and the request: two runs never put a file over the other's.
    instant = snapshot.snapshot_at.astimezone(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    key = landing_key(feed.name, day.isoformat(), f"spotify-extract-{instant}-{request_id[:8]}.csv")
    with landing.staging(key.rpartition("/")[2]) as staged:
        with open(staged, "wb") as file:
            written = write_raw_csv(snapshot.rows, file)
        landing.publish(staged, key)
    return {
        "rows": written.rows,
        "uri": landing.uri(key),
        "skipped": skipped,
        "page_requests": snapshot.page_requests,
    }
