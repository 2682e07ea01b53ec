"""The checks: what must hold of one day of raw, of refined and of a mart, declared once and judged by pure functions.

A finding is one check's verdict on one day, with the figures it is based on. Blocking findings that fail keep what was
staged from being published. Nothing here knows Dagster; `assets/each_day.py` shows findings in its UI.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pyspotify_assets.day_ranges import days_of_spans, span
from pyspotify_assets.errors import CheckFailedError
from pyspotify_assets.schemas import arrow_schema, schema_differences
from pyspotify_assets.spotify.fields import IDENTITY, Fields
from pyspotify_assets.tables import SNAPSHOT, Table

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Check:
    """One rule. Blocking: a day that breaks it is not published. Otherwise it warns."""

    name: str
    description: str
    blocking: bool = True

    def finding(self, passed: bool, summary: str, **figures: float | str) -> Finding:
        return Finding(self, bool(passed), summary, figures, self.blocking)


@dataclass(frozen=True)
class Finding:
    """A check's verdict on one day: whether it holds, one sentence, and the figures behind it.

    `grave`: if it does not hold, it is an error and not a warning, though it may keep nothing from being published.
    """

    check: Check
    passed: bool
    summary: str
    figures: Mapping[str, float | str] = field(default_factory=dict)
    grave: bool = False


RANKS = Check("ranks_without_holes", "Raw ranks run 1..n without holes.")
COMPLETE = Check(
    "all_entries_received",
    "Nothing is missing: kept and skipped entries make the entries received, and those the playlist's total.",
)
POPULARITY_GIVEN = Check(
    "popularity_given",
    "Spotify gave popularity; it is gone for apps made since February 2026, and then everything goes by position.",
    blocking=False,
)
FIELDS_AS_KNOWN = Check(
    "fields_as_known",
    "Spotify's records have the fields and types that are known. A new field is told of, and not kept.",
    blocking=False,
)
IDENTITY_AS_TEXT = Check(
    "identity_as_text", "Spotify's ids and titles are texts: of another type in most tracks, they mean something else."
)
SPOTIFY_ANSWERS = Check("spotify_answers", "Spotify answers, and the day's budget is not used up.", blocking=False)
NO_DAY_MISSED = Check(
    "no_day_missed", "No day has gone by without a snapshot since the one before, within a month.", blocking=False
)
MISSED_DAYS = "missed_days"
"""Figure of that check: the days, see `day_ranges.days_of_spans`."""

LOGIN_FRESH = Check("login_fresh", "The user's login is younger than five months: it ends after six.", blocking=False)
ACCOUNTED = Check("rows_accounted_for", "Raw rows = refined + duplicates + quarantined.")
SCHEMA = Check("schema_as_declared", "Columns and types are those of the declaration.")
TYPES_UNCHANGED = Check(
    "types_unchanged", "No more than half of the raw rows cannot be typed for one and the same reason."
)
KEYS = Check("keys_unique", "No two rows of the day have the same key.")
POPULARITY = Check("popularity_within_range", "Popularity is 0 to 100 wherever it is given.")
NOTHING_QUARANTINED = Check("nothing_quarantined", "Every raw row could be typed.", blocking=False)

RAW_CHECKS = (
    RANKS,
    COMPLETE,
    IDENTITY_AS_TEXT,
    POPULARITY_GIVEN,
    FIELDS_AS_KNOWN,
    SPOTIFY_ANSWERS,
    NO_DAY_MISSED,
    LOGIN_FRESH,
)
REFINED_CHECKS = (ACCOUNTED, SCHEMA, TYPES_UNCHANGED, KEYS, POPULARITY, POPULARITY_GIVEN, NOTHING_QUARANTINED)
MART_CHECKS = (SCHEMA, KEYS)

_MANY = 1 << 17
"""Rows of a file that is worth being read in threads."""

CATALOG_SCHEMA = Check("files_match_declaration", "The columns of newly crawled files are the declared ones.", False)
COUNTS_AGREE = Check(
    "raw_and_refined_counts_agree", "By SQL, per day: raw rows = refined rows + duplicates + quarantined.", False
)


def require(findings: Sequence[Finding]) -> Sequence[Finding]:
    """The findings, if nothing blocks; else CheckFailedError, which carries them."""
    failed = [finding for finding in findings if finding.check.blocking and not finding.passed]
    if failed:
        words = "; ".join(f"{finding.check.name}: {finding.summary}" for finding in failed)
        raise CheckFailedError(f"Not published, since a check failed: {words}", findings=findings)
    return findings


def raw_findings(
    ranks: Iterable[int | None],
    received: int,
    expected: int | None,
    skipped: int,
    popularity: bool,
    absent: Sequence[str] = (),
) -> list[Finding]:
    """What holds of one raw day. `received`, `expected` and `skipped` count entries; `expected` None: not known.

    `absent`: columns that no track came with.
    """
    rows = hole = 0
    for rows, rank in enumerate(ranks, 1):
        if rank != rows and not hole:
            hole = rows
    where = f"row {hole} has another rank" if hole else f"1 to {rows}"
    missing = received != rows + skipped or (expected is not None and received < expected)
    told = "" if expected is None else f", {expected} announced"
    return [
        RANKS.finding(not hole, where, rows=rows),
        COMPLETE.finding(
            not missing,
            f"{rows} kept + {skipped} skipped of {received} received{told}",
            received=received,
            skipped=skipped,
        ),
        popularity_finding(popularity or not rows, absent),
    ]


def popularity_finding(given: bool, absent: Sequence[str] = ("popularity",)) -> Finding:
    """The verdict on a day's popularity; `absent`: columns that no track came with, as they are shown."""
    if given:
        return POPULARITY_GIVEN.finding(True, "given")
    names = ", ".join(absent) or "popularity"
    return POPULARITY_GIVEN.finding(False, f"not given: by position. Absent: {names}", absent=names)


