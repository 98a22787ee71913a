"""Recurrent networks of Keras, with what is before and after their cells: over windows and on
streams."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema

from pipeline.compiler import compile_network
from pipeline.conversion.golden import to_int8
from pipeline.conversion.oracle import SteppedReference, run_oracle
from pipeline.core.errors import PipelineError
from tests.once import Once
from tests.parity.conftest import made_by
from tests.parity.host_engine import HostEngine
from tests.parity.recurrent_models import CHANNELS, NAMES, OF_LSTMS, WINDOW, windows

pytestmark = pytest.mark.xdist_group("recurrent-networks")

HOP = 8


@pytest.fixture(scope="module")
def networks(once: Once) -> Path:
    """A folder of one-step networks, and beside each what Keras says to `windows`."""
    return once("recurrent-models", made_by("recurrent_models"))


@pytest.mark.parametrize("name", NAMES)
def test_windows_give_the_bytes_of_the_reference_and_nearly_the_scores_of_keras(
    name: str, networks: Path, engine: HostEngine
) -> None:
    step = (networks / f"{name}.tflite").read_bytes()
    network = compile_network(step, window=WINDOW)
    inputs = to_int8(windows(), network.quantization)
    reference = SteppedReference.of(step, network.recurrence, networks / "oracle.log")
    found = engine.run(network, inputs.reshape(len(inputs), -1))
    np.testing.assert_array_equal(found, reference.scores(inputs, WINDOW)[:, 0])
    scores, expected = (found.astype(float) + 128) / 256, np.load(networks / f"{name}.npy")
    assert np.abs(scores - expected).max() < 0.08
    sure = np.ptp(np.sort(expected)[:, -2:], axis=1) > 0.08
    assert np.array_equal(scores.argmax(axis=1)[sure], expected.argmax(axis=1)[sure])


@pytest.mark.parametrize("name", NAMES)
def test_a_stream_gives_the_bytes_of_the_reference_at_every_hop(
    name: str, networks: Path, engine: HostEngine
) -> None:
    step = (networks / f"{name}.tflite").read_bytes()
    network = compile_network(step, window=WINDOW, hop=HOP, keep_state=True)
    inputs = to_int8(windows().reshape(1, -1, CHANNELS)[:, : 60 * HOP], network.quantization)
    reference = SteppedReference.of(step, network.recurrence, networks / "oracle.log")
    found = engine.run(network, inputs.reshape(-1, HOP * CHANNELS))
    np.testing.assert_array_equal(found, reference.scores(inputs, HOP)[0])
    assert network.obstacle is None
    assert network.cost.ram_bytes < compile_network(step, window=WINDOW).cost.ram_bytes


@pytest.mark.parametrize("name", OF_LSTMS)
def test_tflite_micro_runs_a_whole_window_of_lstms_and_says_nearly_what_keras_does(
    name: str, networks: Path
) -> None:
    sequence = networks / f"{name}.sequence"
    step = compile_network((networks / f"{name}.tflite").read_bytes(), window=WINDOW)
    inputs = to_int8(windows(), step.quantization)
    found = run_oracle(sequence, inputs, networks / "oracle.log")
    scores, expected = (found.astype(float) + 128) / 256, np.load(networks / f"{name}.npy")
    assert np.abs(scores - expected).max() < 0.03
    sure = np.ptp(np.sort(expected)[:, -2:], axis=1) > 0.03
    assert np.array_equal(scores.argmax(axis=1)[sure], expected.argmax(axis=1)[sure])
    assert input_of(sequence) == (step.quantization.input_scale, step.quantization.input_zero_point)
    assert len(sequence.read_bytes()) < 12_000  # an operator a layer, however many steps


def input_of(flatbuffer: Path) -> tuple[float, int]:
    """Scale and zero point."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(flatbuffer.read_bytes(), 0))
    (graph,) = model.subgraphs
    quantization = graph.tensors[graph.inputs[0]].quantization
    return float(quantization.scale[0]), int(quantization.zeroPoint[0])


def test_layers_have_the_names_that_keras_gave_them(networks: Path) -> None:
    network = compile_network((networks / "stacked.tflite").read_bytes(), window=WINDOW)
    names = [layer.name for layer in network.layers]
    assert names == ["first", "second", "third", "state", "hidden", "scores", "softmax"]


@pytest.mark.parametrize(
    ("window", "hop", "said"),
    [
        (42, None, "A window of 42 samples does not fit the network"),
        (40, 6, "A hop of 6 samples does not fit a network that runs on and on"),
        (44, 8, "set window.hop to a multiple of 4 that divides 44"),
    ],
)
def test_a_window_or_hop_that_is_no_whole_number_of_columns_is_refused(
    window: int, hop: int | None, said: str, networks: Path
) -> None:
    step = (networks / "downsampled.tflite").read_bytes()
    with pytest.raises(PipelineError) as refused:
        compile_network(step, window=window, hop=hop, keep_state=hop is not None)
    assert said in f"{refused.value.what} {refused.value.next_step}"
