"""The line to the process that plays the board: a pipe each way.

Pipes, because QEMU sends single bytes: in 64 KB a pipe holds as many, a socket some hundred,
and a board whose line is full drops what it wants to say.
"""

from __future__ import annotations

import os
from types import TracebackType

CHUNK_BYTES = 16384


class BoardLine:
    """`stdin` and `stdout` are the board's side, `to_board` and `from_board` ours."""

    def __init__(self) -> None:
        self.stdin, self.to_board = os.pipe()
        self.from_board, self.stdout = os.pipe()
        os.set_blocking(self.to_board, False)
        os.set_blocking(self.from_board, False)
        self._open = {self.stdin, self.to_board, self.from_board, self.stdout}

    def __enter__(self) -> BoardLine:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close(*self._open)

    def close_board_side(self) -> None:
        """Once the board has inherited it: only then is its end seen here."""
        self._close(self.stdin, self.stdout)

    def _close(self, *descriptors: int) -> None:
        for descriptor in descriptors:
            self._open.remove(descriptor)
            os.close(descriptor)

    def read(self) -> bytes:
        """What the board sent; empty once it has ended. Call when there is something."""
        return os.read(self.from_board, CHUNK_BYTES)

    def write(self, data: bytes | bytearray) -> int:
        """How many of the bytes the line took; a board that has ended takes all."""
        try:
            return os.write(self.to_board, data)
        except BlockingIOError:
            return 0
        except BrokenPipeError:
            return len(data)
