"""One round: see what is wrong, decide what there is to tell, remember it, tell it. The sensor and the terminal do it.

Whatever cannot be looked at is left as it was, and whatever cannot be told is told in the next round.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import dagster as dg

from pyspotify_assets.alerts import access, failing
from pyspotify_assets.alerts.channels import Channel
from pyspotify_assets.alerts.history import daily_steps, endless_runs, history_id, outcomes_behind, runs_without_end
from pyspotify_assets.alerts.incidents import Incident, Kind, News, Trouble, step
from pyspotify_assets.alerts.lateness import late
from pyspotify_assets.alerts.memory import Memory, read_memory, write_memory
from pyspotify_assets.daily.raw import SpotifySource
from pyspotify_assets.errors import LoginError, PySpotifyError
from pyspotify_assets.feeds import Feed
from pyspotify_assets.lake import Lake
from pyspotify_assets.settings import Settings

NEWS_PER_MESSAGE = 20
"""What one message tells at most; the rest follows in the next round."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Watched:
    """What a round looks at: Dagster's history, the lake, Spotify's login, and by which feeds and settings."""

    instance: dg.DagsterInstance
    lake: Lake
    spotify: SpotifySource
    feeds: Sequence[Feed]
    settings: Settings


@dataclass(frozen=True)
class Round:
    """What came of it: the incidents that are open, what was told now, and why some of it could not be."""

    open: Sequence[Incident]
    news: Sequence[News]
    undelivered: Sequence[str] = ()

    def in_words(self) -> str:
        """One sentence or two, for a tick."""
        count = f"{len(self.open)} incident{'' if len(self.open) == 1 else 's'} open" if self.open else "All is well"
        told = f", {len(self.news)} told now" if self.news else ""
        return " ".join([f"{count}{told}.", *self.undelivered])


def do_round(watched: Watched, now: datetime, channels: Sequence[Channel]) -> Round:
    """One round, alone among the processes of this machine. Raises LakeError where it cannot remember."""
    lake = watched.lake
    with lake.lock("alerts"):
        before = read_memory(lake)
        memory, news = _look(watched, before, now)
        memory = _to_be_sent(memory, news, channels)
        if memory != before:
            write_memory(lake, memory)
        sent, undelivered = _deliver(memory, channels)
        if sent != memory:
            write_memory(lake, sent)
    return Round(memory.open_incidents(), news, undelivered)


def _look(watched: Watched, memory: Memory, now: datetime) -> tuple[Memory, list[News]]:
    history = history_id(watched.instance)
    killed, daily = runs_without_end(watched.instance), daily_steps(watched.feeds)
    outcomes, behind = outcomes_behind(watched.instance, memory.behind.get(history), daily, killed)
    # Runs are dated by Dagster's clock, which may be ahead of the one that was handed in.
    outcomes = [replace(outcome, at=min(outcome.at, now)) for outcome in outcomes]
    left = failing.after(memory.failing, outcomes, lambda one: _irretrievable(one, watched.spotify))
    left = {key: outcome for key, outcome in left.items() if _still_a_feed(outcome.subject, watched.feeds)}
    failed = [*failing.troubles(left), *endless_runs(watched.instance, now, killed)]
    troubles, unseen = _troubles(watched, memory, left, failed, now)
    incidents, news = step(memory.incidents, troubles, now, unseen)
    after = replace(memory, incidents=incidents, failing=left)
    return (after.looked(history, behind) if behind != memory.behind.get(history) else after), news


def _troubles(
    watched: Watched, memory: Memory, left: failing.Failing, failed: Sequence[Trouble], now: datetime
) -> tuple[list[Trouble], set[Kind]]:
    """What is wrong now, runs that `failed` included, and the kinds of which that cannot be said."""
    found = [*failed]
    unseen: set[Kind] = set()

    def look(kind: Kind, asked: Callable[[], Sequence[Trouble | None]]) -> None:
        try:
            found.extend(trouble for trouble in asked() if trouble is not None)
        except LoginError as error:
            found.append(access.unusable_login(error, now))
        except PySpotifyError as error:
            log.warning("What is %s cannot be looked at: %s", kind, error)
            unseen.add(kind)

    look("refusal", lambda: [access.refusal(watched.lake, now)])
    look("login", lambda: [access.login(watched.spotify.login(), now)])
    if not watched.spotify.knows_the_past:  # The sample can be made for any day whenever somebody wants it.
        explained = _explained(found, left)
        reported = {one.trouble.subject for one in memory.open_incidents() if one.trouble.kind == "late"}
        look("late", lambda: late(watched.lake, watched.feeds, watched.settings, now, explained, reported))
    return found, unseen


def _explained(found: Sequence[Trouble], left: failing.Failing) -> Callable[[str, str], bool]:
    """Whether another trouble is why an asset's day is missing: a refusal, or what failed at it or before it.

    A failure of earlier days only explains nothing: what is due now has not even been tried.
    """
    failures = [outcome for outcome in left.values() if outcome.kind == "failure"]
    refused = any(trouble.kind == "refusal" for trouble in found)

    def explained(asset: str, day: str) -> bool:
        failed = {one.subject for one in failures if not one.days or one.days[-1] >= day}
        area, _, feed = asset.partition("/")
        if area == "report":
            return any(not subject.startswith("job ") for subject in failed)
        return (refused and area == "raw") or not failed.isdisjoint({f"raw/{feed}", asset})

    return explained


def _irretrievable(subject: str, spotify: SpotifySource) -> bool:
    return subject.startswith("raw/") and not spotify.knows_the_past


def _still_a_feed(subject: str, feeds: Sequence[Feed]) -> bool:
    """False for what belongs to a feed that has been taken out of feeds.toml: nothing will make it good any more."""
    area, _, name = subject.partition(":")[0].partition("/")
    names = {feed.name for feed in feeds} | {"plays"}
    return area not in ("raw", "refined", "spotify_raw", "spotify_refined") or name in names


def _to_be_sent(memory: Memory, news: Sequence[News], channels: Sequence[Channel]) -> Memory:
    """With the news in the place of older ones of the same incident that are still unsent."""
    fresh = {one.trouble.key: one for one in news}
    waiting = {channel.name: {**memory.unsent.get(channel.name, {}), **fresh} for channel in channels}
    return replace(memory, unsent={name: unsent for name, unsent in waiting.items() if unsent})


def _deliver(memory: Memory, channels: Sequence[Channel]) -> tuple[Memory, list[str]]:
    """Send what is unsent; the memory without what was taken, and what stood in the way of the rest."""
    unsent, undelivered = dict(memory.unsent), []
    for channel in channels:
        waiting = unsent.get(channel.name, {})
        if not waiting:
            continue
        now, later = list(waiting.items())[:NEWS_PER_MESSAGE], dict(list(waiting.items())[NEWS_PER_MESSAGE:])
        try:
            channel.send([one for _, one in now])
        except PySpotifyError as error:
            undelivered.append(f"Not told by {channel.name}: {error}")
        except Exception as error:  # Whatever it is, the other channels are tried. Its words may quote an address.
            undelivered.append(f"Not told by {channel.name}: {type(error).__name__}")
        else:
            unsent[channel.name] = later
    return replace(memory, unsent={name: left for name, left in unsent.items() if left}), undelivered
