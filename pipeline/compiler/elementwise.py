"""PAD and the functions of one value as kernel calls."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from pipeline.compiler import fixedpoint
from pipeline.compiler.fixedpoint import Scale, clamp, quantize_scale, rescale
from pipeline.compiler.fuse import Step
from pipeline.compiler.graph import ITEM_BYTES, Operator
from pipeline.compiler.hard_swish import hard_swish
from pipeline.compiler.layers import (
    Array,
    Layer,
    Struct,
    Value,
    quantize_float32,
)
from pipeline.compiler.padding import paddings_of

_PAD_AXES = 4  # as in firmware/lib/nn/nn.h
_FUNCTION_INPUT_BITS = 4  # integer bits of the input of logistic and tanh

Function = Callable[[int], int]


def lower_pad(step: Step) -> Layer:
    """The kernel call of a PAD or PADV2."""
    operator = step.operator
    item = ITEM_BYTES[operator.output.dtype]  # the kernel counts bytes
    axes = list(zip(operator.operand(0).shape, paddings_of(operator), strict=True))
    axes.append((item, (0, 0)))
    while len(axes) > 1 and axes[-1][1] == (0, 0):  # what lies together is one run
        inner, _ = axes.pop()
        outer, (before, after) = axes.pop()
        axes.append((outer * inner, (before * inner, after * inner)))
    while len(axes) > _PAD_AXES and axes[0] == (1, (0, 0)):
        del axes[0]
    if len(axes) > _PAD_AXES:
        raise operator.refuse(f"it pads {len(axes)} axes")
    axes = [(1, (0, 0))] * (_PAD_AXES - len(axes)) + axes
    fields: dict[str, Value] = {
        "shape": tuple(size for size, _ in axes),
        "before": tuple(before for _, (before, _) in axes),
        "after": tuple(after for _, (_, after) in axes),
        "value": _pad_value(operator),
    }
    return _layer(operator, "nn_pad", (Struct("nn_pad_t", "layer", fields),))


def _pad_value(operator: Operator) -> int:
    """A PADV2 brings a byte of its own."""
    value = operator.optional(2)
    if value is None:
        return operator.output.zero_point
    if value.dtype != "INT8" or value.data is None or value.elements != 1:
        raise operator.refuse("its value is not one constant of int8")
    return int(np.frombuffer(value.data, np.int8)[0])


def lower_function(step: Step) -> Layer:
    """A function of one int8 is a table of its 256 values."""
    operator = step.operator
    makers = {
        "LOGISTIC": _logistic,
        "TANH": _tanh,
        "RELU": _relu,
        "RELU6": _relu6,
        "LEAKY_RELU": _leaky_relu,
        "HARD_SWISH": hard_swish,
        "ABS": _abs,
        "ELU": _elu,
    }
    function = makers[operator.name](operator)
    return lookup_layer(operator, [function(value) for value in range(-128, 128)])


def lookup_layer(operator: Operator, values: Sequence[int]) -> Layer:
    """A table of a byte's 256 values, from -128 on, as its kernel call."""
    count = operator.output.elements
    if operator.operand(0).elements != count:
        raise operator.refuse("it changes the number of elements")
    return _layer(operator, "nn_lookup", (Array("table", "int8_t", tuple(values)), count))


def lower_copy(step: Step) -> Layer:
    """What is left of a network that changes nothing but the shape."""
    return _layer(step.operator, "nn_copy", (step.operator.output.bytes,))


