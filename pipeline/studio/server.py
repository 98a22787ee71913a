"""Starts the studio on this computer alone."""

from __future__ import annotations

import secrets
import socket
import threading
import webbrowser
from collections.abc import Callable

import uvicorn

from pipeline.core.errors import UsageError
from pipeline.studio.app import PAGE, make_app

HOST = "127.0.0.1"
ENDING_S = 5  # for requests that are being answered
CHARTS = PAGE / "vendor" / "uPlot.esm.js"


def serve(port: int, open_browser: bool, on_address: Callable[[str], None]) -> None:
    """Serve the studio until Ctrl-C; on_address: is told where it is.

    Raises:
        UsageError: the port is taken, or the page's charts are not installed.
    """
    _require_charts()
    listener = _listener(port)
    port, token = listener.getsockname()[1], secrets.token_urlsafe(24)
    address = f"http://{HOST}:{port}/?token={token}"
    app = make_app(port, token)
    config = uvicorn.Config(
        app, log_level="warning", ws="websockets-sansio", timeout_graceful_shutdown=ENDING_S
    )
    on_address(address)
    if open_browser:
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
    uvicorn.Server(config).run([listener])


def _listener(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen()  # before its address is told: a browser may be faster than the server
    except OSError as error:
        listener.close()
        raise UsageError(
            f"Port {port} cannot be used: {error.strerror}.",
            "another studio possibly runs, or another program has the port",
            "open the address in its terminal, or let `gesture studio --port 0` find another port",
        ) from None
    return listener


def _require_charts() -> None:
    if not CHARTS.is_file():
        raise UsageError(
            "The charts of the page are not installed.",
            "a checkout gets them from npm; a wheel has them",
            "type `make page` in the checkout",
        )
