"""Models of other programs: their files, their ends, and what is said of those that cannot be
compiled."""

from __future__ import annotations

import io
import json
import zipfile
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from pipeline.compiler import compile_network
from pipeline.compiler.ends import Ends
from pipeline.compiler.interface import Interface
from pipeline.conversion.c_source import c_array
from pipeline.conversion.int8_inside import with_int8_ends
from pipeline.conversion.model_file import flatbuffer_in, read_bytes, require_quantizable
from pipeline.conversion.model_vectors import (
    InputKind,
    Values,
    arrays_of,
    fitting_vectors,
    make_vectors,
    stream_windows,
)
from pipeline.core.errors import ExitCode, PipelineError
from pipeline.workflows.compile import c_name
from pipeline.workflows.compile_notes import USUAL_CALIBRATION, few_inputs, other_name
from tests.parity.graphs import GraphBuilder, options, refusal, small_network, with_ends
from tests.parity.several_ends import several_ends

WHERE = Path("model.cc")
KIND = InputKind((1, 3, 2), np.dtype(np.int8), 0.5, -1)


@pytest.mark.parametrize("first", [np.int8, np.float32, np.uint8, np.int16])
@pytest.mark.parametrize("last", [np.int8, np.float32, np.uint8, np.int16, np.int32])
def test_the_network_is_int8_between_ends_of_other_types(first: object, last: object) -> None:
    network = compile_network(with_ends(first, last))
    assert [layer.operator for layer in network.layers] == ["TANH"]
    assert network.ends.inputs[0].outside.dtype == np.dtype(first).name.upper()
    assert network.ends.outputs[0].outside.dtype == np.dtype(last).name.upper()


def test_ends_that_are_int8_are_the_networks_own() -> None:
    network = compile_network(with_ends(np.int8, np.int8))
    assert not any(end.is_converted for end in (*network.ends.inputs, *network.ends.outputs))


def stripped_of(data: bytes) -> bytes:
    return with_int8_ends(data, *compile_network(data).ends.inside_by_outside())


@pytest.mark.parametrize("last", [np.int8, np.uint8])
def test_ends_are_stripped_to_the_int8_inside(last: object) -> None:
    data = with_ends(np.float32, last)
    ends, stripped = (compile_network(file).ends for file in (data, stripped_of(data)))
    assert [stripped.inputs[0].outside.dtype, stripped.outputs[0].outside.dtype] == ["INT8", "INT8"]
    assert stripped.inputs[0].outside.scale == ends.inputs[0].inside.scale


def test_several_ends_have_names_types_and_scales_of_their_own() -> None:
    data = several_ends()
    interface = Interface("net", compile_network(data).ends, 4, 4, keeps_state=False)
    header = interface.sources()["net.h"]
    wanted = (
        "#define NET_INPUT_LEFT_VALUES 24 /* float, 1x4x6 */",
        "#define NET_INPUT_RIGHT_SCALE 0.0199999996f",
        "#define NET_INPUT_RIGHT_ZERO_POINT (3)",
        "typedef uint8_t net_input_right_t;",
        "typedef float net_output_total_t;",
    )
    for line in wanted:
        assert line in header
    names = ["input_left", "input_right", "input_offset", "output_total"]
    assert [port.name for port in interface.ports][:4] == names
    stripped = Interface("net", compile_network(stripped_of(data)).ends, 4, 4, keeps_state=False)
    assert {port.end.outside.dtype for port in stripped.ports} == {"INT8"}


def test_ends_without_names_of_their_own_are_numbered() -> None:
    tensors = compile_network(several_ends()).ends.inputs
    ends = Ends(tuple(replace(end, name="input_x") for end in tensors), tensors[:1])
    ports = Interface("net", ends, 4, 4, keeps_state=False).ports
    assert [port.name for port in ports] == ["input_0", "input_1", "input_2", "output"]


def vectors_in(file: Path, kinds: dict[str, InputKind]) -> list[Values]:
    return fitting_vectors(file, arrays_of(file), kinds)


KINDS = {"left": InputKind((1, 2), np.dtype(np.int8), 0.5, -1), "right": KIND}


