"""Why a playlist may not be read, told from Spotify's refusal, and what to do about it.

Spotify says little: the same 403 stands for several reasons. What tells them apart is its words, the kind of token and
the playlist's id.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Why = Literal[
    "no_premium",
    "unregistered",
    "scope",
    "wrong_token",
    "not_owner",
    "editorial",
    "gone",
    "no_such_id",
    "token",
    "unknown",
]
EDITORIAL = "37i9dQ"
"""How the ids of Spotify's own playlists begin."""
WHAT_WORKS = (
    "What every app may read: a playlist of your own (copy the songs into one and put its id into feeds.toml) and your "
    'top tracks (kind = "top_tracks"). What needs no app: your listening history, pyspotify import my_spotify_data.zip.'
)


class Unreadable(NamedTuple):
    """The reason as a word for programs, as a sentence that quotes Spotify, and what to do."""

    why: Why
    message: str
    remedy: str


def why_unreadable(status: int, reason: str, speaks_for: str, playlist: str, owner: str | None = None) -> Unreadable:
    """Why Spotify refused the playlist of that id with a final `status` (400, 401, 403 or 404) and `reason`.

    `speaks_for` is the kind of token, "app" or "user"; `owner` is the id of the playlist's owner, where its metadata
    could be read. `reason` stands in the message: it must be free of secrets.
    """
    as_user = speaks_for == "user"
    why = _why(status, reason.casefold(), as_user, playlist)
    theirs = f" of {owner}" if owner else ""
    said, remedy = {
        "no_premium": (
            "Spotify serves this app nothing: its owner has no Premium",
            "An app in development mode needs an owner with Premium; https://developer.spotify.com/dashboard shows "
            "whose it is. Without Premium: pyspotify import my_spotify_data.zip, which needs no app.",
        ),
        "unregistered": (
            f"Spotify does not let the user who logged in use this app, so the playlist {playlist} was not read",
            "Add that user under User Management of the app on https://developer.spotify.com/dashboard, or log in as "
            "one who is there: pyspotify login",
        ),
        "scope": (
            f"The login does not cover the playlist {playlist}: a scope is missing",
            "Log in again, which asks for every scope that is needed: pyspotify login",
        ),
        "wrong_token": (
            f"The playlist {playlist}{theirs} is not for an app alone: Spotify wants a user's token",
            "If it is yours or shared with you: pyspotify login. Somebody else's, newer apps may not read. "
            + WHAT_WORKS,
        ),
        "not_owner": (
            f"The playlist {playlist} is somebody else's{f' ({owner})' if owner else ''}: Spotify gives this app only "
            "playlists that the user who logged in owns or collaborates on",
            f"Log in as its owner (pyspotify login), or be made a collaborator. {WHAT_WORKS}",
        ),
        "editorial": (
            f"The playlist {playlist} is one of Spotify's own, which it gives to old apps only",
            f"Choose another. {WHAT_WORKS}",
        ),
        "gone": (
            f"There is no playlist {playlist}: it is deleted, or private and not "
            + ("one of the user who logged in" if as_user else "for an app alone"),
            f"Open https://open.spotify.com/playlist/{playlist} in a browser. If it is there: pyspotify login, as its "
            "owner. If it is not: correct `playlist` in feeds.toml.",
        ),
        "no_such_id": (
            f"{playlist} is no id that a playlist can have",
            "Correct `playlist` in feeds.toml: the 22 letters and digits behind https://open.spotify.com/playlist/",
        ),
        "token": (
            f"Spotify did not take the token that the playlist {playlist} was asked for with",
            "Log in again: pyspotify login"
            if as_user
            else "Check SPOTIPY_CLIENT_ID and SPOTIPY_CLIENT_SECRET on https://developer.spotify.com/dashboard",
        ),
        "unknown": (f"Spotify refused the playlist {playlist}", WHAT_WORKS),
    }[why]
    return Unreadable(why, f"{said} ({status}: {reason})." if reason else f"{said} ({status}).", remedy)


def _why(status: int, reason: str, as_user: bool, playlist: str) -> Why:
    if status == 403:
        if "premium" in reason:
            return "no_premium"
        if "not registered" in reason or "not be registered" in reason:
            return "unregistered"
        if "scope" in reason:
            return "scope"
        return "not_owner" if as_user else "wrong_token"
    if status == 401:
        return "wrong_token" if "user" in reason and not as_user else "token"
    if status == 404:
        return "editorial" if playlist.startswith(EDITORIAL) else "gone"
    return "no_such_id" if status == 400 and "id" in reason.split() else "unknown"
