"""Finds and opens serial ports. No other file handles exceptions of pyserial."""

from __future__ import annotations

import errno
import os
import select
import termios
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import serial
from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

from pipeline.capture.port_list import programs_using
from pipeline.core.board_profiles import profile_of_usb, same_serial_number
from pipeline.core.board_slots import running_boards
from pipeline.core.errors import NoBoardError, PipelineError

BAUD = 115200
READ_TIMEOUT_S = 0.02
WRITE_TIMEOUT_S = 2.0
DRAIN_POLL_S = 0.001
IN_USE = (errno.EBUSY, errno.EAGAIN)
NOT_PERMITTED = (errno.EACCES, errno.EPERM)


class Port:
    """An open serial port. All its errors are PipelineError."""

    def __init__(self, device: str, connection: serial.Serial) -> None:
        self.device = device
        self._serial = connection

    def __enter__(self) -> Port:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def read(self) -> bytes:
        """Return the bytes that have arrived; wait up to READ_TIMEOUT_S for the first one."""
        with _translated(self.device, _gone):
            # Only one call: if the line breaks later, the bytes before it are returned.
            return bytes(self._serial.read(self._serial.in_waiting or 1))

    def read_into(self, room: memoryview) -> int:
        """Let the system read into `room`; return the number of bytes. Never waits."""
        with _translated(self.device, _gone):
            if not self.wait_any([self], 0):
                return 0
            count = os.readv(self._serial.fileno(), [room])
            if count == 0:
                raise OSError("it is ready to be read, and gives nothing")
            return count

    @staticmethod
    def wait_any(ports: Iterable[Port], timeout_s: float) -> bool:
        """Wait until one of the ports has bytes or is gone; False after `timeout_s`."""
        poll = select.poll()
        for port in ports:
            with _translated(port.device, _gone):
                poll.register(port._serial.fileno(), select.POLLIN)
        return bool(poll.poll(timeout_s * 1000))

    def write(self, data: bytes) -> None:
        """Send bytes."""
        with _translated(self.device, _gone):
            self._serial.write(data)

    def drain(self, limit_s: float) -> None:
        """Wait until all bytes are sent; NO_BOARD if that takes longer."""
        deadline = time.monotonic() + limit_s
        with _translated(self.device, _gone):
            while self._serial.out_waiting:
                if time.monotonic() > deadline:
                    raise OSError(f"it takes no bytes for {limit_s:g} s")
                time.sleep(DRAIN_POLL_S)

    def close(self) -> None:
        """Close the port."""
        self._serial.close()


def open_port(spec: str, baud: int = BAUD) -> Port:
    """Open a port for us alone.

    Raises:
        PipelineError: NO_BOARD; it names the ports that exist, the program that uses the port, or
            the command that grants access to it.
    """
    device = find_port(spec)
    with _translated(device, _cannot_open):
        connection = serial.serial_for_url(
            device, baud, timeout=READ_TIMEOUT_S, write_timeout=WRITE_TIMEOUT_S, exclusive=True
        )
    return Port(device, connection)


def find_port(spec: str) -> str:
    """The path or URL of `spec`."""
    if spec == "auto":
        return _only_board()
    if spec.startswith("id:"):
        wanted = spec.removeprefix("id:")
        for port in list_ports.comports():
            if port.serial_number and same_serial_number(port.serial_number, wanted):
                return port.device
        raise _missing(f"No port has the serial number {wanted}.", "the board is not plugged in")
    return spec


def stable_name(device: str) -> str:
    """`id:SERIAL` if the port has a serial number, else its path, which may change."""
    known = {port.device: port.serial_number for port in list_ports.comports()}
    serial_number = known.get(device)
    return f"id:{serial_number}" if serial_number else device


def is_board_plugged_in() -> bool:
    """Whether USB shows a board that we know."""
    return any(map(_is_board, list_ports.comports()))


def _only_board() -> str:
    boards = [port for port in list_ports.comports() if _is_board(port)]
    if not boards:
        raise _missing("No board was found.", "it is not plugged in, or its cable only charges")
    if len(boards) > 1:
        raise NoBoardError(
            f"{len(boards)} boards are plugged in: {', '.join(_listed(boards))}.",
            "`auto` takes the only one",
            f"name one, for example `--port id:{boards[0].serial_number}`",
        )
    return boards[0].device


def _is_board(port: ListPortInfo) -> bool:
    return profile_of_usb(port.vid, port.pid) is not None


@contextmanager
def translated_opening(device: str) -> Iterator[None]:
    """Turn errors of opening a port into the PipelineError that open_port raises."""
    with _translated(device, _cannot_open):
        yield


@contextmanager
def _translated(device: str, why: Callable[[str, Exception], PipelineError]) -> Iterator[None]:
    try:
        yield
    except (serial.SerialException, OSError, termios.error, ValueError) as error:
        raise why(device, error) from None


def _gone(device: str, error: Exception) -> PipelineError:
    return NoBoardError(
        f"The connection to {device} was lost: {error}.",
        "the board was unplugged, restarted or stopped, or another program reads the port too",
        "plug it in again, or start it again, and repeat the command",
    )


def _cannot_open(device: str, error: Exception) -> PipelineError:
    number = getattr(error, "errno", None)
    if number in IN_USE:
        programs = ", ".join(programs_using(device))
        return NoBoardError(
            f"{device} is open in {programs}."
            if programs
            else f"{device} is in use by another program.",
            "two programs at one port receive each other's bytes"
            if programs
            else "a serial monitor, another `gesture` or the Arduino IDE has it open, possibly of "
            "another user",
            "close that program and try again",
        )
    if number in NOT_PERMITTED:
        return NoBoardError(
            f"There is no permission to open {device}.",
            "serial ports belong to the group dialout, and this user is not in it",
            "sudo usermod -a -G dialout $USER, then log out and in again",
        )
    if "://" not in device and not Path(device).exists():
        return _missing(
            f"There is no port {device}.",
            "the board is not plugged in or started, or the name is misspelt",
        )
    return NoBoardError(
        f"{device} cannot be opened: {error}.",
        "it is not a serial port, or no program answers there",
        f"ports that exist: {_there()}",
    )


def _missing(what: str, why: str) -> PipelineError:
    return NoBoardError(
        what,
        why,
        f"ports that exist: {_there()}",
    )


def _there() -> str:
    """Every port that may have a board behind it, those of emulated boards too."""
    plugged_in = _listed([port for port in list_ports.comports() if port.vid is not None])
    emulated = [f"{link} (emulated)" for link in _emulated()]
    return ", ".join([*plugged_in, *emulated]) or "none; `gesture board start native` starts one"


def _emulated() -> list[Path]:
    with suppress(PipelineError):  # it is about another fault
        return running_boards()
    return []


def _listed(ports: Sequence[ListPortInfo]) -> list[str]:
    return [f"{port.device} ({port.description})" for port in ports]
