"""The weights of convolutions and dense layers: checked, and laid out for the kernels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.compiler import fixedpoint
from pipeline.compiler.fixedpoint import QuickScale, Scale, ShortScale, quantize_scale, rescale
from pipeline.compiler.graph import Operator
from pipeline.compiler.layers import Array

NN_BLOCK = 4  # as in firmware/lib/nn/nn.h
_QUAD = 4  # inputs that are taken together
LARGEST_INPUT = 128  # of an int8, in size
_QUARTER = Scale(1 << 30, -1)
MAX_FILTERS = 2**14
MAX_BIAS = 2**47
MAX_GROUPS = 2**10


@dataclass(frozen=True)
class Filters:
    """weights: int64 [filters, taps]; bias: int64 [filters]; scales: one a filter."""

    weights: NDArray[np.int64]
    bias: NDArray[np.int64]
    scales: tuple[Scale, ...]

    def folded(self, zero_point: int) -> Filters:
        """The same sums for inputs whose zero point is not subtracted."""
        bias = self.bias - zero_point * self.weights.sum(axis=1)
        return Filters(self.weights, bias, self.scales)

    def doubled(self) -> Filters:
        """The same filters with sums twice as large, as a `QuickScale` takes them."""
        return Filters(2 * self.weights, 2 * self.bias, self.scales)

    def seeing_all(self, channels: int) -> Filters:
        """Those of a depthwise convolution, each with taps for all channels."""
        count, taps = self.weights.shape
        weights = np.zeros((count, taps, channels), np.int64)
        numbers = np.arange(count)
        weights[numbers, :, numbers * channels // count] = self.weights
        return Filters(weights.reshape(count, -1), self.bias, self.scales)

    def in_row_quads(self, rows: int) -> Filters:
        """Each row's whole quads of taps first, then what is left over of all rows."""
        by_row = self.weights.reshape(len(self.bias), rows, -1)
        whole = by_row.shape[2] // _QUAD * _QUAD
        parts = [by_row[:, :, :whole], by_row[:, :, whole:]]
        ordered = [part.reshape(len(self.bias), -1) for part in parts]
        return Filters(np.concatenate(ordered, axis=1), self.bias, self.scales)

    def in_fours(self, channels: int) -> Filters:
        """Those of a depthwise convolution in the order of nn_depthwise_conv2d_t."""
        multiplier = len(self.bias) // channels
        starts = [*range(0, channels - NN_BLOCK, NN_BLOCK), channels - NN_BLOCK]
        order = [
            (start + channel) * multiplier + filter_number
            for filter_number in range(multiplier)
            for start in starts
            for channel in range(NN_BLOCK)
        ]
        scales = tuple(self.scales[index] for index in order)
        return Filters(self.weights[order], self.bias[order], scales)

    def split(self, groups: int) -> tuple[Filters, ...]:
        """The filters of each group."""
        size = len(self.bias) // groups
        starts = range(0, len(self.bias), size)
        return tuple(
            Filters(
                self.weights[start : start + size],
                self.bias[start : start + size],
                self.scales[start : start + size],
            )
            for start in starts
        )


def read_filters(operator: Operator, filters: int, axis: int) -> Filters:
    """Weights with their filters along `axis`, scales and bias; checked."""
    weights = operator.operand(1)
    if weights.dtype != "INT8" or weights.data is None:
        raise operator.refuse(f"its weights are {weights.dtype}, or not constant")
    if filters > MAX_FILTERS:
        raise operator.refuse(f"it has {filters} filters where {MAX_FILTERS} is the most")
    scales, zero_points = weights.scales, weights.zero_points
    if any(zero_points) or len(zero_points) != len(scales) or len(scales) not in (1, filters):
        raise operator.refuse("its weights are not quantized symmetrically, per filter or as one")
    if len(weights.scales) > 1 and weights.axis != axis:
        raise operator.refuse(f"its weights are quantized along axis {weights.axis}")
    if not all(0 <= scale < float("inf") for scale in weights.scales):
        raise operator.refuse("the scales of its weights make no sense")
    values = np.frombuffer(weights.data, np.int8).astype(np.int64).reshape(weights.shape)
    by_filter = np.moveaxis(values, axis, 0).reshape(filters, -1)
    return Filters(by_filter, _bias(operator, filters), _scales(operator, filters))


