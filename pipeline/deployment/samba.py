"""SAM-BA, the protocol by which the board's bootloader takes an image.

As the Nano 33 BLE's bootloader speaks it, and with the commands, addresses and order that Arduino's
bossac (github.com/arduino/BOSSA, branch nrf) sends it: nothing else is known to work.
A command is a letter, hexadecimal numbers and `#`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Protocol

from pipeline.errors import ExitCode, PipelineError

CHIP = "nRF52840-QIAA"
EXTENSIONS = "IKXY"  # identify, reset, erase, write: what the version has to offer
PAGE_BYTES = 4096
FLASH_BYTES = 0xF0000  # of the application
BUFFER_ADDRESS = 0x34  # in the bootloader's memory, where bossac puts a page
LINE_END = b"\n\r"

GREETING_TIMEOUT_S = 0.5
GREETINGS = 4
ANSWER_TIMEOUT_S = 2.0
WORK_TIMEOUT_S = 10.0  # erasing, or writing a page
DRAIN_TIMEOUT_S = 5.0

Log = Callable[[str], None]


class Line(Protocol):
    """What SAM-BA needs of a port; pipeline.capture.ports.Port is one."""

    device: str

    def read(self) -> bytes:
        """What has arrived; waits a short while for the first byte, else empty."""

    def write(self, data: bytes) -> None: ...
    def drain(self, limit_s: float) -> None: ...


def greets(line: Line, log: Log) -> bool:
    """Whether the bootloader answers, and then waits for a command, wherever an upload ended."""
    return _Bootloader(line, log).greets()


def write_image(line: Line, image: bytes, log: Log) -> None:
    """Put `image` into the flash and start it; the bootloader has been greeted.

    Raises PipelineError: NO_BOARD where the bootloader falls silent or is not the Nano 33 BLE's,
    MISMATCH where it answers wrongly. Its word is all there is until the board itself is asked.
    """
    loader = _Bootloader(line, log)
    loader.check_chip()
    loader.erase()
    for number, page in enumerate(_pages(image)):
        loader.write_page(number * PAGE_BYTES, page)
    loader.reset()


def _pages(image: bytes) -> Iterator[bytes]:
    for start in range(0, len(image), PAGE_BYTES):
        yield image[start : start + PAGE_BYTES].ljust(PAGE_BYTES, b"\0")


class _Bootloader:
    def __init__(self, line: Line, log: Log) -> None:
        self._line = line
        self._log = log

    def greets(self) -> bool:
        for attempt in range(GREETINGS):
            self._forget()
            self._send(b"N#")
            if self._hear(len(LINE_END), GREETING_TIMEOUT_S) == LINE_END:
                return True
            if attempt == 0:
                # It may still wait for the rest of a page; past that, `#` is an empty command.
                self._line.write(b"#" * PAGE_BYTES)
        return False

    def check_chip(self) -> None:
        version = self._text(b"V#")
        offered = version.partition("[Arduino:")[2].partition("]")[0]
        chip = self._text(b"I#") if set(EXTENSIONS) <= set(offered) else "not told"
        if chip != CHIP:
            raise _other_bootloader(self._line.device, version, chip)

    def erase(self) -> None:
        self._expect(b"X%08X#" % 0, b"X", WORK_TIMEOUT_S)

    def write_page(self, offset: int, page: bytes) -> None:
        self._send(b"S%08X,%08X#" % (BUFFER_ADDRESS, len(page)))
        # A command and data in one USB packet confuse it, says bossac.
        self._line.drain(DRAIN_TIMEOUT_S)
        self._line.write(page)
        self._expect(b"Y%08X,0#" % BUFFER_ADDRESS, b"Y", ANSWER_TIMEOUT_S)
        self._expect(b"Y%08X,%08X#" % (offset, len(page)), b"Y", WORK_TIMEOUT_S)

    def reset(self) -> None:
        self._send(b"K#")
        # A board that restarts takes its port away, at once or in a moment.
        with suppress(PipelineError):
            self._line.drain(DRAIN_TIMEOUT_S)

    def _send(self, command: bytes) -> None:
        self._log(f"> {command.decode('ascii')}")
        self._line.write(command)

    def _expect(self, command: bytes, answer: bytes, timeout_s: float) -> None:
        self._send(command)
        wanted = answer + LINE_END
        heard = self._hear(len(wanted), timeout_s)
        if heard != wanted:
            raise _wrong_answer(self._line.device, command, heard, timeout_s)

    def _text(self, command: bytes) -> str:
        self._send(command)
        heard = bytearray()
        deadline = time.monotonic() + ANSWER_TIMEOUT_S
        while not heard.endswith(LINE_END) and time.monotonic() < deadline:
            heard += self._line.read()
        self._log(f"< {bytes(heard)!r}")
        return heard.decode("ascii", "replace").strip()

    def _hear(self, count: int, timeout_s: float) -> bytes:
        heard = bytearray()
        deadline = time.monotonic() + timeout_s
        while len(heard) < count and time.monotonic() < deadline:
            heard += self._line.read()
        self._log(f"< {bytes(heard)!r}")
        return bytes(heard)

    def _forget(self) -> None:
        while self._line.read():
            pass


def silent(device: str) -> PipelineError:
    return PipelineError(
        f"The bootloader at {device} does not answer.",
        "it hangs, or another program (often ModemManager) talks to it too",
        "tap the board's reset button twice, quickly, and run the command again",
        ExitCode.NO_BOARD,
    )


def _other_bootloader(device: str, version: str, chip: str) -> PipelineError:
    return PipelineError(
        f"The bootloader at {device} is not the Nano 33 BLE's: chip {chip}, version "
        f"`{version[:80]}`.",
        "the board is another model, or its bootloader was replaced",
        "name the right board with --port; nothing was written to this one",
        ExitCode.NO_BOARD,
    )


def _wrong_answer(device: str, command: bytes, heard: bytes, timeout_s: float) -> PipelineError:
    said = f"answered {heard[:20]!r}" if heard else f"did not answer within {timeout_s:g} s"
    return PipelineError(
        f"The upload broke off: the bootloader at {device} {said} to `{command.decode('ascii')}`.",
        "the cable or a hub dropped bytes, or another program talks to the board too",
        "run the command again, it starts over; try another cable if it stays",
        ExitCode.NO_BOARD if not heard else ExitCode.MISMATCH,
    )
