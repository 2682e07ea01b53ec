"""Tokens: fetched once, fetched again, handed on, and dead; and what they keep to themselves."""

import logging
import pickle
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from pyspotify_assets.errors import LakeError, LoginError
from pyspotify_assets.spotify import failures
from pyspotify_assets.spotify.connection import new_session, without_secrets
from pyspotify_assets.spotify.failures import NotAnAnswer, Refusal
from pyspotify_assets.spotify.sample import faults, refusals
from pyspotify_assets.spotify.sample.messages import Response, json_response
from pyspotify_assets.spotify.simulator import Simulator
from pyspotify_assets.spotify.token_store import FileTokenStore, Keeper, Login
from pyspotify_assets.spotify.tokens import AppTokens, UserTokens

NOW = datetime(2026, 11, 22, 9, 15, tzinfo=UTC)
KEY = "its-own-key-0123456789"
ACCOUNTS = "/api/token"


@dataclass
class Desk:
    """Makes tokens of one app, at a simulator of its own whose clock can be set."""

    now: datetime = NOW
    simulator: Simulator = field(init=False)
    sessions: list[requests.Session] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.simulator = Simulator(clock=lambda: self.now)

    def app(self, timeout: float = 5) -> AppTokens:
        return AppTokens("an-app", KEY, self._session(), self.simulator.base_url, timeout)

    def user(self, refresh_token: str = "", key: str = KEY, told: Any = None, timeout: float = 5) -> UserTokens:
        refresh_token = refresh_token or self.simulator.refresh_token
        return UserTokens("an-app", key, refresh_token, self._session(), self.simulator.base_url, timeout, told)

    def kind(self, token: str) -> str:
        """The kind of token that Spotify takes it for."""
        headers = {"Authorization": f"Bearer {token}"}
        requests.get(f"{self.simulator.base_url}/v1/me/top/tracks", headers=headers, timeout=5)
        return self.simulator.requests[-1].token

    @property
    def fetches(self) -> int:
        return sum(request.grant != "" for request in self.simulator.requests)

    def _session(self) -> requests.Session:
        self.sessions.append(new_session(self.simulator.base_url))
        return self.sessions[-1]


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    with desk.simulator:
        yield desk
        for session in desk.sessions:
            session.close()