def test_vectors_of_several_inputs_go_by_name_or_in_order(tmp_path: Path) -> None:
    left, right = np.array([[1, 2]], np.int8), np.arange(6, dtype=np.int8).reshape(1, 3, 2)
    for arrays in ({"right": right, "left": left}, {"a": left, "b": right}):
        np.savez(tmp_path / "v.npz", **arrays)
        found = vectors_in(tmp_path / "v.npz", KINDS)
        assert [values.tolist() for values in found] == [[[1, 2]], [[0, 1, 2, 3, 4, 5]]]


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"left": np.zeros((1, 2))}, "takes 2 inputs, `left`, `right`, and the arrays are `left`"),
        ({"a": np.zeros((2, 2)), "b": np.zeros((1, 6))}, "not equally many"),
        ({"a": np.zeros((1, 6)), "b": np.zeros((1, 2))}, "`left` has shape [1, 6]"),
    ],
)
def test_vectors_that_are_not_of_all_inputs_are_refused(arrays, words, tmp_path: Path) -> None:
    np.savez(tmp_path / "v.npz", **arrays)
    with pytest.raises(PipelineError) as caught:
        vectors_in(tmp_path / "v.npz", KINDS)
    assert words in caught.value.what


def as_xxd(data: bytes) -> str:
    lines = (data[i : i + 12] for i in range(0, len(data), 12))
    body = ",\n  ".join(", ".join(f"0x{byte:02x}" for byte in line) for line in lines)
    length = f"unsigned int kws_tflite_len = {len(data)};\n"
    return f"unsigned char kws_tflite[] = {{\n  {body}\n}};\n{length}"


def as_signed(data: bytes) -> str:
    numbers = ",".join(str(byte - 256 * (byte > 127)) for byte in data)
    return (
        '#include "model.h"\n// { a comment }\nconst int other[] = {1, 2, 3}; /* = { */\n'
        f"alignas(8) const signed char g_model[{len(data)}] DATA_ALIGN = {{{numbers},}};\n"
    )


@pytest.mark.parametrize("write", [as_xxd, as_signed, lambda data: c_array(data)["model_data.c"]])
def test_a_c_array_is_the_file_that_it_was_made_of(write) -> None:
    data = small_network()
    assert flatbuffer_in(WHERE, write(data).encode()) == data


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "it is empty"),
        (b"extern const unsigned char g_model[];\n", "another file"),
        (b"const char a[] = {1, 2, 3, 4, 5, 6, 7, 8};", "none begins as a .tflite file does"),
        (b"unsigned char a[] = {0x1c, 0xzz};", "another kind"),
        (bytes(range(256)) * 9, "another kind"),
    ],
)
def test_what_is_no_model_is_told_why(content: bytes, words: str) -> None:
    with pytest.raises(PipelineError) as caught:
        flatbuffer_in(WHERE, content)
    assert words in caught.value.why


@pytest.mark.parametrize("part", ["a", "a[1] = /* ", "a[1] ", "a[] = {", "a[" + " " * 99])
def test_no_text_takes_long(part: str) -> None:
    with pytest.raises(PipelineError):
        flatbuffer_in(WHERE, part.encode() * 2**17)


def keras_zip(*names: str, network: object = None) -> bytes:
    return keras_zip_of(json.dumps(network or {}), *names)


