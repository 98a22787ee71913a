"""A serial port made of a pseudo terminal: any program can open it by its path.

Opening is seen through packet mode (tty_ioctl(4), TIOCPKT): the master is told when a
client has thrown away what was waiting, which pyserial does at the end of its `open`.
Whatever is sent after that reaches the client.
"""

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
DATA_PACKET = 0
FLUSHED_BY_CLIENT = 0x01  # TIOCPKT_FLUSHREAD
PLAIN_CLIENT_WAIT_S = 0.25  # for clients that open without flushing, such as cat


class PseudoPort:
    """The master side. `path` is what clients open, again and again."""

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
        return self._master

    def close(self) -> None:
        os.close(self._master)

    def is_open(self) -> bool:
        """A client has the port open."""
        poll = select.poll()
        poll.register(self._master, 0)
        is_open = not poll.poll(0)
        if not is_open:
            self._opened_at, self._flushed = None, False
        elif self._opened_at is None:
            self._opened_at = time.monotonic()
        return is_open

    def is_ready(self) -> bool:
        """A client has the port open and has done with opening it."""
        if not self.is_open() or self._opened_at is None:
            return False
        return self._flushed or time.monotonic() > self._opened_at + PLAIN_CLIENT_WAIT_S

    def read(self) -> bytes:
        """What the client sent; empty where there is nothing or no client."""
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
        """How many of the bytes the client's side took; never waits."""
        try:
            return os.write(self._master, data)
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EIO):
                raise
            return 0
