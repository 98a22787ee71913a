"""Buffers that are needed at the same time never overlap, and memory is shared where it can be."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from pipeline.compiler import compile_network
from pipeline.compiler.fuse import fuse
from pipeline.compiler.graph import without_views
from pipeline.compiler.layers import Program
from pipeline.compiler.lower import lower
from pipeline.compiler.plan import plan
from pipeline.compiler.reader import read_graph
from tests.parity.graphs import GraphBuilder, options
from tests.parity.host_engine import HostEngine, assert_parity
from tests.parity.random_graphs import random_network


@pytest.mark.parametrize("seed", range(60))
def test_no_two_live_buffers_overlap(seed: int) -> None:
    graph = without_views(read_graph(random_network(seed)))
    layers = tuple(lower(step) for step in fuse(graph, compact=False))
    planned = plan(Program(graph.input, graph.output, layers))
    for index, layer in enumerate(layers):
        # Independently of the plan's own lifetimes: what this and later layers still read.
        later = {
            tensor.storage: tensor
            for reader in layers[index:]
            for tensor in reader.inputs
            if hasattr(tensor, "storage")
        }
        written = {earlier.output.storage for earlier in layers[:index]}
        live = {storage for storage in later if storage in written}
        live.add(layer.output.storage)
        live -= {graph.input.storage, graph.output.storage}
        spans = sorted(
            (buffer.offset, buffer.offset + buffer.bytes)
            for buffer in planned.buffers
            if buffer.storage in live
        )
        assert len(spans) == len(live)
        assert all(end <= start for (_, end), (start, _) in pairwise(spans))
        assert all(start >= 0 and end <= planned.buffer_bytes for start, end in spans)


def test_a_chain_needs_room_for_two_neighbours_only(engine: HostEngine) -> None:
    graph = GraphBuilder()
    source = last = graph.activation("input", (1, 1000), 0.1, 0)
    for number in range(6):
        scale = 0.1 + number / 100
        last = graph.operator("QUANTIZE", [last], graph.activation(f"q{number}", (1, 1000), scale))
    flatbuffer = graph.finish(source, last)
    assert compile_network(flatbuffer).arena_bytes == 2000
    assert_parity(engine, flatbuffer)


def test_a_branch_keeps_its_buffer_until_it_is_read(engine: HostEngine) -> None:
    graph = GraphBuilder()
    source = graph.activation("input", (1, 100), 0.1, 0)
    branch = graph.operator("QUANTIZE", [source], graph.activation("branch", (1, 100), 0.2))
    last = branch
    for number in range(3):
        target = graph.activation(f"q{number}", (1, 100), 0.3 + number / 10)
        last = graph.operator("QUANTIZE", [last], target)
    output = graph.activation("output", (1, 100), 0.5)
    graph.operator("ADD", [branch, last], output, options("AddOptions"))
    flatbuffer = graph.finish(source, output)
    assert compile_network(flatbuffer).arena_bytes == 300
    assert len(np.unique(assert_parity(engine, flatbuffer))) > 50
