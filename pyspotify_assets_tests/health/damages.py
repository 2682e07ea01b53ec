"""Ten kinds of damage to a day's raw rows, as they happen: pure functions over the rows of a raw CSV as text.

A kind that can come about in more than one way has more than one function, and counts as found only if each is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from pyspotify_assets.tables import SNAPSHOT

Rows = list[dict[str, str | None]]
Damage = Callable[[Rows, Rows], Rows]
"""(rows of the day, rows of the snapshot before) → what came in their place."""

PAGE = 50
NAMES = ("track_name", "artist_name", "artist_names", "album_name")


def renumbered(rows: Sequence[dict[str, str | None]]) -> Rows:
    """The rows with ranks from 1 without holes, as every writer of the raw format leaves them."""
    return [row | {"rank": str(rank)} for rank, row in enumerate(rows, 1)]


def first_half(rows: Rows, before: Rows) -> Rows:
    return rows[: len(rows) // 2]


def every_second_row(rows: Rows, before: Rows) -> Rows:
    return renumbered(rows[::2])


def one_artist(rows: Rows, before: Rows) -> Rows:
    artist = {name: rows[0][name] for name in ("artist_name", "artist_id", "artist_names")}
    return [row | artist for row in rows]


def popularity_0(rows: Rows, before: Rows) -> Rows:
    return [row | {"popularity": "0"} for row in rows]


def file_of_yesterday(rows: Rows, before: Rows) -> Rows:
    return before


def answer_of_yesterday(rows: Rows, before: Rows) -> Rows:
    """A cache somewhere between: taken today, and nothing new in it."""
    return [row | {"snapshot_at": rows[0]["snapshot_at"]} for row in before]


def all_columns_shifted(rows: Rows, before: Rows) -> Rows:
    """Every value one column to the right, as after a value with a comma that nobody quoted."""
    columns = SNAPSHOT.raw_columns
    return [dict(zip(columns, [None, *(row[name] for name in columns[:-1])], strict=True)) for row in rows]


def columns_after_the_title_shifted(rows: Rows, before: Rows) -> Rows:
    columns = SNAPSHOT.raw_columns[3:]
    return [row | dict(zip(columns, [row["track_name"], *(row[n] for n in columns[:-1])], strict=True)) for row in rows]


def names_shifted(rows: Rows, before: Rows) -> Rows:
    """Text moved among columns of text, which every type allows."""
    return [row | {"artist_name": row["track_name"], "artist_id": row["artist_name"]} for row in rows]


def read_as_cp1252(rows: Rows, before: Rows) -> Rows:
    return _recoded(rows, "cp1252")


def read_as_latin_1(rows: Rows, before: Rows) -> Rows:
    return _recoded(rows, "latin-1")


def order_reversed(rows: Rows, before: Rows) -> Rows:
    return renumbered(rows[::-1])


def ranks_reversed_in_place(rows: Rows, before: Rows) -> Rows:
    return [row | {"rank": str(len(rows) + 1 - number)} for number, row in enumerate(rows, 1)]


def first_page_in_place_of_the_second(rows: Rows, before: Rows) -> Rows:
    return renumbered([*rows[:PAGE], *rows[:PAGE], *rows[2 * PAGE :]])


def first_page_once_more(rows: Rows, before: Rows) -> Rows:
    return renumbered([*rows, *rows[:PAGE]])


def second_page_missing(rows: Rows, before: Rows) -> Rows:
    return renumbered([*rows[:PAGE], *rows[2 * PAGE :]])


def second_page_missing_from_the_ranks_too(rows: Rows, before: Rows) -> Rows:
    return [*rows[:PAGE], *rows[2 * PAGE :]]


def taken_a_month_ago(rows: Rows, before: Rows) -> Rows:
    instant = datetime.fromisoformat(rows[0]["snapshot_at"] or "") - timedelta(days=31)
    return [row | {"snapshot_at": instant.isoformat()} for row in rows]


def released_a_year_ago(rows: Rows, before: Rows) -> Rows:
    return [row | {"release_date": _a_year_before(row["release_date"])} for row in rows]


KINDS: dict[str, tuple[Damage, ...]] = {
    "half the rows": (first_half, every_second_row),
    "one artist only": (one_artist,),
    "all popularity 0": (popularity_0,),
    "yesterday's file again": (file_of_yesterday, answer_of_yesterday),
    "shifted columns": (all_columns_shifted, columns_after_the_title_shifted, names_shifted),
    "mojibake": (read_as_cp1252, read_as_latin_1),
    "ranks reversed": (order_reversed, ranks_reversed_in_place),
    "duplicated page": (first_page_in_place_of_the_second, first_page_once_more),
    "missing page": (second_page_missing, second_page_missing_from_the_ranks_too),
    "stale dates": (taken_a_month_ago, released_a_year_ago),
}


def _recoded(rows: Rows, encoding: str) -> Rows:
    def recode(text: str | None) -> str | None:
        return None if text is None else text.encode().decode(encoding, "replace")

    return [row | {name: recode(row[name]) for name in NAMES} for row in rows]


def _a_year_before(release_date: str | None) -> str | None:
    if not release_date or not release_date[:4].isdigit():
        return release_date
    # No 29th of February a year before.
    return f"{int(release_date[:4]) - 1:04}{release_date[4:]}".replace("-02-29", "-02-28")
