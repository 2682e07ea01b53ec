"""The years of `refined/plays`: an export's plays put down by year, then each year with what is new in it, staged.

What is held of a year at a time is a month, unless the whole of it is small: memory does not grow with the export.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyspotify_assets.checks import ACCOUNTED, KEYS, NOTHING_QUARANTINED, SCHEMA, Finding
from pyspotify_assets.daily.fingerprints import content_version, fingerprint
from pyspotify_assets.daily.notes import Notes
from pyspotify_assets.errors import ExportError
from pyspotify_assets.lake import Place
from pyspotify_assets.plays.export import Export
from pyspotify_assets.plays.merge import merged
from pyspotify_assets.plays.records import MOST_NAMED, Refused, batches
from pyspotify_assets.tables import PLAYS

if TYPE_CHECKING:
    import pyarrow as pa

    Span = tuple[datetime, datetime]

VERSION = "1"
"""Part of the fingerprint of every year: raise it when the same records would come out as other plays."""

CHECKS = (ACCOUNTED, SCHEMA, KEYS, NOTHING_QUARANTINED)
MOST_REFUSED = 100_000
"""Records of one export that may go to quarantine; one with more is no export, and is refused as a whole."""

MOST_OF_A_MONTH = 250_000
"""Plays of one export in one month: one every ten seconds, day and night. A month is what is held at a time."""

AT_ONCE = 200_000
"""Plays of a year up to which the whole of it is held at once, which is quicker than month by month."""


@dataclass
class Taken:
    """What has become of the records: `records` = `added` + `known` + `quarantined`."""

    records: int = 0
    added: int = 0
    known: int = 0
    """Plays that were there already, or came more than once."""
    quarantined: int = 0
    years: dict[str, Notes] = field(default_factory=dict)
    """Year → notes of its object, for those that the export has plays of."""
    changed: list[str] = field(default_factory=list)
    left_out: set[str] = field(default_factory=set)
    """Names of fields that are not kept, the IP address first among them."""
    findings: list[Finding] = field(default_factory=list)

    def summary(self, name: str) -> str:
        """What a person is told of it."""
        refused = f", {self.quarantined:,} in quarantine" if self.quarantined else ""
        not_kept = f". Not kept: {', '.join(sorted(self.left_out))}" if self.left_out else ""
        return f"{self.added:,} new plays, {self.known:,} known{refused}, of {self.records:,} in {name}{not_kept}"


def spill(opened: Export, folder: Path, refused: Path, taken: Taken, now: datetime) -> dict[str, Path]:
    """The plays by year, in a Parquet file each: what is held at a time does not grow with the export."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    from pyspotify_assets.schemas import arrow_schema

    folder.mkdir()
    spilled: dict[str, Path] = {}
    with ExitStack() as stack, open(refused, "w", encoding="utf-8") as lines:
        writers: dict[str, Any] = {}
        for file in opened.files:
            for batch in batches(opened.records(file), Path(file).name, now):
                taken.records += batch.plays.num_rows + len(batch.refused)
                taken.quarantined += len(batch.refused)
                if len(taken.left_out) < MOST_NAMED:
                    taken.left_out |= batch.left_out
                _write_refused(lines, batch.refused)
                if taken.quarantined > MOST_REFUSED:
                    raise ExportError(
                        f"{opened.name} has more than {MOST_REFUSED:,} records that are no plays, such as "
                        f"record {batch.refused[0].record} of {batch.refused[0].file}: {batch.refused[0].reason}",
                        "Import the ZIP as Spotify sent it.",
                    )
                years = pc.year(batch.plays["ts"])
                for year in map(str, sorted(pc.unique(years).to_pylist())):
                    if year not in writers:
                        spilled[year] = folder / f"{year}.parquet"
                        writers[year] = stack.enter_context(pq.ParquetWriter(spilled[year], arrow_schema(PLAYS)))
                    writers[year].write_batch(batch.plays.filter(pc.equal(years, int(year))))
    return spilled


def _write_refused(lines, refused: list[Refused]) -> None:
    for each in refused:
        where = json.dumps({"file": each.file, "record": each.record, "reason": each.reason})
        lines.write(f'{where[:-1]}, "play": {each.play}}}\n')