def fields_findings(fields: Fields) -> list[Finding]:
    """What holds of the fields of a snapshot's records."""
    of = f"of {fields.tracks} tracks"
    other = [f"{path} is {kind} in {tracks} {of}" for path, (kind, tracks) in fields.other_types.items()]
    new = [f"new field {name} in {tracks} {of}" for name, tracks in fields.unknown.items()]
    mistaken = [path for path in fields.changed if path in IDENTITY]
    return [
        FIELDS_AS_KNOWN.finding(
            not other and not new,
            "; ".join([*other, *new]) or "as known",
            unknown=", ".join(fields.unknown) or "none",
            of_another_type=", ".join(fields.other_types) or "none",
        ),
        IDENTITY_AS_TEXT.finding(
            not mistaken,
            "; ".join(words for words in other if words.partition(" ")[0] in mistaken) or "texts",
        ),
    ]


def types_finding(raw_rows: int, reasons: Mapping[str, int]) -> Finding:
    """The verdict on the `reasons` (reason → rows) for which rows of a day could not be typed."""
    reason, rows = max(reasons.items(), key=lambda item: item[1], default=("none", 0))
    words = f"{reason}: {rows} of {raw_rows} rows"
    return TYPES_UNCHANGED.finding(2 * rows <= raw_rows, words if rows else "every row could be typed", rows=rows)


def missed_days_finding(missed: Sequence[tuple[str, str]]) -> Finding:
    """The verdict on the days between a snapshot and the one before it; `missed`: first and last of each gap."""
    days = ", ".join(span(first, last) for first, last in missed)
    number = len(days_of_spans(days)) if missed else 0
    summary = f"no snapshot of {days}: {number} missed" if missed else "none"
    return NO_DAY_MISSED.finding(not missed, summary, days_missed=number, **({MISSED_DAYS: days} if missed else {}))


def refined_findings(
    refined: Path, raw_rows: int, duplicates: int, quarantined: int, reasons: Mapping[str, int]
) -> list[Finding]:
    """What holds of one staged refined day: the file is read again, so that the writer does not judge itself."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    file = pq.ParquetFile(refined)
    schema, rows = file.schema_arrow, file.metadata.num_rows
    if schema_differences(schema, arrow_schema(SNAPSHOT)):
        return judge_refined(schema, rows, raw_rows, duplicates, quarantined, reasons)
    # Threads cost more than they save where there is little to read.
    table = file.read(["track_id", "popularity"], use_threads=rows > _MANY)
    ids = table["track_id"]
    repeated = len(ids) - ids.null_count - pc.count_distinct(ids).as_py()
    if ids.null_count:
        names = ["track_name", "artist_name", "album_name"]
        repeated += _repeated(file.read(names, use_threads=rows > _MANY).filter(pc.is_null(ids)), names)
    popularity = pc.min_max(table["popularity"]).as_py()
    return judge_refined(
        schema, rows, raw_rows, duplicates, quarantined, reasons, repeated, (popularity["min"], popularity["max"])
    )


def judge_refined(
    schema: pa.Schema,
    rows: int,
    raw_rows: int,
    duplicates: int,
    quarantined: int,
    reasons: Mapping[str, int],
    repeated: int = 0,
    popularity: tuple[int | None, int | None] = (None, None),
) -> list[Finding]:
    """What holds of one refined day by its figures: `reasons` are those of quarantined rows, and how many have each;
    `repeated` rows repeat a key; `popularity`: least and greatest.

    Of another schema than the declared one, only the counts are judged.
    """
    differences = schema_differences(schema, arrow_schema(SNAPSHOT))
    findings = [
        ACCOUNTED.finding(
            raw_rows == rows + duplicates + quarantined,
            f"{raw_rows} raw = {rows} refined + {duplicates} duplicates + {quarantined} quarantined",
            raw=raw_rows,
            refined=rows,
        ),
        SCHEMA.finding(not differences, "; ".join(differences) or f"{len(SNAPSHOT.columns)} columns"),
        types_finding(raw_rows, reasons),
        NOTHING_QUARANTINED.finding(quarantined == 0, f"{quarantined} rows in quarantine", quarantined=quarantined),
    ]
    if differences:
        return findings
    low, high = popularity
    within = low is None or high is None or (low >= 0 and high <= 100)
    return [
        *findings,
        KEYS.finding(repeated == 0, f"{repeated} rows repeat a key", repeated=repeated),
        POPULARITY.finding(within, "none given" if low is None else f"{low} to {high}"),
        popularity_finding(low is not None or not rows),
    ]


def mart_findings(rows: pa.Table, mart: Table) -> list[Finding]:
    """What holds of one mart's rows of one day."""
    differences = schema_differences(rows.schema, arrow_schema(mart))
    nulls = [column.name for column in mart.columns if not column.nullable and rows[column.name].null_count]
    differences += [f"{name} has nulls" for name in nulls]
    repeated = _repeated(rows, list(mart.key))
    return [
        SCHEMA.finding(not differences, "; ".join(differences) or f"{len(mart.columns)} columns"),
        KEYS.finding(repeated == 0, f"{repeated} rows repeat a key", repeated=repeated),
    ]


def _repeated(table: pa.Table, key: list[str]) -> int:
    return table.num_rows - table.group_by(key).aggregate([]).num_rows
