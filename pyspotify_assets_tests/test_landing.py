"""Landing: which files are recognised, how they become raw rows, and where in the lake they land."""

import csv
import io
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyspotify_assets.errors import LakeError, RawFormatError
from pyspotify_assets.landing import PYSPOTIFY_2023, RAW, landing_key, parse_landing_key, recognise, rows_of
from pyspotify_assets.raw_csv import open_raw_csv, write_raw_csv
from pyspotify_assets.refine import refine
from pyspotify_assets.tables import SNAPSHOT

NOON = datetime(2023, 7, 8, 12, tzinfo=UTC)
OLD_HEADER = ",artist,track,track_pop,duration_ms,album_nm,album_dt\n"


def file_with(tmp_path: Path, content: str | bytes, name: str = "old.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def rows_in(path: Path) -> list[dict]:
    return list(rows_of(path, recognise(path), NOON))


def refusal(path: Path) -> str:
    with pytest.raises(RawFormatError) as caught:
        rows_in(path)
    assert path.name in str(caught.value)
    assert caught.value.remedy
    return str(caught.value)


def test_a_row_of_the_first_pyspotify_becomes_a_raw_row(tmp_path):
    path = file_with(tmp_path, OLD_HEADER + '25004,"Duo, The","Say ""Olá""",99,174253,Álbum,2023-02-24\n')
    assert recognise(path) == PYSPOTIFY_2023
    assert rows_in(path) == [
        {
            "rank": 1,
            "track_name": 'Say "Olá"',
            "artist_name": "Duo, The",
            "artist_names": ["Duo, The"],
            "popularity": "99",
            "duration_ms": "174253",
            "album_name": "Álbum",
            "release_date": "2023-02-24",
            "release_date_precision": "day",
            "snapshot_at": NOON,
            "source": "import:old.csv",
        }
    ]


def test_the_source_can_name_the_file_that_was_copied(tmp_path):
    path = file_with(tmp_path, OLD_HEADER + "1,a,b,1,2,c,2023\n")
    assert next(rows_of(path, PYSPOTIFY_2023, NOON, "July 2023.csv"))["source"] == "import:July 2023.csv"


@pytest.mark.parametrize(
    "header",
    [
        "artist,track,track_pop,duration_ms,album_nm",
        ",artist,track,track_pop,duration_ms,album_name",
        "Unnamed: 0,artist,track,track_pop,duration_ms,album_nm,album_dt",
        "album_dt,album_name,duration_ms,track_pop,track,artist",
        '\ufeff"artist","track","track_pop","duration_ms","album_nm"\r',
    ],
)
def test_the_first_pyspotifys_header_has_several_forms(tmp_path, header):
    assert recognise(file_with(tmp_path, header + "\n")) == PYSPOTIFY_2023


def test_the_raw_header_is_recognised(tmp_path):
    assert recognise(file_with(tmp_path, ",".join(SNAPSHOT.raw_columns))) == RAW


@pytest.mark.parametrize(
    ("date", "precision"),
    [("2022", "year"), ("2022-03", "month"), ("2022-03-31", "day"), ("0000", "year"), ("soon", None), ("", None)],
)
def test_the_precision_of_a_date_is_its_form(tmp_path, date, precision):
    [row] = rows_in(file_with(tmp_path, OLD_HEADER + f"1,a,b,1,2,c,{date}\n"))
    assert (row["release_date"], row["release_date_precision"]) == (date or None, precision)


def test_empty_fields_are_null_but_a_title_may_be_empty(tmp_path):
    [row] = rows_in(file_with(tmp_path, OLD_HEADER + "1,,,,,,\n"))
    assert row["track_name"] == ""
    empty = ("artist_name", "artist_names", "popularity", "duration_ms", "album_name", "release_date")
    assert [row[name] for name in empty] == [None] * len(empty)


def test_ranks_are_positions_whatever_the_index_says_and_empty_lines_do_not_count(tmp_path):
    content = OLD_HEADER + "".join(f"{index},a,{index},1,2,c,2023\n\n" for index in (9, 3, 5))
    assert [(row["rank"], row["track_name"]) for row in rows_in(file_with(tmp_path, content))] == [
        (1, "9"),
        (2, "3"),
        (3, "5"),
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "zero bytes"),
        (b"a;b;c\n1;2;3\n", "unknown: 'a;b;c'"),
        (b"artist,track,duration_ms,album_nm\n", "as pyspotify-2023 it has missing: track_pop"),
        (b"artist,track,track_pop,duration_ms,album_nm,mood\n", "as pyspotify-2023 it has unknown: mood"),
        (",".join(SNAPSHOT.raw_columns[1:]).encode(), "as raw it has missing: rank"),
        (b"artist,track,track_pop,duration_ms,album_nm,artist\n", "more than once: artist"),
        (OLD_HEADER.encode("utf-16"), "line 1: not UTF-8"),
        (OLD_HEADER.encode() + b"1,a,b,1,2,c,2023\n2,caf\xe9,b,1,2,c,2023\n", "line 3: not UTF-8: byte 0xe9"),
        (OLD_HEADER.encode() + b"1,a,b,1,2,c\n", "line 2: 6 values where the header has 7 columns"),
        (OLD_HEADER.encode() + b"1,a,b,1,2,c,2023,x\n", "line 2: 8 values"),
        (OLD_HEADER.encode() + b'1,a,b,1,2,c,2023\n1,"a,b,1,2,c,2023\n', "never closed"),
        (OLD_HEADER.encode() + b'1,a,b "c" d,1,2,c,2023\n', "line 2: a broken quote"),
        (OLD_HEADER.encode() + b'1,"a"b,b,1,2,c,2023\n', "line 2: a broken quote"),
        (OLD_HEADER.encode() + b"1,a\rb,b,1,2,c,2023\n", "line 2"),
        (",".join(SNAPSHOT.raw_columns).encode() + b'\n"1","x\n', "line 2: a broken quote"),
    ],
)
def test_anything_else_is_refused_with_what_is_wrong(tmp_path, content, said):
    assert said in refusal(file_with(tmp_path, content))


