"""Which board is uploaded to: the only one, the one that is named, and never another."""

from __future__ import annotations

import pytest
import serial

from pipeline.capture.ports import find_port
from pipeline.core.errors import ExitCode, PipelineError
from pipeline.workflows.deploy import UploadRequest
from tests.fixtures.nano.board import Nano, until
from tests.hil.uploads import IMPATIENT, VECTORS, holds
from tests.tiny_model import CONTRACT


def test_a_port_that_another_program_holds_is_not_touched(usb, old_image, deploy):
    with Nano(usb, old_image) as nano:
        until(usb.comports)
        with (
            serial.Serial(usb.comports()[0].device),
            pytest.raises(PipelineError, match="is open in") as caught,
        ):
            deploy(waits=IMPATIENT)
        assert caught.value.exit_code == ExitCode.NO_BOARD
        assert "close that program" in caught.value.next_step
        assert nano.commands == 0


def test_of_two_boards_one_has_to_be_named(usb, old_image, wanted, deploy):
    with (
        Nano(usb, old_image, "AAA", "1-1") as first,
        Nano(usb, old_image, "BBB", "1-2") as second,
    ):
        until(lambda: len(usb.comports()) == 2)
        with pytest.raises(PipelineError, match="2 boards are plugged in") as caught:
            deploy()
        assert "id:" in caught.value.next_step
        deploy("id:bbb")
        assert holds(second, wanted)
        assert first.commands == 0


def test_a_path_of_something_else_is_refused(usb, deploy, tmp_path):
    other = tmp_path / "ttyUSB0"
    other.touch()
    with pytest.raises(PipelineError, match="no Arduino Nano 33 BLE at"):
        deploy(str(other))


def test_another_board_in_its_bootloader_is_not_written_to(usb, deploy):
    with Nano(usb, chip=b"ATSAMD21x18") as nano:
        until(usb.comports)
        with pytest.raises(PipelineError, match="ATSAMD21x18"):
            deploy()
        assert set(nano.flash) == {0xFF}


def test_a_board_of_another_name_is_a_mismatch(usb, wanted, deploy):
    renamed = UploadRequest("nano33ble", wanted.image, CONTRACT, wanted.golden, VECTORS)
    with Nano(usb), pytest.raises(PipelineError, match="calls itself native") as caught:
        deploy(chosen=renamed)
    assert caught.value.exit_code == ExitCode.MISMATCH


def test_no_board_is_waited_for_and_then_told(usb, deploy):
    with pytest.raises(PipelineError, match="No Arduino Nano 33 BLE") as caught:
        deploy(waits=IMPATIENT)
    assert caught.value.exit_code == ExitCode.NO_BOARD


@pytest.mark.parametrize("spelling", ["768275C7726D618B", "0000000000000000768275c7726d618b"])
@pytest.mark.parametrize("waits_in_bootloader", [False, True])
def test_a_serial_number_is_found_in_either_spelling(
    usb, old_image, wanted, deploy, spelling, waits_in_bootloader
):
    """Without the socket as a help: not every system says which it is."""
    before = b"" if waits_in_bootloader else old_image
    with (
        Nano(usb, before, "768275C7726D618B", None) as named,
        Nano(usb, old_image, "768275C7726D618C", None) as other,
    ):
        until(lambda: len(usb.comports()) == 2)
        deploy(f"id:{spelling}")
        assert holds(named, wanted)
        assert other.commands == 0


@pytest.mark.parametrize("spelling", ["768275c7726d618b", "0000000000000000768275C7726D618B"])
def test_other_commands_find_it_in_either_spelling_too(usb, old_image, spelling):
    with Nano(usb, old_image, "768275C7726D618B"):
        until(usb.comports)
        assert find_port(f"id:{spelling}") == usb.comports()[0].device
    with Nano(usb, b"", "768275C7726D618B"):
        until(usb.comports)
        assert usb.comports()[0].serial_number == "0000000000000000768275C7726D618B"
        assert find_port(f"id:{spelling}") == usb.comports()[0].device
