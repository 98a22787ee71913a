"""Networks nobody would draw, whatever the shapes, strides, dilations, paddings and quantizations,
and converted ones: the compiled C gives the oracle's bytes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pipeline.compiler import compile_network
from tests.parity.edge_graphs import edge_flatbuffers
from tests.parity.graphs import GraphBuilder, options
from tests.parity.host_engine import HostEngine, assert_parity, vectors_for
from tests.parity.keras_models import NAMES
from tests.parity.many_networks import run_on_host
from tests.parity.oracle import oracle
from tests.parity.random_graphs import (
    drawn,
    random_depthwise,
    random_network,
    random_picture,
    random_sequence,
)
from tests.parity.random_windows import random_windows

# Seeds of each kind; those behind a range reach what few networks do.
SOME = {
    random_network: (*range(5), 6, 8, 11, 15, 17, 19),
    random_picture: range(4),
    random_depthwise: range(6),
    random_windows: range(3),
}
SOME_COMPACT = {random_sequence: range(2), random_picture: range(2), random_depthwise: range(3)}
MANY = {
    random_network: range(20),
    random_picture: range(10),
    random_depthwise: range(16),
    random_windows: range(8),
}
MANY_COMPACT = {random_sequence: range(6), random_picture: range(6), random_depthwise: range(8)}


def some_flatbuffers() -> list[tuple[bytes, bool]]:
    return drawn(SOME, SOME_COMPACT)


def many_flatbuffers() -> list[tuple[bytes, bool]]:
    return drawn(MANY, MANY_COMPACT)


@pytest.mark.usefixtures("host_compiler")
@pytest.mark.parametrize(
    ("kind", "optimized"),
    [
        (some_flatbuffers, "-O1"),
        (edge_flatbuffers, "-O1"),
        pytest.param(many_flatbuffers, "-O1", marks=pytest.mark.soak),
        pytest.param(edge_flatbuffers, "-O0", marks=pytest.mark.soak),
    ],
)
def test_networks_give_the_oracles_bytes(
    kind: Callable[[], list[tuple[bytes, bool]]], optimized: str, tmp_path: Path
) -> None:
    flatbuffers = kind()
    networks = [compile_network(data, compact) for data, compact in flatbuffers]
    inputs = [vectors_for(network, 40) for network in networks]
    outputs = run_on_host(networks, inputs, tmp_path, (optimized,))
    for number, found in enumerate(outputs):
        expected = oracle(flatbuffers[number][0], inputs[number])
        np.testing.assert_array_equal(found, expected, str(number))


def test_the_random_networks_reach_every_kernel() -> None:
    sources = "".join(
        compile_network(random_network(seed)).sources["model_network.c"]
        for seed in SOME[random_network]
    )
    for kernel in (
        *("conv1d", "conv1d_mean", "conv2d_any", "depthwise_conv2d", "mean"),
        "fully_connected_parts",
        *("conv2d", "max_pool2d", "average_pool2d", "add", "pad", "softmax", "lookup"),
    ):
        assert f"  nn_{kernel}(" in sources, kernel


@pytest.mark.parametrize(
    ("name", "zero_point", "channels", "operators"),
    [
        ("CONV_2D", 3, 0, ["CONV_2D"]),
        ("CONV_2D", 3, 1, ["PAD", "CONV_2D"]),
        ("MAX_POOL_2D", -128, 0, ["MAX_POOL_2D"]),
        ("MAX_POOL_2D", -127, 0, ["PAD", "MAX_POOL_2D"]),
        ("AVERAGE_POOL_2D", -128, 0, ["PAD", "AVERAGE_POOL_2D"]),
    ],
)
def test_a_pad_vanishes_where_the_filter_after_it_can_do_it(
    name: str, zero_point: int, channels: int, operators: list[str], engine: HostEngine
) -> None:
    graph = GraphBuilder()
    source = graph.activation("input", (1, 6, 5, 4), 0.1, zero_point)
    amounts = np.array([(0, 0), (1, 2), (0, 1), (0, channels)], np.int32)
    padded = graph.activation("padded", (1, 9, 6, 4 + channels), 0.1, zero_point)
    graph.operator("PAD", [source, graph.constant("amounts", amounts)], padded)
    output = graph.activation("net/layer/x", (1, 7, 4, 4 + channels), 0.1, zero_point)
    inputs, fields = [padded], {"padding": 1, "strideH": 1, "strideW": 1}
    if name == "CONV_2D":
        values = np.random.default_rng(1).integers(-128, 128, (4 + channels, 3, 3, 4 + channels))
        inputs.append(graph.constant("weights", values.astype(np.int8), [0.001]))
        table = options("Conv2DOptions", **fields)
    else:
        table = options("Pool2DOptions", **fields, filterHeight=3, filterWidth=3)
    graph.operator(name, inputs, output, table)
    flatbuffer = graph.finish(source, output)
    assert [layer.operator for layer in compile_network(flatbuffer).layers] == operators
    assert_parity(engine, flatbuffer)


def convolution(weights: np.ndarray, bias: int = 0, output_scale: float = 1.0) -> bytes:
    """A CONV_2D along 30 positions; weights [filters, 1, kernel, channels]."""
    graph = GraphBuilder()
    source = graph.activation("input", (1, 1, 30, weights.shape[3]), 1.0, -5)
    output = graph.activation("net/conv/x", (1, 1, 30, len(weights)), output_scale, 3)
    biases = np.full(len(weights), bias, np.int32)
    inputs = [source, graph.constant("w", weights, [1.0]), graph.constant("b", biases, [1.0])]
    table = options("Conv2DOptions", padding=0, strideH=1, strideW=1)
    graph.operator("CONV_2D", inputs, output, table)
    return graph.finish(source, output)


@pytest.mark.parametrize(("channels", "weight"), [(1, -128), (173, 127), (400, -128)])
def test_sums_of_every_size(channels: int, weight: int, engine: HostEngine) -> None:
    weights = np.full((3, 1, 3, channels), weight, np.int8)
    assert_parity(engine, convolution(weights, output_scale=300.0 * channels))


@pytest.mark.parametrize("output_scale", [0.01, 0.5, 1.0, 2.0, 3e4, 3e9])
def test_factors_above_and_far_below_one(output_scale: float, engine: HostEngine) -> None:
    weights = np.arange(-12, 12, dtype=np.int8).reshape(4, 1, 3, 2)
    assert_parity(engine, convolution(weights, 1000, output_scale))


def test_a_pool_that_reaches_beyond_its_convolution_is_not_cut(engine: HostEngine) -> None:
    graph = GraphBuilder()
    source = graph.activation("input", (1, 1, 8, 2), 0.1, 7)
    weights = graph.constant("w", np.arange(-9, 9, dtype=np.int8).reshape(3, 1, 3, 2), [0.1])
    middle = graph.activation("net/conv/x", (1, 1, 8, 3), 0.4, 0)
    output = graph.activation("net/pool/x", (1, 1, 3, 3), 0.4, 0)
    convolution_table = options("Conv2DOptions", padding=0, strideH=1, strideW=1)
    size = {"strideH": 1, "strideW": 3, "filterHeight": 1, "filterWidth": 3}
    graph.operator("CONV_2D", [source, weights], middle, convolution_table)
    graph.operator("MAX_POOL_2D", [middle], output, options("Pool2DOptions", padding=0, **size))
    assert_parity(engine, graph.finish(source, output))


def values_that_differ(flatbuffer: bytes, engine: HostEngine) -> list[int]:
    """For a network of one input: of all 256, those at which it is not the oracle's."""
    network = compile_network(flatbuffer)
    inputs = np.arange(-128, 128, dtype=np.int8).reshape(256, *network.input_shape[1:])
    found, expected = engine.run(network, inputs), oracle(flatbuffer, inputs)
    return inputs.ravel()[(found != expected).reshape(256, -1).any(axis=1)].tolist()


