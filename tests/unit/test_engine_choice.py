"""Which engine `gesture compile` takes when none is named, and against which limits."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.compiler import CompiledNetwork, compile_network
from pipeline.config.budget import Budget, load_budget
from pipeline.core.errors import PipelineError
from pipeline.workflows.engine_choice import choose_engine
from tests.parity.graphs import small_network

NANO = Path(__file__).resolve().parents[2] / "configs" / "nano33ble.yaml"


def network(flash_bytes: int, ram_bytes: int, instructions: int) -> CompiledNetwork:
    found = compile_network(small_network())
    used = {"flash_bytes": flash_bytes, "ram_bytes": ram_bytes, "instructions": instructions}
    return replace(found, cost=replace(found.cost, **used))


FAST, COMPACT = network(60_000, 9_000, 2_000_000), network(40_000, 8_000, 2_500_000)
FREE = network(40_000, 9_000, 2_000_000)


@pytest.mark.parametrize(
    ("fast", "budget", "engine"),
    [
        (FAST, Budget(), "compact"),
        (FREE, Budget(), "fast"),
        (FREE, Budget(ram_bytes=8_500), "compact"),
        (FAST, Budget(instructions=2_200_000), "fast"),
        (FAST, Budget(instructions=3_000_000), "compact"),
        (FAST, Budget(inference_ms=150.0), "fast"),
    ],
)
def test_flash_buys_only_the_speed_that_was_asked_for(
    fast: CompiledNetwork, budget: Budget, engine: str
) -> None:
    chosen, said = choose_engine(fast, COMPACT, budget)
    assert said.split(":")[0] == engine
    assert chosen is (fast if engine == "fast" else COMPACT)


def test_it_says_what_the_other_engine_would_take() -> None:
    said = choose_engine(FAST, COMPACT, Budget())[1]
    assert "40,000 bytes of flash instead of 60,000" in said
    assert "`--engine fast` takes 2,000,000 instructions instead of 2,500,000" in said


def test_speed_that_is_none_is_not_offered() -> None:
    said = choose_engine(network(60_000, 9_000, 2_500_000), COMPACT, Budget())[1]
    assert "no more instructions" in said
    assert "--engine fast" not in said


def test_where_none_fits_the_model_is_refused() -> None:
    with pytest.raises(PipelineError, match="flash_bytes 60,000 of 30,000"):
        choose_engine(FAST, COMPACT, Budget(flash_bytes=30_000))


def test_a_boards_budget_has_no_limit_of_time_for_models_of_others() -> None:
    budget = load_budget(NANO)
    assert set(budget.overruns(FAST.cost)) == {"hop_instructions"}
    assert not budget.without_hop.overruns(FAST.cost)
