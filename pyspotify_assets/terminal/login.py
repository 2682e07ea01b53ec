"""What `pyspotify login` does and says: the user logs in, sees since when and until when, or is forgotten."""

from __future__ import annotations

from pyspotify_assets.clock import system_clock
from pyspotify_assets.errors import LoginError
from pyspotify_assets.resources import LiveSpotify, resources_for
from pyspotify_assets.settings import load_settings
from pyspotify_assets.spotify.login import DASHBOARD, SCOPES, redirect_uri
from pyspotify_assets.spotify.login import log_in as ask_user
from pyspotify_assets.spotify.login_age import dies_on, in_words, login_due
from pyspotify_assets.terminal.browser import opened
from pyspotify_assets.terminal.document import one_document
from pyspotify_assets.terminal.screen import console, say

_REVOKE = "https://www.spotify.com/account/apps/"


def log_in(port: int, open_browser: bool) -> None:
    """Have the user log in, and keep what comes of it."""
    spotify, client_id, client_secret = _app(port)
    store = spotify.token_store()

    def show(address: str) -> None:
        is_open = open_browser and opened(address)
        console.print("Spotify's page is open in your browser. If it is not:" if is_open else "Open this in a browser:")
        console.print(address, soft_wrap=True, highlight=False, markup=False)
        if not is_open and port:
            console.print(f"If that browser is on another machine: ssh -L {port}:127.0.0.1:{port} from there to here.")
        console.print("Waiting for you to agree there (at most 5 minutes; Ctrl-C stops) …")

    login = ask_user(client_id, client_secret, show, port=port, base_url=spotify.url, timeout=spotify.timeout)
    store.write(login)
    console.print(f"Logged in for the app {client_id}; kept in {store.place}.", soft_wrap=True, markup=False)
    console.print(in_words(login.authorised_at, system_clock()), soft_wrap=True)
    missing = sorted(set(SCOPES).difference(login.scopes))
    if missing:
        console.print(f"Not allowed were: {', '.join(missing)}. Feeds that need them will say so.", style="yellow")


def show_status(as_json: bool = False) -> int:
    """Say for which app a user is logged in, since when and until when; 1 if nobody is, or not any more by the age."""
    with one_document(as_json) as document:
        spotify, client_id, _ = _app()
        store, now = spotify.token_store(), system_clock()
        login = store.read(client_id)
        authorised_at = login.authorised_at if login else None
        over = login is None or login_due(authorised_at, now) == "dead"
        document |= {
            "client_id": client_id,
            "kept_in": store.place,
            "logged_in": not over,
            "authorised_at": authorised_at,
            "ends_at": dies_on(authorised_at) if authorised_at else None,
            "scopes": sorted(login.scopes) if login else [],
        }
        if as_json:
            return 1 if over else 0
        if login is None:
            say(f"Nobody has logged in for the app {client_id} ({store.place}).")
            say("pyspotify login")
        else:
            say(f"A user is logged in for the app {client_id} ({store.place}).")
            say(in_words(authorised_at, now))
            say(f"Allowed: {', '.join(login.scopes) or 'not known'}")
        return 1 if over else 0


def forget() -> int:
    """Forget the login of this app; 1 if there was none."""
    spotify, client_id, _ = _app()
    store = spotify.token_store()
    if not store.forget(client_id):
        console.print(f"Nobody has logged in for the app {client_id} ({store.place}).", soft_wrap=True, markup=False)
        return 1
    console.print(f"The login for the app {client_id} is gone from {store.place}.", soft_wrap=True, markup=False)
    console.print(f"At Spotify it still holds: {_REVOKE} → Remove access ends it there too.", soft_wrap=True)
    return 0


def _app(port: int = 8888) -> tuple[LiveSpotify, str, str]:
    spotify: LiveSpotify = resources_for(load_settings(source="live"))["spotify"]
    client_id, client_secret = spotify.credentials()
    if not client_id:
        raise LoginError(
            "There is no app to log in for: SPOTIPY_CLIENT_ID is not set.",
            f"Make an app on {DASHBOARD} with the redirect URI {redirect_uri(port)}, and set SPOTIPY_CLIENT_ID and "
            "SPOTIPY_CLIENT_SECRET, in .env for example.",
        )
    return spotify, client_id, client_secret
