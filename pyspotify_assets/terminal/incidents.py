"""What else is wrong at the end of a command: a round of alerts, and its open incidents that nothing has shown yet."""

from __future__ import annotations

from collections.abc import Sequence

from pyspotify_assets.alerts.channels import Log
from pyspotify_assets.alerts.incidents import Incident, News
from pyspotify_assets.alerts.rounds import Watched, do_round
from pyspotify_assets.clock import system_clock
from pyspotify_assets.daily.refusals import in_minutes
from pyspotify_assets.errors import PySpotifyError
from pyspotify_assets.feeds import Feed
from pyspotify_assets.lake import Lake
from pyspotify_assets.resources import resources_for
from pyspotify_assets.settings import Settings
from pyspotify_assets.terminal.runs import dagster_instance
from pyspotify_assets.terminal.screen import warn


class Shown:
    """The channel of a command in the place of the log: what is open is shown at its end, told before or not."""

    name = Log.name

    def send(self, news: Sequence[News]) -> None:
        """Nothing is to be done."""


def show_open(
    settings: Settings, lake: Lake, feeds: Sequence[Feed], failures: Sequence[str], missed: Sequence[str]
) -> list[dict[str, object]]:
    """Do a round, which tells webhook and topic too, and show on stderr what is open beside what the command tells
    itself: its `failures`, and the refusal for which days were `missed`. Gives all that is open, for a document."""
    found, undelivered = _round(settings, lake, feeds)
    told = beyond(found, failures, bool(missed) and not failures)
    if told:
        warn("Open incidents", style="bold")
    for line in (*told, *undelivered):
        warn(line)
    shown = ("key", "since", "title", "happened", "remedy")
    return [{name: getattr(incident.trouble, name) for name in shown} for incident in found]


def _round(settings: Settings, lake: Lake, feeds: Sequence[Feed]) -> tuple[Sequence[Incident], Sequence[str]]:
    """The incidents that are open after a round, and what stood in the way."""
    resources = resources_for(settings)
    channels = [Shown() if channel.name == Log.name else channel for channel in resources["alert_channels"]]
    try:
        with dagster_instance() as instance:
            watched = Watched(instance, lake, resources["spotify"], feeds, settings)
            done = do_round(watched, system_clock(), channels)
    except PySpotifyError as error:
        return (), [f"What else is wrong cannot be said: {error}"]
    return done.open, done.undelivered


def beyond(incidents: Sequence[Incident], printed: Sequence[str], refusal_told: bool) -> list[str]:
    """A line or two for each incident that the command has not told of itself, in `printed` or as a refusal."""
    told = []
    for incident in incidents:
        trouble = incident.trouble
        of_login = trouble.kind == "login" and any("LoginError" in words for words in printed)
        of_failure = trouble.kind == "failure" and any(words.startswith(f"{trouble.subject}: ") for words in printed)
        if not (of_login or of_failure or (trouble.kind == "refusal" and refusal_told)):
            remedy = f"\n    → {trouble.remedy}" if trouble.remedy else ""
            told.append(f"  • {trouble.title}, since {in_minutes(trouble.since)}{remedy}")
    return told
