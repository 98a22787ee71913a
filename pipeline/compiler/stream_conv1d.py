"""A convolution along time that keeps its window from one column to the next."""

from __future__ import annotations

import math
from dataclasses import replace

from pipeline.compiler.conv1d import arrays_of
from pipeline.compiler.filters import (
    LARGEST_INPUT,
    NN_BLOCK,
    Filters,
    prove_no_overflow,
    quick_scales,
    read_conv_2d,
    read_filters,
)
from pipeline.compiler.fixedpoint import INT8_MIN
from pipeline.compiler.fuse import Step
from pipeline.compiler.graph import Operator
from pipeline.compiler.layers import Layer, Struct, Value, kernel_layer, output_fields
from pipeline.compiler.windows import Axis

_WORD_BYTES = 4
_QUAD = 4  # words that firmware/lib/nn/nn_columns_dsp.c moves at once


def lower_stream_conv1d(step: Step, axis: Axis, columns: int) -> Layer:
    """nn_stream_conv1d or nn_stream_conv1d_relu, for `columns` of output a call.

    axis: along time, over the whole window; `step` has the shapes of one call.
    """
    operator = step.operator
    pool, bounds = math.prod(step.window), step.bounds()
    filters = _filters(operator).folded(operator.operand(0).zero_point)
    prove_no_overflow(operator, filters, LARGEST_INPUT)
    zero_point = operator.output.zero_point
    quick = quick_scales(filters, zero_point, bounds)
    is_relu = quick is not None and (zero_point, len(filters.bias) % NN_BLOCK) == (INT8_MIN, 0)
    arrays = arrays_of(filters, axis.kernel, quick)
    if is_relu:
        arrays["relu_scales"] = arrays.pop("quick_scales")
    channels = filters.weights.shape[1] // axis.kernel
    column_words = -(-channels // 2)
    history = ((axis.kernel - 1) * axis.dilation + 1 - axis.stride) * column_words
    fresh = axis.stride * pool
    together = axis.dilation == 1 or axis.kernel == 1
    step_bytes = axis.stride * column_words * _WORD_BYTES
    blocks = -(-len(filters.bias) // NN_BLOCK)
    fields: dict[str, Value] = {
        **arrays,
        "weights_bytes": blocks * NN_BLOCK * axis.kernel * column_words * _WORD_BYTES,
        "step_bytes": step_bytes,
        "last_bytes": (pool - 1) * step_bytes,
        "gap_bytes": 0 if together else (axis.dilation - 1) * column_words * _WORD_BYTES,
        "run": (axis.kernel if together else 1) * column_words,
        "runs": 1 if together else axis.kernel,
        "channels_in": channels,
        "channels_out": len(filters.bias),
        "fresh": fresh,
        "history": history,
        "output": output_fields(zero_point, bounds),
    }
    struct = Struct("nn_stream_conv1d_t", "layer", fields)
    kernel = "nn_stream_conv1d_relu" if is_relu else "nn_stream_conv1d"
    scratch = 0 if is_relu else blocks * NN_BLOCK
    macs = columns * pool * filters.weights.size
    layer = kernel_layer(step.parts, kernel, (struct, columns), macs, scratch)
    words = -(-history // _QUAD) * _QUAD + fresh * column_words
    return replace(layer, state=layer.name, state_words=words, in_place=columns == 1)


def _filters(operator: Operator) -> Filters:
    if operator.name == "FULLY_CONNECTED":
        return read_filters(operator, operator.operand(1).shape[0], axis=0)
    return read_conv_2d(operator)
