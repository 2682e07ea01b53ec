"""What a store does when things go wrong: kills, races, full and read-only disks, an S3 that refuses or hangs up."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from pyspotify_assets.errors import LakeError
from pyspotify_assets.stores.folder import FolderStore
from pyspotify_assets.stores.s3 import S3Store

NOBODY = 65534
PUBLISH_FOR_EVER = """
import sys
from pathlib import Path
from pyspotify_assets.stores.folder import FolderStore
store, letter, rounds = FolderStore.at(Path(sys.argv[1])), sys.argv[2], int(sys.argv[3])
for number in range(rounds):
    with store.staging("x") as path:
        with open(path, "wb") as file:
            for _ in range(40):
                file.write(letter.encode() * 4096)
        store.publish(path, "a/x", {"letter": letter})
    if number == 0:
        print("begun", flush=True)
"""
PUBLISH_ONE = """
import os, sys
from pathlib import Path
from pyspotify_assets.errors import LakeError
from pyspotify_assets.stores.folder import FolderStore
if len(sys.argv) > 3:
    os.setuid(int(sys.argv[3]))
store = FolderStore.at(Path(sys.argv[1]))
try:
    with store.staging("x") as path:
        with open(path, "wb") as file:
            file.write(b"n" * int(sys.argv[2]))
        store.publish(path, "a/x")
except LakeError as error:
    print(error)
    print(store.read("a/x").decode() if store.info("a/x") else "nothing")