def read_conv_2d(operator: Operator) -> Filters:
    """The filters of a CONV_2D, grouped or not; its shapes checked."""
    source, weights, output = operator.operand(0), operator.operand(1), operator.output
    if len(weights.shape) != 4 or len(source.shape) != 4:
        raise operator.refuse(f"its weights have shape {list(weights.shape)}")
    channels, per_filter = source.shape[3], weights.shape[3]
    groups = channels // per_filter
    if groups * per_filter != channels or weights.shape[0] % groups:
        raise operator.refuse(f"{per_filter} channels a filter do not divide {channels}")
    if groups > MAX_GROUPS:
        raise operator.refuse(f"it has {groups} groups where {MAX_GROUPS} is the most")
    if weights.shape[0] != output.shape[-1]:
        raise operator.refuse(f"{weights.shape[0]} filters give {output.shape[-1]} channels")
    return read_filters(operator, weights.shape[0], axis=0)


def read_fully_connected(operator: Operator) -> tuple[Filters, int]:
    """The rows of its matrix, checked; and how many rows its input has."""
    source, weights, output = operator.operand(0), operator.operand(1), operator.output
    if len(weights.shape) != 2 or operator.options.shuffled_weights:
        raise operator.refuse("its weights are not a plain matrix")
    outputs, inputs = weights.shape
    rows = source.elements // inputs
    fits = rows * inputs == source.elements and rows * outputs == output.elements
    if not fits or output.shape[-1] != outputs:
        raise operator.refuse("its shapes do not fit its weights")
    return read_filters(operator, outputs, axis=0), rows


def _bias(operator: Operator, filters: int) -> NDArray[np.int64]:
    bias = operator.optional(2)
    if bias is None:
        return np.zeros(filters, np.int64)
    types = ("INT32", "INT64") if operator.is_int16 else ("INT32",)
    if bias.dtype not in types or bias.data is None or bias.elements != filters:
        raise operator.refuse(f"its bias is {bias.dtype} {list(bias.shape)}, or not constant")
    values = np.frombuffer(bias.data, bias.dtype.lower()).astype(np.int64)
    if values.size and not -MAX_BIAS < int(values.min()) <= int(values.max()) < MAX_BIAS:
        raise operator.refuse("its bias is larger than 48 bits")
    return values


def _scales(operator: Operator, filters: int) -> tuple[Scale, ...]:
    source, weights, output = operator.operand(0), operator.operand(1), operator.output
    factors = [source.scale * scale / output.scale for scale in weights.scales]
    scales = tuple(quantize_scale(factor) for factor in factors)
    return scales if len(scales) == filters else scales * filters


def largest_sums(filters: Filters, largest_input: int) -> list[int]:
    """What no step of a filter's sum can exceed, in size."""
    bounds = np.abs(filters.weights).sum(axis=1) * largest_input + np.abs(filters.bias)
    return [int(bound) for bound in bounds]


def settled(filters: Filters) -> Filters:
    """The same outputs, where a filter that gives one output for every input has no weights.

    Batch norm leaves such filters where a channel never varied: with tiny scales and large biases.
    """
    low, high = (filters.bias + _extreme_sums(filters.weights, sign) for sign in (-1, 1))
    ends = zip(low.tolist(), high.tolist(), filters.scales, strict=True)
    outputs = [tuple(rescale(end, scale) for end in (low, high)) for low, high, scale in ends]
    is_settled = np.array([low == high for low, high in outputs])
    constants = np.array([fixedpoint.clamp(low, -512, 511) for low, _ in outputs], np.int64)
    scales = tuple(
        _QUARTER if settled else scale
        for settled, scale in zip(is_settled, filters.scales, strict=True)
    )
    weights = np.where(is_settled[:, np.newaxis], 0, filters.weights)
    return Filters(weights, np.where(is_settled, 4 * constants, filters.bias), scales)


def _extreme_sums(weights: NDArray[np.int64], sign: int) -> NDArray[np.int64]:
    """The least (sign -1) or largest that inputs of int8 make of each filter."""
    ends = np.stack((weights * fixedpoint.INT8_MIN, weights * fixedpoint.INT8_MAX))
    sums: NDArray[np.int64] = sign * (sign * ends).max(axis=0).sum(axis=1)
    return sums


def prove_no_overflow(operator: Operator, filters: Filters, largest_input: int) -> None:
    """That no step of any sum, nor of its rescaling, leaves int32 for any input."""
    for bound, scale in zip(largest_sums(filters, largest_input), filters.scales, strict=True):
        shifted = bound << max(scale.shift, 0)
        high = fixedpoint.multiply_high(shifted, scale.multiplier)
        if max(shifted, high + 256) > fixedpoint.INT32_MAX:
            raise operator.refuse("its sums may overflow 32 bits")


