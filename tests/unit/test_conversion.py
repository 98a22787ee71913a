"""Quantizing and the oracle: right answers, the same bytes each time, and no crash on bad files."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.cells.operators import LSTM
from pipeline.conversion.c_source import selftest_crc, selftest_inputs
from pipeline.conversion.golden import make_golden, make_inputs, to_int8
from pipeline.conversion.oracle import run_oracle
from pipeline.conversion.quantize import quantize
from pipeline.conversion.sequence_file import SequenceFile
from pipeline.conversion.step_cells import FloatCell, run_cell
from pipeline.conversion.step_file import StepFile
from pipeline.core.artifacts import Float32, GoldenVectors
from pipeline.core.contract import Quantization
from pipeline.core.errors import PipelineError
from pipeline.training.fit import quiet_keras

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("tensorflow of commands")]

WINDOW, CHANNELS, CLASSES = 32, 6, 4
QUANTIZATION = Quantization(
    input_scale=0.03, input_zero_point=-1, output_scale=1 / 256, output_zero_point=-128
)


def make_windows(n: int, seed: int = 0) -> Float32:
    """Slow waves of another frequency for each class, one after the other."""
    random = np.random.default_rng(seed)
    frequency = 1 + np.arange(n) % CLASSES
    t = np.arange(WINDOW) / WINDOW
    waves = np.sin(2 * np.pi * frequency[:, None] * (t + random.random((n, 1))))
    noise = random.normal(0, 0.2, (n, WINDOW, CHANNELS))
    return (waves[:, :, None] + noise).astype(np.float32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("conversion")


@pytest.fixture(scope="module")
def network(folder: Path) -> Any:
    """A small Conv1D network, trained a little, and saved as model.keras."""
    keras = quiet_keras(1)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((WINDOW, CHANNELS)),  # [n, 32, 6]
            layers.Conv1D(8, 5, activation="relu", name="conv1"),  # [n, 28, 8]
            layers.MaxPooling1D(2, name="pool1"),  # [n, 14, 8]
            layers.Conv1D(12, 5, activation="relu", name="conv2"),  # [n, 10, 12]
            layers.GlobalAveragePooling1D(name="average"),  # [n, 12]
            layers.Dropout(0.2, name="dropout"),
            layers.Dense(CLASSES, activation="softmax", name="probabilities"),  # [n, 4]
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    model.optimizer.learning_rate = 0.01
    model.fit(make_windows(400), np.arange(400) % CLASSES, epochs=8, verbose=0)
    model.save(folder / "model.keras")
    return model


@pytest.fixture(scope="module")
def quantization(folder: Path, network: Any) -> Quantization:
    del network  # only has to be saved
    windows = make_windows(100, seed=1)
    quantize(folder / "model.keras", windows, folder / "model.tflite", folder / "quantize.log")
    runtime = pytest.importorskip("tflite_micro").runtime
    interpreter = runtime.Interpreter.from_file(str(folder / "model.tflite"))
    details = interpreter.get_input_details(0), interpreter.get_output_details(0)
    assert [detail["dtype"] for detail in details] == [np.int8, np.int8]
    assert [tuple(detail["shape"]) for detail in details] == [(1, WINDOW, CHANNELS), (1, CLASSES)]
    (input_scale, input_zero_point), (output_scale, output_zero_point) = (
        (float(parameters["scales"][0]), int(parameters["zero_points"][0]))
        for parameters in (detail["quantization_parameters"] for detail in details)
    )
    return Quantization(
        input_scale=input_scale,
        input_zero_point=input_zero_point,
        output_scale=output_scale,
        output_zero_point=output_zero_point,
    )


def message(call: Callable[[], object]) -> str:
    with pytest.raises(PipelineError) as caught:
        call()
    return str(caught.value)


def test_int8_answers_what_keras_answers(
    folder: Path, network: Any, quantization: Quantization
) -> None:
    windows = make_windows(200, seed=2)
    expected = network.predict(windows, verbose=0)
    inputs = to_int8(windows, quantization)
    outputs = run_oracle(folder / "model.tflite", inputs, folder / "oracle.log")
    assert outputs.shape == (200, CLASSES)
    assert outputs.dtype == np.int8
    probabilities = (outputs.astype(float) - quantization.output_zero_point) / 256
    assert (quantization.output_scale, quantization.output_zero_point) == (1 / 256, -128)
    assert np.abs(probabilities - expected).max() < 0.1
    assert (probabilities.argmax(1) == expected.argmax(1)).mean() > 0.97
    assert (expected.argmax(1) == np.arange(200) % CLASSES).mean() > 0.9


def test_the_same_model_and_windows_give_the_same_bytes(
    folder: Path, network: Any, quantization: Quantization
) -> None:
    again = folder / "again"
    again.mkdir()
    network.name = "built_after_something_else"
    network.save(again / "other.keras")
    windows = make_windows(100, seed=1)
    quantize(again / "other.keras", windows, again / "m.tflite", again / "log")
    assert quantization  # of the first
    assert (again / "m.tflite").read_bytes() == (folder / "model.tflite").read_bytes()


def test_what_tensorflow_prints_is_in_the_log_only(
    folder: Path, quantization: Quantization, capfd: pytest.CaptureFixture[str]
) -> None:
    assert quantization
    run_oracle(folder / "model.tflite", selftest_inputs(WINDOW * CHANNELS), folder / "oracle.log")
    assert capfd.readouterr() == ("", "")
    assert "Saved artifact" in (folder / "quantize.log").read_text("utf-8")


def test_a_converter_that_crashes_becomes_an_error(folder: Path) -> None:
    keras = quiet_keras(1)
    model = keras.Sequential(
        [keras.Input((16, 3)), keras.layers.GRU(4), keras.layers.Dense(2, activation="softmax")]
    )
    model.save(folder / "gru.keras")
    windows = np.zeros((4, 16, 3), np.float32)
    target, log = folder / "gru.tflite", folder / "gru.log"
    text = message(lambda: quantize(folder / "gru.keras", windows, target, log))
    assert "Converting gru.keras to int8 failed: the process crashed (SIG" in text
    assert "GRU and LSTM layers crash it" in text
    assert str(log) in text
    assert not target.exists()


def test_a_model_file_cut_short_becomes_an_error(folder: Path, network: Any) -> None:
    del network
    content = (folder / "model.keras").read_bytes()
    damaged = folder / "damaged.keras"
    damaged.write_bytes(content[: len(content) // 2])
    target, log = folder / "damaged.tflite", folder / "damaged.log"
    text = message(lambda: quantize(damaged, make_windows(8), target, log))
    assert "Converting damaged.keras to int8 failed: " in text
    assert "the model file is damaged" in text
    assert "Traceback" not in text
    assert "Traceback" in log.read_text("utf-8")


@pytest.mark.parametrize(
    ("windows", "part"),
    [
        (np.zeros((0, WINDOW, CHANNELS), np.float32), "its calibration windows are missing"),
        (np.full((2, WINDOW, CHANNELS), np.nan, np.float32), "not all finite numbers"),
    ],
)
def test_windows_that_cannot_calibrate(folder: Path, windows: Float32, part: str) -> None:
    call = lambda: quantize(folder / "m.keras", windows, folder / "x", folder / "log")  # noqa: E731
    assert part in message(call)


def unpacked(content: bytes) -> Any:
    schema = pytest.importorskip("tflite_micro.tensorflow.lite.micro.python.schema_py_generated")
    return schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(content, 0))


def test_the_batch_is_fixed_to_one(folder: Path, quantization: Quantization) -> None:
    assert quantization
    model = unpacked((folder / "model.tflite").read_bytes())
    for tensor in model.subgraphs[0].tensors:
        assert tensor.shapeSignature is None or -1 not in tensor.shapeSignature


def broken_input(content: bytes) -> bytes:
    """A flatbuffer that is sound but for its input, which is no tensor: TFLite Micro dies of it."""
    flatbuffers = pytest.importorskip("flatbuffers")
    model = unpacked(content)
    model.subgraphs[0].inputs = [99]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


@pytest.mark.parametrize(
    ("damage", "part"),
    [
        (lambda content: content[:0], "is not a .tflite model"),
        (lambda content: b"hello, I am " + content, "is not a .tflite model"),
        (lambda content: content[: len(content) // 2], "failed: "),
        (lambda content: content[:8] + b"\xff" * 500, "failed: "),
        (broken_input, "the process crashed (SIGSEGV)"),
    ],
    ids=["empty", "text", "half", "garbage", "crash"],
)
def test_a_damaged_flatbuffer_becomes_an_error(
    folder: Path, quantization: Quantization, damage: Callable[[bytes], bytes], part: str
) -> None:
    assert quantization
    damaged, log = folder / "damaged.tflite", folder / "damaged-oracle.log"
    damaged.write_bytes(damage((folder / "model.tflite").read_bytes()))
    inputs = selftest_inputs(WINDOW * CHANNELS)
    text = message(lambda: run_oracle(damaged, inputs, log))
    assert part in text
    assert str(damaged) in text
    assert "`gesture convert`" in text


def test_a_missing_flatbuffer_and_inputs_of_another_size(
    folder: Path, quantization: Quantization
) -> None:
    assert quantization
    log, inputs = folder / "oracle.log", selftest_inputs(7)
    assert "no model at" in message(lambda: run_oracle(folder / "none.tflite", inputs, log))
    text = message(lambda: run_oracle(folder / "model.tflite", inputs, log))
    assert "the model takes int8 (1, 32, 6), not 7 int8" in text


def test_golden_vectors_are_the_oracles_and_repeat(
    folder: Path, quantization: Quantization
) -> None:
    windows = make_windows(40, seed=3)
    log = folder / "oracle.log"
    arguments = (partial(run_oracle, folder / "model.tflite", log=log), quantization, windows, 100)
    golden, crc = make_golden(*arguments)
    assert golden.inputs.shape == (100, WINDOW * CHANNELS)
    again, same_crc = make_golden(*arguments)
    np.testing.assert_array_equal(again.outputs, golden.outputs)
    answers = run_oracle(folder / "model.tflite", selftest_inputs(WINDOW * CHANNELS), log)
    assert crc == same_crc == selftest_crc(answers)
    np.testing.assert_array_equal(
        run_oracle(folder / "model.tflite", golden.inputs[::-1], folder / "oracle.log"),
        golden.outputs[::-1],  # no vector leaves anything behind for the next
    )
    golden.save(folder / "golden.npz")
    np.testing.assert_array_equal(GoldenVectors.load(folder / "golden.npz").inputs, golden.inputs)
    assert len(np.unique(golden.outputs, axis=0)) > 30


def test_half_of_the_golden_inputs_are_real_windows() -> None:
    windows = make_windows(20, seed=3)
    inputs = make_inputs(QUANTIZATION, windows, count=100)
    assert inputs.shape == (100, WINDOW * CHANNELS)
    real, noise = inputs[0::2], inputs[1::2]
    np.testing.assert_array_equal(real[:20], to_int8(windows, QUANTIZATION).reshape(20, -1))
    assert len(np.unique(real, axis=0)) > 45  # those used again are turned
    np.testing.assert_array_equal(np.sort(real[20]), np.sort(real[0]))
    assert (noise[0] == -128).all()
    assert (noise[1] == 127).all()
    assert noise[2:].std() == pytest.approx(73.9, abs=1.0)  # uniform over all bytes
    np.testing.assert_array_equal(make_inputs(QUANTIZATION, windows, count=100), inputs)
    assert not np.array_equal(make_inputs(QUANTIZATION, windows, count=100, seed=2), inputs)
    assert len(make_inputs(QUANTIZATION, windows, count=7)) == 7


def test_without_a_real_window_there_are_no_golden_vectors() -> None:
    assert "too few takes" in message(lambda: make_inputs(QUANTIZATION, make_windows(0)))


def test_quantizing_rounds_and_clamps() -> None:
    values = np.array([[[0.0, 0.031, -0.044, 1e6, -1e6, 0.046]]], np.float32)
    assert to_int8(values, QUANTIZATION).tolist() == [[[-1, 0, -2, 127, -128, 1]]]


def test_the_selftest_crc_is_that_of_the_oracles_outputs(
    folder: Path, quantization: Quantization
) -> None:
    assert quantization
    flatbuffer, log = folder / "model.tflite", folder / "oracle.log"
    outputs = run_oracle(flatbuffer, selftest_inputs(WINDOW * CHANNELS), log)
    crc = 0xFFFF
    for byte in outputs.tobytes():  # CRC-16/CCITT, bit by bit
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1) ^ (0x1021 if crc & 0x8000 else 0)
        crc &= 0xFFFF
    assert selftest_crc(outputs) == crc


@pytest.mark.parametrize("size", [0.0, 1e-9])
@pytest.mark.parametrize(("kind", "scale"), [(SequenceFile, 0.1), (StepFile, 1.0)])
def test_a_cell_that_hardly_hears_keeps_its_bias(kind: type, scale: float, size: float) -> None:
    random = np.random.default_rng(3)
    shapes = {"kernel": (16, 3), "bias": 16, "recurrent": (16, 4), "recurrent_bias": 16}
    constants = {name: random.normal(0, 2, shape) for name, shape in shapes.items()}
    constants |= {"kernel": size * constants["kernel"], "recurrent_bias": np.zeros(16)}
    cell = FloatCell(LSTM, "deaf", 4, constants)
    trace = run_cell(cell, random.normal(size=(5, 1, 3)))
    file = kind()
    x = file.add_samples((1, 1, 3) if kind is SequenceFile else (1, 3), scale, 0)
    if kind is SequenceFile:
        content = file.write({"x": x}, {"y": file.add_last(file.add_lstm(cell, trace, x))})
    else:
        states, new = file.add_cell(cell, trace, x)
        content = file.write(dict(zip("xhc", [x, *states], strict=True)), {"y": new[0]})
    interpreter = pytest.importorskip("tflite_micro").runtime.Interpreter.from_bytes(content)
    interpreter.set_input(np.ones(x.shape, np.int8), 0)
    interpreter.invoke()
    (step,) = interpreter.get_output_details(0)["quantization_parameters"]["scales"]
    assert np.abs(interpreter.get_output(0) * step - trace.columns[0]).max() < 0.006


def test_a_free_axis_of_a_keras_model_takes_the_size_of_the_inputs() -> None:
    import keras

    from pipeline.conversion.quantize_child import with_batch_of_one

    layers = keras.layers
    network = keras.Sequential(
        [keras.Input((None, 3)), layers.Conv1D(2, 3), layers.GlobalAveragePooling1D()]
    )
    assert with_batch_of_one(network, [(8, 3)]).inputs[0].shape == (1, 8, 3)
