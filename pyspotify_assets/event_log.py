"""Where Dagster keeps its history in `local`: in its own SQLite files, through connections that stay open.

Dagster opens and closes a database up to six times for each event, and each closing writes all of it to the disk: that
took longer than refining the day that the event tells of. Here a database stays open. An event is safe from a killed
process at once, from a power cut a moment later (SQLite's `synchronous = NORMAL`: the last ones may be lost then, and
nothing is damaged). Files and tables are Dagster's: with `storage: sqlite:` in dagster.yaml the same history goes on.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluationPlanned
from dagster._core.events import DagsterEventType
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME, SqliteEventLogStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClassData
from sqlalchemy import create_engine, event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.pool import StaticPool

_PLANNED = DagsterEventType.ASSET_MATERIALIZATION_PLANNED
_OPEN = 8
"""Databases that are open at once: the index over all runs, and those of the runs that were asked for last."""

_TOGETHER = 500
"""Events that announce what a run is going to make, and are written together."""


class OpenEventLog(SqliteEventLogStorage):
    """Dagster's event log in SQLite; its databases stay open."""

    def __init__(self, base_dir: str) -> None:
        self._engines: OrderedDict[str, Engine] = OrderedDict()
        self._tables: set[str] = set()
        self._columns: set[str] = set()
        super().__init__(base_dir)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            with self._engine(shard).begin() as connection:
                yield connection
            # Dagster's pages follow a run by the time of its file, to which SQLite writes only now and then.
            if shard != INDEX_SHARD_NAME:
                with suppress(FileNotFoundError):
                    os.utime(self.path_for_shard(shard))

    def _engine(self, shard: str) -> Engine:
        """The open database of a run, or the index. Whoever asks holds the lock: each has one connection."""
        engine = self._engines.get(shard)
        if engine is None:
            engine = create_engine(
                self.conn_string_for_shard(shard),
                poolclass=StaticPool,
                connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
            )
            event.listen(engine, "connect", _safe_in_time)
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            self._engines[shard] = engine
        self._engines.move_to_end(shard)
        if INDEX_SHARD_NAME in self._engines:
            self._engines.move_to_end(INDEX_SHARD_NAME)
        while len(self._engines) > _OPEN:
            self._engines.popitem(last=False)[1].dispose()
        return engine

    def has_table(self, table_name: str) -> bool:
        # Asked of the database with every event; a table, or a column of one, that is there stays.
        if table_name not in self._tables and super().has_table(table_name):
            self._tables.add(table_name)
        return table_name in self._tables

    def _has_asset_key_col_on_connection(self, conn: Connection, column_name: str) -> bool:
        if column_name not in self._columns and super()._has_asset_key_col_on_connection(conn, column_name):
            self._columns.add(column_name)
        return column_name in self._columns

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Store what a run announces to make, an event for each day, at once; the others one by one."""
        announced = [one for one in events if one.dagster_event_type is _PLANNED]
        rows = [self._event_to_row(one) for one in announced]
        newest = {one.get_dagster_event().asset_key: one for one in announced}
        if rows:
            with self.run_connection(announced[0].run_id) as connection:
                connection.execute(SqlEventLogStorageTable.insert(), rows)
            with self.index_connection() as connection:
                connection.execute(SqlEventLogStorageTable.insert(), rows)
                for one in newest.values():
                    self._store_asset_event(connection, one, event_id=0)  # Of what is only planned no id is kept.
        super().store_event_batch([one for one in events if one.dagster_event_type is not _PLANNED])

    def _store_asset_check_evaluation_planned(self, event: EventLogEntry, event_id: int | None) -> None:
        # Dagster writes a line for each day. Our checks judge all days of a run at once: the lines would wait for ever.
        dagster_event = event.get_dagster_event()
        planned = dagster_event.asset_check_planned_data
        of_no_day = AssetCheckEvaluationPlanned(asset_key=planned.asset_key, check_name=planned.check_name)
        event = event._replace(dagster_event=dagster_event._replace(event_specific_data=of_no_day))
        super()._store_asset_check_evaluation_planned(event, event_id)

    def wipe(self) -> None:
        self._close()
        super().wipe()

    def dispose(self) -> None:
        super().dispose()
        self._close()

    def _close(self) -> None:
        with self._db_lock:
            while self._engines:
                self._engines.popitem()[1].dispose()


class History(DagsterSqliteStorage):
    """Dagster's storage in SQLite with this event log: what dagster.yaml names."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(base_dir, inst_data)
        os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", str(_TOGETHER))  # Dagster's own switch, and the only one.
        self._event_log_storage = OpenEventLog(self._event_log_storage._base_dir)

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData, config_value: Mapping[str, Any]) -> History:
        return cls.from_local(inst_data=inst_data, **config_value)


def _safe_in_time(connection: Any, record: object) -> None:
    connection.execute("PRAGMA synchronous = NORMAL")
