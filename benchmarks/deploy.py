"""What deploying withstands: `python -m benchmarks.deploy`.

200 deploys to an emulated Nano 33 BLE whose bootloader is as the genuine one, with a watchdog of
two seconds started by what ran before, and a fault in each at a random step; then the command
again. After that 50 onto our own firmware, and, where BOOTLOADER names it, one past the genuine
bootloader.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import serial

from benchmarks.deploy_desk import (
    INTERRUPTED,
    SEED,
    Desk,
    HangsError,
    desk,
    genuine_bootloader,
    genuine_image,
    own_watchdog,
    run_command,
    runs_wanted,
)
from benchmarks.results_file import Row, record, row, show
from pipeline.capture.ports import Port
from pipeline.capture.usb_boards import Usb
from pipeline.deployment.upload import Timeouts
from tests.fixtures.nano import faults
from tests.fixtures.nano.board import Nano
from tests.fixtures.nano.faults import Fault
from tests.fixtures.nano.flash import NEVER_S, PAGE_BYTES, PAGE_S, Clock
from tests.fixtures.nano.usb import UsbPorts
from tests.fixtures.waiting import until

COMMAND = "python -m benchmarks.deploy"
DEPLOYS = 200
WATCHDOG_S = 2.0  # of what ran before
TIMES_FASTER = 5.0  # than a real board
WRITES = 300  # about so many there are in all
HEARD_BYTES = 1000  # less than a board hears while it proves what it runs
# Nobody helps; then somebody does.
ALONE = Timeouts(bootloader_s=1.5, restart_s=2, person_s=0.5, opening_s=1, application_s=4)
HELPED = Timeouts(bootloader_s=1.5, restart_s=5, person_s=15, opening_s=5, application_s=30)

HELD = "port held by another program"
SECOND_BOARD = "second board"
SLOW_COMPUTER = "watchdog faster than the computer"
OPENED_LATE = 6  # times at most; an upload is tried fewer times
KINDS = (
    *faults.IN_BOOTLOADER,
    *(faults.NO_START, faults.STAYS, faults.DEAF, faults.DEAF_ONCE, faults.UNPLUG_RUNNING),
    *(faults.UNPLUG_AT, faults.POWER_LOSS, SLOW_COMPUTER),
    *(INTERRUPTED, HELD, SECOND_BOARD),
)


@dataclass
class Outcome:
    """error: of the first command; "" where it succeeded all the same. error_again: of the second.

    bites: of the watchdog, in both.
    """

    kind: str
    error: str = ""
    error_again: str = ""
    false_success: bool = False
    hung: bool = False
    recovered: bool = False
    bites: int = 0

    @property
    def good(self) -> bool:
        return self.recovered and not self.hung and not self.false_success


def main() -> None:
    start = time.monotonic()
    with desk() as bench:
        outcomes = [_try(bench, random.Random(SEED + number)) for number in range(DEPLOYS)]
    rows = _rows(outcomes, time.monotonic() - start)
    for outcome in outcomes:
        if not outcome.good:
            print(outcome)
    rows.append(own_watchdog(COMMAND))
    bootloader = genuine_bootloader()
    if bootloader is None:
        print("BOOTLOADER does not name the genuine bootloader.bin: that figure stays as it is")
    else:
        rows.append(genuine_image(COMMAND, bootloader))
    record("deploy", rows)
    show(rows)


def _try(bench: Desk, dice: random.Random) -> Outcome:
    outcome = Outcome(dice.choice(KINDS))
    with Nano(
        bench.usb,
        bench.before,
        clock=Clock(TIMES_FASTER),
        watchdog_s=lambda image: WATCHDOG_S if image.startswith(bench.before) else NEVER_S,
    ) as nano:
        until(lambda: nano.runs)
        try:
            with _fault(bench, nano, outcome.kind, dice):
                outcome.error = run_command(bench, lambda _: None, ALONE)
            outcome.false_success = not (outcome.error or runs_wanted(nano, bench.wanted))
            if not nano.fault.happened:  # it was meant for the first command
                nano.fault = faults.NO_FAULT
            nano.plug_in()
            outcome.error_again = run_command(bench, _person(nano), HELPED)
            outcome.recovered = not outcome.error_again
        except HangsError:
            outcome.hung = True
        outcome.false_success |= outcome.recovered and not runs_wanted(nano, bench.wanted)
        outcome.bites = nano.watchdog.bites
    return outcome


@contextmanager
def _fault(bench: Desk, nano: Nano, kind: str, dice: random.Random) -> Iterator[None]:
    """Make it happen, or be about to, for as long as the block lasts."""
    pages = -(-len(bench.wanted.image) // PAGE_BYTES)
    with ExitStack() as while_it_lasts:
        if kind in faults.IN_BOOTLOADER:
            nano.fault = Fault(kind, dice.randint(1, 12 + 4 * pages))
        elif kind == faults.UNPLUG_AT:
            nano.fault = Fault(kind, dice.randint(1, pages * PAGE_BYTES))
        elif kind == faults.POWER_LOSS:
            nano.fault = Fault(kind, dice.randint(0, round(pages * PAGE_S * 10)))
        elif kind == SLOW_COMPUTER:
            while_it_lasts.enter_context(_opened_late(dice.randint(1, OPENED_LATE)))
        elif kind == INTERRUPTED:
            while_it_lasts.enter_context(_interrupted(dice.randint(1, WRITES)))
        elif kind == HELD:
            while_it_lasts.enter_context(serial.Serial(bench.usb.comports()[0].device))
        elif kind == SECOND_BOARD:
            while_it_lasts.enter_context(_second(bench.usb))
        elif kind == faults.UNPLUG_RUNNING:
            nano.fault = Fault(kind, dice.randint(1, HEARD_BYTES))
        else:
            nano.fault = Fault(kind)
        yield


@contextmanager
def _second(usb: UsbPorts) -> Iterator[None]:
    with Nano(usb, b"", "SECOND", "1-2"):
        until(lambda: len(usb.comports()) == 2)
        yield


@contextmanager
def _opened_late(times: int) -> Iterator[None]:
    """The bootloader's port, after the watchdog has reset the board."""
    plain, opened = Usb.open, 0

    def late(usb: Usb, device: str) -> Port:
        nonlocal opened
        loader = any(board.device == device and board.in_bootloader for board in usb.boards())
        if loader and opened < times:
            opened += 1
            until(lambda: not Path(device).exists())
        return plain(usb, device)

    with patch.object(Usb, "open", late):
        yield


