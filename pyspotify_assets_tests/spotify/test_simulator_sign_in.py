"""The simulator's accounts service: who gets which token for what, and what ends them."""

import base64
import hashlib
from datetime import timedelta

import pytest

from pyspotify_assets.spotify.sample import people
from pyspotify_assets.spotify.simulator import Simulator

from .asking import APP, CALLBACK, ask, ask_json, authorize, authorized, bearer, error, get, token
from .conftest import NOW

VERIFIER = "a-verifier-of-at-least-forty-three-characters-as-the-rfc-has-it"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
PKCE = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
OTHER_APP = "Basic " + base64.b64encode(b"other-app:key").decode()


def refused(reason, description):
    return 400, {"error": reason, "error_description": description}


def invalid_grant(description):
    return refused("invalid_grant", description)


def exchange_code(simulator, code, authorization=APP, redirect_uri=CALLBACK, **form):
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri, **form}
    return token(simulator, authorization, **form)


def refresh(simulator, refresh_token, authorization=APP, **form):
    return token(simulator, authorization, grant_type="refresh_token", refresh_token=refresh_token, **form)


def me(simulator, answer):
    return ask_json(simulator, "/v1/me", authorization=f"Bearer {answer['access_token']}")


@pytest.fixture
def fresh():
    """A simulator of one test's own, whose clock is `fresh.now`."""
    with Simulator(clock=lambda: simulator.now) as simulator:
        simulator.now = NOW
        yield simulator


class TestAppToken:
    def test_is_given_for_client_credentials_and_speaks_for_no_user(self, fresh):
        status, answer = token(fresh, grant_type="client_credentials")

        assert (status, answer["token_type"], answer["expires_in"]) == (200, "Bearer", 3600)
        assert answer.keys() == {"access_token", "token_type", "expires_in"}
        assert me(fresh, answer) == error(401, "Valid user authentication required")

    def test_is_given_to_no_one_without_the_secret(self, fresh):
        expected = refused("invalid_client", "Invalid client")

        assert token(fresh, None, grant_type="client_credentials") == expected
        assert token(fresh, "Basic !", grant_type="client_credentials") == expected
        assert token(fresh, None, grant_type="client_credentials", client_id="an-app") == expected

    def test_is_given_for_no_other_reason(self, fresh):
        expected = refused("unsupported_grant_type", "grant_type is not supported")

        assert token(fresh, grant_type="password") == expected
        assert token(fresh) == expected

    def test_is_asked_for_by_post(self, fresh):
        assert ask(fresh, "/api/token", authorization=APP)[0] == 405


class TestAuthorize:
    def test_sends_the_browser_back_with_a_code_and_the_state(self, fresh):
        status, location, _ = authorize(fresh, state="a state&more")

        assert status == 302
        assert location.startswith(f"{CALLBACK}?")
        assert authorized(fresh, state="a state&more").keys() == {"code", "state"}
        assert authorized(fresh, state="a state&more")["state"] == "a state&more"

    def test_keeps_what_the_callback_has_of_its_own(self, fresh):
        assert authorized(fresh, redirect_uri=f"{CALLBACK}?mine=1").keys() == {"mine", "code", "state"}

    def test_sends_the_browser_back_with_an_error_when_the_user_does_not_consent(self, fresh):
        fresh.consents = False

        assert authorized(fresh) == {"error": "access_denied", "state": "st"}

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"client_id": None}, "INVALID_CLIENT: Invalid client"),
            ({"response_type": "token"}, "response_type must be code"),
            ({"redirect_uri": None}, "INVALID_CLIENT: Invalid redirect URI"),
            ({"redirect_uri": "http://localhost:8888/callback"}, "INVALID_CLIENT: Insecure redirect URI"),
            ({"code_challenge": CHALLENGE, "code_challenge_method": "plain"}, "code_challenge_method must be S256"),
        ],
    )
    def test_sends_the_browser_nowhere_when_it_is_asked_wrongly(self, fresh, changes, words):
        assert authorize(fresh, **changes) == (400, "", words)

    @pytest.mark.parametrize(
        "elsewhere",
        [
            "https://example.org/callback",
            "http://127.0.0.1.example.org/",
            "http://127.0.0.1@example.org/",
            "//example.org",
            "javascript:alert(1)",
            "http://127.0.0.1:99999/",
            "http://127.0.0.1:1/\r\nSet-Cookie: a=b",
            "http://[::1",
        ],
    )
    def test_sends_nobody_away_from_this_machine(self, fresh, elsewhere):
        assert authorize(fresh, redirect_uri=elsewhere) == (400, "", "INVALID_CLIENT: Invalid redirect URI")

    def test_takes_the_loopback_of_ipv6(self, fresh):
        assert authorize(fresh, redirect_uri="http://[::1]:8888/callback")[0] == 302


