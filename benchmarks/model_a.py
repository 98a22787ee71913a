"""The network that engines are compared on: Conv1D 8 and 16, 66,944 multiplications.

Run as a child, because TensorFlow's converter can end the process:
`python -m benchmarks.model_a FILE.tflite`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

STEPS, CHANNELS, CLASSES = 128, 6, 4
SEED = 1


def build() -> Any:
    """The untrained Keras model."""
    import keras

    keras.utils.set_random_seed(SEED)
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((STEPS, CHANNELS), batch_size=1),
            layers.Conv1D(8, 5, activation="relu"),
            layers.MaxPooling1D(2),
            layers.Conv1D(16, 5, activation="relu", bias_initializer="random_normal"),
            layers.MaxPooling1D(2),
            layers.GlobalAveragePooling1D(),
            layers.Dense(CLASSES, activation="softmax", kernel_initializer="random_normal"),
        ]
    )


def convert(model: Any) -> bytes:
    """To full int8, calibrated on noise."""
    import tensorflow as tf

    def samples() -> Iterator[list[Any]]:
        noise = np.random.default_rng(SEED)
        for _ in range(100):
            yield [noise.normal(size=model.input_shape).astype(np.float32)]

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = samples
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    return bytes(converter.convert())


def write_converted(build_model: Callable[[], Any]) -> None:
    """The main program of these modules."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    Path(sys.argv[1]).write_bytes(convert(build_model()))


if __name__ == "__main__":
    write_converted(build)