def keras_zip_of(text: str, *names: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name in names or ("config.json",):
            archive.writestr(name, text)
    return content.getvalue()


def keras_h5(*attributes: str) -> bytes:
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file.attrs.update(dict.fromkeys(attributes, "{}"))
    return content.getvalue()


def test_a_keras_file_has_a_network_and_is_whole() -> None:
    for whole, weights in (
        (keras_zip("config.json", "model.weights.h5"), keras_zip("vars.h5")),
        (keras_h5("model_config"), keras_h5("backend")),
    ):
        require_quantizable(WHERE, whole)
        with pytest.raises(PipelineError, match="no network"):
            require_quantizable(WHERE, weights)
        with pytest.raises(PipelineError, match="no sound Keras file"):
            require_quantizable(WHERE, whole[: len(whole) // 2])


def test_a_damaged_keras_file_is_no_fault_of_the_program() -> None:
    layers = [{"class_name": "Dense", "config": {"name": f"dense{n}"}} for n in range(60)]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", json.dumps({"config": {"layers": layers}}))
    whole, random = packed.getvalue(), np.random.default_rng(1)
    refused = 0
    for _ in range(400):
        damaged = np.frombuffer(whole, np.uint8).copy()
        damaged[random.integers(4, len(whole), 2)] = random.integers(0, 256, 2)
        try:
            require_quantizable(WHERE, damaged.tobytes())
        except PipelineError:
            refused += 1
    assert refused > 200
    with pytest.raises(PipelineError, match="no sound Keras file"):
        require_quantizable(WHERE, keras_zip_of("[" * 200_000))


def test_recurrent_layers_that_would_be_loops_are_named_at_once() -> None:
    layers = [
        {"class_name": "GRU", "config": {"name": "one", "unroll": True}},
        {"class_name": "Bidirectional", "config": {"layer": {"class_name": "LSTM", "config": {}}}},
        {"class_name": "GRU", "config": {"name": "two", "unroll": False}},
    ]
    for count, names in ((1, None), (2, "`None` \\(LSTM\\)"), (3, "`two` \\(GRU\\)")):
        content = keras_zip("config.json", network={"config": {"layers": layers[:count]}})
        with pytest.raises(PipelineError, match=names) if names else nullcontext():
            require_quantizable(WHERE, content)


def test_a_saved_model_is_sent_to_a_file(tmp_path: Path) -> None:
    (tmp_path / "saved_model.pb").touch()
    with pytest.raises(PipelineError, match="SavedModel is a folder"):
        read_bytes(tmp_path)


def test_two_models_in_one_file_are_named() -> None:
    text = as_xxd(small_network())
    both = (text + text.replace("kws", "vww")).encode()
    with pytest.raises(PipelineError, match="kws_tflite, vww_tflite"):
        flatbuffer_in(WHERE, both)


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("KWS ref-model.tflite", "model_kws_ref_model"),
        ("model.tflite", "model"),
        ("model_data.cc", "model_data"),
        ("math.tflite", "model_math"),
        ("3.tflite", "model_3"),
        ("模型.tflite", "model"),
        (f"{'x' * 240}.tflite", f"model_{'x' * 60}"),
    ],
)
def test_a_name_is_a_c_identifier_of_its_own(file: str, name: str) -> None:
    assert c_name(Path(file)) == name


def test_a_name_that_had_to_be_changed_is_noted() -> None:
    assert other_name("日本", "model")
    assert other_name("a b", "model_a_b")
    assert not any(other_name(stem, c_name(Path(stem))) for stem in ("kws", "Model_data", "model"))


def test_few_inputs_to_calibrate_with_are_counted() -> None:
    assert few_inputs({"x": np.zeros((1, 3))})[0].startswith("--calibrate has 1 input;")
    assert not few_inputs({"x": np.zeros((USUAL_CALIBRATION, 3))})


def test_vectors_reach_both_ends_and_stay_in_the_type() -> None:
    made = make_vectors(KIND, 40)
    assert made.shape == (40, 6)
    assert made.dtype == np.int8
    assert {made[0].min(), made[1].max(), made[2].max()} == {-128, 127, -1}
    real = make_vectors(InputKind((1, 3, 2), np.dtype(np.float32), 0.5, -1), 40)
    assert np.abs(real).max() > 0.5 * 128
    assert len(np.unique(real % 0.5)) > 1  # between the steps, too


def test_vectors_of_the_user_are_quantized_or_taken_as_they_are(tmp_path: Path) -> None:
    file = tmp_path / "vectors.npz"
    steps = np.arange(-6, 6, dtype=np.int8).reshape(2, 3, 2)
    for values in ((steps + 1.0) * 0.5, steps, steps.astype(np.int64)):
        np.savez(file, a=values)
        np.testing.assert_array_equal(vectors_in(file, {"x": KIND})[0], steps.reshape(2, 6))


def test_of_several_arrays_it_is_said_that_one_is_to_be_kept(tmp_path: Path) -> None:
    np.savez(tmp_path / "v.npz", x=np.zeros((2, 6)), y=np.zeros((2, 6)))
    with pytest.raises(PipelineError, match="`x`, `y`; keep only the array of inputs"):
        vectors_in(tmp_path / "v.npz", {"x": KIND})


def test_a_file_that_is_no_plain_array_is_refused_without_advice_on_pickles(tmp_path: Path) -> None:
    file = tmp_path / "v.npz"
    np.savez(file, x=np.array([None, {}], object))
    for content in (file.read_bytes(), b"{}", b"", file.read_bytes()[:-30]):
        file.write_bytes(content)
        with pytest.raises(PipelineError, match=r"no plain .npz or .npy file") as caught:
            arrays_of(file)
        assert "pickle" not in str(caught.value)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.zeros((2, 5)), "shape [2, 5], and an input 1x3x2"),
        (np.full((1, 6), np.nan), "no numbers"),
        (np.full((1, 6), 300), "integers beyond -128 to 127"),
        (np.zeros((0, 6)), "no inputs"),
        (np.array([["a"] * 6]), "no numbers"),
    ],
)
def test_vectors_that_do_not_fit_are_refused(
    values: np.ndarray, words: str, tmp_path: Path
) -> None:
    np.savez(tmp_path / "v.npz", a=values)
    with pytest.raises(PipelineError) as caught:
        vectors_in(tmp_path / "v.npz", {"x": KIND})
    assert words in caught.value.what
    assert caught.value.exit_code == ExitCode.USAGE


