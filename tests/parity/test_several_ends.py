"""Networks with several inputs and outputs give the oracle's bytes of all of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from pipeline.compiler import CompiledNetwork, compile_network
from tests.parity.many_networks import inside, run_on_board, run_on_host, starts
from tests.parity.oracle import oracle
from tests.parity.several_ends import random_several
from tests.parity.target_engine import AS_BUILT

SEEDS, ON_BOARD = range(12), range(4)
MANY = pytest.param(range(30), marks=pytest.mark.soak, id="many")


def vectors(network: CompiledNetwork, count: int) -> np.ndarray:
    """All inputs of each vector one after the other, int8 [vectors, bytes]."""
    random = np.random.default_rng(1)
    inputs, _ = inside(network)
    rows = random.integers(-128, 128, (count, starts(inputs)[-1])).astype(np.int8)
    rows[0], rows[1] = -128, 127
    return rows


def assert_equal_bytes(seeds, run, count: int) -> None:
    variants = [(random_several(seed), compact) for seed in seeds for compact in (False, True)]
    networks = [compile_network(*variant) for variant in variants]
    inputs = [vectors(network, count) for network in networks]
    for number, found in enumerate(run(networks, inputs)):
        expected = oracle(variants[number][0], inputs[number])
        np.testing.assert_array_equal(found, expected, str(number))


@pytest.mark.usefixtures("host_compiler")
@pytest.mark.parametrize("seeds", [pytest.param(SEEDS, id="some"), MANY])
def test_all_outputs_are_the_oracles(seeds: Sequence[int], tmp_path: Path) -> None:
    assert_equal_bytes(seeds, lambda *n: run_on_host(*n, tmp_path, ("-O1",)), 20)


@pytest.mark.usefixtures("qemu")
@pytest.mark.parametrize("seeds", [pytest.param(ON_BOARD, id="some"), MANY])
def test_all_outputs_are_the_oracles_on_the_board(seeds: Sequence[int], tmp_path: Path) -> None:
    assert_equal_bytes(seeds, lambda *n: run_on_board(*n, tmp_path, AS_BUILT), 8)


def test_the_random_networks_have_several_of_both() -> None:
    networks = [compile_network(random_several(seed)) for seed in SEEDS]
    ends = [network.ends for network in networks]
    assert max(len(one.inputs) for one in ends) > 2
    assert max(len(one.outputs) for one in ends) > 2
    assert any(network.keeps_state for network in networks)
