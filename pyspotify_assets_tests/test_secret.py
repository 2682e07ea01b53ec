"""Spotify's credentials: where they come from, what is said when they do not come, and that nobody else sees them."""

from __future__ import annotations

import json
import logging
import os
import pickle
import threading
import traceback
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pyspotify_assets.aws.secret import spotify_credentials
from pyspotify_assets.aws.session import client
from pyspotify_assets.errors import AwsError

MARK = "9f8e7d6c5b4a"
"""Part of every value of the secrets below: wherever it shows, the secret shows."""

NO_PAUSES = "botocore.retries.standard.ExponentialBackoff.delay_amount"


@pytest.fixture(autouse=True)
def no_credentials_of_this_machine(monkeypatch):
    for name in ("SPOTIPY_CLIENT_ID", "SPOTIPY_CLIENT_SECRET"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def secret(s3_environment: str) -> str:
    """The name of a new secret that has no value yet, as the stack makes it."""
    name = f"PySpotify-{uuid.uuid4().hex}"
    client("secretsmanager").create_secret(Name=name)
    return name


def put(secret: str, value: str | bytes) -> None:
    kind = "SecretString" if isinstance(value, str) else "SecretBinary"
    client("secretsmanager").put_secret_value(SecretId=secret, **{kind: value})


def refusal(secret: str) -> AwsError:
    with pytest.raises(AwsError) as caught:
        spotify_credentials(secret)
    assert f"The secret {secret}" in str(caught.value)
    assert caught.value.remedy
    return caught.value


class TestWhereTheyComeFrom:
    def test_from_the_secret(self, secret):
        put(secret, '{"client_id": "an-app", "client_secret": "its-key", "note": "more is allowed"}')
        assert spotify_credentials(secret) == ("an-app", "its-key")

    def test_what_is_put_later_is_read_later(self, secret):
        for key in ("first", "second"):
            put(secret, json.dumps({"client_id": "an-app", "client_secret": key}))
            assert spotify_credentials(secret) == ("an-app", key)

    def test_the_environment_wins_and_aws_is_not_asked(self, monkeypatch):
        monkeypatch.setenv("SPOTIPY_CLIENT_ID", "mine")
        monkeypatch.setenv("SPOTIPY_CLIENT_SECRET", "my-own")
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        assert spotify_credentials("PySpotify") == ("mine", "my-own")

    def test_half_of_them_in_the_environment_are_none(self, secret, monkeypatch):
        monkeypatch.setenv("SPOTIPY_CLIENT_ID", "mine")
        put(secret, '{"client_id": "an-app", "client_secret": "its-key"}')
        assert spotify_credentials(secret) == ("an-app", "its-key")

    def test_where_no_secret_is_named_there_are_none(self):
        assert spotify_credentials("") == ("", "")


class TestWhatIsSaid:
    def test_of_a_secret_that_does_not_exist(self, s3_environment):
        error = refusal("nobody-made-it")
        assert "is not there" in str(error)
        assert "make deploy" in error.remedy

    def test_of_a_secret_that_has_no_value_yet(self, secret):
        assert "put-secret-value" in refusal(secret).remedy

    def test_of_a_secret_that_was_deleted_and_can_be_had_back(self, secret):
        put(secret, '{"client_id": "an-app", "client_secret": "its-key"}')
        client("secretsmanager").delete_secret(SecretId=secret, RecoveryWindowInDays=7)
        assert f"restore-secret --secret-id {secret}" in refusal(secret).remedy

    @pytest.mark.parametrize(
        ("value", "words"),
        [
            (" ", "it is empty"),
            (b"\x00\x01", "it is empty"),
            ("an-app:its-key", "it is not JSON"),
            ("[" * 100_000, "it is not JSON"),
            ('["an-app", "its-key"]', "no object"),
            ("null", "no object"),
            ("{}", "client_id is missing"),
            ('{"client_id": "an-app"}', "client_secret is missing"),
            ('{"client_id": "an-app", "client_secret": ""}', "client_secret is not text without spaces"),
            ('{"client_id": "an-app", "client_secret": 5}', "client_secret is not text without spaces"),
            ('{"client_id": "an-app\\n", "client_secret": "its-key"}', "client_id is not text without spaces"),
            ('{"client_id": "an-app", "client_secret": "\\ud800"}', "client_secret is not text without spaces"),
        ],
    )
    def test_of_a_value_that_is_not_the_json_expected(self, secret, value, words):
        put(secret, value)
        error = refusal(secret)
        assert words in str(error)
        assert '{"client_id": "…", "client_secret": "…"}' in error.remedy

    @pytest.mark.parametrize(
        ("status", "code", "words", "remedy"),
        [
            (400, "AccessDeniedException", "access denied in GetSecretValue", "secretsmanager:GetSecretValue"),
            (400, "ExpiredTokenException", "ExpiredTokenException", "Log in again"),
            (400, "UnrecognizedClientException", "UnrecognizedClientException", "AWS_ACCESS_KEY_ID"),
            (400, "ThrottlingException", "ThrottlingException", "later"),
            (500, "InternalServiceError", "InternalServiceError", "later"),
            (400, "DecryptionFailure", "DecryptionFailure", "later"),
        ],
    )
    def test_of_an_aws_that_refuses(self, s3_environment, monkeypatch, status, code, words, remedy):
        monkeypatch.setattr(NO_PAUSES, lambda *_: 0.0)
        what = "User: arn:aws:iam::1:user/me is not authorized to perform: secretsmanager:GetSecretValue on resource: x"
        body = {"__type": code, "message": what if "Denied" in code else "made up"}
        with answering(status, json.dumps(body)) as (address, _):
            monkeypatch.setenv("AWS_ENDPOINT_URL", address)
            error = refusal("PySpotify")
        assert words in str(error)
        assert remedy in error.remedy

    def test_of_trouble_for_ever_after_four_attempts(self, s3_environment, monkeypatch):
        monkeypatch.setattr(NO_PAUSES, lambda *_: 0.0)
        with answering(503, "{}") as (address, asked):
            monkeypatch.setenv("AWS_ENDPOINT_URL", address)
            refusal("PySpotify")
        assert len(asked) == 4

    def test_of_an_endpoint_that_does_not_answer(self, s3_environment, monkeypatch):
        monkeypatch.setattr(NO_PAUSES, lambda *_: 0.0)
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        assert "AWS_ENDPOINT_URL" in refusal("PySpotify").remedy

    def test_of_no_credentials(self, s3_environment, monkeypatch):
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
        assert "AWS_PROFILE" in refusal("PySpotify").remedy


marked = st.text(max_size=8).map(lambda text: f"{text}{MARK}")
documents = st.recursive(
    marked | st.integers(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["client_id", "client_secret"]) | marked, inner, max_size=3)
    ),
    max_leaves=6,
)
values = st.builds(
    lambda document, before, cut: before + json.dumps(document)[: -cut or None],
    documents,
    st.sampled_from(["", " ", "\ufeff", MARK, "{"]),
    st.integers(0, 3),
)
"""JSON of many shapes, and what is nearly JSON, with the mark in it."""


