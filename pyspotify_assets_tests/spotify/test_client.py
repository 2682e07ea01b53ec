"""What is worth another try gets one, within bounds; what Spotify has decided is told, with its reason and a remedy."""

import socket
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from pyspotify_assets.errors import LoginError, RefusedError, SpotifyError
from pyspotify_assets.spotify.client import SpotifyClient
from pyspotify_assets.spotify.sample.web_api import Response

from .conftest import DAY, NOW, PLAYLIST, failure, playlist, refusal, search

QUOTA = Response(
    429, {}, b'{"error": {"status": 429, "message": "API rate limit exceeded", "reason": "QUOTA_EXCEEDED"}}'
)

PASSING = {
    "500": Response(500, {}, b""),
    "502 with HTML": Response(502, {"Content-Type": "text/html"}, b"<html>Bad gateway</html>"),
    "503": refusal(503, "Service temporarily unavailable"),
    "error body that is a text": Response(500, {}, b'{"error": "text"}'),
    "200 with HTML": Response(200, {"Content-Type": "text/html"}, b"<html>Welcome</html>"),
    "200 without a body": Response(200),
    "200 with nested lists without end": Response(200, {}, b"[" * 100_000),
    "body cut off": Response(200, {"Content-Type": "application/json", "Content-Length": "5000"}, b'{"tracks": {'),
    "429 without Retry-After": Response(429, {}, b"Too many requests"),
    "429 with Retry-After 1.5": refusal(429, "API rate limit exceeded", **{"Retry-After": "1.5"}),
}


@pytest.mark.parametrize("response", PASSING.values(), ids=PASSING.keys())
def test_a_failure_that_passes_is_tried_again(connections, fail, response):
    fail("/search", response, response)

    page = search(connections.client())

    assert len(page.entries) == 50
    assert page.requests == 3
    assert len(connections.pauses) == 2


@pytest.mark.parametrize("response", PASSING.values(), ids=PASSING.keys())
def test_a_failure_that_does_not_pass_ends_after_the_attempts_that_are_set(connections, fail, simulator, response):
    fail("/search", *[response] * 9)

    error = failure(search, connections.client(attempts=3))

    assert "3 attempts" in str(error)
    assert error.remedy
    assert len(simulator.requests) == 4


def test_pauses_grow_and_stay_bounded(connections, fail):
    fail("/search", *[Response(500)] * 9)

    search(connections.client(attempts=10))

    assert connections.pauses[0] < connections.pauses[1] < connections.pauses[2]
    assert max(connections.pauses) <= 8.5


def test_a_token_answer_that_passes_is_tried_again(connections, fail):
    fail("/api/token", Response(503), Response(200, {}, b"<html>"), Response(200, {}, b"{}"), Response(200, {}, b"[]"))

    assert search(connections.client()).requests == 1


def test_a_short_wait_that_spotify_asks_for_is_waited_for_and_said(connections, fail, caplog):
    fail("/search", refusal(429, "API rate limit exceeded", **{"Retry-After": "7"}))

    search(connections.client())

    assert connections.pauses == [7]
    [record] = [record for record in caplog.records if record.name == "pyspotify_assets.progress"]
    assert "waiting 7.0 s" in record.getMessage()


@pytest.mark.parametrize(("seconds", "until"), [("86400", "2026-11-23 09:15 UTC"), ("3601", "2026-11-22 10:16 UTC")])
def test_a_long_wait_is_not_slept_through_and_the_error_says_until_when(connections, fail, simulator, seconds, until):
    fail("/search", refusal(429, "API rate limit exceeded", **{"Retry-After": seconds}))

    error = failure(search, connections.client())

    assert isinstance(error, RefusedError)
    assert f"{error.until:%Y-%m-%d %H:%M} UTC" == until
    assert f"until {until}" in str(error)
    assert f"after {until}" in error.remedy
    assert connections.pauses == []
    assert len(simulator.requests) == 2


