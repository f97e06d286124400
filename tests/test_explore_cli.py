"""The command `explore` and its server, without a browser and without marimo."""

import asyncio
import socket

import pytest
from cli_helpers import refused

from latebloom.core import installed
from latebloom.explore import server
from latebloom.explore.server import HOST, listen, only_own


@pytest.fixture
def framework(monkeypatch):
    """Let the framework count as installed; nothing of it is loaded before input is checked."""
    monkeypatch.setattr(server, "require_framework", lambda: None)


def test_without_the_framework_one_line_says_how_to_install_it(capsys, monkeypatch):
    monkeypatch.setattr(installed, "find_spec", lambda name: None)
    message = refused(capsys, "explore")
    assert "needs marimo, which is not installed; try: pip install 'latebloom[explore]'" in message


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["spars"], "did you mean 'sparse'"),
        (["sparse?N=3"], "N = '3': must be a whole number from 5 to 90"),
        (["--port", "99999"], "port = 99999: must be from 1 to 65535"),
        (["--port", "-1"], "port = -1"),
        (["--port", "x"], "--port x: must be a whole number"),
        (["--beta", "1e-6"], "unknown option '--beta'"),
    ],
)
def test_bad_arguments_are_refused(framework, capsys, arguments, message):
    assert message in refused(capsys, "explore", *arguments)


def test_a_port_in_use_is_refused(framework, capsys):
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        assert f"port {port}: cannot be used" in refused(capsys, "explore", "--port", str(port))


def test_only_the_loopback_interface_is_listened_on():
    with listen(0) as listener:
        address, port = listener.getsockname()
        assert address == "127.0.0.1"
        assert port > 0
        with socket.create_connection((HOST, port), timeout=5):
            pass


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize(
    ("host", "origin", "served"),
    [
        ("127.0.0.1:8000", None, True),
        ("localhost:8000", "http://localhost:8000", True),
        ("127.0.0.1:8001", None, False),
        ("elsewhere.example:8000", None, False),
        ("127.0.0.1:8000", "http://elsewhere.example", False),
        ("127.0.0.1:8000", "null", False),
        (None, None, False),
    ],
)
def test_other_sites_are_refused(kind, host, origin, served):
    reached, sent = [], []

    async def application(scope, receive, send):
        reached.append(scope["type"])

    async def send(message):
        sent.append(message)

    async def receive():
        return {}

    named = [(b"host", host), (b"origin", origin)]
    headers = [(name, value.encode()) for name, value in named if value is not None]
    guarded = only_own(application, 8000)
    asyncio.run(guarded({"type": kind, "headers": headers}, receive, send))
    assert bool(reached) is served
    assert bool(sent) is not served
    if not served:
        assert sent[0].get("status", sent[0].get("code")) in (403, 1008)


def test_what_is_no_request_passes():
    reached = []

    async def application(scope, receive, send):
        reached.append(scope["type"])

    asyncio.run(only_own(application, 8000)({"type": "lifespan"}, None, None))
    assert reached == ["lifespan"]
