"""Networks with activations of int16 and weights of int8: the compiled C gives the bytes of
TensorFlow Lite Micro."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import flatbuffers
import numpy as np
import pytest
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from pipeline.compiler import compile_network
from pipeline.conversion.space_to_batch import with_sound_batches
from pipeline.core.errors import PipelineError
from pipeline.workflows.compile import Engine, Request, compile_model
from tests.parity.graphs import GraphBuilder, options, refusal
from tests.parity.host_engine import vectors_for
from tests.parity.hostile import hostile_files
from tests.parity.many_networks import run_on_board, run_on_host
from tests.parity.oracle import oracle
from tests.parity.random_int16 import STEP, random_int16
from tests.parity.target_engine import AS_BUILT

SEEDS, ON_BOARD = (*range(10), 17, 31, 51, 57, 64), (0, 8, 17, 31, 51, 57, 64)  # all kernels
MANY = pytest.param(range(120), marks=pytest.mark.soak, id="many")
ALL_VALUES = np.arange(-32768, 32768, dtype=np.int16)
KERNELS = (
    *("conv2d_int16", "conv2d_int16_compact", "conv2d_int16_inside", "depthwise_int16"),
    *("conv2d_int16_inside_compact", "transpose_conv2d_int16", "max_pool2d_int16"),
    *("average_pool2d_int16", "mean_int16", "add_int16", "sub_int16", "mul_int16", "prelu_int16"),
    *("maximum_int16", "minimum_int16", "leaky_relu_int16", "abs_int16", "logistic_int16"),
    *("tanh_int16", "softmax_int16"),
)


def assert_equal_bytes(seeds: Sequence[int], run, count: int) -> None:
    """Every other network in the compact variant."""
    flatbuffers = [random_int16(seed) for seed in seeds]
    networks = [compile_network(data, bool(i % 2)) for i, data in enumerate(flatbuffers)]
    inputs = [vectors_for(network, count) for network in networks]
    for number, found in enumerate(run(networks, inputs)):
        expected = oracle(flatbuffers[number], inputs[number])
        np.testing.assert_array_equal(found, expected, str(seeds[number]))


@pytest.mark.usefixtures("host_compiler")
@pytest.mark.parametrize("seeds", [pytest.param(SEEDS, id="some"), MANY])
def test_networks_in_int16_give_the_oracles_bytes(seeds: Sequence[int], tmp_path: Path) -> None:
    assert_equal_bytes(seeds, lambda *n: run_on_host(*n, tmp_path, ("-O1",)), 12)


@pytest.mark.usefixtures("qemu")
@pytest.mark.parametrize("seeds", [pytest.param(ON_BOARD, id="some"), MANY])
def test_networks_in_int16_give_the_same_bytes_on_the_board(
    seeds: Sequence[int], tmp_path: Path
) -> None:
    assert_equal_bytes(seeds, lambda *n: run_on_board(*n, tmp_path, AS_BUILT), 6)


def of_all_values(name: str, scale: float, table=None) -> bytes:
    """A function of each value of int16; of two, with all values in another order."""
    graph, random = GraphBuilder(), np.random.default_rng(3)
    source = graph.activation("input", (1, len(ALL_VALUES)), scale, 0, np.int16)
    step = STEP if name in ("LOGISTIC", "TANH") else float(np.float32(1.31 * scale))
    output = graph.activation("net/layer/x", (1, len(ALL_VALUES)), step, 0, np.int16)
    inputs = [source]
    if name in ("SUB", "ADD"):
        others = random.permutation(ALL_VALUES)[np.newaxis]
        inputs.append(graph.constant("c", others, [0.4 * scale], zero_points=[0]))
    graph.operator(name, inputs, output, table)
    return graph.finish(source, output)


@pytest.mark.usefixtures("host_compiler")
def test_each_value_of_int16_gives_the_oracles(tmp_path: Path) -> None:
    slope = options("LeakyReluOptions", alpha=-0.3)
    flatbuffers = [of_all_values(name, 0.0043) for name in ("RELU", "ABS", "LOGISTIC", "TANH")]
    flatbuffers += [of_all_values("TANH", 2.0**-12), of_all_values("LEAKY_RELU", 0.0043, slope)]
    flatbuffers += [of_all_values("SUB", 0.0043, options("SubOptions"))]
    flatbuffers += [of_all_values("ADD", 0.0043, options("AddOptions"))]
    inputs = [ALL_VALUES[np.newaxis]] * len(flatbuffers)
    networks = [compile_network(data) for data in flatbuffers]
    outputs = run_on_host(networks, inputs, tmp_path, ("-O1",))
    for data, found in zip(flatbuffers, outputs, strict=True):
        np.testing.assert_array_equal(found, oracle(data, inputs[0]))


def test_the_random_networks_reach_every_kernel() -> None:
    texts = [
        compile_network(random_int16(seed), compact).sources["model_network.c"]
        for seed in SEEDS
        for compact in (False, True)
    ]
    for kernel in KERNELS:
        assert any(f"  nn_{kernel}(" in text for text in texts), kernel


@pytest.mark.usefixtures("host_compiler")
@pytest.mark.parametrize(
    ("name", "engine", "ends"),
    [("mixed_16x8", "fast", "float"), ("residual_16x8", "compact", "int16_t")],
)
def test_what_tensorflow_converts_is_proven(
    name: str, engine: Engine, ends: str, keras_models: Path, tmp_path: Path
) -> None:
    request = Request(keras_models / f"{name}.tflite", tmp_path / "out", engine=engine, count=24)
    result = compile_model(request, lambda _: None)
    assert all(proof.compared == 24 for proof in result.proofs)
    assert not result.notes
    header = (tmp_path / "out" / "src" / f"model_{name}.h").read_text()
    assert f"typedef {ends} model_{name}_input_t;" in header
    assert f"typedef {ends} model_{name}_output_t;" in header


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("gesture_float16", "its weights are float16, and it computes in float32"),
        ("dense_dynamic", "only its weights are int8"),
    ],
)
def test_a_model_of_floats_is_told_one_reason(name: str, words: str, keras_models: Path) -> None:
    error = refusal((keras_models / f"{name}.tflite").read_bytes())
    assert words in error.what
    assert error.what.count("\n") == 0
    assert error.next_step.count("TFLITE_BUILTINS_INT8") == 1


def with_one(name: str, table=None, scale=0.1, zero_point=0, inputs=()) -> bytes:
    """An operator on int16; inputs: its constants."""
    graph = GraphBuilder()
    source = graph.activation("input", (1, 4, 4, 4), scale, zero_point, np.int16)
    constants = [graph.constant(f"c{number}", *one) for number, one in enumerate(inputs)]
    output = graph.activation("net/layer/x", (1, 4, 4, 4), 0.1, 0, np.int16)
    graph.operator(name, [source, *constants], output, table)
    return graph.finish(source, output)


def depthwise(bias_type: type, weight: int = 1, bias: int = 0) -> bytes:
    table = options("DepthwiseConv2DOptions", strideH=1, strideW=1, depthMultiplier=1)
    weights = (np.full((1, 1, 1, 4), weight, np.int8), [0.1], 3)
    return with_one(
        "DEPTHWISE_CONV_2D", table, inputs=[weights, (np.full(4, bias, bias_type), [0.01])]
    )


@pytest.mark.parametrize(
    ("data", "what", "change"),
    [
        (with_one("HARD_SWISH"), "TensorFlow Lite Micro does not have it in INT16", "`relu`"),
        (with_one("GREATER", inputs=[]), "it has 1 inputs", ""),
        (with_one("DEPTH_TO_SPACE", options("DepthToSpaceOptions", blockSize=1)), "INT16", "INT8"),
        (with_one("RELU", zero_point=3), "is INT16 with a zero point, not 0", ""),
        (depthwise(np.int32), "its bias is INT32, where TensorFlow", "_bias_type"),
        (depthwise(np.int64, bias=2**50), "larger than 48 bits", ""),
        (with_one("SOFTMAX", options("SoftmaxOptions", beta=1.0)), "not quantized to 1/32768", ""),
    ],
)
def test_what_int16_cannot_be_is_refused_once(data: bytes, what: str, change: str) -> None:
    error = refusal(data)
    assert what in error.what
    assert "\n" not in error.what
    assert "layer `layer`" in error.what
    assert change in error.next_step


def test_a_network_of_int16_does_not_stream() -> None:
    network = compile_network(random_int16(0), hop=1)
    assert "works on int16" in (network.obstacle or "")


def test_ram_counts_two_bytes_for_a_value() -> None:
    graph = GraphBuilder()
    source = last = graph.activation("input", (1, 100), 0.1, 0, np.int16)
    for number in range(3):
        output = graph.activation(f"net/relu{number}/x", (1, 100), 0.1, 0, np.int16)
        last = graph.operator("RELU", [last], output)
    cost = compile_network(graph.finish(source, last)).cost
    assert (cost.arena_bytes, cost.ram_bytes) == (2 * 200, 2 * 200 + 2 * 200)


def with_ranges(flatbuffer: bytes) -> bytes:
    """With the smallest and the largest value of each tensor, which converters write and nothing
    reads."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(flatbuffer, 0))
    for tensor in model.subgraphs[0].tensors:
        if tensor.quantization is not None:
            tensor.quantization.min, tensor.quantization.max = [-1.0], [1.0]
    builder = flatbuffers.Builder(len(flatbuffer))
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def test_no_damaged_file_brings_the_compiler_down() -> None:
    files = [with_ranges(random_int16(seed)) for seed in range(6)]
    for hostile in hostile_files(files, 600, seed=4):
        try:
            compile_network(hostile.data)
            assert with_sound_batches(hostile.data) == hostile.data
        except PipelineError:
            continue
