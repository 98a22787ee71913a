"""Depthwise convolutions of at least four channels as kernel calls."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.compiler.axes import FilterAxis, filter_axes
from pipeline.compiler.filters import (
    LARGEST_INPUT,
    NN_BLOCK,
    Filters,
    by_channel,
    doubled,
    prove_no_overflow,
    quick_scales,
    scale_fields,
)
from pipeline.compiler.fixedpoint import INT8_MIN
from pipeline.compiler.fuse import Step
from pipeline.compiler.graph import Operator
from pipeline.compiler.layers import (
    Array,
    Layer,
    Struct,
    Value,
    clamp_bounds,
    kernel_layer,
    output_fields,
    plane_fields,
)

_PIECE = 32  # positions, whose sums are kept
_COMPACT_PIECE = 4
_STRIP_BYTES = 1600  # of the input of four channels; or two windows of all channels as int16
_COMPACT_STRIP_BYTES = 600
_THREE = 3


def check_depthwise(operator: Operator) -> None:
    """Raises PipelineError where its shapes do not fit each other."""
    source, weights, output = operator.operand(0), operator.operand(1), operator.output
    multiplier = operator.options.depth_multiplier
    if len(weights.shape) != 4 or weights.shape[0] != 1 or len(source.shape) != 4:
        raise operator.refuse(f"its weights have shape {list(weights.shape)}")
    if not weights.shape[3] == output.shape[-1] == source.shape[-1] * multiplier:
        raise operator.refuse(f"its depth multiplier {multiplier} does not fit its shapes")


def lower_depthwise(step: Step, filters: Filters, macs: int) -> Layer:
    """Of at least four channels."""
    folded = filters.folded(step.operator.operand(0).zero_point)
    prove_no_overflow(step.operator, folded, LARGEST_INPUT)
    return _lower_3x3(step, folded, macs) or _lower_any(step, folded, macs)


@dataclass(frozen=True)
class _Side:
    """One side of the picture, and bytes from one of its positions to the next."""

    axis: FilterAxis
    input_step: int
    output_step: int

    def fields(self) -> dict[str, Value]:
        """An nn_side_t."""
        axis = self.axis
        return {
            "length": axis.length,
            "result": axis.result,
            "stride": axis.stride,
            "padding": axis.padding,
            "input_step": self.input_step,
            "output_step": self.output_step,
        }


def _sides(operator: Operator) -> tuple[_Side, _Side]:
    """Height and width."""
    height, width = filter_axes(operator)
    inputs, outputs = operator.operand(0).shape[-1], operator.output.shape[-1]
    return (
        _Side(height, width.length * inputs, width.result * outputs),
        _Side(width, inputs, outputs),
    )


def _lower_3x3(step: Step, filters: Filters, macs: int) -> Layer | None:
    """None where the filter is another one, or sums cannot be rescaled in few steps."""
    operator = step.operator
    zero_point, sides = operator.output.zero_point, _sides(operator)
    quick = quick_scales(filters, zero_point, clamp_bounds(operator))
    ways = [pair for pair in (sides, sides[::-1]) if pair[1].axis.stride <= 2]
    if quick is None or not ways or not all(_is_three(side.axis) for side in sides):
        return None
    across, along = min(ways, key=_pairs)
    words = -(-along.axis.result // 2) * along.axis.stride + 1
    channels = operator.operand(0).shape[-1]
    strip = _strip(step, across.axis, words)
    fields: dict[str, Value] = {
        "weights": _threes(filters, is_turned=across == sides[1]),
        "bias": doubled(Array("bias", "int32_t", tuple(filters.bias.tolist()))),
        "quick_scales": quick,
        "across": across.fields(),
        "along": along.fields(),
        "channels": channels,
        "multiplier": operator.options.depth_multiplier,
        "zero_point": operator.operand(0).zero_point,
        "is_relu": int(zero_point == INT8_MIN),
        "strip": strip,
        "words": words,
    }
    struct = Struct("nn_depthwise_3x3_t", "layer", fields)
    scratch = NN_BLOCK * words * _rows(across.axis, strip)
    return kernel_layer(step.parts, "nn_depthwise_3x3", (struct,), macs, scratch)


def _is_three(axis: FilterAxis) -> bool:
    return axis.kernel == _THREE and axis.dilation == 1


def _pairs(way: tuple[_Side, _Side]) -> int:
    """Pairs of neighbours, and what a row costs besides."""
    across, along = way
    return across.axis.result * (4 * -(-along.axis.result // 2) + 1)


def _rows(across: FilterAxis, strip: int) -> int:
    """Of the input, for so many rows of outputs."""
    return (strip - 1) * across.stride + _THREE


def _strip(step: Step, across: FilterAxis, words: int) -> int:
    """Rows of outputs that are computed together."""
    window = 4 * _THREE**2 * step.operator.operand(0).shape[-1]
    room = _COMPACT_STRIP_BYTES if step.compact else max(_STRIP_BYTES, window)
    strips = range(across.result, 1, -1)
    fits = (strip for strip in strips if 16 * words * _rows(across, strip) <= room)
    return next(fits, 1)


def _threes(filters: Filters, is_turned: bool) -> Array:
    """Weights `[filter][3 rows][4]`; of a row the first, the second twice, the third."""
    weights = filters.weights.reshape(-1, _THREE, _THREE)
    rows = weights.transpose(0, 2, 1) if is_turned else weights
    return Array("weights", "int8_t", tuple(rows[:, :, [0, 1, 1, 2]].ravel().tolist()))


def _lower_any(step: Step, filters: Filters, macs: int) -> Layer:
    operator = step.operator
    source, zero_point = operator.operand(0), operator.output.zero_point
    channels, taps = source.shape[-1], filters.weights.shape[1]
    height, width = filter_axes(operator)
    filters = filters.in_fours(channels)
    bounds = clamp_bounds(operator)
    quick = quick_scales(filters, zero_point, bounds)
    weights, bias, scales = by_channel(filters if quick is None else filters.doubled())
    piece = min(width.result, _COMPACT_PIECE if step.compact else _PIECE)
    fields: dict[str, Value] = {
        "weights": weights,
        "bias": bias,
        **scale_fields(scales, quick),
        "plane": plane_fields(operator, height, width),
        "multiplier": operator.options.depth_multiplier,
        "piece": piece,
        "output": output_fields(zero_point, bounds),
    }
    struct = Struct("nn_depthwise_conv2d_t", "layer", fields)
    copy = 0 if height.is_inside and width.is_inside else -(-channels * taps // 4)
    scratch = NN_BLOCK * piece + copy
    return kernel_layer(step.parts, "nn_depthwise_conv2d", (struct,), macs, scratch)
