"""SAM-BA, the protocol of the Nano 33 BLE's bootloader (docs/hil.md names the sources).

A command is a letter, hexadecimal numbers at fixed places, and `#`. The bootloader starts the image
in the flash, unless one of its first two words is FFFFFFFF. So an upload erases these words first
and writes them last: after an interrupted upload the board stays in its bootloader.
"""

from __future__ import annotations

import re
import time
from binascii import crc_hqx
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Protocol

from pipeline.core.errors import ExitCode, MismatchError, NoBoardError, PipelineError

CHIP = "nRF52840-QIAA"
EXTENSIONS = "IKXYZ"  # required commands: identify, reset, erase, write, checksum
PAGE_BYTES = 4096
FLASH_BYTES = 0xF0000  # of the application; it begins at offset 0
BUFFER_ADDRESS = 0x34  # of a page in the bootloader's memory, as in bossac
LINE_END = b"\n\r"
CHECKSUM = re.compile(rb"Z[0-9A-F]{8}#\n\r")
PRINTABLE = re.compile(rb"[ -~]*")
START_BYTES = 8  # stack pointer and reset vector; if one is erased, nothing starts
ERASED = b"\xff"

GREETING_TIMEOUT_S = 0.5
GREETINGS = 4
ANSWER_TIMEOUT_S = 2.0
WORK_TIMEOUT_S = 10.0  # erasing and writing a page
DRAIN_TIMEOUT_S = 5.0

Log = Callable[[str], None]


class BootloaderPort(Protocol):
    """The part of a port that SAM-BA needs; pipeline.capture.ports.Port has it."""

    device: str

    def read(self) -> bytes:
        """Return the bytes that have arrived, after a short wait for the first one."""

    def write(self, data: bytes) -> None:
        """Send bytes."""

    def drain(self, limit_s: float) -> None:
        """Wait until all bytes are sent."""


def responds(port: BootloaderPort, log: Log) -> bool:
    """Whether the bootloader answers, even after an interrupted upload; then it is ready."""
    return _Bootloader(port, log).responds()


def write_image(port: BootloaderPort, image: bytes, log: Log) -> None:
    """Write an image to the flash, compare the checksum of each page, and start it; see `responds`.

    Raises:
        PipelineError: NO_BOARD if the bootloader stops answering, restarts, or is not the Nano 33
            BLE's; MISMATCH for a wrong answer or checksum.
    """
    loader = _Bootloader(port, log)
    loader.check_chip()
    first, *others = _pages(image)
    loader.write_page(0, ERASED * PAGE_BYTES)
    for number, page in enumerate(others, 1):
        loader.write_page(number * PAGE_BYTES, page)
    loader.write_page(0, ERASED * START_BYTES + first[START_BYTES:])
    loader.complete(first)
    loader.reset()


def _pages(image: bytes) -> Iterator[bytes]:
    for start in range(0, len(image), PAGE_BYTES):
        yield image[start : start + PAGE_BYTES].ljust(PAGE_BYTES, b"\0")


