"""Networks at the edges of what each kernel can do: the largest sums, the fewest channels, scales
where another rescaling begins."""

from __future__ import annotations

import itertools

import numpy as np

from pipeline.compiler import compile_network
from tests.parity.graphs import GraphBuilder, options, padded_length

SAME, VALID = 0, 1
SUMS = ((0.1, 0.1, 0.2), (0.1, 0.03, 0.05), (1e-4, 0.2, 0.3), (0.2, 0.1, 90.0))  # scales


def mean_of_many(positions: int, channels: int) -> bytes:
    graph = GraphBuilder()
    source = graph.activation("input", (1, positions, channels), 0.1, -7)
    output = graph.activation("output", (1, channels), 0.11, 9)
    axes = graph.constant("axes", np.array([1], np.int32))
    graph.operator("MEAN", [source, axes], output, options("ReducerOptions"))
    return graph.finish(source, output)


def filtered(name, shape, weights, factor, zero_point=0, padding=VALID, activation=0) -> bytes:
    """One convolution of an input [1, height, width, channels]; factor: of sum to output."""
    graph = GraphBuilder()
    source = graph.activation("input", shape, 1.0, -3)
    axis = 0 if name == "CONV_2D" else 3
    filters = weights.shape[axis]
    sizes = zip(shape[1:3], weights.shape[1:3], strict=True)
    result = [padded_length(length, kernel, 1, 1, padding == SAME) for length, kernel in sizes]
    output = graph.activation("net/layer/x", (1, *result, filters), 1 / factor, zero_point)
    bias = np.arange(filters, dtype=np.int32) * 100 - 250
    inputs = [source, graph.constant("w", weights, [1.0]), graph.constant("b", bias, [1.0])]
    fields = {"padding": padding, "strideH": 1, "strideW": 1, "fusedActivationFunction": activation}
    if name == "CONV_2D":
        graph.operator(name, inputs, output, options("Conv2DOptions", **fields))
    else:
        multiplier = filters // shape[3]
        table = options("DepthwiseConv2DOptions", depthMultiplier=multiplier, **fields)
        graph.operator(name, inputs, output, table)
    return graph.finish(source, output)


def depthwise(channels, multiplier, factor, zero_point, padding) -> bytes:
    weights = np.full((1, 3, 2, channels * multiplier), -128, np.int8)
    weights[..., 1::2] = 127
    shape = (1, 7, 5, channels)
    return filtered("DEPTHWISE_CONV_2D", shape, weights, factor, zero_point, padding)


def largest_pairs(channels: int) -> bytes:
    """Odd sums of 9 * channels taps at their largest: below 2^23 up to 57 channels."""
    weights = np.full((5, 3, 3, channels), 127, np.int8)
    weights[1::2] = -127
    return filtered("CONV_2D", (1, 5, 8, channels), weights, 1 / (70_000 * channels), 4)


def cannot_be_paired(channels: int, kernel: tuple[int, int], padding: int) -> bytes:
    """An even and an odd weight of -128 are beyond 16 bits."""
    weights = np.full((6, *kernel, channels), -128, np.int8)
    weights[3:, ..., 1:] = 127
    return filtered("CONV_2D", (1, 6, 9, channels), weights, 1e-4, -9, padding)


def dense(inputs: int, outputs: int, activation: int = 0) -> bytes:
    """Odd sums at their largest: more than 512 inputs are summed in parts."""
    graph = GraphBuilder()
    source = graph.activation("input", (1, inputs), 1.0, 5)
    output = graph.activation("net/dense/x", (1, outputs), 9.0 * inputs, -128)
    weights = np.full((outputs, inputs), 127, np.int8)
    weights[1::4], weights[::2, ::3] = -127, 50
    operands = [source, graph.constant("w", weights, [0.1])]
    table = options("FullyConnectedOptions", fusedActivationFunction=activation)
    graph.operator("FULLY_CONNECTED", operands, output, table)
    return graph.finish(source, output)


