"""What a network takes: buffers share memory and never overlap, and the estimates of costs hold."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from pipeline.compiler import compile_network
from pipeline.compiler.cost import kernel_costs
from pipeline.compiler.fuse import fuse
from pipeline.compiler.graph import Tensor, without_views
from pipeline.compiler.layers import Layer, Program
from pipeline.compiler.lower import lower
from pipeline.compiler.memory_plan import Buffer, MemoryPlan, plan
from pipeline.compiler.reader import read_graph
from pipeline.core.errors import PipelineError
from pipeline.deployment.firmware_image import flash_tolerance, linked_network
from tests.parity.graphs import GraphBuilder, options
from tests.parity.host_engine import HostEngine, assert_parity, vectors_for
from tests.parity.random_graphs import random_network
from tests.parity.target_engine import HARNESS, build, kernel_names, our_sources, run


@pytest.mark.parametrize("seed", range(60))
def test_no_two_live_buffers_overlap(seed: int) -> None:
    graph = without_views(read_graph(random_network(seed)))
    layers = tuple(lower(step) for step in fuse(graph, compact=False))
    planned = plan(Program(graph.inputs, graph.outputs, layers))
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
        scratch = [one for one in planned.scratch if one.storage == index]
        assert sum(one.bytes for one in scratch) == 4 * layer.scratch_words
        spans = sorted([*spans, *((one.offset, one.offset + one.bytes) for one in scratch)])
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


def activation(storage: int, elements: int) -> Tensor:
    return Tensor(storage, "", (1, elements), "INT8", (1.0,), (0,), 0, None, storage)


def planned(
    *layers: tuple[int, int], elements: tuple[int, ...], in_place: int = -1, scratch: int = 0
) -> MemoryPlan:
    """layers: the storage that each reads and writes; the network's own are the first and last.
    scratch: words of layer 1; each layer needs as much more than the one before it."""
    tensors = {storage: activation(storage, size) for storage, size in enumerate(elements)}
    made = tuple(
        Layer(
            name=str(number),
            operators=(),
            kernel="",
            arguments=(),
            inputs=(tensors[source],),
            output=tensors[output],
            in_place=number == in_place,
            scratch_words=scratch * number,
            state_words=100 + number,
        )
        for number, (source, output) in enumerate(layers)
    )
    return plan(Program((tensors[0],), (tensors[len(elements) - 1],), made))


def test_buffers_live_together_where_a_time_is_in_both_lives() -> None:
    buffer = Buffer(0, 4, 2, 5)
    for first, last, together in ((0, 1, False), (0, 2, True), (3, 4, True), (5, 9, True)):
        other = Buffer(1, 4, first, last)
        assert buffer.lives_with(other) == other.lives_with(buffer) == together
    assert not buffer.lives_with(Buffer(1, 4, 6, 9))


def test_a_buffer_lives_from_its_layer_to_its_last_reader() -> None:
    result = planned((0, 1), (1, 2), (1, 3), (3, 4), elements=(8, 9, 8, 5, 8))
    assert result.buffers == (
        Buffer(1, 12, 0, 5, offset=0),  # read by layer 2; whole words
        Buffer(2, 8, 2, 3, offset=12),  # nobody reads it
        Buffer(3, 8, 4, 7, offset=12),
    )
    assert (result.offset(1), result.offset(3), result.buffer_bytes) == (0, 12, 20)


def test_what_is_written_in_place_takes_the_place_of_what_is_read() -> None:
    chain = ((0, 1), (1, 2), (2, 3))
    for in_place, size in ((-1, 16), (1, 8)):
        result = planned(*chain, elements=(8, 8, 8, 8), in_place=in_place)
        assert result.buffer_bytes == size


def test_the_largest_buffer_is_placed_first_and_a_smaller_one_into_a_hole() -> None:
    result = planned((0, 1), (1, 2), (2, 3), (3, 4), (4, 5), elements=(1, 8, 40, 20, 12, 1))
    assert [result.offset(storage) for storage in (2, 3, 4, 1)] == [0, 40, 0, 40]
    assert result.buffer_bytes == 60


def test_scratch_lies_where_nothing_lives_and_state_is_kept() -> None:
    result = planned((0, 1), (1, 2), (2, 3), elements=(4, 80, 8, 4), scratch=10)
    assert [(one.storage, one.bytes, one.offset) for one in result.scratch] == [
        (1, 40, 88),  # beside both activations of its layer
        (2, 80, 0),  # where the first one was
    ]
    assert (result.buffer_bytes, result.state_words) == (128, 100 + 101 + 102)
    assert result.arena_bytes == 128 + 4 * 303


def test_columns_live_until_their_last_round() -> None:
    """A layer of the loop does not overwrite what the next round of the loop reads."""
    source, columns, inner, output = (activation(*one) for one in ((0, 4), (1, 8), (2, 4), (3, 4)))
    layers = [
        Layer(str(number), (), "", (), (read,), written, scratch_words=1)
        for number, (read, written) in enumerate(
            [(source, columns), (columns, inner), (inner, output)]
        )
    ]
    program = Program(
        (source,), (output,), (), tuple(layers[1:]), 2, tuple(layers[:1]), columns=columns
    )
    result = plan(program)
    assert result.buffers[0] == Buffer(1, 8, 0, 5, offset=0)
    assert min(one.offset for one in result.scratch) >= 8


NETWORKS = (
    "gesture",
    "wand",
    "separable",
    "dense",
    "strides_and_dilations",
    "residual",
    "residual_16x8",
)
INSTRUCTIONS_OFF = 0.25  # share; docs/engine.md


@pytest.mark.usefixtures("qemu")
@pytest.mark.parametrize("name", NETWORKS)
def test_the_estimate_holds(name: str, keras_models: Path, tmp_path: Path) -> None:
    flatbuffer = (keras_models / f"{name}.tflite").read_bytes()
    network = compile_network(flatbuffer)
    image = build(tmp_path, "network", our_sources(flatbuffer, tmp_path), ("-O2",))
    empty = build(tmp_path, "empty", [HARNESS / "empty.c"], ("-O2",))
    vectors = vectors_for(network, 4)
    ran, bare = run(tmp_path, image, vectors), run(tmp_path, empty, vectors)
    linked = linked_network(image.elf)
    assert linked.ram_bytes == network.arena_bytes
    assert abs(linked.flash_bytes - network.cost.flash_bytes) <= flash_tolerance(network.cost)
    assert 0 <= network.cost.stack_bytes - (ran.stack - bare.stack) < 200
    assert network.cost.instructions == pytest.approx(ran.instructions, rel=INSTRUCTIONS_OFF)


def test_every_kernel_has_been_measured() -> None:
    assert set(kernel_names()) == {name.split()[0] for name in kernel_costs()}


def test_an_image_without_symbols_is_reported(tmp_path: Path) -> None:
    for content in (b"", b"\x7fELF" + bytes(100)):
        (tmp_path / "x.elf").write_bytes(content)
        with pytest.raises(PipelineError, match="no symbol table"):
            linked_network(tmp_path / "x.elf")