class _Bootloader:
    def __init__(self, port: BootloaderPort, log: Log) -> None:
        self._port = port
        self._log = log

    def responds(self) -> bool:
        for attempt in range(GREETINGS):
            self._discard_input()
            self._send(b"N#")
            if self._receive(len(LINE_END), GREETING_TIMEOUT_S) == LINE_END:
                self._discard_input()  # a late answer to an earlier greeting
                return True
            if attempt == 0:
                # It may wait for the rest of a page. After that, `#` is an empty command.
                self._port.write(b"#" * PAGE_BYTES)
        return False

    def check_chip(self) -> None:
        version = self._text(b"V#")
        offered = version.partition("[Arduino:")[2].partition("]")[0]
        chip = self._text(b"I#") if set(EXTENSIONS) <= set(offered) else "unknown"
        if chip != CHIP:
            raise NoBoardError(
                f"The bootloader at {self._port.device} is not the Nano 33 BLE's: chip {chip}, "
                f"version `{version[:80]}`.",
                "the board is another model, or its bootloader was replaced",
                "name the right board with --port; nothing was written to this one",
            )

    def write_page(self, offset: int, page: bytes) -> None:
        """Write a page with Y, which erases it first; X would erase nothing."""
        self._write(offset, page)
        if not self._holds(offset, page):
            raise MismatchError(
                f"The upload broke off: the board at {self._port.device} holds something else at "
                f"{offset:#x} than was written.",
                "the cable or a hub changed a byte, or the board's flash is worn out",
                "run the command again, it starts over; if it stays, the board is broken",
            )

    def complete(self, first: bytes) -> None:
        """Write the two start words; a write of less than a page does not erase the page."""
        self._write(0, first[:START_BYTES])
        if not self._holds(0, first):
            self.write_page(0, first)  # this bootloader erases here too

    def reset(self) -> None:
        self._send(b"K#")
        # When a board restarts, its port disappears.
        with suppress(PipelineError):
            self._port.drain(DRAIN_TIMEOUT_S)

    def _write(self, offset: int, data: bytes) -> None:
        self._send(b"S%08X,%08X#" % (BUFFER_ADDRESS, len(data)))
        # According to bossac, a command and data in one USB packet confuse some bootloaders.
        self._port.drain(DRAIN_TIMEOUT_S)
        self._port.write(data)
        self._expect(b"Y%08X,0#" % BUFFER_ADDRESS, b"Y", ANSWER_TIMEOUT_S)
        self._expect(b"Y%08X,%08X#" % (offset, len(data)), b"Y", WORK_TIMEOUT_S)

    def _holds(self, offset: int, page: bytes) -> bool:
        command = b"Z%08X,%08X#" % (offset, len(page))
        wanted = b"Z%08X#" % crc_hqx(page, 0) + LINE_END
        self._send(command)
        received = self._receive(len(wanted), ANSWER_TIMEOUT_S)
        if CHECKSUM.fullmatch(received) is None:
            raise _wrong_answer(self._port.device, command, received, ANSWER_TIMEOUT_S)
        return received == wanted

    def _send(self, command: bytes) -> None:
        self._log(f"> {command.decode('ascii')}")
        self._port.write(command)

    def _expect(self, command: bytes, answer: bytes, timeout_s: float) -> None:
        self._send(command)
        wanted = answer + LINE_END
        received = self._receive(len(wanted), timeout_s)
        if received != wanted:
            raise _wrong_answer(self._port.device, command, received, timeout_s)

    def _text(self, command: bytes) -> str:
        """The answer up to its first unprintable byte; other bytes may follow."""
        self._send(command)
        received = bytearray()
        deadline = time.monotonic() + ANSWER_TIMEOUT_S
        while LINE_END not in received and time.monotonic() < deadline:
            received += self._port.read()
        self._log(f"< {bytes(received)!r}")
        self._discard_input()
        text = PRINTABLE.match(received)
        return text[0].decode("ascii") if text else ""

    def _receive(self, count: int, timeout_s: float) -> bytes:
        received = bytearray()
        deadline = time.monotonic() + timeout_s
        while len(received) < count and time.monotonic() < deadline:
            received += self._port.read()
        self._log(f"< {bytes(received)!r}")
        return bytes(received)

    def _discard_input(self) -> None:
        while self._port.read():
            pass


def _wrong_answer(device: str, command: bytes, received: bytes, timeout_s: float) -> PipelineError:
    reply = f"answered {received[:20]!r}" if received else f"did not answer within {timeout_s:g} s"
    return PipelineError(
        f"The upload broke off: the bootloader at {device} {reply} to `{command.decode('ascii')}`.",
        "the cable or a hub dropped bytes, or another program talks to the board too",
        "run the command again, it starts over; try another cable if it stays",
        ExitCode.NO_BOARD if not received else ExitCode.MISMATCH,
    )
