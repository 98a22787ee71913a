"""What a program does wrong is caught on the virtual board, and the board comes back saying so."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.firmware.talking import Talk, qemu_command, start

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
    listing = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
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


def test_the_board_works_after_a_fault_and_tells_it_once(board: Talk):
    fault_after(board, NULL_WRITE)
    assert board.line() == "warn no-sensor"
    assert board.ask("labels") == "ok left right still"
    assert board.ask("reboot") == "ok"
    assert board.line().startswith("hello")
    assert board.line() == "warn no-sensor"
