"""The raw CSV: its bytes, what is understood, what is refused, and that a broken quote never loses a row silently."""

import io
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyspotify_assets.csv_structure import blocks, first_fault, look_at_quotes, well_formed
from pyspotify_assets.errors import RawFormatError
from pyspotify_assets.raw_csv import open_raw_csv, write_raw_csv
from pyspotify_assets.tables import SNAPSHOT, Column, Table

SMALL = Table(
    "small", "Three columns", tuple(Column(name, "string", "text") for name in ("rank", "name", "artists")), ("rank",)
)
GOLDEN = (
    '"rank","name","artists"\n'
    '"1","Say ""Olá"", twice","[""A"", ""B \\""x\\""""]"\n'
    '"2","",\n'
    '"3"," line one line two ","[]"\n'
    '"true",,"2026-11-22T05:00:00.000007Z"\n'
)
GOLDEN_ROWS = [
    {"rank": 1, "name": 'Say "Olá", twice', "artists": ["A", 'B "x"']},
    {"rank": 2, "name": "", "artists": None},
    {"rank": 3, "name": "\tline one\r\nline two\u2028", "artists": []},
    {"rank": True, "artists": datetime(2026, 11, 22, 2, 0, 0, 7, timezone(timedelta(hours=-3)))},
]

texts = st.one_of(
    st.none(),
    st.text(st.sampled_from('ab", é夜\u202e'), max_size=6),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"]), max_size=5),
)
small_rows = st.lists(st.fixed_dictionaries(dict.fromkeys(SMALL.raw_columns, texts)), max_size=5)


def written(rows, table: Table = SMALL) -> bytes:
    file = io.BytesIO()
    write_raw_csv(rows, file, table)
    return file.getvalue()


def rows_in(content: bytes, table: Table = SMALL, block: int = 1 << 20) -> list[dict]:
    return open_raw_csv(io.BytesIO(content), table, block).read_all().to_pylist()


def refusal(content: bytes, table: Table = SMALL) -> str:
    with pytest.raises(RawFormatError) as caught:
        rows_in(content, table)
    assert caught.value.remedy
    return str(caught.value)


def test_the_bytes_are_these():
    file = io.BytesIO()
    outcome = write_raw_csv(GOLDEN_ROWS, file, SMALL)
    assert file.getvalue().decode() == GOLDEN
    assert (outcome.rows, outcome.replaced) == (4, 1)


def test_half_a_surrogate_pair_is_written_as_a_question_mark():
    assert written([{"name": "a\ud83d"}]).endswith(b'\n,"a?",\n')


def test_control_characters_within_lists_become_spaces_too():
    file = io.BytesIO()
    outcome = write_raw_csv([{"artists": ["A\nB", "C"]}, {"artists": ["D"]}], file, SMALL)
    assert [row["artists"] for row in rows_in(file.getvalue())] == ['["A B", "C"]', '["D"]']
    assert outcome.replaced == 1


def test_null_and_empty_text_stay_apart():
    assert [row["name"] for row in rows_in(GOLDEN.encode())] == [
        'Say "Olá", twice',
        "",
        " line one line two ",
        None,
    ]


@given(small_rows, st.integers(1, 40))
def test_what_is_written_is_read_back_whatever_the_block_size(rows, block):
    assert rows_in(written(rows), block=block) == rows


def test_names_that_look_like_nulls_and_numbers_stay_text():
    names = ["NA", "None", "null", "nan", "007", " padded ", "=1+1", "N/A", "-1.#IND", "true"]
    assert [row["name"] for row in rows_in(written([{"name": name} for name in names]))] == names


def test_a_header_alone_is_a_file_of_no_rows():
    reader = open_raw_csv(io.BytesIO(written([], SNAPSHOT)))
    table = reader.read_all()
    assert table.num_rows == 0
    assert tuple(table.column_names) == SNAPSHOT.raw_columns


@pytest.mark.parametrize(
    "content",
    [
        b'\xef\xbb\xbf"rank","name","artists"\n"1","a","b"\n',
        b'"rank","name","artists"\r\n"1","a","b"\r\n',
        b'"rank","name","artists"\n"1","a","b"',
        b"rank,name,artists\n1,a,b\n",
        b'"artists","rank","name"\n"b","1","a"\n',
    ],
    ids=["byte order mark", "windows line ends", "no last line end", "no quotes", "another order of columns"],
)
def test_harmless_deviations_are_understood(content, tmp_path):
    (tmp_path / "raw.csv").write_bytes(content)
    expected = [{"rank": "1", "name": "a", "artists": "b"}]
    assert rows_in(content) == expected
    assert open_raw_csv(tmp_path / "raw.csv", SMALL).read_all().to_pylist() == expected


