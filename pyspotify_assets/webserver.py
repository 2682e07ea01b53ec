"""Dagster's web server with a doorkeeper: only pages of its own may make it do something, under its own name only.

Dagster's UI asks nobody who they are, and takes a mutation (launch a run, wipe an asset) from any page that is open in
a browser of this machine: as of 1.13 it looks neither at Host nor at Origin. `make dev` starts it through here:

    python -m pyspotify_assets.webserver        as `dagster dev`, with the same options

Behind a proxy, PYSPOTIFY_UI_URL says what the UI is called there.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any
from urllib.parse import urlsplit

Scope = MutableMapping[str, Any]
Asgi = Callable[[Scope, Callable[..., Awaitable[Any]], Callable[..., Awaitable[None]]], Awaitable[None]]

_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_SERVE = "--serve"


class Doorkeeper:
    """Lets requests and WebSockets through to `app` that come under one of `names`, and from pages of these names.

    A browser says in `Origin` which page a script belongs to, and no script can change that; one that says nothing is
    somebody's command line. 421 for another host, 403 for another page.
    """

    def __init__(self, app: Asgi, names: Sequence[str] = ()) -> None:
        self._app, self._names = app, frozenset((*_LOOPBACK, *names))

    async def __call__(self, scope: Scope, receive: Callable[..., Awaitable[Any]], send: Callable[..., Any]) -> None:
        status = self._refused(scope) if scope["type"] in ("http", "websocket") else 0
        if not status:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        else:
            headers = [(b"content-type", b"text/plain"), (b"connection", b"close")]
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": b"Not for other hosts' names, nor for other pages\n"})

    def _refused(self, scope: Scope) -> int:
        hosts, origins = (
            [value.decode("latin-1") for name, value in scope["headers"] if name == wanted]
            for wanted in (b"host", b"origin")
        )
        if len(hosts) != 1 or _name(f"//{hosts[0]}") not in self._names:
            return 421
        if len(origins) > 1 or any(_host(origin) != hosts[0].lower() for origin in origins):
            return 403
        return 0


def _host(origin: str) -> str:
    """Host and port of an Origin, as Host has them; empty for `null` and for what is none."""
    scheme, separator, host = origin.lower().partition("://")
    return host if separator and scheme in ("http", "https") else ""


def _name(address: str) -> str:
    """The host's name without its port, as `Doorkeeper` knows names; empty for what is none."""
    try:
        parts = urlsplit(address)
        name, _ = parts.hostname or "", parts.port
    except ValueError:
        return ""
    return f"[{name}]" if ":" in name else name


def serve() -> None:
    """What `dagster-webserver` does, its app behind a doorkeeper."""
    from dagster_webserver import cli

    from pyspotify_assets.errors import SettingsError
    from pyspotify_assets.settings import load_settings

    make_app = cli.create_app_from_workspace_process_context
    try:
        name = _name(load_settings().ui_url)
    except SettingsError:  # The UI will show it, of the code location.
        name = ""
    # The one place between Dagster's app and the socket; a command of its own has no hook for it.
    cli.create_app_from_workspace_process_context = lambda *given, **options: Doorkeeper(  # type: ignore[assignment]
        make_app(*given, **options), [name] if name else []
    )
    cli.cli(auto_envvar_prefix="DAGSTER_WEBSERVER")


def dev() -> None:
    """What `dagster dev` does, with this module in the place of `dagster_webserver`."""
    from dagster._cli import dev as dagster_dev

    start = dagster_dev.open_ipc_subprocess

    def start_ours(command: Sequence[str], **options: Any) -> Any:
        if "dagster_webserver" in command:
            place = list(command).index("dagster_webserver")
            command = [*command[:place], "pyspotify_assets.webserver", _SERVE, *command[place + 1 :]]
        return start(command, **options)

    dagster_dev.open_ipc_subprocess = start_ours  # type: ignore[assignment]
    dagster_dev.dev_command()


if __name__ == "__main__":
    if sys.argv[1:2] == [_SERVE]:
        del sys.argv[1]
        serve()
    else:
        dev()
