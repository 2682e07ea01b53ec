"""The sockets: an HTTP server on loopback that hands every request to a function and sends what it gives.

Whoever comes under another host's name is turned away: a page in a browser could reach this port by a name of its own.
So is a script of another page, which says where it comes from.
"""

import os
import re
import socket
import struct
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, cast

from pyspotify_assets.spotify.sample.messages import Response

_LARGEST_BODY = 64 * 1024


class Received(NamedTuple):
    """A request as it came: `target` is path and query, `body` the form."""

    method: str
    target: str
    authorization: str
    body: str


Answer = Callable[[Received], Response]


class Server(ThreadingHTTPServer):
    """A server on `port` of 127.0.0.1 (0: any that is free), from the start to `stop`. Each answer waits for `delay`
    seconds first."""

    daemon_threads = False  # so that closing the server waits for them
    request_queue_size = 64

    def __init__(self, answer: Answer, port: int, delay: float) -> None:
        self.answer, self.delay = answer, delay
        self.stopping = threading.Event()
        self._connections: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _Handler)
        self._thread = threading.Thread(
            target=self.serve_forever, kwargs={"poll_interval": 0.05}, name="spotify-simulator", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """End the connections, and wait for the threads that serve them."""
        self.stopping.set()
        self.shutdown()
        self._thread.join()
        for connection in list(self._connections):  # clients keep them open, and their threads wait for more
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # the client was faster
        self.server_close()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that went away in the middle of an answer."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Without these two, Nagle's algorithm and delayed acknowledgements cost some 40 ms per answer.
    wbufsize = -1
    disable_nagle_algorithm = True
    timeout = 120  # seconds for a request to come; clients open connections that they keep

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: Any) -> None:
        """Keep standard error clean: requests are in the simulator's log."""

    def _serve(self) -> None:
        server = cast(Server, self.server)
        ours = (f"127.0.0.1:{server.server_port}", f"localhost:{server.server_port}")
        if self.headers.get("Host") not in ours:
            return self._send(Response(421, {"Connection": "close"}, b"Misdirected request"))
        if self.headers.get("Origin", f"http://{ours[0]}") not in [f"http://{host}" for host in ours]:
            return self._send(Response(403, {"Connection": "close"}, b"Not for other pages"))
        length = self.headers.get("Content-Length", "0")
        if not re.fullmatch("[0-9]{1,6}", length) or int(length) > _LARGEST_BODY:
            return self._send(Response(413, {"Connection": "close"}))
        body = self.rfile.read(int(length)).decode("utf-8", "replace")
        authorization = self.headers.get("Authorization", "")
        response = server.answer(Received(self.command, self.path, authorization, body))
        if server.delay:
            server.stopping.wait(server.delay)
        self._send(response)

    def _send(self, response: Response) -> None:
        if response.instead:
            return self._break_off(response.instead)
        headers = {"Content-Length": str(len(response.body)), **response.headers}
        self.send_response(response.status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(response.body)
        # A body that is cut off on purpose ends with the connection.
        if headers["Content-Length"] != str(len(response.body)) or headers.get("Connection") == "close":
            self.close_connection = True

    def _break_off(self, how: str) -> None:
        self.close_connection = True
        if how == "silence":
            self.rfile.read(1)  # returns when the client, or the end of the server, closes the connection
            return
        # Without lingering, closing is a reset. By its descriptor: a polite end would come from the socket itself.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())
