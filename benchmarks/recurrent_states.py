"""How far the state of a recurrent network is from that of Keras: our integers', and TFLite
Micro's on the one-step network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.cells.arithmetic import FixedCell
from pipeline.cells.operators import Recurrence
from pipeline.compiler import compile_network
from pipeline.conversion.golden import to_int8
from pipeline.conversion.step_cells import float_cell, run_all
from pipeline.core.artifacts import Float32, Int8

RECURRENT = ("SimpleRNN", "GRU", "LSTM")
STREAMED, PART = 100_000, 1000
WINDOWS = 60
ONE = 2.0**15  # of an int16 state

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Errors:
    """Mean errors of h. ours, tflms: over windows; first, last: over PART steps of a stream, after
    the first PART and at its end."""

    ours: float
    tflms: float
    first: float
    last: float


def errors_of(keras_file: Path, step: bytes, windows: Float32) -> Errors:
    """windows: float32 [n, T, C], scaled."""
    import keras

    model = keras.models.load_model(keras_file, compile=False)
    cells = [float_cell(layer) for layer in model.layers if type(layer).__name__ in RECURRENT]
    network = compile_network(step, window=windows.shape[1])
    chosen = windows[:WINDOWS]
    inputs = to_int8(chosen, network.quantization)
    exact = run_all(cells, chosen.astype(np.float64))[-1].columns
    ours, tflms = our_states(step, inputs), tflm_states(step, inputs)
    part = windows.reshape(-1, windows.shape[2])[:PART]
    stream = np.tile(part, (STREAMED // PART, 1))[np.newaxis]
    far = run_all(cells, stream.astype(np.float64))[-1].columns[0]
    near = our_states(step, to_int8(stream, network.quantization))[0]
    return Errors(
        ours=float(np.abs(ours - exact).mean()),
        tflms=float(np.abs(tflms - exact).mean()),
        first=float(np.abs(near - far)[PART : 2 * PART].mean()),
        last=float(np.abs(near - far)[-PART:].mean()),
    )


def our_states(step: bytes, inputs: Int8) -> Values:
    """h of the last cell, [n, T, units]; inputs: int8 [n, T, C], each sample a column."""
    values = inputs.astype(np.int64)
    for cell in map(FixedCell.of, _recurrence(step).cells):
        states, found = cell.start(len(values)), []
        for t in range(values.shape[1]):
            states = cell.step(values[:, t], states)
            found.append(states["h"])
        values = np.stack(found, axis=1)
    return values / ONE


def _recurrence(step: bytes) -> Recurrence:
    recurrence = compile_network(step).recurrence
    if recurrence is None:
        raise ValueError("a network without a cell")
    return recurrence


def tflm_states(step: bytes, inputs: Int8) -> Values:
    """The same of TFLite Micro, for a network of one cell."""
    return np.array([[outputs[1] for outputs in _stepped(step, window)] for window in inputs]) / ONE


def tflm_answers(step: bytes, inputs: Int8) -> Int8:
    """int8 [n, K], at the end of each window."""
    return np.array([_stepped(step, window)[-1][0] for window in inputs], np.int8)


def _stepped(step: bytes, window: Int8) -> list[list[NDArray[Any]]]:
    """All outputs after each column: scores, then states. For one cell."""
    from tflite_micro import runtime

    interpreter = runtime.Interpreter.from_bytes(step)
    recurrence = _recurrence(step)
    (cell,) = recurrence.cells
    count = len(cell.kind.states)
    shape = interpreter.get_input_details(0)["shape"]
    states, found = [np.zeros((1, cell.units), np.int16)] * count, []
    for start in range(0, len(window) - recurrence.receptive_field + 1, recurrence.stride):
        interpreter.set_input(window[start : start + recurrence.receptive_field].reshape(shape), 0)
        for number, state in enumerate(states, start=1):
            interpreter.set_input(state, number)
        interpreter.invoke()
        outputs = [interpreter.get_output(number).copy() for number in range(count + 1)]
        states = outputs[1:]
        found.append([output.ravel() for output in outputs])
    return found
