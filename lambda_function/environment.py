"""What the function is told by its environment variables: names and meanings are those of `pyspotify_assets.settings`.

That module needs pydantic, which is larger than all that the function needs besides. Secrets are not among them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from pyspotify_assets.errors import SettingsError
from pyspotify_assets.spotify.connection import SPOTIFY

FEEDS = Path(__file__).parent.parent / "feeds.toml"
"""The feeds' declaration where the zip has it, and where a checkout has it."""

_STACK = "The stack sets it: `make deploy`."
_ENCRYPTIONS = ("", "AES256", "aws:kms")


@dataclass(frozen=True)
class LambdaSettings:
    """The settings of one invocation. `timeout` is in seconds, per answer of Spotify."""

    landing: str
    secret: str
    timezone: ZoneInfo
    encryption: str
    kms_key: str
    feeds: Path
    spotify_url: str
    timeout: float
    attempts: int


def read_settings(variables: Mapping[str, str] = os.environ) -> LambdaSettings:
    """The settings of these environment variables. SettingsError names the first that cannot be used, and why.

    Whether `spotify_url` may be talked to, the client decides.
    """

    def text(name: str, default: str = "") -> str:
        return variables.get(f"PYSPOTIFY_{name}", "").strip() or default

    def number(name: str, default: float, lowest: float, highest: float) -> float:
        try:
            value = float(text(name, str(default)))
        except ValueError:
            value = -1
        if not lowest <= value <= highest:
            raise _unusable(name, text(name), f"not a number from {lowest:g} to {highest:g}", f"Default: {default:g}.")
        return value

    landing, secret, encryption = text("LANDING"), text("SECRET"), text("S3_ENCRYPTION")
    if not re.fullmatch(r"s3://[^/\s]+(/[^/\s]+)+/?", landing):
        raise _unusable("LANDING", landing, "not the address of a landing area, s3://bucket/landing", _STACK)
    if not secret:
        raise _unusable("SECRET", secret, "not the name of the secret with Spotify's credentials", _STACK)
    if encryption not in _ENCRYPTIONS:
        raise _unusable("S3_ENCRYPTION", encryption, "neither AES256 nor aws:kms", "Unset: as the bucket is set up.")
    attempts = number("SPOTIFY_ATTEMPTS", 5, 1, 10)
    if attempts != int(attempts):
        raise _unusable("SPOTIFY_ATTEMPTS", text("SPOTIFY_ATTEMPTS"), "not a whole number", "Default: 5.")
    return LambdaSettings(
        landing=landing,
        secret=secret,
        timezone=_timezone(text("TIMEZONE", "UTC")),
        encryption=encryption,
        kms_key=text("KMS_KEY"),
        feeds=Path(text("FEEDS", str(FEEDS))),
        spotify_url=text("SPOTIFY_URL", SPOTIFY),
        timeout=number("SPOTIFY_TIMEOUT", 10, 0.1, 120),
        attempts=int(attempts),
    )


def _timezone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # Not known; not a name at all; the name of a folder of zones.
        raise _unusable("TIMEZONE", name, "no time zone of that name is known", "Such as America/Sao_Paulo.") from None


def _unusable(name: str, value: str, reason: str, remedy: str) -> SettingsError:
    return SettingsError(f"PYSPOTIFY_{name} = {value!r} cannot be used: {reason}", remedy)
