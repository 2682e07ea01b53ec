"""Faults: answers to send instead of the sample's, ready made, and to which requests.

    simulator.faults.append(Fault(at_request(3), too_many_requests(retry_after=30)))

A fault is taken once unless `times` says more, by the first request that it applies to.
"""

import json
from collections.abc import Callable
from typing import NamedTuple

from pyspotify_assets.spotify.sample import refusals
from pyspotify_assets.spotify.sample.messages import Response, json_response, text_response
from pyspotify_assets.spotify.sample.refusals import premium_needed, quota_exceeded, token_expired, too_many_requests

__all__ = ["premium_needed", "quota_exceeded", "token_expired", "too_many_requests"]  # beside those made here


class LoggedRequest(NamedTuple):
    """One request as it came, the day's prefix included. `number` counts from 1 since the log was last empty.

    `token` is the kind of token that it came with: "app", "user", "unknown" or "" for none; never the token itself.
    `grant` is what a request for a token offered: "client_credentials", "refresh_token", "authorization_code".
    """

    method: str
    path: str
    query: dict[str, str]
    number: int = 0
    token: str = ""
    grant: str = ""

    @property
    def is_page(self) -> bool:
        """Whether it asked the Web API for something, and not the accounts service for a token."""
        return "/v1/" in self.path


class Fault(NamedTuple):
    """A response to send instead of the sample's to the first requests that `applies`: a part of the path, or a
    function of the request. `times` is to how many of them."""

    applies: str | Callable[[LoggedRequest], bool]
    response: Response
    times: int = 1

    def applies_to(self, request: LoggedRequest) -> bool:
        """Whether this fault is meant for `request`."""
        return self.applies in request.path if isinstance(self.applies, str) else self.applies(request)


def at_request(number: int) -> Callable[[LoggedRequest], bool]:
    """Applies to the n-th request of all, from 1, those for tokens included."""
    return lambda request: request.number == number


def at_offset(offset: int) -> Callable[[LoggedRequest], bool]:
    """Applies to a request for the page that begins there."""
    return lambda request: request.is_page and request.query.get("offset", "0") == str(offset)


def server_error() -> Response:
    """500, in JSON."""
    return refusals.error(500, "Server error.")


def bad_gateway() -> Response:
    """502: the page of a proxy, in HTML."""
    return _html(502, "502 Bad Gateway")


def unavailable(retry_after: str | float | None = None) -> Response:
    """503, with Retry-After where one is given."""
    body = {"error": {"status": 503, "message": "Service unavailable"}}
    return json_response(503, body, **({} if retry_after is None else {"Retry-After": str(retry_after)}))


def forbidden_in_words() -> Response:
    """403 whose body is plain text: here that of a user whom the app does not know."""
    return text_response(403, "User not registered in the Developer Dashboard")


def error_is_text() -> Response:
    """400 whose `error` is a text and no object."""
    return json_response(400, {"error": "something is wrong"})


def html() -> Response:
    """A success that is the page of a proxy."""
    return _html(200, "Welcome to the hotel's network")


def empty() -> Response:
    """A success without a body."""
    return Response(200, {"Content-Type": "application/json; charset=utf-8"})


def not_an_object() -> Response:
    """A success whose JSON is a list."""
    return json_response(200, [])


def no_items() -> Response:
    """A success whose page has `"items": null`, as a search and as a playlist have it."""
    page = {"items": None, "limit": 50, "next": None, "offset": 0, "previous": None, "total": 0}
    return json_response(200, {**page, "tracks": page})


def half_a_document() -> Response:
    """A success whose JSON ends in the middle, while the length is that of what was sent."""
    return Response(200, {"Content-Type": "application/json; charset=utf-8"}, _HALF)


def cut_body() -> Response:
    """A success whose body ends before the length that was announced, and the connection with it."""
    return Response(
        200, {"Content-Type": "application/json; charset=utf-8", "Content-Length": str(2 * len(_HALF))}, _HALF
    )


def silence() -> Response:
    """No answer ever: the connection stays open until the client has waited enough."""
    return Response(0, instead="silence")


def reset() -> Response:
    """The connection is broken off before an answer."""
    return Response(0, instead="reset")


def _html(status: int, words: str) -> Response:
    body = f"<!DOCTYPE html><html><head><title>{words}</title></head><body><h1>{words}</h1></body></html>"
    return Response(status, {"Content-Type": "text/html"}, body.encode())


_HALF = json.dumps({"tracks": {"items": [{"id": "half", "name": "half of a na"}]}})[:-20].encode()

PASSING: dict[str, Response] = {
    "429 without Retry-After": too_many_requests(),
    "429 Retry-After 1": too_many_requests(1),
    "429 Retry-After 1.5": too_many_requests("1.5"),
    "429 Retry-After 30": too_many_requests(30),
    "429 plain text": too_many_requests(plain=True),
    "500": server_error(),
    "502 HTML": bad_gateway(),
    "503": unavailable(),
    "503 Retry-After 2": unavailable(2),
    "silence": silence(),
    "connection reset": reset(),
    "cut body": cut_body(),
    "half a document": half_a_document(),
    "200 HTML": html(),
    "200 empty": empty(),
}
"""By name, what is over in a moment: the same request, made again, is answered."""

LONG_REFUSALS: dict[str, Response] = {
    **{f"429 Retry-After {seconds}": too_many_requests(seconds) for seconds in (3600, 20000, 48925, 86400)},
    "429 plain text, Retry-After 3600": too_many_requests(3600, plain=True),
    "quota": quota_exceeded(),
    "quota, Retry-After 86400": quota_exceeded(86400),
}
"""By name, the refusals that nobody sits out."""

FINAL: dict[str, Response] = {
    "400 whose error is text": error_is_text(),
    "401": refusals.invalid_token(),
    "403": refusals.forbidden(),
    "403 plain text": forbidden_in_words(),
    "403 Premium": premium_needed(),
    "404": refusals.not_found(),
}
"""By name, what Spotify has decided. A single 401 may be a token that has ended: `token_expired` once is not final."""