def test_a_dense_layer_computes_its_scale_as_the_oracle_does(engine: HostEngine) -> None:
    """Scales where 113 * 112 falls on either side of a half, by the precision of their product."""
    graph = GraphBuilder()
    source = graph.activation("input", (1, 1), 0.098225437104702, 0)
    weights = graph.constant("w", np.array([[112]], np.int8), [0.06648347526788712])
    output = graph.activation("net/dense/x", (1, 1), 0.6333585381507874, -100)
    graph.operator("FULLY_CONNECTED", [source, weights], output, options("FullyConnectedOptions"))
    assert values_that_differ(graph.finish(source, output), engine) == []


@pytest.mark.parametrize("name", ["RELU", "QUANTIZE"])
def test_a_function_computes_its_scale_as_the_oracle_does(name: str, engine: HostEngine) -> None:
    """Scales where 2 falls on either side of a half, by the precision of their ratio."""
    graph = GraphBuilder()
    source = graph.activation("input", (1, 1), 0.07972416281700134, -128)
    output = graph.activation("output", (1, 1), 0.10629888623952866, -100)
    graph.operator(name, [source], output)
    assert values_that_differ(graph.finish(source, output), engine) == []


@pytest.mark.parametrize("scale", [0.7058823704719543, 0.04270462691783905, 0.1, 1e-3, 8.0])
def test_six_is_rounded_as_the_oracle_does(scale: float, engine: HostEngine) -> None:
    """Scales where 6 / scale falls on either side of a half, by its precision; and usual ones."""
    graph = GraphBuilder()
    source = graph.activation("input", (1, 1, 1, 1), scale, -128)
    middle = graph.activation("relu6", (1, 1, 1, 1), scale, -128)
    output = graph.activation("net/pool/x", (1, 1, 1, 1), scale, -128)
    size = {"strideH": 1, "strideW": 1, "filterHeight": 1, "filterWidth": 1}
    table = options("Pool2DOptions", fusedActivationFunction=3, **size)
    graph.operator("AVERAGE_POOL_2D", [source], middle, table)
    graph.operator("RELU6", [middle], output)
    assert values_that_differ(graph.finish(source, output), engine) == []


