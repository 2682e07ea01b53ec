"""Where a user's login is kept between runs: on a laptop in a file that only its owner can read, on AWS in the secret.

A login is kept under the client id of its app, so that no other app's is ever used. Getting one is `login.py`'s part.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from pyspotify_assets.errors import LoginError

LOG_IN_AGAIN = "Log in again: pyspotify login"
_LARGEST_FILE = 1 << 20


@dataclass(frozen=True)
class Login:
    """A user's authorisation of the app `client_id`: its refresh token, since when it holds (UTC; None: not known; a
    refresh does not prolong it) and what it allows."""

    client_id: str
    refresh_token: str = field(repr=False)
    authorised_at: datetime | None = None
    scopes: tuple[str, ...] = ()


class TokenStore(Protocol):
    """Keeps one login per app. A PySpotifyError where that is not possible; none has a token in it."""

    @property
    def place(self) -> str:
        """Where that is, in words."""

    def read(self, client_id: str) -> Login | None:
        """The login of that app; None if there is none."""

    def write(self, login: Login) -> None:
        """Keep `login`, in place of the one that its app had."""

    def forget(self, client_id: str) -> bool:
        """Keep that app's login no longer; whether there was one."""


def token_store(secret: str, file: str) -> TokenStore:
    """The store in the AWS secret of that name, or where none is named in `file`."""
    if secret:
        from pyspotify_assets.aws.secret_tokens import SecretTokenStore

        return SecretTokenStore(secret)
    return FileTokenStore(file)


def user_options(store: TokenStore, client_id: str) -> dict[str, Any]:
    """What a SpotifyClient of that app is given beside its credentials, to speak for the user who has logged in."""
    login = store.read(client_id)
    return {"refresh_token": login.refresh_token, "on_refresh_token": Keeper(store, login)} if login else {}


class Keeper:
    """Keeps the refresh tokens that Spotify hands out in place of `login`'s, unless somebody has logged in anew or out
    in the meantime."""

    def __init__(self, store: TokenStore, login: Login) -> None:
        self._store, self._login = store, login

    @property
    def authorised_at(self) -> datetime | None:
        """Since when the login holds; None if that is not known."""
        return self._login.authorised_at

    def __call__(self, refresh_token: str) -> None:
        """Keep `refresh_token` from now on."""
        stored = self._store.read(self._login.client_id)
        ours = stored is not None and stored.refresh_token == self._login.refresh_token
        self._login = replace(self._login, refresh_token=refresh_token)
        if ours:
            self._store.write(self._login)

    def latest(self) -> str:
        """The refresh token that is kept now, which another process may have put there; "" if there is none."""
        stored = self._store.read(self._login.client_id)
        if stored is None:
            return ""
        self._login = stored
        return stored.refresh_token


class FileTokenStore:
    """A JSON file of mode 0600, replaced whole; the folder is made with mode 0700 if it is not there."""

    def __init__(self, path: str | Path) -> None:
        try:
            self._path = Path(path).expanduser()
        except RuntimeError:  # nobody's home is known: there is no such file, and none can be made
            self._path = Path(path)

    @property
    def place(self) -> str:
        return str(self._path)

    def read(self, client_id: str) -> Login | None:
        """LoginError, beside what the system refuses, for a file that others can read and for one that is damaged."""
        document = self._document()
        if document is None:
            raise LoginError(f"{self._path} is damaged: it is not what `pyspotify login` writes.", LOG_IN_AGAIN)
        known = document.get(client_id)
        login = None if known is None else login_from(client_id, known)
        if known is not None and login is None:
            raise LoginError(f"{self._path} is damaged at the app {client_id}.", LOG_IN_AGAIN)
        return login

    def write(self, login: Login) -> None:
        # A damaged file is replaced: logging in is what mends it.
        self._replace({**(self._document(checked=False) or {}), login.client_id: login_document(login)})

    def forget(self, client_id: str) -> bool:
        document = self._document(checked=False)
        if document is None:  # damaged: whatever token may be in it is forgotten with it
            document = {client_id: {}}
        if document.pop(client_id, None) is None:
            return False
        if document:
            self._replace(document)
        else:
            with self._told("removed"):
                self._path.unlink()
        return True

    def _document(self, checked: bool = True) -> dict[str, Any] | None:
        """What is in the file by client id, {} where there is none, None where it cannot be understood."""
        with self._told("read"):
            try:
                # Without waiting: a pipe of that name would be waited for until somebody writes into it.
                descriptor = os.open(self._path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
            except FileNotFoundError:
                return {}
            with open(descriptor, "rb") as file:
                status = os.fstat(descriptor)
                if not stat.S_ISREG(status.st_mode):
                    raise OSError(errno.EINVAL, "it is no file")
                mode = stat.S_IMODE(status.st_mode)
                content = file.read(_LARGEST_FILE)
        if checked and os.name == "posix" and mode & 0o077:
            raise LoginError(
                f"{self._path} can be read or written by others (mode {mode:04o}): it is not used.",
                f"chmod 600 {self._path}; if somebody may have read it: pyspotify login --forget, and log in again.",
            )
        try:
            document = json.loads(content)
        except (ValueError, RecursionError):
            return None
        apps = document.get("apps") if isinstance(document, dict) else None
        return apps if isinstance(apps, dict) else None

    def _replace(self, apps: Mapping[str, Any]) -> None:
        if self._path.parts[0].startswith("~"):
            raise LoginError(
                f"{self._path} cannot be written: there is no home folder.", "PYSPOTIFY_TOKEN_FILE names another file."
            )
        content = json.dumps({"apps": apps}, indent=2).encode() + b"\n"
        with self._told("written"):
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(dir=self._path.parent, prefix=".token-")  # of mode 0600
            try:
                with open(descriptor, "wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(descriptor)
                Path(name).replace(self._path)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise

    @contextlib.contextmanager
    def _told(self, done: str) -> Any:
        try:
            yield
        except OSError as error:
            raise LoginError(
                f"{self._path} cannot be {done}: {error.strerror}", "PYSPOTIFY_TOKEN_FILE names another file."
            ) from error


def login_document(login: Login) -> dict[str, Any]:
    """`login` as JSON has it, without the client id."""
    since = login.authorised_at.astimezone(UTC).isoformat(timespec="seconds") if login.authorised_at else None
    return {"refresh_token": login.refresh_token, "authorised_at": since, "scope": " ".join(login.scopes)}


def login_from(client_id: str, document: object) -> Login | None:
    """The login that `login_document` made that of; None if it made nothing of the kind.

    A time or scopes that cannot be understood are not known: a token that somebody put there by hand is good enough.
    """
    token = document.get("refresh_token") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(token, str) or not token.isascii() or not token.isprintable():
        return None
    if not token or " " in token:
        return None
    scope = document.get("scope")
    return Login(
        client_id,
        token,
        _instant(document.get("authorised_at")),
        tuple(scope.split()) if isinstance(scope, str) else (),
    )


def _instant(text: object) -> datetime | None:
    try:
        read = datetime.fromisoformat(text) if isinstance(text, str) else None
        if read is None:
            return None
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError):  # OverflowError: an offset that leads out of the calendar
        return None
