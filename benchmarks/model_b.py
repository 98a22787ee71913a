"""The magic-wand network of TensorFlow Lite Micro's example: 62,016 multiplications.

Run as a child, as model_a: `python -m benchmarks.model_b FILE.tflite`.
"""

from __future__ import annotations

from typing import Any

from benchmarks.model_a import SEED, write_converted

STEPS, CHANNELS, CLASSES = 128, 3, 4


def build() -> Any:
    """The untrained Keras model."""
    import keras

    keras.utils.set_random_seed(SEED)
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((STEPS, CHANNELS, 1), batch_size=1),
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
    )


if __name__ == "__main__":
    write_converted(build)
