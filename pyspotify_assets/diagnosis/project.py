"""What is looked at wherever it runs: settings, feeds, Python, packages, and where Spotify's credentials come from."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from functools import partial

from pyspotify_assets.diagnosis.finding import Finding, Look
from pyspotify_assets.feeds import Feed, load_feeds
from pyspotify_assets.settings import Settings

PACKAGES = ("dagster", "dagster-aws", "boto3", "pyarrow", "duckdb", "sqlglot", "spotipy")
"""Those whose versions decide what the pipeline does; the others are checked too, and named only if they do not fit."""

OLDEST, NEWEST = (3, 11), (3, 13)
_CREDENTIALS = ("SPOTIPY_CLIENT_ID", "SPOTIPY_CLIENT_SECRET")
_INSTALL = "Install what is declared: pip install -e . (make run does it in .venv)."


def setting_looks(settings: Settings) -> Iterator[Look]:
    """The settings that are not the defaults, and what does not go together."""
    yield Look("Settings", "settings", partial(_settings, settings))
    yield Look("Settings", "unknown settings", _unknown)
    yield Look("Settings", "feeds", partial(_feeds, settings))


def machine_looks() -> Iterator[Look]:
    """Python and packages."""
    yield Look("This machine", "Python", _python)
    yield Look("This machine", "packages", _packages)


def spotify_look(settings: Settings) -> Look:
    """Where Spotify's credentials come from, as far as that can be said without AWS; never what they are."""
    return Look("Spotify", "Spotify credentials", partial(_credentials, settings))


def _settings(settings: Settings) -> Iterator[Finding]:
    changed = False
    for name, field in type(settings).model_fields.items():
        value = getattr(settings, name)
        if value != field.default:
            changed = True
            yield Finding("ok", f"PYSPOTIFY_{name.upper()}", str(value))
    if not changed:
        yield Finding("ok", "settings", "all as they are by default")
    if settings.quicksight_principal and not settings.has_dashboard:
        yield Finding(
            "warning",
            "PYSPOTIFY_QUICKSIGHT_PRINCIPAL",
            "has no effect with PYSPOTIFY_ENV=local: QuickSight reads what lies on AWS",
            "Unset it, or set PYSPOTIFY_ENV=aws.",
        )
    if settings.env == "aws":
        if settings.resolved_source() == "sample":
            yield Finding(
                "problem",
                "PYSPOTIFY_SOURCE",
                "sample cannot be used with PYSPOTIFY_ENV=aws: made-up data stay on this machine",
                "Unset PYSPOTIFY_SOURCE, or use PYSPOTIFY_ENV=local.",
            )
        if "lake" in settings.model_fields_set:
            yield Finding(
                "warning",
                "PYSPOTIFY_LAKE",
                "has no effect with PYSPOTIFY_ENV=aws",
                "The buckets are named by PYSPOTIFY_BUCKET_RAW and PYSPOTIFY_BUCKET_REFINED, or are the stack's.",
            )


def _unknown() -> Iterator[Finding]:
    known = [f"PYSPOTIFY_{name.upper()}" for name in Settings.model_fields]
    for name in sorted(os.environ):
        upper = name.upper()
        if upper.startswith("PYSPOTIFY_") and not upper.startswith("PYSPOTIFY_TEST_") and upper not in known:
            near = get_close_matches(upper, known, 1)
            meant = f"Was {near[0]} meant? " if near else ""
            yield Finding("warning", name, "is no setting and has no effect", f"{meant}The README lists all settings.")


def _feeds(settings: Settings) -> Iterator[Finding]:
    there = settings.feeds.is_file()
    feeds = load_feeds(settings.feeds)
    told = ", ".join(f"{feed.name} ({feed.kind})" for feed in feeds)
    if there or "feeds" not in settings.model_fields_set:
        yield Finding("ok", "feeds", f"{told}; {f'from {settings.feeds}' if there else 'the defaults'}")
    else:
        yield Finding(
            "warning",
            "feeds",
            f"{settings.feeds} is not there, so the defaults are taken: {told}",
            "Correct PYSPOTIFY_FEEDS, or unset it.",
        )


def known_feeds(settings: Settings) -> Sequence[Feed]:
    """The feeds, for those who look further; none where the file cannot be used, which is a finding of its own."""
    from pyspotify_assets.errors import FeedError

    try:
        return load_feeds(settings.feeds)
    except FeedError:
        return ()


def _python() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    if OLDEST <= sys.version_info[:2] <= NEWEST:
        yield Finding("ok", "Python", version)
    else:
        yield Finding("problem", "Python", f"{version} is not 3.11, 3.12 or 3.13", "Use one of these: make PYTHON=…")


def _packages() -> Iterator[Finding]:
    from importlib.metadata import PackageNotFoundError, requires, version

    from packaging.requirements import Requirement

    found = {}
    for line in requires("pyspotify_assets") or ():
        wanted = Requirement(line)
        if wanted.marker and not wanted.marker.evaluate({"extra": ""}):
            continue
        try:
            found[wanted.name] = version(wanted.name)
        except PackageNotFoundError:
            yield Finding("problem", wanted.name, "is not installed", _INSTALL)
            continue
        if not wanted.specifier.contains(found[wanted.name], prereleases=True):
            yield Finding("problem", wanted.name, f"{found[wanted.name]} does not fit {wanted.specifier}", _INSTALL)
    named = ", ".join(f"{name} {found[name]}" for name in PACKAGES if name in found)
    yield Finding("ok", "packages", f"{version('pyspotify_assets')} with {named}")


def _credentials(settings: Settings) -> Iterator[Finding]:
    given = [name for name in _CREDENTIALS if os.environ.get(name)]
    told = "; ".join(f"{name} {'set' if name in given else 'not set'}" for name in _CREDENTIALS)
    both = len(given) == len(_CREDENTIALS)
    secret = settings.secret or settings.names.secret
    if len(given) == 1:
        yield Finding("problem", "Spotify credentials", told, f"Set both {' and '.join(_CREDENTIALS)}, or neither.")
    elif settings.env == "aws":
        source = f"the environment's; they win over the secret {secret}" if both else f"those of the secret {secret}"
        yield Finding("ok", "Spotify credentials", source)
    elif settings.resolved_source() == "sample":
        yield Finding("ok", "Spotify credentials", f"{told}; not needed: the built-in sample, made-up data")
    elif both:
        yield Finding("ok", "Spotify credentials", f"{told}; from the environment or .env")
    else:
        yield Finding(
            "warning",
            "Spotify credentials",
            f"{told}; the source is live: files can be imported, snapshots cannot be taken",
            f"Set {' and '.join(_CREDENTIALS)}, or PYSPOTIFY_SOURCE=sample.",
        )
