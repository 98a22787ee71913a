"""Recurrent cells as kernel calls: their integers, laid out for firmware/lib/nn/nn_recurrent.h."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from pipeline.cells.arithmetic import FixedCell, FixedMatrix, Integers
from pipeline.cells.operators import GRU, GRU_RESET_BEFORE, LSTM, SIMPLE_RNN
from pipeline.compiler.filters import NN_BLOCK
from pipeline.compiler.graph import CellStep
from pipeline.compiler.layers import Array, Layer, Struct, Value
from pipeline.core.errors import PipelineError

_QUAD = 4  # elements of a vector that are multiplied together
_WIDENED = (0, 2, 1, 3)  # how widening an int8 input orders a quad
_KERNELS = {
    SIMPLE_RNN.name: ("nn_simple_rnn", "nn_cell_t"),
    GRU.name: ("nn_gru", "nn_gru_t"),
    GRU_RESET_BEFORE.name: ("nn_gru_reset_before", "nn_gru_t"),
    LSTM.name: ("nn_lstm", "nn_lstm_t"),
}

CELL_KERNELS = tuple(
    f"{kernel}{variant}" for kernel, _ in _KERNELS.values() for variant in ("", "_compact")
)


def lower_cell(step: CellStep, compact: bool) -> Layer:
    """A step of the cell, whose state holds h first; compact: with a byte a weight. Raises
    PipelineError, by layer, where its integers do not fit."""
    cell = step.cell
    fixed = _fixed(step)
    kernel, c_type = _KERNELS[cell.kind.name]
    units = _whole(cell.units)
    widened_words = _whole(cell.inputs) // 2 if cell.takes_int8 else 0
    return Layer(
        name=cell.layer,
        operators=(cell.kind.name,),
        kernel=f"{kernel}_compact" if compact else kernel,
        arguments=(Struct(c_type, "layer", _fields(fixed, compact)),),
        inputs=(step.x,),
        output=step.h,
        macs=sum(matrix.weights.size for matrix in fixed.matrices.values()),
        scratch_words=widened_words + cell.kind.gates * units,
        state=cell.layer,
        state_words=len(cell.kind.states) * units // 2,
        writes=False,
    )


def _fixed(step: CellStep) -> FixedCell:
    try:
        return FixedCell.of(step.cell)
    except ValueError as error:
        raise PipelineError(
            f"The compiler cannot take {step.cell.kind.name} in layer `{step.cell.layer}`: "
            f"{error}.",
            "possibly its weights or its inputs are far larger than is usual",
            "train it again with scaled inputs, fewer epochs or a smaller learning rate",
        ) from None


def _fields(fixed: FixedCell, compact: bool) -> dict[str, Value]:
    layout = _Layout(fixed.cell.units, compact)
    kind, units, wide = fixed.cell.kind, fixed.cell.units, fixed.cell.takes_int8
    kernel, recurrent = fixed.matrices["kernel"], fixed.matrices["recurrent"]
    if kind is SIMPLE_RNN:
        return _cell(fixed, kernel, recurrent, layout)
    if kind is LSTM:
        cell = _cell(fixed, kernel, recurrent, layout)
        return {"cell": cell, "carry_bits": fixed.cell.carry_bits}
    opening, candidate = _cut(kernel, 2 * units)
    opening_recurrent, of_reset = _cut(recurrent, 2 * units)
    if kind is GRU_RESET_BEFORE:
        of_reset = fixed.matrices["candidate_recurrent"]
    fields: dict[str, Value] = {
        "cell": _cell(fixed, opening, opening_recurrent, layout),
        "candidate_input": layout.matrix("candidate", candidate, wide),
        "candidate_recurrent": layout.matrix("candidate_recurrent", of_reset),
        "candidate_bias": Array("candidate_bias", "int32_t", layout.rows(candidate.base)),
    }
    if kind is GRU:
        fields["reset_bias"] = Array("reset_bias", "int32_t", layout.rows(of_reset.base))
    return fields


def _cell(
    fixed: FixedCell, kernel: FixedMatrix, recurrent: FixedMatrix, layout: _Layout
) -> dict[str, Value]:
    cell = fixed.cell
    return {
        "input": layout.matrix("input", kernel, cell.takes_int8),
        "recurrent": layout.matrix("recurrent", recurrent),
        "bias": Array("bias", "int32_t", layout.rows(kernel.base)),
        "inputs": cell.inputs if cell.takes_int8 else 0,
        "units": _whole(cell.units),
    }


def _cut(matrix: FixedMatrix, row: int) -> tuple[FixedMatrix, FixedMatrix]:
    parts = (slice(None, row), slice(row, None))
    first, second = (
        FixedMatrix(matrix.weights[part], matrix.shift, matrix.multipliers[part], matrix.base[part])
        for part in parts
    )
    return first, second


@dataclass(frozen=True)
class _Layout:
    """units: of the cell; each gate has as many rows, and is filled up."""

    units: int
    compact: bool

    def matrix(
        self, name: str, matrix: FixedMatrix, is_widened: bool = False
    ) -> Mapping[str, Value]:
        """An nn_matrix_t; is_widened: of an int8 input."""
        gates, inputs = len(matrix.base) // self.units, matrix.weights.shape[1]
        rows, columns = _whole(self.units), _whole(inputs)
        filled = np.zeros((gates, rows, columns), np.int64)
        filled[:, : self.units, :inputs] = matrix.weights.reshape(gates, self.units, inputs)
        quads = filled.reshape(gates * rows // NN_BLOCK, NN_BLOCK, columns // _QUAD, _QUAD)
        if is_widened:
            quads = quads[..., list(_WIDENED)]
        weights = _bytes(quads) if self.compact else _words(quads << matrix.shift)
        kind = "int8_t" if self.compact else "int16_t"
        return {
            "weights": Array(f"{name}_weights", kind, tuple(weights.ravel().tolist())),
            "multipliers": Array(f"{name}_multipliers", "int32_t", self.rows(matrix.multipliers)),
            "quads": columns // _QUAD,
            "blocks": len(quads),
            "shift": matrix.shift if self.compact else 0,
        }

    def rows(self, values: Integers) -> tuple[int, ...]:
        """A value a row."""
        gates = values.reshape(-1, self.units)
        filled = np.zeros((len(gates), _whole(self.units)), np.int64)
        filled[:, : self.units] = gates
        return tuple(filled.ravel().tolist())


def _words(quads: Integers) -> Integers:
    """[blocks, NN_BLOCK, quads, 4] as int16 [blocks][words][NN_BLOCK][2]."""
    return quads.reshape(len(quads), NN_BLOCK, -1, 2).transpose(0, 2, 1, 3)


def _bytes(quads: Integers) -> Integers:
    """The same as int8 [blocks][quads][NN_BLOCK][4]: SXTB16 takes the first and third of a word."""
    return quads[..., [0, 2, 1, 3]].transpose(0, 2, 1, 3)


def _whole(count: int) -> int:
    return -(-count // _QUAD) * _QUAD
