"""The sensor `alerts`: a round every minute or two, and what it does when the lake itself is the trouble."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import dagster as dg

from pyspotify_assets.alerts.channels import Channel
from pyspotify_assets.alerts.incidents import Incident, News, Trouble, step
from pyspotify_assets.alerts.memory import incidents_document, incidents_in
from pyspotify_assets.alerts.rounds import Watched, do_round
from pyspotify_assets.clock import Clock
from pyspotify_assets.daily.raw import SpotifySource
from pyspotify_assets.errors import PySpotifyError
from pyspotify_assets.feeds import Feed
from pyspotify_assets.io_manager import LakeIOManager
from pyspotify_assets.settings import Settings

INTERVAL = {"local": 60, "aws": 300}
"""Seconds between two rounds. On AWS each reads the secret and a few objects: see docs/costs.md."""


def alerts_sensor(feeds: Sequence[Feed], settings: Settings, status: dg.DefaultSensorStatus) -> dg.SensorDefinition:
    """The sensor. It requests no run."""

    @dg.sensor(
        name="alerts",
        minimum_interval_seconds=INTERVAL[settings.env],
        default_status=status,
        description="Tells what is wrong, once per incident and day, and when it is solved: runs that failed, checks, "
        "late data, refusals, the login. To the log and, where they are set, to a webhook and an SNS topic.",
    )
    def alerts(
        context: dg.SensorEvaluationContext,
        lake_io_manager: dg.ResourceParam[LakeIOManager],
        spotify: dg.ResourceParam[SpotifySource],
        clock: dg.ResourceParam[Clock],
        alert_channels: dg.ResourceParam[Sequence[Channel]],
    ) -> dg.SensorResult:
        now = clock()
        kept = _kept(context.cursor)
        try:
            watched = Watched(context.instance, lake_io_manager.lake, spotify, feeds, settings)
            done = do_round(watched, now, alert_channels)
        except PySpotifyError as error:
            kept, words = _tell(kept, [_of_lake(error, now)], now, alert_channels)
            return dg.SensorResult(skip_reason=f"{error} {words}".strip(), cursor=json.dumps(kept))
        kept, words = _tell(kept, [], now, alert_channels)
        for undelivered in done.undelivered:
            context.log.warning(undelivered)
        return dg.SensorResult(skip_reason=f"{done.in_words()} {words}".strip(), cursor=json.dumps(kept))

    return alerts


def _of_lake(error: PySpotifyError, now: datetime) -> Trouble:
    title = "The lake cannot be used, so nothing else can be watched"
    return Trouble("lake", "state", now, title, str(error.args[0]), error.remedy)


def _tell(
    kept: Mapping[str, Any], troubles: Sequence[Trouble], now: datetime, channels: Sequence[Channel]
) -> tuple[Mapping[str, Any], str]:
    """Tell of the lake by every channel, remembered in the cursor since the lake cannot be; tried again if none took
    it."""
    known: dict[str, Incident] = incidents_in(kept) if kept else {}
    after, news = step(known, troubles, now)
    told = [_sent(channel, news) for channel in channels] if news else [""]
    failed = [words for words in told if words]
    return (kept if len(failed) == len(channels) else incidents_document(after)), " ".join(failed)


def _sent(channel: Channel, news: Sequence[News]) -> str:
    """Why the channel did not take it; empty if it did."""
    try:
        channel.send(news)
    except PySpotifyError as error:
        return f"Not told by {channel.name}: {error}"
    except Exception as error:  # As in a round: its words may quote an address.
        return f"Not told by {channel.name}: {type(error).__name__}"
    return ""


def _kept(cursor: str | None) -> Mapping[str, Any]:
    try:
        kept = json.loads(cursor or "{}")
        incidents_in(kept)
    except (ValueError, TypeError, KeyError, AttributeError):
        return {}
    return kept
