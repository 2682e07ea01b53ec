"""Notes: what is remembered of a published day, kept with its object (see `stores`) or its entry in the catalog.

They say what it was made from, so that it need not be made again; its rows and counts, so that nothing has to be read
to report them; and what the checks found, for the report.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from pyspotify_assets.checks import Finding

_SUMMARY = 60
"""Characters of a check's summary that are kept, in ASCII: S3 allows 2 KB of metadata on an object."""


class Noted(Protocol):
    """What notes are kept with, as texts: an object of a store, or a partition of a mart."""

    @property
    def notes(self) -> Mapping[str, str]: ...


@dataclass(frozen=True)
class FoundBy:
    """What remains of a finding: name of the check, whether it passed and blocks, one sentence.

    `grave`: it did not pass, and that is an error though it does not block.
    """

    name: str
    passed: bool
    blocking: bool
    summary: str
    grave: bool = False

    @property
    def severity(self) -> Literal["error", "warning"]:
        """What a failure means."""
        return "error" if self.blocking or self.grave else "warning"


@dataclass(frozen=True)
class Notes:
    """`fingerprint`: what it was made from. `version`: of its content. `counts`: named figures, such as duplicates.

    `checksum`: of the rows, where `version` is not that of the content.
    """

    fingerprint: str
    version: str
    rows: int
    counts: Mapping[str, int] = field(default_factory=dict)
    findings: Sequence[FoundBy] = ()
    checksum: str = ""

    @classmethod
    def of(
        cls,
        fingerprint: str,
        version: str,
        rows: int,
        counts: Mapping[str, int],
        findings: Sequence[Finding],
        checksum: str = "",
    ) -> Notes:
        kept = [
            FoundBy(found.check.name, found.passed, found.check.blocking, found.summary, _is_grave(found))
            for found in findings
        ]
        return cls(fingerprint, version, rows, counts, kept, checksum)

    def to_texts(self) -> dict[str, str]:
        """As a store keeps them: name → text."""
        findings = [
            [found.name, found.passed, found.blocking, _short(found.summary), *([True] if found.grave else [])]
            for found in self.findings
        ]
        return {
            "fingerprint": self.fingerprint,
            "version": self.version,
            "rows": str(self.rows),
            "counts": json.dumps(dict(self.counts), separators=(",", ":")),
            "findings": json.dumps(findings, separators=(",", ":"), ensure_ascii=False),
        } | ({"checksum": self.checksum} if self.checksum else {})

    @classmethod
    def kept_with(cls, there: Noted | None) -> Notes | None:
        """The notes of an object or a partition, as `from_texts` reads them; None where nothing is there."""
        return None if there is None else cls.from_texts(there.notes)

    @classmethod
    def from_texts(cls, texts: Mapping[str, str]) -> Notes | None:
        """What `to_texts` gave; None where an object has no notes, or others."""
        try:
            return cls(
                texts["fingerprint"],
                texts["version"],
                int(texts["rows"]),
                {str(name): int(count) for name, count in json.loads(texts["counts"]).items()},
                [_found_by(*found) for found in json.loads(texts["findings"])],
                str(texts.get("checksum", "")),
            )
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError):
            return None


def _is_grave(found: Finding) -> bool:
    return found.grave and not found.passed and not found.check.blocking


def _found_by(name: object, passed: object, blocking: object, summary: object, grave: object = False) -> FoundBy:
    return FoundBy(str(name), bool(passed), bool(blocking), str(summary), bool(grave))


def _short(summary: str) -> str:
    kept = summary if len(summary) <= _SUMMARY else summary[: _SUMMARY - 3] + "..."
    return kept.encode("ascii", "replace").decode()