@pytest.mark.parametrize("kind", ["app", "user"])
class TestEitherKind:
    def test_is_what_spotify_takes_it_for(self, desk, kind):
        tokens = getattr(desk, kind)()

        assert tokens.kind == kind
        assert desk.kind(tokens.get()) == kind

    def test_is_fetched_once_however_many_threads_ask(self, desk, kind):
        tokens = getattr(desk, kind)()

        with ThreadPoolExecutor(8) as pool:
            given = list(pool.map(lambda _: tokens.get(), range(40)))

        assert len(set(given)) == 1
        assert desk.fetches == 1

    def test_is_another_once_spotify_has_ended_it(self, desk, kind):
        tokens = getattr(desk, kind)()
        ended = tokens.get()
        desk.simulator.end_access_tokens()

        renewed = tokens.renew()

        assert renewed != ended
        assert tokens.get() == renewed
        assert desk.kind(renewed) == kind
        assert desk.fetches == 2

    def test_is_fetched_anew_when_its_time_is_up(self, desk, kind):
        tokens = getattr(desk, kind)()
        desk.simulator.fail(ACCOUNTS, json_response(200, {"access_token": "soon-over", "expires_in": 59}))

        assert tokens.get() == "soon-over"
        assert desk.kind(tokens.get()) == kind

    def test_that_does_not_come_is_tried_only_once_and_can_be_asked_for_again(self, desk, kind):
        tokens = getattr(desk, kind)()
        desk.simulator.fail(ACCOUNTS, faults.unavailable(retry_after=7))

        with pytest.raises(Refusal) as caught:
            tokens.get()

        assert (caught.value.status, caught.value.retry_after, caught.value.at_token) == (503, 7, True)
        assert failures.is_worth_retrying(caught.value, 60)
        assert desk.fetches == 1
        assert desk.kind(tokens.get()) == kind

    @pytest.mark.parametrize("fault", [faults.silence, faults.reset, faults.cut_body])
    def test_is_not_waited_for_longer_than_the_timeout(self, desk, kind, fault):
        tokens = getattr(desk, kind)(timeout=0.2)
        desk.simulator.fail(ACCOUNTS, fault())

        with pytest.raises(requests.RequestException) as caught:
            tokens.get()

        assert failures.is_worth_retrying(caught.value, 60)

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"<html>Welcome to the hotel's network</html>",
            b"[]",
            b"null",
            b'"token"',
            b"[" * 100_000,
            b"{}",
            b'{"access_token": "a-token"}',
            b'{"expires_in": 3600}',
            b'{"access_token": "a-token", "expires_in": "soon"}',
            b'{"access_token": null, "expires_in": 3600}',
            b'{"access_token": 7, "expires_in": 3600}',
            b'{"access_token": "", "expires_in": 3600}',
            b'{"access_token": "two\\r\\nlines", "expires_in": 3600}',
        ],
    )
    def test_is_not_made_of_an_answer_that_has_none(self, desk, kind, body):
        tokens = getattr(desk, kind)()
        desk.simulator.fail(ACCOUNTS, Response(200, {"Content-Type": "application/json"}, body))

        with pytest.raises(NotAnAnswer):
            tokens.get()

        assert desk.kind(tokens.get()) == kind

    def test_with_credentials_that_spotify_does_not_know_is_a_refusal(self, desk, kind):
        tokens = getattr(desk, kind)()
        desk.simulator.fail(ACCOUNTS, refusals.invalid_client())

        with pytest.raises(Refusal, match="invalid_client") as caught:
            tokens.get()

        assert not failures.is_worth_retrying(caught.value, 60)


class TestARefreshToken:
    @pytest.mark.parametrize("reason", ["Refresh token expired", "Refresh token revoked"])
    def test_that_is_dead_means_to_log_in_again_and_is_never_tried_again(self, desk, reason, tmp_path):
        login = Login("an-app", desk.simulator.refresh_token, NOW - timedelta(days=200))
        tokens = desk.user(told=Keeper(FileTokenStore(tmp_path / "token.json"), login))
        desk.simulator.kill_refresh_tokens(reason)

        with pytest.raises(LoginError) as caught, ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: tokens.get(), range(4)))
        with pytest.raises(LoginError):
            tokens.renew()

        assert reason in str(caught.value)
        assert "2026-05-06" in str(caught.value)
        assert "pyspotify login" in caught.value.remedy
        assert not failures.is_worth_retrying(caught.value, 60)
        assert desk.fetches == 1

    def test_dies_six_months_after_the_user_allowed_it_however_often_it_was_used(self, desk):
        tokens = desk.user()
        for _ in range(6):
            tokens.renew()
            desk.now += timedelta(days=30)
        desk.now += timedelta(days=5)

        with pytest.raises(LoginError, match="Refresh token expired"):
            tokens.renew()

    def test_that_comes_in_place_of_ours_is_told_and_used_from_then_on(self, desk):
        told: list[str] = []
        tokens = desk.user(told=told.append)
        desk.simulator.rotates = True

        tokens.get()
        tokens.renew()

        assert len(set(told)) == 2
        assert desk.kind(tokens.renew()) == "user"

    def test_is_good_without_the_secret_where_it_was_given_without(self, desk):
        told: list[str] = []
        tokens = desk.user(_without_secret(desk), key="", told=told.append)

        assert desk.kind(tokens.get()) == "user"
        assert desk.kind(tokens.renew()) == "user"
        assert len(set(told)) == 2

    def test_that_another_process_has_used_up_is_looked_for_where_it_is_kept(self, desk, tmp_path):
        store = FileTokenStore(tmp_path / "token.json")
        store.write(Login("an-app", _without_secret(desk), NOW))
        here, there = (
            desk.user(login.refresh_token, key="", told=Keeper(store, login))
            for login in (store.read("an-app"), store.read("an-app"))
        )

        for tokens in (here, there, here, there):
            assert desk.kind(tokens.renew()) == "user"

    def test_of_a_login_that_was_made_anew_meanwhile_is_not_overwritten_by_an_older_ones(self, desk, tmp_path):
        store = FileTokenStore(tmp_path / "token.json")
        store.write(Login("an-app", desk.simulator.refresh_token, NOW - timedelta(days=100)))
        tokens = desk.user(told=Keeper(store, store.read("an-app")))
        anew = Login("an-app", "another-refresh-token", NOW)
        store.write(anew)
        desk.simulator.rotates = True

        tokens.get()

        assert store.read("an-app") == anew

    def test_that_was_forgotten_meanwhile_does_not_come_back(self, desk, tmp_path):
        store = FileTokenStore(tmp_path / "token.json")
        store.write(Login("an-app", desk.simulator.refresh_token, NOW))
        tokens = desk.user(told=Keeper(store, store.read("an-app")))
        store.forget("an-app")
        desk.simulator.rotates = True

        tokens.get()

        assert store.read("an-app") is None

    def test_that_cannot_be_kept_ends_no_run_and_is_told(self, desk, caplog):
        kept: list[str] = []

        def full(token: str) -> None:
            kept.append(token)
            raise LakeError(f"The disk is full: {token}")

        tokens = desk.user(told=full)
        desk.simulator.rotates = True

        assert desk.kind(tokens.get()) == "user"
        assert "The disk is full: ***" in caplog.text
        assert kept[0] not in caplog.text


