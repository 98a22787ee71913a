"""Nano 33 BLE boards on USB: which there are, and how one is asked into its bootloader."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass

import serial
from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

from pipeline.capture.port_list import holders
from pipeline.capture.ports import ARDUINO_VID, NANO33BLE_PIDS, Port, open_port, translated_opening

TOUCH_BAUD = 1200
TOUCH_HOLD_S = 0.05  # long enough for the board to see the new baud rate
BOOTLOADER_PID = NANO33BLE_PIDS[1]


@dataclass(frozen=True)
class UsbBoard:
    """A board as USB shows it now: its path is another one after each restart.

    place: the socket it is plugged into, such as "1-1.2"; None where the system does not say.
    """

    device: str
    serial_number: str | None
    place: str | None
    in_bootloader: bool


class Usb:
    """The computer's USB, as far as boards go."""

    def boards(self) -> list[UsbBoard]:
        """All boards, running a sketch or in their bootloader."""
        ports = [port for port in list_ports.comports() if port.vid == ARDUINO_VID]
        return [_board(port) for port in ports if port.pid in NANO33BLE_PIDS]

    def holders(self, device: str) -> tuple[str, ...]:
        """The programs that have the port open, by name and number."""
        return holders(device)

    def open(self, device: str) -> Port:
        """Raises PipelineError (NO_BOARD) as pipeline.capture.ports.open_port does."""
        return open_port(device)

    def touch(self, device: str) -> None:
        """Open at 1200 baud, let DTR fall, close: the sketch restarts into its bootloader.

        Raises PipelineError (NO_BOARD) where the port cannot be opened.
        """
        with translated_opening(device):
            port = serial.Serial(exclusive=True)
            port.port, port.baudrate, port.dtr = device, TOUCH_BAUD, False
            port.open()
            time.sleep(TOUCH_HOLD_S)
            # The board may be gone already, which is what was asked for.
            with suppress(OSError, serial.SerialException):
                port.close()


def _board(port: ListPortInfo) -> UsbBoard:
    # After the colon stands the interface, which the bootloader numbers otherwise.
    place = port.location.partition(":")[0] if port.location else None
    in_bootloader = port.pid == BOOTLOADER_PID
    return UsbBoard(port.device, port.serial_number or None, place, in_bootloader)