def combined(name: str, scales: tuple[float, float, float], repeated: int, ends: bool) -> bytes:
    """With a constant of so many values; ends: zero points at the ends, and an activation."""
    graph = GraphBuilder()
    source = graph.activation("input", (1, 6, 45), scales[0], 127 if ends else -3)
    values = np.arange(-128, 128).astype(np.int8)[:: 255 // repeated][:repeated]
    constant = graph.constant("b", values, [scales[1]], zero_points=[-128 if ends else 9])
    output = graph.activation("net/sum/x", (1, 6, 45), scales[2], -128 if ends else 20)
    table = options(f"{name.title()}Options", fusedActivationFunction=3 if ends else 0)
    graph.operator(name, [source, constant], output, table)
    return graph.finish(source, output)


def scaled(factor: float, zero_point: int, activation: int) -> bytes:
    weights = (np.arange(6 * 3 * 4) * 37 % 251 - 125).astype(np.int8).reshape(6, 1, 3, 4)
    return filtered("CONV_2D", (1, 1, 20, 4), weights, factor, zero_point, activation=activation)


def never_varies() -> bytes:
    """Filters whose tiny scales leave nothing but a bias as large as can be, beside usual ones."""
    graph = GraphBuilder()
    source = graph.activation("input", (1, 5, 8, 4), 1.0, -128)
    weights = np.full((5, 3, 3, 4), 1, np.int8)
    weights[1] = np.arange(36).reshape(3, 3, 4)
    scales = [2e-9, 0.3, 1e-8, 2e-12, 0.3]
    bias = np.array([1 << 30, -900, -1 << 30, 1 << 30, 77], np.int32)
    inputs = [source, graph.constant("w", weights, scales), graph.constant("b", bias, scales)]
    output = graph.activation("net/conv/x", (1, 3, 6, 5), 1.0, -7)
    table = options("Conv2DOptions", padding=VALID, strideH=1, strideW=1)
    graph.operator("CONV_2D", inputs, output, table)
    return graph.finish(source, output)


def small_window(channels: int) -> bytes:
    weights = (np.arange(5 * channels) * 11 % 200 - 100).astype(np.int8).reshape(5, 1, 1, channels)
    return filtered("CONV_2D", (1, 1, 9, channels), weights, 0.01, -128, activation=1)


def edge_graphs() -> list[bytes]:
    """Factors: 0.7 has no shift, 1.3 one to the left; of 2^-31.5 nothing is left."""
    factors = (1.3, 0.7, 0.4, 1e-3, 2**-31.5)
    ends = ((-128, 1), (0, 0), (127, 0), (-128, 3))  # zero point, activation
    outputs = ((1, 1e-2, -128), (2, 1e-2, 127), (1, 1.3, 0))  # multiplier, factor, zero point
    wide = itertools.product((3, 4, 5, 7), outputs, (SAME, VALID))
    return [
        *(mean_of_many(*size) for size in ((255, 4), (600, 6), (256, 5), (3, 3))),
        *(depthwise(channels, *output, padding) for channels, output, padding in wide),
        *(largest_pairs(channels) for channels in (56, 57, 58, 59)),
        *(cannot_be_paired(*wide) for wide in itertools.product((1, 4), ((2, 3), (3, 1)), (0, 1))),
        *(dense(*size) for size in ((1, 16), (2, 1), (3, 5), (5, 7), (516, 4), (3001, 6, 3))),
        *(combined(*case) for case in itertools.product(("ADD", "SUB"), SUMS, (1, 45), (0, 1))),
        *(scaled(factor, *end) for factor, end in itertools.product(factors, ends)),
        never_varies(),
        *(small_window(channels) for channels in (1, 2, 3, 4)),
    ]


def edge_flatbuffers() -> list[tuple[bytes, bool]]:
    """Flatbuffers, and whether they are to be compact: both ways where the code then differs."""
    graphs = edge_graphs()
    differ = [data for data in graphs if _sources(data, True) != _sources(data, False)]
    assert len(differ) > 3
    return [(data, False) for data in graphs] + [(data, True) for data in differ]


def _sources(flatbuffer: bytes, compact: bool) -> dict[str, str]:
    return compile_network(flatbuffer, compact).sources
