"""Budgets and costs: what does not fit is refused before anything is built, by layer and with a
way out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.config.budget import Budget, load_budget
from pipeline.core.costs import (
    CYCLES_PER_INSTRUCTION,
    Bounds,
    LayerCost,
    NetworkCost,
    cycles_of_instructions,
)
from pipeline.core.errors import ExitCode, PipelineError
from pipeline.deployment.profile import estimate_from_cycles, estimate_from_instructions

PROJECT = Path(__file__).resolve().parent.parent.parent
FIRST = LayerCost("first", "CONV_2D", (1, 60, 8), 9_000, 12_000, 700, 2_000, 200)
LARGE = LayerCost("large", "FULLY_CONNECTED", (1, 50), 5_000, 6_000, 5_400, 90, 120)
COST = NetworkCost((FIRST, LARGE), 18_000, 1_900, 8_000, 1_980, 2_640, 264)


def refused(budget: Budget) -> str:
    with pytest.raises(PipelineError) as caught:
        budget.require_fit(COST)
    return str(caught.value)


@pytest.mark.parametrize(
    ("key", "limit", "used", "layer"),
    [
        ("flash_bytes", 7_999, "8,000 of 7,999", "large"),
        ("ram_bytes", 2_639, "2,640 of 2,639", "first"),
        ("stack_bytes", 263, "264 of 263", "first"),
        ("instructions", 17_999, "18,000 of 17,999", "first"),
        ("inference_ms", 1.23, "1.24 of 1.23", "first"),
    ],
)
def test_the_dearest_layer_is_named_with_what_to_shrink(key, limit, used, layer) -> None:
    said = refused(Budget(**{key: limit}))
    assert f"{key} {used}" in said
    assert f"layer `{layer}`" in said
    assert f"raise `{key}`" in said


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("flash_bytes", "give that layer fewer units, then train again"),
        ("instructions", "give that layer fewer units, or raise model.downsample, then"),
    ],
)
def test_of_a_recurrent_layer_units_are_to_shrink(key: str, said: str) -> None:
    cells = replace(COST, layers=(replace(LARGE, operator="GRU", instructions=20_000),))
    with pytest.raises(PipelineError, match=said):
        Budget(**{key: 100}).require_fit(cells)


def test_a_vocabulary_that_is_too_large_is_reported_with_what_to_lower() -> None:
    with pytest.raises(PipelineError) as caught:
        Budget(flash_bytes=20_000).require_fit(COST.with_text(64_000))
    said = str(caught.value)
    assert "flash_bytes 72,000 of 20,000" in said
    assert "the vocabulary and its embedding take most: 64,000 bytes" in said
    assert "lower `text.max_words`" in said


def test_a_small_vocabulary_does_not_hide_the_dearest_layer() -> None:
    with pytest.raises(PipelineError, match="layer `large`"):
        Budget(flash_bytes=7_999).require_fit(COST.with_text(500))


def test_all_that_is_too_much_is_reported_together() -> None:
    said = refused(Budget(flash_bytes=10, ram_bytes=10, instructions=20_000))
    assert "flash_bytes 8,000 of 10; ram_bytes 2,640 of 10" in said
    assert "20,000" not in said


def test_exactly_full_fits() -> None:
    full = Budget(flash_bytes=8_000, ram_bytes=2_640, stack_bytes=264, instructions=18_000)
    assert full.overruns(COST) == {}
    full.require_fit(COST)


def test_time_is_that_of_the_clock() -> None:
    budget = Budget(clock_hz=18e6, cycles_per_instruction=2)
    assert budget.inference_ms_of(COST) == pytest.approx(2.0)


def test_the_shipped_budget_has_the_boards_real_room() -> None:
    budget = load_budget(PROJECT / "configs" / "nano33ble.yaml")
    assert budget.flash_bytes is not None
    assert budget.ram_bytes is not None
    assert budget.flash_bytes < 960 * 1024 - 125 * 1024
    assert budget.ram_bytes < 256 * 1024 - 45 * 1024
    budget.require_fit(COST)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("flash_byte: 3", "did you mean `flash_bytes`?"),
        ("ram_bytes: -1", "ram_bytes"),
        ("instructions: many", "instructions"),
    ],
)
def test_a_budget_is_read_strictly(tmp_path: Path, line: str, said: str) -> None:
    file = tmp_path / "budget.yaml"
    file.write_text(line + "\n", encoding="utf-8")
    with pytest.raises(PipelineError) as caught:
        load_budget(file)
    assert caught.value.exit_code == ExitCode.USAGE
    assert said in str(caught.value)


def test_a_cost_is_what_it_was_when_it_is_read_again(tmp_path: Path) -> None:
    COST.save(tmp_path / "cost.json")
    assert NetworkCost.load(tmp_path / "cost.json") == COST
    assert replace(COST, layers=()).macs == 0


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


def test_a_misspelt_budget_is_answered_with_budgets_alone() -> None:
    with pytest.raises(PipelineError) as caught:
        load_budget(Path("nano"))
    assert "did you mean `nano33ble`?" in caught.value.next_step
    assert "gesture_rocket" not in str(caught.value)


def test_a_config_is_no_budget() -> None:
    with pytest.raises(PipelineError, match="There is no budget file gesture_rocket"):
        load_budget(Path("gesture_rocket"))
