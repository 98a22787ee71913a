"""Faults of USB, bus, sensor and program on the Nano's own port: each is reported, and survived."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import pairwise
from pathlib import Path

import pytest
import serial

from pipeline.capture.client import BoardClient
from pipeline.capture.ports import find_port, open_port
from pipeline.capture.protocol import (
    Item,
    Message,
    Sample,
    board_info,
    parse_line,
    warning_of,
)
from pipeline.capture.usb_boards import Usb
from pipeline.core.board_profiles import NANO33BLE
from pipeline.core.errors import NoBoardError, PipelineError
from pipeline.workflows.deploy import UploadRequest, put_on_board
from tests.firmware.building import HERE, link_arduino
from tests.fixtures.nano.arduino_bench import ArduinoBoard, arduino_board
from tests.fixtures.nano.arduino_sketch import Imu
from tests.fixtures.nano.flash import NEVER_S, PAGE_BYTES, PAGE_S
from tests.fixtures.waiting import until
from tests.hil.emulated_boards import VECTORS, WAITS
from tests.tiny_model import CONTRACT, swings

LIMIT_S = 300.0
STOPPED_S = 0.1  # for which a sensor may stop the serial line at most
SLACK_S = 0.15  # of a computer that is busy with other things
CUT = b"\x18"
QUESTIONS = 400
STALL_S = 0.3
STALLS = 8
TIMES_AS_LONG = 10  # as the longest upload: hosts are slow, and start over
IMUS = {"lsm9ds1": 116.3, "bmi270": 198.7}

Start = Callable[..., AbstractContextManager[ArduinoBoard]]


@pytest.fixture(scope="module")
def image(image_of: Callable[[str], Path], host_compiler: None) -> Path:
    return image_of("nano33ble")


@pytest.fixture
def start(image: Path) -> Start:
    @contextmanager
    def run(
        part: str = "lsm9ds1", air: str | None = None, plugged: bool = True, held: bool = False
    ) -> Iterator[ArduinoBoard]:
        imu = Imu(part, IMUS[part], swings(20), plugged, held)
        with arduino_board(image, "nano33ble", imu, air) as board:
            yield board

    return run


@contextmanager
def client_of(board: ArduinoBoard) -> Iterator[BoardClient]:
    """Of a board that may be about to restart: its port then comes anew."""
    deadline = time.monotonic() + LIMIT_S
    while True:
        try:
            port = open_port(board.port)
            client = BoardClient(port)
            client.wait_ready()
            break
        except PipelineError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
    with port:
        yield client


def terminal(board: ArduinoBoard) -> serial.Serial:
    """The port as any program opens it."""
    return serial.Serial(find_port(board.port), 115200, timeout=LIMIT_S)


def ask(port: serial.Serial, command: bytes) -> bytes:
    port.write(command + b"\n")
    while True:
        line = port.readline()
        if line.startswith((b"ok", b"err")):
            return line


def test_an_answer_longer_than_a_packet_arrives_whole(start):
    """After a boot without a host, and again after a host that has gone."""
    with start() as board:
        for _ in range(3):
            with terminal(board) as port:
                answer = ask(port, b"info")
                assert len(answer) > 3 * 64
                assert answer.endswith(b"\n")
                assert b" stack_unused=" in answer


def test_a_line_of_whole_packets_does_not_stay_in_the_driver(tmp_path):
    """Nothing follows it: only a packet that is not full makes the computer hand it on."""
    image = link_arduino(tmp_path / "image", "nano33ble", main=HERE / "line_sketch.cpp")
    with arduino_board(image) as board, terminal(board) as port:
        for length in (2, 63, 64, 65, 126, 128, 192, 256, 640):
            port.write(b"%d\n" % length)
            line = port.read_until(b"\n")
            assert len(line) == length
            assert line.endswith(b"\n")


def test_a_line_that_a_stalled_host_cut_is_marked(start):
    with start() as board, terminal(board) as port:
        port.timeout = 1
        stalls = (lines_around_a_stall(board, port) for _ in range(STALLS))
        # Now and then a host stalls between two lines.
        assert any(any(CUT in line for line in lines) for lines in stalls)


def lines_around_a_stall(board: ArduinoBoard, port: serial.Serial) -> list[bytes]:
    """All of them whole or marked; each answer takes several packets."""
    port.write(b"info\n" * QUESTIONS)
    until(lambda: board.chip.running.held_up_s > STALL_S)
    lines = [line.rstrip(b"\n") for line in iter(port.readline, b"")]
    for line in lines:
        assert CUT in line or isinstance(parse_line(line), Message), line
    return lines


def test_a_host_that_leaves_and_comes_back_finds_whole_lines(start):
    with start() as board:
        for _ in range(5):
            with terminal(board) as port:
                ask(port, b"stream on")
                port.readline()
                lines = [whole_line(port) for _ in range(20)]
                samples = [parse_line(line) for line in lines]
                assert all(isinstance(sample, Sample) for sample in samples), lines
                assert all(b.seq == a.seq + 1 for a, b in pairwise(samples)), lines


def whole_line(port: serial.Serial) -> bytes:
    """The next line; a slow machine brings it in pieces, and `readline` gives up between them."""
    pieces: list[bytes] = []

    def has_ended() -> bool:
        pieces.append(port.readline())
        return pieces[-1].endswith(b"\n")

    until(has_ended)
    return b"".join(pieces).rstrip(b"\n")


def test_the_answer_to_reboot_arrives(start):
    """The restart follows at once, and what was queued is not lost with it."""
    with start() as board:
        for _ in range(5):
            with client_of(board) as client:
                client.command("reboot")
            until(lambda: board.nano.runs is None)
            until(lambda: board.nano.runs)


@pytest.mark.parametrize("part", IMUS)
def test_a_sensor_that_is_silent_at_boot_is_found_later(start, part):
    with start(part, plugged=False) as board, client_of(board) as client:
        assert client.info().imu == "none"
        client.switch("stream", True)
        board.chip.disturb("plug imu")
        assert next(item for item in client.items(LIMIT_S) if isinstance(item, Sample))
        assert board_info(client.command("info", LIMIT_S)).imu == part.upper()


@pytest.mark.parametrize("part", IMUS)
@pytest.mark.parametrize("fault", ["hold bus", "jam bus", "unplug imu"])
def test_a_faulty_sensor_does_not_stop_the_serial_line(start, part, fault):
    ends = {"jam bus": "free bus", "unplug imu": "plug imu"}
    with start(part, "hts221") as board, client_of(board) as client:
        client.switch("stream", True)
        # Only what comes after a sample can be counted as lost.
        assert next(item for item in client.items(LIMIT_S) if isinstance(item, Sample))
        board.chip.disturb(fault)
        # A computer that is busy with other things stops the line too, but not all the time.
        until(lambda: max(answer_times(client, 3.0)) < STOPPED_S + SLACK_S)
        if fault in ends:
            board.chip.disturb(ends[fault])
        items = list(until_overrun(client))
        assert "sensor-stopped" in [warning_of(i) for i in items if isinstance(i, Message)]


def until_overrun(client: BoardClient) -> Iterator[Item]:
    """The samples of a sensor that was away are counted as lost once it is back."""
    for item in client.items(LIMIT_S):
        yield item
        if isinstance(item, Message) and warning_of(item) == "overrun":
            return
    raise AssertionError("the sensor did not come back")


def test_a_bus_that_is_stuck_at_boot_is_freed(start):
    with start(held=True) as board, client_of(board) as client:
        client.switch("stream", True)
        assert next(item for item in client.items(LIMIT_S) if isinstance(item, Sample))


def answer_times(client: BoardClient, seconds: float) -> Iterator[float]:
    until_s = time.monotonic() + seconds
    while time.monotonic() < until_s:
        began_s = time.monotonic()
        try:
            client.command("labels")
        except NoBoardError:
            yield math.inf
            return
        yield time.monotonic() - began_s


@pytest.mark.parametrize("fault", ["hang", "crash"])
def test_a_program_that_stands_still_comes_back_and_says_why(start, fault):
    """Long before the watchdog, which takes ten minutes."""
    with start() as board:
        until(lambda: board.nano.runs)
        board.chip.disturb(fault)
        until(lambda: board.nano.runs is None)
        until(lambda: board.nano.runs)
        with client_of(board) as client:
            faults = [message.words for message in client.take_pending("warn")]
        assert ("fault", fault) in faults


def test_an_upload_onto_our_own_running_firmware_outruns_its_watchdog(
    start, image, golden, tmp_path
):
    """The watchdog goes on in the bootloader, and nothing there feeds it."""
    other = image.read_bytes() + b"\0"
    wanted = UploadRequest("nano33ble", other, CONTRACT, golden, VECTORS)
    with start() as board:
        until(lambda: board.nano.watchdog.left_s < NEVER_S)
        period_s = board.nano.watchdog.left_s
        uploaded = put_on_board(wanted, Usb(), board.port, tmp_path / "log", lambda _: None, WAITS)
        assert not uploaded.unchanged
        assert board.nano.watchdog.bites == 0
    pages = NANO33BLE.flash_bytes // PAGE_BYTES
    assert period_s > TIMES_AS_LONG * pages * PAGE_S
