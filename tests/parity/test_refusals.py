"""What cannot be compiled is named, with its layer; a damaged file too."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import flatbuffers
import numpy as np
import pytest
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from pipeline import compiler
from pipeline.compiler import compile_network
from tests.parity.graphs import GraphBuilder, options, refusal, small_network


def one_operator(name: str, table=None, shape=(1, 6), extra=(), **output) -> bytes:
    graph = GraphBuilder()
    source = graph.activation("input", shape, 0.1, 0)
    fields = {"shape": shape, "scale": 0.1, "zero_point": 0, **output}
    target = graph.activation("net/my_layer/x", **fields)
    inputs = [source, *(graph.constant(f"c{i}", values) for i, values in enumerate(extra))]
    graph.operator(name, inputs, target, table)
    return graph.finish(source, target)


@pytest.mark.parametrize("name", ["GATHER", "ARG_MAX", "CUSTOM"])
def test_an_unsupported_operator_is_named_with_its_layer(name: str) -> None:
    error = refusal(one_operator(name))
    assert name in error.what
    assert "`my_layer`" in error.what
    assert "CONV_2D" in error.why


@pytest.mark.parametrize(
    ("flatbuffer", "words"),
    [
        (one_operator("TANH", scale=0.5), ("TANH", "my_layer", "1/128")),
        (one_operator("LOGISTIC"), ("LOGISTIC", "my_layer", "1/256")),
        (
            one_operator("SOFTMAX", options("SoftmaxOptions", beta=1.0)),
            ("SOFTMAX", "my_layer", "1/256"),
        ),
        (
            one_operator("SOFTMAX", options("SoftmaxOptions"), scale=1 / 256, zero_point=-128),
            ("SOFTMAX", "my_layer", "beta"),
        ),
        (one_operator("RELU", dtype=np.float32), ("FLOAT32", "output")),
        (one_operator("RELU", shape=(2, 6)), ("batch", "[2, 6]")),
        (one_operator("RELU", scale=float("nan")), ("RELU", "my_layer", "quantization")),
        (one_operator("RELU", scale=1e-40), ("RELU", "my_layer", "quantization")),
        (one_operator("RELU", scale=-1.0), ("RELU", "my_layer", "quantization")),
        (one_operator("RELU", zero_point=300), ("RELU", "my_layer", "quantization")),
        (one_operator("RELU", scale=1e-20), ("RELU", "my_layer", "scale")),
        (
            one_operator("MEAN", None, (1, 3, 4), [np.array([0, 7], np.int32)]),
            ("MEAN", "my_layer", "[0, 7]"),
        ),
        (
            one_operator("PAD", None, (1, 3), [np.array([[0, 0], [1, 1]], np.int32)]),
            ("PAD", "my_layer", "[1, 3]"),
        ),
    ],
)
def test_what_is_wrong_is_said(flatbuffer: bytes, words: tuple[str, ...]) -> None:
    error = refusal(flatbuffer)
    for word in words:
        assert word in error.what


def convolution(weights: np.ndarray, weight_scales=(1.0,), bias=0, **fields) -> bytes:
    graph = GraphBuilder()
    source = graph.activation("input", (1, 1, 8, 2), 1.0, 0)
    target = graph.activation("net/conv/x", (1, 1, 8, len(weights)), 1.0, 0)
    biases = graph.constant("b", np.full(len(weights), bias, np.int32), [1.0])
    inputs = [source, graph.constant("w", weights, weight_scales), biases]
    table = options("Conv2DOptions", **{"strideH": 1, "strideW": 1, **fields})
    graph.operator("CONV_2D", inputs, target, table)
    return graph.finish(source, target)


WEIGHTS = np.ones((3, 1, 3, 2), np.int8)


@pytest.mark.parametrize(
    ("flatbuffer", "word"),
    [
        (convolution(WEIGHTS.astype(np.float32)), "FLOAT32"),
        (convolution(WEIGHTS, (1.0, 2.0)), "per filter"),
        (convolution(WEIGHTS, bias=2**31 - 1), "overflow"),
        (convolution(WEIGHTS, (1e9,)), "overflow"),
        (convolution(WEIGHTS, strideW=0), "stride"),
        (convolution(WEIGHTS, strideW=2), "output shape"),
        (convolution(WEIGHTS, dilationWFactor=-1), "dilation"),
        (convolution(WEIGHTS, fusedActivationFunction=4), "TANH"),
        (convolution(WEIGHTS, padding=7), "padding"),
        (convolution(np.ones((3, 1, 3, 7), np.int8)), "divide"),
    ],
)
def test_a_convolution_that_cannot_be_is_refused(flatbuffer: bytes, word: str) -> None:
    error = refusal(flatbuffer)
    assert "CONV_2D in layer `conv`" in error.what
    assert word in error.what


@pytest.mark.parametrize("name", ["CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "MEAN"])
def test_a_tensor_without_axes_is_refused(name: str) -> None:
    tables = {
        "CONV_2D": options("Conv2DOptions", strideH=1, strideW=1),
        "DEPTHWISE_CONV_2D": options("DepthwiseConv2DOptions", strideH=1, strideW=1),
        "FULLY_CONNECTED": options("FullyConnectedOptions"),
    }
    graph = GraphBuilder()
    source = graph.activation("input", (1, 1, 1, 1), 0.1, 0)
    target = graph.activation("net/my_layer/x", (), 0.1, 0)
    output = graph.activation("output", (1, 1), 0.1, 0)
    weights = graph.constant("w", np.ones((1, 1, 1, 1), np.int8), [0.1])
    graph.operator(name, [source, weights], target, tables.get(name))
    graph.operator("RELU", [target], output)
    assert f"{name} in layer `my_layer`" in refusal(graph.finish(source, output)).what


def test_a_dense_layer_whose_output_ends_otherwise_is_refused() -> None:
    """TensorFlow Lite Micro takes the last axis for the number of outputs."""
    graph = GraphBuilder()
    source = graph.activation("input", (1, 6), 0.1, 0)
    output = graph.activation("net/dense/x", (1, 3, 1), 0.1, 0)
    weights = graph.constant("w", np.ones((3, 6), np.int8), [0.1])
    table = options("FullyConnectedOptions")
    graph.operator("FULLY_CONNECTED", [source, weights], output, table)
    assert "FULLY_CONNECTED in layer `dense`" in refusal(graph.finish(source, output)).what


def test_weights_that_lack_zero_points_are_refused() -> None:
    graph = GraphBuilder()
    source = graph.activation("input", (1, 6), 0.1, 0)
    output = graph.activation("net/dense/x", (1, 3), 0.1, 0)
    weights = graph.constant("w", np.ones((3, 6), np.int8), [0.1], zero_points=[])
    table = options("FullyConnectedOptions")
    graph.operator("FULLY_CONNECTED", [source, weights], output, table)
    assert "not quantized symmetrically" in refusal(graph.finish(source, output)).what


@pytest.mark.parametrize(("name", "extra"), [("RELU", 1), ("RESHAPE", 2), ("MEAN", 0), ("PAD", 2)])
def test_too_many_or_too_few_inputs_are_refused(name: str, extra: int) -> None:
    flatbuffer = one_operator(name, extra=[np.array([1], np.int32)] * extra)
    assert f"it has {1 + extra} inputs and 1 outputs" in refusal(flatbuffer).what


def test_a_shape_that_is_no_constant_of_integers_is_refused() -> None:
    error = refusal(one_operator("RESHAPE", extra=[np.array([1, 6], np.float32)]))
    assert "RESHAPE in layer `my_layer`" in error.what
    assert "FLOAT32" in error.what


@pytest.mark.parametrize(
    ("scale", "zero_point"), [(0.0, 0), (float("nan"), 0), (-1.0, 0), (0.1, 300)]
)
def test_a_constant_to_add_is_looked_at_too(scale: float, zero_point: int) -> None:
    graph = GraphBuilder()
    source = graph.activation("input", (1, 6), 0.1, 0)
    output = graph.activation("net/my_layer/x", (1, 6), 0.1, 0)
    ones = np.ones((1, 6), np.int8)
    constant = graph.constant("c", ones, [scale], zero_points=[zero_point])
    graph.operator("ADD", [source, constant], output, options("AddOptions"))
    assert "quantization of tensor 'c'" in refusal(graph.finish(source, output)).what


def test_a_sum_that_is_larger_than_both_inputs_is_refused() -> None:
    graph = GraphBuilder()
    source = graph.activation("input", (1, 6), 0.1, 0)
    output = graph.activation("net/my_layer/x", (2, 6), 0.1, 0)
    last = graph.activation("output", (1, 12), 0.1, 0)
    graph.operator("ADD", [source, source], output, options("AddOptions"))
    shape = graph.constant("s", np.array([1, 12], np.int32))
    graph.operator("RESHAPE", [output, shape], last)
    assert "larger than its inputs" in refusal(graph.finish(source, last)).what


def test_an_output_that_nothing_computes_is_refused() -> None:
    graph = GraphBuilder()
    source = graph.activation("input", (1, 6), 0.1, 0)
    constant = graph.constant("c", np.ones((1, 6), np.int8), [0.1])
    shape = graph.constant("s", np.array([1, 6], np.int32))
    output = graph.activation("net/my_layer/x", (1, 6), 0.1, 0)
    graph.operator("RESHAPE", [constant, shape], output)
    assert "does not depend on its input" in refusal(graph.finish(source, output)).what
    assert "its output is its input" in refusal(graph.finish(source, source)).what


def test_an_output_that_does_not_depend_on_the_input_is_refused() -> None:
    graph = GraphBuilder()
    source = graph.activation("input", (1, 6), 0.1, 0)
    constant = graph.constant("c", np.ones((1, 6), np.int8), [0.1])
    output = graph.activation("output", (1, 6), 0.1, 0)
    graph.operator("ADD", [constant, constant], output, options("AddOptions"))
    assert "does not depend on its input" in refusal(graph.finish(source, output)).what


def test_a_type_that_does_not_exist_is_refused() -> None:
    graph = GraphBuilder()
    source, target = (graph.activation(name, (1, 6), 0.1, 0) for name in ("input", "output"))
    graph.operator("RELU", [source], target)
    graph.graph.tensors[graph.activation("unused", (1, 6))].type = 99
    assert "'unused' has the type of number 99" in refusal(graph.finish(source, target)).what


def test_weights_beyond_any_flash_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiler, "MAX_WEIGHT_BYTES", 2**20)
    graph = GraphBuilder()
    source = last = graph.activation("input", (1, 900), 0.1, 0)
    weights = graph.constant("w", np.ones((900, 900), np.int8), [0.01])
    for number in range(2):
        target = graph.activation(f"net/dense{number}/x", (1, 900), 1.0, 0)
        inputs = [last, weights, -1]
        last = graph.operator("FULLY_CONNECTED", inputs, target, options("FullyConnectedOptions"))
    assert "FULLY_CONNECTED in layer `dense1`" in refusal(graph.finish(source, last)).what


def test_only_a_shape_that_is_dynamic_itself_is_refused() -> None:
    """TensorFlow Lite Micro does not read the signature, where the converter writes -1."""
    graph = GraphBuilder()
    source, target = (graph.activation(name, (1, 6), 1 / 128, 0) for name in ("input", "output"))
    graph.operator("TANH", [source], target)
    graph.graph.tensors[source].shapeSignature = [-1, 6]
    assert compile_network(graph.finish(source, target)).input_shape == (1, 6)
    graph.graph.tensors[source].shape = [-1, 6]
    assert "[-1, 6] is not fixed" in refusal(graph.finish(source, target)).what


def test_an_input_whose_size_is_free_is_refused_but_for_its_batch() -> None:
    graph = GraphBuilder()
    source, target = (graph.activation(name, (1, 1, 6), 1 / 128, 0) for name in ("in", "out"))
    graph.operator("TANH", [source], target)
    graph.graph.tensors[source].shapeSignature = [-1, -1, 6]
    error = refusal(graph.finish(source, target))
    assert "tensor 'in': its size is free, [-1, -1, 6]" in error.what
    assert "keras.Input" in error.next_step


@pytest.mark.parametrize(
    ("inputs", "outputs", "words"),
    [
        (["a", "b"], ["sum", "b"], "its output is its input"),
        (["a", "b"], ["sum", "sum"], "two of its outputs are the same tensor"),
        (["a", "b", "b"], ["sum"], "two of its inputs are the same tensor"),
        (["a"], ["sum"], "runs before its input"),
    ],
)
def test_ends_that_are_not_distinct_are_refused(inputs, outputs, words: str) -> None:
    graph = GraphBuilder()
    ends = {name: graph.activation(name, (1, 6), 0.1, 0) for name in ("a", "b", "sum")}
    graph.operator("ADD", [ends["a"], ends["b"]], ends["sum"], options("AddOptions"))
    source, *more_inputs = [ends[name] for name in inputs]
    output, *more_outputs = [ends[name] for name in outputs]
    error = refusal(graph.finish(source, output, more_inputs, more_outputs))
    assert words in error.what


def damaged(change: Callable[[schema.ModelT, schema.SubGraphT], object]) -> bytes:
    """small_network with a change: its tensors are 0 input, 1 weights and 2 bias of `conv`, 3 its
    output, 4 that of `pool`, 5 that of `flatten`, 6 a shape, 7 weights of `dense`, 8 its output,
    9 softmax."""
    model = schema.ModelT.InitFromPackedBuf(small_network())
    change(model, model.subgraphs[0])
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def put(target: object, **fields: object) -> None:
    for name, value in fields.items():
        assert hasattr(target, name), name
        setattr(target, name, value)


DAMAGE = {
    "schema version": lambda m, _: put(m, version=4),
    "2 subgraphs": lambda m, g: put(m, subgraphs=[g, g]),
    "too large": lambda _, g: put(g.tensors[3], shape=[1, 2048, 2048, 4]),
    "not sensible": lambda _, g: put(g.tensors[3], shape=[1, 1, -8, 4]),
    "a buffer that is not there": lambda _, g: put(g.tensors[3], buffer=99),
    "16 bytes, which its shape does not fit": lambda _, g: put(g.tensors[1], shape=[4, 1, 2, 3]),
    "an operator has no name": lambda _, g: put(g.operators[0], opcodeIndex=9),
    "CONV_2D has no output": lambda _, g: put(g.operators[0], outputs=[]),
    "2 outputs": lambda _, g: put(g.operators[0], outputs=[3, 4]),
    "a tensor that is not there": lambda _, g: put(g.operators[0], inputs=[99, 1, 2]),
    "CONV_2D in layer 'conv' has no options": lambda _, g: put(
        g.operators[0], builtinOptions=None, builtinOptionsType=0
    ),
    "its output is not quantized": lambda _, g: put(g.tensors[9], quantization=None),
    "tensor 'net/pool/MaxPool' is not quantized": lambda _, g: put(g.tensors[4], quantization=None),
    "nothing computes its output": lambda _, g: put(g, operators=g.operators[:-1]),
    "runs before its input": lambda _, g: put(g, operators=g.operators[::-1]),
    "overwrites a tensor": lambda _, g: put(g, operators=[*g.operators, g.operators[-1]]),
    "works on INT16": lambda _, g: put(g.tensors[3], type=schema.TensorType.INT16),
    "changes the number of elements": lambda _, g: put(g.tensors[5], shape=[1, 15]),
    "lists 3000 items": lambda _, g: put(g, tensors=g.tensors * 300),
    "its input 1 is missing": lambda _, g: put(g.operators[3], inputs=[5, -1]),
    "along axis 1": lambda _, g: put(g.tensors[1].quantization, quantizedDimension=1),
    "scales of its weights": lambda _, g: put(g.tensors[7].quantization, scale=[float("inf")]),
    "its weights have shape [16]": lambda _, g: put(g.tensors[1], shape=[16]),
    "4 filters give 5 channels": lambda _, g: put(g.tensors[3], shape=[1, 1, 8, 5]),
    "its bias is INT32 [2]": lambda _, g: put(g.operators[0], inputs=[0, 1, 6]),
    "quantized differently": lambda _, g: put(g.tensors[4].quantization, scale=[0.75]),
    "not a plain matrix": lambda _, g: put(g.operators[3].builtinOptions, weightsFormat=1),
}


@pytest.mark.parametrize("words", DAMAGE)
def test_damage_is_named(words: str) -> None:
    assert words in refusal(damaged(DAMAGE[words])).what


def test_a_fused_pool_keeps_its_channels() -> None:
    def fifth_channel(_: schema.ModelT, graph: schema.SubGraphT) -> None:
        put(graph.tensors[4], shape=[1, 1, 4, 5])
        put(graph.tensors[5], shape=[1, 20])
        put(graph.tensors[9], shape=[1, 20])
        put(graph.operators[4], inputs=[5])
        del graph.operators[3]

    error = refusal(damaged(fifth_channel))
    assert "MAX_POOL_2D in layer `pool`: it changes the number of channels" in error.what


def test_every_truncation_of_a_small_model_is_refused() -> None:
    whole = small_network()
    compile_network(whole)
    for length in range(len(whole)):
        assert "sound .tflite" in refusal(whole[:length]).what, length


def test_every_truncation_of_a_converted_model_is_refused(keras_models: Path) -> None:
    whole = (keras_models / "gesture.tflite").read_bytes()
    for length in (*range(0, len(whole), 97), *range(len(whole) - 64, len(whole))):
        assert "sound .tflite" in refusal(whole[:length]).what, length


@pytest.mark.parametrize("data", [b"", b"TFL3", b"\0" * 4096, b"\xff" * 4096, b"PK\3\4" * 99])
def test_other_files_are_refused(data: bytes) -> None:
    assert "not a sound .tflite file" in refusal(data).what
