"""Every failure that a user can meet, by name.

One tree: catch `PySpotifyError` for all of them. A message says what happened and to what; `remedy` says what to do.
Errors of other libraries are turned into one of these at the place where the outside is touched (Spotify, lake, SQL).
"""

from collections.abc import Sequence
from datetime import datetime


class PySpotifyError(Exception):
    """What happened, to what; and in `remedy`, what to do about it (empty when nothing can be done)."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy

    def __str__(self) -> str:
        message = str(self.args[0])
        return f"{message}\n  → {self.remedy}" if self.remedy else message

    def __reduce__(self):  # Exceptions are rebuilt from `args` alone when they cross a process: keep the remedy.
        return (type(self), (self.args[0], self.remedy))


class SettingsError(PySpotifyError):
    """A setting or its environment variable has a value that cannot be used."""


class FeedError(PySpotifyError):
    """A feed declaration in feeds.toml cannot be used, or a feed of that name does not exist."""


class LakeError(PySpotifyError):
    """The lake cannot be read or written: missing, read-only, full, or no permission."""


class MissingPartitionError(LakeError):
    """A partition that something was to be made from is not there."""


class RawFormatError(PySpotifyError):
    """A CSV is not the raw format (nor an importable one): wrong columns, broken quotes, not UTF-8, empty."""


class ExportError(PySpotifyError):
    """A ZIP is not Spotify's export of the listening history, or one that cannot be read safely to its end."""


class PastDayError(PySpotifyError):
    """A live snapshot was asked for a day that is over: Spotify only knows now."""


class SpotifyError(PySpotifyError):
    """Spotify could not be reached, refused, or sent something that is not an answer."""


class LoginError(SpotifyError):
    """The user's authorisation is missing, dead or not enough: only a person can mend it, by `pyspotify login`."""


class RefusedError(SpotifyError):
    """Nothing may be asked of Spotify before `until`, an aware instant: it said so, or the daily budget is used up."""

    def __init__(self, message: str, remedy: str = "", until: datetime | None = None) -> None:
        super().__init__(message, remedy)
        self.until = until

    def __reduce__(self):
        return (type(self), (self.args[0], self.remedy, self.until))


class AwsError(PySpotifyError):
    """AWS refused, cannot be reached, or lacks something; where they fit, CrawlError and its kin are raised instead."""


class CrawlError(PySpotifyError):
    """A crawl failed, or the catalog could not be kept."""


class GlueJobError(PySpotifyError):
    """A run of the Glue job could not be started, failed, or took too long. `reported`: what it had said by then."""

    def __init__(self, message: str, remedy: str = "", reported: Sequence = ()) -> None:
        super().__init__(message, remedy)
        self.reported = reported


class QueryError(PySpotifyError):
    """A SQL query was refused or failed; the message carries what the engine said."""


class QuickSightError(AwsError):
    """QuickSight refused, or took something and said that it has failed; the message carries its reasons."""


class AlertError(PySpotifyError):
    """A channel did not take an alert. The address of a webhook is never in the message: whoever has it may post."""


class CheckFailedError(PySpotifyError):
    """A blocking check failed: what was staged has not been published. `findings`: what the checks found."""

    def __init__(self, message: str, remedy: str = "", findings: Sequence = ()) -> None:
        super().__init__(message, remedy)
        self.findings = findings
