"""Logging in: over real HTTP, with a browser that does what a user would, or what nobody should."""

import contextlib
import http.client
import logging
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests

from pyspotify_assets.errors import LoginError, SpotifyError
from pyspotify_assets.spotify.client import SpotifyClient
from pyspotify_assets.spotify.login import SCOPES, log_in, redirect_uri
from pyspotify_assets.spotify.sample import faults, refusals
from pyspotify_assets.spotify.sample.messages import Response, json_response
from pyspotify_assets.spotify.simulator import Simulator
from pyspotify_assets.spotify.token_store import Login
from pyspotify_assets_tests.conftest import free_port

NOW = datetime(2026, 11, 22, 9, 15, tzinfo=UTC)
KEY = "its-own-key-0123456789"
ACCOUNTS = "/api/token"


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(clock=lambda: NOW) as simulator:
        yield simulator


def log_in_here(simulator: Simulator, browser: Callable[[str], Any], **options: Any) -> Login:
    """Log in at the simulator, with `browser` as what opens Spotify's page."""
    given = {"client_secret": KEY, "port": 0, "patience": 5, "base_url": simulator.base_url, "clock": lambda: NOW}
    given |= options
    return log_in("an-app", given.pop("client_secret"), browser, **given)


def failure(simulator: Simulator, browser: Callable[[str], Any], **options: Any) -> LoginError:
    with pytest.raises(LoginError) as caught:
        log_in_here(simulator, browser, **options)
    return caught.value


def get(address: str, **headers: str) -> tuple[int, str]:
    """What a browser shows in the end, redirects followed."""
    request = urllib.request.Request(address, headers=headers)  # noqa: S310 - loopback
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def agree(address: str) -> tuple[int, str]:
    """A user who agrees at once: Spotify's page sends the browser straight back."""
    return get(address)


def asked(address: str) -> dict[str, str]:
    """What Spotify's page was asked for."""
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


class TestAUserWhoAgrees:
    @pytest.mark.parametrize("client_secret", [KEY, ""], ids=["with the secret", "with the client id alone"])
    def test_is_logged_in_and_their_tracks_can_be_read(self, simulator, client_secret):
        login = log_in_here(simulator, agree, client_secret=client_secret)

        assert (login.client_id, login.authorised_at, login.scopes) == ("an-app", NOW, tuple(sorted(SCOPES)))
        options = {"base_url": simulator.base_url, "refresh_token": login.refresh_token}
        with SpotifyClient("an-app", client_secret, **options) as client:
            assert client.top_tracks_page("medium_term", 5, 0).entries
            assert client.search_page("year:2025-2026", market="US", limit=10, offset=0).entries

    def test_is_asked_for_reading_only_with_a_state_and_a_challenge_of_this_login(self, simulator):
        pages: list[dict[str, str]] = []

        for _ in range(2):
            log_in_here(simulator, lambda address: (pages.append(asked(address)), agree(address)))

        first, second = pages
        assert first["scope"].split() == list(SCOPES)
        assert not [scope for scope in SCOPES if "modify" in scope]
        assert first["code_challenge_method"] == "S256"
        for secret in ("state", "code_challenge"):
            assert len(first[secret]) >= 43
            assert first[secret] != second[secret]
        assert urlsplit(first["redirect_uri"]).hostname == "127.0.0.1"

    def test_sees_a_page_that_says_what_comes_next_and_stays_in_no_cache(self, simulator):
        seen: list[requests.Response] = []

        log_in_here(simulator, lambda address: seen.append(requests.get(address, timeout=5)))

        [page] = seen
        assert page.status_code == 200
        assert "Go back to the terminal" in page.text
        assert page.headers["Cache-Control"] == "no-store"
        assert page.headers["Referrer-Policy"] == "no-referrer"

    def test_is_sent_back_to_the_port_that_was_asked_for_also_the_next_time(self, simulator):
        port, pages = free_port(), []

        for _ in range(2):
            log_in_here(simulator, lambda address: (pages.append(asked(address)), agree(address)), port=port)

        assert {page["redirect_uri"] for page in pages} == {redirect_uri(port)} == {f"http://127.0.0.1:{port}/callback"}
        with pytest.raises(OSError, match="refused"):  # nobody listens there any more
            socket.create_connection(("127.0.0.1", port), 1)

    def test_does_not_wait_for_connections_that_a_browser_opens_in_advance(self, simulator):
        def browser(address: str) -> None:
            uri = urlsplit(asked(address)["redirect_uri"])
            idle.extend(socket.create_connection((uri.hostname, uri.port), 1) for _ in range(3))
            agree(address)

        idle: list[socket.socket] = []
        began = time.monotonic()
        try:
            assert log_in_here(simulator, browser).refresh_token
        finally:
            for connection in idle:
                connection.close()
        assert time.monotonic() - began < 3


