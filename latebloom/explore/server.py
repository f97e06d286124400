"""The server of the page: on the loopback interface, behind a token, in a thread."""

import importlib
import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from latebloom.core.errors import InvalidInput
from latebloom.core.installed import lacking

HOST = "127.0.0.1"
# Not a module of the package: marimo reads it, and it cannot be imported without marimo.
APP = Path(__file__).parent / "page" / "app.py"
# Seconds to wait for the server to answer, and for it to end.
START, END = 30.0, 3.0

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


def require_framework() -> None:
    """Raise `InvalidInput` if what the page needs is not installed."""
    why = lacking(("marimo", "uvicorn"))
    if why:
        raise InvalidInput(f"explore: {why}; try: pip install 'latebloom[explore]'")


def listen(port: int) -> socket.socket:
    """Return a socket that listens on the loopback interface.

    **Arguments:**

    - `port`: 1 to 65535, or 0 for any that is free.

    **Raises:** `InvalidInput` if the port is out of range, taken, or not for this user.
    """
    if not 0 <= port <= 65535:
        raise InvalidInput(f"port = {port}: must be from 1 to 65535, or 0 for any that is free")
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((HOST, port))
        found.listen(128)
    except OSError as error:
        found.close()
        raise InvalidInput(
            f"port {port}: cannot be used ({error.strerror}); give another as --port, or leave it "
            "out for any that is free"
        ) from None
    return found


def only_own(application: Application, port: int) -> Application:
    """Return the application for requests to this address from its own pages only.

    Requests from other sites are refused: those that name another host, or come from another page.

    **Arguments:**

    - `application`: ASGI.
    - `port`: where it listens.
    """
    hosts = {f"{name}:{port}".encode() for name in (HOST, "localhost")}
    origins = {b"http://" + host for host in hosts}

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            headers = dict(scope["headers"])
            origin = headers.get(b"origin")
            if headers.get(b"host") not in hosts or (origin and origin not in origins):
                if scope["type"] == "websocket":
                    await send({"type": "websocket.close", "code": 1008})
                    return
                await send({"type": "http.response.start", "status": 403, "headers": []})
                await send({"type": "http.response.body", "body": b"not from here"})
                return
        await application(scope, receive, send)

    return guarded


@contextmanager
def serving(listener: socket.socket) -> Iterator[str]:
    """Serve the page while the block runs; give the token.

    **Arguments:**

    - `listener`: of `listen`; closed at the end.

    **Raises:** `InvalidInput` if the server does not start.
    """
    # No question to a server whether there is a newer version.
    os.environ.setdefault("MARIMO_SKIP_UPDATE_CHECK", "1")
    marimo, uvicorn = map(importlib.import_module, ("marimo", "uvicorn"))
    # asyncio warns of every message to a tab that was closed.
    for name in ("uvicorn", "asyncio"):
        logging.getLogger(name).setLevel(logging.ERROR)
    token = secrets.token_urlsafe(16)
    application = marimo.create_asgi_app(quiet=True, token=token)
    application = application.with_app(path="/", root=str(APP)).build()
    config = uvicorn.Config(
        only_own(application, listener.getsockname()[1]),
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    # In a thread uvicorn leaves the signals to us.
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    with closing(listener):
        thread.start()
        end = time.monotonic() + START
        while not server.started:
            if not thread.is_alive() or time.monotonic() > end:
                raise InvalidInput("explore: the server did not start; try another --port")
            time.sleep(0.02)
        try:
            yield token
        finally:
            server.should_exit = True
            thread.join(END)
