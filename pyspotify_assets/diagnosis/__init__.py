"""What `pyspotify doctor` looks at, as findings: settings, this machine, and everything of the current environment.

Nothing is changed by looking; only `live.py`, which is asked for by name, sends requests that write or cost. Each thing
is looked at alone: what one look meets does not stop the others. How it is shown is `terminal/doctor.py`'s part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from pyspotify_assets.diagnosis.finding import Finding, Look
from pyspotify_assets.errors import LakeError, PySpotifyError, SettingsError
from pyspotify_assets.settings import Settings, load_settings

if TYPE_CHECKING:
    from pyspotify_assets.diagnosis.aws_account import Identity
    from pyspotify_assets.feeds import Feed

AT_ONCE = 6
"""Looks that are under way together: most of one is waiting for an answer of AWS."""

Progress = Callable[[int, int, str], None]
"""Called with how many looks are done, how many there are, and what has been looked at."""


def diagnose(live: bool = False, progress: Progress = lambda done, total, thing: None) -> list[Finding]:
    """Everything that was found, in the order in which it is shown. Raises nothing that a look could meet.

    `live` also tries one small request of every kind. Waits are bounded: by botocore's time-outs and four attempts for
    each request, and by a minute for the one query.
    """
    return [finding for looks in _stages(live) for finding in _all(looks, progress)]


def _stages(live: bool) -> Iterator[Sequence[Look]]:
    """The looks, in stages: each is made when those before it are done, from what they have shown to be there."""
    from pyspotify_assets.diagnosis.alerts import alert_looks
    from pyspotify_assets.diagnosis.live import live_looks
    from pyspotify_assets.diagnosis.local import dagster_look, lake_looks
    from pyspotify_assets.diagnosis.project import known_feeds, machine_looks, setting_looks, spotify_look

    machine = [*machine_looks(), dagster_look()]
    try:
        settings = load_settings()
    except SettingsError as error:
        yield [Look("Settings", "settings", partial(_refused, error)), *machine]
        return
    try:
        address = settings.lake_address()
    except PermissionError as error:  # What lies in the lake decides which one it is.
        locked = LakeError(
            f"{settings.lake} cannot be looked into: {error.strerror}", "Allow it, or set PYSPOTIFY_LAKE."
        )
        yield [*setting_looks(settings), *machine, Look("Lake", "lake", partial(_refused, locked))]
        return
    yield [
        *setting_looks(settings),
        *machine,
        *lake_looks(address),
        spotify_look(settings),
        *alert_looks(settings),
    ]
    if address.startswith("s3://"):
        from pyspotify_assets.diagnosis.aws_account import identity

        try:
            who = identity()
        except PySpotifyError as error:
            rest = Finding(
                "unseen", "everything on AWS", "was not looked at: without an account there is nothing to see"
            )
            yield [Look("AWS", "credentials", partial(_refused, error, rest))]
            return
        yield _aws_looks(settings, who, known_feeds(settings))
    if live:
        yield list(live_looks(settings, known_feeds(settings)))


def _aws_looks(settings: Settings, who: Identity, feeds: Sequence[Feed]) -> Sequence[Look]:
    from pyspotify_assets.diagnosis.aws_account import told
    from pyspotify_assets.diagnosis.aws_catalog import catalog_looks
    from pyspotify_assets.diagnosis.aws_quicksight import quicksight_looks
    from pyspotify_assets.diagnosis.aws_storage import bucket_look, storage_looks
    from pyspotify_assets.diagnosis.aws_workers import worker_looks
    from pyspotify_assets.diagnosis.permissions import permission_look

    account = Look("AWS", "credentials", partial(told, who))
    if settings.env == "local":  # A lake on S3, and nothing else there.
        return [account, bucket_look(settings.lake_address().removeprefix("s3://").partition("/")[0], who)]
    catalog = catalog_looks(settings, feeds)
    workers = [*worker_looks(settings), *quicksight_looks(settings, who)]
    return [account, *storage_looks(settings, who), *catalog, *workers, permission_look(settings, who)]


def _refused(error: PySpotifyError, *findings: Finding) -> Iterator[Finding]:
    """The findings, then the error, which becomes one."""
    yield from findings
    raise error


def _all(looks: Sequence[Look], progress: Progress) -> list[Finding]:
    found: list[Finding] = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for done, (look, findings) in enumerate(zip(looks, pool.map(Look.findings, looks), strict=True), 1):
            progress(done, len(looks), look.thing)
            found += findings
    return found
