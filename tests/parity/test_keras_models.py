"""Real converted networks give the bytes of TensorFlow Lite Micro, on memory that is watched."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from pipeline.compiler import compile_network
from tests.parity.host_engine import HostEngine, assert_parity
from tests.parity.keras_models import NAMES


@pytest.mark.parametrize("name", NAMES)
def test_the_bytes_are_those_of_tensorflow_lite_micro(
    name: str, keras_models: Path, engine: HostEngine
) -> None:
    flatbuffer = (keras_models / f"{name}.tflite").read_bytes()
    outputs = assert_parity(engine, flatbuffer, count=120)
    assert len(np.unique(outputs, axis=0)) > 15, "the outputs hardly depend on the inputs"


def test_a_gesture_network_is_four_calls(keras_models: Path) -> None:
    network = compile_network((keras_models / "gesture.tflite").read_bytes())
    assert [(layer.operator, layer.macs) for layer in network.layers] == [
        ("CONV_2D + MAX_POOL_2D", 108 * 5 * 6 * 16),
        ("CONV_2D + MAX_POOL_2D + MEAN", 50 * 5 * 16 * 32),
        ("FULLY_CONNECTED", 32 * 6),
        ("SOFTMAX", 0),
    ]
    assert [layer.name for layer in network.layers] == ["conv1d", "conv1d_1", "dense", "softmax"]
    assert network.input_shape == (1, 112, 6)
    assert network.output_shape == (1, 6)
    assert network.quantization.output_scale == 1 / 256
    # The first convolution's pooled output, beside it the 32 means; and what they are computed in.
    assert 54 * 16 + 32 < network.arena_bytes < 54 * 16 + 32 + 2048


@pytest.mark.parametrize("name", NAMES)
def test_layers_have_the_names_that_keras_gave_them(name: str, keras_models: Path) -> None:
    network = compile_network((keras_models / f"{name}.tflite").read_bytes())
    expected = json.loads((keras_models / f"{name}.json").read_text())
    assert set(expected) <= {layer.name for layer in network.layers}


def test_all_supported_operators_are_covered(keras_models: Path) -> None:
    seen = set()
    for path in keras_models.glob("*.tflite"):
        for layer in compile_network(path.read_bytes()).layers:
            seen.update(layer.operator.split(" + "))
    assert seen >= {
        "CONV_2D",
        "DEPTHWISE_CONV_2D",
        "FULLY_CONNECTED",
        "MAX_POOL_2D",
        "AVERAGE_POOL_2D",
        "MEAN",
        "SOFTMAX",
        "ADD",
        "PAD",
        "LOGISTIC",
        "TANH",
    }