def test_a_wait_beyond_all_dates_is_kept_for_a_week(connections, fail):
    fail("/search", refusal(429, "no", **{"Retry-After": "9" * 30}))

    assert failure(search, connections.client()).until == NOW + timedelta(days=7)


def test_the_time_until_which_spotify_refuses_is_never_too_early(connections, fail):
    fail("/search", refusal(429, "no", **{"Retry-After": "3600.5"}))

    until = failure(search, connections.client()).until

    assert NOW + timedelta(seconds=3600.5) <= until < NOW + timedelta(seconds=3660.5)


@pytest.mark.parametrize(("longest_wait", "waits"), [(60, False), (61, True), (0.5, False)])
def test_how_long_is_waited_is_a_setting(connections, fail, longest_wait, waits):
    fail("/search", refusal(429, "API rate limit exceeded", **{"Retry-After": "61"}))
    client = connections.client(longest_wait=longest_wait)

    if waits:
        search(client)
        assert connections.pauses == [61]
    else:
        assert isinstance(failure(search, client), RefusedError)


def test_a_quota_that_is_used_up_refuses_until_the_next_midnight_in_utc(connections, fail, simulator):
    fail("/search", QUOTA)

    error = failure(search, connections.client())

    assert error.until == datetime(2026, 11, 23, tzinfo=UTC)
    assert "midnight in UTC" in str(error)
    assert connections.pauses == []
    assert len(simulator.requests) == 2


@dataclass
class Watched:
    """A gate that lets `most` requests through, and writes down what it is told."""

    most: int = 10_000
    passed: int = 0
    closed: list = field(default_factory=list)

    def pass_one(self):
        if self.passed == self.most:
            raise RefusedError("The budget is used up.", "Wait.", NOW)
        self.passed += 1

    def close(self, until, reason):
        self.closed.append((until, reason))


def test_the_gate_is_asked_before_every_request_and_told_of_a_long_refusal(connections, fail):
    gate = Watched()
    fail("/search", Response(503), refusal(429, "API rate limit exceeded", **{"Retry-After": "3600"}))

    failure(search, connections.client(gate=gate))

    assert gate.passed == 2
    assert gate.closed == [(NOW + timedelta(hours=1), "429: API rate limit exceeded")]


def test_short_refusals_and_failures_do_not_close_the_gate(connections, fail):
    gate = Watched()
    fail("/search", Response(503), refusal(429, "API rate limit exceeded", **{"Retry-After": "30"}))

    search(connections.client(gate=gate))

    assert (gate.passed, gate.closed) == (3, [])


def test_behind_a_closed_gate_nothing_is_asked_not_even_for_a_token(connections, simulator):
    assert "budget" in str(failure(search, connections.client(gate=Watched(most=0))))
    assert list(simulator.requests) == []


def test_too_many_requests_without_a_time_are_given_up_after_growing_pauses(connections, fail):
    fail("/search", *[Response(429, {}, b"Too many requests")] * 5)

    error = failure(search, connections.client())

    assert not isinstance(error, RefusedError)
    assert connections.pauses == sorted(connections.pauses)
    assert len(connections.pauses) == 4


@pytest.mark.parametrize(
    "response",
    [
        Response(400, {}, b'{"error": "invalid_client", "error_description": "Invalid client secret"}'),
        Response(401, {}, b""),
    ],
)
def test_refused_credentials_are_final_and_name_their_variables(connections, fail, simulator, response):
    fail("/api/token", response)

    error = failure(search, connections.client())

    assert "refused the credentials" in str(error)
    assert "SPOTIPY_CLIENT_ID" in error.remedy
    assert "SPOTIPY_CLIENT_SECRET" in error.remedy
    assert len(simulator.requests) == 1