def quick_scales(filters: Filters, zero_point: int, bounds: tuple[int, int]) -> Array | None:
    """For twice the sums, filled up to whole blocks; None where one cannot be written so."""
    found = _quick(filters, zero_point, bounds)
    if found is None:
        return None
    missing = -len(found) % NN_BLOCK
    return Array("scales", "nn_quick_scale_t", (*found, *(QuickScale(0, 0, 0),) * missing))


def short_scales(filters: Filters, zero_point: int, bounds: tuple[int, int]) -> Array | None:
    """The same in fewer bytes; None also where a factor is one half or more."""
    quick = _quick(filters, zero_point, bounds)
    found = [scale for scale in map(fixedpoint.short_scale, quick or ()) if scale is not None]
    if quick is None or len(found) < len(quick):
        return None
    missing = -len(found) % NN_BLOCK
    return Array("scales", "nn_short_scale_t", (*found, *(ShortScale(0, 0),) * missing))


def _quick(
    filters: Filters, zero_point: int, bounds: tuple[int, int]
) -> tuple[QuickScale, ...] | None:
    if bounds != fixedpoint.INT8_RANGE:
        return None
    sums = largest_sums(filters, LARGEST_INPUT)
    pairs = zip(filters.scales, sums, strict=True)
    scales = [fixedpoint.quick_scale(scale, zero_point, largest) for scale, largest in pairs]
    found = tuple(scale for scale in scales if scale is not None)
    return found if len(found) == len(scales) else None


def scale_fields(scales: Array, quick: Array | None) -> dict[str, Array]:
    """Those of a kernel's struct that say how sums are rescaled."""
    return {"scales": scales} if quick is None else {"quick_scales": quick}


def first_block(scales: Array) -> Array:
    """Those that stand for all where all filters have one scale."""
    return Array(scales.name, scales.c_type, scales.values[:NN_BLOCK])


def doubled(bias: Array) -> Array:
    """The same array with each value twice as large."""
    values = tuple(2 * value for value in bias.values if isinstance(value, int))
    return Array(bias.name, bias.c_type, values)


def first_columns(scales: Array, columns: int) -> Array:
    """Those of the first of each `columns` blocks."""
    first = (
        scale
        for start in range(0, len(scales.values), NN_BLOCK * columns)
        for scale in scales.values[start : start + NN_BLOCK]
    )
    return Array(scales.name, scales.c_type, tuple(first))  # type: ignore[arg-type]


def interleave(filters: Filters) -> tuple[Array, Array, Array]:
    """Weights `[block][tap][NN_BLOCK]`, bias and scales, filled up to whole blocks."""
    blocks, bias, scales = _blocks(filters)
    return Array("weights", "int8_t", tuple(blocks.ravel().tolist())), bias, scales


def can_pair(filters: Filters) -> bool:
    """Whether weights even + 256 * odd of two filters fit 16 bits, and odd sums 24."""
    odd_sums = np.abs(filters.weights[1::2]).sum(axis=1) * LARGEST_INPUT
    return _fit_words(filters) and bool(odd_sums.max(initial=0) < 2**23)


def _fit_words(filters: Filters) -> bool:
    even, odd = filters.weights[0::2], filters.weights[1::2]
    return bool((even[: len(odd)] + 256 * odd).min(initial=0) >= -(2**15))


def pair_rows(filters: Filters) -> tuple[Array, Array, Array] | None:
    """Weights, bias and scales of nn_rows_t; None where filters cannot be paired, or where there
    are no four inputs."""
    if filters.weights.shape[1] < _QUAD or not can_pair(filters):
        return None
    return _pair_rows(filters)


def pair_dense(filters: Filters) -> tuple[tuple[Array, Array, Array], int] | None:
    """The same for a dense layer, and how many quads of inputs make sums within 24 bits: all, or
    parts as large as can be. None where weights do not fit 16 bits."""
    missing = max(_QUAD - filters.weights.shape[1], 0)
    weights = np.pad(filters.weights, ((0, 0), (0, missing)))
    filters = Filters(weights, filters.bias, filters.scales)
    return (_pair_rows(filters), _quads_of_part(filters)) if _fit_words(filters) else None