class TestCode:
    def test_is_worth_a_users_token_and_a_refresh_token_with_the_scopes_that_were_asked_for(self, fresh):
        code = authorized(fresh, scope="user-top-read playlist-read-private")["code"]

        status, answer = exchange_code(fresh, code)

        assert (status, answer["expires_in"], answer["scope"]) == (200, 3600, "playlist-read-private user-top-read")
        assert me(fresh, answer)[1]["id"] == people.LISTENER
        assert refresh(fresh, answer["refresh_token"])[0] == 200

    def test_with_pkce_needs_the_verifier_and_no_secret(self, fresh):
        code = authorized(fresh, **PKCE)["code"]

        status, answer = exchange_code(fresh, code, None, client_id="an-app", code_verifier=VERIFIER)

        assert status == 200
        assert me(fresh, answer)[0] == 200

    @pytest.mark.parametrize("verifier", [{}, {"code_verifier": VERIFIER + "x"}, {"code_verifier": CHALLENGE}])
    @pytest.mark.parametrize("authorization", [APP, None])
    def test_with_pkce_and_a_wrong_verifier_is_worth_nothing(self, fresh, verifier, authorization):
        code = authorized(fresh, **PKCE)["code"]

        answer = exchange_code(fresh, code, authorization, client_id="an-app", **verifier)

        assert answer == invalid_grant("code_verifier was incorrect")

    def test_without_pkce_needs_the_secret(self, fresh):
        code = authorized(fresh)["code"]

        assert exchange_code(fresh, code, None, client_id="an-app")[1]["error"] == "invalid_client"

    def test_is_good_once(self, fresh):
        code = authorized(fresh)["code"]
        exchange_code(fresh, code)

        assert exchange_code(fresh, code) == invalid_grant("Invalid authorization code")

    def test_is_good_for_the_app_that_asked(self, fresh):
        code = authorized(fresh)["code"]

        assert exchange_code(fresh, code, OTHER_APP) == invalid_grant("Invalid authorization code")

    def test_is_good_for_the_callback_that_it_was_sent_to(self, fresh):
        code = authorized(fresh)["code"]

        answer = exchange_code(fresh, code, redirect_uri="http://127.0.0.1:8889/callback")

        assert answer == invalid_grant("Invalid redirect URI")

    def test_is_good_for_ten_minutes(self, fresh):
        early, late = authorized(fresh)["code"], authorized(fresh)["code"]
        fresh.now = NOW + timedelta(minutes=9)
        assert exchange_code(fresh, early)[0] == 200
        fresh.now = NOW + timedelta(minutes=10)
        assert exchange_code(fresh, late) == invalid_grant("Invalid authorization code")

    def test_has_to_be_there(self, fresh):
        assert exchange_code(fresh, "") == refused("invalid_request", "code must be supplied")
        assert exchange_code(fresh, "invented") == invalid_grant("Invalid authorization code")


