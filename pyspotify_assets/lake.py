"""The lake: where everything lies. Areas, keys and days; staging, publishing and reading them is the stores' part.

An asset's key is its path: `raw/popular_songs` of 2026-11-22 lies in the area `raw`, under
`popular_songs/snapshot_date=2026-11-22/popular_songs.csv`. The areas lie side by side under one address (a folder or
s3://bucket/prefix), or on addresses of their own.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from pyspotify_assets.errors import LakeError, MissingPartitionError
from pyspotify_assets.stores import ObjectInfo, Store
from pyspotify_assets.tables import PARTITION_COLUMN, PLAY_YEAR, partition_of

AREAS = ("raw", "refined", "marts", "report", "landing", "quarantine", "state", "catalog")
_SUFFIXES = {"raw": "csv", "refined": "parquet", "report": "html"}
_PLACELESS = ("marts", "landing", "quarantine", "state", "catalog")
_FORMS = {PARTITION_COLUMN: re.compile(r"\d{4}-\d{2}-\d{2}"), PLAY_YEAR: re.compile(r"\d{4}")}
_NAMES = {PARTITION_COLUMN: "a day, YYYY-MM-DD", PLAY_YEAR: "a year, YYYY"}


def is_partition(column: str, text: str) -> bool:
    """Whether `text` is written as partitions of this column are: a day, or a year."""
    return _FORMS[column].fullmatch(text) is not None


@dataclass(frozen=True)
class Place:
    """Where one day of one asset lies: `store` and `key`, and the day; empty if the asset has no days.

    What is said of days holds for whatever partitions the asset has: those of `plays` are years.
    """

    store: Store
    key: str
    day: str

    @property
    def uri(self) -> str:
        return self.store.uri(self.key)

    def info(self) -> ObjectInfo | None:
        return self.store.info(self.key)

    def require(self) -> ObjectInfo:
        """The object's info; MissingPartitionError naming the place where there is none."""
        info = self.info()
        if info is None:
            raise MissingPartitionError(
                f"The partition {self.day} is not there: {self.uri}" if self.day else f"{self.uri} is not there",
                "Materialize that partition first; a raw partition of a past day can only come from a file.",
            )
        return info

    @contextmanager
    def staged(self) -> Iterator[Path]:
        """A path to write the new object to. It is not in place until `publish`, and gone at the end of the block."""
        with self.store.staging(self.key.rpartition("/")[2]) as path:
            yield path

    def publish(self, staged: Path, notes: Mapping[str, str] | None = None) -> ObjectInfo:
        return self.store.publish(staged, self.key, notes)