HEAD = b'"rank","name","artists"\n'


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "zero bytes"),
        (b"\n", "missing: rank, name, artists"),
        (b'"rank","name"\n', "missing: artists"),
        (b'"rank","name","artists","mood"\n', "unknown: mood"),
        (b'"rank","name","artists","name"\n', "more than once: name"),
        (b'"rank","name,"artists"\n', "line 1"),
        (b'"rank","name","artists\n', "line 1"),
        ("rank,name,artists\n".encode("utf-16"), "line 1: not UTF-8: byte 0xff"),
        (HEAD + b'"1","a","b"\n"2","caf\xe9","b"\n', "line 3: not UTF-8: byte 0xe9 at byte 9 of the line"),
        (HEAD + b'"1","a","b"\n"2","a"\n', "line 3: 2 values where the header has 3 columns"),
        (HEAD + b'"1","a","b","c"\n', "line 2: 4 values where the header has 3 columns"),
        (HEAD + b'"1","a","b"\n\n"2","a","b"\n', "line 3: 1 values"),
        (HEAD + b'"1","a,"b"\n"2","a","b"\n', "line 2: a broken quote"),
        (HEAD + b'"1","a","b\n', "line 2: a broken quote"),
        (HEAD + b'"1","a\n"2",b","c"\n', "line 2: a broken quote"),
        (HEAD + b'"1","The "Best" Song","b"\n', "line 2: a broken quote"),
        (HEAD + b'1,x"a,"b"\n2,a,b\n', "line 2: a broken quote"),
        (HEAD + b'"1","a\rb","b"\n', "line 2: a carriage return"),
        (HEAD + b"1,a\rb,c\n", "line 2: a carriage return"),
    ],
)
def test_what_is_not_the_raw_format_is_refused_with_the_place(content, said, tmp_path):
    assert said in refusal(content)
    (tmp_path / "feed.csv").write_bytes(content)
    with pytest.raises(RawFormatError) as caught:
        open_raw_csv(tmp_path / "feed.csv", SMALL).read_all()
    assert said in str(caught.value)
    assert str(tmp_path / "feed.csv") in str(caught.value)


def test_a_wrong_header_is_refused_before_anything_is_read(tmp_path):
    (tmp_path / "feed.csv").write_bytes(b"a,b\n")
    for raw in (tmp_path / "feed.csv", io.BytesIO(b"a,b\n")):
        with pytest.raises(RawFormatError):
            open_raw_csv(raw, SMALL)


def test_the_line_is_right_in_later_blocks_too():
    content = written([{"rank": n, "name": "x", "artists": "y"} for n in range(1000)]) + b'"1000","a"b","c"\n'
    with pytest.raises(RawFormatError, match="line 1002: a broken quote"):
        rows_in(content, block=512)


def test_a_file_without_line_ends_is_given_up(monkeypatch):
    monkeypatch.setattr("pyspotify_assets.csv_structure.LONGEST_LINE", 1000)
    with pytest.raises(RawFormatError, match="a line of more than 1000 bytes"):
        list(blocks(io.BytesIO(b"x" * 5000), 100))


@settings(max_examples=200)
@given(small_rows.filter(len), st.data(), st.integers(1, 60))
def test_one_quote_too_many_or_too_few_is_always_refused(rows, data, block):
    content = written(rows)
    quotes = [position for position, byte in enumerate(content) if byte == ord('"')]
    if data.draw(st.booleans(), "insert"):
        place = data.draw(st.integers(0, len(content)))
        broken = content[:place] + b'"' + content[place:]
    else:
        place = data.draw(st.sampled_from(quotes))
        broken = content[:place] + content[place + 1 :]
    with pytest.raises(RawFormatError):
        rows_in(broken, block=block)


@settings(max_examples=200)
@given(small_rows, st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=4), st.integers(1, 60))
def test_however_quotes_are_broken_no_row_is_lost_silently(rows, edits, block):
    content = bytearray(written(rows))
    for where, insert in edits:
        place = int(where * len(content))
        if insert:
            content.insert(place, ord('"'))
        elif content[place : place + 1] == b'"':
            del content[place]
    try:
        read = rows_in(bytes(content), block=block)
    except RawFormatError:
        return
    assert len(read) == len(rows)


@settings(max_examples=500)
@given(st.text(st.sampled_from('",\na'), max_size=16))
def test_the_quick_look_at_quotes_agrees_with_the_slow_one(text):
    lines = text.encode().split(b"\n")
    quick = all(look_at_quotes(line) == (None, False) for line in lines)
    faults = [first_fault(line, 1, 0, "x") for line in lines]
    assert quick == all("values where" in str(fault) for fault in faults)


@settings(max_examples=500)
@given(st.text(st.sampled_from('",\n\rax'), max_size=16), st.sampled_from(["", "\n", "\r\n"]))
def test_the_quick_look_at_a_block_agrees_with_the_slow_one_at_its_lines(text, end):
    block = (text + end).encode()
    whole, rest = block[: block.rfind(b"\n") + 1], block[block.rfind(b"\n") + 1 :]
    faults = [first_fault(line + b"\n", 1, 0, "x") for line in whole.split(b"\n")[:-1]]
    # Half of a line end, at the end of a file, is none.
    faults += [] if rest.endswith(b"\r") else [first_fault(rest, 1, 0, "x")]
    assert well_formed(block) == (all("values where" in str(fault) for fault in faults) and not rest.endswith(b"\r"))


def test_what_is_no_utf_8_is_no_matter_of_quotes():
    assert well_formed(b'"\xff\xfe",""\n') and not well_formed(b'"\xff"x\n')


def test_the_reader_streams(tmp_path: Path):
    path = tmp_path / "raw.csv"
    path.write_bytes(written([{"rank": n, "name": "x" * 50} for n in range(2000)]))
    sizes = [batch.num_rows for batch in open_raw_csv(path, SMALL, block=4096)]
    assert sum(sizes) == 2000
    assert max(sizes) < 100


def test_equal_rows_give_equal_bytes():
    rows = [{"rank": n, "snapshot_at": datetime(2026, 11, 22, tzinfo=UTC)} for n in range(3)]
    assert written(rows, SNAPSHOT) == written(list(rows), SNAPSHOT)
