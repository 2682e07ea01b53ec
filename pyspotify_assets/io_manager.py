"""The Dagster IO manager over the lake: which asset and which days; how they are written and read is `table_files`'.

Loads none of pandas, pyarrow and boto3 before a table is written or read, since definitions import it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, overload

import dagster as dg
from pydantic import ConfigDict, Field, PrivateAttr

from pyspotify_assets.errors import LakeError, MissingPartitionError
from pyspotify_assets.lake import Lake, Place
from pyspotify_assets.stores import ObjectInfo

if TYPE_CHECKING:
    import pandas as pd

    from pyspotify_assets.tabular import Tabular

T = TypeVar("T")


@dataclass(frozen=True)
class Stored:
    """What has been written: where it lies, its rows, and what the store knows of it."""

    uri: str
    rows: int
    info: ObjectInfo


class LakeIOManager(dg.ConfigurableIOManager):
    """Keeps tables in a lake, in a folder or on S3: raw ones as CSV, all others as Parquet, one object per day.

    `address` is a folder or s3://bucket/prefix; `areas` puts single areas on addresses of their own. An asset of the
    key `refined/popular_songs` lies in the area `refined`, under
    `popular_songs/snapshot_date=2026-11-22/popular_songs.parquet`; without partitions, under
    `popular_songs/popular_songs.parquet`. Keys have two parts, partitions are days.

    In a Dagster project, outputs and inputs are pandas DataFrames, pyarrow Tables or RecordBatchReaders (for what does
    not fit into memory); the annotation of an input says which, and without one it is a DataFrame:

        @dg.asset(key_prefix="refined", partitions_def=dg.DailyPartitionsDefinition("2026-11-01"))
        def songs() -> pa.Table: ...

        @dg.asset(
            key_prefix="stats",                                   # not partitioned: gets all days that are there
            ins={"songs": dg.AssetIn(["refined", "songs"], metadata={"columns": ["rank", "track_name"]})},
        )
        def best_ranks(songs: pd.DataFrame) -> pd.DataFrame:
            return songs.groupby("track_name", as_index=False)["rank"].min()

        defs = dg.Definitions([songs, best_ranks], resources={"io_manager": LakeIOManager(address="s3://my-lake/x")})

    Several days come as one table, in order, with the column `snapshot_date` (text) as the last. A run over several
    days gives out a dictionary day → table. Metadata of an input: `columns`; `partition_column` (true or false: whether
    `snapshot_date` comes with it, instead of only with several days); `allow_missing_partitions` (true: leave out days
    that are not there).

    Alone, in a notebook or a script:

        lake = LakeIOManager(address="lake/sample")
        lake.write("refined/songs", "2026-11-22", frame)
        lake.read("refined/songs", "2026-11-22")                                            # a DataFrame
        lake.read("refined/songs", ("2026-11-01", "2026-11-22"), as_=pa.Table, columns=["rank", "track_name"])
        for batch in lake.read("refined/songs", as_=pa.RecordBatchReader): ...              # all days, little memory

    What is written is put in place whole or not at all: an exception on the way, also one that a reader raises halfway,
    leaves what was there. Every failure is a LakeError (RawFormatError for a CSV) that names the asset and its address.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    address: str = Field(description="A folder, or s3://bucket/prefix.")
    areas: dict[str, str] = Field(default={}, description="Areas that lie on addresses of their own: area → address.")
    s3: dict[str, str] = Field(default={}, description="On S3: `encryption`, `kms_key`, `owner`; see S3Options.")

    # Not a cached_property: Dagster copies resources field by field and takes what is cached for one.
    _lake: Lake | None = PrivateAttr(default=None)

    @property
    def lake(self) -> Lake:
        """The lake, for what is not a table."""
        if self._lake is None:
            self._lake = Lake.at(self.address, self.areas, self.s3)
        return self._lake

    def write(self, asset: str | Sequence[str], day: str | None, data: Tabular) -> Stored:
        """Replace one day of an asset, or all of it where it has no days (`day` is None), by `data`.

        Columns of a declared table get the declared types. `snapshot_date` is taken out of the rows: the path says it.
        Raises LakeError, and whatever a reader that is given raises; then nothing has changed.
        """
        return self._write_all(asset, {day or "": data})[0]

    @overload
    def read(
        self,
        asset: str | Sequence[str],
        days: str | tuple[str, str] | None = None,
        *,
        columns: Sequence[str] | None = None,
    ) -> pd.DataFrame: ...

    @overload
    def read(
        self,
        asset: str | Sequence[str],
        days: str | tuple[str, str] | None = None,
        *,
        as_: type[T],
        columns: Sequence[str] | None = None,
    ) -> T: ...

    def read(
        self,
        asset: str | Sequence[str],
        days: str | tuple[str, str] | None = None,
        *,
        as_: type | None = None,
        columns: Sequence[str] | None = None,
    ) -> Any:
        """One day of an asset, the days that are there from one to another, or (None) all of them.

        `as_` is pd.DataFrame (unless given), pa.Table or pa.RecordBatchReader; `columns` the ones to read, in order.
        More than one day, even if only one is there, has the column `snapshot_date`, last unless `columns` places it.
        Raises MissingPartitionError if there is nothing, LakeError if it cannot be read.
        """
        key = _key(asset)
        if isinstance(days, str):
            place = self.lake.place(key, days)
            return _read([(place, _required(key, place))], as_, columns, days=False)
        first, last = days or ("", "9999-12-31")
        parts = list(self.lake.partitions(key, first, last))
        if parts:
            return _read(parts, as_, columns, days=True)
        place = self.lake.place(key)
        info = place.info() if days is None else None
        if info is not None:
            return _read([(place, info)], as_, columns, days=False)
        span = "" if days is None else f" from {first} to {last}"
        raise MissingPartitionError(
            f"{'/'.join(key)} has no partition{span} in {self.lake.root(key)}", "Materialize the asset first."
        )

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        """Put an asset's output in place. None, of an asset that stores by itself, is nothing to be put."""
        if obj is None:
            return
        if not context.has_asset_key:
            raise LakeError(f"The output {context.name!r} is of no asset", "Only assets have a place in the lake.")
        key = _key(context.asset_key.path)
        days = list(context.asset_partition_keys) if context.has_asset_partitions else [""]
        tables = dict(obj) if isinstance(obj, Mapping) else {days[0]: obj} if len(days) == 1 else None
        if tables is None or sorted(tables) != sorted(days):
            raise LakeError(
                f"The run is over the partitions {', '.join(days)} of {'/'.join(key)}, its output is not",
                "Give out a dictionary with one table for each partition of the run: day → table.",
            )
        stored = self._write_all(key, tables)
        rows, one = sum(each.rows for each in stored), len(stored) == 1
        metadata: dict[str, Any] = {
            "dagster/uri": stored[0].uri if one else self.lake.root(key),
            "bytes": sum(each.info.size for each in stored),
        }
        # Dagster gives each partition of a run the same metadata: of several, the sum is no count of any one.
        if one:
            metadata["dagster/partition_row_count" if days != [""] else "dagster/row_count"] = rows
        else:
            metadata |= {"rows": rows, "partitions": len(stored)}
        context.add_output_metadata(metadata)

    def load_input(self, context: dg.InputContext) -> Any:
        """The days of the upstream asset that the run maps to, in the guise that the input's annotation names."""
        key = _key(context.asset_key.path)
        settings = dict(context.definition_metadata or {})
        kind, columns = context.dagster_type.typing_type, settings.get("columns")
        if not context.has_asset_partitions:
            place = self.lake.place(key)
            parts = [] if place.info() else list(self.lake.partitions(key))
            if parts:  # As of `refined/plays`, which has partitions in the lake only.
                return _read(parts, kind, columns, days=True)
            return _read([(place, _required(key, place))], kind, columns, days=False)
        days = sorted(context.asset_partition_keys)
        if not days:
            raise MissingPartitionError(
                f"No partition of {'/'.join(key)} belongs to this run", "Look at the partition mapping of the input."
            )
        with_day = bool(settings.get("partition_column", len(days) > 1))
        if len(days) == 1:
            place = self.lake.place(key, days[0])
            return _read([(place, _required(key, place))], kind, columns, with_day)
        there = {place.day: (place, info) for place, info in self.lake.partitions(key, days[0], days[-1])}
        parts = [there[day] for day in days if day in there]
        missing = [day for day in days if day not in there]
        if not parts or (missing and not _wants_what_is_there(context, settings)):
            _required(key, self.lake.place(key, missing[0]))
        return _read(parts, kind, columns, with_day)

    def _write_all(self, asset: str | Sequence[str], tables: Mapping[str, Tabular]) -> list[Stored]:
        """Write all, and only then put them in place, one after the other."""
        from pyspotify_assets.table_files import write_file
        from pyspotify_assets.tabular import to_reader, without_day

        key = _key(asset)
        with ExitStack() as stack:
            written = []
            for day, data in tables.items():
                place = self.lake.place(key, day)
                path = stack.enter_context(place.staged())
                reader = to_reader(data)
                written.append((place, path, write_file(without_day(reader, day) if day else reader, path, place.uri)))
            return [Stored(place.uri, rows, place.publish(path)) for place, path, rows in written]


