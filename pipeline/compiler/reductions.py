"""Pools, MEAN and SOFTMAX as kernel calls."""

from __future__ import annotations

import math

from pipeline.compiler import fixedpoint
from pipeline.compiler.axes import averaged, axes_of
from pipeline.compiler.fixedpoint import Scale
from pipeline.compiler.fuse import Step
from pipeline.compiler.graph import Operator, Tensor
from pipeline.compiler.layers import (
    Array,
    Layer,
    Struct,
    Value,
    clamp_bounds,
    kernel_name,
    require_same_quantization,
    size,
)

_SOFTMAX_INPUT_BITS = 5  # integer bits of the scaled difference from the largest input
_MOST_AREA = 2**16 - 1  # of a pool: sums of int16 stay within int32
_SOFTMAX_MAX_CLASSES = 4095  # the sum of exponentials has 12 integer bits


def lower_pool(step: Step) -> Layer:
    """The kernel call of a MAX_POOL_2D or AVERAGE_POOL_2D."""
    operator = step.operator
    kernels = {"MAX_POOL_2D": "nn_max_pool2d", "AVERAGE_POOL_2D": "nn_average_pool2d"}
    height, width = axes_of(operator, operator.options.window)
    require_same_quantization(operator)
    low, high = clamp_bounds(operator)
    fields: dict[str, Value] = {
        "input": size((height.length, width.length)),
        "result": size((height.result, width.result)),
        "window": size((height.kernel, width.kernel)),
        "stride": size((height.stride, width.stride)),
        "padding": size((height.padding, width.padding)),
        "channels": operator.operand(0).shape[3],
        "min": low,
        "max": high,
    }
    if operator.output.shape[3] != operator.operand(0).shape[3]:
        raise operator.refuse("it changes the number of channels")
    if height.kernel * width.kernel > _MOST_AREA:
        raise operator.refuse(f"its window has more than {_MOST_AREA} positions")
    kernel = kernel_name(operator, kernels[operator.name])
    return _one_input(operator, kernel, Struct("nn_pool2d_t", "layer", fields))


def lower_mean(step: Step) -> Layer:
    """The kernel call of a MEAN."""
    kernel = kernel_name(step.operator, "nn_mean")
    return _one_input(step.operator, kernel, mean_struct(step.operator, "layer"))


def lower_reduce(step: Step) -> Layer:
    """The kernel call of a REDUCE_MAX or REDUCE_MIN."""
    operator = step.operator
    source, output = operator.operand(0), operator.output
    if (source.scale, source.zero_point) != (output.scale, output.zero_point):
        raise operator.refuse("its input and output are quantized differently")
    outer, count, inner = averaged(operator)
    fields: dict[str, Value] = {"outer": outer, "count": count, "inner": inner}
    kernels = {"REDUCE_MAX": "nn_reduce_max", "REDUCE_MIN": "nn_reduce_min"}
    return _one_input(operator, kernels[operator.name], Struct("nn_reduce_t", "layer", fields))


def mean_struct(operator: Operator, name: str) -> Struct:
    """An nn_mean_t. 1 / count goes into the multiplier as TensorFlow Lite Micro does it."""
    source, output = operator.operand(0), operator.output
    outer, count, inner = averaged(operator)
    scale = fixedpoint.quantize_scale(source.scale / output.scale)
    shift = min(count.bit_length() - 1, 31 + scale.shift)
    scale = Scale((scale.multiplier << shift) // count, scale.shift - shift)
    largest = count << (15 if operator.is_int16 else 9)
    if largest << max(scale.shift, 0) > fixedpoint.INT32_MAX:
        raise operator.refuse("its sums may overflow 32 bits")
    fields: dict[str, Value] = {
        "outer": outer,
        "count": count,
        "inner": inner,
        "input_zero_point": source.zero_point,
        "scale": scale,
        "output_zero_point": output.zero_point,
    }
    return Struct("nn_mean_t", name, fields)


def lower_softmax(step: Step) -> Layer:
    """The kernel call of a SOFTMAX."""
    operator = step.operator
    source, output = operator.operand(0), operator.output
    is_wide = output.dtype == "INT16"
    if not (_is_wide_share(output) if is_wide else _is_share(output)):
        raise operator.refuse("its output is not quantized to 1/256 from -128")
    if source.shape != output.shape or source.shape[-1] > _SOFTMAX_MAX_CLASSES:
        raise operator.refuse(f"its input has shape {list(source.shape)}")
    exponentials = _exponentials(operator)
    fields: dict[str, Value] = {
        "exponentials": Array("exponentials", "int32_t", exponentials),
        "entries": len(exponentials),
        "rows": source.elements // source.shape[-1],
        "classes": source.shape[-1],
    }
    kernel = "nn_softmax_wide" if is_wide else "nn_softmax"
    return _one_input(operator, kernel, Struct("nn_softmax_t", "layer", fields))


def _is_share(output: Tensor) -> bool:
    return output.scale == 1 / 256 and output.zero_point == fixedpoint.INT8_MIN


def _is_wide_share(output: Tensor) -> bool:
    """As TensorFlow Lite Micro demands: to a thousandth."""
    return abs(output.scale * 65536 - 1) <= 1e-3 and output.zero_point == -(2**15)


def _exponentials(operator: Operator) -> tuple[int, ...]:
    """exp(-distance * beta * scale) in Q0.31 for every distance of two int8, without the zeros
    at the end."""
    factor = operator.options.beta * operator.operand(0).scale * 2 ** (31 - _SOFTMAX_INPUT_BITS)
    if not 1 < factor < math.inf:
        raise operator.refuse("its beta or input scale is too small")
    scale = fixedpoint.quantize_scale(min(factor, float(fixedpoint.INT32_MAX)))
    radius = fixedpoint.input_radius(_SOFTMAX_INPUT_BITS, scale.shift)
    values = []
    for distance in range(min(radius, 255) + 1):
        scaled = fixedpoint.rescale(-distance, scale)
        values.append(fixedpoint.exp_of_negative(scaled, _SOFTMAX_INPUT_BITS))
    while values[-1] == 0:
        values.pop()
    return tuple(values)


def _one_input(operator: Operator, kernel: str, struct: Struct) -> Layer:
    return Layer(
        name=operator.layer,
        operators=(operator.name,),
        kernel=kernel,
        arguments=(struct,),
        inputs=(operator.operand(0),),
        output=operator.output,
    )
