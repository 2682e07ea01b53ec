"""Webhooks on loopback: servers that take, refuse, redirect, hang, drip or talk rubbish; and Slack's view of a post."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PATH = "/services/T000/B000/the-secret-of-this-webhook"
Behaviour = Callable[[BaseHTTPRequestHandler, threading.Event], None]


@dataclass
class Hook:
    """A running webhook: its address, the posts that reached it, and how it answers, which can be changed."""

    url: str
    behaviour: Behaviour
    posts: list[dict[str, Any]] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)


def answers(status: int, **headers: str) -> Behaviour:
    def behave(request: BaseHTTPRequestHandler, over: threading.Event) -> None:
        request.send_response(status)
        for name, text in headers.items():
            request.send_header(name, text)
        request.send_header("Content-Length", "2")
        request.end_headers()
        request.wfile.write(b"ok")

    return behave


def hangs(request: BaseHTTPRequestHandler, over: threading.Event) -> None:
    over.wait(30)


def drips(request: BaseHTTPRequestHandler, over: threading.Event) -> None:
    """A byte of a header now and then: no single read ever takes long."""
    request.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while not over.is_set():
        request.wfile.write(b"x")
        request.wfile.flush()
        time.sleep(0.05)


def talks_rubbish(request: BaseHTTPRequestHandler, over: threading.Event) -> None:
    request.wfile.write(b"\xff\xfe this is no HTTP\r\n\r\n")


@contextmanager
def webhook(behaviour: Behaviour = answers(200)) -> Iterator[Hook]:  # noqa: B008 - a function without state
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            hook.posts.append(json.loads(body) | {"path": self.path})
            with suppress(OSError):  # The client hangs up on those that are slow.
                hook.behaviour(self, hook.over)

        do_GET = do_POST

        def log_message(self, *_: object) -> None: ...

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None: ...

    with Server(("127.0.0.1", 0), Handler) as server:
        hook = Hook(f"http://127.0.0.1:{server.server_port}{PATH}", behaviour)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield hook
        finally:
            hook.over.set()
            server.shutdown()
            thread.join()


def shown(post: dict[str, Any]) -> list[str]:
    """The sections of a post as Slack shows them."""
    sections = [block["text"]["text"] for block in post["blocks"] if block["type"] == "section"]
    return [
        re.sub("&(lt|gt|amp);", lambda found: {"lt": "<", "gt": ">", "amp": "&"}[found[1]], one) for one in sections
    ]
