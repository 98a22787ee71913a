"""Moves bytes between a pseudo terminal and the process that plays the board."""

from __future__ import annotations

import select
import socket
import time

from pipeline.boards.board_line import BoardLine
from pipeline.boards.pseudo_port import CHUNK_BYTES, PseudoPort

HELD_BYTES = 64 << 20  # kept for a slow or absent reader; then the board has to wait
HELD_FOR_BOARD_BYTES = 65536
CLIENT_CHECK_MS = 10
LINGER_S = 0.5  # closing the port takes from a client what it has not read yet


class Pump:
    """Copies until the board's side closes or `stop` is called. Nothing is dropped.

    What the board sends while nobody has the port open waits for the next client.
    """

    def __init__(self, port: PseudoPort) -> None:
        self._port = port
        self._to_client = bytearray()
        self._to_board = bytearray()
        self._stopping = False
        self._waker, self._wake = socket.socketpair()

    def stop(self) -> None:
        """May be called from another thread."""
        if not self._stopping:
            self._stopping = True
            self._waker.send(b".")

    def close(self) -> None:
        self._waker.close()
        self._wake.close()

    def wait_for_client(self) -> bool:
        """True once a client is ready, False when stopped before."""
        while not self._stopping:
            if self._port.is_ready():
                return True
            if self._port.is_open():
                self._to_board += self._port.read()
            self._wait({}, CLIENT_CHECK_MS)
        return False

    def run(self, board: BoardLine) -> bool:
        """True when the board ended, False when stopped before."""
        board_open = True
        while board_open and not self._stopping:
            board_open = self._turn(board)
        self._linger()
        return not board_open

    def _linger(self) -> None:
        deadline = time.monotonic() + LINGER_S
        while self._port.is_open() and not self._stopping and time.monotonic() < deadline:
            if self._to_client:
                deadline = time.monotonic() + LINGER_S
            self._serve_client()
            self._wait({}, CLIENT_CHECK_MS)

    def _turn(self, board: BoardLine) -> bool:
        """Wait for either side and serve it; False once the board has ended."""
        wanted = {}
        client_open = self._port.is_open()
        if client_open:
            wanted[self._port.fileno()] = self._client_interest()
        if self._to_board:
            wanted[board.to_board] = select.POLLOUT
        if len(self._to_client) < HELD_BYTES:
            wanted[board.from_board] = select.POLLIN
        ready = self._wait(wanted, None if client_open else CLIENT_CHECK_MS)
        if self._port.fileno() in ready:
            self._serve_client()
        if board.to_board in ready:
            del self._to_board[: board.write(self._to_board)]
        return board.from_board not in ready or self._hear(board)

    def _hear(self, board: BoardLine) -> bool:
        said = board.read()
        self._to_client += said
        return bool(said)

    def _wait(self, wanted: dict[int, int], limit_ms: int | None) -> set[int]:
        poll = select.poll()
        poll.register(self._wake, select.POLLIN)
        for descriptor, events in wanted.items():
            poll.register(descriptor, events)
        return {descriptor for descriptor, _ in poll.poll(limit_ms)}

    def _client_interest(self) -> int:
        events = select.POLLIN if len(self._to_board) < HELD_FOR_BOARD_BYTES else 0
        return events | (select.POLLOUT if self._to_client else 0)

    def _serve_client(self) -> None:
        if len(self._to_board) < HELD_FOR_BOARD_BYTES:
            self._to_board += self._port.read()
        if self._to_client:
            with memoryview(self._to_client) as held:
                taken = self._port.write(held[:CHUNK_BYTES])
            del self._to_client[:taken]
