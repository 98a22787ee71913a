"""Cycles against the tables and examples of Arm's Cortex-M4 Technical Reference Manual."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from benchmarks.instruction_counts import (
    Executed,
    Instruction,
    cycles_of,
    flash_waits,
    kind_of,
    mix_of,
)
from pipeline.core.costs import Bounds


def program(*lines: str) -> list[Instruction]:
    """16-bit instructions, one after the other."""
    words = (line.partition(" ") for line in lines)
    return [Instruction(2 * at, 2, name, operands) for at, (name, _, operands) in enumerate(words)]


def total(instructions: Sequence[Instruction]) -> Bounds:
    """Run from the first to the last."""
    cycles = Bounds(0, 0)
    for before, each in zip([None, *instructions], instructions, strict=False):
        cycles = cycles.plus(cycles_of(each, before))
    return cycles


@pytest.mark.parametrize(
    ("line", "kind", "lower", "upper"),
    [
        ("movs r0, #1", "other", 1, 1),
        ("add r0, r1, r2, lsl #3", "other", 1, 1),
        ("bic r0, r1", "other", 1, 1),
        ("ssat r0, #8, r1", "other", 1, 1),
        ("sxtb16 r0, r1", "other", 1, 1),
        ("nop ", "other", 1, 1),
        ("itte ne", "other", 0, 1),
        ("mrs r0, PRIMASK", "other", 1, 2),
        ("dsb sy", "other", 1, 4),
        ("mul r0, r1, r2", "multiply", 1, 1),
        ("mla r0, r1, r2, r3", "multiply", 1, 1),
        ("smull r0, r1, r2, r3", "multiply", 1, 1),
        ("umlal r0, r1, r2, r3", "multiply", 1, 1),
        ("smlad r0, r1, r2, r3", "multiply", 1, 1),
        ("smulbb r0, r1, r2", "multiply", 1, 1),
        ("smmulr r0, r1, r2", "multiply", 1, 1),
        ("udiv r0, r1, r2", "divide", 2, 12),
        ("sdiv r0, r1, r2", "divide", 2, 12),
        ("ldr r0, [r1, #4]", "load", 2, 2),
        ("ldr r0, [pc, #4]", "load", 2, 3),
        ("ldrsb r0, [r1, r2]", "load", 2, 2),
        ("ldrne r0, [r1]", "load", 1, 2),
        ("ldrd r0, r1, [r2]", "load", 3, 3),
        ("ldmia r0!, {r2, r3, ip, lr}", "load", 5, 5),
        ("pop {r4, r5, pc}", "load", 4, 4),
        ("tbb [pc, r0]", "load", 2, 3),
        ("str r0, [r1, #4]", "store", 1, 2),
        ("strb r0, [r1, r2]", "store", 1, 2),
        ("strd r0, r1, [r2]", "store", 3, 3),
        ("stmdb sp!, {r4, r5, lr}", "store", 4, 4),
        ("push {r4, lr}", "store", 3, 3),
        ("b 100", "branch", 1, 1),
        ("bls 100", "branch", 1, 1),
        ("bl 100", "branch", 1, 1),
        ("bxeq lr", "branch", 1, 1),
        ("cbnz r0, 100", "branch", 1, 1),
        ("vadd.f32 s0, s1, s2", "float", 1, 2),
        ("vcvt.s32.f32 s0, s1", "float", 1, 2),
        ("vmov s0, s1, r0, r1", "float", 1, 2),
        ("vfma.f32 s0, s1, s2", "float", 3, 4),
        ("vmls.f32 s0, s1, s2", "float", 3, 4),
        ("vdiv.f32 s0, s1, s2", "float", 14, 15),
        ("vsqrt.f32 s0, s1", "float", 14, 15),
        ("vldr s0, [r0]", "load", 2, 2),
        ("vldr d0, [r0]", "load", 3, 3),
        ("vpush {d8-d9}", "store", 5, 5),
        ("vldmia r0!, {s0-s3}", "load", 5, 5),
    ],
)
def test_an_instruction_takes_what_the_table_says(line, kind, lower, upper) -> None:
    (instruction,) = program(line)
    assert kind_of(instruction) == kind
    assert cycles_of(instruction) == Bounds(lower, upper)


@pytest.mark.parametrize(
    ("lines", "normally"),
    [
        (("ldr r0, [r1]", "ldr r1, [r2]"), 3),
        (("ldr r0, [r1, r2]", "str r0, [r3, #20]"), 3),
        (("ldr r0, [r1, r5]", "ldr r1, [r2]", "ldr r2, [r3, #4]"), 4),
    ],
)
def test_the_lower_bound_pipelines_as_the_manuals_examples_do(lines, normally) -> None:
    cycles = total(program(*lines))
    assert cycles.lower == normally
    assert cycles.upper == 2 * len(lines)


def test_an_address_from_the_instruction_before_may_wait_a_cycle() -> None:
    assert total(program("adds r1, #4", "ldr r0, [r1]")) == Bounds(3, 4)
    assert total(program("adds r0, #4", "str r0, [r1]")) == Bounds(2, 3)
    assert total(program("cmp r1, #4", "str r0, [r1]")) == Bounds(2, 3)


def test_a_loop_worked_by_hand() -> None:
    """subs, bne, a hundred times: 99 jumps of 1 + P, one that falls through."""
    subs, bne = program("subs r0, #1", "bne 0")
    rows = [Executed(subs, None, 100, 0, 0, 0, 1), Executed(bne, subs, 100, 99, 0, 0, 0)]
    mix = mix_of(rows)
    assert (mix.instructions, mix.taken, mix.missed_lines) == (200, 99, 1)
    assert mix.fetched_words == 100
    assert mix.cycles.lower == 100 + 99 * 2 + 1
    without_waits = 100 + 99 * 4 + 1
    assert mix.waits.upper == pytest.approx((100 + 99) * 0.2 * 3)
    assert mix.cycles.upper == pytest.approx(without_waits + mix.waits.upper)
    assert mix.per(100).cycles.lower == pytest.approx(2.99)


def test_what_qemu_saw_of_loads_is_added() -> None:
    (load,) = program("ldr r0, [r1]")
    mix = mix_of([Executed(load, None, 10, 0, 10, 4, 0)])
    fetching = 5 * 0.2 * 3
    assert mix.cycles.lower == 10 * 2 + 4
    assert mix.cycles.upper == pytest.approx(10 * 2 + 4 + 10 * 3 + fetching)


def test_waits_are_none_at_best_and_three_a_miss_at_worst() -> None:
    assert flash_waits(1000, 100) == Bounds(0, pytest.approx(1000 * 0.2 * 3 + 100 * 3))
