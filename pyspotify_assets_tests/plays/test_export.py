"""The ZIP: which files of it are read, and how everything that is no export, or a hostile one, is refused by name."""

from __future__ import annotations

import io
import json
import struct
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyspotify_assets.errors import ExportError
from pyspotify_assets.plays import export, json_array
from pyspotify_assets.plays.json_array import elements

from .exports import AUDIO, FOLDER, packed, play


def records(path: Path) -> list[object]:
    with export.opened(path) as opened:
        return [record for file in opened.files for record in opened.records(file)]


def refusal(path: Path) -> str:
    with pytest.raises(ExportError) as caught:
        records(path)
    assert path.name in str(caught.value)
    assert caught.value.remedy
    return str(caught.value)


class TestFiles:
    def test_audio_and_video_are_read_in_order_of_their_names_and_nothing_else(self, tmp_path):
        path = packed(
            tmp_path / "my_spotify_data.zip",
            {
                f"{FOLDER}/Streaming_History_Video_2020.json": ["video"],
                f"{FOLDER}/Streaming_History_Audio_2021_1.json": ["second"],
                f"{FOLDER}/Streaming_History_Audio_2020_0.json": ["first"],
                f"{FOLDER}/Playlist1.json": ["nothing"],
                "__MACOSX/Streaming_History_Audio_2020_0.json": b"\0\5",
                f"{FOLDER}/._Streaming_History_Audio_2020_0.json": b"\0\5",
            },
        )
        assert records(path) == ["first", "second", "video"]

    @pytest.mark.parametrize(
        "name", ["Streaming_History_Audio_2019.json", "MyData/endsong_0.json", "a/b/ENDSONG_1.JSON"]
    )
    def test_any_folder_and_the_names_of_older_exports_will_do(self, tmp_path, name):
        assert records(packed(tmp_path / "x.zip", {name: [1]})) == [1]

    def test_an_export_of_nobody_has_no_record_and_is_one_all_the_same(self, tmp_path):
        assert records(packed(tmp_path / "x.zip", {AUDIO: []})) == []


