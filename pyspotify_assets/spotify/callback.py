"""The callback: a server on loopback for one answer of Spotify's, which the user's browser brings back.

Everything else that knocks (another page in the browser, an old tab, a look for an icon) is turned away and counted.
"""

from __future__ import annotations

import hmac
import os
import queue
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, cast
from urllib.parse import parse_qs, urlsplit

PATH = "/callback"
_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>pyspotify login</title></head>
<body style="font:1.1rem system-ui,sans-serif;margin:4rem auto;max-width:34rem"><p>{words}</p></body></html>"""
_DONE = "Thank you. Go back to the terminal; this page can be closed."
_REFUSED = "Spotify said no. Go back to the terminal; this page can be closed."
_STRANGE = "This is not the answer that <code>pyspotify login</code> waits for. Its own page may still be open."
_NOTHING_HERE = "There is nothing here but the answer that <code>pyspotify login</code> waits for."


class Answer(NamedTuple):
    """What Spotify sent the browser back with: a code, or in its words an error ("access_denied")."""

    code: str = ""
    error: str = ""


class Callback:
    """Listens on `port` of 127.0.0.1 (0: any that is free), from `with` to the end of the block.

    Taken is the first request for PATH that comes with `state`, to our own host name; `strangers` counts the others
    that were for PATH. OSError where the port cannot be listened on.
    """

    def __init__(self, port: int, state: str) -> None:
        self.state, self.strangers = state, 0
        self._answers: queue.Queue[Answer] = queue.Queue(maxsize=1)
        self._server = _Server(port, self)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="spotify-callback", daemon=True
        )

    @property
    def port(self) -> int:
        return self._server.server_port

    @property
    def uri(self) -> str:
        """The redirect URI: by number, since Spotify takes no `localhost`."""
        return f"http://127.0.0.1:{self.port}{PATH}"

    def wait(self, seconds: float) -> Answer | None:
        """The answer, as soon as it is there; None if it does not come in that time."""
        try:
            return self._answers.get(timeout=seconds)
        except queue.Empty:
            return None

    def take(self, query: str) -> tuple[int, str]:
        """Take the answer that a request for PATH brings; the status and the words that the browser gets."""
        asked = parse_qs(query, max_num_fields=20)
        values = {name: asked[name][0] for name in ("state", "code", "error") if len(asked.get(name, ())) == 1}
        ours = hmac.compare_digest(values.get("state", "").encode(), self.state.encode())
        if not ours or ("code" in values) == ("error" in values):
            self.strangers += 1
            return 400, _STRANGE
        answer = Answer(values.get("code", ""), re.sub(r"[^ -~]", "?", values.get("error", ""))[:100])
        try:
            self._answers.put_nowait(answer)
        except queue.Full:
            self.strangers += 1
            return 409, _STRANGE
        return (200, _REFUSED) if answer.error else (200, _DONE)

    def __enter__(self) -> Callback:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def __repr__(self) -> str:
        return f"Callback(port={self.port})"


class _Server(ThreadingHTTPServer):
    # Browsers open connections in advance and send nothing through them: each one has a thread that nobody waits for.
    daemon_threads = True
    block_on_close = False
    # So that a second login need not wait a minute. Elsewhere than on POSIX it would take over somebody else's port.
    allow_reuse_address = os.name == "posix"
    request_queue_size = 20

    def __init__(self, port: int, callback: Callback) -> None:
        self.callback = callback
        super().__init__(("127.0.0.1", port), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a browser that went away."""


class _Handler(BaseHTTPRequestHandler):
    timeout = 10  # seconds for a request to come, once somebody has connected
    wbufsize = -1  # one packet per answer
    server_version, sys_version = "pyspotify", ""

    def do_GET(self) -> None:
        server = cast(_Server, self.server)
        if self.headers.get_all("Host") != [f"127.0.0.1:{server.server_port}"]:
            # A page of somebody else's, under a host name that leads here.
            return self._send(421, _NOTHING_HERE)
        if self.headers.get("Origin") is not None:
            # A script asks. A browser that Spotify sends here comes by itself, and says nothing of an origin.
            return self._send(403, _NOTHING_HERE)
        parts = urlsplit(self.path)
        if parts.path != PATH:
            return self._send(404, _NOTHING_HERE)
        try:
            status, words = server.callback.take(parts.query)
        except ValueError:  # more fields than anybody needs
            status, words = 400, _STRANGE
        self._send(status, words)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the path has the code in it."""

    def _send(self, status: int, words: str) -> None:
        body = _PAGE.format(words=words).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
        self.send_header("Referrer-Policy", "no-referrer")
        self.end_headers()
        self.wfile.write(body)
