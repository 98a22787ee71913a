"""Damaged and malicious files: a clear error, or C that is as right as TensorFlow Lite Micro.

`python -m benchmarks.engine_proof` does the same with thousands, and checks the time.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from flatbuffers import builder as flatbuffer_builder
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from pipeline.compiler import CompiledNetwork, compile_network
from pipeline.core.errors import PipelineError
from tests.parity.graphs import GraphBuilder, options, small_network
from tests.parity.host_engine import vectors_for
from tests.parity.hostile import BLIND, KNOWING, hostile_files
from tests.parity.many_networks import run_on_host
from tests.parity.oracle import Oracle
from tests.parity.random_graphs import random_network, random_sequence

FILES = 300
MANY = 2000
MEBI = 2**20


def compiled(data: bytes) -> CompiledNetwork | None:
    try:
        return compile_network(data)
    except PipelineError:
        return None


@pytest.mark.usefixtures("host_compiler")
def test_hostile_files_are_refused_or_compiled_rightly(tmp_path: Path) -> None:
    sound = [small_network(), *map(random_network, range(10)), *map(random_sequence, range(5))]
    networks, inputs, expected = [], [], []
    with Oracle() as oracle:
        for hostile in hostile_files(sound, FILES, seed=3):
            network = compiled(hostile.data)
            vectors = None if network is None else vectors_for(network, 8)
            answers = None if network is None else oracle.answers(hostile.data, vectors)
            if answers is not None:
                networks.append(network)
                inputs.append(vectors)
                expected.append(answers)
    assert 20 < len(networks) < FILES / 2
    outputs = run_on_host(networks, inputs, tmp_path, ("-O0",))
    for ours, theirs in zip(outputs, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_hostile_files_are_the_same_every_time_and_of_every_kind() -> None:
    first, again = (list(hostile_files([small_network()], 250, seed=3)) for _ in range(2))
    assert first == again
    assert {hostile.kind for hostile in first} == {*BLIND, *KNOWING}


# Files that are small for what they claim: reading them naively takes minutes, or all memory.


@pytest.fixture
def shared_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """What appears several times in a model is written once, and pointed at."""
    kinds = ("TensorT", "BufferT", "QuantizationParametersT", "SignatureDefT", "TensorMapT")
    for kind in kinds:
        monkeypatch.setattr(schema, kind, sharing(getattr(schema, kind)))


def sharing(kind: type) -> type:
    class Shared(kind):
        def Pack(self, builder: flatbuffer_builder.Builder) -> int:  # noqa: N802
            written = self.__dict__.setdefault("_written", {})
            if id(builder) not in written:
                written[id(builder)] = super().Pack(builder)
            return written[id(builder)]

    return Shared


def two_tensors() -> tuple[GraphBuilder, int, int]:
    graph = GraphBuilder()
    source = graph.activation("input", (1, 6), 0.1, 0)
    output = graph.activation("output", (1, 6), 0.1, 0)
    graph.operator("RELU", [source], output)
    return graph, source, output


def many_tensors_of_one_name() -> bytes:
    graph, source, output = two_tensors()
    graph.graph.tensors[0].name = "x" * 8 * MEBI
    graph.graph.tensors += [graph.graph.tensors[0]] * MANY
    return graph.finish(source, output)


def many_tensors_of_one_buffer() -> bytes:
    graph, source, output = two_tensors()
    graph.constant("c", np.zeros(MEBI, np.int32))
    graph.graph.tensors += [graph.graph.tensors[-1]] * MANY
    return graph.finish(source, output)


def many_buffers_of_the_same_bytes() -> bytes:
    graph, source, output = two_tensors()
    buffer = schema.BufferT()
    buffer.data = np.zeros(8 * MEBI, np.uint8)
    graph.model.buffers += [buffer] * MANY
    return graph.finish(source, output)


def many_tensors_of_many_scales() -> bytes:
    graph, source, output = two_tensors()
    tensor = graph.graph.tensors[graph.activation("c", (1, 6))]
    tensor.quantization.scale = [0.1] * MANY
    tensor.quantization.zeroPoint = [1000] * MANY
    graph.graph.tensors += [tensor] * MANY
    return graph.finish(source, output)


def many_signatures_of_many_names() -> bytes:
    graph, source, output = two_tensors()
    entry, signature = schema.TensorMapT(), schema.SignatureDefT()
    entry.name, signature.signatureKey = "y" * 1000, "z"
    signature.inputs = signature.outputs = [entry] * MANY
    graph.model.signatureDefs = [signature] * MANY
    return graph.finish(source, output)


def a_mean_over_a_million_axes() -> bytes:
    graph = GraphBuilder()
    source = graph.activation("input", (1, 6), 0.1, 0)
    axes = graph.constant("axes", np.full(MEBI, 1_000_000, np.int32))
    output = graph.operator("MEAN", [source, axes], graph.activation("output", (1, 6), 0.1, 0))
    return graph.finish(source, output)


def a_million_filters() -> bytes:
    graph = GraphBuilder()
    source = graph.activation("input", (1, 1), 0.1, 0)
    weights = graph.constant("w", np.ones((MEBI, 1), np.int8), [0.1])
    output = graph.activation("output", (1, MEBI), 0.1, 0)
    graph.operator("FULLY_CONNECTED", [source, weights], output, options("FullyConnectedOptions"))
    return graph.finish(source, output)


def a_quarter_million_groups() -> bytes:
    graph, channels = GraphBuilder(), MEBI // 4
    source = graph.activation("input", (1, 2, 2, channels), 0.1, 0)
    weights = graph.constant("w", np.ones((channels, 2, 2, 1), np.int8), [0.1])
    output = graph.activation("output", (1, 2, 2, channels), 1000, 0)
    table = options("Conv2DOptions", strideH=1, strideW=1)
    graph.operator("CONV_2D", [source, weights], output, table)
    return graph.finish(source, output)


def thousands_of_operators() -> bytes:
    graph = GraphBuilder()
    source = last = graph.activation("input", (1, 6), 0.001, 0)
    for _ in range(MANY):
        last = graph.operator("LOGISTIC", [last], graph.activation("x", (1, 6), 1 / 256, -128))
    return graph.finish(source, last)


@pytest.mark.usefixtures("shared_parts")
@pytest.mark.parametrize(
    "make",
    [
        many_tensors_of_many_scales,
        many_signatures_of_many_names,
        a_mean_over_a_million_axes,
        a_million_filters,
        a_quarter_million_groups,
        thousands_of_operators,
    ],
)
def test_endless_work_is_refused(make) -> None:
    data = make()
    assert len(data) < 8 * MEBI
    with pytest.raises(PipelineError) as caught:
        compile_network(data)
    assert len(caught.value.what) < 200


@pytest.mark.usefixtures("shared_parts")
@pytest.mark.parametrize(
    "make",
    [many_tensors_of_one_name, many_tensors_of_one_buffer, many_buffers_of_the_same_bytes],
)
def test_what_is_shared_is_not_copied(make) -> None:
    data = make()
    assert len(data) < 16 * MEBI
    assert compiled(data) is not None
