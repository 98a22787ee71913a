"""Functions of two values as kernel calls: ADD, SUB, MUL, MAXIMUM, MINIMUM and PRELU.

Where one operand is smaller it is repeated; broadcast.py sees to it that this is enough.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from pipeline.compiler.fixedpoint import INT32_MAX, Scale, quantize_scale
from pipeline.compiler.fuse import Step
from pipeline.compiler.graph import Operator, Tensor
from pipeline.compiler.layers import (
    C_INTEGERS,
    Array,
    Layer,
    Operand,
    Struct,
    Value,
    clamp_bounds,
    kernel_name,
    output_fields,
)

# As in firmware/lib/nn/nn_add.c and nn_elementwise_int16.c.
_HEADROOM_BITS = {"INT8": 20, "INT16": 15}
_LARGEST = {"INT8": 255, "INT16": 2**15}  # of values, less their zero points
_LARGEST_SLOPE = 255


def lower_add(step: Step) -> Layer:
    """The kernel call of an ADD."""
    return _sum(step.operator, "nn_add")


def lower_sub(step: Step) -> Layer:
    """The kernel call of a SUB."""
    return _sum(step.operator, "nn_sub")


def _sum(operator: Operator, kernel: str) -> Layer:
    """Both operands are brought to fine steps in common, and from there to the output."""
    a, b, output = _tensors(operator)
    twice_largest = 2 * max(a.scale, b.scale)
    fine_steps = 1 << _HEADROOM_BITS[a.dtype]
    factor = twice_largest / (fine_steps * output.scale)
    if not 0 < factor < 0.5:
        raise operator.refuse("its output scale is too small")
    fields: dict[str, Value] = {
        "zero_point_a": a.zero_point,
        "zero_point_b": b.zero_point,
        "scale_a": quantize_scale(a.scale / twice_largest),
        "scale_b": quantize_scale(b.scale / twice_largest),
        "scale": quantize_scale(factor),
        "output": output_fields(output.zero_point, clamp_bounds(operator)),
    }
    return _layer(operator, kernel, "nn_add_t", fields)


def lower_mul(step: Step) -> Layer:
    """The kernel call of a MUL."""
    operator = step.operator
    a, b, output = _tensors(operator)
    fields: dict[str, Value] = {
        "zero_point_a": a.zero_point,
        "zero_point_b": b.zero_point,
        "scale": _scale_up_to(_largest(a) * _largest(b), operator, a.scale * b.scale),
        "output": output_fields(output.zero_point, clamp_bounds(operator)),
    }
    return _layer(operator, "nn_mul", "nn_mul_t", fields)


def lower_prelu(step: Step) -> Layer:
    """The kernel call of a PRELU; b: its slopes."""
    operator = step.operator
    a, b, output = _tensors(operator)
    fields: dict[str, Value] = {
        "zero_point_a": a.zero_point,
        "zero_point_b": b.zero_point,
        "scale": _scale_up_to(_largest(a), operator, a.scale),
        "scale_below": _scale_up_to(_largest(a) * _LARGEST_SLOPE, operator, a.scale * b.scale),
        "output": output_fields(output.zero_point, clamp_bounds(operator)),
    }
    return _layer(operator, "nn_prelu", "nn_prelu_t", fields)


def lower_extreme(step: Step) -> Layer:
    """The kernel call of a MAXIMUM or MINIMUM, which compares bytes as they are."""
    kernel = {"MAXIMUM": "nn_maximum", "MINIMUM": "nn_minimum"}[step.operator.name]
    return _layer(step.operator, kernel, "nn_extreme_t", {})


def _tensors(operator: Operator) -> tuple[Tensor, Tensor, Tensor]:
    return operator.operand(0), operator.operand(1), operator.output


def _largest(tensor: Tensor) -> int:
    return _LARGEST[tensor.dtype]


def _scale_up_to(largest: int, operator: Operator, scale_of_product: float) -> Scale:
    """To the output, from what is at most so large."""
    scale = quantize_scale(scale_of_product / operator.output.scale)
    if (largest << max(scale.shift, 0)) + 2**15 > INT32_MAX:
        raise operator.refuse("its output scale is too small for its input scales")
    return scale


def _layer(operator: Operator, kernel: str, c_type: str, fields: Mapping[str, Value]) -> Layer:
    a, b, output = _tensors(operator)
    periods = (period_of(operator, a), period_of(operator, b))
    if output.elements != max(periods):
        raise operator.refuse(f"its output {list(output.shape)} is larger than its inputs")
    counts: dict[str, Value] = {
        "count": output.elements,
        "count_a": periods[0],
        "count_b": periods[1],
    }
    struct = Struct(c_type, "layer", {**counts, **fields})
    inputs = (operand_of("a", a), operand_of("b", b))
    kernel = kernel_name(operator, kernel)
    return Layer(operator.layer, (operator.name,), kernel, (struct,), inputs, output)


def operand_of(name: str, tensor: Tensor) -> Operand:
    """An activation, or the array of a constant."""
    if tensor.data is None:
        return tensor
    c_type = C_INTEGERS.get(tensor.dtype, "int8_t")
    values = np.frombuffer(tensor.data, c_type.removesuffix("_t"))
    return Array(name, c_type, tuple(values.tolist()))


def period_of(operator: Operator, operand: Tensor) -> int:
    """After how many elements an operand repeats when it is stretched to the output."""
    shape = operand.shape
    while shape and shape[0] == 1:
        shape = shape[1:]
    output = operator.output.shape
    if shape != output[len(output) - len(shape) :]:
        raise operator.refuse(f"{list(operand.shape)} cannot be repeated to {list(output)}")
    return math.prod(shape)
