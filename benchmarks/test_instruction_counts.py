"""Counting on QEMU, on a program that can be counted by hand."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from benchmarks.instruction_counts import (
    OUTSIDE,
    Counted,
    build_plugin,
    counting,
    mix_of,
    read_counts,
)
from tests.firmware.building import CORTEX_M4F, FIRMWARE

SOURCE = Path(__file__).with_name("harness") / "counted.S"
WATCHED = ("counted", "inner")
CALLS = 4  # one of them through another function's end


@pytest.fixture(scope="module")
def counted(qemu: None, host_compiler: None, tmp_path_factory: pytest.TempPathFactory) -> Counted:
    folder = tmp_path_factory.mktemp("counted")
    image, out = folder / "counted.elf", folder / "counts.txt"
    script = FIRMWARE / "boards" / "virtual" / "link.ld"
    flags = [*CORTEX_M4F, "-nostdlib", "-nostartfiles", f"-T{script}"]
    subprocess.run(["arm-none-eabi-gcc", *flags, str(SOURCE), "-o", str(image)], check=True)
    with counting(image, build_plugin(folder), out, WATCHED) as board:
        board.wait_for("o")
    return read_counts(image, out, WATCHED)


def test_each_call_is_counted_also_one_that_another_functions_end_makes(counted: Counted) -> None:
    assert counted.calls == {"counted": CALLS, "inner": CALLS}


def test_every_instruction_is_counted_for_the_innermost_function(counted: Counted) -> None:
    mix = mix_of(counted.executed["counted"])
    assert mix.counts == {
        "load": 6 * CALLS,  # a literal, three of the constants, one of the stack, pop
        "store": 2 * CALLS,
        "branch": (5 + 1) * CALLS,
        "multiply": 0,
        "divide": 0,
        "float": 0,
        "other": (1 + 5) * CALLS,
    }
    assert mix.taken == (4 + 1 + 1) * CALLS  # the loop, the call, the return
    assert mix_of(counted.executed["inner"]).instructions == 2 * CALLS


def test_what_no_watched_function_does_is_counted_apart(counted: Counted) -> None:
    outside = {each.instruction.address: each.times for each in counted.executed[OUTSIDE]}
    assert sorted(outside.values())[:3] == [1, 1, 1]
    assert sum(times == 3 for times in outside.values()) == 3  # the loop that calls


def test_loads_from_flash_and_unaligned_ones_are_seen(counted: Counted) -> None:
    rows = counted.executed["counted"]
    assert sum(row.flash_reads for row in rows) == 4 * CALLS  # not that of the stack, nor pop
    assert sum(row.unaligned for row in rows) == (2 + 1) * CALLS


def test_a_cache_that_holds_all_misses_each_line_once(counted: Counted) -> None:
    rows = [row for each in counted.executed.values() for row in each]
    lines = {row.instruction.address // 16 for row in rows}
    assert sum(row.misses for row in rows) == len(lines)


def test_the_listing_is_that_of_the_image(counted: Counted) -> None:
    written = SOURCE.read_text("utf-8")
    for row in counted.executed["counted"]:
        assert row.instruction.mnemonic in written
