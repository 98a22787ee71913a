"""DEPTHWISE_CONV_2D as a kernel call."""

from __future__ import annotations

from pipeline.compiler.filters import (
    LARGEST_INPUT,
    NN_BLOCK,
    Filters,
    by_channel,
    prove_no_overflow,
    quick_scales,
    scale_fields,
)
from pipeline.compiler.fuse import Step
from pipeline.compiler.graph import Operator
from pipeline.compiler.layers import (
    Layer,
    Struct,
    Value,
    clamp_bounds,
    kernel_layer,
    output_fields,
    plane_fields,
)
from pipeline.compiler.windows import filter_axes

_PIECE = 32  # positions, whose sums are kept
_COMPACT_PIECE = 4


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
    operator = step.operator
    source, zero_point = operator.operand(0), operator.output.zero_point
    channels, taps = source.shape[-1], filters.weights.shape[1]
    height, width = filter_axes(operator)
    filters = filters.folded(source.zero_point).in_fours(channels)
    prove_no_overflow(operator, filters, LARGEST_INPUT)
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
