"""The sensors that look at landing. Each does a bounded amount of work.

`raw_landed`: files in landing become raw. `export_landed`: exports of the listening history in landing become plays.
"""

import json
from collections.abc import Mapping, Sequence

import dagster as dg

from pyspotify_assets import landing
from pyspotify_assets.assets.each_day import ONLY_CHANGED
from pyspotify_assets.clock import Clock
from pyspotify_assets.daily.fingerprints import fingerprint
from pyspotify_assets.daily.refined import waits_to_be_refined
from pyspotify_assets.feeds import Feed
from pyspotify_assets.history import ASKED, asked_for, key_to_ask_under
from pyspotify_assets.io_manager import LakeIOManager
from pyspotify_assets.jobs import Jobs
from pyspotify_assets.lake import Lake
from pyspotify_assets.plays.take import is_export, landed_exports
from pyspotify_assets.settings import Settings
from pyspotify_assets.stores import ObjectInfo

FILES_PER_TICK = 50
TAKEN_LOOKED_AT = 200
"""Files whose runs are looked at until what was taken of them is refined; of more, the latest."""


def raw_landed_sensor(feeds: Sequence[Feed], settings: Settings, status: dg.DefaultSensorStatus) -> dg.SensorDefinition:
    """The sensor `raw_landed`, which looks after a file until it is refined."""
    names = {feed.name for feed in feeds}

    @dg.sensor(
        name="raw_landed",
        target=dg.AssetSelection.groups("raw", "refined"),
        minimum_interval_seconds=30,
        default_status=status,
        description="A CSV put into landing/<feed>/<day>/ becomes the raw partition of that day, and leaves landing.",
    )
    def raw_landed(
        context: dg.SensorEvaluationContext,
        lake_io_manager: dg.ResourceParam[LakeIOManager],
        clock: dg.ResourceParam[Clock],
    ) -> dg.SensorResult:
        before, lake = json.loads(context.cursor) if context.cursor else {}, lake_io_manager.lake
        # From where the tick before stopped: files that nobody takes shall not hide those behind them.
        looked_at = list(lake.stores["landing"].objects("", before.get("behind", ""), FILES_PER_TICK))
        now = settings.today(clock())
        first, today = settings.first_day(now).isoformat(), now.isoformat()
        waiting: dict[tuple[str, str], list[str]] = {}
        strange = []
        for info in looked_at:
            if is_export(info.key):  # export_landed's affair.
                continue
            parsed = landing.parse_landing_key(info.key)
            if parsed is None or parsed[0] not in names or not first <= parsed[1] <= today:
                strange.append(info.key)
                continue
            waiting.setdefault(parsed[:2], []).append(_landed_as(info))
        left = f"Left lying, of no known feed and day ({first} to {today}): {', '.join(strange)}." if strange else ""
        keys = {f"landed-{fingerprint(files)}": place for place, files in waiting.items()}
        run_keys = {key: key_to_ask_under(context.instance, key) for key in keys}
        # A file leaves landing before it is refined: what goes wrong after that, only its run says.
        taken = {key: place for key, place in before.get("asked", {}).items() if key not in keys}
        still, again = _not_refined_yet(context.instance, lake, taken)
        places = still | keys
        requests = [
            dg.RunRequest(
                run_key=run_key,
                partition_key=day,
                asset_selection=[dg.AssetKey(["raw", feed]), dg.AssetKey(["refined", feed])],
                # Only what has changed: where the file has been taken already, nothing is asked of Spotify.
                tags={
                    "pyspotify/landed": waiting.get((feed, day), [f"{feed}/{day}"])[-1][:200],
                    ONLY_CHANGED: "true",
                    ASKED: key,
                },
            )
            for key, (feed, day) in places.items()
            if (run_key := run_keys.get(key) or again.get(key))
        ]
        # As JSON, since Dagster would take an empty cursor for none and keep the one before.
        behind = looked_at[-1].key if len(looked_at) == FILES_PER_TICK else ""
        asked = dict([*places.items()][-TAKEN_LOOKED_AT:])
        cursor = json.dumps({"behind": behind, "asked": asked})
        if not requests:
            return dg.SensorResult(skip_reason=f"Nothing waits in landing. {left}".strip(), cursor=cursor)
        if left:
            context.log.warning(left)
        return dg.SensorResult(run_requests=requests, cursor=cursor)

    return raw_landed


def export_landed_sensor(jobs: Jobs, status: dg.DefaultSensorStatus) -> dg.SensorDefinition:
    """The sensor `export_landed`."""

    @dg.sensor(
        name="export_landed",
        job=jobs.listening_history,
        minimum_interval_seconds=30,
        default_status=status,
        description="A ZIP of the listening history put into landing/plays/ becomes plays, marts and a page.",
    )
    def export_landed(
        context: dg.SensorEvaluationContext, lake_io_manager: dg.ResourceParam[LakeIOManager]
    ) -> dg.RunRequest | dg.SkipReason:
        landed = landed_exports(lake_io_manager.lake, FILES_PER_TICK)
        if not landed:
            return dg.SkipReason("No export waits in landing.")
        files = [_landed_as(info) for info in landed]
        key = f"exports-{fingerprint(files)}"
        return dg.RunRequest(
            run_key=key_to_ask_under(context.instance, key), tags={"pyspotify/landed": files[-1][:200], ASKED: key}
        )

    return export_landed


def _landed_as(info: ObjectInfo) -> str:
    """What tells one landing from another. With the time: the same bytes can land at a key again after being taken."""
    return f"{info.key}@{info.identity}@{info.modified.timestamp()}"


def _not_refined_yet(
    instance: dg.DagsterInstance, lake: Lake, taken: Mapping[str, tuple[str, str]]
) -> tuple[dict[str, tuple[str, str]], dict[str, str]]:
    """Of files that have left landing, by what they were asked for under: those that are still to be refined, and the
    run keys for those whose run failed or was killed, and it is time again."""
    still, again = {}, {}
    for key, (feed, day) in taken.items():
        asked = asked_for(instance, key)
        if asked.is_open and waits_to_be_refined(lake, feed, day):
            still[key] = (feed, day)
            if asked.again:
                again[key] = asked.again
    return still, again