def test_windows_of_a_stream_end_with_each_hop() -> None:
    windows = np.arange(20).reshape(2, 10)  # of 5 samples of 2 channels
    hops, whole = stream_windows(windows, samples=5, hop=2)
    np.testing.assert_array_equal(hops.ravel(), np.arange(20))
    assert [list(row[[0, -1]]) for row in whole] == [[2, 11], [6, 15], [10, 19]]


def with_obstacles() -> bytes:
    """A GELU twice, a convolution with a fused TANH between, and at last a TANH that goes."""
    graph = GraphBuilder()
    source = last = graph.activation("input", (1, 1, 8, 2), 0.1, 0)
    weights = graph.constant("w", np.ones((2, 1, 1, 2), np.int8), [0.1])
    table = options("Conv2DOptions", strideH=1, strideW=1, fusedActivationFunction=4)
    for name, operator in (("a", "GELU"), ("conv", "CONV_2D"), ("b", "GELU"), ("t", "TANH")):
        scale = 1 / 128 if name == "t" else 0.1
        target = graph.activation(f"net/{name}/x", (1, 1, 8, 2), scale, 0)
        is_filter = operator == "CONV_2D"
        inputs = [last, weights, -1] if is_filter else [last]
        last = graph.operator(operator, inputs, target, table if is_filter else None)
    return graph.finish(source, last)


def test_all_obstacles_are_told_at_once_with_what_to_change() -> None:
    error = refusal(with_obstacles())
    assert error.what.splitlines()[1:] == [
        "  - GELU in layers `a`, `b`: this operator is not supported",
        "  - CONV_2D in layer `conv`: its fused activation TANH is not supported",
    ]
    assert "`relu6`" in error.next_step


@pytest.mark.parametrize(
    ("values", "weights", "words"),
    [
        (np.float32, np.float32, "it computes in float32"),
        (np.float32, np.int8, "dynamic range"),
        (np.uint8, np.uint8, "uint8, as TensorFlow 1 quantized"),
    ],
)
def test_a_model_that_is_not_int8_is_told_so_once(values, weights, words: str) -> None:
    graph = GraphBuilder()
    source = last = graph.activation("input", (1, 4), 0.1, 0, values)
    matrix = graph.constant("w", np.ones((4, 4), weights), [0.1])
    for name in ("a", "b"):
        target = graph.activation(f"net/{name}/x", (1, 4), 0.1, 0, values)
        table = options("FullyConnectedOptions")
        last = graph.operator("FULLY_CONNECTED", [last, matrix, -1], target, table)
    error = refusal(graph.finish(source, last))
    assert words in error.what
    assert "FULLY_CONNECTED in" not in error.what
    assert "TFLITE_BUILTINS_INT8" in error.next_step