class TestSecrets:
    @pytest.mark.parametrize("kind", ["app", "user"])
    def test_are_not_shown_and_not_pickled(self, desk, kind):
        tokens = getattr(desk, kind)()
        token = tokens.get()

        assert {token, KEY} <= set(tokens.secrets())
        assert not [secret for secret in tokens.secrets() if secret in repr(tokens)]
        with pytest.raises(TypeError, match="not pickled"):
            pickle.dumps(tokens)

    def test_are_in_no_log_of_any_level(self, desk, caplog, monkeypatch):
        of_user_without_secret = _without_secret(desk)
        for name in ("spotipy.oauth2", "spotipy.client"):  # as in a process that has just begun
            monkeypatch.setattr(logging.getLogger(name), "filters", [])
        caplog.set_level(logging.DEBUG)
        for name in ("spotipy.oauth2", "spotipy.client", "urllib3", "requests"):
            caplog.set_level(logging.DEBUG, name)
        tokens = [desk.app(), desk.user(), desk.user(of_user_without_secret, key="")]
        desk.simulator.rotates = True

        for each in tokens:
            each.get()
            each.renew()

        assert "/api/token" in caplog.text
        seen = {secret for each in tokens for secret in each.secrets()}
        assert len(seen) >= 10
        assert [secret for secret in seen if secret in caplog.text] == []

    def test_are_in_no_error_even_when_the_answer_quotes_them(self, desk):
        tokens = desk.user()
        quoted = f"Refresh token {desk.simulator.refresh_token} of {KEY} expired"
        desk.simulator.fail(ACCOUNTS, refusals.invalid_grant(quoted))

        with pytest.raises(LoginError) as caught:
            tokens.get()

        assert "Refresh token *** of *** expired" in str(caught.value)
        assert caught.value.__cause__ is caught.value.__context__ is None

    @given(
        st.lists(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=40), max_size=5),
        st.data(),
    )
    def test_none_survives_in_a_text_whatever_they_and_the_text_are(self, secrets, data):
        parts = st.one_of(st.text(max_size=20), st.sampled_from([*secrets, " "]))
        text = "".join(data.draw(st.lists(parts, max_size=8)))

        shown = without_secrets(text, secrets)

        assert [secret for secret in secrets if secret in shown and "*" not in secret] == []


def _without_secret(desk: Desk) -> str:
    """A refresh token that was given to an app without a secret."""
    from .test_login import agree, log_in_here

    return log_in_here(desk.simulator, agree, client_secret="").refresh_token
