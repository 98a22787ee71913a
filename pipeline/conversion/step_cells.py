"""Recurrent layers of Keras in float: their weights, and what their tensors hold while they run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.cells.operators import GRU, GRU_RESET_BEFORE, LSTM, SIMPLE_RNN, CellKind

Array = NDArray[np.float64]


@dataclass(frozen=True)
class FloatCell:
    """constants: by their names in pipeline/cells/operators.py; weights are [rows, inputs]."""

    kind: CellKind
    name: str
    units: int
    constants: Mapping[str, Array]


@dataclass(frozen=True)
class Trace:
    """columns: what the cell gave, float [n, T, units]; largest: of every tensor's values, without
    their sign."""

    columns: Array
    largest: Mapping[str, float]


def float_cell(layer: Any) -> FloatCell:
    """Of a SimpleRNN, GRU or LSTM of Keras. Raises ValueError for other layers."""
    kind = _kind_of(layer)
    kernel, recurrent, *bias = (np.asarray(item, np.float64) for item in layer.get_weights())
    rows, units = kernel.shape[1], layer.units
    both = np.atleast_2d(bias[0]) if bias else np.zeros((1, rows))
    from_x, from_h = both[0], both[1] if len(both) > 1 else np.zeros(rows)
    constants = {
        "kernel": kernel.T,
        "bias": from_x,
        "recurrent": recurrent.T,
        "recurrent_bias": from_h,
    }
    if kind is GRU_RESET_BEFORE:
        gates = 2 * units
        constants |= {
            "recurrent": recurrent.T[:gates],
            "recurrent_bias": from_h[:gates],
            "candidate_recurrent": recurrent.T[gates:],
            "candidate_bias": from_h[gates:],
        }
    return FloatCell(kind, layer.name, units, constants)


def _kind_of(layer: Any) -> CellKind:
    match type(layer).__name__:
        case "SimpleRNN":
            return SIMPLE_RNN
        case "GRU":
            return GRU if layer.reset_after else GRU_RESET_BEFORE
        case "LSTM":
            return LSTM
        case other:
            raise ValueError(f"layer `{layer.name}` is a {other}, not a SimpleRNN, GRU or LSTM")


def run_cell(cell: FloatCell, columns: Array) -> Trace:
    """The cell over sequences, float [n, T, inputs], from states of zero."""
    values: dict[str, Array] = dict(cell.constants)
    largest: dict[str, float] = {}
    for state, _ in cell.kind.states:
        values[state] = np.zeros((len(columns), cell.units))
    results = []
    for t in range(columns.shape[1]):
        values["x"] = columns[:, t]
        step(cell, values)
        for name in values.keys() - cell.constants.keys():
            largest[name] = max(largest.get(name, 0.0), float(np.abs(values[name]).max()))
        for state, new in cell.kind.states:
            values[state] = values[new]
        results.append(values["new_h"])
    return Trace(np.stack(results, axis=1), largest)


def step(cell: FloatCell, values: dict[str, Array]) -> None:
    """All operators of the cell once; adds what they give to `values`."""
    for operator in cell.kind.operators:
        inputs = [values[name] for name in operator.inputs]
        results = _split(inputs[0], len(operator.outputs)) if operator.name == "SPLIT" else None
        for index, name in enumerate(operator.outputs):
            values[name] = _FUNCTIONS[operator.name](*inputs) if results is None else results[index]


def _split(value: Array, parts: int) -> list[Array]:
    return list(np.split(value, parts, axis=1))


def _dense(x: Array, weights: Array, bias: Array) -> Array:
    return x @ weights.T + bias


_FUNCTIONS: dict[str, Callable[..., Array]] = {
    "FULLY_CONNECTED": _dense,
    "ADD": np.add,
    "SUB": np.subtract,
    "MUL": np.multiply,
    "TANH": np.tanh,
    "LOGISTIC": lambda value: (1.0 + np.tanh(value / 2)) / 2,
}


def run_all(cells: Iterable[FloatCell], columns: Array) -> list[Trace]:
    """Cells one after the other."""
    traces: list[Trace] = []
    for cell in cells:
        traces.append(run_cell(cell, traces[-1].columns if traces else columns))
    return traces