"""


def start(script: str, *arguments: object, **options) -> subprocess.Popen:
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **options)  # noqa: S603 - our own command


def is_whole(content: bytes) -> bool:
    return len(content) == 40 * 4096 and len(set(content)) == 1


def put(store, key: str, content: bytes):
    with store.staging("file") as path:
        path.write_bytes(content)
        return store.publish(path, key)


class TestFolder:
    def test_a_process_killed_at_any_moment_leaves_old_or_new(self, tmp_path):
        store = FolderStore.at(tmp_path)
        for letter, moment in zip("abcdef", (0.0, 0.003, 0.007, 0.011, 0.017, 0.023), strict=True):
            process = start(PUBLISH_FOR_EVER, tmp_path, letter, 10**9)
            assert process.stdout.readline() == "begun\n"
            time.sleep(moment)
            process.send_signal(signal.SIGKILL)
            process.communicate()

            assert is_whole(store.read("a/x"))
            assert [info.key for info in store.objects("")] == ["a/x"]
            assert store.info("a/x").notes in ({"letter": letter}, {})
        # What the killed ones have left harms nobody.
        put(store, "a/x", b"new")
        assert store.read("a/x") == b"new"

    def test_two_processes_that_publish_at_once_leave_one_whole_result(self, tmp_path):
        store = FolderStore.at(tmp_path)
        processes = [start(PUBLISH_FOR_EVER, tmp_path, letter, 150) for letter in "ab"]
        for process in processes:
            process.stdout.readline()
        while any(process.poll() is None for process in processes):
            assert is_whole(store.read("a/x"))
        assert [process.communicate() and process.returncode for process in processes] == [0, 0]

        content, notes = store.read("a/x"), store.info("a/x").notes
        assert is_whole(content)
        assert notes in ({"letter": content[:1].decode()}, {})

    def test_publishing_and_deleting_side_by_side_never_fails(self, tmp_path):
        store, done = FolderStore.at(tmp_path), threading.Event()

        def delete() -> None:
            while not done.is_set():
                store.delete("a/b/c/x")

        thread = threading.Thread(target=delete)
        thread.start()
        try:
            for _ in range(200):
                put(store, "a/b/c/x", b"content")
        finally:
            done.set()
            thread.join()

    def test_a_folder_that_cannot_be_written_is_named_with_the_remedy(self):
        # Root may write everywhere: then it is tried as nobody.
        folder = Path(tempfile.mkdtemp())
        try:
            put(FolderStore.at(folder), "a/x", b"old")
            for path in (folder, *folder.rglob("*")):
                path.chmod(0o555 if path.is_dir() else 0o444)
            process = start(PUBLISH_ONE, folder, 10, *([NOBODY] if os.geteuid() == 0 else []))
            words, _ = process.communicate()
        finally:
            for path in (folder, *folder.rglob("*")):
                path.chmod(0o755)
            shutil.rmtree(folder)

        assert str(folder) in words
        assert "allow this user to write" in words
        assert words.endswith("old\n")

    def test_a_full_disk_is_named_with_the_remedy_and_leaves_the_old_object(self, tmp_path):
        mount = f'mount -t tmpfs -o size=1m none \'{tmp_path}\' && exec "$0" "$@"'
        command = ["unshare", "-rm", "sh", "-c", mount]
        if shutil.which("unshare") is None or subprocess.run([*command, "true"], capture_output=True).returncode:  # noqa: S603
            pytest.skip("no small disk can be mounted here")
        script = f"import sys\nsys.argv[2] = 10\n{PUBLISH_ONE}\nsys.argv[2] = 10 << 20\n{PUBLISH_ONE}"
        words = subprocess.run(  # noqa: S603 - our own command
            [*command, sys.executable, "-c", script, str(tmp_path), "0"], capture_output=True, text=True, check=True
        ).stdout

        assert "The disk is full: make room" in words
        assert words.endswith("nnnnnnnnnn\n")

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
    def test_a_disk_that_fills_while_staging_is_named(self, tmp_path):
        with pytest.raises(LakeError, match="disk is full") as error, FolderStore.at(tmp_path).staging("x") as path:
            path.symlink_to("/dev/full")
            path.write_bytes(b"content")
        assert str(tmp_path) in str(error.value)


Answer = Callable[[str, str], "tuple[int, str] | str | None"]
"""Method and path of a request → status and error code to answer with, `hang up`, or None: pass it on."""


@contextmanager
def faulty(server: str, answer: Answer) -> Iterator[str]:
    """An S3 server that does what `answer` says, else what the one at `server` does. Gives its address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            fault = answer(self.command, self.path)
            if fault == "hang up":
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if isinstance(fault, tuple):
                status, code = fault
                content = f"<Error><Code>{code}</Code><Message>made up</Message></Error>".encode()
                headers: list[tuple[str, str]] = []
            else:
                upstream = http.client.HTTPConnection(urlsplit(server).netloc)
                upstream.request(self.command, self.path, body, dict(self.headers))
                response = upstream.getresponse()
                status, content, headers = response.status, response.read(), response.getheaders()
                upstream.close()
            self.send_response(status)
            for name, text in headers:
                if name.lower() not in ("content-length", "connection", "server", "date", "transfer-encoding"):
                    self.send_header(name, text)
            length = {name.lower(): text for name, text in headers}.get("content-length", str(len(content)))
            self.send_header("Content-Length", length if self.command == "HEAD" else str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = handle_any

        def log_message(self, *_: object) -> None: ...

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None: ...  # Clients that hang up are what this is about.

    proxy = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=proxy.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{proxy.server_address[1]}"
    finally:
        proxy.shutdown()
        thread.join()
        proxy.server_close()


class TestS3:
    @pytest.fixture(autouse=True)
    def no_pauses(self, monkeypatch):
        monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0.0)

    @pytest.mark.parametrize(
        ("status", "code", "remedy"),
        [
            (403, "AccessDenied", "Allow s3:PutObject on the bucket"),
            (400, "ExpiredToken", "Log in again"),
            (403, "InvalidAccessKeyId", "AWS_ACCESS_KEY_ID"),
            (403, "SignatureDoesNotMatch", "AWS_SECRET_ACCESS_KEY"),
            (301, "PermanentRedirect", "AWS_DEFAULT_REGION"),
            (503, "SlowDown", "later"),
            (500, "InternalError", "later"),
            (400, "SomethingNew", "later"),
        ],
    )
    def test_a_refusal_names_bucket_key_operation_and_remedy(
        self, s3_bucket, s3_server, monkeypatch, status, code, remedy
    ):
        put(S3Store(s3_bucket), "a", b"old")
        with faulty(s3_server, lambda method, path: (status, code) if method == "PUT" else None) as address:
            monkeypatch.setenv("AWS_ENDPOINT_URL", address)
            with pytest.raises(LakeError) as error:
                put(S3Store(s3_bucket), "a", b"new")

        assert f"s3://{s3_bucket}/a" in str(error.value)
        assert "PutObject" in str(error.value)
        assert remedy in error.value.remedy
        monkeypatch.setenv("AWS_ENDPOINT_URL", s3_server)
        assert S3Store(s3_bucket).read("a") == b"old"

    def test_each_operation_names_the_action_that_is_to_be_allowed(self, s3_environment, monkeypatch):
        with faulty(s3_environment, lambda *_: (403, "AccessDenied")) as address:
            monkeypatch.setenv("AWS_ENDPOINT_URL", address)
            store = S3Store("bucket")
            for use, action in {
                lambda: store.info("a"): "s3:GetObject",
                lambda: store.read("a"): "s3:GetObject",
                lambda: list(store.objects("")): "s3:ListBucket",
                lambda: store.delete("a"): "s3:DeleteObject",
                lambda: store.arrow(): "s3:ListBucket",
            }.items():
                with pytest.raises(LakeError) as error:
                    use()
                assert action in error.value.remedy

    def test_trouble_for_a_while_is_waited_out(self, s3_bucket, s3_server, monkeypatch):
        faults = [(503, "SlowDown"), "hang up", (500, "InternalError")]
        with faulty(s3_server, lambda *_: faults.pop() if faults else None) as address:
            monkeypatch.setenv("AWS_ENDPOINT_URL", address)
            put(S3Store(s3_bucket), "a", b"content")
        assert not faults

    def test_trouble_for_ever_is_tried_four_times(self, s3_environment, monkeypatch):
        asked: list[str] = []
        with faulty(s3_environment, lambda _, path: (asked.append(path), (503, "SlowDown"))[1]) as address:
            monkeypatch.setenv("AWS_ENDPOINT_URL", address)
            with pytest.raises(LakeError):
                S3Store("bucket").read("a")
        assert len(asked) == 4

    def test_a_missing_bucket_is_not_taken_for_a_missing_object(self, s3_environment):
        store = S3Store("there-is-no-such-bucket")
        for use in (lambda: store.info("a"), lambda: store.read("a"), lambda: put(store, "a", b""), store.arrow):
            with pytest.raises(LakeError, match="there is no bucket there-is-no-such-bucket"):
                use()
        with pytest.raises(LakeError, match="there is no bucket"):
            list(store.objects(""))

    def test_an_endpoint_that_does_not_answer_is_named(self, s3_environment, monkeypatch):
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        with pytest.raises(LakeError, match=r"127\.0\.0\.1:9") as error:
            S3Store("bucket").read("a")
        assert "AWS_ENDPOINT_URL" in error.value.remedy

    def test_an_endpoint_that_is_no_address_is_named(self, s3_environment, monkeypatch):
        monkeypatch.setenv("AWS_ENDPOINT_URL", "no address")
        with pytest.raises(LakeError, match="no address"):
            S3Store("bucket").read("a")

    def test_without_credentials_it_says_which_to_set(self, s3_environment, monkeypatch):
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
        with pytest.raises(LakeError) as error:
            S3Store("bucket").read("a")
        assert "AWS_PROFILE" in error.value.remedy

    def test_a_profile_that_is_not_there_is_named(self, s3_environment, monkeypatch):
        monkeypatch.setenv("AWS_PROFILE", "nobody")
        with pytest.raises(LakeError, match="nobody"):
            S3Store("bucket").read("a")

    @pytest.mark.parametrize("fault", ["hang up", (503, "SlowDown")])
    def test_an_upload_that_is_cut_leaves_the_old_object_and_no_parts(self, s3_bucket, s3_server, monkeypatch, fault):
        monkeypatch.setattr("pyspotify_assets.stores.s3.MULTIPART_FROM", 6 << 20)
        monkeypatch.setattr("pyspotify_assets.stores.s3.PART", 5 << 20)
        put(S3Store(s3_bucket), "a", b"old")

        def second_part(_: str, path: str):
            return fault if "partNumber=2" in path else None

        with faulty(s3_server, second_part) as address:
            monkeypatch.setenv("AWS_ENDPOINT_URL", address)
            with pytest.raises(LakeError, match=f"s3://{s3_bucket}/a"):
                put(S3Store(s3_bucket), "a", os.urandom(11 << 20))

        monkeypatch.setenv("AWS_ENDPOINT_URL", s3_server)
        store = S3Store(s3_bucket)
        assert store.read("a") == b"old"
        assert "Uploads" not in store._client.list_multipart_uploads(Bucket=s3_bucket)
