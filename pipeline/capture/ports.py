"""Finding and opening serial ports. The only place that meets pyserial and its exceptions."""

from __future__ import annotations

import errno
import os
import select
import termios
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

import serial
from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

from pipeline.errors import ExitCode, PipelineError

BAUD = 115200
ARDUINO_VID = 0x2341
NANO33BLE_PIDS = (0x805A, 0x005A)  # running a sketch, in its bootloader
READ_TIMEOUT_S = 0.02
WRITE_TIMEOUT_S = 2.0
DRAIN_POLL_S = 0.001
IN_USE = (errno.EBUSY, errno.EAGAIN)
NOT_PERMITTED = (errno.EACCES, errno.EPERM)


class Port:
    """An open serial port. Whatever goes wrong with it is a PipelineError."""

    def __init__(self, device: str, connection: serial.Serial) -> None:
        self.device = device
        self._serial = connection

    def __enter__(self) -> Port:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def read(self) -> bytes:
        """What has arrived; waits up to READ_TIMEOUT_S for a first byte, else empty."""
        with _translated(self.device, _gone):
            # One call only: where the line breaks, what came before it has been handed over.
            return bytes(self._serial.read(self._serial.in_waiting or 1))

    def read_into(self, room: memoryview) -> int:
        """How many bytes had arrived; the system itself has put them into `room`. Never waits."""
        with _translated(self.device, _gone):
            if not self.wait_any([self], 0):
                return 0
            count = os.readv(self._serial.fileno(), [room])
            if count == 0:
                raise OSError("it is ready to be read, and gives nothing")
            return count

    @staticmethod
    def wait_any(ports: Iterable[Port], timeout_s: float) -> bool:
        """Wait until one of the ports has something to say, or has gone."""
        poll = select.poll()
        for port in ports:
            with _translated(port.device, _gone):
                poll.register(port._serial.fileno(), select.POLLIN)
        return bool(poll.poll(timeout_s * 1000))

    def write(self, data: bytes) -> None:
        with _translated(self.device, _gone):
            self._serial.write(data)

    def drain(self, limit_s: float) -> None:
        """Wait until what was written has left; raises PipelineError where it does not in time."""
        deadline = time.monotonic() + limit_s
        with _translated(self.device, _gone):
            while self._serial.out_waiting:
                if time.monotonic() > deadline:
                    raise OSError(f"it takes no bytes for {limit_s:g} s")
                time.sleep(DRAIN_POLL_S)

    def close(self) -> None:
        self._serial.close()


def open_port(spec: str) -> Port:
    """Open `auto`, a path, `id:SERIAL` or a URL such as `socket://HOST:PORT`, for us alone.

    Raises PipelineError (NO_BOARD) that says what is there instead, who may be holding the
    port, or which command grants access to it.
    """
    device = find_port(spec)
    with _translated(device, _cannot_open):
        connection = serial.serial_for_url(
            device, BAUD, timeout=READ_TIMEOUT_S, write_timeout=WRITE_TIMEOUT_S, exclusive=True
        )
    return Port(device, connection)


def find_port(spec: str) -> str:
    """The path or URL that `spec` means."""
    if spec == "auto":
        return _only_board()
    if spec.startswith("id:"):
        return _board_with_id(spec[len("id:") :])
    return spec


def lasting_name(device: str) -> str:
    """`id:SERIAL` where the port has a serial number: its path may be another one tomorrow."""
    known = {port.device: port.serial_number for port in list_ports.comports()}
    serial_number = known.get(device)
    return f"id:{serial_number}" if serial_number else device


def _only_board() -> str:
    boards = [port for port in list_ports.comports() if _is_board(port)]
    if not boards:
        raise _missing("No board was found.", "it is not plugged in, or its cable only charges")
    if len(boards) > 1:
        raise PipelineError(
            f"{len(boards)} boards are plugged in: {_listed(boards)}.",
            "`auto` takes the only one",
            f"name one, for example `--port id:{boards[0].serial_number}`",
            ExitCode.NO_BOARD,
        )
    return boards[0].device


def _board_with_id(serial_number: str) -> str:
    for port in list_ports.comports():
        if (port.serial_number or "").lower() == serial_number.lower():
            return port.device
    raise _missing(f"No port has the serial number {serial_number}.", "the board is not plugged in")


def _is_board(port: ListPortInfo) -> bool:
    return port.vid == ARDUINO_VID and port.pid in NANO33BLE_PIDS


@contextmanager
def translated_opening(device: str) -> Iterator[None]:
    """What goes wrong while opening becomes the PipelineError that open_port raises."""
    with _translated(device, _cannot_open):
        yield


@contextmanager
def _translated(device: str, why: Callable[[str, Exception], PipelineError]) -> Iterator[None]:
    try:
        yield
    except (serial.SerialException, OSError, termios.error, ValueError) as error:
        raise why(device, error) from None


def _gone(device: str, error: Exception) -> PipelineError:
    return PipelineError(
        f"The connection to {device} was lost: {error}.",
        "the board was unplugged, restarted or stopped, or another program reads the port too",
        "plug it in again, or start it again, and repeat the command",
        ExitCode.NO_BOARD,
    )


def _cannot_open(device: str, error: Exception) -> PipelineError:
    number = getattr(error, "errno", None)
    if number in IN_USE:
        return PipelineError(
            f"{device} is in use by another program.",
            "a serial monitor, another `gesture` or the Arduino IDE has it open",
            "close that program and try again",
            ExitCode.NO_BOARD,
        )
    if number in NOT_PERMITTED:
        return PipelineError(
            f"There is no permission to open {device}.",
            "serial ports belong to the group dialout, and this user is not in it",
            "sudo usermod -a -G dialout $USER, then log out and in again",
            ExitCode.NO_BOARD,
        )
    if "://" not in device and not Path(device).exists():
        return _missing(
            f"There is no port {device}.",
            "the board is not plugged in or started, or the name is misspelt",
        )
    return PipelineError(
        f"{device} cannot be opened: {error}.",
        "it is not a serial port, or nobody answers there",
        f"ports that are there: {_listed(list_ports.comports())}",
        ExitCode.NO_BOARD,
    )


def _missing(what: str, why: str) -> PipelineError:
    return PipelineError(
        what,
        why,
        f"ports that are there: {_listed(list_ports.comports())}; "
        "`gesture ports` lists emulated boards too",
        ExitCode.NO_BOARD,
    )


def _listed(ports: Sequence[ListPortInfo]) -> str:
    names = [f"{port.device} ({port.description})" for port in ports if port.vid is not None]
    return ", ".join(names) or "none"
