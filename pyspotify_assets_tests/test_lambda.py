"""The Lambda's handler, against a Spotify and an S3 on loopback: what lands on a good day, what is said on bad ones."""

from __future__ import annotations

import json
import logging
import os
import tempfile
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from lambda_function.handler import ExtractError, handler
from lambda_function.package import build
from pyspotify_assets.aws.session import client
from pyspotify_assets.daily.raw import extract
from pyspotify_assets.errors import AwsError, FeedError, PySpotifyError, SettingsError, SpotifyError
from pyspotify_assets.feeds import DEFAULT_FEEDS, load_feeds
from pyspotify_assets.lake import Lake
from pyspotify_assets.spotify.client import SpotifyClient
from pyspotify_assets.spotify.gate import OPEN, Gate
from pyspotify_assets.spotify.sample.web_api import Response
from pyspotify_assets.spotify.simulator import Fault, LoggedRequest, Simulator

DAY = "2026-11-22"
NOW = datetime(2026, 11, 22, 9, 15, 30, 123456, tzinfo=UTC)
REQUEST = "8f1c2d3e-0000-4000-8000-000000000000"
NAME = "spotify-extract-20261122T091530123456Z-8f1c2d3e.csv"
FEEDS = """
[[feed]]
name = "popular_songs"
kind = "search"
query = "year:{last_year}-{this_year}"
maximum = 120

[[feed]]
name = "top_played"
kind = "playlist"
playlist = "2YRe7HRKNRvXdJBp9nXFza"
"""


@dataclass
class Context:
    """What Lambda hands to a handler. `left` gives the milliseconds until the function is killed."""

    left: Callable[[], int] = lambda: 300_000
    aws_request_id: str = REQUEST

    def get_remaining_time_in_millis(self) -> int:
        return self.left()


@dataclass
class Live:
    """Spotify as the assets get it: only now, here on loopback."""

    base_url: str
    knows_the_past: bool = False
    identity: str = field(default="spotify")

    def login(self) -> None:
        return None

    @contextmanager
    def client(self, day: str, gate: Gate = OPEN) -> Iterator[SpotifyClient]:
        with SpotifyClient("some-client", "some-secret", base_url=self.base_url, attempts=1, gate=gate) as client:
            yield client


@pytest.fixture(scope="module")
def server() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def simulator(server: Simulator) -> Simulator:
    server.requests.clear()
    server.faults.clear()
    return server


