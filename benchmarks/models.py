"""The networks that engines are compared on.

Run as a child, because TensorFlow's converter can end the process:
`python -m benchmarks.models NAME FILE.tflite`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.core.project import PROJECT

CLASSES = 4
SEED = 1


def conv1d(layers: Any) -> list[Any]:
    """Conv1D 8 and 16: 66,944 multiplications."""
    return [
        layers.Input((128, 6), batch_size=1),
        layers.Conv1D(8, 5, activation="relu"),
        layers.MaxPooling1D(2),
        layers.Conv1D(16, 5, activation="relu", bias_initializer="random_normal"),
        layers.MaxPooling1D(2),
        layers.GlobalAveragePooling1D(),
        layers.Dense(CLASSES, activation="softmax", kernel_initializer="random_normal"),
    ]


def magic_wand(layers: Any) -> list[Any]:
    """The network of TensorFlow Lite Micro's example: 62,016 multiplications."""
    return [
        layers.Input((128, 3, 1), batch_size=1),
        layers.Conv2D(8, (4, 3), padding="same", activation="relu"),
        layers.MaxPooling2D((3, 3)),
        layers.Conv2D(
            16, (4, 1), padding="same", activation="relu", bias_initializer="random_normal"
        ),
        layers.MaxPooling2D((3, 1), padding="same"),
        layers.Flatten(),
        layers.Dense(16, activation="relu", bias_initializer="random_normal"),
        layers.Dense(CLASSES, activation="softmax", kernel_initializer="random_normal"),
    ]


def dense(layers: Any) -> list[Any]:
    """The network of the Arduino gesture tutorial, 714-50-15-2: 36,480 multiplications."""
    return [
        layers.Input((714,), batch_size=1),
        layers.Dense(50, activation="relu"),
        layers.Dense(15, activation="relu", bias_initializer="random_normal"),
        layers.Dense(2, activation="softmax"),
    ]


def ds_conv1d(layers: Any) -> list[Any]:
    """Depthwise-separable Conv1D 16 and 32, each after a filter of 5 a channel: 50,088
    multiplications."""
    return [
        layers.Input((128, 6), batch_size=1),
        layers.SeparableConv1D(16, 5, activation="relu"),
        layers.MaxPooling1D(2),
        layers.SeparableConv1D(32, 5, activation="relu", bias_initializer="random_normal"),
        layers.MaxPooling1D(2),
        layers.GlobalAveragePooling1D(),
        layers.Dense(CLASSES, activation="softmax", kernel_initializer="random_normal"),
    ]


def lstm(layers: Any) -> list[Any]:
    """An LSTM of 16 units on 32 samples, converted as one step."""
    return [
        layers.Input((32, 6)),
        layers.LSTM(16),
        layers.Dense(CLASSES, activation="softmax"),
    ]


MODELS: dict[str, Callable[[Any], list[Any]]] = {
    "conv1d window": conv1d,
    "magic_wand": magic_wand,
    "dense": dense,
    "ds_conv1d": ds_conv1d,
}
RECURRENT = {"lstm": lstm}
_OPERATORS = {
    "int8": "TFLITE_BUILTINS_INT8",
    "16x8": "EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8",
}


def model(folder: Path, name: str, kind: str = "int8") -> bytes:
    """The flatbuffer of the network of that name; kind: int8, or 16x8."""
    path = folder / "model.tflite"
    command = [sys.executable, "-m", "benchmarks.models", name, str(path), kind]
    subprocess.run(command, cwd=PROJECT, check=True, capture_output=True)
    return path.read_bytes()


def build(name: str) -> Any:
    """The untrained Keras model."""
    import keras

    keras.utils.set_random_seed(SEED)
    return keras.Sequential({**MODELS, **RECURRENT}[name](keras.layers))


def convert(model: Any, kind: str = "int8") -> bytes:
    """To full int8, or to int16 with weights of int8, calibrated on noise."""
    import tensorflow as tf

    def samples() -> Iterator[list[Any]]:
        noise = np.random.default_rng(SEED)
        for _ in range(100):
            yield [noise.normal(size=model.input_shape).astype(np.float32)]

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = samples
    converter.target_spec.supported_ops = [getattr(tf.lite.OpsSet, _OPERATORS[kind])]
    ends = tf.int8 if kind == "int8" else tf.int16
    converter.inference_input_type = converter.inference_output_type = ends
    return bytes(converter.convert())


def step_of(network: Any) -> bytes:
    """The one-step flatbuffer of a recurrent network."""
    from pipeline.conversion.step_child import step_flatbuffer

    noise = np.random.default_rng(SEED).normal(size=(20, *network.input_shape[1:]))
    return step_flatbuffer(network, noise.astype(np.float32))


def main(name: str, flatbuffer: Path, kind: str) -> None:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    network = build(name)
    flatbuffer.write_bytes(step_of(network) if name in RECURRENT else convert(network, kind))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