def _saturating(operator: Operator, function: Callable[[int, int], int], bits: int) -> Function:
    """function(value, integer bits) in Q0.31, rounded to `bits` fraction bits; beyond the range
    of the fixed-point input, the ends of int8."""
    source = operator.operand(0)
    scale = quantize_scale(source.scale * 2 ** (31 - _FUNCTION_INPUT_BITS))
    if not 0 <= scale.shift <= 31:
        raise operator.refuse("its input scale is too small or too large")
    radius = fixedpoint.input_radius(_FUNCTION_INPUT_BITS, scale.shift)

    def value(quantized: int) -> int:
        distance = quantized - source.zero_point
        if abs(distance) >= radius:
            return fixedpoint.INT8_MIN if distance <= -radius else fixedpoint.INT8_MAX
        result = function(rescale(distance, scale), _FUNCTION_INPUT_BITS)
        offset = operator.output.zero_point
        return clamp(fixedpoint.shift_right(result, 31 - bits) + offset)

    return value


def _logistic(operator: Operator) -> Function:
    if operator.output.scale != 1 / 256 or operator.output.zero_point != -128:
        raise operator.refuse("its output is not quantized to 1/256 from -128")
    return _saturating(operator, fixedpoint.logistic_q31, bits=8)


def _tanh(operator: Operator) -> Function:
    if operator.output.scale != 1 / 128 or operator.output.zero_point != 0:
        raise operator.refuse("its output is not quantized to 1/128 around 0")
    return _saturating(operator, fixedpoint.tanh_q31, bits=7)


def _relu(operator: Operator) -> Function:
    source, output = operator.operand(0), operator.output
    scale = require_small(operator, quantize_scale(source.scale / output.scale))
    low = max(fixedpoint.INT8_MIN, output.zero_point)
    return lambda value: clamp(rescale(value - source.zero_point, scale) + output.zero_point, low)


def _relu6(operator: Operator) -> Function:
    """Its output has its input's quantization."""
    source = operator.operand(0)
    six = clamp(source.zero_point + quantize_float32(6.0, source.scale))
    return lambda value: clamp(value, source.zero_point, six)


def _leaky_relu(operator: Operator) -> Function:
    """A slope below zero turns the sign after rounding."""
    source, output = operator.operand(0), operator.output
    slope = source.scale * operator.options.alpha / output.scale
    if not math.isfinite(slope):
        raise operator.refuse(f"its slope is {operator.options.alpha}")
    scale = require_small(operator, quantize_scale(source.scale / output.scale))
    below = require_small(operator, quantize_scale(abs(slope)))
    sign = -1 if slope < 0 else 1

    def value(quantized: int) -> int:
        distance = quantized - source.zero_point
        scaled = rescale(distance, scale) if distance >= 0 else sign * rescale(distance, below)
        return clamp(scaled + output.zero_point)

    return value


def _abs(operator: Operator) -> Function:
    """Where both scales are equal nothing is rescaled."""
    source, output = operator.operand(0), operator.output
    ratio = source.scale / output.scale
    scale = None if ratio == 1 else require_small(operator, quantize_scale(ratio))

    def value(quantized: int) -> int:
        size = abs(quantized - source.zero_point)
        return clamp((size if scale is None else rescale(size, scale)) + output.zero_point)

    return value


def _elu(operator: Operator) -> Function:
    """In single precision."""
    source, output = operator.operand(0), operator.output
    inverse = np.float32(1) / np.float32(output.scale)

    def value(quantized: int) -> int:
        real = np.float32(source.scale) * np.float32(quantized - source.zero_point)
        made = np.exp(real) - np.float32(1) if real < 0 else real
        steps = float(made * inverse)
        if abs(steps) > fixedpoint.INT32_MAX // 2:
            raise operator.refuse("its output scale is too small for its input scale")
        rounded = math.floor(abs(steps) + 0.5) * (1 if steps >= 0 else -1)
        return clamp(rounded + output.zero_point)

    return value


def require_small(operator: Operator, scale: Scale) -> Scale:
    """That values of a byte times the scale stay within int32."""
    if scale.shift > 22:
        raise operator.refuse("its output scale is too small for its input scale")
    return scale


def _layer(operator: Operator, kernel: str, arguments: tuple[Struct | Array | int, ...]) -> Layer:
    inputs = (operator.operand(0),)
    return Layer(operator.layer, (operator.name,), kernel, arguments, inputs, operator.output)
