"""UNIDIRECTIONAL_SEQUENCE_LSTM as a kernel call: int8 with cells of int16, a batch of one.

As in TensorFlow Lite Micro, what it remembers is kept from one run to the next.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from pipeline.compiler.fixedpoint import INT8_MAX, INT8_MIN, INT32_MAX, Scale, quantize_scale
from pipeline.compiler.fuse import Step
from pipeline.compiler.graph import Operator, Tensor
from pipeline.compiler.layers import Array, Layer, Struct, Value, output_fields

HIDDEN, CELL = 18, 19  # its operands that are states
_GATES = 4  # input, forget, cell and output, as the file lists them
_INPUT_WEIGHTS, _RECURRENT_WEIGHTS, _BIASES = 1, 5, 12  # its first operand of each
_UNUSED = (*range(9, 12), 16, 17, *range(20, 24))  # peepholes, a projection, normalization
_GATE_SCALE, _ACTIVATION_SCALE = 2.0**-12, 2.0**-15
_INT16_MAX = 2**15 - 1


def lower_sequence_lstm(step: Step) -> Layer:
    """The kernel call of a UNIDIRECTIONAL_SEQUENCE_LSTM."""
    operator = step.operator
    _check(operator)
    source, output, hidden = operator.operand(0), operator.output, operator.operand(HIDDEN)
    inputs, units = source.shape[-1], output.shape[-1]
    kernels = _matrices(operator, _INPUT_WEIGHTS, (units, inputs))
    recurrent = _matrices(operator, _RECURRENT_WEIGHTS, (units, units))
    bias = _biases(operator, units) - source.zero_point * kernels.sum(axis=2)
    input_scales = _gate_scales(operator, _INPUT_WEIGHTS, source)
    recurrent_scales = _gate_scales(operator, _RECURRENT_WEIGHTS, hidden)
    _prove(operator, np.abs(kernels).sum(axis=2) * 255 + np.abs(bias), input_scales)
    _prove(operator, np.abs(recurrent).sum(axis=2) * 255, recurrent_scales)
    fields: dict[str, Value] = {
        "input_weights": _array("input_weights", "int8_t", kernels),
        "recurrent_weights": _array("recurrent_weights", "int8_t", recurrent),
        "bias": _array("bias", "int32_t", bias),
        "input_scales": input_scales,
        "recurrent_scales": recurrent_scales,
        "steps": source.elements // inputs,
        "inputs": inputs,
        "units": units,
        **_cell_fields(operator),
        "output": output_fields(hidden.zero_point, (INT8_MIN, INT8_MAX)),
    }
    return Layer(
        name=operator.layer,
        operators=(operator.name,),
        kernel="nn_sequence_lstm",
        arguments=(Struct("nn_sequence_lstm_t", "layer", fields),),
        inputs=(source,),
        output=output,
        macs=source.elements // inputs * (kernels.size + recurrent.size),
        state=operator.layer,
        state_words=units,
    )


def _array(name: str, c_type: str, values: NDArray[np.int64]) -> Array:
    return Array(name, c_type, tuple(values.ravel().tolist()))


def _check(operator: Operator) -> None:
    source, output = operator.operand(0), operator.output
    if any(operator.optional(number) is not None for number in _UNUSED):
        raise operator.refuse("it has peepholes, a projection or a normalization")
    if operator.options.activation != "TANH":
        raise operator.refuse(f"its activation is {operator.options.activation}, not TANH")
    if len(source.shape) != 3 or len(output.shape) != 3 or source.shape[:2] != output.shape[:2]:
        raise operator.refuse(f"it makes {list(output.shape)} of {list(source.shape)}")
    if source.shape[operator.options.axis] != 1:
        raise operator.refuse("its batch is not 1")
    for number, dtype in ((HIDDEN, "INT8"), (CELL, "INT16")):
        state = operator.operand(number)
        if state.dtype != dtype or state.elements != output.shape[-1] or not _has_scale(state):
            raise operator.refuse(f"its state {number} is {state.dtype} {list(state.shape)}")


def _has_scale(tensor: Tensor) -> bool:
    one = len(tensor.scales) == len(tensor.zero_points) == 1
    return one and 1e-30 < tensor.scale < 1e30 and -128 <= tensor.zero_point <= 127


def _matrices(operator: Operator, first: int, shape: tuple[int, int]) -> NDArray[np.int64]:
    """int64 [units, gates, columns]."""
    found = []
    for number in range(first, first + _GATES):
        tensor = operator.operand(number)
        sound = tensor.data is not None and _has_scale(tensor) and tensor.zero_points == (0,)
        if (tensor.dtype, tensor.shape) != ("INT8", shape) or not sound:
            raise operator.refuse(f"its weights {number} are no constant INT8 {list(shape)}")
        found.append(np.frombuffer(tensor.data or b"", np.int8).reshape(shape).astype(np.int64))
    return np.stack(found, axis=1)


def _biases(operator: Operator, units: int) -> NDArray[np.int64]:
    """int64 [units, gates]."""
    found = []
    for number in range(_BIASES, _BIASES + _GATES):
        tensor = operator.operand(number)
        if tensor.data is None or (tensor.dtype, tensor.elements) != ("INT32", units):
            raise operator.refuse(f"its bias {number} is no constant INT32, one a unit")
        found.append(np.frombuffer(tensor.data, "<i4").astype(np.int64))
    return np.stack(found, axis=1)


def _gate_scales(operator: Operator, first: int, source: Tensor) -> tuple[Scale, ...]:
    """The product of two scales in single precision, as TensorFlow Lite Micro has it."""
    scales = [operator.operand(number).scale for number in range(first, first + _GATES)]
    products = [float(np.float32(source.scale) * np.float32(scale)) for scale in scales]
    return tuple(quantize_scale(product / _GATE_SCALE) for product in products)


def _prove(operator: Operator, largest: NDArray[np.int64], scales: tuple[Scale, ...]) -> None:
    """largest: what sums come to, int64 [units, gates]."""
    shifts = np.array([max(scale.shift, 0) for scale in scales])
    if int((largest << shifts).max()) > INT32_MAX:
        raise operator.refuse("its sums may overflow 32 bits")


def _cell_fields(operator: Operator) -> dict[str, Value]:
    """What becomes of the gates."""
    cell, hidden = operator.operand(CELL), operator.operand(HIDDEN)
    power = round(math.log2(cell.scale))
    product = _ACTIVATION_SCALE * _ACTIVATION_SCALE
    scales = {
        "keep_scale": quantize_scale(_ACTIVATION_SCALE * cell.scale / cell.scale),
        "add_scale": quantize_scale(product / cell.scale),
        "show_scale": quantize_scale(product / hidden.scale),
    }
    left = power + 12  # a cell that is in steps of 2^-12 needs no shift
    if cell.scale != 2.0**power or not -15 <= left <= 13 or cell.zero_point:
        raise operator.refuse(f"the scale of its cells is {cell.scale}")
    if any(scale.shift > 0 for scale in scales.values()):
        raise operator.refuse("the scale of its output is too small")
    lowest, highest = _cell_range(operator.options.clip, cell.scale)
    return {
        "lowest_cell": lowest,
        "highest_cell": highest,
        **scales,
        "squash_factor": 3 << max(left, 0),
        "squash_shift": max(-left, 0),
    }


def _cell_range(clip: float, scale: float) -> tuple[int, int]:
    """clip: the largest cell, all of int16 where it is 0."""
    if not clip > 0:
        return -_INT16_MAX - 1, _INT16_MAX
    largest = int(min(clip / scale, float(_INT16_MAX)))
    return -largest, largest
