"""The pipeline itself."""

from __future__ import annotations

from pathlib import Path

from pyspotify_assets.refine import refine as refine_snapshot


def refine(raw: Path, folder: Path, memory: str) -> None:
    """Refine `raw` into `folder`; `memory` is not needed: it never takes much."""
    refine_snapshot(raw, folder / "refined.parquet", folder / "quarantine.csv")
