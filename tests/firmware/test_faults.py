"""The native board as a process, and what is caught on the virtual board when a program fails."""

from __future__ import annotations

import os
import select
import struct
import subprocess
import time
from pathlib import Path

import pytest

from tests.firmware.talking import LIMIT_S, PERIOD_US, Talk, imu_file, qemu_command, start

NULL_WRITE, NULL_READ, FLASH_WRITE, PAST_RAM, STACK_OVERFLOW, RUN_DATA, STALL = range(1, 8)
DATA_ACCESS, INSTRUCTION_ACCESS = 1 << 1, 1 << 0  # bits of the fault status register


@pytest.fixture
def board(fault_image):
    with start(qemu_command(fault_image)) as talk:
        talk.until("warn no-sensor")
        yield talk


def fault_after(board: Talk, crime: int) -> dict[str, str]:
    """The words of `warn fault`, after the new banner."""
    board.send(bytes([crime]))
    assert board.line().startswith("hello board=virtual")
    line = board.line()
    assert line.startswith("warn fault ")
    cause, *fields = line.split()[2:]
    return {"cause": cause, **dict(field.split("=") for field in fields)}


@pytest.mark.parametrize(
    ("crime", "address"),
    [(NULL_WRITE, 0), (NULL_READ, 0), (FLASH_WRITE, 0x1000), (PAST_RAM, 0x20040000)],
)
def test_a_forbidden_access_is_caught_with_its_address(board: Talk, crime, address):
    fault = fault_after(board, crime)
    assert fault["cause"] == "memory-or-instruction"
    assert int(fault["status"], 16) & DATA_ACCESS
    assert int(fault["address"], 16) == address
    assert 256 <= int(fault["pc"], 16) < 1 << 20


def address_of(image: Path, symbol: str) -> int:
    command = ["arm-none-eabi-nm", image]
    listing = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    lines = (line.split() for line in listing.stdout.splitlines())
    return next(int(line[0], 16) for line in lines if line[-1] == symbol)


def test_a_stack_overflow_is_caught_before_it_reaches_the_data(board: Talk, fault_image):
    fault = fault_after(board, STACK_OVERFLOW)
    assert fault["cause"] == "memory-or-instruction"
    assert int(fault["status"], 16) & DATA_ACCESS
    guard = address_of(fault_image, "stack_guard")
    assert guard <= int(fault["address"], 16) < guard + 256


def test_data_is_not_run(board: Talk):
    assert int(fault_after(board, RUN_DATA)["status"], 16) & INSTRUCTION_ACCESS


def test_a_loop_that_stalls_is_ended_by_the_watchdog(board: Talk):
    fault = fault_after(board, STALL)
    assert fault["cause"] == "watchdog"
    assert 256 <= int(fault["pc"], 16) < 1 << 20


def test_the_board_works_after_a_fault_and_says_it_once(board: Talk):
    fault_after(board, NULL_WRITE)
    assert board.line() == "warn no-sensor"
    assert board.ask("labels") == "ok left right still"
    assert board.ask("reboot") == "ok"
    assert board.line().startswith("hello")
    assert board.line() == "warn no-sensor"


def test_it_ends_when_the_host_has_gone(sanitized_native):
    with start([str(sanitized_native)]) as board:
        board.until("warn no-sensor")
        assert board.process.stdin is not None
        board.process.stdin.close()
        assert board.process.wait(timeout=LIMIT_S) == 0
        board.process.stdin = None


def wait_until_full(output: int) -> None:
    give_up_at = time.monotonic() + LIMIT_S
    while select.select([], [output], [], 0)[1]:
        assert time.monotonic() < give_up_at
        time.sleep(0.01)


@pytest.mark.parametrize("make_output", [os.pipe, os.openpty], ids=["pipe", "terminal"])
def test_a_host_that_does_not_read_costs_lines_not_the_board(
    sanitized_native, tmp_path, make_output
):
    imu = imu_file(tmp_path / "imu", [[0] * 6] * 9000, [i * 200 for i in range(9000)])
    nobody_reads, output = make_output()
    board = subprocess.Popen(
        [sanitized_native],
        stdin=subprocess.PIPE,
        stdout=output,
        env={**os.environ, "GESTURE_IMU_FILE": str(imu)},
    )
    try:
        assert board.stdin is not None
        board.stdin.write(b"stream on\n")
        board.stdin.flush()
        wait_until_full(output)
        board.stdin.close()  # it ends then, unless it waits for its reader
        assert board.wait(timeout=LIMIT_S) == 0
    finally:
        board.kill()
        board.wait()
        os.close(output)
        os.close(nobody_reads)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "No such file"),
        (b"IMU1", "it has no header"),
        (struct.pack("<8I", 0x31554D49, 1, 100, PERIOD_US, 1, 0, 0, 0) + bytes(50), "cut short"),
    ],
)
def test_a_sensor_file_it_cannot_use_is_named(sanitized_native, tmp_path, content, why):
    path: Path = tmp_path / "imu"
    if content is not None:
        path.write_bytes(content)
    result = subprocess.run(
        [sanitized_native],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        env={"GESTURE_IMU_FILE": str(path)},
    )
    assert result.returncode == 1
    assert str(path) in result.stderr
    assert why in result.stderr
