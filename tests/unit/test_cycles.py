"""What instructions take on the chip, and what a person is told of it."""

from __future__ import annotations

import pytest

from pipeline.core.costs import CYCLES_PER_INSTRUCTION, Bounds, cycles_of_instructions
from pipeline.deployment.profile import estimate_from_cycles, estimate_from_instructions

HOPS_HZ = 119 / 8


def test_measured_cycles_are_one_time_and_one_energy() -> None:
    estimate = estimate_from_cycles(64_000, HOPS_HZ)
    assert estimate.measured
    assert estimate.inference_ms == Bounds(1.0, 1.0)
    # 52 uA a MHz at 64 MHz and 3 V are 10 mW.
    assert estimate.inference_uj.lower == estimate.inference_uj.upper == pytest.approx(9.984)
    assert estimate.load is not None
    assert estimate.load.upper == pytest.approx(0.001 * HOPS_HZ)


def test_instructions_are_a_range() -> None:
    estimate = estimate_from_instructions(64_000, HOPS_HZ)
    assert not estimate.measured
    assert estimate.inference_ms.lower == pytest.approx(CYCLES_PER_INSTRUCTION.lower)
    assert estimate.inference_ms.upper == pytest.approx(CYCLES_PER_INSTRUCTION.upper)
    assert estimate.load is not None
    assert estimate.load.lower < estimate.load.upper


def test_without_a_rate_there_is_no_load() -> None:
    assert estimate_from_instructions(64_000, 0).load is None


def test_no_instruction_is_faster_than_a_cycle() -> None:
    cycles = cycles_of_instructions(1000)
    assert 1000 <= cycles.lower < cycles.upper
    assert cycles.plus(Bounds(1, 2)) == Bounds(cycles.lower + 1, cycles.upper + 2)