@pytest.mark.parametrize("ratio", [2**-29.5, 2**-31.5, 2**-40, 1.0, 2.0**9])
def test_means_of_every_scale(ratio: float, engine: HostEngine) -> None:
    graph = GraphBuilder()
    source = graph.activation("input", (1, 64, 3), 0.1, -7)
    output = graph.activation("output", (1, 3), 0.1 / ratio, 9)
    axes = graph.constant("axes", np.array([1], np.int32))
    graph.operator("MEAN", [source, axes], output, options("ReducerOptions"))
    assert_parity(engine, graph.finish(source, output))


@pytest.mark.parametrize(("axis", "positions"), [(3, 8), (2, 8), (3, 1), (2, 1)])
def test_a_mean_over_channels_is_not_one_over_positions(
    axis: int, positions: int, engine: HostEngine
) -> None:
    """Where there are as many positions as channels, their shapes do not tell them apart."""
    graph = GraphBuilder()
    source = graph.activation("input", (1, 1, positions, 3), 0.1, 0)
    values = np.random.default_rng(1).integers(-128, 128, (8, 1, 1, 3)).astype(np.int8)
    convolved = graph.activation("net/conv/x", (1, 1, positions, 8), 4.0, 0)
    table = options("Conv2DOptions", strideH=1, strideW=1)
    graph.operator("CONV_2D", [source, graph.constant("w", values, [0.1])], convolved, table)
    kept = (1, 1, 8) if axis == 2 else (1, 1, positions)
    output = graph.activation("net/mean/x", kept, 2.0, 0)
    axes = graph.constant("axes", np.array([axis], np.int32))
    graph.operator("MEAN", [convolved, axes], output, options("ReducerOptions"))
    assert_parity(engine, graph.finish(source, output))


def test_a_network_that_only_changes_the_shape(engine: HostEngine) -> None:
    graph = GraphBuilder()
    source = graph.activation("input", (1, 4, 3), 0.1, 0)
    output = graph.activation("output", (1, 12), 0.1, 0)
    graph.operator("RESHAPE", [source, graph.constant("s", np.array([1, 12], np.int32))], output)
    assert_parity(engine, graph.finish(source, output))


