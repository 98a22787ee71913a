"""Uploading to a Nano 33 BLE, emulated down to its bootloader and ports: which board, and how."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import serial

from pipeline.boards.sensor_files import imu_bytes
from pipeline.capture.client import BoardClient
from pipeline.capture.link_statistics import watch
from pipeline.capture.ports import find_port
from pipeline.capture.usb_boards import Usb
from pipeline.core.errors import ExitCode, PipelineError
from pipeline.core.project import PROJECT
from pipeline.workflows.deploy import UploadRequest
from tests.fixtures.nano import faults
from tests.fixtures.nano.board import Nano
from tests.fixtures.nano.faults import Fault
from tests.fixtures.nano.usb import UsbPorts
from tests.fixtures.waiting import until
from tests.hil.emulated_boards import IMPATIENT, VECTORS, WAITS, holds
from tests.refusals import refuses
from tests.tiny_model import CONTRACT, swings

SURE = replace(IMPATIENT, bootloader_s=30)  # the bootloader comes: what fails is what follows


@contextmanager
def helped(nano: Nano) -> Iterator[Callable[[str], None]]:
    """A person who does as told."""

    def on_step(text: str) -> None:
        if "twice" in text:
            nano.plug_in()
            nano.double_tap()

    yield on_step


def test_a_board_that_runs_something_else_is_uploaded_to(usb, old_image, wanted, deploy):
    with Nano(usb, old_image) as nano:
        until(usb.comports)
        before = usb.comports()[0].device
        uploaded = deploy()
        assert not uploaded.unchanged
        assert uploaded.verified.vectors == VECTORS
        assert holds(nano, wanted)
        assert usb.comports()[0].device != before


def test_an_unchanged_image_is_not_uploaded_again(usb, wanted, deploy, tmp_path):
    steps: list[str] = []
    with Nano(usb, wanted.image):
        until(usb.comports)
        uploaded = deploy(on_step=steps.append)
    assert uploaded.unchanged
    assert uploaded.verified.vectors == VECTORS
    assert any("unchanged" in step for step in steps)
    assert "> N#" not in (tmp_path / "upload.log").read_text()


def test_a_new_board_waits_in_its_bootloader(usb, wanted, deploy):
    with Nano(usb) as nano:
        until(usb.comports)
        deploy()
        assert holds(nano, wanted)


@pytest.mark.parametrize("kind", [faults.UNPLUG, faults.WRONG_ANSWER, faults.SILENCE])
@pytest.mark.parametrize("at", [1, 4, 12])
def test_what_breaks_an_upload_is_reported_and_the_next_one_recovers(
    usb, old_image, wanted, deploy, kind, at
):
    with Nano(usb, old_image) as nano, helped(nano) as on_step:
        until(usb.comports)
        nano.fault = Fault(kind, at)
        if (kind, at) != (faults.WRONG_ANSWER, 1):  # a greeting is repeated
            with pytest.raises(PipelineError) as caught:
                deploy(waits=SURE)
            assert caught.value.exit_code in (ExitCode.NO_BOARD, ExitCode.MISMATCH)
            nano.plug_in()
        deploy(on_step=on_step)
        assert holds(nano, wanted)


def test_a_byte_that_changes_on_its_way_is_found(usb, old_image, wanted, deploy):
    with Nano(usb, old_image) as nano, helped(nano) as on_step:
        until(usb.comports)
        nano.fault = Fault(faults.FLASH_BIT, 40)
        with pytest.raises(PipelineError):
            deploy()
        deploy(on_step=on_step)
        assert holds(nano, wanted)


def test_an_image_that_is_not_started_is_no_success(usb, old_image, wanted, deploy):
    with Nano(usb, old_image) as nano, helped(nano) as on_step:
        until(usb.comports)
        nano.fault = Fault(faults.NO_START)
        with pytest.raises(PipelineError, match="did not come back"):
            deploy(waits=SURE)
        deploy(on_step=on_step)
        assert holds(nano, wanted)


def test_a_board_that_stays_in_its_bootloader_is_written_to_again(usb, old_image, wanted, deploy):
    steps: list[str] = []
    with Nano(usb, old_image) as nano:
        until(usb.comports)
        nano.fault = Fault(faults.STAYS)
        deploy(on_step=steps.append)
        assert holds(nano, wanted)
    assert any("stays in its bootloader" in step for step in steps)


def test_a_lost_touch_is_repeated(usb, old_image, wanted, deploy):
    with Nano(usb, old_image) as nano:
        until(usb.comports)
        nano.fault = Fault(faults.DEAF_ONCE)
        deploy()
        assert nano.fault.happened
        assert holds(nano, wanted)


def test_a_board_that_leaves_while_it_is_touched_was_asked_enough(
    usb, old_image, wanted, deploy, monkeypatch
):
    plain = Usb.touch

    def late(self: Usb, device: str) -> None:
        plain(self, device)
        until(lambda: not Path(device).exists())
        plain(self, device)

    with Nano(usb, old_image) as nano:
        until(usb.comports)
        monkeypatch.setattr(Usb, "touch", late)
        deploy()
        assert holds(nano, wanted)


def test_a_sketch_that_hears_no_touch_needs_a_double_tap(usb, old_image, wanted, deploy):
    quick = replace(WAITS, bootloader_s=0.5)
    with Nano(usb, old_image) as nano, helped(nano) as on_step:
        until(usb.comports)
        nano.fault = Fault(faults.DEAF)
        deploy(on_step=on_step, waits=quick)
        assert nano.fault.happened
        assert holds(nano, wanted)


def test_nobody_taps(usb, old_image, deploy):
    with Nano(usb, old_image) as nano:
        until(usb.comports)
        nano.fault = Fault(faults.DEAF)
        with pytest.raises(PipelineError) as caught:
            deploy(waits=IMPATIENT)
    assert caught.value.exit_code == ExitCode.NO_BOARD
    assert "twice" in caught.value.next_step


def test_a_command_that_is_interrupted_is_repeated(usb, old_image, wanted, deploy, monkeypatch):
    """Within a page: the bootloader takes what comes next for the rest of it."""
    from pipeline.capture.ports import Port

    plain = Port.write

    def interrupted(port: Port, data: bytes) -> None:
        if len(data) == 4096 and set(data) != {ord("#")}:
            plain(port, data[:1000])
            raise KeyboardInterrupt
        plain(port, data)

    with Nano(usb, old_image) as nano:
        until(usb.comports)
        with monkeypatch.context() as patch:
            patch.setattr(Port, "write", interrupted)
            with pytest.raises(KeyboardInterrupt):
                deploy()
        deploy()
        assert holds(nano, wanted)


def test_the_virtual_board_boots_what_was_uploaded_and_calls_gestures(
    usb, bench_of, wanted, golden, deploy, tmp_path
):
    image = bench_of("virtual", True).flash.read_bytes()
    imu = tmp_path / "imu"
    imu.write_bytes(imu_bytes(swings(6)))
    virtual = UploadRequest("virtual", image, CONTRACT, golden, VECTORS)
    with Nano(usb, imu_file=imu) as nano:
        until(usb.comports)
        deploy(chosen=virtual)
        assert nano.runs is not None
        assert nano.runs.startswith(image)
        nano.double_tap()  # and once more from the start, with everything it says heard
        called = [label for label in labels_heard(usb, nano)]
    assert called[:3] == ["up", "down", "up"]


def labels_heard(usb: UsbPorts, nano: Nano) -> Iterator[str]:
    with Usb().open(usb.comports()[0].device) as port:
        port.write(b"K#")
    until(lambda: [port.pid for port in usb.comports()] == [0x805A])
    with Usb().open(usb.comports()[0].device) as port:
        for seen in watch(BoardClient(port), CONTRACT.labels):
            if seen.event is not None:
                yield seen.event.label
            elif seen.sensor_stopped:
                return


def test_arduinos_own_uploader_takes_the_emulated_board_for_a_real_one(usb, wanted, tmp_path):
    """Its bossac comes with PlatformIO's Nano 33 BLE; $BOSSAC names another one."""
    package = PROJECT / ".platformio" / "packages" / "tool-bossac-nordicnrf52" / "bossac"
    bossac = os.environ.get("BOSSAC", str(package))
    if not Path(bossac).is_file():
        pytest.skip("no bossac that knows the nRF52840 is here")
    (tmp_path / "image").write_bytes(wanted.image)
    with Nano(usb) as nano:
        until(usb.comports)
        port = os.path.realpath(usb.comports()[0].device)
        options = [f"--port={port}", "-U", "-e", "-w", str(tmp_path / "image"), "-R"]
        subprocess.run([bossac, *options], check=True, timeout=300)
        until(lambda: nano.runs)
        assert holds(nano, wanted)


def test_a_port_that_another_program_holds_is_not_touched(usb, old_image, deploy):
    with Nano(usb, old_image) as nano:
        until(usb.comports)
        with (
            serial.Serial(usb.comports()[0].device),
            refuses("is open in", ExitCode.NO_BOARD, next_step="close that program"),
        ):
            deploy(waits=IMPATIENT)
        assert nano.commands == 0


def test_of_two_boards_one_has_to_be_named(usb, old_image, wanted, deploy):
    with (
        Nano(usb, old_image, "AAA", "1-1") as first,
        Nano(usb, old_image, "BBB", "1-2") as second,
    ):
        until(lambda: len(usb.comports()) == 2)
        with refuses("2 boards are plugged in", next_step="id:"):
            deploy()
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
    with Nano(usb), refuses("calls itself native", ExitCode.MISMATCH):
        deploy(chosen=renamed)


def test_no_board_is_waited_for_and_then_reported(usb, deploy):
    with refuses("No Arduino Nano 33 BLE", ExitCode.NO_BOARD):
        deploy(waits=IMPATIENT)


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
