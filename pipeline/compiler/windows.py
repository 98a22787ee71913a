"""A convolution whose windows are widened a pair at a time: nn_conv2d or nn_conv2d_wide."""

from __future__ import annotations

from dataclasses import replace

from pipeline.compiler.axes import FilterAxis, filter_axes
from pipeline.compiler.filters import (
    LARGEST_INPUT,
    NN_BLOCK,
    Filters,
    can_pair,
    pair_windows,
    prove_no_overflow,
    settled,
    short_scales,
    widen_windows,
)
from pipeline.compiler.fixedpoint import INT8_RANGE
from pipeline.compiler.fuse import Step
from pipeline.compiler.layers import (
    Layer,
    Struct,
    Value,
    kernel_layer,
    output_fields,
    plane_fields,
    size,
)
from pipeline.compiler.reductions import mean_struct

_CHUNK_WORDS = 256  # for widened windows, where a pair of them does not need more
_QUAD, _PAIR = 4, 2  # as in firmware/lib/nn/nn_windows.h


def lower_windows(step: Step, filters: Filters, macs: int) -> Layer:
    """A convolution whose route is WINDOWS."""
    operator = step.operator
    filters = filters.folded(operator.operand(0).zero_point)
    prove_no_overflow(operator, filters, LARGEST_INPUT)
    filters = settled(filters)
    zero_point = operator.output.zero_point
    short = short_scales(filters, zero_point, INT8_RANGE)
    if short is None:
        raise ValueError("sums that cannot be rescaled in few steps")
    is_paired = can_pair(filters)
    height, width = filter_axes(operator)
    in_quads = filters.in_row_quads(height.kernel)
    weights, bias = pair_windows(in_quads) if is_paired else widen_windows(in_quads)
    pool, channels = step.window, len(filters.bias)
    whole = (height.result // pool[0] * pool[0], width.result // pool[1] * pool[1])
    blocks, quads = -(-channels // NN_BLOCK), -(-filters.weights.shape[1] // _QUAD)
    chunk = _chunk(step, height, width, quads)
    fields: dict[str, Value] = {
        "weights": weights,
        "bias": bias,
        "short_scales": short,
        "plane": plane_fields(operator, height, width) | {"result": size(whole)},
        "pool": size(pool),
        "quads": quads,
        "block_bytes": weights.bytes // blocks,
        "chunk": chunk,
        "channels_out": channels,
        "output": output_fields(zero_point, step.bounds()),
    }
    copies = _copies(height, width, operator.operand(0).shape[-1])
    rows = _rows(step, channels, height.result * width.result, chunk)
    scratch = chunk * _PAIR * _QUAD // 2 * quads + copies + rows * blocks
    struct = Struct("nn_conv2d_t", "layer", fields)
    kernel = "nn_conv2d" if is_paired else "nn_conv2d_wide"
    if step.mean is None:
        layer = kernel_layer(step.parts, kernel, (struct,), macs, scratch)
        return replace(layer, slides=_is_one_run(step, height, width))
    mean = mean_struct(step.mean, "mean")
    return kernel_layer(step.parts, f"{kernel}_mean", (struct, mean), macs, scratch + channels)


def _is_one_run(step: Step, height: FilterAxis, width: FilterAxis) -> bool:
    """Whether each position becomes one of the output, without copies."""
    whole_quads = step.operator.operand(0).shape[-1] % _QUAD == 0
    axes = ((axis.kernel, axis.stride, axis.result) for axis in (height, width))
    same = [(1, 1, axis.length) for axis in (height, width)]
    return whole_quads and step.pool is None and list(axes) == same


def _copies(height: FilterAxis, width: FilterAxis, channels: int) -> int:
    """Words for windows that are widened from copies, and for what is left over of their rows."""
    if channels % _QUAD == 0:
        return 0
    quads, left_over = divmod(width.kernel * channels, _QUAD)
    return _PAIR * height.kernel * (quads + 2 * bool(left_over))


def _rows(step: Step, channels: int, positions: int, chunk: int) -> int:
    """Positions whose outputs are not computed where they belong."""
    if step.pool is not None:
        return 1 + _PAIR
    if channels % NN_BLOCK or step.mean is not None:
        return _PAIR * chunk
    return _PAIR * (positions % _PAIR)


def _chunk(step: Step, height: FilterAxis, width: FilterAxis, quads: int) -> int:
    """Pairs of positions."""
    if step.compact or step.pool is not None:
        return 1
    pairs = height.result * width.result // _PAIR
    return max(1, min(pairs, _CHUNK_WORDS // (_PAIR * _QUAD // 2 * quads)))
