"""Every parser of outside data as one function of bytes, with sound documents that it takes.

A reader may keep what it builds first (a lake with a catalog, a server) in the folder that it is given, which is its
own for a whole series of inputs.
"""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

from pyspotify_assets.alerts.incidents import Incident, News, Trouble
from pyspotify_assets.alerts.memory import KEY as MEMORY
from pyspotify_assets.alerts.memory import Memory, read_memory, write_memory
from pyspotify_assets.alerts.messages import Letterhead, slack, subject, text
from pyspotify_assets.aws.secret import spotify_credentials
from pyspotify_assets.aws.secret_tokens import SecretTokenStore
from pyspotify_assets.daily.budget import requests_counted
from pyspotify_assets.daily.notes import Notes
from pyspotify_assets.daily.refusals import KEY as REFUSED
from pyspotify_assets.daily.refusals import KeptRefusal, keep_refusal, kept_refusal
from pyspotify_assets.errors import PySpotifyError
from pyspotify_assets.feeds import DEFAULT_FEEDS, Feed, load_feeds
from pyspotify_assets.io_manager import LakeIOManager
from pyspotify_assets.lake import Lake
from pyspotify_assets.landing import landing_key, parse_landing_key, recognise, rows_of
from pyspotify_assets.plays.export import opened
from pyspotify_assets.plays.records import batches
from pyspotify_assets.raw_csv import write_raw_csv
from pyspotify_assets.refine import refine
from pyspotify_assets.settings import load_settings
from pyspotify_assets.spotify.client import SpotifyClient
from pyspotify_assets.spotify.sample.messages import Response, json_response
from pyspotify_assets.spotify.sample.server import Server
from pyspotify_assets.spotify.snapshot import take_snapshot
from pyspotify_assets.spotify.token_store import FileTokenStore, Login
from pyspotify_assets.warehouse.local_catalog import LocalCatalog
from pyspotify_assets.warehouse.local_crawler import LocalCrawler
from pyspotify_assets.warehouse.local_engine import LocalEngine, view_statements
from pyspotify_assets_tests.builders import NOON, put_snapshot, track
from pyspotify_assets_tests.plays.exports import AUDIO, FOLDER, episode, play

DAY = "2026-11-22"
FEED = DEFAULT_FEEDS[0].name
_QUERY = f"SELECT artist_name, count(*) AS n FROM spotify_refined.{FEED} WHERE snapshot_date = '{DAY}' GROUP BY 1"


@dataclass(frozen=True)
class Reader:
    """`read` parses bytes, in a folder of its own; `sound` are documents that it takes; `dear`: it is slow to try."""

    name: str
    read: Callable[[bytes, Path], Any]
    sound: Callable[[], Sequence[bytes]]
    dear: bool = False


def _json(*documents: object) -> list[bytes]:
    return [json.dumps(document).encode() for document in documents]


# What Spotify answers. -------------------------------------------------------------------------------------------


def _song(**fields: Any) -> dict[str, Any]:
    artists = [{"type": "artist", "id": "artist1", "name": "Ana"}, {"type": "artist", "id": "artist2", "name": "Bo"}]
    album = {"id": "album1", "name": "Sol", "album_type": "album", "release_date": "2025-06"}
    return {
        "type": "track",
        "id": "track1",
        "name": "Mar",
        "popularity": 61,
        "duration_ms": 201_000,
        "explicit": False,
        "artists": artists,
        "album": album | {"release_date_precision": "month"},
        "external_ids": {"isrc": "BRAAA2500001"},
        "is_local": False,
        **fields,
    }


def _listing(*entries: object) -> dict[str, Any]:
    return {"items": list(entries), "total": len(entries), "limit": 50, "offset": 0, "next": None}


_TOKEN = {"access_token": "a-token-of-the-fuzzing", "token_type": "Bearer", "expires_in": 3600, "scope": ""}


class _Spotify:
    """A server on loopback that answers every page with the same bytes, and a client of it."""

    def __init__(self) -> None:
        self.page = self.token = Response(200)
        self._server = Server(self._answer, 0, 0.0)
        self.address = f"http://127.0.0.1:{self._server.server_port}"

    def _answer(self, received: Any) -> Response:
        return self.token if received.target.endswith("/api/token") else self.page

    def snapshot(self, feed: Feed, page: Response, token: Response | None = None) -> None:
        self.page, self.token = page, token or json_response(200, _TOKEN)
        client = SpotifyClient("an-app", "its-own-key", base_url=self.address, attempts=1, timeout=5, at_once=1)
        with client:
            snapshot = take_snapshot(client, feed, date.fromisoformat(DAY), lambda: NOON)
        written = write_raw_csv(snapshot.rows, io.BytesIO())
        if written.rows + sum(snapshot.skipped.values()) != snapshot.received:
            raise AssertionError("an entry is neither a row nor counted as none")


