"""What resets a board in the middle of an upload: a watchdog that goes on, or a loss of power."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.capture.usb_boards import Usb
from pipeline.core.errors import ExitCode, PipelineError
from tests.fixtures.nano import faults
from tests.fixtures.nano.board import BOOTLOADER_PID, Nano
from tests.fixtures.nano.faults import Fault
from tests.fixtures.nano.flash import NEVER_S, Clock
from tests.fixtures.nano.usb import UsbPorts
from tests.fixtures.waiting import until
from tests.hil.emulated_boards import IMPATIENT, WAITS, holds

OLD_S = 2.0  # the watchdog of this firmware's first versions
SLOW = Clock(4.0)  # so that a loaded computer does not take all of OLD_S to open a port


def old_watchdog(image: bytes, old_image: bytes) -> float:
    return OLD_S if image.startswith(old_image) else NEVER_S


@contextmanager
def watched(usb: UsbPorts, old_image: bytes) -> Iterator[Nano]:
    """A board that runs what has started a watchdog of two seconds."""
    with Nano(
        usb, old_image, clock=SLOW, watchdog_s=lambda image: old_watchdog(image, old_image)
    ) as nano:
        until(lambda: nano.runs)
        yield nano


def in_bootloader(usb: UsbPorts) -> bool:
    return [port.pid for port in usb.comports()] == [BOOTLOADER_PID]


def keep_busy(monkeypatch: pytest.MonkeyPatch, times: int) -> list[str]:
    """A computer that opens the bootloader's port so late that the watchdog is faster."""
    plain, opened = Usb.open, []

    def late(self: Usb, device: str) -> object:
        loader = any(board.device == device and board.in_bootloader for board in self.boards())
        if loader and len(opened) < times:
            opened.append(device)
            until(lambda: not Path(device).exists())
        return plain(self, device)

    monkeypatch.setattr(Usb, "open", late)
    return opened


def test_a_watchdog_that_bites_in_the_middle_needs_nobody(usb, old_image, wanted, deploy):
    steps: list[str] = []
    with watched(usb, old_image) as nano:
        deploy(on_step=steps.append)
        assert nano.watchdog.bites >= 1
        assert holds(nano, wanted)
    assert any("watchdog" in step and "starting over" in step for step in steps)
    assert not any("twice" in step for step in steps)


def test_a_watchdog_that_bites_before_anything_is_written_only_costs_time(
    usb, old_image, wanted, deploy, monkeypatch
):
    opened = keep_busy(monkeypatch, 1)
    with watched(usb, old_image) as nano:
        deploy()
        assert holds(nano, wanted)
    assert len(opened) == 1


def test_a_program_that_looks_at_the_port_after_a_restart_is_waited_for(
    usb, old_image, wanted, deploy, monkeypatch
):
    """ModemManager does, at each port that comes."""
    opened, looks = keep_busy(monkeypatch, 1), []

    def programs_using(self: Usb, device: str) -> tuple[str, ...]:
        if opened and len(looks) < 3:
            looks.append(device)
            return ("ModemManager (7)",)
        return ()

    monkeypatch.setattr(Usb, "programs_using", programs_using)
    with watched(usb, old_image) as nano:
        deploy()
        assert holds(nano, wanted)
    assert len(looks) == 3


def test_a_watchdog_that_is_always_faster_ends_with_the_button(
    usb, old_image, wanted, deploy, monkeypatch
):
    steps: list[str] = []
    opened = keep_busy(monkeypatch, 3)
    with watched(usb, old_image) as nano:

        def on_step(text: str) -> None:
            steps.append(text)
            if "twice" in text:
                nano.double_tap()

        deploy(on_step=on_step)
        assert holds(nano, wanted)
    assert len(opened) == 3
    assert [step for step in steps if "twice" in step and "the button ends the watchdog" in step]


def test_where_nobody_taps_it_says_what_the_button_does(usb, old_image, deploy, monkeypatch):
    keep_busy(monkeypatch, 9)
    with watched(usb, old_image), pytest.raises(PipelineError, match="restarts before") as caught:
        deploy(waits=replace(WAITS, person_s=0.1))
    assert caught.value.exit_code == ExitCode.NO_BOARD
    assert "watchdog" in caught.value.why
    assert "twice" in caught.value.next_step


def test_a_watchdog_goes_on_through_touch_and_k_but_not_through_the_button(usb, old_image):
    with watched(usb, old_image) as nano:
        Usb().touch(usb.comports()[0].device)
        until(lambda: in_bootloader(usb))
        left_s = nano.watchdog.left_s
        assert left_s < OLD_S
        with Usb().open(usb.comports()[0].device) as port:
            port.write(b"K#")
            until(lambda: not in_bootloader(usb))
        assert nano.watchdog.left_s < left_s  # nothing has fed it
        nano.double_tap()
        assert nano.watchdog.left_s == NEVER_S


@pytest.mark.parametrize("at", [2, 5, 30, 100, 180])  # tenths of a second; a page takes 0.156 s
def test_power_lost_while_writing_leaves_a_board_that_needs_nobody(
    usb, old_image, wanted, deploy, at
):
    with Nano(usb, old_image) as nano:
        until(usb.comports)
        nano.fault = Fault(faults.POWER_LOSS, at)
        with pytest.raises(PipelineError):
            deploy(waits=replace(IMPATIENT, bootloader_s=30))
        assert nano.fault.happened
        nano.plug_in()
        until(lambda: in_bootloader(usb))
        deploy()
        assert holds(nano, wanted)


def test_power_lost_while_the_first_page_is_erased_needs_the_button(usb, old_image, wanted, deploy):
    """The only moment in which no order of writing helps: 0.09 s."""
    steps: list[str] = []
    with Nano(usb, old_image) as nano:
        until(usb.comports)
        nano.fault = Fault(faults.POWER_LOSS, 0)
        with pytest.raises(PipelineError):
            deploy(waits=replace(IMPATIENT, bootloader_s=30))
        nano.plug_in()

        def on_step(text: str) -> None:
            steps.append(text)
            if "twice" in text:
                nano.double_tap()

        deploy(on_step=on_step)
        assert holds(nano, wanted)
    assert any("no board is seen" in step for step in steps)


def test_a_mixture_that_starts_has_no_port_until_the_button_is_tapped(usb, old_image):
    """What the order of other uploaders leaves: the first page first."""
    with Nano(usb) as nano:
        until(lambda: in_bootloader(usb))
        with Usb().open(usb.comports()[0].device) as port:
            port.write(b"S00000034,00001000#" + old_image[:4096])
            for command in (b"Y00000034,0#", b"Y00000000,00001000#"):
                port.write(command)
                heard = b""
                while heard != b"Y\n\r":
                    heard += port.read()
        nano.unplug()
        until(lambda: not usb.comports())
        nano.plug_in()
        nano.clock.sleep(2.0)  # four times as long as a bootloader sleeps
        assert not usb.comports()
        nano.double_tap()
        assert in_bootloader(usb)