def test_the_refusal_of_a_header_lists_the_columns_of_both_formats(tmp_path):
    with pytest.raises(RawFormatError) as caught:
        recognise(file_with(tmp_path, "title,plays\n"))
    assert all(name in caught.value.remedy for name in (*SNAPSHOT.raw_columns, "track_pop", "album_nm", "album_dt"))


texts = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=8)


@given(st.lists(st.tuples(texts, texts, texts), max_size=6))
def test_names_arrive_whatever_is_in_them(tmp_path_factory, names):
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(OLD_HEADER.strip().split(","))
    writer.writerows([n, artist, track, 50, 1000, album, "2023"] for n, (artist, track, album) in enumerate(names))
    rows = rows_in(file_with(tmp_path_factory.mktemp("old"), file.getvalue()))
    assert [(row["artist_name"], row["track_name"], row["album_name"]) for row in rows] == [
        (artist or None, track, album or None) for artist, track, album in names
    ]


@given(st.integers(0, 200), st.booleans())
def test_one_quote_too_many_or_too_few_is_always_refused(tmp_path_factory, place, insert):
    whole = OLD_HEADER + '1,"A, B",t,1,2,"c ""d""",2023\n2,x,"y\nz",1,2,"",2023\n3,"p",q,1,2,"r, s",2023\n'
    quotes = [position for position, character in enumerate(whole) if character == '"']
    place = place % (len(whole) + 1) if insert else quotes[place % len(quotes)]
    broken = whole[:place] + '"' + whole[place:] if insert else whole[:place] + whole[place + 1 :]
    assert len(rows_in(file_with(tmp_path_factory.mktemp("old"), whole))) == 3
    refusal(file_with(tmp_path_factory.mktemp("old"), broken))