@cache
def _spotify() -> _Spotify:
    return _Spotify()


def _page(content: bytes, status: int = 200) -> Response:
    return Response(status, {"Content-Type": "application/json"}, content)


_SEARCH = Feed("popular_songs", "search", query="x", maximum=50)
_PLAYLIST = Feed("top_played", "playlist", playlist="2YRe7HRKNRvXdJBp9nXFza", maximum=50)


def _refuse(content: bytes, folder: Path) -> None:
    first, _, body = content.partition(b"\n")
    _spotify().snapshot(_PLAYLIST, _page(body, int(first) if first in (b"400", b"403", b"404", b"429") else 500))


# What lies in files. ---------------------------------------------------------------------------------------------


def _csv(*rows: dict[str, object]) -> bytes:
    file = io.BytesIO()
    write_raw_csv(rows, file)
    return file.getvalue()


_RAW = [
    _csv(track(1, "A"), track(2, None, artist_names=["Ana", 'B "x"']), track(3, "C", track_name="=1+1")),
    _csv(track(1, "A", added_at=NOON, explicit=True, popularity=None)),
    _csv(),
]
_OLD = [
    b",artist,track,track_pop,duration_ms,album_nm,album_dt\n0,Ana,Mar,61,201000,Sol,2025-06\n1,Bo,,,,,\n",
    b'artist,track,track_pop,duration_ms,album_name\n"Ana, Bo","a ""b""",1,2,x\n',
]


def _written(content: bytes, folder: Path, name: str) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def _refine(content: bytes, folder: Path) -> None:
    found = refine(_written(content, folder, "raw.csv"), folder / "refined.parquet", folder / "quarantine.csv")
    if found.raw_rows != found.rows + found.duplicates + found.quarantined:
        raise AssertionError(f"rows that went nowhere: {found}")


def _land(content: bytes, folder: Path) -> None:
    path = _written(content, folder, "landed.csv")
    with open(folder / "raw.csv", "wb") as file:
        write_raw_csv(rows_of(path, recognise(path), NOON), file)


def _name_in_landing(content: bytes, folder: Path) -> None:
    name = content.decode("utf-8", "surrogateescape")
    parse_landing_key(name)
    key = landing_key(FEED, DAY, name)
    Lake.at(str(folder / "lake")).stores["landing"].info(key)
    if parse_landing_key(key) != (FEED, DAY, key.split("/")[2]):
        raise AssertionError(f"{key} is no key of landing")


_PLAYS = [play(), play("2024-02-29T23:59:59Z", "B", skipped=None), episode("2023-03-02T08:00:00Z", "Pilot")]