@contextmanager
def staged_year(place: Place, spilled: Path, taken: Taken) -> Iterator[Path | None]:
    """The year with what the export adds to it, staged; None if that is nothing. Says in `taken` what it found.

    Holds no plays while it is open: all years are open until the last is staged.
    """
    with place.staged() as staged:
        yield staged if _stage_year(place, spilled, staged, taken) else None


def _stage_year(place: Place, spilled: Path, staged: Path, taken: Taken) -> bool:
    """Write the year as it is to be, unless it is so already: then give False. Holds a span of it at a time."""
    import pyarrow as pa

    from pyspotify_assets.schemas import arrow_schema
    from pyspotify_assets.table_files import write_file

    info = place.info()
    notes = Notes.kept_with(info)
    changed = notes is None

    def batches_of_year(there: Path | None) -> Iterator[pa.RecordBatch]:
        nonlocal changed
        for span in _spans(place.day, spilled, there):
            new, old = _read(spilled, span), _read(there, span)
            if new.num_rows > MOST_OF_A_MONTH:
                raise ExportError(
                    f"The export has {new.num_rows:,} plays in {span[0]:%Y-%m}, of at most {MOST_OF_A_MONTH:,}: "
                    "nobody can have listened to so many",
                    "Import the ZIP as Spotify sent it.",
                )
            table = merged(old, new)
            taken.added += table.num_rows - old.num_rows
            taken.known += old.num_rows + new.num_rows - table.num_rows
            changed = changed or not table.equals(old)
            yield from table.to_batches()

    with place.store.local(place.key) if info else nullcontext() as there:
        reader = pa.RecordBatchReader.from_batches(arrow_schema(PLAYS), batches_of_year(there))
        rows = write_file(reader, staged, place.uri)
    if notes is not None and not changed:
        taken.years[place.day] = notes
        return False
    version = content_version(staged)
    taken.years[place.day] = Notes.of(fingerprint(VERSION, PLAYS.shape, version), version, rows, {}, [])
    taken.changed.append(place.day)
    return True


def _spans(year: str, *files: Path | None) -> list[Span]:
    """What of a year is held at a time: all of it where the files have few plays together, else each month."""
    import pyarrow.parquet as pq

    first = [1] if sum(pq.read_metadata(path).num_rows for path in files if path) <= AT_ONCE else range(1, 13)
    starts = [datetime(int(year), month, 1, tzinfo=UTC) for month in first]
    return list(pairwise([*starts, datetime(int(year) + 1, 1, 1, tzinfo=UTC)]))


def _read(path: Path | None, span: Span, columns: Sequence[str] = PLAYS.column_names) -> pa.Table:
    """The plays of a span in a file; none if there is no file."""
    import pyarrow.dataset as ds

    from pyspotify_assets.schemas import arrow_schema

    if path is None:
        return arrow_schema(PLAYS).empty_table()
    within = (ds.field("ts") >= span[0]) & (ds.field("ts") < span[1])
    return ds.dataset(path, arrow_schema(PLAYS), format="parquet").to_table(list(columns), within)


def findings(taken: Taken, staged: Mapping[str, Path]) -> list[Finding]:
    """What holds of the import and of the years it changes; their files are read again, not the writer believed."""
    import pyarrow.parquet as pq

    from pyspotify_assets.schemas import arrow_schema, schema_differences

    differences: list[str] = []
    repeated = 0
    for year, path in staged.items():
        differences += schema_differences(pq.read_schema(path), arrow_schema(PLAYS))
        for span in _spans(year, path):  # Plays of one key are of one month.
            keys = _read(path, span, PLAYS.key)
            repeated += keys.num_rows - keys.group_by(list(PLAYS.key)).aggregate([]).num_rows
    parts: Mapping[str, int] = {"added": taken.added, "known": taken.known, "quarantined": taken.quarantined}
    taken.findings = [
        ACCOUNTED.finding(
            taken.records == sum(parts.values()),
            f"{taken.records} records = {taken.added} new + {taken.known} known + {taken.quarantined} quarantined",
            records=taken.records,
            **parts,
        ),
        SCHEMA.finding(not differences, "; ".join(differences) or f"{len(PLAYS.columns)} columns"),
        KEYS.finding(repeated == 0, f"{repeated} rows repeat a key", repeated=repeated),
        NOTHING_QUARANTINED.finding(not taken.quarantined, f"{taken.quarantined} records in quarantine"),
    ]
    return taken.findings