class Lake:
    """All areas of one lake. `Lake.at(address)` makes one; `stores` are open to whoever needs another area."""

    def __init__(self, stores: Mapping[str, Store], address: str, s3: Mapping[str, str] | None = None) -> None:
        self.stores, self.address, self._s3 = dict(stores), address, dict(s3 or {})

    @classmethod
    def at(cls, address: str, areas: Mapping[str, str] | None = None, s3: Mapping[str, str] | None = None) -> Lake:
        """The lake at `address`, a folder or s3://bucket/prefix; `areas` puts single areas on ones of their own.

        `s3`: options of its objects on S3, by the names of `stores.s3.S3Options`.
        """
        unknown = sorted(set(areas or {}) - set(AREAS))
        if unknown:
            raise LakeError(f"{unknown[0]!r} is no area of the lake", f"The areas are: {', '.join(AREAS)}.")
        places = {area: (areas or {}).get(area, f"{address.rstrip('/')}/{area}") for area in AREAS}
        return cls({area: _store(place, area, address, s3 or {}) for area, place in places.items()}, address, s3)

    def store(self, area: str) -> Store:
        """The store of an area. One that is none of `AREAS`, another project's, lies under the lake's address too."""
        if area not in self.stores:
            if not area or "/" in area or area.startswith("."):
                raise LakeError(f"{area!r} cannot be an area of the lake", "An area is one name without slashes.")
            self.stores[area] = _store(f"{self.address.rstrip('/')}/{area}", area, self.address, self._s3)
        return self.stores[area]

    def place(self, asset: Sequence[str], day: str = "") -> Place:
        """Where one day of `raw/<feed>`, `refined/<feed>`, `report/daily` or another project's asset lies.

        Without a day: where an asset that has no partitions lies. Only `raw` is CSV; other projects' areas are Parquet.
        """
        area, name = asset
        if area in _PLACELESS:
            raise LakeError(f"{'/'.join(asset)} has no fixed place in the lake", "A mart's place is in the catalog.")
        column = partition_of(name)
        if day and not is_partition(column, day):
            raise LakeError(f"{day!r} is no partition of {'/'.join(asset)}", f"A partition is {_NAMES[column]}.")
        if area == "report" and day:
            return Place(self.store(area), f"{day}.html", day)
        file = f"{name}.{_SUFFIXES.get(area, 'parquet')}"
        return Place(self.store(area), f"{name}/{column}={day}/{file}" if day else f"{name}/{file}", day)

    def root(self, asset: Sequence[str]) -> str:
        """The address under which all days of an asset lie: what its table is crawled from."""
        area, name = asset
        return self.stores[area].uri(name) if area != "report" else self.stores[area].uri("latest.html")

    def partitions(
        self, asset: Sequence[str], first: str = "", last: str = "9999-12-31"
    ) -> Iterator[tuple[Place, ObjectInfo]]:
        """The days of an asset that are there, ascending, `first` and `last` included; infos without notes."""
        area, name = asset
        column = partition_of(name)
        prefix = f"{name}/{column}="
        for info in self.store(area).objects(prefix, start_after=f"{prefix}{first}" if first else ""):
            day = info.key.removeprefix(prefix).partition("/")[0]
            if day > last:
                return
            if is_partition(column, day) and info.key == (place := self.place(asset, day)).key:
                yield place, info

    def days(self, asset: Sequence[str], first: str = "", last: str = "9999-12-31") -> list[str]:
        """The days of raw or refined that are there, ascending, between `first` and `last`, both included."""
        return [place.day for place, _ in self.partitions(asset, first, last)]

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Hold the lock `name` among the processes of this machine: for what is read, changed and written back."""
        from filelock import FileLock, Timeout

        if self.address.startswith("s3://"):
            # In a folder that all lakes of this machine share: one of them shall not hold up another.
            folder, name = _machine_locks(), f"{sha256(self.address.encode()).hexdigest()[:12]}-{name}"
        else:
            folder = Path(self.address, "state", "locks")
        lock = FileLock(folder / f"{name}.lock")
        try:
            _make_lock_folder(folder)
            lock.acquire(timeout=60)
        except Timeout:
            raise LakeError(
                f"Another process has held the lock {lock.lock_file} for a minute", "Look what it does."
            ) from None
        except OSError as error:
            raise LakeError(
                f"{lock.lock_file} cannot be locked: {error.strerror or error}",
                "Make room or allow this user to write there, or set PYSPOTIFY_LAKE to a folder that can be written.",
            ) from error
        try:
            yield
        finally:
            lock.release()


def _store(address: str, area: str, lake: str, s3: Mapping[str, str]) -> Store:
    if address.startswith("s3://"):
        from pyspotify_assets.stores.s3 import S3Options, S3Store

        return S3Store.at(address, S3Options(**s3))
    from pyspotify_assets.stores.folder import FolderStore

    if lake.startswith("s3://") or not Path(address).is_relative_to(lake):
        # On a place of its own, perhaps another disk: what is staged elsewhere could not be renamed into it.
        return FolderStore.at(Path(address))
    # Spotify knows no past: of all areas, raw alone cannot be made again.
    replaced = Path(lake, "state", "replaced", area) if area == "raw" else None
    return FolderStore(Path(address), Path(lake, "state", "notes", area), Path(lake, ".staging"), replaced)


def _machine_locks() -> Path:
    import tempfile

    # Of this user alone: in a folder that others share, a link of that name could lead our writing elsewhere.
    return Path(tempfile.gettempdir(), f"pyspotify-locks-{os.getuid() if hasattr(os, 'getuid') else 'user'}")


def _make_lock_folder(folder: Path) -> None:
    """Make the folder; OSError where one in a place that all users share is somebody else's, or a link."""
    shared = folder == _machine_locks()
    folder.mkdir(mode=0o700 if shared else 0o777, parents=True, exist_ok=True)
    if shared and hasattr(os, "getuid"):
        status = folder.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o022:
            raise PermissionError(errno.EPERM, "the folder is somebody else's, or open to others")
