"""The genuine bootloader: what it does, that the emulated one does the same, and that the uploader
gets an image past it.

BOOTLOADER=PATH pytest tests/hil/test_deploy_genuine.py; docs/hil.md says where it is to be had.
"""

from __future__ import annotations

import random
from importlib.util import find_spec

import pytest

from pipeline.deployment.samba import BUFFER_ADDRESS, PAGE_BYTES, responds, write_image
from tests.fixtures.nano import genuine
from tests.fixtures.nano.board import Nano
from tests.fixtures.nano.bootloader import CHIP, STRAY, VERSION, Bootloader
from tests.fixtures.nano.commands import conversation
from tests.fixtures.nano.faults import NO_FAULT
from tests.fixtures.nano.flash import FLASH_BYTES, Clock, Flash
from tests.fixtures.nano.genuine import (
    GPREGRET,
    GPREGRET2,
    RAM,
    RAM_BYTES,
    UNUSED,
    WATCHDOG,
    Genuine,
)
from tests.fixtures.nano.wire import Wire
from tests.fixtures.waiting import until
from tests.hil.emulated_boards import holds

pytestmark = [
    pytest.mark.skipif(
        genuine.path() is None, reason="BOOTLOADER does not name the genuine bootloader.bin"
    ),
    pytest.mark.skipif(find_spec("unicorn") is None, reason="Unicorn is not installed"),
]
ASKED = {GPREGRET: 0xB0}  # by a sketch that was touched
STACK, RESET = b"\x00\x00\x04\x20", b"\x01\x01\x01\x00"
BLANK = b"\xff" * 4
CONVERSATIONS, LENGTH = 120, 40


def in_bootloader(flash: Flash | None = None) -> Genuine:
    loader = Genuine(flash or Flash(), registers=ASKED)
    assert loader.state == "bootloader"
    return loader


@pytest.mark.parametrize("size", [1, 5000, 160_092, FLASH_BYTES])
def test_an_image_gets_past_it_byte_for_byte(size):
    """That nothing below 0x10000 is touched, the emulator sees to: there it is read-only."""
    dice = random.Random(size)
    image, before = dice.randbytes(size), dice.randbytes(FLASH_BYTES)
    wire = Wire(in_bootloader(Flash(before)))
    assert responds(wire, lambda _: None)
    write_image(wire, image, lambda _: None)
    content, whole = wire.loader.flash.content, -(-size // PAGE_BYTES) * PAGE_BYTES
    assert bytes(content[:size]) == image
    assert not any(content[size:whole])
    assert bytes(content[whole:]) == before[whole:]
    assert wire.loader.state == "reset"


def test_an_upload_gets_past_it_over_a_serial_port(usb, old_image, wanted, deploy):
    def loader(flash: Flash, *_: object) -> Genuine:
        return in_bootloader(flash)

    with Nano(usb, old_image, clock=Clock(1000.0), loader=loader) as nano:
        until(lambda: nano.runs)
        deploy()
        assert holds(nano, wanted)


def test_nothing_starts_but_the_old_image_and_the_new_one():
    """After every page that it erases and every word that it writes."""
    old, new, starts = b"old" * 5000, b"new" * 5000, []
    flash = Flash(old)

    def look() -> None:
        if flash.starts:
            starts.append(bytes(flash.content[: len(new)]) == new)

    flash.on_change = look
    wire = Wire(in_bootloader(flash))
    write_image(wire, new, lambda _: None)
    assert starts == [True]


@pytest.mark.parametrize("seed", range(CONVERSATIONS))
def test_the_emulated_one_answers_and_writes_the_same(seed):
    """To commands well formed and not. Where it gives up, or would harm the bootloader, it ends."""
    ours, theirs = Flash(), Flash()
    emulated, real = Bootloader(ours, NO_FAULT), in_bootloader(theirs)
    for said in conversation(random.Random(seed), LENGTH):
        try:
            answer = emulated.feed(said)
        except AssertionError:
            return
        if emulated.hangs:
            return
        assert real.feed(said) == answer, said
    assert ours.content == theirs.content


def test_the_texts_and_what_comes_after_them():
    loader = in_bootloader()
    assert loader.feed(b"V#") == VERSION
    assert loader.feed(b"I#") == CHIP + STRAY


@pytest.mark.parametrize("letter", sorted(set(range(ord("A"), ord("["))) - set(b"IKNSVXYZ")))
def test_there_are_no_other_commands(letter):
    loader = in_bootloader()
    assert loader.feed(bytes([letter]) + b"20000000,4#") == b""
    assert loader.feed(b"N#") == b"\n\r"


def test_x_erases_nothing():
    flash = Flash(b"content" * 1000)
    before = bytes(flash.content)
    assert in_bootloader(flash).feed(b"X00000000#") == b"X\n\r"
    assert bytes(flash.content) == before


def test_y_erases_whole_pages_only():
    flash = Flash(b"\x0f" * PAGE_BYTES * 2)
    loader = in_bootloader(flash)
    loader.feed(b"S%08X,%08X#" % (BUFFER_ADDRESS, 8) + b"\x55" * 8)
    assert loader.feed(b"Y%08X,0#" % BUFFER_ADDRESS) == b"Y\n\r"
    assert loader.feed(b"Y00000000,00000008#") == b"Y\n\r"
    assert bytes(flash.content[:9]) == b"\x05" * 8 + b"\x0f"
    assert loader.feed(b"Y00001000,00001000#") == b"Y\n\r"
    assert bytes(flash.content[PAGE_BYTES:][:8]) == b"\x55" * 8


def test_past_the_flash_it_writes_nothing_and_says_that_all_is_well():
    flash = Flash()
    assert in_bootloader(flash).feed(b"Y000F0000,00001000#") == b"Y\n\r"
    assert set(flash.content) == {0xFF}


@pytest.mark.parametrize(
    ("words", "starts"),
    [
        (STACK + RESET, True),
        (STACK + BLANK, False),
        (BLANK + RESET, False),
        (BLANK + BLANK, False),
        (b"\0" * 8, True),
        (b"any thing", True),
    ],
)
def test_two_words_are_all_that_is_looked_at(words, starts):
    flash = Flash(words)
    loader = Genuine(flash)
    assert loader.state == ("application" if starts else "bootloader")
    assert flash.starts == starts
    assert loader.slept_ms == [500]


def test_it_stays_where_it_is_asked_or_tapped_twice():
    asked = Genuine(Flash(STACK + RESET), registers=ASKED)
    assert (asked.state, asked.slept_ms) == ("bootloader", [500])
    assert asked.registers[GPREGRET] == 0
    tapped = Genuine(Flash(STACK + RESET), tapped=True)
    assert (tapped.state, tapped.slept_ms) == ("bootloader", [])


@pytest.mark.parametrize("flash", [b"", STACK + RESET])
def test_it_leaves_the_watchdog_gpregret2_and_memory_above_its_own_alone(flash):
    """So that a reset's reason may be kept there over a soft reset."""
    loader = Genuine(Flash(flash), registers={GPREGRET2: 0xA5})
    if loader.state == "bootloader":
        Wire(loader).write(b"N#V#Y00000000,00001000#K#")
    assert GPREGRET2 not in loader.touched
    assert not loader.touched & set(WATCHDOG)
    assert set(loader.memory(RAM, RAM_BYTES)[0x9E14:]) == set(UNUSED)


def test_its_serial_number_has_16_zeros_in_front():
    assert in_bootloader().serial_number == "0000000000000000768275C7726D618B"
