"""Recurrent networks with random weights, cells and quantization, as convert would write them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.cells.operators import GRU, GRU_RESET_BEFORE, KINDS, CellKind
from pipeline.conversion.step import Samples, join_step
from pipeline.conversion.step_cells import FloatCell, run_all
from tests.parity.graphs import GraphBuilder, options

CLASSES = 3


@dataclass(frozen=True)
class Shape:
    """kinds, units: of each cell, in order; loudness: of the weights; scale, zero_point: of the
    samples."""

    kinds: tuple[CellKind, ...]
    units: tuple[int, ...]
    channels: int
    loudness: float
    scale: float
    zero_point: int
    seed: int


def random_step(shape: Shape) -> bytes:
    random = np.random.default_rng(shape.seed)
    units = shape.units[: len(shape.kinds)]
    inputs = (shape.channels, *units)
    cells = [
        _cell(random, kind, f"cell{number}", units[number], inputs[number], shape.loudness)
        for number, kind in enumerate(shape.kinds)
    ]
    steps = random.integers(-128, 128, (8, 10, shape.channels)) - shape.zero_point
    traces = run_all(cells, steps * shape.scale)
    head = _head(random, units[-1])
    samples = Samples(shape.channels, shape.scale, shape.zero_point)
    return join_step(samples, cells, traces, head)


def random_shape(seed: int) -> Shape:
    random = np.random.default_rng(seed)
    count = int(random.integers(1, 4))
    return Shape(
        kinds=tuple(KINDS[index] for index in random.integers(0, len(KINDS), count)),
        units=tuple(random.integers(1, 65, count).tolist()),
        channels=int(random.integers(1, 33)),
        loudness=float(np.exp(random.uniform(-4, 1))),
        scale=float(np.float32(np.exp(random.uniform(-9, -1)))),
        zero_point=int(random.integers(-128, 128)),
        seed=seed,
    )


def _cell(random, kind: CellKind, name: str, units: int, inputs: int, loudness: float) -> FloatCell:
    rows = kind.gates * units
    opening = 2 * units if kind is GRU_RESET_BEFORE else rows
    constants = {
        "kernel": _weights(random, (rows, inputs), loudness),
        "bias": random.normal(0, loudness, rows),
        "recurrent": _weights(random, (opening, units), loudness),
        "recurrent_bias": random.normal(0, loudness, opening) * (kind is GRU),
    }
    if kind is GRU_RESET_BEFORE:
        constants["candidate_recurrent"] = _weights(random, (units, units), loudness)
        constants["candidate_bias"] = np.zeros(units)
    return FloatCell(kind, name, units, constants)


def _weights(random, shape: tuple[int, int], loudness: float) -> np.ndarray:
    """Rows of unlike loudness, and now and then one of zeros."""
    rows = np.exp(random.uniform(-2, 0, (shape[0], 1))) * (random.random((shape[0], 1)) > 0.05)
    return random.normal(0, loudness, shape) * rows


def _head(random, units: int) -> bytes:
    graph = GraphBuilder()
    state = graph.activation("samples", (1, units), 1 / 128, 0)
    weights = random.integers(-127, 128, (CLASSES, units)).astype(np.int8)
    kernel = graph.constant("network_1/scores_1/MatMul", weights, [1 / 64])
    bias = graph.constant(
        "network_1/scores_1/BiasAdd",
        random.integers(-99, 100, CLASSES).astype(np.int32),
        [1 / 8192],
    )
    sums = graph.activation("network_1/scores_1/add", (1, CLASSES), 0.1, 3)
    plain = options("FullyConnectedOptions")
    graph.operator("FULLY_CONNECTED", [state, kernel, bias], sums, plain)
    scores = graph.activation("network_1/scores_1/Softmax", (1, CLASSES), 1 / 256, -128)
    graph.operator("SOFTMAX", [sums], scores, options("SoftmaxOptions", beta=1.0))
    return graph.finish(state, scores)
