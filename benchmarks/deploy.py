"""What deploying withstands: `python -m benchmarks.deploy`.

200 deploys to an emulated Nano 33 BLE, a fault in each at a random step; then the command again.
"""

from __future__ import annotations

import random
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import numpy as np
import serial
from serial.tools import list_ports

from benchmarks.results_file import Row, record, row
from pipeline.artifacts import PROJECT, GoldenVectors
from pipeline.capture.ports import Port
from pipeline.capture.usb_boards import Usb
from pipeline.deployment.platformio import build
from pipeline.deployment.upload import Waits
from pipeline.errors import PipelineError
from pipeline.stages.uploading import Wanted, put_on_board
from tests.fixtures.nano import faults
from tests.fixtures.nano.board import Nano, until
from tests.fixtures.nano.faults import Fault
from tests.fixtures.nano.usb import UsbPorts
from tests.tiny_model import CONTRACT, WINDOW, network_output, write_sources

COMMAND = "python -m benchmarks.deploy"
DEPLOYS = 200
SEED = 8
LIMIT_S = 60.0  # of one command; past that it hangs
BUILD_TIMEOUT_S = 300.0
VECTORS = 4
WRITES = 320  # about so many there are in all
HEARD_BYTES = 1000  # less than a board is told while it proves what it runs
ALONE = Waits(bootloader_s=1.5, person_s=0.5, opening_s=1, application_s=4)  # nobody helps
HELPED = Waits(bootloader_s=1.5, person_s=15, opening_s=5, application_s=30)

INTERRUPTED = "command interrupted"
HELD = "port held by another program"
SECOND_BOARD = "second board"
KINDS = (
    *faults.IN_BOOTLOADER,
    *(faults.NO_START, faults.STAYS, faults.DEAF, faults.DEAF_ONCE, faults.UNPLUG_RUNNING),
    *(INTERRUPTED, HELD, SECOND_BOARD),
)


@dataclass
class Outcome:
    kind: str
    told: str = ""  # by the first command; "" where it succeeded all the same
    again: str = ""  # by the second
    false_success: bool = False
    hung: bool = False
    recovered: bool = False


@dataclass
class Desk:
    """The computer's USB, the image to deploy, and the one the board has run before."""

    usb: UsbPorts
    wanted: Wanted
    before: bytes
    log: Path


class HangsError(Exception):
    """A command did not end."""


def main() -> None:
    start = time.monotonic()
    with desk() as bench:
        outcomes = [_try(bench, random.Random(SEED + number)) for number in range(DEPLOYS)]
    rows = _rows(outcomes, time.monotonic() - start)
    record("deploy", rows)
    for each in rows:
        print(f"{each['name']}: {each['value']} {each['unit']} (bound {each['bound']})")
    for outcome in outcomes:
        if outcome.hung or outcome.false_success or not outcome.recovered:
            print(outcome)


@contextmanager
def desk() -> Iterator[Desk]:
    with tempfile.TemporaryDirectory(prefix="deploy-") as name:
        folder = Path(name)
        (folder / "dev").mkdir()
        usb = UsbPorts(folder / "dev")
        dice = np.random.default_rng(SEED)
        inputs = dice.integers(-128, 128, (VECTORS, WINDOW * 6)).astype(np.int8)
        golden = GoldenVectors(inputs, np.array([network_output(each) for each in inputs]))
        model = write_sources(folder / "model")
        image, before = _built(folder / "new", model), _built(folder / "old", None)
        wanted = Wanted("native", image, CONTRACT, golden, VECTORS)
        with patch.object(list_ports, "comports", usb.comports):
            yield Desk(usb, wanted, before, folder / "upload.log")


def _built(folder: Path, model: Path | None) -> bytes:
    folder.mkdir()
    built = build("native", model, PROJECT, folder / "build.log", BUILD_TIMEOUT_S)
    return built.flash.read_bytes()


def _try(bench: Desk, dice: random.Random) -> Outcome:
    outcome = Outcome(dice.choice(KINDS))
    with Nano(bench.usb, bench.before) as nano:
        until(bench.usb.comports)
        try:
            with _fault(bench, nano, outcome.kind, dice):
                outcome.told = _deploy(bench, lambda _: None, ALONE)
            outcome.false_success = not (outcome.told or _runs(nano, bench.wanted))
            if not nano.fault.happened:  # it was meant for the first command
                nano.fault = faults.NO_FAULT
            nano.plug_in()
            outcome.again = _deploy(bench, _person(nano), HELPED)
            outcome.recovered = not outcome.again
        except HangsError:
            outcome.hung = True
        outcome.false_success |= outcome.recovered and not _runs(nano, bench.wanted)
    return outcome


@contextmanager
def _fault(bench: Desk, nano: Nano, kind: str, dice: random.Random) -> Iterator[None]:
    """Make it happen, or be about to, for as long as the block lasts."""
    with ExitStack() as while_it_lasts:
        if kind in faults.IN_BOOTLOADER:
            nano.fault = Fault(kind, dice.randint(1, _commands(bench.wanted.image)))
        elif kind == INTERRUPTED:
            while_it_lasts.enter_context(_interrupted(dice.randint(1, WRITES)))
        elif kind == HELD:
            while_it_lasts.enter_context(serial.Serial(bench.usb.comports()[0].device))
        elif kind == SECOND_BOARD:
            while_it_lasts.enter_context(Nano(bench.usb, b"", "SECOND", "1-2"))
            until(lambda: len(bench.usb.comports()) == 2)
        elif kind == faults.UNPLUG_RUNNING:
            nano.fault = Fault(kind, dice.randint(1, HEARD_BYTES))
        else:
            nano.fault = Fault(kind)
        yield


def _commands(image: bytes) -> int:
    return 5 + 3 * -(-len(image) // 4096)


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


def _deploy(bench: Desk, on_step: Callable[[str], None], waits: Waits) -> str:
    """What it failed of, "" for success. Raises HangsError."""
    told = ["it ended without a word"]

    def command() -> None:
        try:
            put_on_board(bench.wanted, Usb(), "auto", bench.log, on_step, waits)
            told[0] = ""
        except PipelineError as error:
            told[0] = error.what
        except KeyboardInterrupt:
            told[0] = INTERRUPTED

    thread = threading.Thread(target=command, daemon=True)
    thread.start()
    thread.join(LIMIT_S)
    if thread.is_alive():
        raise HangsError
    return told[0]


def _person(nano: Nano) -> Callable[[str], None]:
    """Does as told."""

    def on_step(text: str) -> None:
        if "twice" in text:
            nano.double_tap()

    return on_step


def _runs(nano: Nano, wanted: Wanted) -> bool:
    return nano.runs is not None and nano.runs.startswith(wanted.image)


def _rows(outcomes: list[Outcome], seconds: float) -> list[Row]:
    kinds = Counter(outcome.kind for outcome in outcomes)
    failed = sum(bool(outcome.told) for outcome in outcomes)
    note = f"{len(outcomes)} deploys in {seconds:.0f} s, {failed} of them failed at first: " + (
        ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    )
    false = sum(outcome.false_success for outcome in outcomes)
    hung = sum(outcome.hung for outcome in outcomes)
    recovered = sum(outcome.recovered for outcome in outcomes)
    return [
        row("false successes", false, "", COMMAND, note, "== 0"),
        row("hangs", hung, "", COMMAND, note, "== 0"),
        row("recovered deploys", recovered, "", COMMAND, note, f"== {DEPLOYS}"),
    ]


if __name__ == "__main__":
    main()
