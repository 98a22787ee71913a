"""Which board is uploaded to: the only one, the one that is named, and never another."""

from __future__ import annotations

import pytest
import serial

from pipeline.errors import ExitCode, PipelineError
from pipeline.stages.uploading import Wanted
from tests.fixtures.nano.board import Nano, until
from tests.hil.uploads import IMPATIENT, VECTORS, holds
from tests.tiny_model import CONTRACT

pytestmark = pytest.mark.xdist_group("hil")


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
    with pytest.raises(PipelineError, match="not a Nano 33 BLE"):
        deploy(str(other))


def test_another_board_in_its_bootloader_is_not_written_to(usb, deploy):
    with Nano(usb, chip=b"ATSAMD21x18") as nano:
        until(usb.comports)
        with pytest.raises(PipelineError, match="ATSAMD21x18"):
            deploy()
        assert set(nano.flash) == {0xFF}


def test_a_board_of_another_name_is_a_mismatch(usb, wanted, deploy):
    renamed = Wanted("nano33ble", wanted.image, CONTRACT, wanted.golden, VECTORS)
    with Nano(usb), pytest.raises(PipelineError, match="calls itself native") as caught:
        deploy(chosen=renamed)
    assert caught.value.exit_code == ExitCode.MISMATCH


def test_no_board_is_waited_for_and_then_told(usb, deploy):
    with pytest.raises(PipelineError, match="No Nano 33 BLE") as caught:
        deploy(waits=IMPATIENT)
    assert caught.value.exit_code == ExitCode.NO_BOARD
