"""An LSTM of 16 units on 32 samples, Dense 4, as one step; as model_a:
`python -m benchmarks.model_d FILE.tflite`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from benchmarks.model_a import SEED

STEPS, CHANNELS, UNITS, CLASSES = 32, 6, 16, 4


def main(flatbuffer: Path) -> None:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    from benchmarks.model_zoo import step_of

    keras.utils.set_random_seed(SEED)
    layers = keras.layers
    samples = keras.Input((STEPS, CHANNELS))
    stack = [samples, layers.LSTM(UNITS), layers.Dense(CLASSES, activation="softmax")]
    flatbuffer.write_bytes(step_of(keras.Sequential(stack)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
