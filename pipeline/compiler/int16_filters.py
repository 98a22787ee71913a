"""Convolutions and dense layers of int16 with weights of int8, as kernel calls.

TensorFlow Lite Micro sums up in 64 bits. The compiler proves from the real weights where 32 are
enough, and takes parts of a window that fit them elsewhere.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.compiler.axes import FilterAxis, filter_axes, groups_of
from pipeline.compiler.depthwise import check_depthwise
from pipeline.compiler.filters import (
    NN_BLOCK,
    Filters,
    prove_no_overflow,
    read_conv_2d,
    read_filters,
    read_fully_connected,
)
from pipeline.compiler.fixedpoint import INT32_MAX, QuickScale, Scale
from pipeline.compiler.fuse import Step
from pipeline.compiler.graph import Operator
from pipeline.compiler.layers import (
    Array,
    Layer,
    Struct,
    Value,
    clamp_bounds,
    kernel_layer,
    plane_fields,
)
from pipeline.compiler.transpose_conv import read_transpose_conv

LARGEST_INPUT = 2**15  # of an int16, in size
_QUAD = 4  # inputs that are taken together, as in firmware/lib/nn/nn_sums_int16.h
_ALWAYS_FITS = 127  # quads of inputs whose products, whatever they are, sum up to less than 2^31
_MOST_SHIFT, _MOST_SUM = 7, 2**47  # of what TensorFlow Lite Micro rescales
_PAIRED = [0, 2, 1, 3]  # where SXTB16 finds the weights of a quad
_HIGHEST = 0x7FFF0000  # multipliers from here on are cut, where others are rounded


def lower_conv_2d(step: Step) -> Layer:
    """The kernel call of a CONV_2D."""
    operator = step.operator
    filters = read_conv_2d(operator)
    macs = operator.output.elements * filters.weights.shape[1]
    return _convolution(step, filters, filter_axes(operator), groups_of(operator), macs)


def lower_fully_connected(step: Step) -> Layer:
    """The kernel call of a FULLY_CONNECTED: each of its rows is a position."""
    filters, rows = read_fully_connected(step.operator)
    one = FilterAxis(1, 1, 1, 1, 1, 0)
    axes = FilterAxis(rows, rows, 1, 1, 1, 0), one
    return _convolution(step, filters, axes, 1, rows * filters.weights.size)


def lower_depthwise_conv_2d(step: Step) -> Layer:
    """The kernel call of a DEPTHWISE_CONV_2D; of few channels, a convolution in groups."""
    operator = step.operator
    check_depthwise(operator)
    _require_wide_bias(operator)
    channels = operator.operand(0).shape[-1]
    filters = read_filters(operator, operator.output.shape[-1], axis=3)
    macs = operator.output.elements * filters.weights.shape[1]
    axes = filter_axes(operator)
    if channels < NN_BLOCK or largest_sum(filters) > INT32_MAX:
        return _convolution(step, filters, axes, channels, macs)
    in_fours = filters.in_fours(channels)
    blocks = in_fours.weights.reshape(-1, NN_BLOCK, in_fours.weights.shape[1]).transpose(0, 2, 1)
    fields: dict[str, Value] = {
        "weights": _array("int8_t", blocks[:, :, _PAIRED]),
        "sums": _sums(operator, in_fours),
        "plane": plane_fields(operator, *axes),
        "multiplier": operator.options.depth_multiplier,
    }
    struct = Struct("nn_depthwise_int16_t", "layer", fields)
    return kernel_layer(step.parts, "nn_depthwise_int16", (struct,), macs)


def lower_transpose_conv(step: Step) -> Layer:
    """The kernel call of a TRANSPOSE_CONV."""
    operator = step.operator
    _require_wide_bias(operator)
    filters, axes, macs = read_transpose_conv(operator)
    fields: dict[str, Value] = {
        "weights": _array("int8_t", _blocks(filters.weights).transpose(0, 2, 1)),
        "sums": _sums(operator, _whole(filters), may_be_quick=False),
        "plane": plane_fields(operator, *axes),
        "filters": len(filters.bias),
    }
    struct = Struct("nn_transpose_conv2d_int16_t", "layer", fields)
    return kernel_layer(step.parts, "nn_transpose_conv2d_int16", (struct,), macs)


def _convolution(
    step: Step, filters: Filters, axes: tuple[FilterAxis, FilterAxis], groups: int, macs: int
) -> Layer:
    operator = step.operator
    taps = filters.weights.shape[1]
    quads = -(-taps // _QUAD)
    is_inside = groups == 1 and taps >= _QUAD and _lies_in_one_piece(*axes)
    grouped = [_whole(part) for part in filters.split(groups)]
    lay_out = _compact_weights if step.compact else _weights
    in_quads = [_in_quads(part.weights, quads, is_inside) for part in grouped]
    layout = np.concatenate([lay_out(part).ravel() for part in in_quads])
    fields: dict[str, Value] = {
        "weights": _array("int8_t" if step.compact else "int16_t", layout),
        "sums": _sums(operator, _together(grouped)),
        "plane": plane_fields(operator, *axes),
        "groups": groups,
        "group_channels_in": operator.operand(0).shape[-1] // groups,
        "group_channels_out": len(filters.bias) // groups,
        "quads": quads,
        "part": quads if largest_sum(filters) <= INT32_MAX else min(quads, _ALWAYS_FITS),
    }
    struct = Struct("nn_conv2d_int16_t", "layer", fields)
    kernel = "nn_conv2d_int16_inside" if is_inside else "nn_conv2d_int16"
    kernel += "_compact" if step.compact else ""
    scratch = 0 if is_inside else _QUAD // 2 * quads
    return kernel_layer(step.parts, kernel, (struct,), macs, scratch)


def _lies_in_one_piece(height: FilterAxis, width: FilterAxis) -> bool:
    """Whether each window is one run of the input."""
    along_width = height.kernel == 1 and (width.kernel == 1 or width.dilation == 1)
    whole_rows = width.kernel == width.length and height.dilation == width.dilation == 1
    return height.is_inside and width.is_inside and (along_width or whole_rows)


def _require_wide_bias(operator: Operator) -> None:
    bias = operator.optional(2)
    if bias is not None and bias.dtype != "INT64":
        raise operator.refuse(f"its bias is {bias.dtype}, where TensorFlow Lite Micro reads INT64")


def _is_narrow(operator: Operator) -> bool:
    """Whether TensorFlow Lite Micro sums up in 32 bits."""
    bias = operator.optional(2)
    return (operator.options.bias_type if bias is None else bias.dtype) == "INT32"


def largest_sum(filters: Filters) -> int:
    """What no step of any sum can exceed, in size, before the bias."""
    return int(np.abs(filters.weights).sum(axis=1).max(initial=0)) * LARGEST_INPUT


def _sums(operator: Operator, filters: Filters, may_be_quick: bool = True) -> dict[str, Value]:
    """An nn_sums_int16_t."""
    low, high = clamp_bounds(operator)
    bounds: dict[str, Value] = {"min": low, "max": high}
    bias = tuple(filters.bias.tolist())
    scales = Array("scales", "nn_scale_t", filters.scales)
    if _is_narrow(operator):
        prove_no_overflow(operator, filters, LARGEST_INPUT)
        wide = Array("bias", "int64_t", bias)
        return {"wide_bias": wide, "scales": scales, "is_narrow": 1, **bounds}
    most = np.abs(filters.bias) + np.abs(filters.weights).sum(axis=1) * LARGEST_INPUT
    if int(most.max(initial=0)) >= _MOST_SUM:
        raise operator.refuse("its sums may overflow 48 bits")
    if any(scale.shift > _MOST_SHIFT for scale in filters.scales):
        raise operator.refuse("its output scale is too small for its input and weights")
    quick = [_quick(scale) for scale in filters.scales]
    found = tuple(scale for scale in quick if scale is not None)
    if may_be_quick and len(found) == len(quick) and int(most.max(initial=0)) <= INT32_MAX:
        narrow = Array("bias", "int32_t", bias)
        return {
            "bias": narrow,
            "quick_scales": Array("scales", "nn_quick_scale_t", found),
            **bounds,
        }
    return {"wide_bias": Array("bias", "int64_t", bias), "scales": scales, **bounds}


def _quick(scale: Scale) -> QuickScale | None:
    """A `Scale` of 15 bits, of which the high half of a product is taken first; None for factors
    of a quarter or more."""
    rounded = (scale.multiplier + 0x8000) >> 16 if scale.multiplier < _HIGHEST else 0x7FFF
    right = -1 - scale.shift
    if rounded == 0:
        return QuickScale(0, 0, 0)
    return QuickScale(rounded << 16, 1 << right >> 1, right) if right > 0 else None


def _array(c_type: str, values: NDArray[np.int64]) -> Array:
    return Array("weights", c_type, tuple(values.ravel().tolist()))


def _whole(filters: Filters) -> Filters:
    """Filled up to whole blocks."""
    missing = -len(filters.bias) % NN_BLOCK
    weights = np.pad(filters.weights, ((0, missing), (0, 0)))
    scales = (*filters.scales, *(Scale(0, 0),) * missing)
    return Filters(weights, np.pad(filters.bias, (0, missing)), scales)


def _together(parts: list[Filters]) -> Filters:
    """One after the other."""
    return Filters(
        np.concatenate([part.weights for part in parts]),
        np.concatenate([part.bias for part in parts]),
        tuple(scale for part in parts for scale in part.scales),
    )


def _blocks(weights: NDArray[np.int64]) -> NDArray[np.int64]:
    """[blocks, NN_BLOCK, taps]"""
    missing = -len(weights) % NN_BLOCK
    return np.pad(weights, ((0, missing), (0, 0))).reshape(-1, NN_BLOCK, weights.shape[1])


def _in_quads(weights: NDArray[np.int64], quads: int, after_the_first: bool) -> NDArray[np.int64]:
    """[blocks, NN_BLOCK, quads, 4], with zeros at the end, or in the first quad."""
    missing = _QUAD * quads - weights.shape[1]
    at = _QUAD - missing if after_the_first else weights.shape[1]
    whole = np.insert(weights, [at] * missing, 0, axis=1)
    return whole.reshape(-1, NN_BLOCK, quads, _QUAD)


def _weights(quads: NDArray[np.int64]) -> NDArray[np.int64]:
    """[blocks, quads, 2, NN_BLOCK, 2]"""
    return quads.reshape(*quads.shape[:3], 2, 2).transpose(0, 2, 3, 1, 4)


def _compact_weights(quads: NDArray[np.int64]) -> NDArray[np.int64]:
    """[blocks, quads, NN_BLOCK, 4]"""
    return quads[..., _PAIRED].transpose(0, 2, 1, 3)
