"""A clock that is set by hand and goes on at its own pace between, and a Dagster and a project that live by it."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import dagster._time
import pytest
from dagster._core.log_manager import DagsterLogManager

from pyspotify_assets import history, sensors
from pyspotify_assets.alerts import history as alerts_history
from pyspotify_assets.assets import catalog


class Timeline:
    """What time it is. Never goes back: Dagster orders by time what happens in one run."""

    def __init__(self, at: datetime) -> None:
        self._at, self._set = at, time.monotonic()

    def __call__(self) -> datetime:
        return self._at + timedelta(seconds=time.monotonic() - self._set)

    def turn_to(self, at: datetime) -> None:
        self._at, self._set = max(at, self()), time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait, which takes no time but here."""
        self.turn_to(self() + timedelta(seconds=seconds))

    @contextmanager
    def ruling(self) -> Iterator[None]:
        """Dagster dates by this clock, and so does what is compared with Dagster's dates."""
        timeline = self
        plain = DagsterLogManager.makeRecord

        class Datetime(datetime):
            @classmethod
            def now(cls, tz: Any = None) -> datetime:
                return timeline().astimezone(tz or UTC)

        def dated(manager: DagsterLogManager, *arguments: Any, **named: Any) -> logging.LogRecord:
            record = plain(manager, *arguments, **named)
            record.created = timeline().timestamp()
            return record

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(dagster._time, "_mockable_get_current_datetime", self)
            patch.setattr(dagster._time, "_mockable_get_current_timestamp", lambda: self().timestamp())
            patch.setattr(DagsterLogManager, "makeRecord", dated)
            for module in (history, sensors, alerts_history):
                patch.setattr(module, "datetime", Datetime)
            patch.setattr(catalog, "time", SimpleNamespace(time=lambda: self().timestamp()))
            yield
