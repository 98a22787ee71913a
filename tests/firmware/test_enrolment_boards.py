"""Each board keeps an enrolment in its own flash, through a restart and a second save."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import serial

from pipeline.capture.ports import find_port
from pipeline.core.errors import PipelineError
from tests.firmware.building import (
    APP,
    ARDUINO_BOARDS,
    EMULATED,
    HERE,
    SANITIZED,
    SCRIPT,
    STRICT,
    board_sources,
    compile_c,
    link_arduino,
    link_virtual,
)
from tests.firmware.talking import Talk, qemu_command, start
from tests.fixtures.nano.arduino_bench import ArduinoBoard, arduino_board
from tests.fixtures.nano.flash import PAGE_BYTES
from tests.fixtures.waiting import until

LIMIT_S = 300.0
PAGES = 2
ERASED = b"\xff" * PAGE_BYTES
# Where the pages lie, from the application's first byte in the Nano's flash (0x10000) on.
OFFSETS = {"nano33ble": 0xFE000 - 0x10000, "xiao_nrf52840_sense": 0xEB000 - 0x10000}


def store(talk: Talk, step: str) -> tuple[str, int]:
    """The outcome of a step of store_steps.h, and how many people there are then."""
    talk.send(step.encode())
    return outcome_of(talk.until("store ")[-1])


def outcome_of(line: str) -> tuple[str, int]:
    found = re.fullmatch(r"store outcome=(\w+) people=(\d+) pages=\d+", line)
    assert found, line
    return found[1], int(found[2])


def restart(talk: Talk) -> None:
    assert talk.ask("reboot") == "ok"
    talk.until("warn no-sensor")


def keeps_through_restarts(talk: Talk) -> None:
    assert store(talk, "?") == ("loaded", 0)
    for people in (1, 2, 3):
        assert store(talk, "+") == ("saved", people)
        assert store(talk, "?") == ("loaded", people)
        restart(talk)
        assert store(talk, "?") == ("loaded", people)


@pytest.fixture(scope="module")
def native(tmp_path_factory: pytest.TempPathFactory, host_compiler: None) -> Path:
    sources = [HERE / "store_main.c", *APP, *board_sources("native", *EMULATED)]
    return compile_c(tmp_path_factory.mktemp("store") / "native", sources, [*STRICT, *SANITIZED])


def test_the_virtual_board_keeps_it_through_a_restart(tmp_path: Path, qemu: None) -> None:
    image = link_virtual(tmp_path / "store.elf", HERE / "store_main.c")
    with start(qemu_command(image)) as talk:
        keeps_through_restarts(talk)


def test_the_native_board_keeps_it_through_a_restart(native: Path) -> None:
    with start([str(native)]) as talk:
        keeps_through_restarts(talk)
    with start([str(native)]) as another:
        assert store(another, "?") == ("loaded", 0)


def test_the_native_board_keeps_it_in_a_file(native: Path, tmp_path: Path) -> None:
    flash = tmp_path / "flash"
    for people in (1, 2):
        with start([str(native)], GESTURE_FLASH_FILE=str(flash)) as talk:
            assert store(talk, "+") == ("saved", people)
        assert flash.stat().st_size == PAGES * PAGE_BYTES
    content = flash.read_bytes()
    flash.write_bytes(ERASED + content[PAGE_BYTES:])  # the first one saved is older
    with start([str(native)], GESTURE_FLASH_FILE=str(flash)) as talk:
        assert store(talk, "?") == ("loaded", 2)


def test_a_flash_that_is_no_file_is_refused(native: Path, tmp_path: Path) -> None:
    with start([str(native)], GESTURE_FLASH_FILE=str(tmp_path)) as talk:
        assert talk.process.wait(LIMIT_S) == 1


@contextmanager
def terminal(board: ArduinoBoard) -> Iterator[Callable[[bytes], str]]:
    """Of a board that starts: sends bytes, and returns the store's next answer."""
    with opened(board) as port:

        def say(sent: bytes) -> str:
            port.write(sent)
            while not (line := port.readline().decode()).startswith(("store ", "ok")):
                assert line, "the board said nothing"
            return line.strip()

        yield say


def opened(board: ArduinoBoard) -> serial.Serial:
    ports: list[serial.Serial] = []

    def is_open() -> bool:
        with suppress(PipelineError, serial.SerialException):
            ports.append(serial.Serial(find_port(board.port), 115200, timeout=LIMIT_S))
        return bool(ports)

    until(is_open)
    return ports[0]


def reboot(board: ArduinoBoard, say: Callable[[bytes], str]) -> None:
    before = board.chip.running
    assert say(b"reboot\n") == "ok"
    until(lambda: board.chip.running is not before)


@pytest.mark.usefixtures("host_compiler")
@pytest.mark.parametrize("name", ARDUINO_BOARDS)
def test_a_real_boards_port_keeps_it_through_a_restart(name: str, tmp_path: Path) -> None:
    """In pages that are its own, with the flash's controller set to read when it is done."""
    image = link_arduino(tmp_path / "image", name, main=HERE / "store_main.cpp")
    with arduino_board(image, name) as board:
        for people in (1, 2):
            with terminal(board) as say:
                assert outcome_of(say(b"?")) == ("loaded", people - 1)
                assert outcome_of(say(b"+")) == ("saved", people)
                assert outcome_of(say(b"?")) == ("loaded", people)
                reboot(board, say)
        with terminal(board) as say:
            assert outcome_of(say(b"?")) == ("loaded", 2)
        content, pages = bytes(board.nano.flash), slice(OFFSETS[name], None)
    assert content.startswith(image.read_bytes())
    assert content[pages].count(b"GENR") == PAGES
    assert content[image.stat().st_size : OFFSETS[name]].strip(b"\xff") == b""
    assert content[OFFSETS[name] + PAGES * PAGE_BYTES :].strip(b"\xff") == b""


@pytest.mark.usefixtures("host_compiler")
@pytest.mark.parametrize(("room", "pages"), [(0, 2), (1, 0)])
def test_an_image_that_reaches_into_the_pages_keeps_nothing(
    room: int, pages: int, tmp_path: Path
) -> None:
    """`room`: bytes by which its data, after its code, are too many."""
    data_bytes = 0xFE000 - SCRIPT["__etext"] + room
    script = {**SCRIPT, "__data_end__": SCRIPT["__data_start__"] + data_bytes}
    main = HERE / "store_main.cpp"
    image = link_arduino(tmp_path / "image", "nano33ble", main=main, script=script)
    with arduino_board(image) as board, terminal(board) as say:
        assert say(b"+").endswith(f"pages={pages}")
        assert outcome_of(say(b"?")) == ("loaded", pages // 2)