def _zipped(content: bytes, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr(f"{FOLDER}/ReadMeFirst.pdf", b"%PDF-1.4")
        archive.writestr(AUDIO, content)
    return file.getvalue()


def _export(content: bytes, folder: Path) -> None:
    with opened(_written(content, folder, "export.zip")) as export:
        for file in export.files:
            for batch in batches(export.records(file), file, datetime(2026, 11, 22, tzinfo=UTC)):
                batch.plays.validate(full=True)


def _feeds(content: bytes, folder: Path) -> None:
    for feed in load_feeds(_written(content, folder, "feeds.toml")):
        assert all((feed.title, feed.source_on(date.fromisoformat(DAY)), feed.declaration()))


_TOML = [
    b'[[feed]]\nname = "popular_songs"\nkind = "search"\nquery = "year:{last_year}-{this_year}"\nmaximum = 1000\n'
    b'[[feed]]\nname = "mine"\nkind = "top_tracks"\nrange = "short_term"\n',
    b'[[feed]]\nname = "top"\nkind = "playlist"\nplaylist = "2YRe7HRKNRvXdJBp9nXFza"\nmarket = "BR"\n',
]


def _settings(content: bytes, folder: Path) -> None:
    lines = (line.partition(b"=") for line in content.splitlines())
    values = {
        f"PYSPOTIFY_{name.decode('ascii', 'replace').upper()}": value.replace(b"\0", b"").decode(
            "utf-8", "surrogateescape"
        )
        for name, _, value in lines
        if name.isalpha() or (b"_" in name and name.replace(b"_", b"").isalpha())
    }
    with patch.dict(os.environ, values):
        settings = load_settings()
        settings.lake_places()
        settings.first_day(date.fromisoformat(DAY))


_VALUES = [
    b"env=local\nlake=./lake\nstart=2023-01-01\ntimezone=America/Sao_Paulo\nlookback_days=28\nsource=sample\n",
    b"env=aws\nstage=dev\nbucket_prefix=team/spotify\nspotify_timeout=10\nfeeds=feeds.toml\ncrawl_timeout=60\n",
    b"quicksight_principal=arn:aws:quicksight:us-east-1:123456789012:user/default/anna\nspotify_longest_wait=60\n"
    b"alert_webhook=https://hooks.example.org/x\nalert_topic=arn:aws:sns:us-east-1:123456789012:alerts\n",
]

_LOGIN = {"refresh_token": "a-refresh-token", "authorised_at": "2026-11-01T00:00:00+00:00", "scope": "user-top-read"}


def _token_file(content: bytes, folder: Path) -> None:
    path = folder / "token.json"
    path.write_bytes(content)
    path.chmod(0o600)
    store = FileTokenStore(path)
    try:
        store.read("an-app")
    finally:
        store.write(Login("another", "its-refresh-token"))
        store.forget("an-app")


class _Secrets:
    def __init__(self, content: bytes) -> None:
        self._text = content.decode("utf-8", "replace")

    def get_secret_value(self, **_: object) -> dict[str, str]:
        return {"SecretString": self._text}

    def put_secret_value(self, **_: object) -> None:
        return None


def _secret(content: bytes, folder: Path) -> None:
    with patch("pyspotify_assets.aws.session.client", lambda service: _Secrets(content)):
        store = SecretTokenStore("PySpotify")
        store.read("an-app")
        store.forget("an-app")
        spotify_credentials("PySpotify")


# What the lake remembers. ----------------------------------------------------------------------------------------


@cache
def _lake(folder: Path) -> Lake:
    lake = Lake.at(str(folder / "lake"))
    put_snapshot(lake, FEED, DAY, [track(1, "A"), track(2, "B", track_name='say "hi", ok')])
    LocalCrawler(lake).crawl("refined", DEFAULT_FEEDS[:1])
    return lake


def _state(lake: Lake, key: str, content: bytes) -> None:
    store = lake.stores["state"]
    with store.staging("state.json") as staged:
        staged.write_bytes(content)
        store.publish(staged, key)


def _refusal(content: bytes, folder: Path) -> None:
    lake = _lake(folder)
    _state(lake, REFUSED, content)
    refusal = kept_refusal(lake, NOON)
    if refusal is not None:
        assert refusal.in_words()
        assert str(refusal.error())
    keep_refusal(lake, KeptRefusal(NOON + timedelta(hours=1), "asked too often", NOON))


def _budget(content: bytes, folder: Path) -> None:
    lake = _lake(folder)
    _state(lake, f"spotify/requests/{DAY}.json", content)
    assert requests_counted(lake, DAY) >= 0


def _memory_of_alerts() -> list[bytes]:
    trouble = Trouble("failure", "raw/top_played", NOON, "It failed", "Why", "What to do", "runs/1", (DAY,))
    incident, news = Incident(trouble, NOON), News("new", trouble, NOON)
    memory = Memory({trouble.key: incident}, {}, {"log": {trouble.key: news}}, {})
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        lake = Lake.at(folder)
        write_memory(lake, memory)
        return [lake.stores["state"].read(MEMORY)]


def _alerts(content: bytes, folder: Path) -> None:
    lake, head = _lake(folder), Letterhead("PySpotify", "http://127.0.0.1:3000")
    _state(lake, MEMORY, content)
    memory = read_memory(lake)
    memory.open_incidents()
    unsent = [news for channel in memory.unsent.values() for news in channel.values()]
    if unsent:
        assert text(unsent, head).isprintable() or "\n" in text(unsent, head)
        assert subject(unsent, head).isascii()
        json.dumps(slack(unsent, head))
    write_memory(lake, memory)


def _notes(content: bytes, folder: Path) -> None:
    lake = _lake(folder)
    place = lake.place(("refined", FEED), DAY)
    file = folder / "lake" / "state" / "notes" / "refined" / FEED / f"snapshot_date={DAY}" / f"{FEED}.parquet.json"
    info = place.require()
    # What a note says of size and time is made right, so that the rest of it is read.
    document = content.replace(str(_SIZE).encode(), str(info.size).encode())
    file.write_bytes(document.replace(str(_TIME).encode(), str(int(info.identity.partition("-")[2], 16)).encode()))
    notes = Notes.from_texts(place.require().notes)
    if notes is not None:
        assert isinstance(notes.rows, int)
        assert all(isinstance(value, str) for value in (notes.fingerprint, notes.version))
        notes.to_texts()
        json.dumps([asdict(found) for found in notes.findings])


_SIZE, _TIME = 1111111, 2222222
_NOTE = {
    "fingerprint": "f0",
    "version": "v0",
    "rows": "2",
    "counts": '{"duplicates":1}',
    "findings": '[["schema_as_declared",true,true,"16 columns"]]',
}


def _catalog(content: bytes, folder: Path) -> None:
    lake = _lake(folder)
    kind, _, document = content.partition(b"\n")
    names = {b"table": "table.json", b"days": "partitions/2026-11.json"}
    file = folder / "lake" / "catalog" / "spotify_refined" / FEED / names.get(kind, "table.json")
    sound = file.read_bytes()
    file.write_bytes(document)
    try:
        view_statements(LocalCatalog(lake))
        LocalEngine(lake).query(_QUERY)
    finally:
        file.write_bytes(sound)


def _catalogs() -> list[bytes]:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        lake = _lake(Path(folder))
        store, base = lake.stores["catalog"], f"spotify_refined/{FEED}"
        _lake.cache_clear()
        return [
            b"table\n" + store.read(f"{base}/table.json"),
            b"days\n" + store.read(f"{base}/partitions/2026-11.json"),
        ]


def _parquet(content: bytes, folder: Path) -> None:
    lake = _lake(folder)
    file = folder / "lake" / "refined" / FEED / f"snapshot_date={DAY}" / f"{FEED}.parquet"
    sound = file.read_bytes()
    file.write_bytes(content)
    try:
        for read in (
            lambda: LakeIOManager(address=str(folder / "lake")).read(f"refined/{FEED}", DAY),
            lambda: LocalEngine(lake).query(_QUERY),
            lambda: LocalCrawler(lake).crawl("refined", DEFAULT_FEEDS[:1]),
        ):
            try:
                read()
            except PySpotifyError as error:
                assert str(error.args[0]).strip()
    finally:
        file.write_bytes(sound)


def _parquets() -> list[bytes]:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        lake = _lake(Path(folder))
        _lake.cache_clear()
        return [lake.stores["refined"].read(f"{FEED}/snapshot_date={DAY}/{FEED}.parquet")]


def _sql(content: bytes, folder: Path) -> None:
    LocalEngine(_lake(folder), timeout=0.5).query(content.decode("utf-8", "replace"))


READERS = {
    reader.name: reader
    for reader in (
        Reader(
            "answer_search",
            lambda content, folder: _spotify().snapshot(_SEARCH, _page(content)),
            lambda: _json({"tracks": _listing(_song(), _song(id=None, artists=[]))}, {"tracks": _listing()}),
        ),
        Reader(
            "answer_playlist",
            lambda content, folder: _spotify().snapshot(_PLAYLIST, _page(content)),
            lambda: _json(
                _listing({"added_at": "2026-11-01T08:00:00Z", "track": _song(), "item": _song()}, None)
                | {"snapshot_id": "AAAA", "owner": {"id": "ana"}}
            ),
        ),
        Reader(
            "answer_refusal",
            _refuse,
            lambda: [
                b'403\n{"error": {"status": 403, "message": "Insufficient client scope"}}',
                b'400\n{"error": "invalid_grant", "error_description": "no"}',
                b"404\n<html>Not here</html>",
            ],
        ),
        Reader(
            "answer_token",
            lambda content, folder: _spotify().snapshot(
                _SEARCH, json_response(200, {"tracks": _listing()}), _page(content)
            ),
            lambda: _json(_TOKEN),
        ),
        Reader("raw_csv", _refine, lambda: _RAW),
        Reader("landing", _land, lambda: [*_RAW, *_OLD]),
        Reader("landing_name", _name_in_landing, lambda: [b"songs.csv", f"{FEED}/{DAY}/songs.csv".encode()]),
        Reader(
            "export_zip",
            _export,
            lambda: [
                _zipped(json.dumps(_PLAYS).encode(), method)
                for method in (zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2)
            ],
        ),
        Reader(
            "export_json",
            lambda content, folder: _export(_zipped(content, zipfile.ZIP_STORED), folder),
            lambda: _json(_PLAYS, []),
        ),
        Reader("feeds", _feeds, lambda: _TOML),
        Reader("settings", _settings, lambda: _VALUES),
        Reader("token_file", _token_file, lambda: _json({"apps": {"an-app": _LOGIN}})),
        Reader("secret", _secret, lambda: _json({"client_id": "an-app", "client_secret": "its-own-key"} | _LOGIN)),
        Reader(
            "refusal",
            _refusal,
            lambda: _json(
                {"until": "2026-11-22T13:00:00+00:00", "reason": "429", "since": "2026-11-22T11:00:00+00:00"}
            ),
        ),
        Reader("budget", _budget, lambda: _json({"count": 7})),
        Reader("alerts", _alerts, _memory_of_alerts),
        Reader("notes", _notes, lambda: [*_json({"size": _SIZE, "modified_ns": _TIME, "notes": _NOTE})]),
        Reader("catalog", _catalog, _catalogs, dear=True),
        Reader("parquet", _parquet, _parquets, dear=True),
        Reader("sql", _sql, lambda: [_QUERY.encode(), b"SELECT 1 AS one UNION ALL SELECT 2"], dear=True),
    )
}
