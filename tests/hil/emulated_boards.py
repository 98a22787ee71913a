"""Boards that run on this computer, each with the port that programs open."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.boards.supervisor import start
from pipeline.core.artifacts import Recording
from pipeline.deployment.upload import Timeouts
from pipeline.workflows.deploy import UploadRequest
from tests.firmware.building import ARDUINO_BOARDS
from tests.fixtures.nano.arduino_bench import arduino_board
from tests.fixtures.nano.arduino_sketch import Imu
from tests.fixtures.nano.board import Nano

EMULATED = ("virtual", "native", *ARDUINO_BOARDS)
# Of the boards with the Arduino core: a part that they have, and a rate such parts really have.
IMUS = {"nano33ble": ("lsm9ds1", 116.3), "xiao_nrf52840_sense": ("lsm6ds3", 207.1)}


@contextmanager
def emulated_board(board: str, image: Path, motion: Recording) -> Iterator[str]:
    """The port of one of EMULATED, for as long as the block lasts."""
    if board in ARDUINO_BOARDS:
        part, rate_hz = IMUS[board]
        with arduino_board(image, board, Imu(part, rate_hz, motion)) as arduino:
            yield arduino.port
    else:
        with start(board, image, motion) as running:
            yield running.port


WAITS = Timeouts(bootloader_s=2, restart_s=30, person_s=60, opening_s=30, application_s=60)
IMPATIENT = Timeouts(bootloader_s=0.5, restart_s=0.5, person_s=0.5, opening_s=0.5, application_s=3)
VECTORS = 8


def holds(nano: Nano, wanted: UploadRequest) -> bool:
    return nano.flash[: len(wanted.image)] == wanted.image