@contextmanager
def _interrupted(at: int) -> Iterator[None]:
    """Ctrl-C in the middle of what is written to a port for the time `at`."""
    plain, written = Port.write, 0

    def write(port: Port, data: bytes) -> None:
        nonlocal written
        written += 1
        if written == at:
            plain(port, data[: len(data) // 2])
            raise KeyboardInterrupt
        plain(port, data)

    with patch.object(Port, "write", write):
        yield


def _person(nano: Nano) -> Callable[[str], None]:
    """Does as told."""

    def on_step(text: str) -> None:
        if "twice" in text:
            nano.double_tap()

    return on_step


def _rows(outcomes: list[Outcome], seconds: float) -> list[Row]:
    kinds = Counter(outcome.kind for outcome in outcomes)
    failed = sum(bool(outcome.error) for outcome in outcomes)
    bites = sum(outcome.bites for outcome in outcomes)
    note = (
        f"{len(outcomes)} deploys in {seconds:.0f} s, a watchdog of {WATCHDOG_S:g} s has bitten "
        f"{bites} times, {failed} of them failed at first: "
        + ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    )
    good = sum(outcome.good for outcome in outcomes)
    false = sum(outcome.false_success for outcome in outcomes)
    hung = sum(outcome.hung for outcome in outcomes)
    recovered = sum(outcome.recovered for outcome in outcomes)
    all_of_them = f"== {DEPLOYS}"
    return [
        row("deploys through the faithful bootloader", good, "", COMMAND, note, all_of_them),
        row("false successes", false, "", COMMAND, note, "== 0"),
        row("hangs", hung, "", COMMAND, note, "== 0"),
        row("recovered deploys", recovered, "", COMMAND, note, all_of_them),
    ]


if __name__ == "__main__":
    main()
