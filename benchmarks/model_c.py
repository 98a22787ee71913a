"""The dense network of the Arduino gesture tutorial, 714-50-15-2: 36,480 multiplications.

Run as a child, as model_a: `python -m benchmarks.model_c FILE.tflite`.
"""

from __future__ import annotations

from typing import Any

from benchmarks.model_a import SEED, write_converted

INPUTS, CLASSES = 714, 2


def build() -> Any:
    """The untrained Keras model."""
    import keras

    keras.utils.set_random_seed(SEED)
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((INPUTS,), batch_size=1),
            layers.Dense(50, activation="relu"),
            layers.Dense(15, activation="relu", bias_initializer="random_normal"),
            layers.Dense(CLASSES, activation="softmax"),
        ]
    )


if __name__ == "__main__":
    write_converted(build)
