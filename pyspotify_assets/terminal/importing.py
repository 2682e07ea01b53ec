"""What `pyspotify import` does: checks a file, and puts it where the pipeline takes it from, or takes it at once."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

from pyspotify_assets import landing
from pyspotify_assets.clock import system_clock
from pyspotify_assets.errors import LakeError
from pyspotify_assets.feeds import feed_named, load_feeds
from pyspotify_assets.lake import Lake
from pyspotify_assets.settings import load_settings
from pyspotify_assets.terminal.document import one_document
from pyspotify_assets.terminal.ending import ended
from pyspotify_assets.terminal.refresh_plan import partition_day
from pyspotify_assets.terminal.screen import say


def import_file(file: Path, feed: str, day: date, as_json: bool = False) -> None:
    """Check that a CSV can become raw, then put it into the live lake's landing."""
    with one_document(as_json) as document:
        settings = load_settings(source="live")
        feed_named(feed, load_feeds(settings.feeds))
        partition_day(day, settings, settings.today(system_clock()))
        if not file.is_file():
            raise LakeError(f"There is no file {file}", "Give the path of a CSV file.")
        form = landing.recognise(file)
        rows = sum(1 for _ in landing.rows_of(file, form, system_clock()))
        store = Lake.at(**settings.lake_places()).stores["landing"]
        key = landing.landing_key(feed, day.isoformat(), file.name)
        with store.staging(Path(key).name) as staged:
            shutil.copyfile(file, staged)
            store.publish(staged, key)
        document |= {"feed": feed, "day": day, "format": form, "rows": rows, "landing": store.uri(key)}
        say(f"{rows} rows ({form}) wait in {store.uri(key)}")
        say("Next: `pyspotify run` takes them, and so does the sensor raw_landed of a running `dagster dev`.")
        say("One that was started on the sample has to reload its definitions first, to see the live lake.")
        if load_settings().resolved_source() != "live":
            say("PYSPOTIFY_SOURCE=sample is set: unset it, or set it to live, to see imported data.", style="yellow")


def import_export(file: Path, as_json: bool = False) -> int:
    """Take an export of the listening history into the live lake, up to the page about it; gives the exit code."""
    from pyspotify_assets.terminal import listening

    with one_document(as_json) as document:
        lake = Lake.at(**load_settings(source="live").lake_places())
        if not file.is_file():
            raise LakeError(f"There is no file {file}", "Give the path of the ZIP that Spotify sent.")
        key = listening.land_export(lake, file)
        document |= {"landing": lake.stores["landing"].uri(key), "page": None, "failures": []}
        if load_settings().resolved_source() != "live":
            say(f"The export waits in {lake.stores['landing'].uri(key)}")
            say("PYSPOTIFY_SOURCE=sample is set: unset it, or set it to live; then `pyspotify run`.", style="yellow")
            return 0
        failures = listening.bring_up_to_date(say)
        document["landing"] = None
        document["page"] = listening.show_page(lake)
        return ended(failures, [], lake, document)
