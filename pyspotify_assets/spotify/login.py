"""Logging in: a user allows the app, once and in a browser, to read what only a user may read.

The authorization-code flow with PKCE, and with the app's secret where there is one. What comes of it is a `Login`;
where it is kept is `token_store.py`'s part.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pyspotify_assets.clock import Clock, system_clock
from pyspotify_assets.errors import LoginError
from pyspotify_assets.spotify import failures
from pyspotify_assets.spotify.callback import PATH, Callback
from pyspotify_assets.spotify.connection import (
    SPOTIFY,
    accounts_url,
    checked_base_url,
    new_session,
    silence_spotipy_debug,
    usable_credential,
    without_secrets,
)
from pyspotify_assets.spotify.failures import Refusal
from pyspotify_assets.spotify.token_store import Login

if TYPE_CHECKING:
    import requests
    import spotipy

SCOPES = (
    "playlist-read-private",
    "playlist-read-collaborative",
    "user-top-read",
    "user-library-read",
    "user-read-recently-played",
)
"""What the user is asked to allow: reading, and only what feeds can be made of."""
PORT = 8888
PATIENCE = 300.0
"""Seconds that the user has for allowing it."""
DASHBOARD = "https://developer.spotify.com/dashboard"
_AGAIN = "Run it again: pyspotify login"


def redirect_uri(port: int) -> str:
    """What has to stand among the app's redirect URIs, to the letter. For port 0 (any) without a port."""
    return f"http://127.0.0.1{f':{port}' if port else ''}{PATH}"


def log_in(
    client_id: str,
    client_secret: str,
    show: Callable[[str], None],
    *,
    port: int = PORT,
    base_url: str = SPOTIFY,
    timeout: float = 10,
    patience: float = PATIENCE,
    clock: Clock = system_clock,
) -> Login:
    """Have a user log in, and give what they allowed.

    `show` gets the address of Spotify's page, to be opened in a browser on this machine, and returns at once. `port` is
    the one that Spotify sends the browser back to, 0 any that is free. `timeout` is in seconds, per answer of
    Spotify's; `patience` is how many the user has. Every failure is a SpotifyError, LoginError where it is the
    login's.
    """
    base_url = checked_base_url(base_url)
    if not usable_credential(client_id) or (client_secret and not usable_credential(client_secret)):
        raise failures.credentials_missing()
    silence_spotipy_debug()
    state = secrets.token_urlsafe(32)
    try:
        callback = Callback(port, state)
    except OSError as error:
        raise _port_error(port, error) from error
    with callback, new_session(base_url) as session:
        flow = _flow(client_id, callback.uri, state, session, base_url)
        show(flow.get_authorize_url())
        answer = callback.wait(patience)
    if answer is None:
        raise _nobody_came(patience, redirect_uri(port), callback.strangers)
    if answer.error == "access_denied":
        raise LoginError("The user did not allow it (access_denied).", f"{_AGAIN}, and choose Agree.")
    if answer.error:
        raise LoginError(f"Spotify did not log the user in ({answer.error}).", _AGAIN)
    with new_session(base_url) as session:
        document = _exchange(session, base_url, timeout, flow, client_secret, answer.code)
    return Login(client_id, document["refresh_token"], clock(), _scopes(document))


def _flow(client_id: str, uri: str, state: str, session: requests.Session, base_url: str) -> spotipy.oauth2.SpotifyPKCE:
    import spotipy
    from spotipy.cache_handler import MemoryCacheHandler

    flow = spotipy.SpotifyPKCE(
        client_id=client_id,
        redirect_uri=uri,
        state=state,
        scope=" ".join(SCOPES),
        requests_session=session,
        open_browser=False,
        cache_handler=MemoryCacheHandler(),
    )
    flow.OAUTH_AUTHORIZE_URL = accounts_url(base_url, "authorize")
    return flow


def _exchange(
    session: requests.Session,
    base_url: str,
    timeout: float,
    flow: spotipy.oauth2.SpotifyPKCE,
    client_secret: str,
    code: str,
) -> dict[str, Any]:
    """Spotify's answer to the code, which is good for one use: asked once. spotipy knows PKCE and knows the secret, but
    not both together."""
    import requests

    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": flow.redirect_uri,
        "code_verifier": flow.code_verifier,
    }
    proof = requests.auth.HTTPBasicAuth(flow.client_id, client_secret) if client_secret else None
    if proof is None:
        form["client_id"] = flow.client_id
    failure: Exception
    try:
        document = session.post(accounts_url(base_url, "api/token"), data=form, auth=proof, timeout=timeout).json()
        if not isinstance(document, dict) or not usable_credential(_text(document.get("refresh_token"))):
            raise failures.NotAnAnswer("its answer has no refresh token")
        return document
    except (ValueError, RecursionError) as error:
        ours = isinstance(error, requests.RequestException) and not isinstance(error, requests.JSONDecodeError)
        failure = error if ours else failures.NotAnAnswer("its answer is not JSON")
    except (Refusal, failures.NotAnAnswer, requests.RequestException) as error:
        failure = error
    # Raised outside of the handlers: requests' errors hold the request, and with it secret and code.
    raise _told(failure, base_url, client_secret, (client_secret, code, flow.code_verifier))


def _told(failure: Exception, base_url: str, client_secret: str, hidden: tuple[str, ...]) -> LoginError:
    remedy = _AGAIN
    if isinstance(failure, Refusal) and "invalid_client" in failure.reason:
        remedy = (
            f"Check SPOTIPY_CLIENT_SECRET against {DASHBOARD}."
            if client_secret
            else f"Set SPOTIPY_CLIENT_SECRET; {DASHBOARD} shows it."
        )
        words = f"Spotify does not know this app by these credentials ({failure})."
    elif isinstance(failure, (Refusal, failures.NotAnAnswer)):
        words = f"Spotify did not finish the login ({failure})."
    else:
        explained = failures.explain(failure, "the login", accounts_url(base_url, "").split("/")[2], 1, {})
        words, remedy = str(explained.args[0]), explained.remedy
    return LoginError(without_secrets(words, hidden), remedy)


def _port_error(port: int, error: OSError) -> LoginError:
    another = PORT + 1 if port == PORT else PORT
    return LoginError(
        f"Port {port} of 127.0.0.1 cannot be listened on: {error.strerror}",
        f"Stop what listens there, or use another: pyspotify login --port {another}, once "
        f"{redirect_uri(another)} is among the app's redirect URIs ({DASHBOARD}).",
    )


def _nobody_came(patience: float, uri: str, strangers: int) -> LoginError:
    late = f" ({strangers} with a wrong `state` were turned away)" if strangers else ""
    return LoginError(
        f"No answer of Spotify's came within {patience:.0f} s{late}.",
        f"{_AGAIN}. If Spotify's page said INVALID_CLIENT or Invalid redirect URI: add {uri}, exactly so, to the app's "
        f"redirect URIs on {DASHBOARD}.",
    )


def _scopes(document: dict[str, Any]) -> tuple[str, ...]:
    """What was allowed; a server that does not say allowed what was asked for."""
    scope = _text(document.get("scope"))
    return tuple(sorted(scope.split())) if scope else tuple(sorted(SCOPES))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
