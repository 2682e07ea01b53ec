"""Requests and responses of the sample, without the sockets they travel through."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Request:
    """One request, without the host and the day that were asked. `authorization` is that header; `form` is the body."""

    method: str
    path: str
    query: Mapping[str, str]
    authorization: str = ""
    form: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Response:
    """One response, sent as it is. With a Content-Length beyond the body, the body is cut off.

    `instead` is what happens to the connection while nothing is sent: "silence" keeps it open until the client has had
    enough, "reset" breaks it off.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    instead: Literal["", "silence", "reset"] = ""


def json_response(status: int, document: object, **headers: str) -> Response:
    """A response whose body is `document` as JSON."""
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(status, {"Content-Type": "application/json; charset=utf-8", **headers}, body)


def text_response(status: int, text: str, **headers: str) -> Response:
    """A response whose body is plain text."""
    return Response(status, {"Content-Type": "text/plain; charset=utf-8", **headers}, text.encode())
