"""A cable to a board that can be pulled, and on which one can speak to the board too."""

from __future__ import annotations

import select
import threading
from pathlib import Path
from types import TracebackType

import serial

from pipeline.boards.pseudo_port import PseudoPort

CHUNK_BYTES = 4096


class Relay:
    """`path` is the board's port for as long as the cable is plugged in.

    Pulled, it is gone, and what the board says meanwhile nobody hears.
    """

    def __init__(self, board_port: str, path: Path) -> None:
        self.path = path
        self._board = serial.Serial(board_port, 115200, timeout=0)
        self._lock = threading.Lock()
        self._port: PseudoPort | None = None
        self._stopping = threading.Event()
        self.plug_in()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def __enter__(self) -> Relay:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopping.set()
        self._thread.join()
        self.pull()
        self._board.close()

    def say(self, words: bytes) -> None:
        """To the board."""
        self._board.write(words)

    def pull(self) -> None:
        with self._lock:
            self.path.unlink(missing_ok=True)
            if self._port is not None:
                self._port.close()
            self._port = None

    def plug_in(self) -> None:
        with self._lock:
            self._port = PseudoPort()
            self.path.symlink_to(self._port.path)

    def _run(self) -> None:
        to_client = b""
        while not self._stopping.is_set():
            select.select([self._board.fileno()], [], [], 0.005)
            said = self._board.read(CHUNK_BYTES)
            with self._lock:
                if self._port is None or not self._port.is_ready():
                    to_client = b""
                    if self._port is not None and self._port.is_open():
                        self._board.write(self._port.read())
                    continue
                self._board.write(self._port.read())
                to_client += said
                to_client = to_client[self._port.write(to_client) :]
