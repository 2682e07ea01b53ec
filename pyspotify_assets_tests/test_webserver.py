"""The doorkeeper of Dagster's web server: who gets in, who does not, and that Dagster itself would let everybody in."""

from __future__ import annotations

import asyncio

import pytest
from dagster_webserver import cli
from dagster_webserver.webserver import DagsterWebserver

from pyspotify_assets import webserver
from pyspotify_assets.webserver import Doorkeeper


def status(kind: str = "http", names: tuple[str, ...] = (), **headers: str | list[str]) -> int | None:
    """What a request with these headers is answered; None where it gets to the app."""
    sent: list[dict] = []
    reached: list[bool] = []

    async def app(scope, receive, send) -> None:
        reached.append(True)

    async def receive() -> dict:
        return {"type": f"{kind}.connect"}

    async def send(message: dict) -> None:
        sent.append(message)

    given = [
        (name.lower().encode(), value.encode())
        for name, values in headers.items()
        for value in (values if isinstance(values, list) else [values])
    ]
    asyncio.run(Doorkeeper(app, names)({"type": kind, "headers": given}, receive, send))
    if reached:
        assert not sent
        return None
    return sent[0].get("status") or sent[0]["code"]


@pytest.mark.parametrize("host", ["127.0.0.1:3000", "localhost:3000", "LOCALHOST:3000", "[::1]:3000", "127.0.0.1"])
def test_the_names_of_this_machine_get_in_alone_and_with_a_page_of_their_own(host):
    assert status(Host=host) is None
    assert status(Host=host, Origin=f"http://{host}") is None
    assert status("websocket", Host=host, Origin=f"http://{host}") is None


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:3000",
        "127.0.0.1.evil.example:3000",
        "127.0.0.1:3000@evil.example",
        "",
        "[::1",
        "a:b",
    ],
)
def test_another_hosts_name_does_not_whatever_leads_it_here(host):
    assert status(Host=host) == 421
    assert status("websocket", Host=host) == 1008


def test_neither_does_a_request_without_a_host_or_with_two():
    assert status() == 421
    assert status(Host=["127.0.0.1:3000", "evil.example"]) == 421


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "http://127.0.0.1:3001",
        "http://127.0.0.1",
        "http://localhost:3000",
        "file://",
        "",
    ],
)
def test_a_page_of_another_place_does_not_though_its_browser_is_here(origin):
    assert status(Host="127.0.0.1:3000", Origin=origin) == 403
    assert status("websocket", Host="127.0.0.1:3000", Origin=origin) == 1008


def test_the_name_that_a_proxy_gives_the_ui_gets_in_too():
    ours = {"Host": "dagster.example.org", "Origin": "https://dagster.example.org"}
    assert status(names=("dagster.example.org",), **ours) is None
    assert status(**ours) == 421


def test_what_is_no_request_passes():
    assert status("lifespan") is None


def test_the_server_that_is_started_is_dagsters_behind_the_doorkeeper(folder, monkeypatch):
    monkeypatch.setenv("PYSPOTIFY_UI_URL", "https://dagster.example.org/")
    monkeypatch.setattr(cli, "create_app_from_workspace_process_context", lambda *given, **options: "app")
    made: list[object] = []
    monkeypatch.setattr(cli, "cli", lambda **_: made.append(cli.create_app_from_workspace_process_context()))

    webserver.serve()

    assert isinstance(made[0], Doorkeeper)
    assert "dagster.example.org" in made[0]._names


def test_dagster_has_no_doorkeeper_of_its_own_yet():
    """Once it has, ours can go."""
    middleware = DagsterWebserver.build_middleware(object())  # type: ignore[arg-type]
    assert [each.cls.__name__ for each in middleware] == ["DagsterTracedCounterMiddleware"]
