"""From the text of the raw CSV to the types of the refined tables, one column at a time, vectorised.

Each function takes an Arrow array of strings and gives a `Cast`: the values, null where the text is null or means
nothing, and which rows were text that means nothing. Which column is cast how, and what becomes of the rows, is
`refine.py`'s affair.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import pyarrow as pa

_DAY = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
# Years 1000 to 2999: what an offset cannot move out of the years that Python, DuckDB and Trino all know.
_DAY_PART = "[12][0-9]{3}-[0-9]{2}-[0-9]{2}"
_CLOCK_PART = r"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?"
_INSTANT = f"^{_DAY_PART}[T ]{_CLOCK_PART}(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
# As json.dumps writes it, without any escape: splitting at the separator is then exact.
_PLAIN_TEXT = r'"[^"\\\x00-\x1f]*"'
_PLAIN_LIST = rf"^\[{_PLAIN_TEXT}(, {_PLAIN_TEXT})*\]$"


class Cast(NamedTuple):
    """`values` as cast; `bad`, a boolean array without nulls, is true where there is text that cannot be cast."""

    values: pa.Array
    bad: pa.BooleanArray


def per_distinct(cast: Callable[[pa.StringArray], Cast], text: pa.StringArray) -> Cast:
    """Cast every distinct text once: for columns in which few texts come often, such as instants and dates."""
    import pyarrow.compute as pc

    encoded = text.dictionary_encode()
    distinct = cast(encoded.dictionary)
    return Cast(distinct.values.take(encoded.indices), pc.fill_null(distinct.bad.take(encoded.indices), False))


def whole_numbers(text: pa.StringArray, type: pa.DataType, low: int, high: int) -> Cast:
    """Decimal whole numbers from `low` to `high`, both included; `33920.0` is 33920, since JSON knows no difference."""
    import pyarrow as pa
    import pyarrow.compute as pc

    digits = text
    # Both regular expressions leave plain digits as they are; nearly always there is nothing else.
    if not pc.all(pc.ascii_is_decimal(text)).as_py():
        digits = pc.replace_substring_regex(text, r"^(-?[0-9]+)\.0*$", r"\1")
        digits = pc.if_else(pc.match_substring_regex(digits, "^-?[0-9]+$"), digits, None)
    # 18 digits always fit into 64 bits.
    numbers = pc.if_else(pc.less_equal(pc.binary_length(digits), 18), digits, None).cast(pa.int64())
    within = pc.and_(pc.greater_equal(numbers, low), pc.less_equal(numbers, high))
    return _cast(text, pc.if_else(within, numbers, None).cast(type))


def truths(text: pa.StringArray) -> Cast:
    """`true` and `false`, in small letters."""
    import pyarrow.compute as pc

    true = pc.equal(text, "true")
    return _cast(text, pc.if_else(pc.or_(true, pc.equal(text, "false")), true, None))


def instants(text: pa.StringArray) -> Cast:
    """ISO 8601 instants with a time zone, to the microsecond, as timestamp[us, UTC]; a local time is no instant."""
    import pyarrow as pa
    import pyarrow.compute as pc

    shaped = pc.if_else(pc.match_substring_regex(text, _INSTANT), text, None)
    possible = pc.is_valid(_days(pc.utf8_slice_codeunits(shaped, 0, 10)))
    return _cast(text, pc.if_else(possible, shaped, None).cast(pa.timestamp("us", tz="UTC")))


def text_lists(text: pa.StringArray) -> Cast:
    """JSON arrays of texts, as list<string>; a null among them makes the whole one bad."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    plain = pc.fill_null(pc.match_substring_regex(text, _PLAIN_LIST), False)
    inner = pc.utf8_slice_codeunits(pc.if_else(plain, text, None), 2, -2)
    values = pc.split_pattern(inner, '", "')
    others = np.flatnonzero(pc.and_(pc.is_valid(text), pc.invert(plain)).to_numpy(zero_copy_only=False))
    if len(others):
        # Few: empty lists, and names with quotes or backslashes in them.
        parsed = [_text_list(value) for value in text.take(others).to_pylist()]
        where = np.arange(len(text))
        where[others] = len(text) + np.arange(len(others))
        values = pa.concat_arrays([values, pa.array(parsed, values.type)]).take(where)
    return _cast(text, values)


def first_days(release_date: pa.StringArray) -> pa.Array:
    """The first day of the period that `2022`, `2022-03` or `2022-03-31` names, as date32; null for anything else."""
    import pyarrow.compute as pc

    length = pc.binary_length(release_date)
    padded = pc.if_else(pc.equal(length, 7), pc.binary_join_element_wise(release_date, "01", "-"), release_date)
    padded = pc.if_else(pc.equal(length, 4), pc.binary_join_element_wise(release_date, "01-01", "-"), padded)
    return _days(padded)


def _days(text: pa.StringArray) -> pa.Array:
    """`YYYY-MM-DD` as date32; null where it is anything else or no day of the calendar (years from 1)."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    shaped = pc.fill_null(pc.match_substring_regex(text, _DAY), False)
    safe = pc.if_else(shaped, text, "0000-00-00")
    year, month, day = (
        pc.utf8_slice_codeunits(safe, start, stop).cast(pa.int64()).to_numpy()
        for start, stop in ((0, 4), (5, 7), (8, 10))
    )
    months = (year * 12 + month - 1 - 1970 * 12).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + (day - 1)
    # A day that is not in its month has run over into the next.
    possible = (year >= 1) & (month >= 1) & (month <= 12) & (day >= 1) & (days.astype("datetime64[M]") == months)
    return pa.array(days.astype(np.int64).astype(np.int32), pa.int32(), mask=~possible).cast(pa.date32())


def _text_list(text: str) -> list[str] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        return None
    # JSON can escape half of a surrogate pair, which no UTF-8 can hold.
    return [item.encode("utf-8", "replace").decode() for item in value]


def _cast(text: pa.StringArray, values: pa.Array) -> Cast:
    import pyarrow.compute as pc

    return Cast(values, pc.and_(pc.is_valid(text), pc.is_null(values)))
