"""From the text of the raw CSV to the types of the refined tables, one column at a time, vectorised.

Each function takes an Arrow array of strings and gives a `Cast`: the values, null where the text is null or means
nothing, and which rows were text that means nothing. Which column is cast how, and what becomes of the rows, is
`refine.py`'s affair.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from pyspotify_assets import literals

if TYPE_CHECKING:
    import pyarrow as pa

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


def whole_numbers(text: pa.StringArray, type: pa.DataType, low: int, high: int) -> Cast:
    """Decimal whole numbers from `low` to `high`, both included; `33920.0` is 33920, since JSON knows no difference."""
    import pyarrow as pa
    import pyarrow.compute as pc

    digits = text
    # Both regular expressions leave plain digits as they are; nearly always there is nothing else.
    if not _all(pc.ascii_is_decimal(text)):
        digits = pc.replace_substring_regex(text, r"^(-?[0-9]+)\.0*$", r"\1")
        digits = pc.if_else(pc.match_substring_regex(digits, "^-?[0-9]+$"), digits, literals.no(pa.string()))
    # 18 digits always fit into 64 bits.
    short = pc.less_equal(pc.binary_length(digits), literals.whole(18))
    if not _all(short):
        digits = pc.if_else(short, digits, literals.no(pa.string()))
    numbers = digits.cast(pa.int64())
    within = pc.and_(pc.greater_equal(numbers, literals.whole(low)), pc.less_equal(numbers, literals.whole(high)))
    if not _all(within):
        numbers = pc.if_else(within, numbers, literals.no(pa.int64()))
    return _cast(text, numbers.cast(type))


def truths(text: pa.StringArray) -> Cast:
    """`true` and `false`, in small letters."""
    import pyarrow.compute as pc

    true = pc.equal(text, literals.text("true"))
    known = pc.or_(true, pc.equal(text, literals.text("false")))
    return _cast(text, true if _all(known) else pc.if_else(known, true, literals.no(true.type)))


def instants(text: pa.StringArray) -> Cast:
    """ISO 8601 instants with a time zone, to the microsecond, as timestamp[us, UTC]; a local time is no instant."""
    import pyarrow as pa
    import pyarrow.compute as pc

    type = pa.timestamp("us", tz="UTC")
    if _all_plain_instants(text):
        try:
            return _cast(text, text.cast(type))
        except pa.ArrowInvalid:  # One of them is none; which, is seen below.
            pass
    nothing = literals.no(pa.string())
    shaped = pc.if_else(pc.match_substring_regex(text, _INSTANT), text, nothing)
    possible = pc.is_valid(first_days(pc.utf8_slice_codeunits(shaped, 0, 10)))
    return _cast(text, pc.if_else(possible, shaped, nothing).cast(type))


def _all_plain_instants(text: pa.StringArray) -> bool:
    """Whether all end with Z and have seconds, or microseconds too, if they are instants at all; of years as above.

    Then Arrow's own cast, which understands more and is far quicker, understands the same.
    """
    import pyarrow.compute as pc

    length = pc.binary_length(text)
    return (
        _all(pc.ends_with(text, "Z"))
        and _all(pc.or_(pc.equal(length, literals.whole(20)), pc.equal(length, literals.whole(27))))
        and _all(pc.or_(pc.starts_with(text, "1"), pc.starts_with(text, "2")))
    )


def text_lists(text: pa.StringArray) -> Cast:
    """JSON arrays of texts, as list<string>; a null among them makes the whole one bad."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    plain = pc.match_substring_regex(text, _PLAIN_LIST)
    all_plain = _all(plain)
    inner = pc.utf8_slice_codeunits(text if all_plain else pc.if_else(plain, text, literals.no(pa.string())), 2, -2)
    values = pc.split_pattern(inner, '", "')
    if not all_plain:
        # Few: empty lists, and names with quotes or backslashes in them.
        others = pc.indices_nonzero(pc.invert(plain))
        parsed = [_text_list(value) for value in text.take(others).to_pylist()]
        where = np.arange(len(text))
        where[literals.to_numpy(others)] = len(text) + np.arange(len(others))
        values = pa.concat_arrays([values, literals.text_lists(parsed)]).take(literals.from_numpy(where))
    return _cast(text, values)


def first_days(release_date: pa.StringArray) -> pa.Array:
    """The first day of the period that `2022`, `2022-03` or `2022-03-31` names, as date32; null for anything else.

    Years are 1 to 9999. Arrow's own cast gives up at the first text that is no day, its `strptime` takes 30 February.
    """
    import numpy as np
    import pyarrow as pa

    _, offsets, text = release_date.buffers()
    ends = np.frombuffer(offsets, np.int32, len(release_date) + 1, 4 * release_date.offset)
    lengths = np.diff(ends)
    # A row per place in the text: numpy is quick along the longer side. Behind a short text the next one begins.
    places = ends[:-1] + np.arange(10, dtype=np.int32)[:, None]
    letters = np.frombuffer(text or b" ", np.uint8).take(places, mode="clip")
    for short, end in ((4, b"-01-01"), (7, b"-01")):
        letters[short:, lengths == short] = np.frombuffer(end, np.uint8)[:, None]
    # Below 0 wraps around to far above 9.
    digits = letters[[0, 1, 2, 3, 5, 6, 8, 9]] - np.uint8(ord("0"))
    tens = 10 * digits[0::2].astype(np.int32) + digits[1::2]
    year, month, day = 100 * tens[0] + tens[1], tens[2], tens[3]
    possible = np.isin(lengths, (4, 7, 10)) & (digits <= 9).all(axis=0) & (letters[[4, 7]] == ord("-")).all(axis=0)
    possible &= (year >= 1) & (month >= 1) & (month <= 12) & (day >= 1)
    if release_date.null_count:
        possible &= literals.to_numpy(release_date.is_valid())
    months = np.where(possible, (year - 1970) * 12 + month - 1, 0)
    first, last = months.min(initial=0), months.max(initial=0)
    starts = np.arange(first, last + 2).astype("datetime64[M]").astype("datetime64[D]").astype(np.int32)
    days = starts[months - first] + day - 1
    return literals.from_numpy(days, possible & (days < starts[months - first + 1])).cast(pa.date32())


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

    if values.null_count == text.null_count:
        return Cast(values, literals.false(len(text)))
    return Cast(values, pc.and_(pc.is_valid(text), pc.is_null(values)))


def _all(truths: pa.BooleanArray) -> bool:
    """Whether none is false; null is nothing said."""
    return truths.true_count + truths.null_count == len(truths)