def test_the_raw_format_passes_as_it_is(tmp_path):
    row = {"rank": "7", "track_name": "", "artist_names": '["A"]', "snapshot_at": "2022-01-01T00:00:00Z", "source": "x"}
    path = tmp_path / "lambda.csv"
    with open(path, "wb") as file:
        write_raw_csv([row, {**row, "track_name": None}], file)
    again = tmp_path / "again.csv"
    with open(again, "wb") as file:
        write_raw_csv(rows_of(path, recognise(path), NOON), file)
    assert again.read_bytes() == path.read_bytes()


def test_a_landing_key_says_feed_day_and_name():
    assert landing_key("top_played", "2023-07-08", "old.csv") == "top_played/2023-07-08/old.csv"
    assert parse_landing_key("top_played/2023-07-08/July 2023 (1).CSV") == (
        "top_played",
        "2023-07-08",
        "July 2023 (1).CSV",
    )


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "..\\..\\x.csv", "a\nb.csv", "", ".csv", "..", "x" * 300, "夜" * 200, ".hidden", "a:b*?"],
)
def test_any_name_gets_a_safe_place(name):
    key = landing_key("feed", "2023-07-08", name)
    assert parse_landing_key(key) == ("feed", "2023-07-08", key.split("/")[2])
    assert len(key.split("/")[2].encode()) <= 255


@given(st.text(max_size=80), st.text(max_size=80))
def test_two_names_never_fall_together(one, other):
    bases = [name.replace("\\", "/").split("/")[-1] for name in (one, other)]
    stems = [base[:-4] if base.lower().endswith(".csv") else base for base in bases]
    same = landing_key("feed", "2023-07-08", one) == landing_key("feed", "2023-07-08", other)
    assert same <= (stems[0] == stems[1])


@pytest.mark.parametrize(("feed", "day"), [("Feed", "2023-07-08"), ("../x", "2023-07-08"), ("feed", "2023-02-30")])
def test_a_wrong_feed_or_day_has_no_place(feed, day):
    with pytest.raises(LakeError):
        landing_key(feed, day, "a.csv")


@pytest.mark.parametrize(
    "key",
    [
        "feed/2023-07-08/a.txt",
        "feed/2023-13-08/a.csv",
        "feed/2023-07-08/deeper/a.csv",
        "feed/a.csv",
        "a.csv",
        "../2023-07-08/a.csv",
        "feed/2023-07-08/a\n.csv",
        "feed/2023-07-08/.a.csv",
        "feed/2023-07-08/" + "x" * 252 + ".csv",
        "FEED/2023-07-08/a.csv",
        "feed/٢٠٢٣-07-08/a.csv",
    ],
)
def test_other_keys_are_no_landing_keys(key):
    assert parse_landing_key(key) is None


@pytest.mark.skipif(
    not os.environ.get("PYSPOTIFY_TEST_2023_DATA"),
    reason="PYSPOTIFY_TEST_2023_DATA does not name the folder with the first PySpotify's files of July 2023",
)
@pytest.mark.parametrize(("name", "rows"), [("SpotifyDataframe.csv", 1045), ("SpotifyTopPlayedQuery.csv", 546)])
def test_the_files_of_2023_arrive_whole(tmp_path, name, rows):
    path = Path(os.environ["PYSPOTIFY_TEST_2023_DATA"], name)
    raw = tmp_path / "raw.csv"
    with open(raw, "wb") as file:
        assert write_raw_csv(rows_of(path, recognise(path), NOON), file).rows == rows
    outcome = refine(raw, tmp_path / "refined.parquet", tmp_path / "quarantine.csv")
    assert (outcome.raw_rows, outcome.rows, outcome.duplicates, outcome.quarantined) == (rows, rows, 0, 0)
    with open(path, encoding="utf-8", newline="") as file:
        old = list(csv.DictReader(file))
    new = open_raw_csv(raw).read_all().to_pylist()
    assert [(row["artist"], row["track"], row["track_pop"]) for row in old] == [
        (row["artist_name"], row["track_name"], row["popularity"]) for row in new
    ]