class TestRefreshToken:
    def test_is_there_ready_made_for_every_app_with_every_scope(self, fresh):
        for app in (APP, OTHER_APP):
            status, answer = refresh(fresh, fresh.refresh_token, app)
            assert (status, answer["scope"].split()) == (200, sorted(people.SCOPES))
            assert "refresh_token" not in answer
            assert me(fresh, answer)[0] == 200

    def test_dies_six_months_after_the_authorisation_and_no_refresh_makes_it_live_longer(self, fresh):
        dying = fresh.refresh_token
        fresh.now = NOW + timedelta(days=182)
        assert refresh(fresh, dying)[0] == 200
        fresh.now = NOW + timedelta(days=184)

        assert refresh(fresh, dying) == invalid_grant("Refresh token expired")
        assert refresh(fresh, fresh.refresh_token)[0] == 200

    def test_can_be_killed_and_another_authorisation_makes_another(self, fresh):
        dead = fresh.refresh_token
        fresh.kill_refresh_tokens()

        assert refresh(fresh, dead) == invalid_grant("Refresh token expired")
        assert refresh(fresh, fresh.refresh_token)[0] == 200

    def test_can_be_killed_for_another_reason(self, fresh):
        dead = fresh.refresh_token
        fresh.kill_refresh_tokens("Refresh token revoked")

        assert refresh(fresh, dead) == invalid_grant("Refresh token revoked")

    def test_is_the_apps_that_was_authorised(self, fresh):
        _, answer = exchange_code(fresh, authorized(fresh)["code"])

        assert refresh(fresh, answer["refresh_token"], OTHER_APP) == invalid_grant("Invalid refresh token")
        assert refresh(fresh, answer["refresh_token"], None, client_id="an-app")[1]["error"] == "invalid_client"

    def test_that_was_got_without_a_secret_is_good_once_and_then_there_is_another_of_the_same_age(self, fresh):
        code = authorized(fresh, **PKCE)["code"]
        _, answer = exchange_code(fresh, code, None, client_id="an-app", code_verifier=VERIFIER)
        fresh.now = NOW + timedelta(days=100)

        _, second = refresh(fresh, answer["refresh_token"], None, client_id="an-app")

        assert second["refresh_token"] != answer["refresh_token"]
        once_more = refresh(fresh, answer["refresh_token"], None, client_id="an-app")
        assert once_more == invalid_grant("Invalid refresh token")
        assert refresh(fresh, second["refresh_token"], None, client_id="an-app")[0] == 200
        fresh.now = NOW + timedelta(days=184)
        third = refresh(fresh, second["refresh_token"], None, client_id="an-app")
        assert third == invalid_grant("Invalid refresh token")

    def test_is_another_after_every_refresh_where_the_simulator_rotates_them(self, fresh):
        fresh.rotates = True
        first = fresh.refresh_token

        _, answer = refresh(fresh, first)

        assert refresh(fresh, first) == invalid_grant("Invalid refresh token")
        assert refresh(fresh, answer["refresh_token"])[0] == 200

    def test_has_to_be_there(self, fresh):
        assert refresh(fresh, "") == refused("invalid_request", "refresh_token must be supplied")
        assert refresh(fresh, "invented") == invalid_grant("Invalid refresh token")


@pytest.mark.parametrize("who", ["app", "user"])
def test_access_tokens_can_be_ended_and_new_ones_are_good(fresh, who):
    before = bearer(fresh, who)
    fresh.end_access_tokens()
    after = bearer(fresh, who)
    path = f"/v1/playlists/{people.OWN_PLAYLIST}"

    assert ask_json(fresh, path, authorization=before) == error(401, "The access token expired")
    assert ask_json(fresh, path, authorization=after)[0] == 200
    assert [request.token for request in fresh.requests if request.is_page] == [who, who]


def test_without_a_token_or_with_another_nothing_is_answered(fresh):
    assert ask_json(fresh, "/v1/search", authorization=None) == error(401, "No token provided")
    for other in ("Bearer other", "Bearer ", APP, bearer(fresh).removeprefix("Bearer ")):
        assert ask_json(fresh, "/v1/search", authorization=other) == error(401, "Invalid access token")


def test_a_user_is_told_more_of_themselves_where_they_allow_it_and_the_regime_does(fresh):
    code = authorized(fresh, scope="user-top-read")["code"]
    little = me(fresh, exchange_code(fresh, code)[1])[1]

    assert (get(fresh, "/v1/me", "user")[1]["product"], "product" in little) == ("premium", False)
    fresh.regime = "restricted"
    assert get(fresh, "/v1/me", "user")[1] == little