class TestAnAnswerThatIsNotTheOne:
    def test_is_turned_away_when_its_state_is_another_and_the_right_one_still_counts(self, simulator):
        seen: list[tuple[int, str]] = []

        def browser(address: str) -> None:
            uri = asked(address)["redirect_uri"]
            for query in (
                {"code": "of-somebody-else", "state": "guessed"},
                {"code": "of-somebody-else"},
                {"code": "of-somebody-else", "state": "ü"},
                {"error": "access_denied", "state": "guessed"},
                {"state": asked(address)["state"]},
                {"state": asked(address)["state"], "code": "one", "error": "another"},
            ):
                seen.append(get(f"{uri}?{urlencode(query)}"))
            seen.append(get(f"{uri}?" + "&".join(f"f{number}=1" for number in range(50))))
            seen.append(agree(address))

        assert log_in_here(simulator, browser).refresh_token
        assert [status for status, _ in seen] == [400] * 7 + [200]
        assert all("of-somebody-else" not in page for _, page in seen)

    def test_alone_leads_to_a_message_that_says_so(self, simulator):
        def browser(address: str) -> None:
            get(f"{asked(address)['redirect_uri']}?code=x&state=guessed")

        error = failure(simulator, browser, patience=0.3)

        assert "1 with a wrong `state`" in str(error)

    def test_is_turned_away_when_it_comes_under_another_host_name(self, simulator):
        seen: list[int] = []

        def browser(address: str) -> None:
            uri, state = asked(address)["redirect_uri"], asked(address)["state"]
            port = urlsplit(uri).port
            for host in (
                "evil.example",
                f"evil.example:{port}",
                f"localhost:{port}",
                "127.0.0.1",
                f"127.0.0.1:{port}1",
            ):
                seen.append(get(f"{uri}?code=x&state={state}", Host=host)[0])
            agree(address)

        assert log_in_here(simulator, browser).refresh_token
        assert seen == [421] * 5

    def test_is_nothing_to_other_paths_and_methods(self, simulator):
        seen: list[int] = []

        def browser(address: str) -> None:
            uri, state = urlsplit(asked(address)["redirect_uri"]), asked(address)["state"]
            for method, path in (("GET", "/favicon.ico"), ("GET", "/callback/"), ("POST", "/callback")):
                connection = http.client.HTTPConnection(uri.hostname, uri.port, timeout=5)
                with contextlib.closing(connection):
                    connection.request(method, f"{path}?code=x&state={state}")
                    seen.append(connection.getresponse().status)
            agree(address)

        assert log_in_here(simulator, browser).refresh_token
        assert seen == [404, 404, 501]

    def test_is_not_a_second_one(self, simulator):
        seen: list[int] = []

        def browser(address: str) -> None:
            agree(address)
            query = urlencode({"code": "another", "state": asked(address)["state"]})
            seen.append(get(f"{asked(address)['redirect_uri']}?{query}")[0])

        assert log_in_here(simulator, browser).refresh_token
        assert seen == [409]


