"""What is said to the bootloader, and what is left in the flash wherever it ends."""

from __future__ import annotations

import pytest

from pipeline.core.errors import ExitCode, PipelineError
from pipeline.deployment.samba import BUFFER_ADDRESS, PAGE_BYTES, responds, write_image
from tests.fixtures.nano.bootloader import CHIP, Bootloader
from tests.fixtures.nano.faults import FLASH_BIT, NO_FAULT, SILENCE, WRONG_ANSWER, Fault
from tests.fixtures.nano.flash import Flash
from tests.fixtures.nano.wire import Wire
from tests.refusals import refuses

IMAGE = bytes(range(250)) * 20
OLD = bytes(range(7, 250)) * 60  # what ran before, of more pages


def wired(
    fault: Fault = NO_FAULT, before: bytes = b"", erases_part: bool = False
) -> Wire[Bootloader]:
    """before: what lies in the flash."""
    return Wire(Bootloader(Flash(before), fault, CHIP, erases_part))


def upload(wire: Wire[Bootloader], image: bytes = IMAGE) -> list[str]:
    """The log."""
    log: list[str] = []
    assert responds(wire, log.append)
    write_image(wire, image, log.append)
    return log


def page(offset: int, count: int = PAGE_BYTES) -> list[str]:
    """As bossac 1.9.1-arduino5 (-U -e -w -v -R) writes one and reads it back."""
    written = [f"S00000034,{count:08X}#", "Y00000034,0#", f"Y{offset:08X},{count:08X}#"]
    whole = offset - offset % PAGE_BYTES
    return [*written, f"Z{whole:08X},{PAGE_BYTES:08X}#"]


def test_the_commands_are_those_of_bossac_but_for_their_order():
    """The first page is erased first and written last, its first two words after all else."""
    wire = wired()
    said = [line[2:] for line in upload(wire) if line.startswith("> ")]
    greeting = ["N#", "V#", "I#"]
    assert said == [*greeting, *page(0), *page(PAGE_BYTES), *page(0), *page(0, 8), "K#"]
    assert wire.loader.flash.content[:5000] == IMAGE
    assert not any(wire.loader.flash.content[5000 : 2 * PAGE_BYTES])  # the rest of the page
    assert set(wire.loader.flash.content[2 * PAGE_BYTES :]) == {0xFF}
    assert wire.loader.wants_reset


def test_bytes_after_the_texts_are_dropped():
    """The genuine bootloader sends two more than its texts have."""
    log = upload(wired())
    assert any(r"IKXYZ]\n\r\x00n" in line for line in log)
    assert any(r"QIAA\n\r\x00X" in line for line in log)


def test_nothing_is_expected_of_a_command_that_erases_nothing():
    wire = wired(before=OLD)
    assert not any(line.startswith("> X") for line in upload(wire))
    assert wire.loader.flash.content[: len(IMAGE)] == IMAGE


def test_data_never_share_a_write_with_a_command():
    wire = wired()
    write_image(wire, b"x" * PAGE_BYTES * 2, lambda _: None)
    assert b"x" * PAGE_BYTES in wire.writes
    assert b"S%08X,%08X#" % (BUFFER_ADDRESS, PAGE_BYTES) in wire.writes


def test_a_half_sent_page_does_not_confuse_the_next_upload():
    wire = wired()
    wire.loader.feed(b"S00000034,00001000#" + b"half of it")
    upload(wire, b"whole" * 10)
    assert wire.loader.flash.content[:50] == b"whole" * 10


def test_only_the_whole_image_ever_starts():
    """After every page that is erased and every word that is written."""
    wire, starts = wired(before=OLD), []

    def look() -> None:
        if wire.loader.flash.starts:
            starts.append(bytes(wire.loader.flash.content[: len(IMAGE)]) == IMAGE)

    assert wire.loader.flash.starts
    wire.loader.flash.on_change = look
    upload(wire)
    assert starts == [True]


def test_an_upload_that_ends_after_any_byte_leaves_nothing_that_starts():
    """But for the old image, before anything was erased, and the new one, whole."""
    sent = wired(before=OLD)
    upload(sent)
    wire = wired(before=OLD)
    for byte in b"".join(sent.writes):
        wire.loader.feed(bytes([byte]))
        if wire.loader.flash.starts:
            content = bytes(wire.loader.flash.content)
            assert content.startswith(IMAGE) or content.startswith(OLD)
    assert wire.loader.wants_reset


def test_a_bootloader_that_erases_a_page_for_two_words_gets_the_page_once_more():
    """None is known; what lies in the flash is right all the same."""
    wire = wired(erases_part=True)
    upload(wire)
    assert wire.loader.flash.content[:5000] == IMAGE


@pytest.mark.parametrize("at", [6, 10, 14])
def test_a_changed_byte_is_found_before_the_image_is_started(at):
    wire = wired(Fault(FLASH_BIT, at))
    with refuses("holds something else", ExitCode.MISMATCH):
        upload(wire)
    assert not wire.loader.wants_reset
    assert not wire.loader.flash.starts


def test_a_changed_byte_of_the_last_words_is_written_over():
    wire = wired(Fault(FLASH_BIT, 18))
    upload(wire)
    assert wire.loader.flash.content[:5000] == IMAGE


@pytest.mark.parametrize("at", range(3, 20))
def test_a_wrong_answer_ends_the_upload(at):
    wire = wired(Fault(WRONG_ANSWER, at))
    with pytest.raises(PipelineError) as caught:
        upload(wire)
    assert caught.value.exit_code in (ExitCode.NO_BOARD, ExitCode.MISMATCH)
    assert not wire.loader.wants_reset


def test_a_bootloader_that_cannot_write_is_not_ours(monkeypatch):
    old = b"v1.1 [Arduino:XYZ] Mar 19 2018\n\r"
    monkeypatch.setattr("tests.fixtures.nano.bootloader.VERSION", old)
    wire = wired()
    with refuses("not the Nano 33 BLE's", ExitCode.NO_BOARD):
        write_image(wire, b"image", lambda _: None)
    assert set(wire.loader.flash.content) == {0xFF}


def test_a_bootloader_that_hangs_does_not_greet():
    assert not responds(wired(Fault(SILENCE)), lambda _: None)
