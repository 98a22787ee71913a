"""Operators that models of others have, and those models: the compiled C gives the oracle's bytes,
from one run to the next."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from pipeline.compiler import CompiledNetwork, compile_network
from pipeline.compiler.fixedpoint import clamp, quantize_scale, rescale
from pipeline.compiler.quantize import byte_table
from pipeline.core.project import PROJECT
from tests.parity.graphs import GraphBuilder, options
from tests.parity.host_engine import HostEngine, vectors_for
from tests.parity.many_networks import run_on_board, run_on_host
from tests.parity.oracle import oracle
from tests.parity.random_foreign import RandomForeign, random_foreign
from tests.parity.random_shapes import random_few_filters, random_shapes
from tests.parity.target_engine import AS_BUILT

SEEDS, ON_BOARD = (*range(10), 12, 13, 14, 18), range(4)  # from 12 on: few reach that
MANY = pytest.param(range(40), marks=pytest.mark.soak, id="many")
FULL = 44  # a seed of random_shapes: weights of -128, then a mean
MOBILE = 18  # another: pointwise layers, whose output overlaps their input
FEW_FILTERS = range(4)
MODELS = PROJECT.parent / "shared" / "data" / "models"
RUNS = 200
KERNELS = (
    *("strided_copy", "concatenate", "copy", "quantize", "svdf", "svdf_any", "softmax_wide"),
    *("sequence_lstm", "sub", "mul", "prelu", "maximum", "minimum", "resize_nearest"),
    *("reduce_max", "reduce_min", "conv2d_wide", "conv2d_wide_mean"),
    "conv2d_copied",
)


def quantized(*ends: tuple[type, float, int]) -> bytes:
    """QUANTIZE after QUANTIZE; ends: type, scale and zero point of each tensor."""
    graph = GraphBuilder()
    tensors = [
        graph.activation(f"tensor{number}", (1, 30), scale, zero_point, dtype)
        for number, (dtype, scale, zero_point) in enumerate(ends)
    ]
    for source, output in pairwise(tensors):
        graph.operator("QUANTIZE", [source], output, options("QuantizeOptions"))
    return graph.finish(tensors[0], tensors[-1])


def quantizing() -> list[bytes]:
    first, last = (np.int8, 0.1, -128), (np.int8, 0.09, -7)
    return [
        quantized(first, (np.uint8, 0.1, 0), last),
        quantized((np.int8, 0.1, 3), (np.uint8, 0.07, 200), (np.int8, 0.3, -20)),
        quantized(first, (np.int16, 0.003, 0), (np.int16, 0.002, 40), last),
        quantized(first, (np.int16, 1 / 655, -32768), (np.int32, 3.05e-5, 0), last),
        quantized(first, (np.int32, 1e-4, 0), (np.int16, 0.01, 0), last),
        quantized(first, (np.int32, 1e-4, 0), (np.int8, 0.1, 3), (np.int16, 0.2, 0), last),
    ]


def shaped() -> list[bytes]:
    return [*map(random_shapes, (FULL, MOBILE)), *map(random_few_filters, FEW_FILTERS)]


def assert_equal_bytes(flatbuffers: list[bytes], run, count: int) -> None:
    networks = [compile_network(data) for data in flatbuffers]
    outside = [vectors_for(network, count) for network in networks]
    inputs = [as_inside(*pair) for pair in zip(networks, outside, strict=True)]
    for number, found in enumerate(run(networks, inputs)):
        expected = oracle(flatbuffers[number], outside[number])
        result = as_outside(networks[number], found)
        np.testing.assert_array_equal(result, expected, str(number))


def as_inside(network: CompiledNetwork, vectors: np.ndarray) -> np.ndarray:
    """What the network is given, where the file's own input is an integer of another type."""
    source, inside = network.ends.inputs[0].outside, network.ends.inputs[0].inside
    if not network.ends.inputs[0].is_converted:
        return vectors
    scale = quantize_scale(source.scale / inside.scale)
    values = [
        clamp(rescale(value - source.zero_point, scale) + inside.zero_point)
        for value in vectors.ravel().tolist()
    ]
    return np.array(values, np.int8).reshape(vectors.shape)


def as_outside(network: CompiledNetwork, found: np.ndarray) -> np.ndarray:
    """What the file's own output is, where the network's is another byte."""
    output = network.ends.outputs[0]
    if not output.is_converted:
        return found
    return np.array(byte_table(output.inside, output.outside), np.int8)[found.astype(int) + 128]


@pytest.mark.usefixtures("host_compiler")
@pytest.mark.parametrize("seeds", [pytest.param(SEEDS, id="some"), MANY])
def test_foreign_operators_give_the_oracles_bytes(seeds: Sequence[int], tmp_path: Path) -> None:
    flatbuffers = [*map(random_foreign, seeds), *quantizing(), *shaped()]
    assert_equal_bytes(flatbuffers, lambda *n: run_on_host(*n, tmp_path, ("-O1",)), 30)


@pytest.mark.usefixtures("qemu")
@pytest.mark.parametrize("seeds", [pytest.param(ON_BOARD, id="some"), MANY])
def test_foreign_operators_give_the_same_bytes_on_the_board(
    seeds: Sequence[int], tmp_path: Path
) -> None:
    flatbuffers = [*map(random_foreign, seeds), *quantizing(), *shaped()]
    assert_equal_bytes(flatbuffers, lambda *n: run_on_board(*n, tmp_path, AS_BUILT), 12)


def test_the_random_networks_reach_every_kernel() -> None:
    flatbuffers = [*map(random_foreign, SEEDS), *quantizing(), *shaped()]
    texts = [compile_network(data).sources["model_network.c"] for data in flatbuffers]
    for kernel in KERNELS:
        assert any(f"  nn_{kernel}(" in text for text in texts), kernel
    assert any("  memcpy(state.variable_" in text for text in texts), "a first value"


@pytest.mark.usefixtures("host_compiler")
@pytest.mark.skipif(not MODELS.is_dir(), reason="the models of others are not here")
def test_models_of_others_give_the_oracles_bytes_over_a_stream(tmp_path: Path) -> None:
    names = ("wake_hey_jarvis", "wake_vad", "keyword_scrambled", "mnist_lstm")
    flatbuffers = [(MODELS / f"{name}.tflite").read_bytes() for name in names]
    assert all(compile_network(data).keeps_state for data in flatbuffers)
    assert_equal_bytes(flatbuffers, lambda *n: run_on_host(*n, tmp_path, ("-O1",)), RUNS)


def test_a_reset_forgets(engine: HostEngine) -> None:
    built = RandomForeign(1)
    built.remember("joined")
    network = compile_network(built.graph.finish(built.source, built.last))
    inputs = np.tile(vectors_for(network, 5), (2, *[1] * (len(network.input_shape) - 1)))
    first, again = np.split(engine.run(network, inputs, reset_after=5), 2)
    np.testing.assert_array_equal(first, again)
    first, kept = np.split(engine.run(network, inputs), 2)
    np.testing.assert_array_equal(first, again)
    assert (first != kept).any()
