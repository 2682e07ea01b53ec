"""No secret leaves the client: not to another host, not into a file, a log, an error or a pickle."""

import logging
import pickle

import pytest

from pyspotify_assets.errors import SpotifyError
from pyspotify_assets.spotify.client import SpotifyClient
from pyspotify_assets.spotify.sample.people import OWN_PLAYLIST
from pyspotify_assets.spotify.sample.web_api import Response

from .conftest import failure, refusal, search


@pytest.mark.parametrize(
    "base_url",
    [
        "http://api.spotify.com",
        "https://api.spotify.com.example.org",
        "https://example.org",
        "http://127.0.0.1@example.org",
        "http://127.0.0.1:80\\@example.org",
        "http://localhost.example.org",
        "http://169.254.169.254",
        "",
    ],
)
def test_no_host_but_spotify_and_loopback_is_talked_to(base_url):
    with pytest.raises(SpotifyError, match=r"neither https://api\.spotify\.com nor a loopback"):
        SpotifyClient("app", "key", base_url=base_url)


def test_a_proxy_is_not_asked_for_loopback(connections, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")

    assert search(connections.client()).entries


def test_an_entry_in_netrc_does_not_replace_the_token(connections, monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else")
    monkeypatch.setenv("NETRC", str(netrc))
    client = connections.client()
    client._session.trust_env = True  # as it is towards Spotify

    assert search(client).entries


def test_no_token_is_left_in_the_working_directory(connections, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)

    search(connections.client())

    assert list(tmp_path.iterdir()) == []


def test_secrets_are_in_no_log_whatever_its_level(connections, fail, caplog):
    for name in ("", "spotipy", "spotipy.client", "spotipy.oauth2", "pyspotify_assets.spotify", "urllib3"):
        caplog.set_level(logging.DEBUG, name)
    client = connections.client()
    search(client)
    [token] = {client._app.tokens.get()}
    fail("/search", Response(503, {}, f"its-own-key {token}".encode()))

    search(client)

    assert "503" in caplog.text
    for secret in ("its-own-key", token, "Bearer", "Basic"):
        assert secret not in caplog.text


def test_secrets_are_in_no_error_even_when_the_answer_quotes_them(connections, fail):
    client = connections.client()
    search(client)
    token = client._app.tokens.get()
    fail("/search", refusal(400, f"Bad header: Bearer {token}, its-own-key"))

    error = failure(search, client)

    assert "***" in str(error)
    assert token not in repr(error)
    assert "its-own-key" not in repr(error)
    assert error.__cause__ is error.__context__ is None


def test_a_client_shows_no_secret_and_cannot_be_pickled(connections):
    client = connections.client()

    assert repr(client) == f"SpotifyClient(base_url='{client.base_url}')"
    with pytest.raises(TypeError, match="holds credentials"):
        pickle.dumps(client)


def test_a_users_tokens_are_in_no_log_and_no_error_whatever_the_answer_quotes(connections, simulator, fail, caplog):
    for name in ("", "spotipy", "spotipy.client", "spotipy.oauth2", "pyspotify_assets.spotify", "urllib3"):
        caplog.set_level(logging.DEBUG, name)
    client = connections.client(refresh_token=simulator.refresh_token)
    client.saved_tracks_page("US", 10, 0)
    secrets = client._user.tokens.secrets()
    quoted = " ".join(secrets)
    fail("/me/tracks", Response(503, {}, quoted.encode()), refusal(429, quoted, **{"Retry-After": "7"}))
    client.saved_tracks_page("US", 10, 0)
    fail("/me/tracks", refusal(429, quoted, **{"Retry-After": "7000"}))
    fail("/items", refusal(403, quoted))

    errors = [
        failure(lambda client: client.saved_tracks_page("US", 10, 0), client),
        failure(lambda client: client.playlist_page(OWN_PLAYLIST, "US", 10, 0), client),
    ]

    assert simulator.refresh_token in secrets
    assert "503" in caplog.text
    assert "waiting 7.0 s" in caplog.text
    for error in errors:
        assert "***" in str(error)
        assert error.__cause__ is error.__context__ is None
    for secret in (*secrets, "Bearer", "Basic"):
        assert secret not in caplog.text
        assert not any(secret in text for error in errors for text in (str(error), repr(error)))
