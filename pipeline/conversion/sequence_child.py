"""The child process of sequence: main(model, windows, flatbuffer)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np

from pipeline.conversion.sequence_file import SequenceFile
from pipeline.conversion.step_cells import float_cell, run_all
from pipeline.conversion.step_child import converted, keras_network, parts_of, range_of


def main(model_file: Path, windows_file: Path, flatbuffer_file: Path) -> None:
    """Convert a network of LSTMs over its whole window."""
    model = keras.models.load_model(model_file, compile=False)
    flatbuffer_file.write_bytes(sequence_flatbuffer(model, np.load(windows_file)["windows"]))


def sequence_flatbuffer(model: Any, windows: Any) -> bytes:
    """The int8 flatbuffer of a Keras model of LSTMs; windows: float32 [n, T, C], scaled."""
    front, recurrent, head = parts_of(model)
    file, columns = SequenceFile(), windows
    if front:
        columns = keras_network(front, windows.shape[1:], None).predict(windows, verbose=0)
        samples, sequence = file.add_network(converted(front, windows), None)
    else:
        samples = sequence = file.add_samples((1, *windows.shape[1:]), *range_of(windows))
    cells = [float_cell(layer) for layer in recurrent]
    traces = run_all(cells, columns.astype(np.float64))
    for cell, trace in zip(cells, traces, strict=True):
        sequence = file.add_lstm(cell, trace, sequence)
    head_file = converted(head, traces[-1].columns[:, -1].astype(np.float32))
    scores = file.add_head(head_file, file.add_last(sequence))
    return file.write({"x": samples}, {"y": scores})
