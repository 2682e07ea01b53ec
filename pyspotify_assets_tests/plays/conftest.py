"""What the tests of the listening history share: a lake, and the plays that lie in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyspotify_assets.lake import Lake


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake.at(str(tmp_path / "lake"))