@pytest.mark.parametrize("credentials", [("", "key"), ("app", ""), (None, "key"), ("app", "kéy"), ("app", "a key\n")])
def test_credentials_that_nobody_was_given_are_refused_before_spotify_does(credentials):
    with pytest.raises(SpotifyError, match="no usable Spotify credentials") as caught:
        SpotifyClient(*credentials)

    assert "kéy" not in str(caught.value)


def test_a_token_that_ends_in_mid_run_is_replaced_once(connections, fail, simulator):
    client = connections.client()
    search(client)
    fail("/search", refusal(401, "The access token expired"))

    page = search(client)

    assert (len(page.entries), page.requests) == (50, 2)
    asked = [request.path.rpartition("/")[2] for request in simulator.requests]
    assert asked == ["token", "search", "search", "token", "search"]
    assert connections.pauses == []


def test_a_new_token_that_is_refused_is_not_replaced(connections, fail, simulator):
    fail("/search", refusal(401, "Invalid access token"))

    assert "Invalid access token" in str(failure(search, connections.client()))
    assert len(simulator.requests) == 2


@pytest.mark.parametrize(
    ("response", "kind", "words"),
    [
        (refusal(401, "Valid user authentication required"), LoginError, "wants a user's token (401: Valid user"),
        (refusal(403, "Insufficient client scope"), SpotifyError, "(403: Insufficient client scope)"),
        (Response(403, {}, b"Active premium subscription required"), SpotifyError, "no Premium (403: Active premium"),
        (refusal(404, "Resource not found"), SpotifyError, "(404: Resource not found)"),
        (refusal(400, "Invalid base62 id"), SpotifyError, "(400: Invalid base62 id)"),
    ],
)
def test_a_playlist_that_may_not_be_read_is_told_with_the_reason_and_a_remedy_at_once(
    connections, fail, simulator, response, kind, words
):
    fail("/items", response)

    error = failure(playlist, connections.client())

    assert type(error) is kind
    assert words in str(error)
    assert error.remedy
    assert connections.pauses == []
    assert len(simulator.requests) == 2


def test_a_playlist_that_is_refused_is_told_with_its_owner_where_that_is_known(connections, fail):
    client = connections.client()
    assert client.playlist_facts(PLAYLIST, "US").owner == "sample"
    fail("/items", refusal(401, "Valid user authentication required"))

    assert "sample" in str(failure(playlist, client))


def test_another_4xx_is_final_and_keeps_spotifys_reason(connections, fail, simulator):
    fail("/search", refusal(400, "Invalid limit"))

    assert "400: Invalid limit" in str(failure(search, connections.client()))
    assert len(simulator.requests) == 2


def test_a_redirect_is_not_followed(connections, fail, simulator):
    fail("/search", Response(302, {"Location": f"{simulator.base_url}/elsewhere"}))

    assert "elsewhere" in str(failure(search, connections.client()))
    assert len(simulator.requests) == 2


def test_a_host_that_cannot_be_reached_is_named(connections):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    error = failure(search, connections.client(base_url=f"http://127.0.0.1:{port}"))

    assert f"127.0.0.1:{port} cannot be reached" in str(error)
    assert "Connection refused" in str(error)
    assert len(connections.pauses) == 4


@pytest.mark.parametrize("attempts", [1, 2])
def test_a_host_that_does_not_answer_is_given_up_after_the_timeout(connections, attempts):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"

        error = failure(search, connections.client(base_url=f"http://{address}", timeout=0.1, attempts=attempts))

    assert f"{address} did not answer in time" in str(error)
    assert len(connections.pauses) == attempts - 1


def test_a_page_says_its_total_and_whether_it_is_the_last(connections):
    client = connections.client()

    first = client.playlist_page(PLAYLIST, market="US", limit=50, offset=0)
    last = client.playlist_page(PLAYLIST, market="US", limit=50, offset=500)

    assert (first.total, first.is_last) == (550, False)
    assert (last.total, last.is_last) == (550, True)
    assert DAY.isoformat() in client.base_url
