"""The open tabs: each gets the same messages, and a slow one delays nobody."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

MOST_WAITING = 300  # messages; a tab that is behind more misses pictures of the live view
REPLACEABLE = ("samples", "monitor")


class Tabs:
    """All tabs."""

    def __init__(self) -> None:
        self._queues: set[asyncio.Queue[str]] = set()

    def send(self, message: dict[str, Any]) -> None:
        """To all; a tab that is behind misses pictures of the live view, nothing else."""
        text = json.dumps(message)
        for waiting in self._queues:
            if waiting.qsize() < MOST_WAITING or message["type"] not in REPLACEABLE:
                waiting.put_nowait(text)

    async def serve(self, socket: WebSocket, state: dict[str, Any]) -> None:
        """One tab, until it is closed; state: what it begins with."""
        waiting: asyncio.Queue[str] = asyncio.Queue()
        await socket.accept()
        waiting.put_nowait(json.dumps(state))
        self._queues.add(waiting)
        sender = asyncio.create_task(_send(socket, waiting))
        try:
            while True:
                await socket.receive_text()  # nothing is said there; it notices the end
        except WebSocketDisconnect:
            pass
        finally:
            self._queues.discard(waiting)
            sender.cancel()


async def _send(socket: WebSocket, waiting: asyncio.Queue[str]) -> None:
    while True:
        await socket.send_text(await waiting.get())