class TestRefusals:
    def test_what_is_no_zip(self, tmp_path):
        path = tmp_path / "x.zip"
        path.write_text("ts,ms_played\n")
        assert "is no ZIP" in refusal(path)

    def test_a_zip_that_was_cut_off(self, tmp_path):
        path = packed(tmp_path / "x.zip", {AUDIO: [play()] * 100})
        path.write_bytes(path.read_bytes()[:-30])
        assert "is no ZIP" in refusal(path)

    def test_a_zip_without_a_history(self, tmp_path):
        assert "holds no listening history" in refusal(packed(tmp_path / "x.zip", {"Playlist1.json": []}))

    def test_the_export_of_the_last_year_only_with_what_to_ask_for_instead(self, tmp_path):
        found = refusal(packed(tmp_path / "x.zip", {"MyData/StreamingHistory_music_0.json": []}))
        assert "Account data" in found
        assert "Extended streaming history" in found

    @pytest.mark.parametrize(
        "name", [f"../{AUDIO}", f"a/../../{AUDIO}", f"/etc/{AUDIO}", f"C:\\{AUDIO}", f"..\\{AUDIO}"]
    )
    def test_a_file_that_names_a_place_outside(self, tmp_path, name):
        assert "outside" in refusal(packed(tmp_path / "x.zip", {name: [play()]}))

    def test_a_file_that_is_there_twice(self, tmp_path):
        path = packed(tmp_path / "x.zip", {AUDIO: [play()]})
        with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr(AUDIO, "[]")
        assert "twice" in refusal(path)

    def test_an_encrypted_file(self, tmp_path):
        path = packed(tmp_path / "x.zip", {AUDIO: [play()]})
        content = bytearray(path.read_bytes())
        for signature, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
            place = -1
            while (place := content.find(signature, place + 1)) >= 0:
                content[place + flags] |= 1
        path.write_bytes(content)
        assert "encrypted" in refusal(path)

    def test_a_way_of_packing_that_nobody_knows(self, tmp_path):
        path = packed(tmp_path / "x.zip", {AUDIO: [play()]})
        content = bytearray(path.read_bytes())
        for signature, method in ((b"PK\3\4", 8), (b"PK\1\2", 10)):
            place = -1
            while (place := content.find(signature, place + 1)) >= 0:
                content[place + method : place + method + 2] = struct.pack("<H", 77)
        path.write_bytes(content)
        assert "cannot be unpacked" in refusal(path)

    def test_content_that_has_changed_since_it_was_packed(self, tmp_path):
        path = tmp_path / "x.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr(AUDIO, json.dumps([play()]))
        path.write_bytes(path.read_bytes().replace(b"Song A", b"Song B"))
        assert "cannot be unpacked" in refusal(path)

    def test_a_bomb_by_what_it_says_of_itself(self, tmp_path, monkeypatch):
        monkeypatch.setattr(export, "LARGEST", 1 << 20)
        assert "bytes of history unpacked, of at most 1,048,576" in refusal(
            packed(tmp_path / "x.zip", {AUDIO: b" " * ((1 << 20) + 1)})
        )

    def test_more_files_than_any_export_has(self, tmp_path, monkeypatch):
        monkeypatch.setattr(export, "MOST_FILES", 3)
        assert "4 files" in refusal(packed(tmp_path / "x.zip", {f"{n}.txt": "" for n in range(3)}))

    @pytest.mark.parametrize("content", [b" " * 50_000_000, b'[{"ts": "' + b"x" * 50_000_000, b"[" * 50_000_000])
    def test_a_bomb_that_is_no_history_takes_no_memory(self, tmp_path, content):
        path = packed(tmp_path / "x.zip", {AUDIO: content})
        del content
        tracemalloc.start()
        try:
            refusal(path)
            assert tracemalloc.get_traced_memory()[1] < 20_000_000
        finally:
            tracemalloc.stop()

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b"", "no JSON array"),
            (b"null", "no JSON array"),
            (b'{"a": 1}', "no JSON array"),
            (b"[1, 2", "record 2: the file ends there"),
            (b"[1, 2,", "record 3: Expecting value"),
            (b"[1, 2,]", "record 3: Expecting value"),
            (b"[,1]", "record 1: Expecting value"),
            (b"[1 2]", "record 1: no comma"),
            (b"[1] [2]", "record 1: something follows"),
            (b'[{"a": "b}]', "record 1: Unterminated string"),
            (b'[1, {"a": "caf\xe9"}]', "not UTF-8: byte 0xe9"),
            (b'[{"a": "caf\xc3', "not UTF-8: byte 0xc3"),
            (b'["a\nb"]', "record 1: Invalid control character"),
            (b"[" + b"9" * 5000 + b"]", "record 1: Exceeds the limit"),
            (b"[" * 100_000, "record 1: nested too deeply"),
            (b'[1, "' + b"x" * 20_000 + b'"]', "record 2: longer than any play"),
        ],
    )
    def test_json_that_is_broken_with_the_place(self, tmp_path, content, said):
        assert said in refusal(packed(tmp_path / "x.zip", {AUDIO: content}))


any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(), inside, max_size=3),
    max_leaves=8,
)


@given(st.lists(any_json), st.sampled_from([None, 2]), st.booleans(), st.booleans(), st.integers(1, 40))
def test_any_array_comes_out_as_it_is_however_it_is_written_and_cut(values, indent, ascii, mark, block):
    text = json.dumps(values, indent=indent, ensure_ascii=ascii).encode(
        "utf-8", "surrogatepass" if ascii else "replace"
    )
    expected = json.loads(text)
    before = json_array._BLOCK
    json_array._BLOCK = block
    try:
        assert list(elements(io.BytesIO((b"\xef\xbb\xbf" if mark else b"") + text), "x")) == expected
    finally:
        json_array._BLOCK = before