@pytest.fixture
def bucket(s3_bucket: str, simulator: Simulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """A bucket, and the environment of a function that puts files into it."""
    for name in ("SPOTIPY_CLIENT_ID", "SPOTIPY_CLIENT_SECRET"):
        monkeypatch.delenv(name, raising=False)
    for name in [name for name in os.environ if name.startswith("PYSPOTIFY_")]:
        monkeypatch.delenv(name)
    feeds = tmp_path / "feeds.toml"
    feeds.write_text(FEEDS)
    secret = f"PySpotify-{uuid.uuid4().hex}"
    client("secretsmanager").create_secret(
        Name=secret, SecretString=json.dumps({"client_id": "some-client", "client_secret": "some-secret"})
    )
    for name, text in {
        "LANDING": f"s3://{s3_bucket}/team/landing",
        "SECRET": secret,
        "FEEDS": str(feeds),
        "SPOTIFY_URL": f"{simulator.base_url}/as-of/{DAY}",
        "SPOTIFY_ATTEMPTS": "1",
    }.items():
        monkeypatch.setenv(f"PYSPOTIFY_{name}", text)
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return s3_bucket


def run(event: object = None, context: Context | None = None, clock=lambda: NOW) -> dict:
    return handler({} if event is None else event, context or Context(), clock)


def landed(bucket: str) -> dict[str, bytes]:
    s3 = client("s3")
    found = s3.list_objects_v2(Bucket=bucket).get("Contents", ())
    return {entry["Key"]: s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read() for entry in found}


def failure(kind: type[PySpotifyError], *arguments, **options) -> str:
    with pytest.raises(kind) as caught:
        run(*arguments, **options)
    assert type(caught.value) is kind
    return str(caught.value)


class TestAGoodDay:
    def test_each_feed_lands_as_the_file_that_the_asset_writes(self, bucket, simulator, tmp_path):
        result = run()

        lake = Lake.at(str(tmp_path / "lake"))
        for feed in load_feeds(tmp_path / "feeds.toml"):
            extract(lake, Live(f"{simulator.base_url}/as-of/{DAY}"), feed, DAY, lambda: NOW, "UTC")
            place = lake.place(("raw", feed.name), DAY)
            key = f"team/landing/{feed.name}/{DAY}/{NAME}"
            assert landed(bucket)[key] == place.store.read(place.key)
            assert result[feed.name]["uri"] == f"s3://{bucket}/{key}"
            assert result[feed.name]["rows"] == place.store.read(place.key).count(b"\n") - 1
        assert len(landed(bucket)) == 2

    def test_what_has_landed_becomes_the_raw_day_and_leaves_landing(self, bucket, simulator, tmp_path):
        run({"feeds": ["top_played"]})
        content = landed(bucket)[f"team/landing/top_played/{DAY}/{NAME}"]

        lake = Lake.at(f"s3://{bucket}/team")
        simulator.requests.clear()
        extract(lake, Live(simulator.base_url), load_feeds(tmp_path / "feeds.toml")[1], DAY, lambda: NOW, "UTC")

        assert lake.store("raw").read(lake.place(("raw", "top_played"), DAY).key) == content
        assert not any(key.startswith("team/landing/") for key in landed(bucket))
        assert not simulator.requests

    def test_the_day_is_that_of_the_time_zone(self, bucket, monkeypatch):
        monkeypatch.setenv("PYSPOTIFY_TIMEZONE", "America/Sao_Paulo")
        run({"feeds": ["top_played"]}, clock=lambda: datetime(2026, 11, 22, 2, tzinfo=UTC))
        assert list(landed(bucket)) == [
            "team/landing/top_played/2026-11-21/spotify-extract-20261122T020000000000Z-8f1c2d3e.csv"
        ]

    def test_the_query_is_filled_with_the_day(self, bucket, simulator):
        run({"feeds": ["popular_songs"]})
        assert {entry.query["q"] for entry in simulator.requests if "/search" in entry.path} == {"year:2025-2026"}

    def test_the_default_feeds_are_taken_where_none_are_declared(self, bucket, tmp_path):
        (tmp_path / "feeds.toml").unlink()
        assert list(run()) == [feed.name for feed in DEFAULT_FEEDS]

    def test_two_runs_of_one_instant_leave_two_files(self, bucket):
        run({"feeds": ["top_played"]})
        run({"feeds": ["top_played"]}, Context(aws_request_id=str(uuid.uuid4())))
        assert len(landed(bucket)) == 2

    def test_a_description_that_a_schedule_sends_of_itself_means_all_feeds(self, bucket):
        assert len(run({"version": "0", "detail-type": "Scheduled Event", "source": "aws.scheduler"})) == 2

    def test_nothing_is_left_on_the_disk(self, bucket):
        run()
        assert list(Path(tempfile.gettempdir()).iterdir()) == []

    def test_the_encryption_asked_for_is_that_of_the_setting(self, bucket, monkeypatch):
        monkeypatch.setenv("PYSPOTIFY_KMS_KEY", "alias/mine")
        run({"feeds": ["top_played"]})
        [key] = landed(bucket)
        head = client("s3").head_object(Bucket=bucket, Key=key)
        assert head["ServerSideEncryption"] == "aws:kms"
        assert head["SSEKMSKeyId"].endswith("alias/mine")

    def test_one_line_of_json_per_feed_is_logged_and_no_secret(self, bucket, caplog):
        caplog.set_level(logging.DEBUG)
        run()
        lines = [json.loads(record.getMessage()) for record in caplog.records if record.name == "lambda_function"]
        assert [line["feed"] for line in lines] == ["popular_songs", "top_played"]
        assert all(line["rows"] and line["uri"].endswith(NAME) and line["page_requests"] for line in lines)
        assert "some-secret" not in caplog.text


class TestOneFeedThatFails:
    def test_does_not_stop_the_others_and_fails_the_invocation_at_its_end(self, bucket, simulator, caplog):
        simulator.faults.append(Fault("/search", Response(503, {}, b"maintenance")))

        words = failure(ExtractError)

        assert words.startswith("1 of 2 feeds have not landed.\npopular_songs: Spotify failed at the search")
        assert words.endswith("Landed: top_played.")
        assert list(landed(bucket)) == [f"team/landing/top_played/{DAY}/{NAME}"]
        assert [(record.levelname, json.loads(record.getMessage())["feed"]) for record in caplog.records] == [
            ("ERROR", "popular_songs"),
            ("INFO", "top_played"),
        ]

    def test_by_a_playlist_that_ends_before_its_total_lands_nothing(self, bucket, simulator):
        page = {"items": [], "total": 50, "next": None}
        simulator.faults.append(Fault("/items", Response(200, {}, json.dumps(page).encode())))

        words = failure(ExtractError, {"feeds": ["top_played"]})

        assert "all_entries_received: 0 kept + 0 skipped of 0 received, 50 announced" in words
        assert landed(bucket) == {}

    def test_by_the_new_year_whose_search_is_another_lands_nothing_and_says_so(self, bucket):
        instants = iter([datetime(2026, 12, 31, 23, 59, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)])

        words = failure(ExtractError, {"feeds": ["popular_songs"]}, clock=lambda: next(instants))

        assert "begun on 2026-12-31 and completed on 2027-01-01 (UTC)" in words
        assert "Invoke it again" in words
        assert landed(bucket) == {}

    def test_by_a_mistake_of_ours_says_its_kind_and_place_and_none_of_its_words(self, bucket, monkeypatch, caplog):
        def broken(*_: object) -> None:
            raise RuntimeError(os.environ["WORDS"])

        monkeypatch.setenv("WORDS", "some-secret")
        monkeypatch.setattr(SpotifyClient, "search_page", broken)

        words = failure(ExtractError)

        assert "popular_songs: RuntimeError" in words
        assert "in broken" in caplog.text
        assert "some-secret" not in words + caplog.text
        assert list(landed(bucket)) == [f"team/landing/top_played/{DAY}/{NAME}"]


class TestTimeThatRunsOut:
    def test_no_feed_is_begun_that_could_not_end(self, bucket, simulator):
        words = failure(ExtractError, context=Context(lambda: 14_000))

        assert words.startswith("2 of 2 feeds")
        assert "14 s are left, 15 s may be needed" in words
        assert not simulator.requests

    def test_a_feed_is_given_up_in_the_middle_and_named(self, bucket, simulator):
        def left() -> int:
            return 14_000 if any("/playlists/" in entry.path for entry in simulator.requests) else 300_000

        words = failure(ExtractError, context=Context(left))

        assert words.startswith("1 of 2 feeds have not landed.\ntop_played: The function's time is nearly over")
        assert list(landed(bucket)) == [f"team/landing/popular_songs/{DAY}/{NAME}"]

    def test_no_pause_is_begun_that_could_not_end(self, bucket, simulator, monkeypatch):
        monkeypatch.setenv("PYSPOTIFY_SPOTIFY_ATTEMPTS", "5")
        simulator.faults.append(Fault("/search", Response(429, {"Retry-After": "50"}, b"")))

        begun = datetime.now(UTC)
        words = failure(ExtractError, {"feeds": ["popular_songs"]}, Context(lambda: 40_000))

        assert "40 s are left, 65 s may be needed" in words
        assert datetime.now(UTC) - begun < timedelta(seconds=20)


class TestWhatCannotBeUsed:
    @pytest.mark.parametrize(
        ("event", "words"),
        [
            ({"feeds": ["top_played", "unknown"]}, "There is no feed 'unknown'"),
            ({"feeds": []}, "no list of names"),
            ({"feeds": "top_played"}, "no list of names"),
            ({"feeds": [1]}, "no list of names"),
            ({"feed": ["top_played"]}, "it has 'feed'"),
            ([], "no JSON object"),
        ],
    )
    def test_an_event_is_refused_before_anything_is_asked(self, bucket, simulator, event, words):
        assert words in failure(FeedError, event)
        assert not simulator.requests

    @pytest.mark.parametrize(
        ("name", "value", "words"),
        [
            ("LANDING", "", "PYSPOTIFY_LANDING = ''"),
            ("LANDING", "/some/folder", "s3://bucket/landing"),
            ("LANDING", "s3://bucket", "s3://bucket/landing"),
            ("SECRET", "", "PYSPOTIFY_SECRET"),
            ("TIMEZONE", "Mars/Olympus", "no time zone"),
            ("TIMEZONE", "../UTC", "no time zone"),
            ("TIMEZONE", "America", "no time zone"),
            ("S3_ENCRYPTION", "rot13", "neither AES256 nor aws:kms"),
            ("SPOTIFY_TIMEOUT", "soon", "not a number from 0.1 to 120"),
            ("SPOTIFY_TIMEOUT", "nan", "not a number from 0.1 to 120"),
            ("SPOTIFY_ATTEMPTS", "0", "not a number from 1 to 10"),
            ("SPOTIFY_ATTEMPTS", "2.5", "not a whole number"),
        ],
    )
    def test_a_setting_is_named_with_its_value(self, bucket, monkeypatch, name, value, words):
        monkeypatch.setenv(f"PYSPOTIFY_{name}", value)
        text = failure(SettingsError)
        assert f"PYSPOTIFY_{name} = {value!r}" in text
        assert words in text

    def test_no_host_but_spotify_and_loopback_is_talked_to(self, bucket, monkeypatch):
        monkeypatch.setenv("PYSPOTIFY_SPOTIFY_URL", "https://example.org")
        assert "neither" in failure(SpotifyError)


class TestAnAwsThatRefuses:
    def test_a_missing_secret_is_named_before_spotify_is_asked(self, bucket, simulator, monkeypatch):
        monkeypatch.setenv("PYSPOTIFY_SECRET", "not-there")
        assert "The secret not-there is not there" in failure(AwsError)
        assert not simulator.requests

    def test_a_missing_bucket_is_named_for_each_feed(self, bucket, monkeypatch):
        monkeypatch.setenv("PYSPOTIFY_LANDING", "s3://there-is-no-such-bucket/landing")
        words = failure(ExtractError)
        assert words.startswith("2 of 2 feeds")
        assert words.count("there is no bucket there-is-no-such-bucket") == 2

    def test_a_bucket_of_a_stranger_gets_nothing(self, bucket, monkeypatch):
        """moto does not know ExpectedBucketOwner: what is sent is looked at."""
        sent: list[str | None] = []

        with _answering(lambda request: sent.append(request.headers.get("x-amz-expected-bucket-owner")) or 403) as here:
            monkeypatch.setenv("AWS_ENDPOINT_URL_S3", here)
            words = failure(ExtractError, {"feeds": ["top_played"]})

        assert sent == ["123456789012"]
        assert "access denied in PutObject" in words
        assert "Allow s3:PutObject" in words

    def test_expired_credentials_are_told_with_the_remedy(self, bucket, simulator, monkeypatch):
        with _answering(lambda _: 400) as here:
            monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", here)
            words = failure(AwsError)
        assert "ExpiredTokenException" in words
        assert "Log in again" in words
        assert not simulator.requests


@contextmanager
def _answering(answer: Callable[[BaseHTTPRequestHandler], int]) -> Iterator[str]:
    """A service that refuses everything: with 403, or, as JSON, with 400 and expired credentials."""

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status = answer(self)
            body = (
                b"<Error><Code>AccessDenied</Code></Error>" if status == 403 else b'{"__type": "ExpiredTokenException"}'
            )
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_PUT = do_POST = do_HEAD = handle_any

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


PERMISSIONS = (
    (("s3:PutObject", "s3:GetObject"), "arn:aws:s3:::{bucket}/landing/*"),
    (("secretsmanager:GetSecretValue",), "arn:aws:secretsmanager:*:*:secret:{secret}-??????"),
    (("logs:CreateLogStream", "logs:PutLogEvents"), "arn:aws:logs:*:*:log-group:/aws/lambda/{function}:*"),
)
"""All that the function's role may do."""


@pytest.mark.aws
def test_the_zip_runs_as_a_function_with_no_more_than_its_permissions(simulator, monkeypatch, tmp_path):
    """On an endpoint on this machine: its functions have to reach the simulator on loopback."""
    endpoint = os.environ.get("PYSPOTIFY_TEST_AWS_ENDPOINT")
    if not endpoint:
        pytest.skip("PYSPOTIFY_TEST_AWS_ENDPOINT is not set")
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    for name, text in {"ACCESS_KEY_ID": "test", "SECRET_ACCESS_KEY": "test", "DEFAULT_REGION": "us-east-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", text)
    name = f"extract-{uuid.uuid4().hex[:12]}"
    places = {"bucket": name, "secret": name, "function": name}
    statements = [
        {"Effect": "Allow", "Action": list(actions), "Resource": resource.format(**places)}
        for actions, resource in PERMISSIONS
    ]
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    (tmp_path / "feeds.toml").write_text(FEEDS)
    s3, iam, functions = client("s3"), client("iam"), client("lambda")
    s3.create_bucket(Bucket=name)
    client("secretsmanager").create_secret(
        Name=name, SecretString=json.dumps({"client_id": "some-client", "client_secret": "some-secret"})
    )
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=_policy([trust]))["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName=name, PolicyDocument=_policy(statements))
    variables = {
        "PYSPOTIFY_LANDING": f"s3://{name}/landing",
        "PYSPOTIFY_SECRET": name,
        "PYSPOTIFY_SPOTIFY_URL": simulator.base_url,
        "AWS_ENDPOINT_URL": endpoint,
    }
    functions.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=role,
        Handler="lambda_function.handler.handler",
        Code={"ZipFile": build(tmp_path / "lambda.zip", tmp_path / "feeds.toml").read_bytes()},
        Environment={"Variables": variables},
        Timeout=60,
        MemorySize=512,
    )
    try:
        functions.get_waiter("function_active_v2").wait(FunctionName=name)
        today = datetime.now(UTC).date().isoformat()
        answer = functions.invoke(FunctionName=name, Payload=b"{}")
        result = json.loads(answer["Payload"].read())

        assert "FunctionError" not in answer, result
        files = landed(name)
        for feed in ("popular_songs", "top_played"):
            key = result[feed]["uri"].removeprefix(f"s3://{name}/")
            assert key.startswith((f"landing/{feed}/{today}/", f"landing/{feed}/{datetime.now(UTC).date()}/"))
            assert files[key].count(b"\n") - 1 == result[feed]["rows"] > 0
        assert len(files) == 2

        simulator.faults.append(Fault(_is_search, Response(403, {}, b"")))
        answer = functions.invoke(FunctionName=name, Payload=b"{}")

        assert answer["FunctionError"]
        assert "1 of 2 feeds have not landed" in answer["Payload"].read().decode()
        assert len(landed(name)) == 3
    finally:
        functions.delete_function(FunctionName=name)
        iam.delete_role_policy(RoleName=name, PolicyName=name)
        iam.delete_role(RoleName=name)
        client("secretsmanager").delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
        for key in landed(name):
            s3.delete_object(Bucket=name, Key=key)
        s3.delete_bucket(Bucket=name)


def _is_search(request: LoggedRequest) -> bool:
    return request.path.endswith("/search")


def _policy(statements: list) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
