"""Uploads that our own watchdog must not end, and one past the genuine bootloader.

Part of `python -m benchmarks.deploy`, which needs BOOTLOADER for the latter (docs/hil.md).
"""

from __future__ import annotations

import random
from pathlib import Path

from benchmarks.deploy_desk import Desk, desk, run_command, runs_wanted
from benchmarks.results_file import Row, row
from pipeline.deployment.samba import FLASH_BYTES, PAGE_BYTES, responds, write_image
from pipeline.deployment.upload import Timeouts
from tests.fixtures.nano import genuine
from tests.fixtures.nano.board import Nano, until
from tests.fixtures.nano.clock import Clock
from tests.fixtures.nano.flash import PAGE_S, Flash
from tests.fixtures.nano.genuine import GPREGRET, Genuine
from tests.fixtures.nano.wire import Wire

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
