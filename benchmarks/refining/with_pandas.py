"""The same job in pandas."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
from pyarrow import parquet

from pyspotify_assets.schemas import arrow_schema
from pyspotify_assets.tables import SNAPSHOT

_INSTANT = r"[12]\d{3}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?(?:Z|[+-]\d{2}:\d{2})"
_TEXTS = (
    *("track_id", "artist_name", "artist_id", "isrc", "album_id", "album_name", "album_type"),
    *("release_date", "release_date_precision"),
)
_REQUIRED = ("rank", "track_name", "snapshot_at", "source")
_CAST = ("rank", "artist_names", "popularity", "duration_ms", "explicit", "added_at", "snapshot_at")


def refine(raw: Path, folder: Path, memory: str) -> None:
    """Refine `raw` into `folder`; `memory` cannot be told to pandas."""
    # pandas' readers cannot tell null from empty text: both are empty here, and so neither `track_name` can be.
    text = pd.read_csv(raw, dtype="str", keep_default_na=False)
    typed = pd.DataFrame(
        {
            "rank": _whole(text["rank"], 1, 2**31 - 1),
            **{name: text[name].where(text[name] != "") for name in _TEXTS},
            "track_name": text["track_name"],
            "artist_names": text["artist_names"].map(_texts).astype(object),
            "popularity": _whole(text["popularity"], 0, 100),
            "duration_ms": _whole(text["duration_ms"], -(2**31), 2**31 - 1),
            "explicit": text["explicit"].map({"true": True, "false": False}).astype("boolean"),
            "released_on": _first_days(text["release_date"]),
            "added_at": _instants(text["added_at"]),
            "snapshot_at": _instants(text["snapshot_at"]),
            "source": text["source"],
        }
    )
    reason = pd.Series(pd.NA, index=text.index, dtype="str")
    for name in _REQUIRED:
        reason = reason.mask(reason.isna() & (text[name] == ""), f"{name} is missing")
    for name in _CAST:
        reason = reason.mask(reason.isna() & (text[name] != "") & typed[name].isna(), f"{name} is wrong")
    refused = reason.notna()
    text[refused].assign(reason=reason[refused]).to_csv(folder / "quarantine.csv", index=False, quoting=1)
    good = typed[~refused].sort_values("rank", kind="stable")
    names = good["track_name"] + "\0" + good["artist_name"].fillna("\1") + "\0" + good["album_name"].fillna("\1")
    best = good[~good["track_id"].fillna(names).duplicated()]
    table = pa.Table.from_pandas(best, arrow_schema(SNAPSHOT), preserve_index=False)
    parquet.write_table(
        table, folder / "refined.parquet", compression="zstd", compression_level=1, row_group_size=131_072
    )


def _whole(text: pd.Series, low: int, high: int) -> pd.Series:
    numbers = pd.to_numeric(text.where(text.str.fullmatch(r"-?\d+(?:\.0*)?")), errors="coerce")
    return numbers.where(numbers.between(low, high)).astype("Int64")


def _texts(text: str) -> list[str] | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, list) and all(isinstance(each, str) for each in found) else None


def _first_days(text: pd.Series) -> pd.Series:
    length = text.str.len()
    padded = text.mask(length == 4, text + "-01-01").mask(length == 7, text + "-01")
    shaped = padded.where(padded.str.fullmatch(r"\d{4}-\d{2}-\d{2}"))
    days = pd.to_datetime(shaped.where(shaped >= "0001"), format="%Y-%m-%d", errors="coerce")
    return days.astype(pd.ArrowDtype(pa.date32()))


def _instants(text: pd.Series) -> pd.Series:
    return pd.to_datetime(text.where(text.str.fullmatch(_INSTANT)), format="ISO8601", errors="coerce", utc=True)
