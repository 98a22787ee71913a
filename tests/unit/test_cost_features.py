"""What the estimates of a layer are made of."""

from __future__ import annotations

from itertools import product

import pytest

from pipeline.compiler import compile_network
from pipeline.compiler.cost_features import features
from pipeline.compiler.graph import Operator
from pipeline.compiler.layers import Layer, Struct, size
from pipeline.compiler.reader import read_graph
from tests.parity.graphs import small_network
from tests.parity.random_foreign import random_svdf


def some_operator() -> Operator:
    return read_graph(small_network()).operators[0]


def convolution(length: int, kernel: int, stride: int, padding: int, result: int) -> Layer:
    """Along the height of a picture one column wide; four channels."""
    fields = {
        "plane": {
            "input": size((length, 1)),
            "result": size((result, 1)),
            "kernel": size((kernel, 1)),
            "stride": size((stride, 1)),
            "dilation": size((1, 1)),
            "padding": size((padding, 0)),
            "channels": 4,
        },
    }
    operator = some_operator()
    arguments = (Struct("nn_conv2d_any_t", "layer", fields),)
    inputs = (operator.operand(0),)
    return Layer("x", ("y",), "nn_conv2d_any", arguments, inputs, operator.output)


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_borders_are_the_windows_that_reach_outside(stride: int) -> None:
    for length, kernel, padding in product(range(3, 12), range(1, 7), range(4)):
        result = (length + padding) // stride + 1
        starts = [at * stride - padding for at in range(result)]
        outside = sum(start < 0 or start + kernel > length for start in starts)
        counted = features(convolution(length, kernel, stride, padding, result))
        assert counted["borders"] == outside
        assert counted["positions"] == result


@pytest.mark.parametrize("seed", range(100, 108))
def test_an_svdf_takes_an_instruction_for_each_multiplication_at_least(seed: int) -> None:
    """By its inputs, and by what it remembers: both were left out once."""
    layers = compile_network(random_svdf(seed)).cost.layers
    remembering = [layer for layer in layers if "SVDF" in layer.operator]
    assert len(remembering) == 3
    for layer in remembering:
        assert layer.instructions > layer.macs
