"""What is said to the bootloader: exactly what Arduino's own uploader says."""

from __future__ import annotations

import pytest

from pipeline.deployment.samba import BUFFER_ADDRESS, PAGE_BYTES, greets, write_image
from pipeline.errors import ExitCode, PipelineError
from tests.fixtures.nano.bootloader import FLASH_BYTES, Bootloader
from tests.fixtures.nano.faults import NO_FAULT, SILENCE, Fault

# As bossac 1.9.1-arduino5 (-U -e -w -R) sent them for an image of 5,000 bytes, but for the program
# that it puts into the bootloader's memory first and never runs on this chip.
BOSSAC = [
    *("N#", "V#", "I#", "X00000000#"),
    *("S00000034,00001000#", "Y00000034,0#", "Y00000000,00001000#"),
    *("S00000034,00001000#", "Y00000034,0#", "Y00001000,00001000#"),
    "K#",
]


class Wire:
    """A line with a bootloader at its end."""

    device = "ttyACM0"

    def __init__(self, version: bytes | None = None) -> None:
        self.flash = bytearray(b"\xff" * FLASH_BYTES)
        self.loader = Bootloader(self.flash, NO_FAULT)
        self.writes: list[bytes] = []
        self._said = b""
        self._version = version

    def write(self, data: bytes) -> None:
        self.writes.append(data)
        answer = self.loader.feed(data)
        self._said += self._version if data == b"V#" and self._version else answer

    def read(self) -> bytes:
        said, self._said = self._said, b""
        return said

    def drain(self, limit_s: float) -> None:
        pass


def test_the_commands_are_those_of_bossac():
    wire, image = Wire(), bytes(range(250)) * 20
    told: list[str] = []
    assert greets(wire, told.append)
    write_image(wire, image, told.append)
    assert [line[2:] for line in told if line.startswith("> ")] == BOSSAC
    assert wire.flash[:5000] == image
    assert not any(wire.flash[5000 : 2 * PAGE_BYTES])  # the rest of the page
    assert set(wire.flash[2 * PAGE_BYTES :]) == {0xFF}
    assert wire.loader.wants_reset


def test_data_never_share_a_write_with_a_command():
    wire = Wire()
    write_image(wire, b"x" * PAGE_BYTES, lambda _: None)
    assert b"x" * PAGE_BYTES in wire.writes
    assert b"S%08X,%08X#" % (BUFFER_ADDRESS, PAGE_BYTES) in wire.writes


def test_a_half_sent_page_does_not_confuse_the_next_upload():
    wire = Wire()
    wire.loader.feed(b"S00000034,00001000#" + b"half of it")
    assert greets(wire, lambda _: None)
    write_image(wire, b"whole", lambda _: None)
    assert wire.flash[:5] == b"whole"


def test_a_bootloader_that_cannot_write_is_not_ours():
    wire = Wire(version=b"v1.1 [Arduino:XYZ] Mar 19 2018\n\r")
    with pytest.raises(PipelineError, match="not the Nano 33 BLE's") as caught:
        write_image(wire, b"image", lambda _: None)
    assert caught.value.exit_code == ExitCode.NO_BOARD
    assert set(wire.flash) == {0xFF}


def test_a_bootloader_that_hangs_does_not_greet():
    wire = Wire()
    wire.loader = Bootloader(wire.flash, Fault(SILENCE))
    assert not greets(wire, lambda _: None)
