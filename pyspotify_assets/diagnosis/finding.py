"""What a look at something comes to: findings. And the look itself, which ends in findings whatever happens."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from pyspotify_assets.errors import PySpotifyError

Status = Literal["ok", "warning", "problem", "unseen"]

DEPLOY = "Run make deploy: it makes what is missing and leaves the rest as it is."
LAKE_FORMATION = (
    "Lake Formation guards this part of the catalog: grant these credentials what docs/aws.md lists, or turn on "
    '"Use only IAM access control" for it.'
)
LOOK_AS_ANOTHER = (
    "To see these as well, run it with an administrator's credentials; the pipeline need not be allowed to."
)
_MARKS_OF_ABSENCE = ("does not exist", "not found", "is not there")


@dataclass(frozen=True)
class Finding:
    """One thing, what was seen of it, and for what is not well, what to do.

    `unseen`: it may well be in order, but these credentials are not allowed to look, and the pipeline need not be.
    """

    status: Status
    thing: str
    seen: str
    remedy: str = ""
    group: str = ""


@dataclass(frozen=True)
class Look:
    """One thing to look at: `look` gives its findings, or raises what stood in the way.

    `beyond`: the action that looking needs and the pipeline itself does not, so that being denied it is no problem;
    empty where the pipeline has to be allowed the same. `if_missing`: what it means that AWS knows no such thing.
    """

    group: str
    thing: str
    look: Callable[[], Iterable[Finding]]
    beyond: str = ""
    if_missing: Status = "problem"

    def findings(self) -> list[Finding]:
        """What was found, in order; what stood in the way is a finding too."""
        found: list[Finding] = []
        try:
            for finding in self.look():
                found.append(finding)  # One by one: what was found before an error stays.
        except PySpotifyError as error:
            found.append(self._refused(error))
        except Exception as error:
            # Only where, since nobody knows what such an error quotes; and one look's end is not that of the others.
            place = _place(error)
            remedy = "This is a fault of the program: please report it with this line."
            found.append(Finding("problem", self.thing, f"cannot be looked at: {type(error).__name__}{place}", remedy))
        return [replace(finding, group=self.group) for finding in found]

    def _refused(self, error: PySpotifyError) -> Finding:
        words, remedy = str(error.args[0]), error.remedy
        if "Lake Formation" in words:
            return Finding("problem", self.thing, words, LAKE_FORMATION)
        if is_absent(error):
            # What says no more than that doctor looks would send the reader round in a circle.
            more = "deploy" in remedy and "pyspotify doctor" not in remedy
            return Finding(self.if_missing, self.thing, "is not there", remedy if more else DEPLOY)
        if is_denied(error) and self.beyond:
            return Finding(
                "unseen", self.thing, f"these credentials may not look at it: {self.beyond}", LOOK_AS_ANOTHER
            )
        return Finding("problem", self.thing, words, remedy)


def refusal_of(error: PySpotifyError) -> Any | None:
    """The ClientError that led to an error of ours; None where AWS did not answer."""
    from botocore.exceptions import ClientError

    return error.__cause__ if isinstance(error.__cause__, ClientError) else None


def is_denied(error: PySpotifyError) -> bool:
    """Whether AWS refused for want of a permission."""
    from pyspotify_assets.aws.refusals import DENIED, code_of

    refusal = refusal_of(error)
    return refusal is not None and code_of(refusal) in DENIED


def is_absent(error: PySpotifyError) -> bool:
    """Whether AWS said that there is no such thing. Athena and CloudFormation have no code for it, only words."""
    from pyspotify_assets.aws.refusals import MISSING, code_of

    refusal = refusal_of(error)
    if refusal is None:
        return False
    words = str(refusal.response.get("Error", {}).get("Message", ""))
    worded = code_of(refusal) in ("ValidationError", "InvalidRequestException")
    return code_of(refusal) in (*MISSING, "NoSuchBucket") or (
        worded and any(mark in words for mark in _MARKS_OF_ABSENCE)
    )


def _place(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f" at {Path(trace.tb_frame.f_code.co_filename).name}, line {trace.tb_lineno}" if trace else ""
