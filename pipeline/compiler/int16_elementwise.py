"""Functions of one value of int16, and SOFTMAX, as kernel calls."""

from __future__ import annotations

import math

import numpy as np

from pipeline.compiler.ends import RANGES
from pipeline.compiler.fixedpoint import Scale, quantize_scale
from pipeline.compiler.fuse import Step
from pipeline.compiler.graph import Operator
from pipeline.compiler.layers import (
    Layer,
    Struct,
    Value,
    kernel_layer,
    output_fields,
    quantize_float32,
)

HIGH = RANGES["INT16"][1]
_STEP = 2.0**-15  # of LOGISTIC, TANH and SOFTMAX
_NEAR = 1e-3  # how near to a power of two a scale must be, in its logarithm
_SIGMOID_STEPS = 3 * 4096.0  # of 1
_MOST_CLASSES = 2**16 - 1  # whose sum stays within int32


def lower_relu(step: Step) -> Layer:
    """The kernel call of a RELU."""
    operator = step.operator
    return _clamped(operator, _ratio(operator), (0, HIGH))


def lower_relu6(step: Step) -> Layer:
    """The kernel call of a RELU6, whose output has its input's quantization."""
    operator = step.operator
    six = min(quantize_float32(6.0, operator.operand(0).scale), HIGH)
    return _clamped(operator, 1.0, (0, six))


def lower_leaky_relu(step: Step) -> Layer:
    """The kernel call of a LEAKY_RELU. A slope below zero turns the sign after rounding."""
    operator = step.operator
    source, output, alpha = operator.operand(0), operator.output, operator.options.alpha
    slope = source.scale * alpha / output.scale
    if not math.isfinite(slope):
        raise operator.refuse(f"its slope is {alpha}")
    below = _small(operator, abs(slope))
    return _sloped(operator, "nn_leaky_relu_int16", below, turned=int(slope < 0))


def lower_abs(step: Step) -> Layer:
    """The kernel call of an ABS."""
    return _sloped(step.operator, "nn_abs_int16", Scale(0, 0))


def lower_logistic(step: Step) -> Layer:
    """The kernel call of a LOGISTIC."""
    return _sigmoid(step.operator, "nn_logistic_int16", plain_shifts=(0,))


def lower_tanh(step: Step) -> Layer:
    """The kernel call of a TANH."""
    return _sigmoid(step.operator, "nn_tanh_int16", plain_shifts=(0, 1))


def lower_softmax(step: Step) -> Layer:
    """The kernel call of a SOFTMAX."""
    operator = step.operator
    source, output = operator.operand(0), operator.output
    if abs(output.scale / _STEP - 1) > 1e-3:
        raise operator.refuse("its output is not quantized to 1/32768")
    if source.shape != output.shape or source.shape[-1] > _MOST_CLASSES:
        raise operator.refuse(f"its input has shape {list(source.shape)}")
    factor = source.scale * operator.options.beta / (10.0 / 65535.0)
    if not 0 < factor < 2**14:
        raise operator.refuse("its beta or input scale is too large or too small")
    fields: dict[str, Value] = {
        "scale": quantize_scale(factor),
        "rows": source.elements // source.shape[-1],
        "classes": source.shape[-1],
    }
    struct = Struct("nn_softmax_int16_t", "layer", fields)
    return kernel_layer((operator,), "nn_softmax_int16", (struct,), 0)


def _ratio(operator: Operator) -> float:
    return operator.operand(0).scale / operator.output.scale


def _small(operator: Operator, factor: float) -> Scale:
    """That values of int16 times the scale stay within int32."""
    scale = quantize_scale(factor)
    if scale.shift > 14:
        raise operator.refuse("its output scale is too small for its input scale")
    return scale


def _count(operator: Operator) -> int:
    if operator.operand(0).elements != operator.output.elements:
        raise operator.refuse("it changes the number of elements")
    return operator.output.elements


def _clamped(operator: Operator, factor: float, bounds: tuple[int, int]) -> Layer:
    """What is rescaled and cut is quantized again."""
    fields: dict[str, Value] = {
        "count": _count(operator),
        "input_bytes": 2,
        "output_bytes": 2,
        "input_zero_point": 0,
        "scale": _small(operator, factor),
        "output": output_fields(0, bounds),
    }
    return kernel_layer((operator,), "nn_quantize", (Struct("nn_quantize_t", "layer", fields),), 0)


def _sloped(operator: Operator, kernel: str, below: Scale, turned: int = 0) -> Layer:
    fields: dict[str, Value] = {
        "count": _count(operator),
        "scale": _small(operator, _ratio(operator)),
        "scale_below": below,
        "turned": turned,
    }
    return kernel_layer((operator,), kernel, (Struct("nn_slopes_int16_t", "layer", fields),), 0)


def _sigmoid(operator: Operator, kernel: str, plain_shifts: tuple[int, ...]) -> Layer:
    """plain_shifts: of the input, as a power of two, to steps of 2^-12."""
    if _power_of_two(operator.output.scale) != -15:
        raise operator.refuse("its output is not quantized to 1/32768")
    multiplier, shift = _steps(operator, plain_shifts)
    fields: dict[str, Value] = {
        "count": _count(operator),
        "multiplier": multiplier,
        "shift": shift,
    }
    return kernel_layer((operator,), kernel, (Struct("nn_sigmoid_int16_t", "layer", fields),), 0)


def _steps(operator: Operator, plain_shifts: tuple[int, ...]) -> tuple[int, int]:
    """From the input to the steps of the table, as TensorFlow Lite Micro finds multiplier and
    shift."""
    power = _power_of_two(operator.operand(0).scale)
    if power is not None and power + 12 in plain_shifts:
        return 3 << (power + 12), 0
    factor, shift = operator.operand(0).scale * _SIGMOID_STEPS, 0
    while factor <= HIGH / 2 and shift <= 30:
        factor, shift = 2 * factor, shift + 1
    if factor >= HIGH + 1 or shift > 30:
        raise operator.refuse("its input scale is too large or too small")
    return int(factor), shift


def _power_of_two(scale: float) -> int | None:
    """The exponent, in single precision; None of any other number."""
    exponent = np.log(np.float32(scale)) * (np.float32(1) / np.log(np.float32(2)))
    rounded = np.rint(exponent)
    return int(rounded) if abs(exponent - rounded) < _NEAR else None
