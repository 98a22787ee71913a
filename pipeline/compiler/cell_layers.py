"""Recurrent cells as kernel calls: their integers, laid out for firmware/lib/nn/nn_recurrent.h."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from pipeline.cell_arithmetic import FixedCell, FixedMatrix, Integers
from pipeline.cells import GRU, GRU_RESET_BEFORE, LSTM, SIMPLE_RNN
from pipeline.compiler.filters import NN_BLOCK
from pipeline.compiler.fixedpoint import INT8_MAX, INT8_MIN, quantize_scale
from pipeline.compiler.fuse import Step
from pipeline.compiler.graph import CellStep
from pipeline.compiler.layers import Array, Layer, Struct, Value, kernel_layer, output_fields
from pipeline.errors import PipelineError

_QUAD = 4  # elements of a vector that are multiplied together
_WIDENED = (0, 2, 1, 3)  # how widening an int8 input orders a quad
_KERNELS = {
    SIMPLE_RNN.name: ("nn_simple_rnn", "nn_simple_rnn_t", 1),
    GRU.name: ("nn_gru", "nn_gru_t", 4),
    GRU_RESET_BEFORE.name: ("nn_gru_reset_before", "nn_gru_t", 4),
    LSTM.name: ("nn_lstm", "nn_lstm_t", 4),
}


def lower_cell(step: CellStep) -> Layer:
    """A step of the cell, whose state holds h first. Raises PipelineError, by layer, where its
    integers do not fit."""
    cell = step.cell
    fixed = _fixed(step)
    kernel, c_type, words_a_unit = _KERNELS[cell.kind.name]
    units = _whole(cell.units)
    quads = _whole(cell.inputs) // _QUAD
    inputs = cell.inputs if cell.takes_int8 else 0
    fields: dict[str, Value] = {
        "cell": {
            "input": _matrix("input", fixed.matrices["kernel"], cell.units, cell.takes_int8),
            "bias": Array("bias", "int32_t", _rows(fixed.matrices["kernel"].base, cell.units)),
            "inputs": inputs,
            "units": units,
        },
        **_of_state(fixed),
    }
    states = len(cell.kind.states)
    return Layer(
        name=cell.layer,
        operators=(cell.kind.name,),
        kernel=kernel,
        arguments=(Struct(c_type, "layer", fields),),
        inputs=(step.x,),
        output=step.h,
        macs=sum(matrix.weights.size for matrix in fixed.matrices.values()),
        scratch_words=(2 * quads if inputs else 0) + words_a_unit * units,
        state=cell.layer,
        state_words=states * units // 2,
        writes=False,
    )


def lower_narrow(step: Step) -> Layer:
    """The last cell's state as int8."""
    source, output = step.operator.operand(0), step.operator.output
    fields: dict[str, Value] = {
        "count": source.elements,
        "scale": quantize_scale(source.scale / output.scale),
        "output": output_fields(output.zero_point, (INT8_MIN, INT8_MAX)),
    }
    return kernel_layer(step.parts, "nn_narrow", (Struct("nn_narrow_t", "layer", fields),), 0)


def _fixed(step: CellStep) -> FixedCell:
    try:
        return FixedCell.of(step.cell)
    except ValueError as error:
        raise PipelineError(
            f"The compiler cannot take {step.cell.kind.name} in layer `{step.cell.layer}`: "
            f"{error}.",
            "its weights, or the values it is given, are far larger than is usual",
            "train it again with scaled inputs, fewer epochs or a smaller learning rate",
        ) from None


def _of_state(fixed: FixedCell) -> dict[str, Value]:
    """What the kernel multiplies its state with."""
    units, matrix = fixed.cell.units, fixed.matrices["recurrent"]
    kind = fixed.cell.kind
    if kind is GRU:
        opening, candidate = _cut(matrix, 2 * units)
        return {
            "recurrent": _matrix("recurrent", opening, units),
            "candidate": _matrix("candidate", candidate, units),
            "candidate_bias": Array("candidate_bias", "int32_t", _rows(candidate.base, units)),
        }
    own: dict[str, Value] = {"recurrent": _matrix("recurrent", matrix, units)}
    if kind is GRU_RESET_BEFORE:
        candidate = fixed.matrices["candidate_recurrent"]
        return own | {"candidate": _matrix("candidate", candidate, units)}
    return own | ({"carry_bits": fixed.cell.carry_bits} if kind is LSTM else {})


def _cut(matrix: FixedMatrix, row: int) -> tuple[FixedMatrix, FixedMatrix]:
    parts = (slice(None, row), slice(row, None))
    first, second = (
        FixedMatrix(matrix.weights[part], matrix.shift, matrix.multipliers[part], matrix.base[part])
        for part in parts
    )
    return first, second


def _matrix(
    name: str, matrix: FixedMatrix, units: int, is_widened: bool = False
) -> Mapping[str, Value]:
    """An nn_matrix_t."""
    gates, inputs = len(matrix.base) // units, matrix.weights.shape[1]
    rows, columns = _whole(units), _whole(inputs)
    filled = np.zeros((gates, rows, columns), np.int64)
    filled[:, :units, :inputs] = (matrix.weights << matrix.shift).reshape(gates, units, inputs)
    if is_widened:
        quads = filled.reshape(gates, rows, -1, _QUAD)[..., list(_WIDENED)]
        filled = quads.reshape(filled.shape)
    blocks = filled.reshape(gates * rows // NN_BLOCK, NN_BLOCK, columns // 2, 2)
    weights = blocks.transpose(0, 2, 1, 3)  # [blocks][words][NN_BLOCK][2]
    return {
        "weights": Array(f"{name}_weights", "int16_t", tuple(weights.ravel().tolist())),
        "multipliers": Array(f"{name}_multipliers", "int32_t", _rows(matrix.multipliers, units)),
        "quads": columns // _QUAD,
        "blocks": len(blocks),
    }


def _rows(values: Integers, units: int) -> tuple[int, ...]:
    """A value a row, the rows of each gate filled up."""
    gates = values.reshape(-1, units)
    filled = np.zeros((len(gates), _whole(units)), np.int64)
    filled[:, :units] = gates
    return tuple(filled.ravel().tolist())


def _whole(count: int) -> int:
    return -(-count // _QUAD) * _QUAD
