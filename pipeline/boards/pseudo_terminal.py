"""The serial port of an emulated board as a pseudo-terminal."""

from __future__ import annotations

import errno
import fcntl
import os
import select
import struct
import termios
import time
import tty

CHUNK_BYTES = 16384


class BoardLine:
    """Two pipes: `stdin` and `stdout` are the board's side, `to_board` and `from_board` ours."""

    def __init__(self) -> None:
        self.stdin, self.to_board = os.pipe()
        self.from_board, self.stdout = os.pipe()
        os.set_blocking(self.to_board, False)
        os.set_blocking(self.from_board, False)
        self._open = {self.stdin, self.to_board, self.from_board, self.stdout}

    def __enter__(self) -> BoardLine:
        return self

    def __exit__(self, *_: object) -> None:
        self._close(*self._open)

    def close_board_side(self) -> None:
        """Close it after the board has inherited it; only then we see the board's end."""
        self._close(self.stdin, self.stdout)

    def _close(self, *descriptors: int) -> None:
        for descriptor in descriptors:
            self._open.remove(descriptor)
            os.close(descriptor)

    def read(self) -> bytes:
        """Read bytes of the board; none after its end. Call it when there are bytes."""
        return os.read(self.from_board, CHUNK_BYTES)

    def write(self, data: bytes | bytearray) -> int:
        """Write bytes to the board; return how many it took. After its end it takes all."""
        try:
            return os.write(self.to_board, data)
        except BlockingIOError:
            return 0
        except BrokenPipeError:
            return len(data)


DATA_PACKET = 0
FLUSHED_BY_CLIENT = 0x01  # TIOCPKT_FLUSHREAD
PLAIN_CLIENT_WAIT_S = 0.25  # for clients that open without flushing, such as cat


class PseudoPort:
    """The master side; clients open `path`, again and again."""

    def __init__(self) -> None:
        self._master, client = os.openpty()
        tty.setraw(client)
        fcntl.ioctl(self._master, termios.TIOCPKT, struct.pack("i", 1))
        os.set_blocking(self._master, False)
        self.path = os.ttyname(client)
        # Once a client has closed it, the master reports a hang-up until the next one opens.
        os.close(client)
        self._opened_at: float | None = None
        self._flushed = False

    def fileno(self) -> int:
        """The file descriptor, for poll."""
        return self._master

    def close(self) -> None:
        """Close the port."""
        os.close(self._master)

    def is_open(self) -> bool:
        """Whether a client has the port open."""
        poll = select.poll()
        poll.register(self._master, 0)
        is_open = not poll.poll(0)
        if not is_open:
            self._opened_at, self._flushed = None, False
        elif self._opened_at is None:
            self._opened_at = time.monotonic()
        return is_open

    def is_ready(self) -> bool:
        """Whether a client has opened the port completely."""
        if not self.is_open() or self._opened_at is None:
            return False
        return self._flushed or time.monotonic() > self._opened_at + PLAIN_CLIENT_WAIT_S

    def read(self) -> bytes:
        """Read bytes of the client; none without a client."""
        try:
            packet = os.read(self._master, CHUNK_BYTES)
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EIO):
                raise
            return b""
        if packet[:1] != bytes([DATA_PACKET]):
            self._flushed = self._flushed or bool(packet and packet[0] & FLUSHED_BY_CLIENT)
            return b""
        return packet[1:]

    def write(self, data: bytes | memoryview) -> int:
        """Write bytes to the client; return how many it took. Never waits."""
        try:
            return os.write(self._master, data)
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EIO):
                raise
            return 0