class TestALoginThatFails:
    def test_because_the_user_does_not_agree(self, simulator):
        simulator.consents = False

        error = failure(simulator, agree)

        assert "access_denied" in str(error)
        assert "pyspotify login" in error.remedy

    def test_for_a_reason_of_spotifys_says_it_without_what_a_terminal_would_obey(self, simulator):
        def browser(address: str) -> None:
            query = urlencode({"error": "server_error\x1b[2J", "state": asked(address)["state"]})
            get(f"{asked(address)['redirect_uri']}?{query}")

        assert "(server_error?[2J)" in str(failure(simulator, browser))

    def test_because_nobody_comes_says_what_to_register(self, simulator):
        port, began = free_port(), time.monotonic()

        error = failure(simulator, lambda address: None, patience=0.2, port=port)

        assert time.monotonic() - began < 2
        assert "0 s" in str(error)
        assert f"http://127.0.0.1:{port}/callback" in error.remedy
        assert "Invalid redirect URI" in error.remedy

    def test_because_the_port_is_taken_says_which_and_names_another(self, simulator):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]

            error = failure(simulator, pytest.fail, port=port)

        assert f"Port {port} of 127.0.0.1 cannot be listened on: Address already in use" in str(error)
        assert "--port 8888" in error.remedy
        assert "http://127.0.0.1:8888/callback" in error.remedy

    @pytest.mark.parametrize(
        ("answer", "words", "remedy"),
        [
            (refusals.invalid_client(), "does not know this app", "SPOTIPY_CLIENT_SECRET"),
            (refusals.invalid_grant("Invalid authorization code"), "Invalid authorization code", "pyspotify login"),
            (faults.unavailable(), "503", "pyspotify login"),
            (faults.html(), "not JSON", "pyspotify login"),
            (faults.empty(), "not JSON", "pyspotify login"),
            (faults.not_an_object(), "no refresh token", "pyspotify login"),
            (json_response(200, {"access_token": "a", "expires_in": 1}), "no refresh token", "pyspotify login"),
            (json_response(200, {"refresh_token": "two\nlines"}), "no refresh token", "pyspotify login"),
            (Response(302, {"Location": "https://example.org"}), "302", "pyspotify login"),
            (faults.cut_body(), "broke off", "again"),
            (faults.reset(), "cannot be reached", "network"),
            (faults.silence(), "did not answer in time", "network"),
        ],
    )
    def test_at_the_exchange_of_the_code_which_is_tried_once(self, simulator, answer, words, remedy):
        simulator.fail(ACCOUNTS, answer)

        error = failure(simulator, agree, timeout=0.5)

        assert words in str(error)
        assert remedy in error.remedy
        assert sum(request.path.endswith(ACCOUNTS) for request in simulator.requests) == 1

    def test_because_the_code_was_asked_for_by_another_login_is_refused_by_spotify(self, simulator):
        """PKCE at work: a code that was stolen is no good without the verifier."""

        def browser(address: str) -> None:
            parts = asked(address)
            stolen = urlsplit(address)._replace(query=urlencode({**parts, "code_challenge": "A" * 43})).geturl()
            agree(stolen)

        assert "code_verifier was incorrect" in str(failure(simulator, browser))

    @pytest.mark.parametrize(("client_id", "key"), [("", KEY), ("an app", KEY), ("an-app", "ü"), ("an-app", "a b")])
    def test_before_it_begins_without_usable_credentials(self, simulator, client_id, key):
        with pytest.raises(SpotifyError, match="credentials"):
            log_in(client_id, key, pytest.fail, base_url=simulator.base_url)

    def test_before_it_begins_at_a_host_that_is_not_spotifys(self):
        with pytest.raises(SpotifyError, match="neither"):
            log_in("an-app", KEY, pytest.fail, base_url="https://example.org")


def test_no_secret_of_a_login_is_in_a_log_an_error_or_what_is_printed(simulator, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    secrets: list[str] = [KEY]

    def browser(address: str) -> None:
        answer = requests.get(address, allow_redirects=False, timeout=5)
        code = asked(answer.headers["Location"])["code"]
        secrets.append(code)
        simulator.fail(ACCOUNTS, refusals.invalid_grant(f"{code} {KEY}"))
        caplog.clear()  # what this browser logs is its own
        connection = http.client.HTTPConnection("127.0.0.1", urlsplit(asked(address)["redirect_uri"]).port)
        with contextlib.closing(connection):
            connection.request("GET", answer.headers["Location"].partition(str(connection.port))[2])
            connection.getresponse().read()

    error = failure(simulator, browser)
    login = log_in_here(simulator, lambda address: http_only(address))
    secrets.append(login.refresh_token)

    printed = capfd.readouterr()
    everything = f"{caplog.text}{error!r}{error}{error.__cause__}{error.__context__}{login!r}{printed.out}{printed.err}"
    assert "*** ***" in everything
    assert [secret for secret in secrets if secret in everything] == []


def http_only(address: str) -> None:
    """A browser that logs nothing."""
    agree(address)