class TestWhoSeesThem:
    @settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(value=values.filter(str.strip))
    def test_a_value_that_cannot_be_used_is_in_no_error_traceback_or_pickle(self, secret, value):
        put(secret, value)
        try:
            spotify_credentials(secret)
        except AwsError as error:
            told = [str(error), repr(error), repr(error.__dict__), repr(pickle.dumps(error))]
            told += traceback.format_exception(error)
            told += [repr(frame.f_locals) for frame in frames(error)]
            assert error.__cause__ is error.__context__ is None
            assert MARK not in "".join(told)

    def test_a_value_is_in_no_log_whatever_its_level(self, secret, caplog):
        put(secret, json.dumps({"client_id": f"app-{MARK}", "client_secret": f"key-{MARK}"}))
        caplog.set_level(0)
        for name in list(logging.root.manager.loggerDict):
            if name.startswith(("botocore", "boto3", "urllib3")):
                caplog.set_level(1, name)
        caplog.clear()

        assert spotify_credentials(secret) == (f"app-{MARK}", f"key-{MARK}")

        assert "GetSecretValue" in caplog.text
        assert MARK not in caplog.text

    def test_other_answers_are_logged_as_ever(self, secret, caplog):
        put(secret, '{"client_id": "an-app", "client_secret": "its-key"}')
        spotify_credentials(secret)
        caplog.set_level(logging.DEBUG, "botocore.parsers")
        caplog.clear()

        client("secretsmanager").describe_secret(SecretId=secret)

        assert secret in caplog.text


def frames(error: BaseException):
    """The frames that the error came through, of the package only: a test knows what it has put."""
    found = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    package = os.sep + "pyspotify_assets" + os.sep
    ours = [frame for frame in found if package in frame.f_code.co_filename]
    assert ours
    return ours


@contextmanager
def answering(status: int, body: str) -> Iterator[tuple[str, list[str]]]:
    """A service that answers everything alike. Gives its address, and what it has been asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.headers["X-Amz-Target"])
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
