"""Signing in: the pages of Spotify's accounts service, `/authorize` and `/api/token`.

The listener consents at once, without being asked, or refuses at once (`consents`). A redirect goes to loopback only.
"""

import base64
import hashlib
import hmac
import re
from urllib.parse import urlencode, urlsplit

from pyspotify_assets.clock import Clock
from pyspotify_assets.spotify.sample import refusals
from pyspotify_assets.spotify.sample.accounts import Accounts, Code, Grant, scopes_in
from pyspotify_assets.spotify.sample.messages import Request, Response, json_response, text_response

_BASIC = re.compile(r"Basic ([A-Za-z0-9+/]+={0,2})")


def authorize(request: Request, accounts: Accounts, clock: Clock, consents: bool) -> Response:
    """The page on which a user allows an app to speak for them: a redirect with `code` and `state`, or with `error`."""
    query = request.query
    if request.method != "GET":
        return refusals.wrong_method()
    if not query.get("client_id"):
        return text_response(400, "INVALID_CLIENT: Invalid client")
    refusal = _redirect_refusal(query.get("redirect_uri", ""))
    if refusal:
        return text_response(400, refusal)
    if query.get("response_type") != "code":
        return text_response(400, "response_type must be code")
    if "code_challenge" in query and query.get("code_challenge_method") != "S256":
        return text_response(400, "code_challenge_method must be S256")
    told = {"state": query["state"]} if "state" in query else {}
    if consents:
        asked = Code(
            query["client_id"],
            query["redirect_uri"],
            scopes_in(query.get("scope", "")),
            query.get("code_challenge", ""),
            clock(),
        )
        told = {"code": accounts.code(asked), **told}
    else:
        told = {"error": "access_denied", **told}
    joint = "&" if urlsplit(query["redirect_uri"]).query else "?"
    return Response(302, {"Location": f"{query['redirect_uri']}{joint}{urlencode(told)}"})


def token(request: Request, accounts: Accounts, clock: Clock, rotates: bool) -> Response:
    """The token endpoint: client_credentials, authorization_code (with the secret or PKCE) and refresh_token."""
    if request.method != "POST":
        return refusals.wrong_method()
    basic = _BASIC.fullmatch(request.authorization)
    client_id = _client_id(basic[1]) if basic else request.form.get("client_id", "")
    grant_type = request.form.get("grant_type")
    if not client_id or (grant_type == "client_credentials" and not basic):
        return refusals.invalid_client()
    if grant_type == "client_credentials":
        return json_response(
            200, {"access_token": accounts.app_access_token(), "token_type": "Bearer", "expires_in": 3600}
        )
    if grant_type == "authorization_code":
        return _exchange(request, accounts, clock, client_id, bool(basic))
    if grant_type == "refresh_token":
        return _refresh(request, accounts, client_id, bool(basic), rotates)
    return refusals.token_refused("unsupported_grant_type", "grant_type is not supported")


def _exchange(request: Request, accounts: Accounts, clock: Clock, client_id: str, with_secret: bool) -> Response:
    form = request.form
    if not form.get("code"):
        return refusals.token_refused("invalid_request", "code must be supplied")
    asked = accounts.take_code(form["code"])
    if asked is None or asked.client_id != client_id:
        return refusals.invalid_grant("Invalid authorization code")
    if asked.redirect_uri != form.get("redirect_uri"):
        return refusals.invalid_grant("Invalid redirect URI")
    if asked.challenge and not hmac.compare_digest(_challenge(form.get("code_verifier", "")), asked.challenge):
        return refusals.invalid_grant("code_verifier was incorrect")
    if not asked.challenge and not with_secret:
        return refusals.invalid_client()
    grant = Grant(client_id, asked.scopes, clock(), pkce=not with_secret)
    return _user_token(accounts, grant, accounts.refresh_token(grant))


def _refresh(request: Request, accounts: Accounts, client_id: str, with_secret: bool, rotates: bool) -> Response:
    refresh_token = request.form.get("refresh_token")
    if not refresh_token:
        return refusals.token_refused("invalid_request", "refresh_token must be supplied")
    grant = accounts.grant(refresh_token)
    if isinstance(grant, str):
        return refusals.invalid_grant(grant)
    if grant.client_id not in ("", client_id):
        return refusals.invalid_grant("Invalid refresh token")
    if not (with_secret or grant.pkce):
        return refusals.invalid_client()
    # Without the secret a refresh token is good for one use: Spotify hands out another each time.
    another = accounts.refresh_token(grant, instead_of=refresh_token) if rotates or not with_secret else None
    return _user_token(accounts, grant, another)


def _user_token(accounts: Accounts, grant: Grant, refresh_token: str | None) -> Response:
    document = {"access_token": accounts.user_access_token(grant), "token_type": "Bearer", "expires_in": 3600}
    if refresh_token is not None:
        document["refresh_token"] = refresh_token
    return json_response(200, {**document, "scope": " ".join(sorted(grant.scopes))})


def _redirect_refusal(address: str) -> str:
    """Why nobody is sent to that address; "" for loopback by number. (Spotify takes https too: no need here.)"""
    try:
        parts = urlsplit(address)
        known = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost") and not parts.fragment
        known = known and not re.search(r"[\x00-\x20\x7f]", address) and parts.port != 0
    except ValueError:
        known = False
    if not known:
        return "INVALID_CLIENT: Invalid redirect URI"
    return "INVALID_CLIENT: Insecure redirect URI" if parts.hostname == "localhost" else ""


def _client_id(credentials: str) -> str:
    try:
        return base64.b64decode(credentials).decode("utf-8", "replace").partition(":")[0]
    except ValueError:
        return ""


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
