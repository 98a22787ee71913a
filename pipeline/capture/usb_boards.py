"""Finds boards on USB, and restarts a board into its bootloader."""

from __future__ import annotations

import time
from contextlib import suppress

import serial
from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

from pipeline.capture.port_list import programs_using
from pipeline.capture.ports import Port, open_port, translated_opening
from pipeline.core.board_profiles import BoardProfile, UsbBoard, profile_of_usb

TOUCH_BAUD = 1200
TOUCH_HOLD_S = 0.05  # long enough for the board to see the new baud rate


class Usb:
    """The boards on this computer's USB."""

    def boards(self) -> list[UsbBoard]:
        """All boards, in a sketch or in the bootloader."""
        seen = [(port, profile_of_usb(port.vid, port.pid)) for port in list_ports.comports()]
        return [_board(port, *known) for port, known in seen if known is not None]

    def programs_using(self, device: str) -> tuple[str, ...]:
        """The programs that have the port open, by name and process number."""
        return programs_using(device)

    def open(self, device: str) -> Port:
        """Open the port; errors as in pipeline.capture.ports.open_port."""
        return open_port(device)

    def touch(self, device: str) -> None:
        """Open the port at 1200 baud and close it: the sketch restarts into the bootloader."""
        with translated_opening(device):
            port = serial.Serial(exclusive=True)
            port.port, port.baudrate, port.dtr = device, TOUCH_BAUD, False
            port.open()
            time.sleep(TOUCH_HOLD_S)
            # The board may already have restarted, and its port is gone.
            with suppress(OSError, serial.SerialException):
                port.close()


def _board(port: ListPortInfo, profile: BoardProfile, in_bootloader: bool) -> UsbBoard:
    # The interface after the colon has another number in the bootloader.
    place = port.location.partition(":")[0] if port.location else None
    serial_number = port.serial_number or None
    return UsbBoard(profile.name, port.device, serial_number, place, in_bootloader)