def _key(asset: str | Sequence[str]) -> tuple[str, str]:
    parts = tuple(asset.split("/") if isinstance(asset, str) else asset)
    if len(parts) != 2:
        raise LakeError(
            f"{'/'.join(parts)!r} has no place in the lake",
            "A key has two parts, area and name: refined/popular_songs.",
        )
    return parts


def _required(key: tuple[str, str], place: Place) -> ObjectInfo:
    info = place.info()
    if info is None:
        raise MissingPartitionError(
            f"{'/'.join(key)}{f' of {place.day}' if place.day else ''} is not there: {place.uri}",
            f"Materialize {'/'.join(key)}{f' for {place.day}' if place.day else ''} first.",
        )
    return info


def _read(parts: list[tuple[Place, ObjectInfo]], kind: Any, columns: Sequence[str] | None, days: bool) -> Any:
    from pyspotify_assets.table_files import read_reader, read_table
    from pyspotify_assets.tabular import from_table, guise_of

    guise = "frame" if kind is None or kind is Any else guise_of(kind)
    if not guise:
        raise LakeError(
            f"A table cannot be read as {getattr(kind, '__qualname__', kind)}",
            "Annotate the input with pandas.DataFrame, pyarrow.Table or pyarrow.RecordBatchReader.",
        )
    if guise == "reader":
        return read_reader(parts, columns, days)
    return from_table(read_table(parts, columns, days), guise)


def _wants_what_is_there(context: dg.InputContext, settings: Mapping[str, Any]) -> bool:
    """Whether days may be missing: the input says so, or an asset without partitions asks for all that exist."""
    if settings.get("allow_missing_partitions"):
        return True
    if len(context.asset_partition_keys) < len(context.asset_partitions_def.get_partition_keys()):
        return False
    step = context.step_context
    return not any(step.has_asset_partitions_for_output(output.name) for output in context.op_def.output_defs)
