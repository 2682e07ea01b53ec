"""The best-ranked row of each track from rows that come in pieces: the same as from all at once, in whatever order."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from itertools import count

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from pyspotify_assets import refine, row_groups
from pyspotify_assets.ahead import ahead
from pyspotify_assets.best_ranks import BestRanked, Seen
from pyspotify_assets.errors import RawFormatError
from pyspotify_assets.raw_csv import map_raw_csv, write_raw_csv
from pyspotify_assets.track_numbers import KEY, hashed, numbered
from pyspotify_assets_tests.test_refine import ROW, Result

Track = tuple[int, str | None, str, str | None, str | None]
IDS = ["0A" * 11, "0B" * 11, "é" * 11]
"""As long as Spotify's own."""
COLUMNS = ("rank", *KEY)
rows = st.lists(
    st.tuples(
        st.integers(1, 30),
        st.sampled_from([*IDS, "a", "b", "é", "", None]),
        st.sampled_from(["a", "b"]),
        st.sampled_from(["a", None]),
        st.sampled_from(["a", "", None]),
    ),
    max_size=40,
)


def table(tracks: list[Track]) -> pa.Table:
    columns = list(zip(*tracks, strict=True)) or [()] * len(COLUMNS)
    types = [pa.int32(), *[pa.string()] * len(KEY)]
    return pa.table({name: pa.array(values, type) for name, values, type in zip(COLUMNS, columns, types, strict=True)})


def in_memory(tracks: list[Track]) -> list[Track]:
    """The rule in plain words: by rank, of equal ranks the first; of each track the first of them."""
    best: dict[object, Track] = {}
    for rank, track_id, *names in sorted(tracks, key=lambda track: track[0]):
        best.setdefault(track_id if track_id is not None else tuple(names), (rank, track_id, *names))
    return list(best.values())


def tracks_of(kept: list[pa.Table]) -> list[Track]:
    return [tuple(row.values()) for piece in kept for row in piece.to_pylist()]


def pieces(tracks: list[Track], size: int) -> Iterator[pa.Table]:
    yield from (table(tracks[start : start + size]) for start in range(0, len(tracks), size))


@given(rows, st.integers(1, 9), st.sampled_from([hashed, numbered]))
def test_in_pieces_by_rank_the_same_rows_stay_as_in_memory(tracks, size, numbers):
    tracks = sorted(tracks, key=lambda track: track[0])
    best = BestRanked(numbers() if numbers is numbered else numbers)
    kept = [best.keep(piece) for piece in pieces(tracks, size)]
    assert tracks_of(kept) == in_memory(tracks)
    assert best.in_order
    assert best.was_right(columns_of(kept))


@given(st.lists(st.text("0aZ", min_size=22, max_size=22), unique=True), st.integers(0, 3))
def test_ids_of_spotify_have_numbers_of_their_own_wherever_they_stand(ids, skipped):
    several = table([(rank, track, "t", None, None) for rank, track in enumerate([None, "short", *ids], 1)])
    together = hashed(several.slice(skipped))
    assert len(set(together.tolist())) == len(together)
    alone = [hashed(several.slice(place, 1))[0] for place in range(skipped, several.num_rows)]
    assert together.tolist() == alone


def all_alike(rows):
    """Numbers that all tracks share."""
    return np.full(rows.num_rows, 7)


def columns_of(kept):
    """What `was_right` reads what stayed with."""
    return lambda columns: [part.select(columns) for part in kept]


@given(rows, st.integers(1, 9))
def test_out_of_order_nothing_is_lost_that_should_stay_and_it_is_told(tracks, size):
    best = BestRanked()
    kept = tracks_of([best.keep(piece) for piece in pieces(tracks, size)])
    assert set(in_memory(tracks)) <= set(kept)
    if best.in_order:
        assert kept == in_memory(tracks)


def test_numbers_that_two_tracks_share_are_noticed():
    best = BestRanked(all_alike)
    kept = [best.keep(table([(1, "a", "t", None, None), (2, "b", "t", None, None)]))]
    assert [row[1] for row in tracks_of(kept)] == ["a"]
    assert not best.was_right(columns_of(kept))


def test_a_row_without_an_id_that_was_wrongly_left_out_is_noticed_too():
    best = BestRanked(all_alike)
    kept = [best.keep(table([(1, None, "t", None, None), (2, None, "u", None, None)]))]
    assert not best.was_right(columns_of(kept))


@given(st.lists(st.lists(st.integers(0, 60), max_size=30), max_size=12))
def test_what_has_been_is_known_in_whichever_piece_it_came(batches):
    seen, known = Seen(), set()
    for batch in batches:
        expected = []
        for place, number in enumerate(batch):
            if number not in known:
                known.add(number)
                expected.append(place)
        assert seen.first_rows(np.array(batch, np.int64)).tolist() == expected


def test_there_are_few_runs_to_look_into():
    seen = Seen()
    for start in range(0, 3_000, 3):
        seen.first_rows(np.arange(start, start + 3))
    assert len(seen._runs) <= 12


@pytest.fixture(params=["tracks", "numbers"])
def small_pieces(monkeypatch, request):
    """Blocks, row groups and what is sorted at once so small that a few hundred rows have many of them.

    `numbers`: and the file so large that of its tracks only numbers are remembered.
    """
    if request.param == "numbers":
        monkeypatch.setattr(refine, "REMEMBERED", 0)
    monkeypatch.setattr(refine, "map_raw_csv", partial(map_raw_csv, block=700))
    monkeypatch.setattr(refine, "of_size", partial(row_groups.of_size, rows=16))
    monkeypatch.setattr(row_groups, "ROW_GROUP", 16)
    monkeypatch.setattr(row_groups, "SORTED_AT_ONCE", 24)


