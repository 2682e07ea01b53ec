"""The simulator: an HTTP server on loopback that stands in for Spotify and serves the built-in sample.

Sockets, the request log and scripted faults are here; what is answered is in `sample/`. A path may begin with
`/as-of/YYYY-MM-DD`: the sample knows its past, so the server needs no state and serves many days at once.
"""

import re
import socket
import threading
from collections import deque
from collections.abc import Callable
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, cast
from urllib.parse import parse_qsl, urlsplit

from pyspotify_assets.clock import Clock, system_clock
from pyspotify_assets.spotify.sample.web_api import Request, Response, answer

_PATH = re.compile(r"(?:/as-of/(\d{4}-\d{2}-\d{2}))?(/(?:api/token|v1/.*))", re.ASCII)
_LARGEST_BODY = 64 * 1024
_REMEMBERED_REQUESTS = 10_000


class LoggedRequest(NamedTuple):
    """One request as it came, the day's prefix included."""

    method: str
    path: str
    query: dict[str, str]


class Fault(NamedTuple):
    """A response to send instead of the sample's, once, to the first request that `applies`: a part of its path, or a
    function of the request."""

    applies: str | Callable[[LoggedRequest], bool]
    response: Response


class Simulator:
    """A server on a free port of 127.0.0.1, from `with` to the end of the block.

    `seed` decides on the catalogue; `clock` on the day that a path without one means (in UTC). `requests` are the
    latest requests, oldest first; `faults` are taken in order.

        >>> with Simulator(seed=2023) as simulator:
        ...     client = SpotifyClient("any", "any", base_url=f"{simulator.base_url}/as-of/2026-11-22")
    """

    def __init__(self, seed: int = 2023, clock: Clock = system_clock) -> None:
        self.seed, self.clock = seed, clock
        self.requests: deque[LoggedRequest] = deque(maxlen=_REMEMBERED_REQUESTS)
        self.faults: list[Fault] = []
        self._lock = threading.Lock()
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def base_url(self) -> str:
        """The address, without a slash at its end."""
        if self._server is None:
            raise RuntimeError("The simulator serves only within its `with` block.")
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "Simulator":
        self._server = _Server(self)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="spotify-simulator", daemon=True
        )
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._server.end_connections()
            self._server.server_close()  # waits for the threads of the connections
        self._server = self._thread = None

    def take_fault(self, request: LoggedRequest) -> Response | None:
        """The response of the first fault that applies to `request`, which is thereby used up."""
        with self._lock:
            for position, (applies, response) in enumerate(self.faults):
                if applies in request.path if isinstance(applies, str) else applies(request):
                    del self.faults[position]
                    return response
        return None


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # so that closing the server waits for them

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self._connections: set[socket.socket] = set()
        super().__init__(("127.0.0.1", 0), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def end_connections(self) -> None:
        """End the connections that clients keep open, whose threads would wait for another request."""
        for connection in list(self._connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # the client was faster

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that went away in the middle of an answer."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Without these two, Nagle's algorithm and delayed acknowledgements cost some 40 ms per answer.
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: Any) -> None:
        """Keep standard error clean: requests are in the simulator's log."""

    def _serve(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > _LARGEST_BODY:
            return self._send(Response(413, {"Connection": "close"}))
        body = self.rfile.read(int(length)).decode("utf-8", "replace")
        server = cast(_Server, self.server)
        port = server.server_port
        # A page in a browser could reach this port under a host name of its own.
        if self.headers.get("Host") not in (f"127.0.0.1:{port}", f"localhost:{port}"):
            return self._send(Response(421, {"Connection": "close"}, b"Misdirected request"))
        parts = urlsplit(self.path)
        logged = LoggedRequest(self.command, parts.path, dict(parse_qsl(parts.query, keep_blank_values=True)))
        server.simulator.requests.append(logged)
        self._send(server.simulator.take_fault(logged) or self._answer(logged, body, server.simulator))

    def _answer(self, logged: LoggedRequest, body: str, simulator: Simulator) -> Response:
        match = _PATH.fullmatch(logged.path)
        if match is None:
            return Response(404, {"Content-Type": "text/plain"}, b"Not found")
        try:
            day = date.fromisoformat(match[1]) if match[1] else simulator.clock().date()
        except ValueError:
            return Response(400, {"Content-Type": "text/plain"}, b"No such day")
        request = Request(
            logged.method, match[2], logged.query, self.headers.get("Authorization", ""), dict(parse_qsl(body))
        )
        prefix = f"/as-of/{match[1]}" if match[1] else ""
        return answer(request, simulator.seed, day, f"{simulator.base_url}{prefix}")

    def _send(self, response: Response) -> None:
        headers = {"Content-Length": str(len(response.body)), **response.headers}
        self.send_response(response.status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(response.body)
        # A body that is cut off on purpose ends with the connection.
        if headers["Content-Length"] != str(len(response.body)) or headers.get("Connection") == "close":
            self.close_connection = True
