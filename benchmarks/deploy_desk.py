"""A desk with an emulated Nano 33 BLE on it, and what only a bootloader shows.

Uploads that our own watchdog must not end, and one past the genuine bootloader: parts of
`python -m benchmarks.deploy`, which needs BOOTLOADER for the latter (docs/hil.md).
"""

from __future__ import annotations

import random
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import numpy as np
from serial.tools import list_ports

from benchmarks.results_file import Row, row
from pipeline.capture.usb_boards import Usb
from pipeline.core.artifacts import GoldenVectors
from pipeline.core.errors import PipelineError
from pipeline.core.project import PROJECT
from pipeline.deployment.platformio import build_firmware
from pipeline.deployment.samba import FLASH_BYTES, PAGE_BYTES, responds, write_image
from pipeline.deployment.upload import Timeouts
from pipeline.workflows.deploy import UploadRequest, put_on_board
from tests.fixtures.nano import genuine
from tests.fixtures.nano.board import Nano
from tests.fixtures.nano.flash import PAGE_S, Clock, Flash
from tests.fixtures.nano.genuine import GPREGRET, Genuine
from tests.fixtures.nano.usb import UsbPorts
from tests.fixtures.nano.wire import Wire
from tests.fixtures.waiting import until
from tests.tiny_model import CONTRACT, WINDOW, network_output, write_sources

SEED = 8
LIMIT_S = 120.0  # of one command; past that it hangs
BUILD_TIMEOUT_S = 300.0
VECTORS = 4
IMAGE_BYTES = 160_092  # the real board's, with the demo's model
INTERRUPTED = "command interrupted"


@dataclass
class Desk:
    """The computer's USB, the image to deploy, and the one the board has run before."""

    usb: UsbPorts
    wanted: UploadRequest
    before: bytes
    log: Path


class HangsError(Exception):
    """A command did not end."""


@contextmanager
def desk(image_bytes: int = IMAGE_BYTES) -> Iterator[Desk]:
    """image_bytes: what both images are filled up to."""
    with tempfile.TemporaryDirectory(prefix="deploy-") as name:
        folder = Path(name)
        (folder / "dev").mkdir()
        usb = UsbPorts(folder / "dev")
        dice = np.random.default_rng(SEED)
        inputs = dice.integers(-128, 128, (VECTORS, WINDOW * 6)).astype(np.int8)
        golden = GoldenVectors(inputs, np.array([network_output(each) for each in inputs]))
        model = write_sources(folder / "model")
        image = _built(folder / "new", model, image_bytes)
        before = _built(folder / "old", None, image_bytes)
        wanted = UploadRequest("native", image, CONTRACT, golden, VECTORS)
        with patch.object(list_ports, "comports", usb.comports):
            yield Desk(usb, wanted, before, folder / "upload.log")


def _built(folder: Path, model: Path | None, image_bytes: int) -> bytes:
    folder.mkdir()
    built = build_firmware("native", model, PROJECT, folder / "build.log", BUILD_TIMEOUT_S)
    program = folder / "program"
    subprocess.run(["strip", "-o", str(program), str(built.flash)], check=True)
    content = program.read_bytes()
    return content + random.Random(SEED).randbytes(image_bytes - len(content))


def run_command(bench: Desk, on_step: Callable[[str], None], waits: Timeouts) -> str:
    """What it failed of, "" for success. Raises HangsError."""
    found = ["it ended without a word"]

    def command() -> None:
        try:
            put_on_board(bench.wanted, Usb(), "auto", bench.log, on_step, waits)
            found[0] = ""
        except PipelineError as error:
            found[0] = error.what
        except KeyboardInterrupt:
            found[0] = INTERRUPTED

    thread = threading.Thread(target=command, daemon=True)
    thread.start()
    thread.join(LIMIT_S)
    if thread.is_alive():
        raise HangsError
    return found[0]


def runs_wanted(nano: Nano, wanted: UploadRequest) -> bool:
    """Whether the board runs the image that was deployed."""
    return nano.runs is not None and nano.runs.startswith(wanted.image)


UPLOADS = 50
WATCHDOG_S = 600.0  # the least that the firmware may set
TIMES_FASTER = 10.0  # than a real board; the computer's own time counts so many times as much
PATIENT = Timeouts(bootloader_s=8, restart_s=8, person_s=1, opening_s=5, application_s=60)
SIZES = (1, 5000, 160_092, FLASH_BYTES)


def own_watchdog(command: str) -> Row:
    """The largest image, onto firmware that has started its watchdog, so many times."""
    interrupted, longest_s = 0, 0.0
    with desk(FLASH_BYTES) as bench:
        for _ in range(UPLOADS):
            bites, took_s = _upload(bench)
            interrupted += bites > 0
            longest_s = max(longest_s, took_s)
    note = (
        f"{UPLOADS} images of {FLASH_BYTES:,} bytes, {PAGE_S:g} s a page: longest "
        f"{longest_s:.0f} s of board time, the watchdog's period is {WATCHDOG_S:.0f} s"
    )
    return row("uploads interrupted by our own watchdog", interrupted, "", command, note, "== 0")


def _upload(bench: Desk) -> tuple[int, float]:
    """How often the watchdog has bitten, and the board time that the command took."""
    clock = Clock(TIMES_FASTER)
    with Nano(bench.usb, bench.before, clock=clock, watchdog_s=lambda _: WATCHDOG_S) as nano:
        until(lambda: nano.runs)
        began_s = clock.now_s()
        error = run_command(bench, lambda _: None, PATIENT)
        bites, took_s = nano.watchdog.bites, clock.now_s() - began_s
        if not bites and (error or not runs_wanted(nano, bench.wanted)):
            raise SystemExit(f"an upload that nothing disturbs failed: {error}")
        return bites, took_s


def genuine_image(command: str, bootloader: Path) -> Row:
    """That nothing below 0x10000 is touched, the emulator sees to: it ends where it is."""
    equal = all(_passes(size) for size in SIZES)
    note = (
        f"{bootloader.name} of ArduinoCore-mbed 4.5.0 in Unicorn; images of "
        f"{', '.join(f'{size:,}' for size in SIZES)} bytes, read back; nothing below 0x10000, and "
        "nothing behind an image's last page, was touched"
    )
    return row("genuine bootloader image equal", int(equal), "", command, note, "== 1")


def _passes(size: int) -> bool:
    dice = random.Random(size)
    image, before = dice.randbytes(size), dice.randbytes(FLASH_BYTES)
    flash = Flash(before)
    wire = Wire(Genuine(flash, registers={GPREGRET: 0xB0}))
    if not responds(wire, lambda _: None):
        return False
    write_image(wire, image, lambda _: None)
    whole = -(-size // PAGE_BYTES) * PAGE_BYTES
    return bytes(flash.content) == image.ljust(whole, b"\0") + before[whole:]


def genuine_bootloader() -> Path | None:
    """The file of the genuine bootloader; None where it is missing."""
    return genuine.path()