def test_an_output_that_is_also_read_inside(engine: HostEngine) -> None:
    graph = GraphBuilder()
    source = graph.activation("input", (1, 6), 0.1, 0)
    squashed = graph.activation("squashed", (1, 6), 1 / 128, 0)
    unused = graph.activation("unused", (1, 6), 0.1, 0)
    output = graph.activation("output", (1, 6), 0.02, 5)
    graph.operator("TANH", [source], squashed)
    graph.operator("ADD", [squashed, source], output, options("AddOptions"))
    graph.operator("ADD", [output, squashed], unused, options("AddOptions"))
    assert_parity(engine, graph.finish(source, output))


def test_views_do_not_cost_a_copy(engine: HostEngine) -> None:
    graph = GraphBuilder()
    source = graph.activation("input", (1, 8), 0.1, 0)
    shapes = {"RESHAPE": (1, 2, 4), "EXPAND_DIMS": (1, 1, 2, 4), "SQUEEZE": (2, 4)}
    last = source
    for name, shape in shapes.items():
        extra = [] if name == "SQUEEZE" else [graph.constant("s", np.array([1], np.int32))]
        last = graph.operator(name, [last, *extra], graph.activation(name, shape, 0.1, 0))
    output = graph.activation("output", (1, 8), 1 / 256, -128)
    graph.operator("LOGISTIC", [last], output)
    flatbuffer = graph.finish(source, output)
    assert [layer.operator for layer in compile_network(flatbuffer).layers] == ["LOGISTIC"]
    assert_parity(engine, flatbuffer)


@pytest.mark.parametrize("name", NAMES)
def test_the_bytes_are_those_of_tensorflow_lite_micro(
    name: str, keras_models: Path, engine: HostEngine
) -> None:
    flatbuffer = (keras_models / f"{name}.tflite").read_bytes()
    outputs = assert_parity(engine, flatbuffer, count=120)
    assert len(np.unique(outputs, axis=0)) > 15, "the outputs hardly depend on the inputs"


def test_a_gesture_network_is_four_calls(keras_models: Path) -> None:
    network = compile_network((keras_models / "gesture.tflite").read_bytes())
    assert [(layer.operator, layer.macs) for layer in network.layers] == [
        ("CONV_2D + MAX_POOL_2D", 108 * 5 * 6 * 16),
        ("CONV_2D + MAX_POOL_2D + MEAN", 50 * 5 * 16 * 32),
        ("FULLY_CONNECTED", 32 * 6),
        ("SOFTMAX", 0),
    ]
    assert [layer.name for layer in network.layers] == ["conv1d", "conv1d_1", "dense", "softmax"]
    assert network.input_shape == (1, 112, 6)
    assert network.output_shape == (1, 6)
    assert network.quantization.output_scale == 1 / 256
    # The first convolution's pooled output, beside it the 32 means; and what they are computed in.
    assert 54 * 16 + 32 < network.arena_bytes < 54 * 16 + 32 + 2048


@pytest.mark.parametrize("name", NAMES)
def test_layers_have_the_names_that_keras_gave_them(name: str, keras_models: Path) -> None:
    network = compile_network((keras_models / f"{name}.tflite").read_bytes())
    expected = json.loads((keras_models / f"{name}.json").read_text())
    assert set(expected) <= {layer.name for layer in network.layers}


def test_all_supported_operators_are_covered(keras_models: Path) -> None:
    seen = set()
    for name in NAMES:
        for layer in compile_network((keras_models / f"{name}.tflite").read_bytes()).layers:
            seen.update(layer.operator.split(" + "))
    assert seen >= {
        "CONV_2D",
        "DEPTHWISE_CONV_2D",
        "FULLY_CONNECTED",
        "MAX_POOL_2D",
        "AVERAGE_POOL_2D",
        "MEAN",
        "SOFTMAX",
        "ADD",
        "PAD",
        "LOGISTIC",
        "TANH",
    }
