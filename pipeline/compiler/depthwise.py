"""Depthwise convolutions of at least four channels as kernel calls."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.compiler.axes import FilterAxis, filter_axes
from pipeline.compiler.filters import (
    LARGEST_INPUT,
    NN_BLOCK,
    Filters,
    doubled,
    interleave,
    prove_no_overflow,
    short_scales,
)
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
    size,
)

_STRIP_BYTES = 1600  # of the input of four channels; or two windows of all channels as int16
_COMPACT_STRIP_BYTES = 600
_SHARE_OF_ACTIVATIONS = 12  # beside input and output, a strip is small
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
    return (
        _lower_3x3(step, folded, macs)
        or _lower_rows(step, folded, macs)
        or _lower_any(step, filters, macs)
    )


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
    operator, sides = step.operator, _sides(step.operator)
    ways = [pair for pair in (sides, sides[::-1]) if pair[1].axis.stride <= 2]
    if not ways or not all(_is_three(side.axis) for side in sides):
        return None
    across, along = min(ways, key=_threes_cost)
    common = _by_channel(operator, filters, across, along)
    if common is None or _threes_cost((across, along)) > _any_cost(operator):
        return None
    words = -(-along.axis.result // 2) * along.axis.stride + 1
    strip = _strip(step, across.axis, words)
    weights = _threes(filters, is_turned=across == sides[1])
    fields = {**common, "weights": weights, "strip": strip, "words": words}
    struct = Struct("nn_depthwise_3x3_t", "layer", fields)
    scratch = NN_BLOCK * words * _rows(across.axis, strip)
    return kernel_layer(step.parts, "nn_depthwise_3x3", (struct,), macs, scratch)


def _by_channel(
    operator: Operator, filters: Filters, across: _Side, along: _Side
) -> dict[str, Value] | None:
    """What kernels that go channel by channel have in common; None where sums cannot be rescaled in
    few steps."""
    zero_point = operator.output.zero_point
    short = short_scales(filters, zero_point, clamp_bounds(operator))
    if short is None:
        return None
    return {
        "bias": doubled(Array("bias", "int32_t", tuple(filters.bias.tolist()))),
        "short_scales": short,
        "across": across.fields(),
        "along": along.fields(),
        "channels": operator.operand(0).shape[-1],
        "multiplier": operator.options.depth_multiplier,
        "zero_point": operator.operand(0).zero_point,
        "halves": 2 * zero_point + 1,
    }


def _is_three(axis: FilterAxis) -> bool:
    return axis.kernel == _THREE and axis.dilation == 1


def _threes_cost(way: tuple[_Side, _Side]) -> int:
    """Instructions for a channel, about, where strips are whole."""
    across, along = (side.axis for side in way)
    taken = min(across.length, across.result * across.stride + 2) * (5 * along.length // 2 + 20)
    return 150 + taken + across.result * (31 * -(-along.result // 2) + 19)


def _rows(across: FilterAxis, strip: int) -> int:
    """Of the input, for so many rows of outputs."""
    return (strip - 1) * across.stride + _THREE


def _strip(step: Step, across: FilterAxis, words: int) -> int:
    """Rows of outputs that are computed together."""
    rows = _room(step) // (16 * words)
    return max(1, min(across.result, (rows - _THREE) // across.stride + 1))


def _room(step: Step) -> int:
    """Bytes of scratch memory that the input of four channels may take."""
    if step.compact:
        return _COMPACT_STRIP_BYTES
    _, height, width, channels = step.operator.operand(1).shape
    room = max(_STRIP_BYTES, 4 * height * width * channels)
    activations = step.operator.operand(0).bytes + step.operator.output.bytes
    return max(_COMPACT_STRIP_BYTES, min(room, activations // _SHARE_OF_ACTIVATIONS))


def _threes(filters: Filters, is_turned: bool) -> Array:
    """Weights `[filter][3 rows][3]`."""
    weights = filters.weights.reshape(-1, _THREE, _THREE)
    rows = weights.transpose(0, 2, 1) if is_turned else weights
    return Array("weights", "int8_t", tuple(rows.ravel().tolist()))


def _lower_rows(step: Step, filters: Filters, macs: int) -> Layer | None:
    """None where a kernel that takes nothing apart is better."""
    operator, sides = step.operator, _sides(step.operator)
    across, along = min((sides, sides[::-1]), key=_rows_cost)
    common = _by_channel(operator, filters, across, along)
    chunk = _chunk(step, across.axis, along.axis)
    if common is None or chunk is None or _rows_cost((across, along)) > _any_cost(operator):
        return None
    rows, words = across.axis.kernel, _chunk_words(along.axis, chunk)
    weights = _lines(filters, across.axis, along.axis, is_turned=across == sides[1])
    fields = {
        **common,
        "weights": weights,
        "rows": rows,
        "row_dilation": across.axis.dilation,
        "steps": rows * _pair_words(along.axis),
        "chunk": chunk,
        "words": words,
    }
    struct = Struct("nn_depthwise_rows_t", "layer", fields)
    return kernel_layer(step.parts, "nn_depthwise_rows", (struct,), macs, NN_BLOCK * words * rows)


def _field(axis: FilterAxis) -> int:
    """The columns that a filter sees; those between its taps have weights of zero."""
    return (axis.kernel - 1) * axis.dilation + 1


def _pair_words(along: FilterAxis) -> int:
    """What a pair of neighbours sees of a row."""
    return -(-(_field(along) + along.stride) // 2)


def _chunk_words(along: FilterAxis, chunk: int) -> int:
    """What some outputs see of a row, in whole fours."""
    return (-(-chunk // 4) * 2 - 1) * along.stride + _pair_words(along)


def _rows_cost(way: tuple[_Side, _Side]) -> int:
    """Instructions for a channel, about."""
    across, along = (side.axis for side in way)
    fours = -(-along.result // 4)
    taken = across.kernel * (min(along.length, along.result * along.stride + _field(along)) + 9)
    sums = fours * (9 * across.kernel * _pair_words(along) + 40)
    return across.result * (100 + 5 * taken // 2 + sums)


def _any_cost(operator: Operator) -> int:
    """The same of nn_depthwise_conv2d."""
    height, width = filter_axes(operator)
    position = 3 * height.kernel * (width.kernel + 1) + 22 + 200 // operator.operand(0).shape[-1]
    return height.result * width.result * position


def _chunk(step: Step, across: FilterAxis, along: FilterAxis) -> int | None:
    """Outputs of a row that are computed together, fours; None where not even one fits."""
    words = _room(step) // (16 * across.kernel)
    fours = ((words - _pair_words(along)) // along.stride + 1) // 2
    return 4 * min(fours, -(-along.result // 4)) if fours > 0 else None


def _lines(filters: Filters, across: FilterAxis, along: FilterAxis, is_turned: bool) -> Array:
    """Weights `[filter][words][rows][4]`, as nn_depthwise_rows_t has them."""
    shape = (along.kernel, across.kernel) if is_turned else (across.kernel, along.kernel)
    taps = filters.weights.reshape(-1, *shape)
    taps = taps.transpose(0, 2, 1) if is_turned else taps
    words = _pair_words(along)
    both = np.zeros((*taps.shape[:2], 2 * words, 2), np.int64)
    end = _field(along)
    both[:, :, : end : along.dilation, 0] = taps
    both[:, :, along.stride : along.stride + end : along.dilation, 1] = taps
    by_word = both.reshape(*taps.shape[:2], words, 4).transpose(0, 2, 1, 3)
    return Array("weights", "int8_t", tuple(by_word.ravel().tolist()))


def _lower_any(step: Step, filters: Filters, macs: int) -> Layer:
    """The taps of each window that lie in the picture, on the input as it is."""
    operator, sides = step.operator, _sides(step.operator)
    source, zero_point = operator.operand(0), operator.output.zero_point
    prove_no_overflow(operator, filters, LARGEST_INPUT + abs(source.zero_point))
    channels, bounds = source.shape[-1], clamp_bounds(operator)
    across, along = sides[::-1] if sides[1].axis.kernel == 1 else sides
    in_fours = filters.in_fours(channels)  # turned or not: one of the axes has length one
    folded = in_fours.folded(source.zero_point)
    weights, bias, scales = interleave(in_fours)
    short = short_scales(folded, zero_point, bounds)
    fields: dict[str, Value] = {
        "weights": weights,
        "bias": bias,
        **({"scales": scales} if short is None else {"short_scales": short}),
        "across": across.fields(),
        "along": along.fields(),
        "kernel": size((across.axis.kernel, along.axis.kernel)),
        "dilation": size((across.axis.dilation, along.axis.dilation)),
        "channels": channels,
        "multiplier": operator.options.depth_multiplier,
        "zero_point": source.zero_point,
        "output": output_fields(zero_point, bounds),
    }
    struct = Struct("nn_depthwise_conv2d_t", "layer", fields)
    scratch = NN_BLOCK * -(-channels // NN_BLOCK)
    return kernel_layer(step.parts, "nn_depthwise_conv2d", (struct,), macs, scratch)
