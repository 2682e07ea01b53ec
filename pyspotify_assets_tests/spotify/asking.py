"""Asking a simulator over HTTP without any client of ours in between: what it says, byte for byte."""

import base64
import http.client
import json
from urllib.parse import parse_qsl, urlencode, urlsplit

from pyspotify_assets.spotify.sample.accounts import app_token

BEARER = f"Bearer {app_token(2023)}"
APP = "Basic " + base64.b64encode(b"an-app:its-own-key").decode()
CALLBACK = "http://127.0.0.1:8888/callback"


def ask(simulator, path, method="GET", body=None, host=None, authorization=BEARER, **query):
    """Status and body."""
    status, _, content = exchange(simulator, path, method, body, host, authorization, **query)
    return status, content


def exchange(simulator, path, method="GET", body=None, host=None, authorization=BEARER, **query):
    """Status, headers and body."""
    connection = http.client.HTTPConnection(simulator.base_url.removeprefix("http://"), timeout=10)
    headers = {"Authorization": authorization} if authorization else {}
    if host:
        headers["Host"] = host
    try:
        connection.request(method, f"{path}?{urlencode(query)}", body, headers)
        response = connection.getresponse()
        return response.status, dict(response.headers), response.read()
    finally:
        connection.close()


def ask_json(simulator, path, **options):
    status, body = ask(simulator, path, **options)
    return status, json.loads(body)


def token(simulator, authorization=APP, **form):
    """What the token endpoint says to a form."""
    return ask_json(simulator, "/api/token", method="POST", body=urlencode(form), authorization=authorization)


def authorize(simulator, **changes):
    """Status, Location and body of the page that asks a user; a value of None leaves that part of the query out."""
    asked = {"client_id": "an-app", "response_type": "code", "redirect_uri": CALLBACK, "state": "st", **changes}
    query = {name: value for name, value in asked.items() if value is not None}
    status, headers, body = exchange(simulator, "/authorize", authorization=None, **query)
    return status, headers.get("Location", ""), body.decode()


def authorized(simulator, **changes):
    """What the user's browser brings back to the callback."""
    status, location, _ = authorize(simulator, **changes)
    assert status == 302
    return dict(parse_qsl(urlsplit(location).query))


def bearer(simulator, who="app"):
    """The header of a new token: "app", or "user" for the listener with every scope."""
    if who == "app":
        return f"Bearer {token(simulator, grant_type='client_credentials')[1]['access_token']}"
    form = {"grant_type": "refresh_token", "refresh_token": simulator.refresh_token}
    return f"Bearer {token(simulator, **form)[1]['access_token']}"


def get(simulator, path, who="app", **query):
    """Status and JSON; `who` asks, with a new token where it is the user's. Plain text comes as text."""
    authorization = BEARER if who == "app" and simulator.seed == 2023 else bearer(simulator, who)
    status, body = ask(simulator, path, authorization=authorization, **query)
    try:
        return status, json.loads(body)
    except ValueError:
        return status, body.decode()


def error(status, message):
    return status, {"error": {"status": status, "message": message}}
