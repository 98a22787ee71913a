"""Recurrent networks of Keras as one step, and what Keras says; in a process as keras_models.py."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

WINDOW, CHANNELS = 40, 6


def simple_rnn(layers):
    yield layers.SimpleRNN(10, name="first")


def gru_reset_before(layers):
    yield layers.GRU(11, reset_after=False, name="first")


def lstm(layers):
    yield layers.LSTM(16, name="first")


def without_bias(layers):
    yield layers.GRU(9, use_bias=False, return_sequences=True, name="first")
    yield layers.LSTM(8, use_bias=False, name="second")


def stacked(layers):
    yield layers.LSTM(12, return_sequences=True, name="first")
    yield layers.GRU(7, return_sequences=True, name="second")
    yield layers.SimpleRNN(5, name="third")
    yield layers.Dropout(0.3)
    yield layers.Dense(9, activation="relu", name="hidden")


def downsampled(layers):
    yield layers.AveragePooling1D(4, name="downsample")
    yield layers.GRU(12, name="first")


def convolved(layers):
    yield layers.Conv1D(8, 5, activation="relu", name="conv1")
    yield layers.MaxPooling1D(2, name="pool1")
    yield layers.SeparableConv1D(6, 3, activation="relu", name="conv2")
    yield layers.MaxPooling1D(2, name="pool2")
    yield layers.GRU(8, name="first")


def stacked_lstm(layers):
    yield layers.AveragePooling1D(4, name="downsample")
    yield layers.LSTM(12, return_sequences=True, name="first")
    yield layers.LSTM(9, use_bias=False, name="second")


def convolved_lstm(layers):
    yield layers.Conv1D(8, 5, activation="relu", name="conv1")
    yield layers.MaxPooling1D(2, name="pool1")
    yield layers.LSTM(9, name="first")
    yield layers.Dense(9, activation="relu", name="hidden")


STACKS = (
    *(simple_rnn, gru_reset_before, lstm, without_bias, stacked, downsampled, convolved),
    *(stacked_lstm, convolved_lstm),
)
NAMES = tuple(stack.__name__ for stack in STACKS)
OF_LSTMS = ("lstm", "stacked_lstm", "convolved_lstm")


def windows() -> np.ndarray:
    """Motions that rise and fall: float32 [n, WINDOW, CHANNELS]."""
    noise = np.random.default_rng(4).normal(0, 0.4, (120, WINDOW, CHANNELS))
    return np.tanh(noise.cumsum(axis=1)).astype(np.float32) * 2


def main(folder: Path) -> None:
    import keras

    from pipeline.conversion import sequence_child
    from pipeline.conversion.step_child import step_flatbuffer

    inputs = windows()
    for stack in STACKS:
        keras.utils.set_random_seed(7)
        layers = keras.layers
        scores = layers.Dense(4, activation="softmax", name="scores")
        model = keras.Sequential(
            [keras.Input((WINDOW, CHANNELS)), *stack(layers), scores], name="motion"
        )
        for variable in model.weights:
            if "bias" in variable.path:
                variable.assign(np.random.default_rng(1).normal(0, 0.3, variable.shape))
        if stack is lstm:  # one that remembers the window before, where it is not reset
            first = model.get_layer("first")
            first.cell.bias.assign(first.cell.bias + np.repeat([0, 2, 0, 0], first.units))
        scores.kernel.assign(3 * scores.kernel)
        file = folder / f"{stack.__name__}.tflite"
        file.write_bytes(step_flatbuffer(model, inputs))
        np.save(file.with_suffix(".npy"), np.asarray(model(inputs)))
        if stack.__name__ in OF_LSTMS:
            sequence = sequence_child.sequence_flatbuffer(model, inputs)
            file.with_suffix(".sequence").write_bytes(sequence)
