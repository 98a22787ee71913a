"""Models of other programs: their ends, and what is said of those that cannot be compiled."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.compiler import compile_network
from tests.parity.graphs import GraphBuilder


def with_ends(first: object, last: object) -> bytes:
    """TANH between a QUANTIZE and what makes its output's type, int8 without."""
    graph = GraphBuilder()
    inside = graph.activation("inside", (1, 8), 0.05, 3)
    result = graph.activation("net/tanh/x", (1, 8), 1 / 128, 0)
    source, output = inside, result
    if first is not np.int8:
        source = graph.activation("source", (1, 8), 0.1, 0, first)
        graph.operator("QUANTIZE", [source], inside)
    graph.operator("TANH", [inside], result)
    if last is not np.int8:
        output = graph.activation("output", (1, 8), 1 / 100, 0, last)
        graph.operator("DEQUANTIZE" if last is np.float32 else "QUANTIZE", [result], output)
    return graph.finish(source, output)


@pytest.mark.parametrize("first", [np.int8, np.float32, np.uint8, np.int16])
@pytest.mark.parametrize("last", [np.int8, np.float32, np.uint8, np.int16, np.int32])
def test_the_network_is_int8_between_ends_of_other_types(first: object, last: object) -> None:
    network = compile_network(with_ends(first, last))
    assert [layer.operator for layer in network.layers] == ["TANH"]
    assert network.ends.input.outside.dtype == np.dtype(first).name.upper()
    assert network.ends.output.outside.dtype == np.dtype(last).name.upper()
