"""The child process of step: main(model, windows, flatbuffer)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from pipeline.conversion.keras_layers import RECURRENT
from pipeline.conversion.quantize_child import int8_flatbuffer
from pipeline.conversion.step import Samples, join_step
from pipeline.conversion.step_cells import Array, float_cell, run_all

MOST_CROPS = 2048  # of calibration data for the layers before and after the cells


def main(model_file: Path, windows_file: Path, flatbuffer_file: Path) -> None:
    """Convert a recurrent network to one step."""
    model = keras.models.load_model(model_file, compile=False)
    flatbuffer_file.write_bytes(step_flatbuffer(model, np.load(windows_file)["windows"]))


def step_flatbuffer(model: Any, windows: Any) -> bytes:
    """The int8 flatbuffer of one step of a Keras model; windows: float32 [n, T, C], scaled."""
    front, recurrent, head = parts_of(model)
    columns, front_file = windows.astype(np.float64), None
    if front:
        columns, front_file = _front(front, windows)
    cells = [float_cell(layer) for layer in recurrent]
    traces = run_all(cells, columns)
    head_file = converted(head, _head_inputs(recurrent[-1], traces[-1].columns))
    source = front_file or Samples(windows.shape[2], *range_of(windows))
    return join_step(source, cells, traces, head_file)


def _head_inputs(last: Any, states: Array) -> Any:
    """The states that the head takes, float32 [n, units], of all states, float [n, T, units]."""
    taken = states if last.return_sequences else states[:, -1:]
    rows = taken.reshape(-1, taken.shape[-1]).astype(np.float32)
    return rows[_some(rows)]


def parts_of(model: Any) -> tuple[list[Any], list[Any], list[Any]]:
    """The layers before the cells, the cells, and the layers after them."""
    layers = [layer for layer in model.layers if type(layer).__name__ not in _WITHOUT_EFFECT]
    places = [index for index, layer in enumerate(layers) if type(layer).__name__ in RECURRENT]
    first, end = places[0], places[-1] + 1
    return layers[:first], layers[first:end], layers[end:]


_WITHOUT_EFFECT = ("InputLayer", "Dropout", "SpatialDropout1D", "GaussianNoise")


def _front(layers: Sequence[Any], windows: Any) -> tuple[Array, bytes]:
    """Columns, float [n, T', F], and the network that makes one of them."""
    receptive_field, stride = 1, 1
    for layer in reversed(layers):
        kernel, step = _window_of(layer)
        receptive_field, stride = (receptive_field - 1) * step + kernel, stride * step
    whole = keras_network(layers, windows.shape[1:], None)
    columns = np.asarray(whole.predict(windows, verbose=0), np.float64)
    starts = range(0, windows.shape[1] - receptive_field + 1, stride)
    crops = np.concatenate([windows[:, start : start + receptive_field] for start in starts])
    return columns, converted(layers, crops[_some(crops)])


def _some(crops: Any) -> Any:
    """Indices of at most MOST_CROPS crops, and of those with the lowest and the highest value.

    So all networks that are calibrated on the crops have the same input scale.
    """
    spread = np.linspace(0, len(crops) - 1, min(MOST_CROPS, len(crops))).astype(np.int64)
    values = crops.reshape(len(crops), -1)
    return np.union1d(spread, [values.min(axis=1).argmin(), values.max(axis=1).argmax()])


def _window_of(layer: Any) -> tuple[int, int]:
    if hasattr(layer, "pool_size"):
        return int(layer.pool_size[0]), int(layer.strides[0])
    if hasattr(layer, "kernel_size"):
        receptive_field = (int(layer.kernel_size[0]) - 1) * int(layer.dilation_rate[0]) + 1
        return receptive_field, int(layer.strides[0])
    return 1, 1


def converted(layers: Sequence[Any], inputs: Any) -> bytes:
    """The int8 flatbuffer of these layers; inputs: calibration data, float32 [n, …]."""
    return int8_flatbuffer(keras_network(layers, inputs.shape[1:], 1), inputs)


def keras_network(layers: Sequence[Any], shape: tuple[int, ...], batch: int | None) -> Any:
    """A new Keras model of these layers with their weights, float32 [batch, *shape] in."""
    samples = keras.Input(batch_shape=(batch, *shape), name="samples")
    value = samples
    for layer in layers:
        copy = type(layer).from_config(layer.get_config())
        value = copy(value)
        copy.set_weights(layer.get_weights())
    return keras.Model(samples, value, name="network")


def range_of(windows: Any) -> tuple[float, int]:
    """Scale and zero point for all values and zero, as TensorFlow chooses them."""
    low, high = min(float(windows.min()), 0.0), max(float(windows.max()), 0.0)
    scale = float(np.float32(max(high - low, 1e-6) / 255))
    return scale, round(np.clip(-128 - low / scale, -128, 127))