def last_in_pairs(weights: Array, outputs: int) -> Array:
    """Weights of nn_fully_connected: those after the last whole block `[pairs][quads][4]`, without
    a pair that does not exist."""
    left = outputs % NN_BLOCK
    blocks = np.array(weights.values, np.int64).reshape(-1, NN_BLOCK // 2, _QUAD)
    whole, last = np.split(blocks, [len(blocks) * (outputs - left) // (outputs + -left % NN_BLOCK)])
    pairs = last.transpose(1, 0, 2)[: -(-left // 2)]
    values = (*whole.ravel().tolist(), *pairs.ravel().tolist())
    return Array(weights.name, weights.c_type, values)


def _quads_of_part(filters: Filters) -> int:
    whole = _first_quad_whole(filters.weights[1::2])
    quads = whole.shape[1] // _QUAD
    sums = LARGEST_INPUT * np.abs(whole).reshape(len(whole), quads, _QUAD).sum(axis=2)
    parts = (-(-quads // count) for count in range(1, quads + 1))
    return next((part for part in parts if _largest_part(sums, part) < 2**23), 1)


def _largest_part(sums: NDArray[np.int64], part: int) -> int:
    parts = np.split(sums, range(part, sums.shape[1], part), axis=1)
    return int(max(quads.sum(axis=1).max(initial=0) for quads in parts))


def _first_quad_whole(weights: NDArray[np.int64]) -> NDArray[np.int64]:
    """With zeros after the first inputs, so that those that remain are whole quads."""
    first, rest = np.split(weights, [weights.shape[1] % _QUAD or _QUAD], axis=1)
    padded = np.pad(first, ((0, 0), (0, _QUAD - first.shape[1])))
    return np.concatenate((padded, rest), axis=1)


def _pair_rows(filters: Filters) -> tuple[Array, Array, Array]:
    whole = _first_quad_whole(filters.weights)
    blocks, bias, scales = _blocks(Filters(whole, filters.bias, filters.scales))
    both = blocks[:, :, 0::2] + 256 * blocks[:, :, 1::2]
    quads = both.reshape(len(both), -1, _QUAD, NN_BLOCK // 2)[:, :, [0, 2, 1, 3], :]
    values = tuple(quads.transpose(0, 1, 3, 2).ravel().tolist())
    return Array("weights", "int16_t", values), bias, scales


def pair_windows(filters: Filters) -> tuple[Array, Array]:
    """Weights and bias of nn_conv2d_t, of filters that `can_pair`."""
    blocks, bias, _ = _blocks(_in_quads(filters))
    return _side_by_side(blocks[:, :, 0::2] + 256 * blocks[:, :, 1::2]), doubled(bias)


def widen_windows(filters: Filters) -> tuple[Array, Array]:
    """Weights and bias of nn_conv2d_t for nn_conv2d_wide."""
    blocks, bias, _ = _blocks(_in_quads(filters.doubled()))
    return _side_by_side(blocks), bias


def _in_quads(filters: Filters) -> Filters:
    """Filled up to whole quads, the middle taps of each in each other's place."""
    count, taps = filters.weights.shape
    whole = np.pad(filters.weights, ((0, 0), (0, -taps % _QUAD)))
    swapped = whole.reshape(count, -1, _QUAD)[:, :, [0, 2, 1, 3]].reshape(count, -1)
    return Filters(swapped, filters.bias, filters.scales)


def _side_by_side(blocks: NDArray[np.int64]) -> Array:
    """Two taps of a channel, [blocks][taps][channels] as int16 [blocks][taps / 2][channels][2]."""
    pairs = np.stack((blocks[:, 0::2], blocks[:, 1::2]), axis=-1)
    return Array("weights", "int16_t", tuple(pairs.ravel().tolist()))


def pair(filters: Filters, runs: int) -> tuple[Array, Array, Array]:
    """As `interleave`, with two taps of a run side by side: `[block][runs][pairs][NN_BLOCK][2]`."""
    count, taps = filters.weights.shape
    by_run = filters.weights.reshape(count, runs, taps // runs)
    whole = np.pad(by_run, ((0, 0), (0, 0), (0, taps // runs % 2)))
    blocks, bias, scales = _blocks(Filters(whole.reshape(count, -1), filters.bias, filters.scales))
    return _side_by_side(blocks), bias, scales


def _blocks(filters: Filters) -> tuple[NDArray[np.int64], Array, Array]:
    missing = -len(filters.bias) % NN_BLOCK
    weights = np.pad(filters.weights, ((0, missing), (0, 0)))
    return (
        weights.reshape(-1, NN_BLOCK, weights.shape[1]).transpose(0, 2, 1),
        Array("bias", "int32_t", (*filters.bias.tolist(), *(0,) * missing)),
        Array("scales", "nn_scale_t", (*filters.scales, *(Scale(0, 0),) * missing)),
    )
