"""Networks with several inputs and outputs give the oracle's bytes of all of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.compiler import CompiledNetwork, compile_network
from tests.parity.many_networks import inside, run_on_board, run_on_host, starts
from tests.parity.oracle import oracle
from tests.parity.several_ends import random_several
from tests.parity.target_engine import FLAGS

SEEDS, ON_BOARD = range(30), range(8)


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
def test_all_outputs_are_the_oracles(tmp_path: Path) -> None:
    assert_equal_bytes(SEEDS, lambda *n: run_on_host(*n, tmp_path, ("-O1",)), 20)


@pytest.mark.usefixtures("qemu")
def test_all_outputs_are_the_oracles_on_the_board(tmp_path: Path) -> None:
    assert_equal_bytes(ON_BOARD, lambda *n: run_on_board(*n, tmp_path, FLAGS[0]), 8)


def test_the_random_networks_have_several_of_both() -> None:
    networks = [compile_network(random_several(seed)) for seed in SEEDS]
    ends = [network.ends for network in networks]
    assert max(len(one.inputs) for one in ends) > 2
    assert max(len(one.outputs) for one in ends) > 2
    assert any(network.keeps_state for network in networks)
