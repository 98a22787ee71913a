"""Operators that few models have: the compiled C gives the bytes of TensorFlow Lite Micro."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from pipeline.compiler import compile_network
from pipeline.conversion.space_to_batch import with_sound_batches
from tests.parity.graphs import GraphBuilder, options, refusal
from tests.parity.host_engine import vectors_for
from tests.parity.many_networks import run_on_board, run_on_host
from tests.parity.oracle import oracle
from tests.parity.random_rare import RandomRare, random_rare
from tests.parity.target_engine import AS_BUILT

SEEDS, ON_BOARD = (*range(10), 11, 15, 19, 28, 36, 39), range(5)  # from 11 on: few reach that
MANY = pytest.param(range(40), marks=pytest.mark.soak, id="many")
KERNELS = ("transpose_conv2d", "compare", "select", "arg_max", "arg_min", "pad", "resize_nearest")


def assert_equal_bytes(flatbuffers: list[bytes], run, count: int) -> None:
    networks = [compile_network(data) for data in flatbuffers]
    inputs = [vectors_for(network, count) for network in networks]
    for number, found in enumerate(run(networks, inputs)):
        expected = oracle(with_sound_batches(flatbuffers[number]), inputs[number])
        np.testing.assert_array_equal(found, expected, str(number))


@pytest.mark.usefixtures("host_compiler")
@pytest.mark.parametrize("seeds", [pytest.param(SEEDS, id="some"), MANY])
@pytest.mark.parametrize("true_batches", [True, False])
def test_rare_operators_give_the_oracles_bytes(
    true_batches: bool, seeds: Sequence[int], tmp_path: Path
) -> None:
    flatbuffers = [random_rare(seed, true_batches) for seed in seeds]
    assert_equal_bytes(flatbuffers, lambda *n: run_on_host(*n, tmp_path, ("-O1",)), 12)


@pytest.mark.usefixtures("qemu")
@pytest.mark.parametrize("seeds", [pytest.param(ON_BOARD, id="some"), MANY])
def test_rare_operators_give_the_same_bytes_on_the_board(
    seeds: Sequence[int], tmp_path: Path
) -> None:
    flatbuffers = [random_rare(seed) for seed in seeds]
    assert_equal_bytes(flatbuffers, lambda *n: run_on_board(*n, tmp_path, AS_BUILT), 6)


def test_the_random_networks_reach_every_kernel() -> None:
    texts = [compile_network(random_rare(seed)).sources["model_network.c"] for seed in SEEDS]
    for kernel in KERNELS:
        assert any(f"  nn_{kernel}(" in text for text in texts), kernel
    for operator in ("ABS", "ELU", "CAST", "DEPTH_TO_SPACE", "SPACE_TO_DEPTH", "PADV2"):
        assert any(f"/* {operator}:" in text for text in texts), operator


def test_a_dilated_convolution_is_one_layer() -> None:
    built = RandomRare(0)
    built.dilated()
    network = compile_network(built.graph.finish(built.source, built.last))
    names = [layer.operator for layer in network.layers]
    assert set(names) <= {"CONV_2D", "DEPTHWISE_CONV_2D", "PAD"}, names


def test_batches_that_are_no_dilation_are_refused_with_what_to_change() -> None:
    graph = GraphBuilder()
    source = graph.activation("input", (1, 8, 2), 0.1, 0)
    batch = graph.activation("net/to_batch/x", (2, 4, 2), 0.1, 0)
    squeezed = graph.activation("net/tanh/x", (2, 4, 2), 1 / 128, 0)
    output = graph.activation("net/to_space/x", (1, 8, 2), 1 / 128, 0)
    block = graph.constant("block", np.array([2], np.int32))
    nothing = graph.constant("nothing", np.zeros((1, 2), np.int32))
    graph.operator("SPACE_TO_BATCH_ND", [source, block, nothing], batch)
    graph.operator("TANH", [batch], squeezed)
    graph.operator("BATCH_TO_SPACE_ND", [squeezed, block, nothing], output)
    error = refusal(graph.finish(source, output))
    for name in ("SPACE_TO_BATCH_ND in layer `to_batch`", "BATCH_TO_SPACE_ND in layer `to_space`"):
        assert name in error.what
    assert "TANH" not in error.what
    assert "strides of 1" in error.next_step


def test_a_transposed_convolution_that_does_not_fit_its_output_is_refused() -> None:
    graph = GraphBuilder()
    source = graph.activation("input", (1, 4, 4, 2), 0.1, 0)
    output = graph.activation("net/up/x", (1, 9, 8, 3), 0.1, 0)
    shape = graph.constant("shape", np.array([1, 9, 8, 3], np.int32))
    weights = graph.constant("w", np.ones((3, 2, 2, 2), np.int8), [0.1])
    table = options("TransposeConvOptions", strideH=2, strideW=2)
    graph.operator("TRANSPOSE_CONV", [shape, weights, source], output, table)
    assert "TRANSPOSE_CONV in layer `up`" in refusal(graph.finish(source, output)).what
