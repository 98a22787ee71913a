"""Depthwise-separable Conv1D 16 and 32, each after a filter of 5 a channel: 50,088
multiplications.

Run as a child, as model_a: `python -m benchmarks.model_e FILE.tflite`.
"""

from __future__ import annotations

from typing import Any

from benchmarks.model_a import SEED, write_converted

STEPS, CHANNELS, CLASSES = 128, 6, 4


def build() -> Any:
    """The untrained Keras model."""
    import keras

    keras.utils.set_random_seed(SEED)
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((STEPS, CHANNELS), batch_size=1),
            layers.SeparableConv1D(16, 5, activation="relu"),
            layers.MaxPooling1D(2),
            layers.SeparableConv1D(32, 5, activation="relu", bias_initializer="random_normal"),
            layers.MaxPooling1D(2),
            layers.GlobalAveragePooling1D(),
            layers.Dense(CLASSES, activation="softmax", kernel_initializer="random_normal"),
        ]
    )


if __name__ == "__main__":
    write_converted(build)