def raw(tracks: list[Track]) -> list[dict[str, object]]:
    return [{**ROW, **dict(zip(COLUMNS, track, strict=True))} for track in tracks]


def test_a_file_of_many_row_groups_is_refined_as_one_of_one(tmp_path, small_pieces):
    tracks = [(rank, f"t{rank * 7 % 90}", "t", None, None) for rank in range(1, 201)]
    result = Result(tmp_path, raw(tracks))
    assert [(row["rank"], row["track_id"]) for row in result.rows] == [track[:2] for track in in_memory(tracks)]
    metadata = parquet.read_metadata(result.refined)
    assert [metadata.row_group(number).num_rows for number in range(metadata.num_row_groups)] == [16] * 5 + [10]
    assert result.outcome.duplicates == 110


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.randoms(use_true_random=False))
def test_a_file_in_no_order_is_refined_as_if_it_were_in_order(tmp_path, small_pieces, random):
    tracks = [
        (1 + rank // 3, f"t{random.randrange(80)}" if rank % 5 else None, "t", None, str(rank % 20))
        for rank in range(150)
    ]
    random.shuffle(tracks)
    result = Result(tmp_path, raw(tracks))
    found = [
        (row["rank"], row["track_id"], row["track_name"], row["artist_name"], row["album_name"]) for row in result.rows
    ]
    assert found == in_memory(tracks)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["raw.csv", "refined.parquet"]


@pytest.mark.parametrize("opened", [False, True], ids=["path", "open file"])
def test_tracks_with_the_same_number_are_told_apart_in_the_end(tmp_path, monkeypatch, small_pieces, opened):
    monkeypatch.setattr(refine, "hashed", all_alike)
    path = tmp_path / "raw.csv"
    with open(path, "wb") as file:
        write_raw_csv(
            [*raw([(rank, f"t{rank % 60}", "t", None, None) for rank in range(1, 101)]), {**ROW, "rank": "x"}], file
        )
    with open(path, "rb") as file:
        outcome = refine.refine(file if opened else path, tmp_path / "refined.parquet", tmp_path / "quarantine.csv")
    assert (outcome.rows, outcome.duplicates, outcome.quarantined) == (60, 40, 1)
    assert len((tmp_path / "quarantine.csv").read_text().splitlines()) == 2


def test_a_file_that_breaks_off_leaves_what_was_there(tmp_path, small_pieces):
    path, refined, quarantine = tmp_path / "raw.csv", tmp_path / "refined.parquet", tmp_path / "quarantine.csv"
    with open(path, "wb") as file:
        write_raw_csv(
            raw([(rank, f"t{rank}", "t", None, None) for rank in range(1, 101)]) + [{**ROW, "rank": "x"}] * 9, file
        )
        file.write(b'"101","broken\n')
    refined.write_bytes(b"of before")
    quarantine.write_bytes(b"of before")
    with pytest.raises(RawFormatError, match="line 111"):
        refine.refine(path, refined, quarantine)
    assert refined.read_bytes() == quarantine.read_bytes() == b"of before"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["quarantine.csv", "raw.csv", "refined.parquet"]


def test_work_ahead_keeps_the_order_and_is_bounded():
    begun, asked = [], count()

    def work(piece: int) -> int:
        begun.append(piece)
        return piece * piece

    for number, square in zip(count(), ahead(work, range(50), threads=2, waiting=3), strict=False):
        assert square == number * number
        assert len(begun) <= next(asked) + 1 + 3
    assert sorted(begun) == list(range(50))


def test_work_is_done_by_other_threads_if_the_first_piece_is_worth_it():
    def threads(pieces: range) -> set[threading.Thread]:
        return set(ahead(lambda piece: threading.current_thread(), pieces, worth=lambda first: first > 0))

    assert threads(range(3)) == {threading.current_thread()}
    assert threading.current_thread() not in threads(range(1, 3))
    assert threads(range(0)) == set()


@pytest.mark.parametrize("pieces_before", [0, 1, 2, 7])
def test_what_fails_ahead_fails_after_the_results_before_it(pieces_before):
    def source() -> Iterator[int]:
        yield from range(pieces_before)
        raise ValueError("the source ends here")

    found = []
    with pytest.raises(ValueError, match="ends here"):
        for piece in ahead(lambda piece: piece, source()):
            found.append(piece)
    assert found == list(range(pieces_before))


def test_a_day_is_refined_without_pandas(tmp_path):
    with open(tmp_path / "raw.csv", "wb") as file:
        write_raw_csv([ROW | {"artist_names": '["Ana"]'}, ROW | {"popularity": "101"}, ROW | {"track_id": None}], file)
    code = (
        "import sys, json; from pathlib import Path; from pyspotify_assets.refine import refine;"
        "folder = Path(sys.argv[1]);"
        "found = refine(folder / 'raw.csv', folder / 'r.parquet', folder / 'q.csv');"
        "print(json.dumps([found.rows, found.quarantined, 'pandas' in sys.modules]))"
    )
    said = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True)  # noqa: S603
    assert json.loads(said.stdout) == [2, 1, False]
