"""An AWS endpoint on loopback that says what a test has scripted, for services that speak JSON (`X-Amz-Target`).

Real boto3 talks to it. An operation's answers are used one after the other, the last again and again:

    with scripted_aws(GetCrawler=[{"Crawler": …}, Refusal("ThrottlingException", "slow down")]) as aws:
        monkeypatch.setenv("AWS_ENDPOINT_URL_GLUE", aws.address)

What is not scripted is passed on to the server at `upstream`, if there is one (moto keeps a real Glue catalog).
"""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

HANG_UP = "hang up"
"""An answer: the connection is cut."""

UPSTREAM = "ask upstream"
"""An answer: what the server at `upstream` says."""


@dataclass(frozen=True)
class Refusal:
    """An answer: AWS refuses, with a code such as AccessDeniedException."""

    code: str
    words: str = "made up"
    status: int = 400


Request = dict[str, Any]
Answer = Mapping[str, Any] | Refusal | str | Callable[[Request], "Mapping[str, Any] | Refusal | str"]


class ScriptedAws:
    """The scripted endpoint. `requests`: operation and parameters of each that came, in order."""

    def __init__(self, upstream: str = "") -> None:
        self.address, self._upstream = "", upstream
        self.requests: list[tuple[str, Request]] = []
        self._answers: dict[str, list[Answer]] = {}
        self._lock = threading.Lock()

    def script(self, **answers: Answer | Sequence[Answer]) -> None:
        """Set what operations are answered with, from now on; other operations keep what they have."""
        for operation, scripted in answers.items():
            self._answers[operation] = list(scripted) if isinstance(scripted, list | tuple) else [scripted]

    def forget(self) -> None:
        """Begin anew: nothing scripted, nothing asked. boto3 is slow to make clients: let tests share one endpoint."""
        with self._lock:
            self.requests.clear()
            self._answers.clear()

    def asked(self, operation: str) -> list[Request]:
        """The parameters of every request of one operation."""
        return [request for name, request in self.requests if name == operation]

    @property
    def operations(self) -> list[str]:
        """The operations that were asked for, in order."""
        return [name for name, _ in self.requests]

    def _answer(self, operation: str, request: Request) -> Mapping[str, Any] | Refusal | str:
        with self._lock:
            self.requests.append((operation, request))
            answers = self._answers.get(operation)
            answer: Answer = UPSTREAM if answers is None else answers.pop(0) if len(answers) > 1 else answers[0]
        if answer == UPSTREAM and not self._upstream:
            return Refusal("UnscriptedOperation", f"{operation} is not scripted")
        return answer(request) if callable(answer) else answer


@contextmanager
def scripted_aws(upstream: str = "", **answers: Answer | Sequence[Answer]) -> Iterator[ScriptedAws]:
    """Serve the scripted answers until the end of the block."""
    aws = ScriptedAws(upstream)
    aws.script(**answers)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # Head and body in one packet: in two, the second waits 40 ms for the first to be acknowledged.

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            operation = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
            answer = aws._answer(operation, json.loads(body or b"{}"))
            if answer == HANG_UP:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            if isinstance(answer, Refusal):
                status, content = answer.status, json.dumps({"__type": answer.code, "message": answer.words}).encode()
            elif isinstance(answer, Mapping):
                status, content = 200, json.dumps(answer).encode()
            else:
                status, content = self._upstream_says(body)
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def _upstream_says(self, body: bytes) -> tuple[int, bytes]:
            upstream = http.client.HTTPConnection(urlsplit(aws._upstream).netloc)
            try:
                upstream.request("POST", self.path, body, dict(self.headers))
                response = upstream.getresponse()
                return response.status, response.read()
            finally:
                upstream.close()

        def log_message(self, *_: object) -> None: ...

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None: ...  # Clients that are interrupted hang up.

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    aws.address = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield aws
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
